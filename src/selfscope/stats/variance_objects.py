"""Coefficients with one unit as the object of measurement, and what other numbers of conditions would give.

Brennan (2001). Φ and Eρ² ask: of the spread of scores of these objects, how much is of the objects?
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from selfscope.errors import BadInput
from selfscope.stats.masked import Array, Mask, ratio
from selfscope.stats.variance_design import Design
from selfscope.stats.variance_interval import f_bounds, noncentral, pivots, quantiles

FEWER = (
    (0.25, 0.5, 1.0, 2.0, 4.0, 8.0),
    (0.5, 1.0, 2.0, 4.0, 8.0),
    (0.5, 1.0, 2.0, 4.0),
    (1.0, 2.0, 4.0),
    (1.0, 2.0),
)
"""Numbers of conditions in a decision study, as multiples of those observed; fewer where facets are many."""
MOST_ROWS = 240
EXTRAPOLATED = 4.0
"""Beyond this multiple of an observed number a row is marked."""


class Coefficients(NamedTuple):
    """Of one object: Eρ² and Φ with intervals ``(..., 2)``; NaN where nothing is averaged over.

    Both are shares, of one set of components: what is estimated below zero (object, relative error, what
    absolute error adds) counts as zero in them, so that ``0 <= phi <= g <= 1`` and an object whose component
    is below zero has 0 twice. The components themselves are not cut.

    Attributes
    ----------
    g, g_ci95
        Relative: telling objects apart, conditions shared. ``1 - 1/F`` where that has an exact F above 1. The
        interval is the exact one by F where there is one, else of generalised pivots; cut at zero.
    phi, phi_ci95
        Absolute: each object by itself, so that differences between conditions are error as well.
    cut
        Whether something below zero counted as zero, ``(...)``.
    exact
        Whether the interval of g is the exact one.
    """

    g: Array
    g_ci95: Array
    phi: Array
    phi_ci95: Array
    cut: Mask
    exact: bool


class Decision(NamedTuple):
    """A grid of designs: numbers of conditions ``(row, facet)`` and the coefficients each would have."""

    facets: tuple[str, ...]
    numbers: Array
    observations: Array
    extrapolated: Mask
    g: Array
    g_ci95: Array
    phi: Array
    phi_ci95: Array


def error_weights(design: Design, obj: str, numbers: Mapping[str, int] | None = None) -> tuple[Array, Array]:
    """Return the weights of components in relative and in absolute error variance, ``(term,)`` each.

    Relative: every term with the object in which something random is averaged over, over the number of
    conditions. Absolute: those without the object as well, the object's own parents aside. Interactions with
    fixed facets average out; of values that carry error the highest term never does.

    Raises
    ------
    BadInput
        If there is no such facet.
    """
    if obj not in design.levels:
        raise BadInput("the object is no facet", got=obj, fix=f"Choose from: {', '.join(design.levels)}")
    n = design.levels | dict(numbers or {})
    parents = design.nesting[obj]
    whole = parents | {obj}
    relative, absolute = np.zeros(len(design.terms)), np.zeros(len(design.terms))
    for at, term in enumerate(design.terms):
        over = term.facets - whole
        noise = design.error and at == len(design.terms) - 1
        averaged_out = bool((set(term.own) - whole) & design.fixed) and not noise
        if not over or averaged_out:
            continue
        weight = 1 / np.prod([n[f] for f in over])
        absolute[at] = weight
        if obj in term.facets:
            relative[at] = weight
    return relative, absolute


def coefficients(
    squares: Array, f: Array, df_below: Array, design: Design, obj: str, drawn: Array | None = None
) -> Coefficients:
    """Could objects be told apart by other conditions of the same kind, as many as these?

    A nested object is compared within its parent.

    Parameters
    ----------
    squares
        ``(..., term)``.
    f, df_below
        The F tests of all terms, ``(..., term)``.
    drawn
        Pivots of `squares`; made here if left out.

    Raises
    ------
    BadInput
        If there is no such facet.
    """
    relative, absolute = error_weights(design, obj)
    drawn = pivots(squares, design) if drawn is None else drawn
    at = design.term_of([obj])
    sigma, draws = squares @ design.solution.T, drawn @ design.solution.T
    g, phi = _coefficient(sigma, at, relative), _coefficient(sigma, at, relative, absolute)
    phi_ci = quantiles(_coefficient(draws, at, relative, absolute))
    cut = np.any([sigma[..., at] < 0, sigma @ relative < 0, sigma @ (absolute - relative) < 0], axis=0)
    exact = int((design.denominators[at] != 0).sum()) == 1
    ci = _exact(f, df_below, design, at) if exact else quantiles(_coefficient(draws, at, relative))
    return Coefficients(g, ci, phi, phi_ci, cut, exact)


def _exact(f: Array, df_below: Array, design: Design, at: int) -> Array:
    """Return the interval of g by F, ``(..., 2)``: where F could lie below 1 the object's share is none."""
    freedom = np.where(np.isfinite(df_below[..., at]), df_below[..., at], 1.0)
    if design.only_fixed[at]:
        beyond = noncentral(f[..., at], float(design.df[at]), freedom)
        return np.asarray(beyond / (1 + beyond))
    return np.asarray(1 - 1 / np.maximum(f_bounds(f[..., at], float(design.df[at]), freedom), 1.0))


def _coefficient(sigma: Array, at: int, relative: Array, absolute: Array | None = None) -> Array:
    """Return σ²_o / (σ²_o + error), NaN without any error.

    What is estimated below zero is taken as zero: the object, relative error, and what absolute error adds.
    """
    own, error = np.maximum(sigma[..., at], 0.0), np.maximum(sigma @ relative, 0.0)
    whole = relative if absolute is None else absolute
    if absolute is not None:
        error = error + np.maximum(sigma @ (absolute - relative), 0.0)
    if not whole.any():
        return np.full(own.shape, np.nan)
    return ratio(own, own + error)


def decision_study(
    squares: Array, design: Design, obj: str, drawn: Array, grid: Mapping[str, Sequence[int]] | None = None
) -> Decision:
    """What would other numbers of conditions give?

    Parameters
    ----------
    squares
        ``(term,)``, of one table.
    drawn
        Pivots, ``(draw, term)``.
    grid
        Numbers to try for every random facet that the object does not hold; multiples of the observed if left
        out. Fixed facets stay as they are.
    """
    free = conditions(design, obj)
    tried = grid or default_grid(design, free)
    rows = list(product(*(tried[f] for f in free)))
    sigma, draws = design.solution @ squares, drawn @ design.solution.T
    at = design.term_of([obj])
    points, around = [], []
    for row in rows:
        relative, absolute = error_weights(design, obj, dict(zip(free, row, strict=True)))
        for weights in ((relative,), (relative, absolute)):
            points.append(_coefficient(sigma, at, *weights))
            around.append(quantiles(_coefficient(draws, at, *weights)))
    numbers = np.array(rows, float).reshape(len(rows), len(free))
    observed = np.array([design.levels[f] for f in free], float)
    held = design.nesting[obj] | {obj, *free}
    others = design.count(f for f in design.levels if f not in held)
    return Decision(
        free,
        numbers,
        numbers.prod(axis=1) * others,
        np.asarray((numbers > EXTRAPOLATED * observed).any(axis=1)),
        np.array(points[::2]),
        np.array(around[::2]),
        np.array(points[1::2]),
        np.array(around[1::2]),
    )


def conditions(design: Design, obj: str) -> tuple[str, ...]:
    """Return the random facets over which an object's score is averaged."""
    held = design.nesting[obj] | {obj} | design.fixed
    return tuple(f for f in design.levels if f not in held)


def default_grid(design: Design, free: Sequence[str]) -> dict[str, list[int]]:
    """Return numbers to try for every facet: as many multiples as make a grid of a few hundred rows."""
    grid: dict[str, list[int]] = {}
    for multiples in FEWER:
        grid = {f: _numbers(design.levels[f], multiples) for f in free}
        if np.prod([len(x) for x in grid.values()]) <= MOST_ROWS:
            break
    return grid


def _numbers(observed: int, multiples: Sequence[float]) -> list[int]:
    return sorted({max(1, round(m * observed)) for m in multiples})
