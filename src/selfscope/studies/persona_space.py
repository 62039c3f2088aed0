"""From a map's vectors to its space: the axis with its reliability, components, and everyone's place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from selfscope.errors import CouldNot
from selfscope.models.catalogue import BUILT_IN
from selfscope.space.adherence import USABLE
from selfscope.space.asked import DEFAULT
from selfscope.space.persona_capture import BESIDE, SPAN, cell_vectors, group_vectors
from selfscope.space.placing import Frame, frame_of, interval_over, region_over
from selfscope.stats.axis_read import Recipe, sensitivity
from selfscope.studies.persona_axis import AxisStudy, study_axis
from selfscope.studies.persona_map import Mapped, Part
from selfscope.studies.persona_request import Placed
from selfscope.values.persona_map import Adherence, Counts, PersonaMap, RecipeRow, Said, Spot

Floats = npt.NDArray[np.float64]
#: Components whose share of variance is told.
TOLD = 60


def persona_space(mapped: Mapped) -> PersonaMap:
    """Return the space that a map's vectors make.

    Raises
    ------
    CouldNot
        If too few roles have responses at all.
    """
    at = framed(mapped)
    studied = study_axis(at.cells[:, at.present], at.default, at.kept, mapped.layer, mapped.request.seed)
    frame, layer, captured = at.frame, mapped.layer, mapped.roles.captured
    here = at.kept.index(layer)
    request = mapped.request
    return PersonaMap(
        model=mapped.ground.identity.name,
        title=_title(mapped.ground.identity.name),
        worn=_worn(mapped),
        preset=request.preset,
        seed=request.seed,
        questions=len(mapped.cast.questions),
        layer=layer,
        depth=len(captured.layers),
        axis=studied.at(layer),
        layers=studied.layers,
        explained=tuple(float(share) for share in frame.explained[:TOLD]),
        components_70=studied.components_70,
        components_70_ci=studied.components_70_ci,
        null_cosine=studied.null_cosine,
        p=studied.p,
        beyond=studied.beyond,
        interpretable=studied.interpretable,
        cappable=studied.cappable,
        roles=tuple(_roles(mapped, frame, at.cells[here])),
        default=_spot(
            frame, at.default[here], at.vectors[-1], "default assistant", mapped.roles, DEFAULT, "default"
        ),
        placed=tuple(_placed(mapped, frame)),
        adherence=_adherence(mapped),
        counts=_counts(mapped),
        recipes=_recipes(mapped, at.cells[:, at.present], at.default, at.kept),
        warnings=tuple(_warnings(mapped, studied, at.present)),
    )


class Framed(NamedTuple):
    """Vectors of roles and default, and the frame that they make at the layer that is read.

    Attributes
    ----------
    frame
        Made of the roles that were heard, and the default.
    kept
        Numbers of the layers of `cells` and `default`.
    cells, default
        Means of role and question, shapes (layer, role, question, d_model) and (layer, question, d_model).
    present
        Which roles have a response that entered, shape (role,).
    vectors
        Means of the roles, then of the default, at the layer that is read; shape (role + 1, d_model).
    """

    frame: Frame
    kept: tuple[int, ...]
    cells: Floats
    default: Floats
    present: npt.NDArray[np.bool_]
    vectors: Floats


def framed(mapped: Mapped) -> Framed:
    """Return the frame of a map.

    Raises
    ------
    CouldNot
        If too few roles have responses at all.
    """
    captured = mapped.roles.captured
    names = [role.name for role in mapped.cast.roles]
    questions = _questions(mapped)
    cells = cell_vectors(captured, names, questions)
    default = cell_vectors(captured, [DEFAULT], questions)[:, 0]
    kept = tuple(captured.manifest["recipe"]["cell_layers"])
    at = kept.index(mapped.layer)
    present = np.isfinite(cells[at]).any(axis=(1, 2))
    if present.sum() < 4 or not np.isfinite(default[at]).any():
        raise CouldNot(
            "too few roles have responses that entered",
            got=f"{int(present.sum())} of {len(names)}",
            fix="Use a model that answers, or a scorer that leaves more in",
        )
    vectors = group_vectors(captured, [*names, DEFAULT])[:, captured.layers.index(mapped.layer)]
    return Framed(frame_of(vectors[:-1][present], vectors[-1]), kept, cells, default, present, vectors)


def placed_cells(mapped: Mapped, who: Placed, part: Part) -> Floats:
    """Return the means of someone placed at the layer that is read; shape (question, d_model)."""
    kept = tuple(part.captured.manifest["recipe"]["cell_layers"])
    cells: Floats = cell_vectors(part.captured, [who.name], _questions(mapped))[kept.index(mapped.layer), 0]
    return cells


def _questions(mapped: Mapped) -> list[str]:
    return [question.id for question in mapped.cast.questions]


def _recipes(mapped: Mapped, cells: Floats, default: Floats, kept: tuple[int, ...]) -> tuple[RecipeRow, ...]:
    """Return what other choices give: a layer at a quarter and three quarters, and the question's tokens.

    Parameters
    ----------
    cells, default
        Of the response's tokens; shapes (layer, role, question, d_model) and (layer, question, d_model).
    kept
        Numbers of their layers.
    """
    captured, layer = mapped.roles.captured, mapped.layer
    depth = len(captured.layers)
    others = [min(kept, key=lambda k: abs(k - depth * share)) for share in (0.25, 0.75)]
    layers = list(dict.fromkeys((layer, *others)))
    made = {
        f"the response’s tokens, layer {at}": Recipe(cells[kept.index(at)], default[kept.index(at)])
        for at in layers
    }
    names = [role.name for role in mapped.cast.roles]
    beside = cell_vectors(captured, [*names, DEFAULT], _questions(mapped), BESIDE)[kept.index(layer)]
    present = np.isfinite(beside[:-1]).any(axis=(1, 2))
    if present.sum() == cells.shape[1]:
        made[f"the question’s tokens, layer {layer}"] = Recipe(beside[:-1][present], beside[-1])
    rows = sensitivity(made, next(iter(made)), seed=mapped.request.seed)
    return tuple(
        RecipeRow(row.name, at, row.split_half, row.cosine, row.order)
        for row, at in zip(rows, [*layers, layer], strict=False)
    )


def _title(model: str) -> str:
    """Return what people call a model."""
    known = BUILT_IN.get(model)
    return f"{known.title} ({model})" if known else model


def _worn(mapped: Mapped) -> str:
    adapter = mapped.ground.adapter
    return " and ".join(n for n in (mapped.request.identity_name, adapter.name if adapter else "") if n)


def _roles(mapped: Mapped, frame: Frame, cells: Floats) -> Iterator[Spot]:
    vectors = group_vectors(mapped.roles.captured, [r.name for r in mapped.cast.roles])
    own = mapped.roles.captured.layers.index(mapped.layer)
    for role, vector, per_question in zip(mapped.cast.roles, vectors[:, own], cells, strict=True):
        spot = _spot(frame, per_question, vector, role.title, mapped.roles, role.name, "role")
        yield Spot(**{**spot.__dict__, "group": role.group})


def _placed(mapped: Mapped, frame: Frame) -> Iterator[Spot]:
    for who, part in mapped.placed:
        cells = placed_cells(mapped, who, part)
        vector = group_vectors(part.captured, [who.name])[0, part.captured.layers.index(mapped.layer)]
        yield _spot(frame, cells, vector, who.name, part, who.name, who.kind)


def _spot(frame: Frame, cells: Floats, vector: Floats, title: str, part: Part, group: str, kind: str) -> Spot:
    """Return where a mean vector is, with errors over questions; `cells` has shape (question, d_model)."""
    captured = part.captured
    count = int(captured.count(SPAN)[captured.groups.index(group)]) if group in captured.groups else 0
    place = frame.plane(vector)
    return Spot(
        name=group,
        title=title,
        group=kind,
        kind=kind,
        responses=count,
        z=float(frame.along(vector)),
        ci=interval_over(frame.along(cells)),
        pc1=float(place[0]),
        pc2=float(place[1]),
        ellipse=region_over(frame.plane(cells)),
    )


def _adherence(mapped: Mapped) -> Adherence:
    told, overall = mapped.scorer, mapped.scorer.check.overall
    return Adherence(
        scorer=told.scorer,
        auroc=overall.auroc,
        ci=(overall.low, overall.high),
        known=overall.true + overall.false,
        check=mapped.check_from,
        used=told.usable,
        cut=told.cut,
        sensitivity=told.sensitivity,
        specificity=told.specificity,
        adherent=len(mapped.scores) - len(mapped.roles.sorted_out),
        scored=len(mapped.scores),
    )


def _counts(mapped: Mapped) -> Counts:
    part = mapped.roles
    empty = sum(r.empty for r in part.responses.values())
    out, failed = len(part.sorted_out), len(part.captured.failures)
    return Counts(len(part.asks), len(part.asks) - empty - out - failed, empty, out, failed)


def _warnings(mapped: Mapped, studied: AxisStudy, present: npt.NDArray[np.bool_]) -> Iterator[str]:
    if not studied.interpretable:
        yield (
            "The axis does not come again from other roles and questions (cosine of halves under .70): no "
            "projection on it is interpreted, those of placed identities and adapters neither."
        )
    elif not studied.cappable:
        yield "Under a cosine of halves of .90 no cap may be set by this axis."
    gone = [role.title for role, there in zip(mapped.cast.roles, present, strict=True) if not there]
    if gone:
        yield f"Roles without any response that entered are left out: {', '.join(gone)}."
    if not mapped.scorer.usable:
        yield (
            f"The scorer of adherence fails its check (area {mapped.scorer.check.overall.auroc:.2f}, "
            f"{USABLE:.2f} is asked), so every response enters: a role’s vector is the mean of what was said "
            "under its prompts, whether it was in the role or not."
        )
    size = mapped.request.size
    if size.prompts == 1:
        yield (
            "Each role answered each question once, so a role’s prompts, its questions and chance cannot be "
            "told apart within a role."
        )
    if failures := len(mapped.roles.captured.failures):
        yield f"The network could not read {failures} responses; the manifest names them."


def said_of(mapped: Mapped) -> list[Said]:
    """Return every response to be read, those who are placed first, then the default and the roles."""
    titles = {r.name: r.title for r in mapped.cast.roles} | {DEFAULT: "default assistant"}
    found = [said for who, part in mapped.placed for said in _said(part, {who.name: who.name}, who)]
    own = sorted(_said(mapped.roles, titles, None), key=lambda s: s.group != titles[DEFAULT])
    return [*found, *own]


def _said(part: Part, titles: Mapping[str, str], who: Placed | None) -> Iterator[Said]:
    entered = {ask.id for ask in part.entered}
    for ask in part.asks:
        group = titles[ask.group] if who is None else f"{who.name} ({who.kind})"
        text = part.responses[ask.id].text
        yield Said(group, ask.question, ask.system, ask.user, text, ask.id in entered)
