"""From scores to findings: what living changed, what carries it, the way back, and what arms add."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from selfscope.stats.drift_return import Return
from selfscope.stats.exchange import Ratio
from selfscope.stats.lives import ALPHA, LEAST, Paired, change_of, jointly, paired_lives, sided, verdicts_of
from selfscope.stats.lives_apart import apart, document_change, together
from selfscope.stats.lives_arms import arm_contrast
from selfscope.stats.lives_back import returning_arms
from selfscope.stats.multiplicity import holm
from selfscope.studies.lives import LivesRequest
from selfscope.studies.lives_documents import WHOLE
from selfscope.studies.lives_keep import ALL, nested
from selfscope.studies.lives_scores import Scores
from selfscope.values import Estimate, Study
from selfscope.values.lives import Added, Carried, Moved, WayBack


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


def moved_in(
    request: LivesRequest, study: Study, scores: Scores, wrote: Mapping[str, Wrote]
) -> Iterator[Moved]:
    """Yield the change of every arm from its first State to the last; none of disturbed lives, or of one."""
    if request.disturb or request.size.runs < LEAST:
        return
    keyed, seed = scores.layout.keyed, study.seed
    names = [keep.name for keep in request.keeps]
    traits = jointly([paired_lives(*scores.pair(name, -1), keyed, seed=seed) for name in names])
    for name, trait in zip(names, traits, strict=True):
        own = scores.bias(name, -1)
        bias = paired_lives(*own, keyed, seed=seed)
        bias = sided(bias, scores.pair(name, -1).change, own.change, keyed, seed=seed)
        shares = [wrote[scores.told[n].lived.name].shares[WHOLE][-1] for n in scores.lives(name)]
        yield from _moved_arm(name, scores, trait, bias, shares)


def _moved_arm(
    keep: str, scores: Scores, trait: Paired, bias: Paired, documents: Sequence[float]
) -> Iterator[Moved]:
    seen, barred = scores.seen(keep), scores.barred([keep], -1)
    verdicts = verdicts_of(trait, bias, sesoi=scores.sesoi, readable=seen, barred=barred)
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
            bool(seen[d]),
            int(trait.statements[d]),
            trait.lives,
            scores.sesoi,
            apart(wrote, verdicts[d]),
            beside.r if known else None,
            beside.p if known else None,
        )


def carried_in(scores: Scores, moved: Sequence[Moved]) -> list[Carried]:
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


def back_in(scores: Scores, request: LivesRequest) -> Iterator[WayBack]:
    """Yield what became of a disturbance in every arm; nothing without one."""
    if not request.disturb:
        return
    names = [keep.name for keep in request.keeps]
    pairs = [(scores.d[scores.lives(k, "disturbed")], scores.d[scores.lives(k, "twin")]) for k in names]
    found = returning_arms(
        pairs,
        scores.layout.keyed,
        request.at,
        sesoi=scores.sesoi,
        readable=[scores.seen(k) for k in names],
        barred=tuple([scores.barred([k], point) for k in names] for point in (request.at, -1)),  # type: ignore[arg-type]
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


def added_in(scores: Scores, request: LivesRequest) -> Iterator[Added]:
    """Yield what kinds of State add to a change, arm against arm; none of one life."""
    arms, keyed = nested(request.keeps), scores.layout.keyed
    if not arms or request.size.runs < LEAST:
        return
    traits = jointly(
        [arm_contrast(scores.pair(a.more.name, -1), scores.pair(a.less.name, -1), keyed) for a in arms]
    )
    for arm, trait in zip(arms, traits, strict=True):
        keeps = (arm.more.name, arm.less.name)
        verdicts = verdicts_of(
            trait,
            _bias_of_arms(scores, keeps),
            sesoi=scores.sesoi,
            readable=scores.seen(*keeps),
            barred=scores.barred(keeps, -1),
        )
        at = (scores.pair(name, request.at).change for name in keeps)
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


def _bias_of_arms(scores: Scores, keeps: tuple[str, str]) -> Paired:
    """Return how B changed otherwise in one arm than in the other, on pro and con texts alike."""
    more, less = (scores.bias(name, -1) for name in keeps)
    trait = [scores.pair(name, -1).change for name in keeps]
    keyed = scores.layout.keyed
    return sided(arm_contrast(more, less, keyed), trait[0] - trait[1], more.change - less.change, keyed)


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
