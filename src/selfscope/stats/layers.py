"""How far a layer moves, in one measure for openings, characters and abilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

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
#: Turns of signs, and draws of pivots.
DRAWS, PIVOTS = 1999, 9999
Places = NDArray[np.intp]
ALPHA = 0.05


class Movement(NamedTuple):
    """How far the groups of a layer move.

    Attributes
    ----------
    squared
        Mean over groups and levels of the squared mean change, less what noise between items gives; unbiased,
        and below 0 where noise gives more.
    variance, df
        Of `squared` over items, by the jackknife within strata; degrees of freedom, of `spread` as well.
    without
        `squared` with each level left out in turn, ``(level,)``.
    spread
        Variance between items at the base, within strata: the unit of what is moved.
    p
        One-sided, by turning the signs of items.
    groups
        Mean change of each group over levels, in spreads, ``(group,)``.
    """

    squared: float
    variance: float
    df: float
    without: Array
    spread: float
    p: float
    groups: Array


def movement(
    change: ArrayLike, base: ArrayLike, group: ArrayLike, stratum: ArrayLike, *, seed: int = 0
) -> Movement:
    """How far do the means of groups move, beyond what the spread between items alone would show?

    With m_gk the mean change of group g under level k, strata of a group weighed alike, and v_gk its sampling
    variance over items, the squared movement is ``mean_gk(m_gk² - v_gk)``, and S² the pooled variance of
    `base` within strata is its unit. It knows no direction, so that characters of opposite kinds do not
    cancel.

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
    by_level = _squared(x, g, h, everything)
    left = np.array([_squared(x, g, h, _without(len(y), i)).mean() for i in range(len(y))])
    variance = sum(
        (n - 1) / n * ((left[h == s] - left[h == s].mean()) ** 2).sum() for s, n in enumerate(counts)
    )
    n, whole, spread = len(x), float(by_level.mean()), _spread(y, h)
    return Movement(
        squared=whole,
        variance=float(variance),
        df=float(len(y) - len(counts)),
        without=(by_level.sum() - by_level) / (n - 1) if n > 1 else by_level,
        spread=spread,
        p=_turned(x, g, h, whole, seed),
        groups=_means(x, g, h, everything)[0].mean(axis=0) / np.sqrt(spread),
    )


def _without(n: int, item: int) -> Array:
    weights = np.ones(n)
    weights[item] = 0
    return weights


def _squared(x: Array, g: Places, h: Places, use: Array) -> Array:
    """Return the squared movement of every level, ``(..., level)``; `use` is 1 for the items that count."""
    means, noise = _means(x, g, h, use)
    return np.asarray((means**2 - noise).mean(axis=-1))


def _means(x: Array, g: Places, h: Places, use: Array) -> tuple[Array, Array]:
    """Return mean and sampling variance of every group, ``(..., level, group)``."""
    strata = np.eye(h.max() + 1)[h] * use[:, None]
    n = strata.sum(axis=0)
    mean = x @ strata / n
    variance = np.maximum((x**2) @ strata / n - mean**2, 0) * n / (n - 1)
    of = np.zeros((len(n), g.max() + 1))
    of[h, g] = 1
    share = of / of.sum(axis=0)
    return mean @ share, (variance / n) @ share**2


def _spread(y: Array, h: Places) -> float:
    strata = np.eye(h.max() + 1)[h]
    n = strata.sum(axis=0)
    centre = (y @ strata / n)[h]
    return float(((y - centre) ** 2).sum() / (n - 1).sum())


def _turned(x: Array, g: Places, h: Places, seen: float, seed: int) -> float:
    """Return how often a movement is as large when the signs of items are turned, all levels of one alike.

    Where a group has several strata, what differs between them (negation wording, which is no movement) is
    taken out before, and the spread that this costs is given back: size .03 to .07 for .05, simulated.
    """
    strata = np.eye(h.max() + 1)[h]
    n = strata.sum(axis=0)
    several = np.bincount(g[np.unique(h, return_index=True)[1]])[g] > 1
    centre = (x @ strata / n)[:, h]
    widened = (x - centre) * np.sqrt(n / (n - 1))[h] + _means(x, g, h, np.ones(len(h)))[0][:, g]
    own = np.where(several, widened, x)
    rng = np.random.default_rng([seed, len(h)])
    signs = rng.choice([-1.0, 1.0], size=(DRAWS, 1, len(h)))
    drawn = _squared(own * signs, g, h, np.ones(len(h))).mean(axis=-1)
    return float((1 + (drawn >= seen - 1e-12).sum()) / (1 + DRAWS))


def standing(moved: Movement, *, seed: int = 0) -> tuple[Estimate, float]:
    """Return movement in spreads as a signed root with its 95 % interval, and its one-sided upper bound."""
    drawn = _pivots([moved], seed)[0]
    low, high, upper = (_root(v) for v in np.quantile(drawn, [0.025, 0.975, 0.95]))
    return Estimate(_root(moved.squared / moved.spread), (low, high)), upper


def apart(first: Movement, second: Movement, *, seed: int = 0) -> tuple[Estimate, float]:
    """Return the difference of two squared movements in squared spreads, under the same levels, and its p."""
    one, other = _pivots([first, second], seed)
    estimate = first.squared / first.spread - second.squared / second.spread
    difference = one - other
    low, high = (float(v) for v in np.quantile(difference, [0.025, 0.975]))
    tail = min(int((difference <= 0).sum()), int((difference >= 0).sum()))
    return Estimate(estimate, (low, high)), min(1.0, 2 * (1 + tail) / (1 + PIVOTS))


def _pivots(moved: Sequence[Movement], seed: int) -> Array:
    """Return draws of squared movements in squared spreads, given what was observed, ``(movement, draw)``.

    Generalised pivots (Weerahandi 1993): Student's t over items, added to that over levels where three or
    more stand for others (these are shared by the movements, so their errors go together), over ``S² df/χ²``.
    """
    rng = np.random.default_rng([seed, len(moved), len(moved[0].without)])
    shared = _of_levels(moved, rng)
    items = [m.squared + np.sqrt(m.variance) * rng.standard_t(m.df, PIVOTS) for m in moved]
    units = [m.spread * m.df / rng.chisquare(m.df, PIVOTS) for m in moved]
    return (np.array(items) + shared) / np.array(units)


def _of_levels(moved: Sequence[Movement], rng: np.random.Generator) -> Array:
    """Return draws of what levels add to the error, ``(movement, draw)``; 0 under three of them."""
    without = np.array([m.without for m in moved])
    n = without.shape[1]
    if n < LEAST_LEVELS:
        return np.zeros((len(moved), PIVOTS))
    apart_by = (without - without.mean(axis=1, keepdims=True)) * np.sqrt((n - 1) / n)
    normal = apart_by @ rng.normal(size=(n, PIVOTS))
    return np.asarray(normal / np.sqrt(rng.chisquare(n - 1, PIVOTS) / (n - 1)))


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
    if p <= ALPHA and moved.estimate >= MARGIN and moved.ci[0] > 0:
        return "moves"
    if not sensitive:
        return "not interpretable"
    return "holds" if upper < MARGIN else "cannot tell"


def pair_verdict(difference: Estimate, p: float, sensitive: bool) -> PairVerdict:
    """Return whether two layers dissociate: if Holm's p and the interval say so, and both are seen."""
    low, high = difference.ci
    return "dissociates" if sensitive and p <= ALPHA and (low > 0 or high < 0) else "cannot tell"


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
