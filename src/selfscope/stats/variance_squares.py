"""Sums of squares of a balanced array: deviations and means along one axis after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from selfscope.errors import BadInput
from selfscope.stats.masked import Array
from selfscope.stats.variance_design import Design, Term


def mean_squares(values: ArrayLike, design: Design, wanted: Sequence[int] | None = None) -> Array:
    """Return the mean square of every term.

    Along each axis a value is its mean and the deviation from it; taking means or deviations along all axes
    splits the sum of squares into parts that add up, and the parts that a nested term holds are added
    together. No products of dummy variables, nothing is inverted.

    Parameters
    ----------
    values
        Shape ``(..., *design.shape)``, finite.
    wanted
        Places of terms whose mean squares are computed, all unless given; the others are zero.

    Returns
    -------
    Shape ``(..., term)``, in the order of ``design.terms``.

    Raises
    ------
    BadInput
        If the shape is not the design's or a value is not finite.
    """
    y = np.asarray(values, float)
    k = len(design.facets)
    if y.shape[y.ndim - k :] != design.shape or y.ndim < k:
        raise BadInput("values are not laid out as the design", got=f"{y.shape} for {design.shape}")
    if not np.isfinite(y).all():
        raise BadInput("a cell has no value", got=f"{int((~np.isfinite(y)).sum())} cells", fix="Balance it")
    lead = y.shape[: y.ndim - k]
    flat = y.reshape(-1, *design.shape)
    total = np.zeros((len(flat), len(design.terms)))
    order = sorted(range(k), key=lambda n: -design.shape[n])
    terms = design.terms if wanted is None else [design.terms[n] for n in wanted]
    for deviates, squares in _parts(flat, design, order, frozenset(), terms, 1.0):
        if deviates:
            total[:, design.term_of(deviates)] += squares
    return (total / design.df).reshape(*lead, len(design.terms))


def _parts(
    y: Array, design: Design, axes: list[int], deviates: frozenset[str], terms: Sequence[Term], weight: float
) -> Iterator[tuple[frozenset[str], Array]]:
    """Yield for each set of axes along which deviations were taken the sum of their squares, ``(lead,)``.

    Sets that belong to none of `terms` are left out: a term deviates along its own facets, and may along
    those that it lies within.
    """
    if not axes:
        flat = y.reshape(len(y), -1)
        yield deviates, weight * np.einsum("ij,ij->i", flat, flat)
        return
    axis, rest = axes[0], axes[1:]
    facet = design.facets[axis]
    centre = y.mean(axis=axis + 1, keepdims=True)
    if without := [t for t in terms if facet.name not in t.own]:
        yield from _parts(centre, design, rest, deviates, without, weight * facet.levels)
    if along := [t for t in terms if facet.name in t.facets]:
        yield from _parts(y - centre, design, rest, deviates | {facet.name}, along, weight)


def effect(values: Array, design: Design, term: Term) -> Array:
    """Return what one term adds to every cell, ``(..., *design.shape)`` with axes it lacks of length 1.

    Deviations along its own facets, within every level of those it is nested in, of the means over the rest.
    """
    out = np.asarray(values, float)
    k = len(design.facets)
    for n, facet in enumerate(design.facets):
        axis = out.ndim - k + n
        if facet.name in term.within:
            continue
        centre = out.mean(axis=axis, keepdims=True)
        out = out - centre if facet.name in term.own else centre
    return out
