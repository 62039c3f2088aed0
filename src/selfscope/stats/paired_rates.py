"""Two rates of the same units: by how much do they differ, and how surely, where all of them may be 0?

A unit is a life, in which something was done or not in either condition. Of n units, b did it in the first
alone and c in the second alone.

- Difference (b - c)/n, with the interval of Newcombe (1998, Statistics in Medicine 17, 2635, method 10):
  Wilson's limits of both rates, put together with their correlation. It has a width where nothing was ever
  done, where an interval by the spread of differences has none and would make eight silent lives a proof.
- p two-sided by McNemar's test in its exact form: b of b + c by a fair coin.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from selfscope.errors import BadInput


class PairedRates(NamedTuple):
    """Two rates of the same units.

    Attributes
    ----------
    estimate, ci95, ci90
        First rate less the second.
    p
        Exact, two-sided; 1 where no unit differs, NaN without units.
    n, only_first, only_second
        Units, and those that differ.
    """

    estimate: float
    ci95: tuple[float, float]
    ci90: tuple[float, float]
    p: float
    n: int
    only_first: int
    only_second: int


def paired_rates(first: ArrayLike, second: ArrayLike) -> PairedRates:
    """Return how two rates of the same units differ.

    Parameters
    ----------
    first, second
        1 where it was done, 0 where not, ``(unit,)``; a unit with NaN in either is left out.

    Raises
    ------
    BadInput
        If a value is neither, or the two differ in length.
    """
    x, y = np.asarray(first, float), np.asarray(second, float)
    if x.shape != y.shape or not np.isin(np.r_[x, y][np.isfinite(np.r_[x, y])], (0.0, 1.0)).all():
        raise BadInput("a pair of rates has 0 or 1 of every unit twice", got=f"{x.shape}, {y.shape}")
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    n, b, c = len(x), int((x > y).sum()), int((y > x).sum())
    if not n:
        nothing = (math.nan, math.nan)
        return PairedRates(math.nan, nothing, nothing, math.nan, 0, 0, 0)
    return _of_counts(int((x * y).sum()), b, c, n)


@cache
def _of_counts(both: int, b: int, c: int, n: int) -> PairedRates:
    wide, narrow = (_newcombe(both, b, c, n - both - b - c, level) for level in (0.95, 0.90))
    p = min(1.0, 2 * float(special.bdtr(min(b, c), b + c, 0.5))) if b + c else 1.0
    return PairedRates((b - c) / n, wide, narrow, p, n, b, c)


def _newcombe(a: int, b: int, c: int, d: int, level: float) -> tuple[float, float]:
    """Return the limits of (b - c)/n of the table a (both), b, c, d (neither)."""
    n = a + b + c + d
    z = float(special.ndtri(0.5 + level / 2))
    p1, p2 = (a + b) / n, (a + c) / n
    (l1, u1), (l2, u2) = (_wilson(p, n, z) for p in (p1, p2))
    phi = _phi(a, b, c, d)
    low = math.sqrt(max((p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2, 0.0))
    high = math.sqrt(max((u1 - p1) ** 2 - 2 * phi * (u1 - p1) * (p2 - l2) + (p2 - l2) ** 2, 0.0))
    return p1 - p2 - low, p1 - p2 + high


def _phi(a: int, b: int, c: int, d: int) -> float:
    """Return the correlation, its positive numerator less half n, as Newcombe has it; 0 without spread."""
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    if not margins:
        return 0.0
    above = a * d - b * c
    if above > 0:
        above = max(above - (a + b + c + d) / 2, 0)  # type: ignore[assignment]
    return above / math.sqrt(margins)


def _wilson(p: float, n: int, z: float) -> tuple[float, float]:
    centre, half = p + z**2 / (2 * n), z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return (centre - half) / (1 + z**2 / n), (centre + half) / (1 + z**2 / n)


def lower_bound(done: int, of: int) -> float:
    """Return the one-sided 95 % bound of Clopper and Pearson below a share; 0 where nothing was done."""
    return float(stats.beta.ppf(0.05, done, of - done + 1)) if done else 0.0
