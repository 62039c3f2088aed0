"""Components of a table that is not balanced, by maximum likelihood.

Mean squares of such a table do not add up, so components are fitted: terms of random facets as grouped normal
effects, terms of fixed facets alone as differences between named levels. What fits is handed in; ours is
GPBoost, behind an extra.

Likelihood is not restricted, so that of few levels a component comes out smaller, by about one level in as
many; and interactions with a fixed facet are not made to sum to zero over its levels, as they are in the
balanced analysis. So figures of the two are not to be compared.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import special

from selfscope.errors import BadInput, CouldNot
from selfscope.stats.masked import Array
from selfscope.stats.variance_design import Design, Term

Codes = NDArray[np.intp]
#: Drop of twice the log-likelihood at the end of a 95 % interval.
DROP = float(special.chdtri(1, 0.05))
_BISECTIONS = 7
#: How near GPBoost comes to the maximum.
SETTINGS = {"delta_rel_conv": 1e-9, "max_num_restarts_lbfgs": 5}
_WIDEST = 2.0**26


@dataclass(frozen=True)
class Fitted:
    """A model at its maximum.

    Attributes
    ----------
    variance
        Of the error, then of each grouping, ``(1 + grouping,)``.
    log_likelihood
        At the maximum.
    """

    variance: Array
    log_likelihood: float


#: Fits values ``(row,)`` on columns of fixed effects ``(row, effect)`` and groupings ``(row, grouping)``
#: from variances to begin with, ``(1 + grouping,)``; that of one place may be held.
Fit = Callable[[Array, Array, Codes, Array, int | None], Fitted]


@dataclass(frozen=True)
class Unbalanced:
    """A long table: one value a row, and the code of its level of each facet.

    Attributes
    ----------
    design
        Facets with their terms; levels of a nested facet are the most that one of its parents has.
    codes
        Level of each row by facet, ``(row,)``; of a nested facet within its parents.
    """

    design: Design
    values: Array
    codes: Mapping[str, Codes]

    @cached_property
    def random(self) -> tuple[Term, ...]:
        """Terms that are fitted as groupings: not of fixed facets alone, and not told by single rows."""
        rows = len(self.values)
        terms = [t for t in self.design.terms if set(t.own) - self.design.fixed]
        return tuple(t for t in terms if self.groups(t).max() + 1 < rows)

    @cached_property
    def columns(self) -> Array:
        """Columns of the fixed terms, ``(row, effect)``, the mean first; those that others imply left out."""
        found = [np.ones(len(self.values))]
        for term in self.design.terms:
            if set(term.own) <= self.design.fixed and term.facets <= self.design.fixed:
                groups = self.groups(term)
                found += [(groups == level).astype(float) for level in range(1, int(groups.max()) + 1)]
        kept: list[Array] = []
        for column in found:
            if np.linalg.matrix_rank(np.stack([*kept, column], axis=1)) == len(kept) + 1:
                kept.append(column)
        return np.stack(kept, axis=1)

    def groups(self, term: Term) -> Codes:
        """Return the group of every row in a term, ``(row,)``, from 0."""
        told = np.stack([self.codes[f] for f in sorted(term.facets)], axis=1)
        return np.asarray(np.unique(told, axis=0, return_inverse=True)[1].ravel(), np.intp)

    @cached_property
    def groupings(self) -> Codes:
        """Groups of all fitted terms, ``(row, term)``.

        Raises
        ------
        BadInput
            If nothing can be fitted, or two terms group the rows alike.
        """
        if not self.random:
            raise BadInput("every combination has one row, and no facet is random", fix="Name other --facets")
        found = [self.groups(t) for t in self.random]
        for n, one in enumerate(found):
            for m in range(n):
                pairs = len(set(zip(one.tolist(), found[m].tolist(), strict=True)))
                if pairs == one.max() + 1 == found[m].max() + 1:
                    raise BadInput(
                        "two facets group the rows alike, so that their components cannot be told apart",
                        got=f"{self.random[m].name} and {self.random[n].name}",
                        fix="Leave one out, or say with --nested what is nested in what",
                    )
        return np.stack(found, axis=1)


@dataclass(frozen=True)
class Estimated:
    """One component: its variance, an interval, its share with an interval, and the test of none.

    The interval is where twice the log-likelihood drops by 3.84 when the component is held and all else
    fitted again; that of the share is what it has at both ends. p is that of the likelihood ratio, halved,
    for a variance is not below zero. All NaN of the error but the first and the share.
    """

    name: str
    variance: float
    ci: tuple[float, float]
    share: float
    share_ci: tuple[float, float]
    p: float


def estimate(table: Unbalanced, fit: Fit, least: float = 1e-6) -> tuple[Estimated, ...]:
    """Return the components of the fitted terms, the error last.

    Parameters
    ----------
    least
        What counts as zero, over the variance of the values.

    Raises
    ------
    CouldNot
        If the fit fails.
    """
    y, x, groups = table.values, table.columns, table.groupings
    floor = least * float(np.var(y))
    even = np.full(groups.shape[1] + 1, float(np.var(y)) / (groups.shape[1] + 1))
    best = fit(y, x, groups, even, None)
    found = []
    for n, term in enumerate(table.random, start=1):
        held = _holding(table, fit, best, n, floor)
        ends = [_end(held, best, n, floor, way) for way in (-1, 1)]
        none = held(floor)
        ratio = max(0.0, 2 * (best.log_likelihood - none.log_likelihood))
        shares = [float(e.variance[n] / e.variance.sum()) for e in ends]
        found.append(
            Estimated(
                term.name,
                float(best.variance[n]),
                (float(ends[0].variance[n]), float(ends[1].variance[n])),
                float(best.variance[n] / best.variance.sum()),
                (shares[0], shares[1]),
                float(special.chdtrc(1, ratio)) / 2,
            )
        )
    none_ci = (float("nan"), float("nan"))
    error = float(best.variance[0])
    share = error / float(best.variance.sum())
    return (*found, Estimated("error", error, none_ci, share, none_ci, float("nan")))


def _holding(table: Unbalanced, fit: Fit, best: Fitted, n: int, floor: float) -> Callable[[float], Fitted]:
    """Return what fits all but one component, beginning where the maximum of all is."""

    def held(value: float) -> Fitted:
        start = np.maximum(best.variance, floor)
        start[n] = value
        return fit(table.values, table.columns, table.groupings, start, n)

    return held


def _end(held: Callable[[float], Fitted], best: Fitted, n: int, floor: float, way: int) -> Fitted:
    """Return the model at one end of a component's interval; at zero where the drop is not reached before."""

    def within(model: Fitted) -> bool:
        return 2 * (best.log_likelihood - model.log_likelihood) <= DROP

    inside = max(float(best.variance[n]), floor)
    factor = 2.0
    while True:
        outside = max(inside * factor**way, floor)
        model = held(outside)
        if not within(model):
            break
        if outside <= floor or factor > _WIDEST:
            return model
        factor *= 2
    return _between(held, within, np.log(inside), np.log(outside))


def _between(
    held: Callable[[float], Fitted], within: Callable[[Fitted], bool], inside: float, outside: float
) -> Fitted:
    """Return the model where it ceases to be within, by bisection of the logarithm."""
    model = held(float(np.exp(inside)))
    for _ in range(_BISECTIONS):
        middle = (inside + outside) / 2
        model = held(float(np.exp(middle)))
        inside, outside = (middle, outside) if within(model) else (inside, middle)
    return model


def generalizability(table: Unbalanced, found: Sequence[Estimated], obj: str) -> tuple[float, float]:
    """Return Eρ² and Φ of an object by the rows it has; NaN where it has no component of its own.

    A score is the mean over an object's rows. Φ: against the error of one score. Eρ²: against half that of
    the difference of two, in which conditions that both have cancel, mean over pairs of objects.
    """
    own = next((t for t in table.random if t.facets == {obj, *table.design.nesting[obj]}), None)
    if own is None:
        return float("nan"), float("nan")
    variance = {e.name: e.variance for e in found}
    who = table.groups(own)
    n = int(who.max()) + 1
    rows = np.bincount(who, minlength=n).astype(float)
    single, paired = variance["error"] / rows, np.zeros((n, n))
    for term in table.random:
        if term is own or term.facets <= own.facets:
            continue
        weights = np.zeros((n, int(table.groups(term).max()) + 1))
        np.add.at(weights, (who, table.groups(term)), 1.0)
        weights /= rows[:, None]
        squares = (weights**2).sum(axis=1)
        single = single + variance[term.name] * squares
        paired += variance[term.name] * weights @ weights.T
    relative = (single[:, None] + single[None, :] - 2 * paired) / 2
    off = relative[~np.eye(n, dtype=bool)]
    true = variance[own.name]
    return true / (true + float(off.mean())), true / (true + float(single.mean()))


def _quiet() -> logging.Logger:
    """Return what takes all that GPBoost prints of its way: standard output is for results."""
    silent = logging.getLogger("selfscope.gpboost")
    silent.propagate = False
    silent.setLevel(logging.CRITICAL)
    return silent


def gpboost_fit() -> Fit:
    """Return what fits by GPBoost.

    Raises
    ------
    BadInput
        If the package is not there.
    """
    try:
        import gpboost
    except ImportError as error:
        raise BadInput(
            "a table that is not balanced is fitted by GPBoost, which is not installed",
            got=error,
            fix='Run: pip install "selfscope[unbalanced]"; or balance the table: --drop FACET, --average',
        ) from error

    gpboost.register_logger(_quiet())

    def fit(y: Array, x: Array, groups: Codes, start: Array, held: int | None) -> Fitted:
        model = gpboost.GPModel(
            group_data=groups,
            likelihood="gaussian",
            matrix_inversion_method="cholesky",  # the iterative default draws the determinant: off by a nat
            num_parallel_threads=1,
        )
        told: dict[str, object] = dict(SETTINGS, init_cov_pars=start)
        if held is not None:
            free = np.ones(len(start), int)
            free[held] = 0
            told["estimate_cov_par_index"] = free
        try:
            model.fit(y=y, X=x, params=told)
            variance = np.asarray(model.get_cov_pars(), float).ravel()
            return Fitted(variance, -float(model.get_current_neg_log_likelihood()))
        except gpboost.basic.GPBoostError as error:
            raise CouldNot("the components cannot be fitted", got=error, fix="Name fewer --facets") from error

    return fit
