"""A difference of two sides, re-tested for each thing that one individual may be (`measurement.md` §12)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from selfscope.stats.masked import Array, Mask
from selfscope.stats.multiplicity import benjamini_hochberg, holm
from selfscope.stats.stress_sides import (
    NOTHING,
    Codes,
    Difference,
    Sides,
    clustered,
    level_means,
    levels,
    own_test,
    pooled,
    random,
    within,
)
from selfscope.stats.variance_design import REPEATED, kind_of
from selfscope.values.stress import Assumed, Category, Manner, Outcome

DRAWS = 999
#: The unit of how a statement was asked: labels are exchanged within it (§12).
FORM = "form"


@dataclass(frozen=True)
class Rule:
    """When a difference is called what.

    Attributes
    ----------
    sesoi
        The smallest effect of interest, in the value's unit.
    alpha
        Of tests.
    family
        p of the other findings of its family, as they are.
    correction
        How p is corrected in that family.
    may_shift, may_equal
        False where something keeps a finding from being called shifted, or equivalent, whatever one
        individual is: answers that are only firmer, keyings that disagree, a bias, a check that is not there.
    """

    sesoi: float
    alpha: float = 0.05
    family: tuple[float, ...] = ()
    correction: Literal["holm", "bh"] = "holm"
    may_shift: bool = True
    may_equal: bool = True

    def category(self, t: Difference) -> Category:
        """Return what a difference says."""
        low, high = t.ci(1 - 2 * self.alpha)
        return self.called(t.estimate, t.p, (low, high))

    def adjusted(self, p: float) -> float:
        """Return a p after correction, the others of its family being as they are."""
        correct = holm if self.correction == "holm" else benjamini_hochberg
        return float(correct([p, *self.family])[0])

    def reachable(self, least: float) -> bool:
        """Whether a test whose p is at least so much could call anything shifted in this family."""
        return least * (1 + len(self.family)) <= self.alpha

    def called(self, estimate: float, p: float, ci90: tuple[float, float]) -> Category:
        """Return the same from a p and a 90 % interval."""
        if self.may_shift and self.adjusted(p) <= self.alpha and abs(estimate) >= self.sesoi:
            return "shifted +" if estimate > 0 else "shifted -"
        inside = -self.sesoi < ci90[0] and ci90[1] < self.sesoi
        return "equivalent" if self.may_equal and inside else "none"


def outcome_of(before: Category, estimate: float, after: Category, found: float) -> Outcome:
    """Return what became of a finding: a new category flips it, under half of the estimate shrinks it."""
    if after != before:
        return "flipped"
    return "shrunk" if before.startswith("shifted") and abs(found) < abs(estimate) / 2 else "stands"


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
    if math.isnan(t.p):
        return Assumed(manner, unit, levels=n, why=f"too few levels for a test: {n}")
    after = rule.category(t)
    outcome = outcome_of(before, own.estimate, after, t.estimate)
    return Assumed(manner, unit, t.estimate, t.ci(), rule.adjusted(t.p), after, outcome, n)


def _few(manner: Manner, unit: str, n: int) -> Assumed:
    return Assumed(manner, unit, levels=n, why=f"too few levels: {n}")


def _fixed(sides: Sides, unit: str, n: int, rule: Rule, own: Difference, before: Category) -> Assumed:
    """Only these levels are spoken of: what varies is what is inside them."""
    if n < 2:
        return _few("fixed", unit, n)
    if unit != sides.cluster and sides.cluster:
        return _assumed("fixed", unit, own, rule, own, before, n)
    return _assumed("fixed", unit, within(sides, unit), rule, own, before, n)


def _resampled(
    sides: Sides, unit: str, n: int, rule: Rule, own: Difference, before: Category, draws: int,
    rng: np.random.Generator,
) -> Assumed:  # fmt: skip
    """Levels drawn again with replacement: the studentised bootstrap."""
    first, second = level_means(sides, unit)
    both = np.isfinite(first) & np.isfinite(second)
    parts = [first[both] - second[both]] if both.any() else [m[np.isfinite(m)] for m in (first, second)]
    t = clustered(sides, unit)
    if not t.se > NOTHING:
        return Assumed("resampled", unit, levels=n, why="nothing varies between its levels")
    if not rule.reachable(1 / (1 + draws)):
        return Assumed(
            "resampled", unit, levels=n, why=f"too few draws for a family: least p {1 / (1 + draws):.3f}"
        )
    drawn = [x[rng.integers(len(x), size=(draws, len(x)))] for x in parts]
    centre = drawn[0].mean(axis=1) - (drawn[1].mean(axis=1) if len(drawn) > 1 else 0.0)
    se = np.sqrt(sum(x.var(axis=1, ddof=1) / x.shape[1] for x in drawn))
    star = (centre - t.estimate)[se > NOTHING] / se[se > NOTHING]
    low, q05, q95, high = np.quantile(star, [0.025, rule.alpha, 1 - rule.alpha, 0.975])
    p = float((1 + (np.abs(star) >= abs(t.estimate) / t.se).sum()) / (1 + len(star)))
    ci = (t.estimate - float(high) * t.se, t.estimate - float(low) * t.se)
    around = (t.estimate - float(q95) * t.se, t.estimate - float(q05) * t.se)
    after = rule.called(t.estimate, p, around)
    outcome = outcome_of(before, own.estimate, after, t.estimate)
    return Assumed("resampled", unit, t.estimate, ci, rule.adjusted(p), after, outcome, n)


def _left_out(sides: Sides, unit: str, rule: Rule, own: Difference, before: Category) -> Assumed:
    """Every level left out in turn; the one that is worst for the finding is told, and all that it needs."""
    codes, names = sides.units[unit], sides.names[unit]
    there = [int(c) for c in np.unique(codes)]
    tried = []
    for c in there if len(there) > 1 else []:
        t = own_test(sides.only(codes != c))
        if math.isfinite(t.se) and not math.isnan(t.p):
            after = rule.category(t)
            tried.append(
                (outcome_of(before, own.estimate, after, t.estimate), abs(t.estimate), names[c], t, after)
            )
    if not tried:
        few = len(there) < 2
        why = f"too few levels: {len(there)}" if few else f"too few levels for a test: {len(there) - 1}"
        return Assumed("left out", unit, levels=len(there), why=why)
    order: list[Outcome] = ["flipped", "shrunk", "stands"]
    far = {o: n for n, o in enumerate(order)}
    outcome, _, worst, t, after = min(tried, key=lambda x: (far[x[0]], x[1]))
    p = rule.adjusted(t.p)
    lost = tuple(x[2] for x in tried if x[0] != "stands")
    return Assumed("left out", unit, t.estimate, t.ci(), p, after, outcome, len(there), worst, lost)


def _no_self(
    sides: Sides, rule: Rule, own: Difference, before: Category, draws: int, rng: np.random.Generator
) -> Assumed:
    """Nobody is anyone: labels of the sides exchanged among all values of a statement in one form.

    Where every level of the own unit lies on one side, the levels themselves are exchanged, as wholes.
    """
    value, first, stratum = _exchanged(sides)
    order = np.argsort(stratum, kind="stable")
    value, first, stratum = value[order], first[order], stratum[order]
    ways = _log_ways(first, stratum)
    least = max(math.exp(-ways), 1 / (draws + 1))
    if not rule.reachable(least):
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
        p=rule.adjusted(p),
        verdict=after,
        outcome=outcome,
        levels=len(value),
    )


def _exchanged(sides: Sides) -> tuple[Array, Mask, Codes]:
    """Return what is exchanged, which side it is of, and within what: values, or means of whole levels."""
    if not sides.cluster:
        return sides.value, sides.first, _strata(sides)
    sides_of = level_means(sides, sides.cluster)
    there = [np.isfinite(m) for m in sides_of]
    if (there[0] & there[1]).any():
        return sides.value, sides.first, _strata(sides)
    value = np.concatenate([m[t] for m, t in zip(sides_of, there, strict=True)])
    return value, np.arange(len(value)) < there[0].sum(), np.zeros(len(value), np.intp)


def _strata(sides: Sides) -> Codes:
    """Return within what labels are exchanged: levels of the own unit, in each form if forms are known."""
    within = [sides.units[u] for u in (sides.cluster, FORM) if u in sides.units]
    if not within:
        return np.zeros(len(sides.value), np.intp)
    return np.asarray(np.unique(np.stack(within, axis=1), axis=0, return_inverse=True)[1].ravel(), np.intp)


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
