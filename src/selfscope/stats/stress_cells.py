"""How numbers of any estimator err, with one unit or another as individual (`measurement.md` §12).

A finding rests on a few numbers that are made of cells, the single values of a table. Each is a function of
how often every cell counts, so that leaving out a level, or drawing levels again, makes it anew by the
estimator of its own instrument. Errors over a unit are those of the jackknife within its strata.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from selfscope.stats.contrast import critical
from selfscope.stats.masked import Array
from selfscope.stats.stress_sides import NOTHING, Codes

#: From how often cells count, ``(draw, cell)``, to the numbers that a finding rests on, ``(draw, number)``.
Numbers = Callable[[Array], Array]
#: Share of draws in which numbers must be there.
MOST_LOST = 0.1
#: Fewest levels of one stratum of several that are drawn from.
LEAST_DRAWN = 5
#: Cells that are left out or drawn at once: bounds memory.
_BLOCK = 2_000_000


@dataclass(frozen=True, eq=False)
class Unit:
    """What one individual may be.

    Attributes
    ----------
    codes
        The level of every cell, ``(cell,)``.
    names
        Of the levels.
    strata
        Within what levels are left out and drawn, ``(level,)``: the group that each lies in by design.
    """

    codes: Codes
    names: tuple[str, ...]
    strata: Codes

    @classmethod
    def of(cls, labels: ArrayLike, strata: ArrayLike | None = None) -> Unit:
        """Return the unit of one label a cell, ``(cell,)``; `strata` is a label a cell as well."""
        names, first, codes = np.unique(np.asarray(labels, str), return_index=True, return_inverse=True)
        within = np.zeros(len(names), np.intp)
        if strata is not None:
            within = np.unique(np.asarray(strata, str)[first], return_inverse=True)[1].astype(np.intp)
        return cls(codes.astype(np.intp), tuple(map(str, names)), within)


@dataclass(frozen=True, eq=False)
class Errors:
    """Numbers and how they err.

    Attributes
    ----------
    values, se, df
        ``(number,)``; NaN where there is none.
    star
        Draws of ``(drawn value - its centre) / se``, ``(draw, number)``; None where Student's t is taken.
    """

    values: Array
    se: Array
    df: float
    star: Array | None = None

    @property
    def known(self) -> bool:
        """Whether every number has an error."""
        return bool(np.isfinite(self.se).all() and np.isfinite(self.values).all() and self.df > 0)

    @property
    def varies(self) -> bool:
        """Whether any number varies."""
        return bool((self.se > NOTHING).any())

    def ci(self, number: int, level: float = 0.95) -> tuple[float, float]:
        """Return the two-sided interval of one number."""
        value, se = float(self.values[number]), float(self.se[number])
        if self.star is None or se <= NOTHING:
            half = float(critical(self.df, level)) * se
            return value - half, value + half
        low, high = np.quantile(self.star[:, number], [0.5 * (1 - level), 0.5 * (1 + level)])
        return value - float(high) * se, value - float(low) * se

    def pivots(self, number: int, draws: int, rng: np.random.Generator) -> Array:
        """Return draws of what one number may truly be, given how it errs, ``(draw,)``."""
        if self.star is None:
            away = rng.standard_t(self.df, draws)
        else:
            away = -rng.choice(self.star[:, number], draws)
        return np.asarray(self.values[number] + self.se[number] * away)

    def p(self, number: int) -> float:
        """Return the two-sided p that one number is 0; 1 where it is 0 and nothing varies."""
        return self.farthest([number], 2)

    def above(self, number: int) -> float:
        """Return the one-sided p that one number is not above 0."""
        two = self.p(number)
        return two / 2 if self.values[number] > 0 else 1 - two / 2

    def farthest(self, numbers: Sequence[int], means: int) -> float:
        """Return the p that none of some differences between so many means is there: Tukey's.

        By t it is that of the studentised range; by draws that of the farthest of all.
        """
        at = list(numbers)
        value, se = np.abs(self.values[at]), self.se[at]
        if (se <= NOTHING).any():
            return 1.0 if (value[se <= NOTHING] <= NOTHING).all() and (se <= NOTHING).all() else 0.0
        t = value / se
        if self.star is not None:
            return float((1 + (np.abs(self.star[:, at]).max(axis=1) >= t.max()).sum()) / (1 + len(self.star)))
        if means == 2:
            return float(2 * stats.t.sf(t.max(), self.df))
        return float(stats.studentized_range.sf(np.sqrt(2) * t.max(), means, self.df))


@dataclass(frozen=True, eq=False)
class Jackknife:
    """Numbers with each level of a unit left out in turn.

    Attributes
    ----------
    unit
        Which; `without` is ``(level, number)``.
    """

    unit: Unit
    whole: Array
    without: Array

    @cached_property
    def _strata(self) -> list[Codes]:
        own = self.unit.strata
        groups = [np.flatnonzero(own == s) for s in range(int(own.max()) + 1)]
        return [g for g in groups if len(g) > 1]

    @cached_property
    def influence(self) -> Array:
        """What each level does to the numbers, ``(level, number)``; 0 for one alone in its stratum."""
        found = np.zeros_like(self.without)
        for own in self._strata:
            found[own] = (len(own) - 1) * (self.without[own].mean(axis=0) - self.without[own])
        return found

    def spread(self, counts: Array) -> Array:
        """Return variances if levels are there so often, ``(draw, level)`` to ``(draw, number)``."""
        total = np.zeros((len(counts), self.whole.shape[-1]))
        for own in self._strata:
            n, moved, often = len(own), self.influence[own], counts[:, own]
            mean = often @ moved / n
            total += np.maximum(often @ moved**2 - n * mean**2, 0) / (n * (n - 1))
        return total

    @property
    def df(self) -> float:
        """Degrees of freedom."""
        return float(sum(len(own) - 1 for own in self._strata))

    def errors(self) -> Errors:
        """Return the errors over the unit."""
        se = np.sqrt(self.spread(np.ones((1, len(self.without))))[0])
        return Errors(self.whole, se if self.df else np.full_like(se, math.nan), self.df)


def jackknife(numbers: Numbers, unit: Unit) -> Jackknife:
    """Return numbers with each level of a unit left out in turn."""
    levels, cells = np.arange(len(unit.names)), len(unit.codes)
    step = max(1, _BLOCK // cells)
    kept = [
        numbers((unit.codes != levels[n : n + step, None]).astype(float)) for n in range(0, len(levels), step)
    ]
    return Jackknife(unit, numbers(np.ones((1, cells)))[0], np.concatenate(kept))


def single(cells: int) -> Unit:
    """Return every cell as an individual of its own."""
    return Unit(np.arange(cells), ("",) * cells, np.zeros(cells, np.intp))


def inside(unit: Unit) -> Unit:
    """Return every cell as an individual, within the levels of a unit: what varies inside them."""
    cells = len(unit.codes)
    return Unit(np.arange(cells), ("",) * cells, unit.codes)


def lies_in(unit: Unit, other: Unit) -> bool:
    """Whether every level of a unit lies in one level of another."""
    return len(_crossed([unit, other]).names) == len(unit.names)


def _crossed(units: Sequence[Unit]) -> Unit:
    """Return the cells of several units as one."""
    both = np.stack([u.codes for u in units], axis=1)
    codes = np.unique(both, axis=0, return_inverse=True)[1].ravel().astype(np.intp)
    levels = int(codes.max()) + 1
    return Unit(codes, ("",) * levels, np.zeros(levels, np.intp))


def together(numbers: Numbers, units: list[Unit]) -> Errors:
    """Return errors with several units random at once.

    Variances add, and that of the cells of all units, which every one of them holds, is taken off all but
    once (Cameron, Gelbach and Miller 2011); never under the largest, degrees of freedom the fewest. A unit
    whose levels lie within those of another adds nothing to it.
    """
    kept: list[Unit] = []
    for n, unit in enumerate(units):
        wider = [o for o in units[:n] + units[n + 1 :] if lies_in(unit, o)]
        if not any(not lies_in(o, unit) or any(o is k for k in kept) for o in wider):
            kept.append(unit)
    each = [jackknife(numbers, unit).errors() for unit in kept]
    if len(each) == 1:
        return each[0]
    cell = jackknife(numbers, _crossed(kept)).errors()
    variances = np.array([e.se**2 for e in each])
    total = variances.sum(axis=0) - (len(each) - 1) * cell.se**2
    se = np.sqrt(np.maximum(total, variances.max(axis=0)))
    return Errors(each[0].values, se, min(e.df for e in each))


def drawn_again(numbers: Numbers, unit: Unit, draws: int, rng: np.random.Generator) -> Errors | None:
    """Return errors by drawing levels again within their strata: the studentised bootstrap.

    Numbers are made anew of what was drawn; their spread in a draw is that of the influence of its levels
    (Davison and Hinkley 1997, 2.7), and draws are held against their own mean, as estimators that take noise
    off are unbiased for tables and not for draws of one. None where a stratum has too few levels to draw
    from, or numbers are missing in too many draws.
    """
    sizes = np.bincount(unit.strata)
    if len(sizes) > 1 and sizes.min() < LEAST_DRAWN:
        return None
    left = jackknife(numbers, unit)
    counts = np.zeros((draws, len(unit.names)))
    for s in range(int(unit.strata.max()) + 1):
        own = np.flatnonzero(unit.strata == s)
        counts[:, own] = rng.multinomial(len(own), np.full(len(own), 1 / len(own)), size=draws)
    step = max(1, _BLOCK // len(unit.codes))
    made = np.concatenate([numbers(counts[n : n + step][:, unit.codes]) for n in range(0, draws, step)])
    there = np.isfinite(made).all(axis=1)
    if there.mean() < 1 - MOST_LOST:
        return None
    made, se = made[there], np.sqrt(left.spread(counts[there]))
    centred = made - made.mean(axis=0)
    star = np.divide(centred, se, out=np.zeros_like(centred), where=se > NOTHING)
    own_errors = left.errors()
    return Errors(own_errors.values, own_errors.se, own_errors.df, star)
