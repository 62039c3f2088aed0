"""Two sides of a difference, and its tests with one unit or another as individual (`measurement.md` §12)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from selfscope.stats.contrast import critical, paired_contrast
from selfscope.stats.masked import Array, Mask

Codes = NDArray[np.intp]
NOTHING = 1e-12
"""A standard error below this is none."""


class Difference(NamedTuple):
    """A difference with its standard error and degrees of freedom; NaN where there is none.

    Attributes
    ----------
    second
        p of a second test of the same, which must pass too: a sign-flip; NaN where it has too few levels.
    texts
        Standard error and degrees of freedom of a test over texts, which must pass too.
    """

    estimate: float
    se: float
    df: float
    second: float = 0.0
    texts: tuple[float, float] | None = None

    @property
    def p(self) -> float:
        """Two-sided, the largest of its tests; 1 where nothing differs and nothing varies."""
        told = [self._by_t(self.se, self.df), self.second]
        if self.texts is not None:
            told.append(self._by_t(*self.texts))
        return math.nan if any(map(math.isnan, told)) else max(told)

    def _by_t(self, se: float, df: float) -> float:
        if not math.isfinite(se):
            return math.nan
        if se < NOTHING:
            return 1.0 if abs(self.estimate) < NOTHING else 0.0
        if math.isinf(df):
            return float(2 * special.ndtr(-abs(self.estimate) / se))
        return float(2 * special.stdtr(df, -abs(self.estimate) / se))

    def ci(self, level: float = 0.95) -> tuple[float, float]:
        """Return the t interval, the wider one of two."""
        both = ((self.se, self.df), self.texts or (0.0, 1.0))
        half = max(float(critical(df, level)) * se for se, df in both)
        return self.estimate - half, self.estimate + half


@dataclass(frozen=True)
class Sides:
    """Values of two sides, with the unit that each belongs to.

    Attributes
    ----------
    value
        ``(row,)``.
    first
        Whether a row is of the first side, ``(row,)``.
    units
        Codes from 0 by unit, ``(row,)`` each, and the names of the levels.
    cluster
        The unit that the finding's own test clusters by; empty for none.
    keyed
        Keying of each row's statement, ``(row,)``, where the finding's own test is that of a run: a half sum
        of keyings with a sign-flip. None: plain t over the levels of `cluster`.
    texts
        Of such a finding, standard error and degrees of freedom of its own test over control texts.
    """

    value: Array
    first: Mask
    units: Mapping[str, Codes]
    names: Mapping[str, Sequence[str]]
    cluster: str
    keyed: Array | None = None
    texts: tuple[float, float] | None = None

    def only(self, keep: Mask) -> Sides:
        """Return some of the rows."""
        units = {u: c[keep] for u, c in self.units.items()}
        keyed = None if self.keyed is None else self.keyed[keep]
        return replace(self, value=self.value[keep], first=self.first[keep], units=units, keyed=keyed)


def own_test(sides: Sides) -> Difference:
    """Return the finding's own test: that of its run, else clustered by its unit, else pooled."""
    if sides.keyed is not None:
        return _as_in_the_run(sides, sides.keyed)
    return clustered(sides, sides.cluster) if sides.cluster else pooled(sides)


def _as_in_the_run(sides: Sides, keyed: Array) -> Difference:
    """Return the test by which a run decides: t and sign-flip over statements, both keyings counting alike.

    The larger p, and with several control texts also that over texts (measurement.md §4, §5).
    """
    first, second = level_means(sides, sides.cluster)
    signs = np.zeros(len(first))
    signs[sides.units[sides.cluster]] = keyed
    found = paired_contrast(first - second, signs)
    estimate, se, df, p = (float(x) for x in (found.estimate, found.se, found.df, found.p))
    return Difference(estimate, se, df, p, sides.texts)


def pooled(sides: Sides) -> Difference:
    """Every value an individual: Welch's t."""
    return _welch(sides.value[sides.first], sides.value[~sides.first])


def clustered(sides: Sides, unit: str) -> Difference:
    """Each level of a unit an individual, all counting alike.

    Levels on both sides are compared with themselves; levels on one side each give a mean (Welch). By the
    finding's own unit it is the finding's own test.
    """
    if unit == sides.cluster and sides.keyed is not None:
        return _as_in_the_run(sides, sides.keyed)
    first, second = level_means(sides, unit)
    both = np.isfinite(first) & np.isfinite(second)
    if both.any():
        return _mean_test(first[both] - second[both])
    return _welch(first[np.isfinite(first)], second[np.isfinite(second)])


def levels(sides: Sides, unit: str) -> int:
    """Return how many levels a unit can be clustered by: those on both sides, or the fewer on one."""
    first, second = (np.isfinite(m) for m in level_means(sides, unit))
    return int((first & second).sum() or min(first.sum(), second.sum()))


def random(sides: Sides, unit: str) -> Difference:
    """Return the test with a unit random beside the finding's own: two-way clusters.

    Variances by either unit add, that of their cells is taken off (Cameron, Gelbach and Miller 2011); not
    under the larger of the two, degrees of freedom of the fewer levels.
    """
    one = clustered(sides, unit)
    if not sides.cluster or unit == sides.cluster:
        return one
    other = clustered(sides, sides.cluster)
    cell = clustered(_crossed(sides, unit), "cell")
    spread = one.se**2 + other.se**2 - (cell.se**2 if math.isfinite(cell.se) else 0.0)
    se = math.sqrt(max(spread, one.se**2, other.se**2))
    return Difference(other.estimate, se, min(one.df, other.df))


def within(sides: Sides, unit: str) -> Difference:
    """Return the test whose error is only what varies within the levels of a unit, on either side."""
    first, second = level_means(sides, unit)
    both = np.isfinite(first) & np.isfinite(second)
    use = both if both.any() else np.isfinite(first) | np.isfinite(second)
    sizes = [both.sum(), both.sum()] if both.any() else [np.isfinite(first).sum(), np.isfinite(second).sum()]
    variance, df = 0.0, 0
    for here, means, size in ((sides.first, first, sizes[0]), (~sides.first, second, sizes[1])):
        codes = sides.units[unit][here]
        count = np.bincount(codes, minlength=len(means))
        squares = np.bincount(codes, weights=(sides.value[here] - means[codes]) ** 2, minlength=len(means))
        there = use & (count > 1)
        variance += float((squares[there] / (count[there] - 1) / count[there]).sum() / size**2)
        df += int((count[there] - 1).sum())
    estimate = clustered(sides, unit).estimate
    return Difference(estimate, math.sqrt(variance) if df else math.nan, float(df))


def _crossed(sides: Sides, unit: str) -> Sides:
    """Return the same rows with the cells of a unit and the finding's own as the unit ``cell``."""
    both = sides.units[unit] * len(sides.names[sides.cluster]) + sides.units[sides.cluster]
    known, codes = np.unique(both, return_inverse=True)
    names = {"cell": [""] * len(known)}
    return Sides(sides.value, sides.first, {"cell": codes}, names, "cell")


def level_means(sides: Sides, unit: str) -> tuple[Array, Array]:
    """Return the mean of every level on each side; NaN where it has no value."""
    codes, n = sides.units[unit], len(sides.names[unit])
    found = []
    for here in (sides.first, ~sides.first):
        count = np.bincount(codes[here], minlength=n)
        total = np.bincount(codes[here], weights=sides.value[here], minlength=n)
        found.append(np.where(count > 0, total / np.maximum(count, 1), np.nan))
    return found[0], found[1]


def _mean_test(x: Array) -> Difference:
    n = len(x)
    se = float(x.std(ddof=1) / np.sqrt(n)) if n > 1 else math.nan
    return Difference(float(x.mean()), se, n - 1.0)


def _welch(a: Array, b: Array) -> Difference:
    if len(a) < 2 or len(b) < 2:
        return Difference(float(a.mean() - b.mean()) if len(a) and len(b) else math.nan, math.nan, math.nan)
    va, vb = a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)
    df = (va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1)) if va + vb > 0 else 1.0
    return Difference(float(a.mean() - b.mean()), float(np.sqrt(va + vb)), float(df))
