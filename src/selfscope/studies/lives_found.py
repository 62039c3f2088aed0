"""From lives and answers to what living did: courses, what carries a change, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from selfscope.agent.history import StateHistory
from selfscope.instruments.instrument import asks_in
from selfscope.stats.atoms import ArmScores
from selfscope.stats.drift_return import Return
from selfscope.stats.exchange import Ratio
from selfscope.stats.lives import ALPHA, LEAST, LEAST_LIVES, Paired, paired_lives, verdicts_of
from selfscope.stats.lives_apart import apart, document_change, together
from selfscope.stats.lives_back import returning
from selfscope.stats.masked import Array
from selfscope.stats.multiplicity import holm
from selfscope.stats.strata import score
from selfscope.stats.verdicts import PASS
from selfscope.studies.check import sensitivity_of
from selfscope.studies.lives import ABLATED, LivesRequest
from selfscope.studies.lives_documents import WHOLE, meanings_apart, share_changed, words_by_role
from selfscope.studies.lives_run import Told, changed
from selfscope.studies.scores import Layout, arm_scores
from selfscope.values import Estimate, Study
from selfscope.values.lives import Carried, DocumentsMoved, Edits, LivesFound, Moved, Reading, WayBack

if TYPE_CHECKING:
    import pandas as pd

Embed = Callable[[Sequence[str]], Array]


@dataclass(frozen=True, eq=False)
class Scores:
    """What was answered at every place, by life.

    Attributes
    ----------
    names
        Lives, in their order.
    d, b
        ``(life, point, dimension, m)``; point 0 is the first State, which all lives share.
    without
        D of the last State with one role as at first, ``(life, dimension, m)``, by role; where that role's
        files did not change, the last State itself.
    changed
        Lives in which a role's files changed, by role.
    readable
        Whether the sensitivity check passed, ``(dimension,)``.
    """

    names: tuple[str, ...]
    layout: Layout
    d: Array
    b: Array
    without: dict[str, Array]
    changed: dict[str, int]
    readable: Array
    sesoi: float


def lives_of(
    request: LivesRequest,
    study: Study,
    told: Sequence[Told],
    rows: pd.DataFrame,
    embed: Embed | None = None,
) -> LivesFound:
    """Return what lives show.

    Parameters
    ----------
    rows
        The run's observations.
    embed
        Returns vectors of texts, ``(text, width)``; without it what files mean is not told.
    """
    scores = scores_of(request, study, told, rows)
    wrote = {each.lived.name: documents_of(each) for each in told}
    meant = {each.lived.name: _meanings(each, embed) for each in told}
    own = [n for n, each in enumerate(told) if each.lived.kind != "twin"]
    moved: tuple[Moved, ...] = ()
    if not request.disturb and len(told) >= LEAST:
        moved = tuple(_moved(study, scores, [wrote[t.lived.name][WHOLE][-1] for t in told]))
    return LivesFound(
        request.name,
        str(study.ground["name"]),
        request.preset,
        request.disturb,
        request.at,
        len(own),
        request.size.conversations,
        tuple(_readings(study, scores, told, wrote, meant)),
        tuple(_documents(told, wrote)),
        moved,
        tuple(_carried(scores, moved)),
        tuple(_back(scores, told, request)) if request.disturb else (),
        tuple(edit for each in told for edit in _edits(each)),
        tuple(_warnings(scores, request)),
    )


def scores_of(request: LivesRequest, study: Study, told: Sequence[Told], rows: pd.DataFrame) -> Scores:
    """Return the scores of every State."""
    question = study.questions[0]
    layout = Layout.of(asks_in(question, request.items, study.preset))
    whole = rows[rows["character"] == request.name]
    first = arm_scores(whole[whole["turn"] == 0], layout)
    by_life = dict(list(whole.groupby("agent")))
    points = len(told[0].versions)
    each = [
        [first, *(arm_scores(part[part["turn"] == n], layout) for n in range(1, points))]
        for part in (by_life[t.lived.name] for t in told)
    ]
    d, b = (np.array([[getattr(s, name) for s in life] for life in each]) for name in ("d", "b"))
    return Scores(
        tuple(t.lived.name for t in told),
        layout,
        d,
        b,
        dict(_ablated(request, told, rows, layout, d[:, -1])),
        {role: sum(changed(t.versions[0], t.versions[-1], role) for t in told) for role in ABLATED},
        _readable(study, rows, layout, question.sesoi),
        question.sesoi,
    )


def _ablated(
    request: LivesRequest, told: Sequence[Told], rows: pd.DataFrame, layout: Layout, last: Array
) -> Iterator[tuple[str, Array]]:
    for role in ABLATED:
        part = rows[rows["character"] == f"{request.name} without {role}"]
        if len(part):
            own = dict(list(part.groupby("agent")))
            yield (
                role,
                np.array(
                    [
                        arm_scores(own[t.lived.name], layout).d if t.lived.name in own else last[n]
                        for n, t in enumerate(told)
                    ]
                ),
            )


def _readable(study: Study, rows: pd.DataFrame, layout: Layout, sesoi: float) -> Array:
    sides: list[ArmScores] = []
    for role in ("high", "low"):
        names = [arm.name for arm in study.arms if arm.role == role]
        sides.append(arm_scores(rows[rows["character"].isin(names)], layout))
    return np.asarray(sensitivity_of(sides[0], sides[1], layout, sesoi).state == PASS)


def documents_of(told: Told) -> dict[str, list[float]]:
    """Return the share of words that changed since the first State, by role and in all, a value a State."""
    history = StateHistory.of(told.folder)
    words = [words_by_role(history, version) for version in told.versions]
    return {role: [share_changed(words[0][role], now[role]) for now in words] for role in words[0]}


def _meanings(told: Told, embed: Embed | None) -> list[float | None]:
    if embed is None:
        return [None] * len(told.versions)
    history = StateHistory.of(told.folder)
    texts = [" ".join(words_by_role(history, version)[WHOLE]) for version in told.versions]
    return [float(v) for v in meanings_apart(texts, embed)]


def _readings(
    study: Study,
    scores: Scores,
    told: Sequence[Told],
    wrote: dict[str, dict[str, list[float]]],
    meant: dict[str, list[float | None]],
) -> Iterator[Reading]:
    values = score(scores.d, scores.layout.keyed)
    channel = study.questions[0].channel
    for n, each in enumerate(told):
        name = each.lived.name
        for point, version in enumerate(each.versions):
            for d, dimension in enumerate(scores.layout.dimensions):
                yield Reading(
                    name,
                    version.id,
                    point,
                    dimension,
                    channel,
                    float(values[n, point, d]),
                    wrote[name][WHOLE][point],
                    meant[name][point],
                )


def _documents(told: Sequence[Told], wrote: dict[str, dict[str, list[float]]]) -> Iterator[DocumentsMoved]:
    own = [t.lived.name for t in told if t.lived.kind != "twin"]
    for role in (WHOLE, *ABLATED):
        shares = [wrote[name][role][-1] for name in own]
        if role == WHOLE or any(shares):
            found = document_change(shares)
            yield DocumentsMoved(role, Estimate(found.estimate, found.ci95), found.verdict)


def _moved(study: Study, scores: Scores, documents: Sequence[float]) -> Iterator[Moved]:
    keyed = scores.layout.keyed
    trait = paired_lives(scores.d[:, -1], scores.d[:, 0], keyed, seed=study.seed)
    bias = paired_lives(scores.b[:, -1], scores.b[:, 0], keyed, seed=study.seed)
    verdicts = verdicts_of(trait, bias, sesoi=scores.sesoi, readable=scores.readable)
    wrote = document_change(documents).verdict
    for d, dimension in enumerate(scores.layout.dimensions):
        beside = together(documents, trait.each[:, d])
        known = bool(np.isfinite(beside.r))
        yield Moved(
            dimension,
            study.questions[0].channel,
            _estimate(trait, d),
            (float(trait.change.ci90[d, 0]), float(trait.change.ci90[d, 1])),
            _estimate(bias, d),
            float(trait.p[d]),
            float(trait.p_adjusted[d]),
            verdicts[d],
            bool(scores.readable[d]),
            int(trait.statements[d]),
            trait.lives,
            scores.sesoi,
            apart(wrote, verdicts[d]),
            beside.r if known else None,
            beside.p if known else None,
        )


def _carried(scores: Scores, moved: Sequence[Moved]) -> list[Carried]:
    """Return what each role carries; one family over roles and dimensions."""
    if not moved:
        return []
    found = {
        role: paired_lives(scores.d[:, -1], without, scores.layout.keyed)
        for role, without in scores.without.items()
    }
    if not found:
        return []
    adjusted = holm(np.stack([paired.p for paired in found.values()]).ravel()).reshape(len(found), -1)
    return [
        Carried(
            each.dimension,
            role,
            _estimate(paired, d),
            float(paired.p[d]),
            float(adjusted[r, d]),
            each.verdict == "shifted"
            and bool(adjusted[r, d] <= ALPHA)
            and float(paired.change.estimate[d]) * each.change.estimate > 0,
            scores.changed[role],
        )
        for r, (role, paired) in enumerate(found.items())
        for d, each in enumerate(moved)
    ]


def _back(scores: Scores, told: Sequence[Told], request: LivesRequest) -> Iterator[WayBack]:
    upset, quiet = (
        scores.d[[n for n, t in enumerate(told) if t.lived.kind == kind]] for kind in ("disturbed", "twin")
    )
    found = returning(
        upset, quiet, scores.layout.keyed, request.at, sesoi=scores.sesoi, readable=scores.readable
    )
    for dimension, each in zip(scores.layout.dimensions, found, strict=True):
        yield WayBack(
            dimension,
            Estimate(each.push[0], each.push[1:]),
            Estimate(each.residue[0], each.residue[1:]),
            each.p_push,
            each.p_residue,
            _share(each.left),
            *_half_life(each.half_life),
            each.verdict,
        )


def _share(left: Ratio) -> Estimate | None:
    return Estimate(left.estimate, (left.lower, left.upper)) if left.shape == "bounded" else None


def _half_life(found: Return | None) -> tuple[Estimate | None, str]:
    if found is None:
        return None, "too few conversations were held after it"
    if found.status != "returns":
        return None, found.status
    return Estimate(found.half_life, found.ci95), ""


def _estimate(found: Paired, d: int) -> Estimate:
    low, high = found.change.ci95[d]
    return Estimate(float(found.change.estimate[d]), (float(low), float(high)))


def _edits(told: Told) -> Iterator[Edits]:
    held = {each.id: each for each in told.life.conversations}
    for version in told.versions[1:]:
        talk = held[version.conversation]
        by = {
            outcome: tuple(c.path for c in version.changes if c.outcome == outcome)
            for outcome in ("allowed", "proposed", "forbidden")
        }
        yield Edits(
            told.lived.name,
            talk.number,
            talk.script,
            talk.kind,
            by["allowed"],
            by["proposed"],
            by["forbidden"],
            len(talk.attempts),
            sum(outcome == "right" for outcome in talk.tasks.values()),
            len(talk.tasks),
        )


def _warnings(scores: Scores, request: LivesRequest) -> Iterator[str]:
    if request.size.runs < LEAST_LIVES:
        yield f"{request.size.runs} lives describe, and test nothing; {LEAST_LIVES} do"
    blind = [d for d, ok in zip(scores.layout.dimensions, scores.readable, strict=True) if not ok]
    if blind:
        yield f"the sensitivity check failed in {', '.join(blind)}: what does not move there is not told"
    few = scores.layout.keyed.astype(bool).sum(axis=1).min()
    if few < 12:
        yield f"{few} statements a dimension screen, and confirm nothing; 12 are the least, 16 standard"
