"""Can each dimension be foretold from one other, for an identity that was left out?

One line for each dimension: score = level + slope × predictor, beside the habits of answering. Each identity
in turn is left out, the line is fitted to the others, and it is asked how much nearer it comes to the one
left out than the same line without the predictor: R² = 1 - Σ error² / Σ error without it². Below 0 the
predictor misleads. Leaving one out needs no refitting: the error is the residual over 1 - leverage.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from selfscope.stats.masked import Array, ratio

PERMUTATIONS = 1999


class Predicted(NamedTuple):
    """How well one predictor foretells every dimension, ``(dimension,)``.

    Attributes
    ----------
    r2
        Out of sample; NaN where identities do not differ.
    slope
        Per unit of the predictor: positive if they move the same way.
    p
        Share of permutations of the predictor that foretell at least as well; not corrected.
    mean_r2, p_mean
        The mean over dimensions, and its p by the same permutations.
    """

    r2: Array
    slope: Array
    p: Array
    mean_r2: float
    p_mean: float


def predicted(
    scores: ArrayLike,
    predictor: ArrayLike,
    habits: ArrayLike | None = None,
    *,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Predicted:
    """Return how well `predictor` foretells every column of `scores`, each identity left out once.

    Parameters
    ----------
    scores
        ``(identity, dimension)``, none missing.
    predictor
        ``(identity,)``.
    habits
        ``(identity, habit)``: known of the identity that is left out, with and without the predictor.
    """
    y, x = np.asarray(scores, float), np.asarray(predictor, float)
    base = _basis(len(y), habits)
    left, own = y - base @ (base.T @ y), x - base @ (base.T @ x)
    leverage = (base**2).sum(axis=1)
    r2, slope = _left_out(left, own[None], leverage)
    rng = np.random.default_rng([seed, *y.shape])
    mixed = rng.permuted(np.broadcast_to(own, (permutations, len(own))), axis=1)
    null, _ = _left_out(left, mixed - (mixed @ base) @ base.T, leverage)
    beyond = (null >= r2[0] - 1e-12).sum(axis=0)
    p = np.where(np.isfinite(r2[0]), (1 + beyond) / (1 + permutations), np.nan)
    known = np.isfinite(r2[0])
    if not known.any():
        return Predicted(r2[0], slope[0], p, float("nan"), float("nan"))
    mean, means = float(r2[0][known].mean()), null[:, known].mean(axis=1)
    return Predicted(
        r2[0], slope[0], p, mean, float((1 + (means >= mean - 1e-12).sum()) / (1 + permutations))
    )


def _basis(n: int, habits: ArrayLike | None) -> Array:
    """Return orthonormal columns of what is always known: the mean and the habits."""
    columns = np.ones((n, 1)) if habits is None else np.column_stack([np.ones(n), np.asarray(habits, float)])
    q, r = np.linalg.qr(columns)
    size = np.abs(np.diag(r))
    return np.asarray(q[:, size > 1e-9 * size.max()])


def _left_out(left: Array, own: Array, leverage: Array) -> tuple[Array, Array]:
    """Return R² and slopes, ``(predictor, dimension)``, of residuals; `own` is ``(predictor, identity)``."""
    square = (own**2).sum(axis=1)
    flat = square <= 1e-18 * len(leverage)
    slope = ratio(own @ left, np.where(flat, 0.0, square)[:, None])
    rest = left[None] - np.nan_to_num(slope)[:, None, :] * own[:, :, None]
    share = leverage + np.where(flat[:, None], 0.0, own**2 / np.where(flat, 1.0, square)[:, None])
    error = ((rest / np.maximum(1 - share, 1e-9)[..., None]) ** 2).sum(axis=1)
    without = ((left / np.maximum(1 - leverage, 1e-9)[:, None]) ** 2).sum(axis=0)
    r2 = 1 - ratio(error, np.where(without < 1e-18, 0.0, without))
    return np.where(flat[:, None], np.nan, r2), slope
