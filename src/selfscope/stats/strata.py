"""Statements in their two keyings: half contrasts, and dense blocks for resampling.

A half contrast is ``½ (mean over k = +1  +  mean over k = -1)``. The statement axis is the last one; NaN
marks a statement that is not there, so that dimensions of unequal length share an array. `keyed` is +1 or
-1 (0 for padding), of shape ``(m,)`` or anything that broadcasts to the scores.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfscope.errors import BadInput
from selfscope.stats.masked import Array, Mask, Moments, median, moments


class Strata(NamedTuple):
    """Moments of the statements keyed +1 and of those keyed -1."""

    plus: Moments
    minus: Moments

    @property
    def both(self) -> Mask:
        """Whether both keyings are there."""
        return (self.plus.n > 0) & (self.minus.n > 0)

    @property
    def n(self) -> Array:
        """Statements in both keyings together."""
        return self.plus.n + self.minus.n


class Block(NamedTuple):
    """Rows of equal design: flat row numbers, scores keyed +1 ``(row, n₊)`` and keyed -1 ``(row, n₋)``."""

    rows: NDArray[np.intp]
    plus: Array
    minus: Array


def keying(scores: ArrayLike, keyed: ArrayLike) -> tuple[Array, Array]:
    """Return scores and keying as floats of the scores' shape ``(..., m)``.

    Raises
    ------
    BadInput
        If they do not fit, or a key is not +1, -1 or 0.
    """
    x, k = np.asarray(scores, float), np.asarray(keyed, float)
    if not np.isin(k, (-1.0, 0.0, 1.0)).all():
        raise BadInput("keying must be +1 or -1", got=np.unique(k).tolist(), fix="Key every statement")
    try:
        return x, np.broadcast_to(k, x.shape)
    except ValueError:
        raise BadInput(
            "scores and keying do not fit",
            got=f"scores {x.shape}, keyed {k.shape}",
            fix="Put statements on the last axis of both",
        ) from None


def strata(scores: ArrayLike, keyed: ArrayLike) -> Strata:
    """Return the moments of each keying over the statement axis: ``(..., m)`` in, ``(...)`` out.

    Raises
    ------
    BadInput
        As :func:`keying`.
    """
    x, k = keying(scores, keyed)
    return Strata(moments(x, k > 0), moments(x, k < 0))


def half_sum(groups: Strata) -> Array:
    """Return ½ (mean₊ + mean₋), θ̂ of `measurement.md` §3, ``(...)``.

    The mean of the one keying where only one is; NaN where none is.
    """
    one = np.where(groups.plus.n > 0, groups.plus.mean, groups.minus.mean)
    return np.where(groups.both, 0.5 * (groups.plus.mean + groups.minus.mean), one)


def half_difference(groups: Strata) -> Array:
    """Return ½ (mean₊ - mean₋), ``(...)``: ν̂ for D, γ̂ for B (§3); NaN with one keying."""
    return np.where(groups.both, 0.5 * (groups.plus.mean - groups.minus.mean), np.nan)


def score(scores: ArrayLike, keyed: ArrayLike) -> Array:
    """Return θ̂: scores ``(..., m)`` in, half contrasts ``(...)`` out, positive for more of the trait.

    Raises
    ------
    BadInput
        As :func:`keying`.
    """
    return half_sum(strata(scores, keyed))


def middle(scores: ArrayLike, keyed: ArrayLike) -> Array:
    """Return ½ (median₊ + median₋), shown beside θ̂ where answers are saturated (§3).

    ``(..., m)`` in, ``(...)`` out; the median of the one keying where only one is.

    Raises
    ------
    BadInput
        As :func:`keying`.
    """
    x, k = keying(scores, keyed)
    plus, minus = (median(np.where(sign * k > 0, x, np.nan)) for sign in (1, -1))
    one = np.where(np.isfinite(plus), plus, minus)
    return np.where(np.isfinite(plus) & np.isfinite(minus), 0.5 * (plus + minus), one)


def blocks(scores: Array, keyed: Array) -> Iterator[Block]:
    """Yield the rows of ``scores (row, m)`` grouped by how many statements of each keying they hold.

    Parameters
    ----------
    scores, keyed
        Of one shape, ``(row, m)``; NaN and key 0 hold nothing. Within a block no value is missing.
    """
    plus, minus = (keyed > 0) & np.isfinite(scores), (keyed < 0) & np.isfinite(scores)
    counts = np.stack([plus.sum(axis=1), minus.sum(axis=1)], axis=1)
    for n_plus, n_minus in np.unique(counts, axis=0):
        rows = np.flatnonzero((counts[:, 0] == n_plus) & (counts[:, 1] == n_minus))
        yield Block(rows, _pack(scores[rows], plus[rows], n_plus), _pack(scores[rows], minus[rows], n_minus))


def _pack(scores: Array, use: Mask, n: int) -> Array:
    """Return the `n` marked values of every row, in their order."""
    order = np.argsort(~use, axis=1, kind="stable")[:, :n]
    return np.take_along_axis(scores, order, axis=1)
