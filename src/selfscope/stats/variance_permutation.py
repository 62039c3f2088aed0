"""Permutation nulls: labels of a unit exchanged, its parents and what it crosses held (`measurement.md` §11).

What a term has beyond its denominators is set aside: the terms that are neither are taken out of the values
(reduced-model residuals), and what is left is averaged over facets that none of them holds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from selfscope.stats.masked import Array
from selfscope.stats.variance_design import Design, Term
from selfscope.stats.variance_squares import effect, mean_squares

DRAWS = 999
LEAST_DRAWS = 199
MOST_WORK = 2e7
"""Values that are handled for one term; large tables get fewer draws, and none under `LEAST_DRAWS`."""
ALPHA = 0.05
_AT_ONCE = 2e6
_TIE = 1e-9


class Permuted(NamedTuple):
    """p of every term and the least that its exchanges can reach, ``(term,)``.

    p is NaN where no test exists, where not even the most extreme arrangement reaches .05 (2 groups of 3:
    .10, "cannot be tested"), and where the table is too large; p_min is NaN in the first and last of these.
    """

    p: Array
    p_min: Array


class _Exchange(NamedTuple):
    """How labels are exchanged: axes moved as one unit, or one axis within each combination of the others."""

    axes: tuple[str, ...]
    together: bool
    log_arrangements: float


def permutation_p(values: Array, design: Design, *, draws: int = DRAWS, seed: int = 0) -> Permuted:
    """Would units whose labels mean nothing differ as much?

    Units that others are nested in: the nested units are exchanged between them, each with all its values.
    Other units: their labels are exchanged within each combination of the facets they cross. The statistic
    is the term's F. ``p = (1 + exchanges with an F as large)/(1 + draws)``, not under what all arrangements
    can reach.

    Parameters
    ----------
    values
        ``design.shape``.
    """
    y = np.asarray(values, float)
    found = [_term_p(y, design, n, draws, seed) for n in range(len(design.terms))]
    return Permuted(np.array([p for p, _ in found]), np.array([least for _, least in found]))


def _term_p(values: Array, design: Design, n: int, draws: int, seed: int) -> tuple[float, float]:
    involved = [n, *np.flatnonzero(design.denominators[n])]
    if len(involved) == 1:
        return np.nan, np.nan
    held = frozenset().union(*(design.terms[t].facets for t in involved))
    small = Design(tuple(f for f in design.facets if f.name in held), design.error)
    draws = min(draws, int(MOST_WORK / np.prod(small.shape)))
    if draws < LEAST_DRAWS:
        return np.nan, np.nan
    exchange = exchange_of(small, design.terms[n], held)
    least = max(float(np.exp(-exchange.log_arrangements)), 1 / (draws + 1))
    if least > ALPHA:
        return np.nan, least
    residuals = sum(effect(values, design, design.terms[t]) for t in involved)
    kept = np.broadcast_to(residuals, [f.levels if f.name in held else 1 for f in design.facets]).reshape(
        small.shape
    )
    larger = _count(
        kept, small, exchange, _weights(design, small, n), draws, np.random.default_rng([seed, n])
    )
    return max((1 + larger) / (1 + draws), least), least


def _weights(design: Design, small: Design, n: int) -> tuple[Array, Array]:
    """Return weights of the small design's mean squares above and below the line of a term's F."""
    above, below = np.zeros(len(small.terms)), np.zeros(len(small.terms))
    above[small.term_of(design.terms[n].facets)] = 1.0
    for t in np.flatnonzero(design.denominators[n]):
        at, weight = small.term_of(design.terms[t].facets), design.denominators[n, t]
        above[at] += max(-weight, 0.0)
        below[at] += max(weight, 0.0)
    return above, below


def _count(
    kept: Array,
    design: Design,
    exchange: _Exchange,
    weights: tuple[Array, Array],
    draws: int,
    rng: np.random.Generator,
) -> int:
    """Return how many exchanges give an F at least as large as the values do."""
    wanted = np.flatnonzero(weights[0] + weights[1]).tolist()
    observed = _statistic(mean_squares(kept, design, wanted), weights)
    count, left = 0, draws
    while left:
        batch = min(left, max(1, int(_AT_ONCE / kept.size)))
        moved = exchanged(kept, design, exchange, batch, rng)
        count += int(
            (_statistic(mean_squares(moved, design, wanted), weights) >= observed * (1 - _TIE)).sum()
        )
        left -= batch
    return count


def _statistic(squares: Array, weights: tuple[Array, Array]) -> Array:
    below = squares @ weights[1]
    return np.asarray(np.where(below > 0, squares @ weights[0] / np.where(below > 0, below, 1.0), np.inf))


def exchange_of(design: Design, term: Term, held: frozenset[str]) -> _Exchange:
    """Return how the labels of a term are exchanged, and the log of how many arrangements differ in F."""
    beyond = held - term.facets
    children = [f for f in design.levels if f in beyond and design.nesting[f] & set(term.own)]
    if children:
        child = min(children, key=lambda f: len(design.nesting[f]))
        parents = [f for f in term.own if f in design.nesting[child]]
        groups, size = design.count(parents), design.levels[child]
        ways = special.gammaln(groups * size + 1) - groups * special.gammaln(size + 1)
        strata = design.count(design.nesting[child] - set(parents))
        return _Exchange((*parents, child), True, strata * float(ways - special.gammaln(groups + 1)))
    unit = term.own[0]
    within = design.count(design.nesting[unit])
    cells = design.count(held - {unit})
    return _Exchange((unit,), False, (cells - within) * float(special.gammaln(design.levels[unit] + 1)))


def exchanged(
    values: Array, design: Design, exchange: _Exchange, draws: int, rng: np.random.Generator
) -> Array:
    """Return `draws` tables with labels exchanged, ``(draw, *design.shape)``."""
    names = list(design.levels)
    axes = [names.index(a) + 1 for a in exchange.axes]
    many = np.broadcast_to(values, (draws, *values.shape))
    if not exchange.together:
        return rng.permuted(many, axis=axes[0])
    child = exchange.axes[-1]
    strata = [names.index(f) + 1 for f in names if f in design.nesting[child] and f not in exchange.axes]
    front = np.moveaxis(many, [*strata, *axes], range(1, 1 + len(strata) + len(axes)))
    head, rest = front.shape[: 1 + len(strata)], front.shape[1 + len(strata) + len(axes) :]
    units = front.reshape(*head, -1, int(np.prod(rest)))
    order = rng.permuted(np.broadcast_to(np.arange(units.shape[-2]), units.shape[:-1]), axis=-1)
    moved = np.take_along_axis(units, order[..., None], axis=-2).reshape(front.shape)
    return np.moveaxis(moved, range(1, 1 + len(strata) + len(axes)), [*strata, *axes])
