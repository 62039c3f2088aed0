"""Two channels on one dimension of one identity: do they differ by more than chance, in one unit?

Channels have different scales (log-odds of agreeing, log-probabilities of saying, shares of answers). They
are brought to one unit before they are compared: a shift over the smallest effect of interest of its own
channel. That effect is fixed before data are seen and is the same step on every scale (odds × 1.65 on a
statement, 10 points of answers), so 2 in one channel and 2 in another are both twice what matters. The spread
over a panel's characters is no such unit: it is estimated, differs from model to model, and is smallest where
a channel is blind, so that dividing by it makes noise large.

The difference of two independent estimates has an interval from their own two intervals (MOVER, Zou and
Donner 2008): L = a - b - √((a - l_a)² + (u_b - b)²), and its like above. It needs no standard errors and
keeps the skewness of either interval. p is that level at which the interval just touches 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from selfscope.stats.masked import Array, Mask, ratio
from selfscope.stats.multiplicity import holm

ALPHA = 0.05
#: Standard units that a difference, or both shifts, must reach to be called anything.
LEAST_UNITS = 1.0
_HALVINGS = 60


class Difference(NamedTuple):
    """First minus second, arrays ``(...)``; `ci95` ``(..., 2)``; p two-sided, NaN where none can be had."""

    estimate: Array
    ci95: Array
    p: Array


def difference(
    first: ArrayLike,
    first_ci: ArrayLike,
    first_df: ArrayLike,
    second: ArrayLike,
    second_ci: ArrayLike,
    second_df: ArrayLike,
    *,
    shared: ArrayLike = False,
) -> Difference:
    """By how much do two estimates differ, given the 95 % interval of each?

    Parameters
    ----------
    first, second
        Estimates in one unit, shape ``(...)``.
    first_ci, second_ci
        Their 95 % intervals, ``(..., 2)``, each around its estimate.
    first_df, second_df
        Degrees of freedom behind each interval: how it widens at another level. Infinite for a normal one.
    shared
        Where both rest on the same statements their errors may be correlated in any way: distances are then
        added as they are, which covers whatever the correlation is (Cauchy and Schwarz).

    Returns
    -------
    p is found by halving: it is the level at which the interval ends at 0.
    """
    a, b = np.broadcast_arrays(np.asarray(first, float), np.asarray(second, float))
    ci = (np.asarray(first_ci, float), np.asarray(second_ci, float))
    df = [np.broadcast_to(np.asarray(d, float), a.shape) for d in (first_df, second_df)]
    add = np.broadcast_to(np.asarray(shared, bool), a.shape)
    down = (a - ci[0][..., 0], ci[1][..., 1] - b)
    up = (ci[0][..., 1] - a, b - ci[1][..., 0])
    d = a - b
    ci95 = np.stack([d - _join(*down, add), d + _join(*up, add)], axis=-1)
    toward = [np.where(d > 0, x, y) for x, y in zip(down, up, strict=True)]
    return Difference(d, ci95, _touching(np.abs(d), toward, df, add))


def _join(one: Array, other: Array, add: Array) -> Array:
    """Return the distance from a difference to its bound, from those of its two parts."""
    return np.where(add, one + other, np.hypot(one, other))


def _touching(size: Array, half: list[Array], df: list[Array], add: Array) -> Array:
    """Return the level at which an interval reaches from `size` to 0; half widths are those of 95 %."""
    low, high = np.full(size.shape, -300.0), np.zeros(size.shape)
    usual = [_critical(d, ALPHA) for d in df]
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        wide = [h * ratio(_critical(d, 10.0**middle), c) for h, d, c in zip(half, df, usual, strict=True)]
        outside = _join(wide[0], wide[1], add) < size
        low, high = np.where(outside, low, middle), np.where(outside, middle, high)
    usable = np.isfinite(size) & np.isfinite(_join(half[0], half[1], add))
    return np.where(usable, 10.0**high, np.nan)


def _critical(df: Array, alpha: Array | float) -> Array:
    """Return the two-sided critical t at level alpha; the normal one for infinite df."""
    known = np.isfinite(df)
    t = -special.stdtrit(np.where(known, df, 1.0), np.asarray(alpha) / 2)
    return np.where(known, t, -special.ndtri(np.asarray(alpha) / 2))


class Judged(NamedTuple):
    """What is said of pairs of channels, arrays ``(pair,)``.

    Attributes
    ----------
    p_apart, p_together
        After Holm over all pairs that count; NaN elsewhere.
    apart, together
        Whether the difference, or the common move, is shown.
    """

    p_apart: Array
    p_together: Array
    apart: Mask
    together: Mask


def judge_pairs(
    found: Difference,
    first: ArrayLike,
    second: ArrayLike,
    p_first: ArrayLike,
    p_second: ArrayLike,
    use: ArrayLike,
) -> Judged:
    """Which channels come apart, and which move together, over all pairs and dimensions of a study?

    Apart: p of the difference by Holm at most .05, and a difference of one unit or more. Together: both moved
    the same way (intersection-union: the larger p counts, 1 if signs differ), by Holm as well, each by one
    unit or more. Both can hold: the same way, by different amounts.

    Parameters
    ----------
    first, second
        Estimates in standard units, ``(pair,)``.
    p_first, p_second
        Of each alone.
    use
        Pairs that count: the others are in no family.
    """
    a, b = np.asarray(first, float), np.asarray(second, float)
    inside = np.asarray(use, bool)
    both = np.where(
        np.sign(a) == np.sign(b), np.fmax(np.asarray(p_first, float), np.asarray(p_second, float)), 1.0
    )
    p_apart = holm(np.where(inside, found.p, np.nan))
    p_together = holm(np.where(inside, both, np.nan))
    apart = (p_apart <= ALPHA) & (np.abs(found.estimate) >= LEAST_UNITS)
    together = (p_together <= ALPHA) & (np.minimum(np.abs(a), np.abs(b)) >= LEAST_UNITS)
    return Judged(p_apart, p_together, apart, together)
