"""Means and moments over arrays in which NaN says "not asked", without warnings for empty cells."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Moments(NamedTuple):
    """Count, mean and variance (n - 1) over the last axis; NaN where they do not exist."""

    n: Array
    mean: Array
    variance: Array


def ratio(top: ArrayLike, bottom: ArrayLike) -> Array:
    """Return top / bottom, broadcast to one shape; NaN where the bottom is zero."""
    above, below = np.asarray(top, float), np.asarray(bottom, float)
    out = np.full(np.broadcast_shapes(above.shape, below.shape), np.nan)
    np.divide(above, below, out=out, where=below != 0)
    return out


def mean(values: ArrayLike, axis: int | tuple[int, ...] = -1, where: Mask | None = None) -> Array:
    """Return the mean of the finite values along `axis`, which is dropped; NaN where there are none.

    Parameters
    ----------
    where
        Which values count, broadcastable to them; all by default.
    """
    x = np.asarray(values, float)
    use = np.isfinite(x) if where is None else np.isfinite(x) & where
    if x.size and use.all():  # the same sums, without a copy and a count of what is there
        return np.asarray(x.mean(axis=axis))
    return ratio(np.where(use, x, 0.0).sum(axis=axis), use.sum(axis=axis))


def moments(values: Array, where: Mask) -> Moments:
    """Return count, mean and variance (n - 1) of the values marked by `where`, over the last axis.

    Parameters
    ----------
    values, where
        Of one shape ``(..., n)``; values that are not finite count for nothing.

    Returns
    -------
    Shape ``(...)``; the mean NaN of none, the variance of fewer than two.
    """
    use = where & np.isfinite(values)
    n = use.sum(axis=-1).astype(float)
    centre = ratio(np.where(use, values, 0.0).sum(axis=-1), n)
    spread = np.where(use, values - centre[..., None], 0.0)
    return Moments(n, centre, ratio((spread**2).sum(axis=-1), np.maximum(n - 1, 0)))


def median(values: ArrayLike, axis: int | tuple[int, ...] = -1) -> Array:
    """Return the median of the finite values along `axis`, which is dropped; NaN where there are none."""
    x = np.sort(_last(np.asarray(values, float), axis), axis=-1)
    n = np.isfinite(x).sum(axis=-1, keepdims=True)
    low, high = np.maximum(n - 1, 0) // 2, np.minimum(n // 2, x.shape[-1] - 1)
    middle = np.take_along_axis(x, low, axis=-1) + np.take_along_axis(x, high, axis=-1)
    return np.asarray(0.5 * middle[..., 0])


def _last(x: Array, axis: int | tuple[int, ...]) -> Array:
    """Return x with `axis` flattened into the last axis, infinities as NaN."""
    axes = (axis,) if isinstance(axis, int) else axis
    moved = np.moveaxis(x, axes, range(-len(axes), 0))
    flat = moved.reshape(*moved.shape[: -len(axes)], -1)
    return np.where(np.isfinite(flat), flat, np.nan)
