"""A difference of two sides, re-tested for each thing that one individual may be (`measurement.md` §12)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from selfscope.stats.contrast import critical
from selfscope.stats.masked import Array, Mask
from selfscope.stats.variance_design import kind_of
from selfscope.values.stress import Assumed, Category, Manner, Outcome

Codes = NDArray[np.intp]
DRAWS = 999
#: Units that repeat something: random from 3 levels.
REPEATED = ("thread", "regeneration")
_NOTHING = 1e-12


class Difference(NamedTuple):
    """A difference with its standard error and degrees of freedom; NaN where there is none."""

    estimate: float
    se: float
    df: float

    @property
    def p(self) -> float:
        """Two-sided; 1 where nothing differs and nothing varies."""
        if not math.isfinite(self.se):
            return math.nan
        if self.se < _NOTHING:
            return 1.0 if abs(self.estimate) < _NOTHING else 0.0
        return float(2 * special.stdtr(self.df, -abs(self.estimate) / self.se))

    def ci(self, level: float = 0.95) -> tuple[float, float]:
        """Return the t interval."""
        half = float(critical(self.df, level)) * self.se
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
    """

    value: Array
    first: Mask
    units: Mapping[str, Codes]
    names: Mapping[str, Sequence[str]]
    cluster: str

    def only(self, keep: Mask) -> Sides:
        """Return some of the rows."""
        units = {u: c[keep] for u, c in self.units.items()}
        return Sides(self.value[keep], self.first[keep], units, self.names, self.cluster)


@dataclass(frozen=True)
class Rule:
    """When a difference is called what.

    Attributes
    ----------
    sesoi
        The smallest effect of interest, in the value's unit.
    alpha
        Of tests.
    factor
        What correction for a family multiplies p by.
    """

    sesoi: float
    alpha: float = 0.05
    factor: float = 1.0

    def category(self, t: Difference) -> Category:
        """Return what a difference says."""
        low, high = t.ci(1 - 2 * self.alpha)
        return self.called(t.estimate, t.p, (low, high))

    def called(self, estimate: float, p: float, ci90: tuple[float, float]) -> Category:
        """Return the same from a p and a 90 % interval."""
        if p * self.factor <= self.alpha and abs(estimate) >= self.sesoi:
            return "shifted +" if estimate > 0 else "shifted -"
        return "equivalent" if -self.sesoi < ci90[0] and ci90[1] < self.sesoi else "none"


def outcome_of(before: Category, estimate: float, after: Category, found: float) -> Outcome:
    """Return what became of a finding: a new category flips it, under half of the estimate shrinks it."""
    if after != before:
        return "flipped"
    return "shrunk" if before.startswith("shifted") and abs(found) < abs(estimate) / 2 else "stands"


def own_test(sides: Sides) -> Difference:
    """Return the finding's own test: clustered by its unit, else pooled."""
    return clustered(sides, sides.cluster) if sides.cluster else pooled(sides)


def pooled(sides: Sides) -> Difference:
    """Every value an individual: Welch's t."""
    return _welch(sides.value[sides.first], sides.value[~sides.first])


def clustered(sides: Sides, unit: str) -> Difference:
    """Each level of a unit an individual, all counting alike.

    Levels on both sides are compared with themselves; levels on one side each give a mean (Welch).
    """
    first, second = _means(sides, unit)
    both = np.isfinite(first) & np.isfinite(second)
    if both.any():
        return _mean_test(first[both] - second[both])
    return _welch(first[np.isfinite(first)], second[np.isfinite(second)])


def levels(sides: Sides, unit: str) -> int:
    """Return how many levels a unit can be clustered by: those on both sides, or the fewer on one."""
    first, second = (np.isfinite(m) for m in _means(sides, unit))
    return int((first & second).sum() or min(first.sum(), second.sum()))


def _means(sides: Sides, unit: str) -> tuple[Array, Array]:
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


def stress(sides: Sides, rule: Rule, *, draws: int = DRAWS, seed: int = 0) -> Iterator[Assumed]:
    """Yield the difference under each assumption.

    Pooled; for every unit clustered, resampled, left out level by level, fixed, random; no self. A unit
    under the levels of §11 is not estimable, which is a result.
    """
    own = own_test(sides)
    before = rule.category(own)
    rng = np.random.default_rng([seed, draws])
    yield _assumed("pooled", "", pooled(sides), rule, own, before, len(sides.value))
    for unit in sides.units:
        n = levels(sides, unit)
        kind = kind_of(n, unit in REPEATED)
        for manner, test in (("clustered", clustered), ("random", random)):
            if kind == "random":
                yield _assumed(manner, unit, test(sides, unit), rule, own, before, n)  # type: ignore[arg-type]
            else:
                yield _few(manner, unit, n)  # type: ignore[arg-type]
        yield (
            _resampled(sides, unit, n, rule, own, before, draws, rng)
            if kind == "random"
            else _few("resampled", unit, n)
        )
        yield _fixed(sides, unit, n, rule, own, before)
        yield _left_out(sides, unit, rule, own, before)
    yield _no_self(sides, rule, own, before, draws, rng)


def _assumed(
    manner: Manner, unit: str, t: Difference, rule: Rule, own: Difference, before: Category, n: int
) -> Assumed:
    if not math.isfinite(t.se):
        return Assumed(manner, unit, levels=n, why="nothing varies within it")
    after = rule.category(t)
    outcome = outcome_of(before, own.estimate, after, t.estimate)
    return Assumed(manner, unit, t.estimate, t.ci(), min(1.0, t.p * rule.factor), after, outcome, n)


def _few(manner: Manner, unit: str, n: int) -> Assumed:
    return Assumed(manner, unit, levels=n, why=f"too few levels: {n}")


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


def _crossed(sides: Sides, unit: str) -> Sides:
    """Return the same rows with the cells of a unit and the finding's own as the unit ``cell``."""
    both = sides.units[unit] * len(sides.names[sides.cluster]) + sides.units[sides.cluster]
    known, codes = np.unique(both, return_inverse=True)
    return Sides(sides.value, sides.first, {"cell": codes}, {"cell": [""] * len(known)}, "cell")


def _fixed(sides: Sides, unit: str, n: int, rule: Rule, own: Difference, before: Category) -> Assumed:
    """Only these levels are spoken of: what varies is what is inside them."""
    if n < 2:
        return _few("fixed", unit, n)
    if unit != sides.cluster and sides.cluster:
        return _assumed("fixed", unit, own, rule, own, before, n)
    return _assumed("fixed", unit, within(sides, unit), rule, own, before, n)


def within(sides: Sides, unit: str) -> Difference:
    """Return the test whose error is only what varies within the levels of a unit, on either side."""
    first, second = _means(sides, unit)
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


def _resampled(
    sides: Sides, unit: str, n: int, rule: Rule, own: Difference, before: Category, draws: int,
    rng: np.random.Generator,
) -> Assumed:  # fmt: skip
    """Levels drawn again with replacement: the studentised bootstrap."""
    first, second = _means(sides, unit)
    both = np.isfinite(first) & np.isfinite(second)
    parts = [first[both] - second[both]] if both.any() else [m[np.isfinite(m)] for m in (first, second)]
    t = clustered(sides, unit)
    if not t.se > _NOTHING:
        return Assumed("resampled", unit, levels=n, why="nothing varies between its levels")
    drawn = [x[rng.integers(len(x), size=(draws, len(x)))] for x in parts]
    centre = drawn[0].mean(axis=1) - (drawn[1].mean(axis=1) if len(drawn) > 1 else 0.0)
    se = np.sqrt(sum(x.var(axis=1, ddof=1) / x.shape[1] for x in drawn))
    star = (centre - t.estimate)[se > _NOTHING] / se[se > _NOTHING]
    low, q05, q95, high = np.quantile(star, [0.025, rule.alpha, 1 - rule.alpha, 0.975])
    p = float((1 + (np.abs(star) >= abs(t.estimate) / t.se).sum()) / (1 + len(star)))
    ci = (t.estimate - float(high) * t.se, t.estimate - float(low) * t.se)
    around = (t.estimate - float(q95) * t.se, t.estimate - float(q05) * t.se)
    after = rule.called(t.estimate, p, around)
    outcome = outcome_of(before, own.estimate, after, t.estimate)
    return Assumed("resampled", unit, t.estimate, ci, min(1.0, p * rule.factor), after, outcome, n)


def _left_out(sides: Sides, unit: str, rule: Rule, own: Difference, before: Category) -> Assumed:
    """Every level left out in turn; the one that is worst for the finding is told."""
    codes, names = sides.units[unit], sides.names[unit]
    there = [int(c) for c in np.unique(codes)]
    tried = []
    for c in there if len(there) > 1 else []:
        t = own_test(sides.only(codes != c))
        if math.isfinite(t.se):
            after = rule.category(t)
            tried.append(
                (outcome_of(before, own.estimate, after, t.estimate), abs(t.estimate), names[c], t, after)
            )
    if not tried:
        return _few("left out", unit, len(there))
    order: list[Outcome] = ["flipped", "shrunk", "stands"]
    far = {o: n for n, o in enumerate(order)}
    outcome, _, worst, t, after = min(tried, key=lambda x: (far[x[0]], x[1]))
    p = min(1.0, t.p * rule.factor)
    return Assumed("left out", unit, t.estimate, t.ci(), p, after, outcome, len(there), worst)


def _no_self(
    sides: Sides, rule: Rule, own: Difference, before: Category, draws: int, rng: np.random.Generator
) -> Assumed:
    """Nobody is anyone: labels of the sides exchanged among all values of a statement (of the own unit)."""
    stratum = sides.units[sides.cluster] if sides.cluster else np.zeros(len(sides.value), np.intp)
    order = np.argsort(stratum, kind="stable")
    value, first, stratum = sides.value[order], sides.first[order], stratum[order]
    ways = _log_ways(first, stratum)
    least = max(math.exp(-ways), 1 / (draws + 1))
    if least > rule.alpha:
        return Assumed(
            "no self",
            "",
            levels=len(value),
            why=f"labels can be exchanged in too few ways (least p {least:.2f})",
        )
    observed = _difference(value, first[None], stratum)[0]
    keys = stratum + rng.random((draws, len(value)))
    moved = first[np.argsort(keys, axis=1, kind="stable")]
    null = _difference(value, moved, stratum)
    p = max(float((1 + (np.abs(null) >= abs(observed) * (1 - 1e-9)).sum()) / (1 + draws)), least)
    after = rule.called(own.estimate, p, (-math.inf, math.inf))
    outcome = (
        "stands"
        if before in ("none", "equivalent") and after == "none"
        else outcome_of(before, own.estimate, after, own.estimate)
    )
    return Assumed(
        "no self",
        "",
        own.estimate,
        p=min(1.0, p * rule.factor),
        verdict=after,
        outcome=outcome,
        levels=len(value),
    )


def _difference(value: Array, first: Mask, stratum: Codes) -> Array:
    """Return the mean over strata of the difference of the sides' means, ``(draw,)``."""
    starts = np.flatnonzero(np.diff(stratum, prepend=stratum[0] - 1))
    sums = [np.add.reduceat(np.where(side, value, 0.0), starts, axis=1) for side in (first, ~first)]
    counts = [np.add.reduceat(side.astype(float), starts, axis=1) for side in (first, ~first)]
    both = (counts[0] > 0) & (counts[1] > 0)
    means = [s / np.where(c > 0, c, 1) for s, c in zip(sums, counts, strict=True)]
    return np.asarray(np.where(both, means[0] - means[1], 0.0).sum(axis=1) / np.maximum(both.sum(axis=1), 1))


def _log_ways(first: Mask, stratum: Codes) -> float:
    """Return the log of how many ways labels can be exchanged within strata."""
    total = 0.0
    for s in np.unique(stratum):
        n, k = int((stratum == s).sum()), int(first[stratum == s].sum())
        total += float(special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1))
    return total
