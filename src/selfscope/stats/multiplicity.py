"""Many dimensions at once: Holm for what was declared, Benjamini-Hochberg for screening.

NaN marks a hypothesis that was not tested: it neither counts nor is corrected.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfscope.stats.masked import Array


def holm(p: ArrayLike, axis: int = -1) -> Array:
    """Return Holm's adjusted p along `axis`: the chance of *any* false claim is at most that level.

    Step down: the i-th smallest of n is multiplied by n - i + 1, then made monotone. Source: Holm 1979;
    validated against statsmodels ``multipletests(method="holm")``.

    Parameters
    ----------
    p
        Any shape; NaN was not tested.

    Returns
    -------
    The shape of `p`, at most 1, NaN where it was NaN.
    """
    ordered, order, n = _sorted(p, axis)
    rank = np.arange(ordered.shape[-1])
    steps = np.maximum.accumulate(_finite(ordered * (n - rank), -np.inf), axis=-1)
    return _restore(np.minimum(steps, 1.0), order, p, axis)


def benjamini_hochberg(p: ArrayLike, axis: int = -1) -> Array:
    """Return q values along `axis`: the expected share of false ones among what is called is at most q.

    Step up: the i-th smallest of n is multiplied by n / i, then made monotone from the largest. Source:
    Benjamini and Hochberg 1995; validated against statsmodels ``multipletests(method="fdr_bh")``.

    Parameters
    ----------
    p
        Any shape; NaN was not tested.

    Returns
    -------
    The shape of `p`, at most 1, NaN where it was NaN.
    """
    ordered, order, n = _sorted(p, axis)
    rank = np.arange(ordered.shape[-1]) + 1
    steps = _finite(ordered * n / rank, np.inf)
    q = np.minimum.accumulate(steps[..., ::-1], axis=-1)[..., ::-1]
    return _restore(np.minimum(q, 1.0), order, p, axis)


def _sorted(p: ArrayLike, axis: int) -> tuple[Array, NDArray[np.intp], NDArray[np.intp]]:
    """Return p sorted along its last axis (NaN last), the order, and how many are not NaN."""
    x = np.moveaxis(np.asarray(p, float), axis, -1)
    order = np.argsort(x, axis=-1, kind="stable")
    return np.take_along_axis(x, order, axis=-1), order, np.isfinite(x).sum(axis=-1, keepdims=True)


def _finite(x: Array, otherwise: float) -> Array:
    """Replace NaN."""
    return np.where(np.isfinite(x), x, otherwise)


def _restore(steps: Array, order: NDArray[np.intp], p: ArrayLike, axis: int) -> Array:
    """Put adjusted values back where their p stood, NaN where p was NaN."""
    out = np.empty_like(steps)
    np.put_along_axis(out, order, steps, axis=-1)
    given = np.asarray(p, float)
    return np.where(np.isfinite(given), np.moveaxis(out, -1, axis), np.nan)
