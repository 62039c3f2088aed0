"""Linear contrasts over clustered observations, with few clusters: CR2 and Satterthwaite.

Source: Pustejovsky and Tipton 2018 (bias-reduced linearisation). The design is fixed and the outcomes are
many, so that the design's part is computed once and a study's outcomes are two matrix products.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from selfscope.errors import BadInput
from selfscope.stats.contrast import interval, two_sided
from selfscope.stats.masked import Array, ratio


class LinearContrast(NamedTuple):
    """A coefficient (or a combination of them) with cluster-robust uncertainty; arrays ``(...)``."""

    estimate: Array
    se: Array
    df: float
    ci95: Array
    p: Array


class ClusterContrast:
    """A combination c'β of the coefficients of one design, ready for any number of outcomes.

    Parameters
    ----------
    columns
        X, ``(n, p)``, of full column rank.
    clusters
        Which cluster each observation belongs to, ``(n,)``.
    combination
        c, ``(p,)``.

    Attributes
    ----------
    weights
        c'(X'X)⁻¹X', ``(n,)``.
    df
        Satterthwaite degrees of freedom.

    Raises
    ------
    BadInput
        If columns are collinear: the effect asked for cannot be told from another.
    """

    def __init__(self, columns: ArrayLike, clusters: ArrayLike, combination: ArrayLike) -> None:
        x = np.asarray(columns, float)
        if x.ndim != 2 or np.linalg.matrix_rank(x) < x.shape[1]:
            raise BadInput(
                "the design does not tell its effects apart",
                got=f"columns {x.shape}",
                fix="Ask more forms, or drop an effect that coincides with another",
            )
        bread = np.asarray(np.linalg.inv(x.T @ x), float)
        self.weights: Array = x @ bread @ np.asarray(combination, float)
        leave = np.eye(len(x)) - x @ bread @ x.T
        belongs = membership(clusters)
        adjusted = adjusted_weights(leave, self.weights[:, None], belongs)[:, 0]
        self.scores: Array = leave @ (adjusted[:, None] * belongs)
        self.df: float = float(satterthwaite(self.scores))

    def of(self, outcomes: ArrayLike) -> LinearContrast:
        """Estimate c'β for outcomes ``(..., n)``.

        CR2: V = Σ_g (w_g A_g e_g)² with A_g = (I - H_gg)^(-1/2), which is unbiased if errors are
        independent; df by Satterthwaite under the same working model.
        """
        y = np.asarray(outcomes, float)
        estimate = y @ self.weights
        se = np.sqrt(((y @ self.scores) ** 2).sum(axis=-1))
        df = np.full(estimate.shape, self.df)
        ci, p = interval(estimate, se, df, 0.95), two_sided(estimate, se, df)
        return LinearContrast(estimate, se, self.df, ci, p)


def membership(clusters: ArrayLike) -> Array:
    """Return which cluster each observation belongs to, ``(n, cluster)`` of 0 and 1, clusters sorted."""
    ids = np.unique(np.asarray(clusters), return_inverse=True)[1]
    return np.asarray(np.eye(ids.max() + 1)[ids])


def adjusted_weights(leave: Array, weights: Array, belongs: Array) -> Array:
    """Return A_g w_g of each cluster in its place: leave = I - H ``(..., n, n)``, weights ``(..., n, c)``."""
    out = np.zeros(weights.shape)
    for g in range(belongs.shape[1]):
        own = np.flatnonzero(belongs[:, g])
        inside = leave[..., own[:, None], own]
        out[..., own, :] = inverse_root(inside) @ weights[..., own, :]
    return out


def inverse_root(matrix: Array) -> Array:
    """Return the symmetric inverse square root ``(..., n, n)``, directions without variance left out."""
    values, vectors = np.linalg.eigh(matrix)
    usable = values > 1e-10
    scaled = np.where(usable, 1 / np.sqrt(np.where(usable, values, 1.0)), 0.0)
    return np.asarray((vectors * scaled[..., None, :]) @ np.swapaxes(vectors, -1, -2), dtype=float)


def satterthwaite(scores: Array) -> Array:
    """Return (tr P)²/tr P² ``(...)``, P = U'U the covariance of the clusters' scores ``(..., n, cluster)``.

    NaN where nothing varies.
    """
    inner = np.swapaxes(scores, -1, -2) @ scores
    trace = np.trace(inner, axis1=-2, axis2=-1)
    return ratio(trace**2, (inner**2).sum(axis=(-2, -1)))
