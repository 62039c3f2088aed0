"""How far a layer moves, in one measure for openings, characters and abilities; and how openings differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from selfscope.errors import BadInput
from selfscope.stats.contrast import PairedContrast, paired_contrast
from selfscope.stats.exchange import fieller
from selfscope.stats.masked import Array
from selfscope.values import Estimate
from selfscope.values.layers import CellVerdict, PairVerdict, RatioFound

#: Movement in spreads that matters: below it a layer holds.
MARGIN = 0.25
#: Fewest levels of a manipulation that stand for others.
LEAST_LEVELS = 3
#: Fewest items of a stratum.
LEAST_ITEMS = 3
DRAWS = 1999
ALPHA = 0.05


class Movement(NamedTuple):
    """How far the groups of a layer move.

    Attributes
    ----------
    squared
        Mean over groups and levels of the squared mean change, less what noise between items gives, over the
        variance between items; unbiased, and below 0 where noise gives more.
    variance, df
        Of `squared` over items, by the jackknife within strata, and its degrees of freedom.
    without
        `squared` with each level left out in turn, ``(level,)``.
    p
        One-sided, by turning the signs of items.
    groups
        Mean change of each group over levels, in spreads, ``(group,)``.
    """

    squared: float
    variance: float
    df: float
    without: Array
    p: float
    groups: Array


def movement(
    change: ArrayLike, base: ArrayLike, group: ArrayLike, stratum: ArrayLike, *, seed: int = 0
) -> Movement:
    """How far do the means of groups move, beyond what the spread between items alone would show?

    With m_gk the mean change of group g under level k, strata of a group weighed alike, and v_gk its sampling
    variance over items, the squared movement is ``mean_gk(m_gk² - v_gk) / S²``, S² the pooled variance of
    `base` within strata. It knows no direction, so that characters of opposite kinds do not cancel.

    Parameters
    ----------
    change
        Value under each level minus value at the base, ``(level, item)``.
    base
        Values at the base, ``(item,)``.
    group, stratum
        Numbers from 0, ``(item,)``; every stratum lies in one group and has three items or more.

    Raises
    ------
    BadInput
        If a stratum has under three items, or nothing varies at the base.
    """
    x, y = np.atleast_2d(np.asarray(change, float)), np.asarray(base, float)
    g, h = np.asarray(group, np.intp), np.asarray(stratum, np.intp)
    counts = np.bincount(h)
    if counts.min() < LEAST_ITEMS or not y.var() > 0:
        raise BadInput("too little to tell movement from noise", got=f"items of strata: {counts.tolist()}")
    everything = np.ones(len(y))
    by_level = _squared(x, y, g, h, everything)
    left = np.array([_squared(x, y, g, h, _without(len(y), i)).mean() for i in range(len(y))])
    spread = sum(
        (n - 1) / n * ((left[h == s] - left[h == s].mean()) ** 2).sum() for s, n in enumerate(counts)
    )
    levels = len(x)
    whole = float(by_level.mean())
    without = (by_level.sum() - by_level) / (levels - 1) if levels > 1 else by_level
    means = _means(x, g, h, everything)[0].mean(axis=0)
    return Movement(
        whole,
        float(spread),
        float(len(y) - len(counts)),
        without,
        _turned(x, y, g, h, whole, seed),
        means / np.sqrt(_spread(y, h, everything)),
    )


def _without(n: int, item: int) -> Array:
    weights = np.ones(n)
    weights[item] = 0
    return weights


def _squared(x: Array, y: Array, g: Array, h: Array, use: Array) -> Array:
    """Return the squared movement of every level, ``(..., level)``; `use` is 1 for the items that count."""
    means, noise = _means(x, g, h, use)
    return np.asarray((means**2 - noise).mean(axis=-1) / _spread(y, h, use))


def _means(x: Array, g: Array, h: Array, use: Array) -> tuple[Array, Array]:
    """Return mean and sampling variance of every group, ``(..., level, group)``."""
    strata = np.eye(h.max() + 1)[h] * use[:, None]
    n = strata.sum(axis=0)
    mean = x @ strata / n
    variance = np.maximum((x**2) @ strata / n - mean**2, 0) * n / (n - 1)
    of = np.zeros((len(n), g.max() + 1))
    of[h, g] = 1
    share = of / of.sum(axis=0)
    return mean @ share, (variance / n) @ share**2


def _spread(y: Array, h: Array, use: Array) -> float:
    strata = np.eye(h.max() + 1)[h] * use[:, None]
    n = strata.sum(axis=0)
    centre = (y @ strata / n)[h]
    return float((((y - centre) ** 2) * use).sum() / (n - 1).sum())


def _turned(x: Array, y: Array, g: Array, h: Array, seen: float, seed: int) -> float:
    """Return how often a movement is as large when the signs of items are turned, all levels of one alike."""
    means, _ = _means(x, g, h, np.ones(len(y)))
    strata = np.eye(h.max() + 1)[h]
    within = x - (x @ strata / strata.sum(axis=0))[:, h] + means[:, g]
    rng = np.random.default_rng([seed, len(y)])
    signs = rng.choice([-1.0, 1.0], size=(DRAWS, 1, len(y)))
    drawn = _squared(within * signs, y, g, h, np.ones(len(y))).mean(axis=-1)
    return float((1 + (drawn >= seen - 1e-12).sum()) / (1 + DRAWS))


def standing(moved: Movement, level: float = 0.95) -> tuple[Estimate, float]:
    """Return movement as a signed root with its interval, and its one-sided upper bound.

    The variance over levels is added to that over items where three levels or more stand for others;
    degrees of freedom by Satterthwaite.
    """
    variance, df = _with_levels(moved.variance, moved.df, moved.without)
    half = float(stats.t.ppf(0.5 * (1 + level), df)) * np.sqrt(variance)
    above = moved.squared + float(stats.t.ppf(level, df)) * np.sqrt(variance)
    low, middle, high, upper = (
        _root(v) for v in (moved.squared - half, moved.squared, moved.squared + half, above)
    )
    return Estimate(middle, (low, high)), upper


def apart(first: Movement, second: Movement, level: float = 0.95) -> tuple[Estimate, float]:
    """Return the difference of two squared movements under the same levels, with interval, and its p.

    Items of two layers are not the same and add up; levels are, and their differences count.
    """
    variance, df = first.variance + second.variance, first.df
    if variance > 0:
        df = variance**2 / (first.variance**2 / first.df + second.variance**2 / second.df)
    variance, df = _with_levels(variance, df, first.without - second.without)
    estimate, se = first.squared - second.squared, float(np.sqrt(variance))
    half = float(stats.t.ppf(0.5 * (1 + level), df)) * se
    if se == 0:
        return Estimate(estimate, (estimate, estimate)), 1.0 if estimate == 0 else 0.0
    p = float(2 * stats.t.sf(abs(estimate) / se, df))
    return Estimate(estimate, (estimate - half, estimate + half)), p


def _with_levels(variance: float, df: float, without: Array) -> tuple[float, float]:
    n = len(without)
    if n < LEAST_LEVELS:
        return variance, df
    between = float((n - 1) / n * ((without - without.mean()) ** 2).sum())
    total = variance + between
    if total <= 0:
        return 0.0, df
    return total, total**2 / (variance**2 / df + between**2 / (n - 1))


def _root(squared: float) -> float:
    return float(np.sign(squared) * np.sqrt(abs(squared)))


def cell_verdict(moved: Estimate, upper: float, p: float, sensitive: bool) -> CellVerdict:
    """Return what a cell shows; the first rule that fits.

    Parameters
    ----------
    upper
        One-sided 95 % upper bound of the movement.
    p
        After Holm.
    sensitive
        Whether the layer could have been seen to move.
    """
    if p <= ALPHA and moved.estimate >= MARGIN:
        return "moves"
    if not sensitive:
        return "not interpretable"
    return "holds" if upper < MARGIN else "cannot tell"


def pair_verdict(difference: Estimate, p: float, sensitive: bool) -> PairVerdict:
    """Return whether two layers dissociate: they do if Holm's p and the interval say so, and both are seen."""
    low, high = difference.ci
    return "dissociates" if sensitive and p <= ALPHA and (low > 0 or high < 0) else "cannot tell"


def divergence(first: Mapping[str, float], second: Mapping[str, float]) -> float:
    """Return the Jensen-Shannon divergence of two openings in nats, 0 to log 2.

    Parameters
    ----------
    first, second
        log P by token; what neither lists is one outcome more.
    """
    tokens = list(dict.fromkeys((*first, *second)))
    p, q = (_filled(each, tokens) for each in (first, second))
    middle = (p + q) / 2
    return float(0.5 * (special.rel_entr(p, middle).sum() + special.rel_entr(q, middle).sum()))


def _filled(told: Mapping[str, float], tokens: Sequence[str]) -> Array:
    listed = np.exp([told.get(token, -np.inf) for token in tokens])
    return np.append(listed, max(0.0, 1 - listed.sum()))


def likeliest(openings: Sequence[Mapping[str, float]], count: int) -> tuple[str, ...]:
    """Return the tokens with the largest mean probability over openings, likeliest first; ties by text."""
    total: dict[str, float] = {}
    for told in openings:
        for token, logp in told.items():
            total[token] = total.get(token, 0.0) + float(np.exp(logp))
    return tuple(sorted(total, key=lambda token: (-total[token], token))[:count])


def over_items(values: ArrayLike) -> PairedContrast:
    """Return mean, intervals and p of one value an item, ``(item,)``: a contrast of one keying."""
    x = np.asarray(values, float)
    return paired_contrast(x, np.ones(len(x)), flip=False, least=3)


def told(contrast: PairedContrast) -> Estimate:
    """Return a contrast as an estimate with its 95 % interval."""
    low, high = contrast.ci95
    return Estimate(float(contrast.estimate), (float(low), float(high)))


def share_of(part: ArrayLike, whole: ArrayLike, level: float = 0.95) -> RatioFound:
    """Return the ratio of two means over the same items with Fieller's interval.

    Parameters
    ----------
    part, whole
        One value an item, ``(item,)``.
    """
    a, b = np.asarray(part, float), np.asarray(whole, float)
    n = len(a)
    covariance = np.cov(a, b) / n
    t = float(stats.t.ppf(0.5 * (1 + level), n - 1))
    found = fieller(
        float(a.mean()), float(b.mean()), (covariance[0, 0], covariance[0, 1], covariance[1, 1]), t
    )
    nothing = (float("nan"), float("nan"))
    ci = (found.lower, found.upper) if found.shape == "bounded" else nothing
    return RatioFound(found.estimate, ci, found.shape, told(over_items(b)), n)


def log_odds(mass: ArrayLike, least: float) -> Array:
    """Return probabilities as log-odds, none nearer to 0 or 1 than `least`."""
    p = np.clip(np.asarray(mass, float), least, 1 - least)
    return np.asarray(np.log(p) - np.log1p(-p))


