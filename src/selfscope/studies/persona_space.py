"""From a map's vectors to its space: the axis with its reliability, components, and everyone's place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from selfscope.errors import CouldNot
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
    layer, captured = mapped.layer, mapped.roles.captured
    names = [role.name for role in mapped.cast.roles]
    questions = [question.id for question in mapped.cast.questions]
    cells = cell_vectors(captured, names, questions)
    default = cell_vectors(captured, [DEFAULT], questions)[:, 0]
    kept = tuple(captured.manifest["recipe"]["cell_layers"])
    at = kept.index(layer)
    present = np.isfinite(cells[at]).any(axis=(1, 2))
    if present.sum() < 4 or not np.isfinite(default[at]).any():
        raise CouldNot(
            "too few roles have responses that entered",
            got=f"{int(present.sum())} of {len(names)}",
            fix="Use a model that answers, or a scorer that leaves more in",
        )
    studied = study_axis(cells[:, present], default, kept, layer, mapped.request.seed)
    vectors = group_vectors(captured, [*names, DEFAULT])[:, captured.layers.index(layer)]
    frame = frame_of(vectors[:-1][present], vectors[-1])
    request = mapped.request
    return PersonaMap(
        model=mapped.ground.identity.name,
        worn=_worn(mapped),
        preset=request.preset,
        seed=request.seed,
        questions=len(questions),
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
        roles=tuple(_roles(mapped, frame, cells[at])),
        default=_spot(frame, default[at], vectors[-1], "default assistant", mapped.roles, DEFAULT, "default"),
        placed=tuple(_placed(mapped, frame, questions)),
        adherence=_adherence(mapped),
        counts=_counts(mapped),
        recipes=_recipes(mapped, cells[:, present], default, kept),
        warnings=tuple(_warnings(mapped, studied, names, present)),
    )


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
    questions = [question.id for question in mapped.cast.questions]
    beside = cell_vectors(captured, [*names, DEFAULT], questions, BESIDE)[kept.index(layer)]
    present = np.isfinite(beside[:-1]).any(axis=(1, 2))
    if present.sum() == cells.shape[1]:
        made[f"the question’s tokens, layer {layer}"] = Recipe(beside[:-1][present], beside[-1])
    rows = sensitivity(made, next(iter(made)), seed=mapped.request.seed)
    return tuple(
        RecipeRow(row.name, at, row.split_half, row.cosine, row.order)
        for row, at in zip(rows, [*layers, layer], strict=False)
    )


def _worn(mapped: Mapped) -> str:
    adapter = mapped.ground.adapter
    return " and ".join(n for n in (mapped.request.identity_name, adapter.name if adapter else "") if n)


def _roles(mapped: Mapped, frame: Frame, cells: Floats) -> Iterator[Spot]:
    vectors = group_vectors(mapped.roles.captured, [r.name for r in mapped.cast.roles])
    own = mapped.roles.captured.layers.index(mapped.layer)
    for role, vector, per_question in zip(mapped.cast.roles, vectors[:, own], cells, strict=True):
        spot = _spot(frame, per_question, vector, role.title, mapped.roles, role.name, "role")
        yield Spot(**{**spot.__dict__, "group": role.group})


def _placed(mapped: Mapped, frame: Frame, questions: Sequence[str]) -> Iterator[Spot]:
    for who, part in mapped.placed:
        kept = tuple(part.captured.manifest["recipe"]["cell_layers"])
        cells = cell_vectors(part.captured, [who.name], questions)[kept.index(mapped.layer), 0]
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


def _warnings(
    mapped: Mapped, studied: AxisStudy, names: Sequence[str], present: npt.NDArray[np.bool_]
) -> Iterator[str]:
    if not studied.interpretable:
        yield (
            "The axis does not come again from other roles and questions (cosine of halves under .70): no "
            "projection on it is interpreted, those of placed identities and adapters neither."
        )
    elif not studied.cappable:
        yield "Under a cosine of halves of .90 no cap may be set by this axis."
    gone = [name for name, there in zip(names, present, strict=True) if not there]
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
    failed = part.captured.failures
    for ask in part.asks:
        text = part.responses[ask.id].text
        entered = bool(text.strip()) and ask.id not in part.sorted_out and ask.id not in failed
        group = titles[ask.group] if who is None else f"{who.name} ({who.kind})"
        yield Said(group, ask.question, ask.system, ask.user, text, entered)
