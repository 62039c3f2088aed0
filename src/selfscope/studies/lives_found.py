"""From lives and answers to what living did: what carries a change, the way back, and what arms add."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from selfscope.agent.history import StateHistory
from selfscope.stats.drift_return import Return
from selfscope.stats.exchange import Ratio
from selfscope.stats.lives import (
    ALPHA,
    LEAST,
    LEAST_LIVES,
    Paired,
    change_of,
    jointly,
    paired_lives,
    verdicts_of,
)
from selfscope.stats.lives_apart import apart, document_change, together
from selfscope.stats.lives_arms import arm_contrast
from selfscope.stats.lives_back import returning_arms
from selfscope.stats.masked import Array
from selfscope.stats.multiplicity import holm
from selfscope.stats.strata import score
from selfscope.studies.lives import ABLATED, LivesRequest
from selfscope.studies.lives_documents import WHOLE, meanings_apart, share_changed, words_by_role
from selfscope.studies.lives_keep import ALL, nested
from selfscope.studies.lives_run import Told
from selfscope.studies.lives_scores import Scores, asked_in, scores_of
from selfscope.values import Estimate, Study
from selfscope.values.lives import Added, Carried, DocumentsMoved, Edits, LivesFound, Moved, Reading, WayBack

if TYPE_CHECKING:
    import pandas as pd

Embed = Callable[[Sequence[str]], Array]


@dataclass(frozen=True)
class Wrote:
    """What became of the documents of one life, a value a State.

    Attributes
    ----------
    shares
        Words that are others than at first, by role and in all.
    meant
        One less the cosine of what they mean with the first; None where texts are not embedded.
    """

    shares: dict[str, list[float]]
    meant: list[float | None]


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
    scores = [scores_of(request, study, question, told, rows) for question in asked_in(study, rows)]
    wrote = {each.lived.name: Wrote(documents_of(each), _meanings(each, embed)) for each in told}
    moved = [tuple(_moved(request, study, each, wrote)) for each in scores]
    return LivesFound(
        request.name,
        str(study.ground["name"]),
        request.preset,
        request.disturb,
        request.at,
        request.size.runs,
        request.size.conversations,
        tuple(keep.name for keep in request.keeps),
        tuple(each.channel for each in scores),
        tuple(reading for each in scores for reading in _readings(each, wrote)),
        tuple(_documents(request, told, wrote)),
        tuple(each for own in moved for each in own),
        tuple(c for s, own in zip(scores, moved, strict=True) for c in _carried(s, own)),
        tuple(back for each in scores for back in _back(each, request)),
        tuple(added for each in scores for added in _added(each, request)),
        tuple(edit for each in told for edit in _edits(each)),
        tuple(_warnings(scores, request, study)),
    )


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


def _readings(scores: Scores, wrote: dict[str, Wrote]) -> Iterator[Reading]:
    values = score(scores.d, scores.layout.keyed)
    for n, each in enumerate(scores.told):
        name = each.lived.name
        for point, version in enumerate(each.versions):
            for d, dimension in enumerate(scores.layout.dimensions):
                yield Reading(
                    name,
                    version.id,
                    point,
                    dimension,
                    scores.channel,
                    float(values[n, point, d]),
                    wrote[name].shares[WHOLE][point],
                    wrote[name].meant[point],
                    each.lived.keep.name,
                )


def _documents(
    request: LivesRequest, told: Sequence[Told], wrote: dict[str, Wrote]
) -> Iterator[DocumentsMoved]:
    for keep in request.keeps:
        own = [t.lived.name for t in told if t.lived.kind != "twin" and t.lived.keep == keep]
        for role in (WHOLE, *ABLATED):
            shares = [wrote[name].shares[role][-1] for name in own]
            if role == WHOLE or any(shares):
                found = document_change(shares)
                yield DocumentsMoved(keep.name, role, Estimate(found.estimate, found.ci95), found.verdict)


def _moved(request: LivesRequest, study: Study, scores: Scores, wrote: dict[str, Wrote]) -> Iterator[Moved]:
    """Yield the change of every arm from its first State to the last; none of disturbed lives, or of one."""
    if request.disturb or request.size.runs < LEAST:
        return
    keyed, seed = scores.layout.keyed, study.seed
    names = [keep.name for keep in request.keeps]
    traits = jointly([paired_lives(*scores.pair(name, -1), keyed, seed=seed) for name in names])
    for name, trait in zip(names, traits, strict=True):
        bias = paired_lives(*scores.bias(name, -1), keyed, seed=seed)
        shares = [wrote[scores.told[n].lived.name].shares[WHOLE][-1] for n in scores.lives(name)]
        yield from _moved_arm(name, scores, trait, bias, shares)


def _moved_arm(
    keep: str, scores: Scores, trait: Paired, bias: Paired, documents: Sequence[float]
) -> Iterator[Moved]:
    verdicts = verdicts_of(trait, bias, sesoi=scores.sesoi, readable=scores.readable)
    wrote = document_change(documents).verdict
    for d, dimension in enumerate(scores.layout.dimensions):
        beside = together(documents, trait.each[:, d])
        known = bool(np.isfinite(beside.r))
        yield Moved(
            keep,
            dimension,
            scores.channel,
            _estimate(trait, d),
            _narrow(trait, d),
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
    """Return what each role carries where all are open; one family over roles and dimensions."""
    whole, own = [each for each in moved if each.keep == ALL], scores.lives(ALL)
    if not whole or not scores.without:
        return []
    found = {
        role: paired_lives(scores.d[own, -1], without[own], scores.layout.keyed)
        for role, without in scores.without.items()
    }
    adjusted = holm(np.stack([paired.p for paired in found.values()]).ravel()).reshape(len(found), -1)
    return [
        Carried(
            each.dimension,
            scores.channel,
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
        for d, each in enumerate(whole)
    ]


def _back(scores: Scores, request: LivesRequest) -> Iterator[WayBack]:
    if not request.disturb:
        return
    names = [keep.name for keep in request.keeps]
    pairs = [(scores.d[scores.lives(k, "disturbed")], scores.d[scores.lives(k, "twin")]) for k in names]
    found = returning_arms(
        pairs, scores.layout.keyed, request.at, sesoi=scores.sesoi, readable=scores.readable
    )
    for keep, own in zip(names, found, strict=True):
        for dimension, each in zip(scores.layout.dimensions, own, strict=True):
            yield WayBack(
                keep,
                dimension,
                scores.channel,
                Estimate(each.push[0], each.push[1:]),
                Estimate(each.residue[0], each.residue[1:]),
                each.p_push,
                each.p_residue,
                _share(each.left),
                *_half_life(each.half_life),
                each.verdict,
            )


def _added(scores: Scores, request: LivesRequest) -> Iterator[Added]:
    """Yield what kinds of State add to a change, arm against arm; none of one life."""
    arms, keyed = nested(request.keeps), scores.layout.keyed
    if not arms or request.size.runs < LEAST:
        return
    traits = jointly(
        [arm_contrast(scores.pair(a.more.name, -1), scores.pair(a.less.name, -1), keyed) for a in arms]
    )
    for arm, trait in zip(arms, traits, strict=True):
        bias = arm_contrast(scores.bias(arm.more.name, -1), scores.bias(arm.less.name, -1), keyed)
        verdicts = verdicts_of(trait, bias, sesoi=scores.sesoi, readable=scores.readable)
        at = (scores.pair(k.name, request.at).change for k in (arm.more, arm.less))
        push = change_of(next(at) - next(at), keyed) if request.disturb else None
        for d, dimension in enumerate(scores.layout.dimensions):
            told = push and Estimate(
                float(push.estimate[d]), (float(push.ci95[d, 0]), float(push.ci95[d, 1]))
            )
            yield Added(
                *(arm.more.name, arm.less.name, arm.adds),
                dimension,
                scores.channel,
                told,
                _estimate(trait, d),
                _narrow(trait, d),
                float(trait.p[d]),
                float(trait.p_adjusted[d]),
                verdicts[d],
                trait.lives,
                scores.sesoi,
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


def _narrow(found: Paired, d: int) -> tuple[float, float]:
    return float(found.change.ci90[d, 0]), float(found.change.ci90[d, 1])


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


def _warnings(scores: Sequence[Scores], request: LivesRequest, study: Study) -> Iterator[str]:
    if request.size.runs < LEAST_LIVES:
        yield f"{request.size.runs} lives describe, and test nothing; {LEAST_LIVES} do"
    asked = {each.channel for each in scores}
    if left := [q.channel for q in study.questions if q.channel not in asked]:
        yield f"States were not asked in {', '.join(left)}: the sensitivity check failed there throughout"
    several = len(study.questions) > 1
    for each in scores:
        where = f" of {each.channel}" if several else ""
        blind = [d for d, ok in zip(each.layout.dimensions, each.readable, strict=True) if not ok]
        if blind:
            names = ", ".join(blind)
            yield f"the sensitivity check{where} failed in {names}: what does not move there is not told"
        few = each.layout.keyed.astype(bool).sum(axis=1).min()
        if few < 12:
            screens = f"{few} statements a dimension{where} screen, and confirm nothing"
            yield f"{screens}; 12 are the least, 16 standard"
