"""Which unit of a text moves what: effects of lines from scores of many versions of one file.

`measurement.md` §13. A *version* r holds some of the file's units (lines, or roles) and neutral lines in the
place of the others; v(r) is its θ. Every effect is a weighted sum of versions whose weights add up to 0, so
that what all versions share cancels: the uncertainty that is left comes from statements, which are the
clusters of one t a unit. It is pooled over dimensions, each counted positive in the direction in which the
whole file moved it (known from other statements); single dimensions are shown and not tested.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from selfscope.errors import BadInput
from selfscope.stats.contrast import PairedContrast, critical, paired_contrast, two_sided
from selfscope.stats.masked import Array, Mask, ratio
from selfscope.stats.multiplicity import benjamini_hochberg
from selfscope.stats.screening import MOST_SCREENED, folded_design, main_effects
from selfscope.values.attribution import Interaction

#: q up to which a unit is said to move something.
LEVEL = 0.05


class Versions(NamedTuple):
    """Which units each version of a file holds.

    Attributes
    ----------
    held
        ``(version, unit)``, every row once; the first holds all, the second none.
    screened
        ``(version,)``: whether a version belongs to the folded-over screening design; none does where there
        are more than 64 units.
    """

    held: Mask
    screened: Mask


class Weights(NamedTuple):
    """How versions are added up, each ``(unit, version)``; ``total`` is ``(version,)``.

    Attributes
    ----------
    effect
        The main effect of the screening design; without one, the mean of the other two.
    leave_one_out
        All minus all but this.
    only_this
        Only this minus none.
    total
        All minus none.
    """

    effect: Array
    leave_one_out: Array
    only_this: Array
    total: Array


class Pooled(NamedTuple):
    """Effects over all dimensions together, each field of the shape of the leading axes.

    `ci` has an axis of two more. `df` by Welch and Satterthwaite over dimensions: their statements differ in
    spread, and the sum of their degrees of freedom would be too many; with equal spreads it is that sum.
    """

    estimate: Array
    se: Array
    df: Array
    ci: Array
    p: Array


class UnitEffects(NamedTuple):
    """What every unit does.

    Attributes
    ----------
    effect, leave_one_out, only_this
        Pooled over dimensions, ``(unit,)``.
    each
        The three of them in single dimensions, natural sign, ``(unit, dimension)``; shown, not tested.
    q
        Benjamini-Hochberg over units, of `effect`, ``(unit,)``.
    moves
        q at most .05 and the effect at least half the smallest effect of interest, ``(unit,)``.
    interaction
        How leaving one out and keeping only it disagree, ``(unit,)``; "" where they agree.
    total, sum_of_effects
        The whole file minus the neutral one, and the sum of all units' effects, pooled; no axis.
    each_total
        The former in single dimensions, ``(dimension,)``.
    """

    effect: Pooled
    leave_one_out: Pooled
    only_this: Pooled
    each: tuple[PairedContrast, PairedContrast, PairedContrast]
    q: Array
    moves: Mask
    interaction: tuple[Interaction, ...]
    total: Pooled
    sum_of_effects: Pooled
    each_total: PairedContrast


def versions_of(units: int, rng: np.random.Generator) -> Versions:
    """Return the versions that are asked: all, none, all but each, only each, and the screening design.

    Parameters
    ----------
    units
        Number of lines or roles, at least 1.
    rng
        Says which column of the design is whose.
    """
    single = np.eye(units, dtype=bool)
    rows = [np.ones((1, units), bool), np.zeros((1, units), bool), ~single, single]
    design = folded_design(units, rng) if units <= MOST_SCREENED else np.zeros((0, units), bool)
    held = np.array(list(dict.fromkeys(map(tuple, np.concatenate([*rows, design]).tolist()))), dtype=bool)
    wanted = set(map(tuple, design.tolist()))
    return Versions(held, np.array([row in wanted for row in map(tuple, held.tolist())], dtype=bool))


def weights_of(versions: Versions) -> Weights:
    """Return how versions are added up to effects.

    Raises
    ------
    BadInput
        If a version is missing that an effect needs.
    """
    held, screened = versions
    n = held.shape[1]
    place = {row: number for number, row in enumerate(map(tuple, held.tolist()))}
    every, single = np.ones(n, bool), np.eye(n, dtype=bool)
    try:
        full, none = place[tuple(every.tolist())], place[tuple((~every).tolist())]
        left = [place[tuple(row)] for row in (~single).tolist()]
        kept = [place[tuple(row)] for row in single.tolist()]
    except KeyError as missing:
        raise BadInput("a version of the file was not asked", got=missing.args[0]) from None
    leave_one_out, only_this = (np.zeros((n, len(held))) for _ in range(2))
    leave_one_out[:, full] += 1
    leave_one_out[range(n), left] -= 1
    only_this[range(n), kept] += 1
    only_this[:, none] -= 1
    effect = 0.5 * (leave_one_out + only_this)
    if screened.any():
        effect = np.zeros((n, len(held)))
        effect[:, screened] = main_effects(held[screened])
    total = np.zeros(len(held))
    total[full], total[none] = 1, -1
    return Weights(effect, leave_one_out, only_this, total)


def pooled(each: PairedContrast, signs: ArrayLike) -> Pooled:
    """Return the mean over dimensions of contrasts ``(..., dimension)``, each times its sign.

    SE² = Σ SE_d² / K². The p is that of a two-sided t; NaN where a dimension has too few statements for one.
    """
    sign = np.asarray(signs, float)
    k = sign.size
    estimate = np.asarray((each.estimate * sign).mean(axis=-1))
    variance = each.se**2
    summed = variance.sum(axis=-1)
    se = np.sqrt(summed) / k
    df = ratio(summed**2, ratio(variance**2, each.df).sum(axis=-1))
    df = np.where(np.isfinite(df), df, each.df.sum(axis=-1))
    half = critical(df, 0.95) * se
    p = two_sided(estimate, se, df)
    p = np.where(np.isfinite(each.p_t).all(axis=-1), p, np.nan)
    return Pooled(estimate, se, df, np.stack([estimate - half, estimate + half], axis=-1), p)


def unit_effects(
    d: ArrayLike, keyed: ArrayLike, versions: Versions, signs: ArrayLike, sesoi: float
) -> UnitEffects:
    """Return what every unit of a file does, and which of them move something.

    Parameters
    ----------
    d
        D of every statement in every version, ``(version, dimension, m)``, natural log-odds.
    keyed
        ``(dimension, m)``: +1, -1, and 0 for padding.
    signs
        +1 or -1 a dimension: in which direction the whole file moved it, by other statements.
    sesoi
        Smallest effect of interest, a half contrast.
    """
    weights = weights_of(versions)
    scores, keys = np.asarray(d, float), np.asarray(keyed, float)
    three = (weights.effect, weights.leave_one_out, weights.only_this)
    each = tuple(_contrast(w, scores, keys) for w in three)
    effect, left, kept = (pooled(c, signs) for c in each)
    q = benjamini_hochberg(effect.p)
    apart = pooled(_contrast(weights.leave_one_out - weights.only_this, scores, keys), signs)
    each_total = _contrast(weights.total[None], scores, keys)
    return UnitEffects(
        effect, left, kept, (each[0], each[1], each[2]), q,
        (q <= LEVEL) & (np.abs(effect.estimate) >= sesoi / 2),
        interactions(left, kept, apart, sesoi),
        _only(pooled(each_total, signs)),
        _only(pooled(_contrast(weights.effect.sum(axis=0)[None], scores, keys), signs)),
        PairedContrast(*(part[0] for part in each_total)),
    )  # fmt: skip


def shortfalls(
    whole: ArrayLike, others: ArrayLike, keyed: ArrayLike, signs: ArrayLike
) -> tuple[Pooled, Array]:
    """Return what a text loses in other versions of it: pooled ``(version,)``, and in single dimensions.

    Parameters
    ----------
    whole, others
        D of the text, ``(dimension, m)``, and of the others, ``(version, dimension, m)``.
    keyed, signs
        As for :func:`unit_effects`.

    Returns
    -------
    The whole minus each other one; the second of shape ``(version, dimension)``, natural sign.
    """
    each = paired_contrast(np.asarray(whole, float) - np.asarray(others, float), keyed, flip=False)
    return pooled(each, signs), each.estimate


def interactions(left: Pooled, kept: Pooled, apart: Pooled, sesoi: float) -> tuple[Interaction, ...]:
    """Return how leaving one out and keeping only it disagree, unit by unit; "" where they agree.

    They disagree if they have different signs, both beyond their noise and at least half the smallest effect
    of interest, or differ by more than that effect; and, over all units by Benjamini-Hochberg, surely.
    """
    sure = benjamini_hochberg(apart.p) <= LEVEL
    opposed = np.sign(left.estimate) != np.sign(kept.estimate)
    turned = _beyond(left, sesoi / 2) & _beyond(kept, sesoi / 2) & opposed
    far = np.abs(apart.estimate) > sesoi
    together = np.abs(left.estimate) > np.abs(kept.estimate)
    found: list[Interaction] = []
    for is_sure, is_turned, is_far, needs in zip(sure, turned, far, together, strict=True):
        if not is_sure or not (is_turned or is_far):
            found.append("")
        elif is_turned:
            found.append("other lines turn it")
        else:
            found.append("works only with other lines" if needs else "other lines do the same")
    return tuple(found)


def _beyond(found: Pooled, least: float) -> Mask:
    """Whether the interval leaves zero out, and the estimate is at least so large."""
    sure = (found.ci[..., 0] > 0) | (found.ci[..., 1] < 0)
    return np.asarray(sure & (np.abs(found.estimate) >= least), dtype=bool)


def _contrast(weights: Array, scores: Array, keyed: Array) -> PairedContrast:
    """Return weighted sums of versions as contrasts: ``(unit, version)`` in, ``(unit, dimension)`` out."""
    used = weights.any(axis=0)
    delta = np.einsum("uv,vdm->udm", weights[:, used], scores[used])
    return paired_contrast(delta, keyed, flip=False)


def _only(found: Pooled) -> Pooled:
    return Pooled(*(part[0] for part in found))
