"""States in which every direction varies alike, so that a few large ones do not make all cosines high."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from selfscope.errors import BadInput
from selfscope.stats.axis import Floats, filled


class Whitened(NamedTuple):
    """Cells of one layer after whitening.

    Attributes
    ----------
    roles, default
        Shapes (role, question, d_model) and (question, d_model), NaN where nothing was said.
    shrinkage
        Weight of the sphere in the covariance, 0 to 1.
    """

    roles: Floats
    default: Floats
    shrinkage: float


def whitened(roles: Floats, default: Floats) -> Whitened:
    """Return the cells of one layer times Σ^(−1/2), Σ the shrunken covariance of cells within questions.

    Nobody's label enters Σ: the cells of roles and default are centred at each question's mean over all who
    answered it. So an exchange of labels within questions leaves Σ as it is, and the null of
    :func:`selfscope.stats.halves.exchanged` is as exact on whitened cells as on raw ones.

    Parameters
    ----------
    roles, default
        Shapes (role, question, d_model) and (question, d_model).

    Raises
    ------
    BadInput
        If the cells do not vary.
    """
    everyone = np.concatenate([default[None], roles])
    cells, present = filled(everyone)
    count = present.sum(0)
    centre = cells.sum(0) / np.where(count > 0, count, np.nan)[:, None]
    residuals = (everyone - centre)[present]
    shrinkage, mean_variance = ledoit_wolf(residuals)
    if not mean_variance > 0:
        raise BadInput("the cells do not vary within questions", got=f"{len(residuals)} cells")
    # In the span of the residuals Σ is diagonal in their singular vectors; outside it is the sphere alone.
    sizes, directions = _spread(residuals)
    sphere = shrinkage * mean_variance
    inside = (1 - shrinkage) * sizes / len(residuals) + sphere
    if not sphere > inside.max() * 1e-9:
        raise BadInput("too few directions vary to whiten by", got=f"shrinkage {shrinkage:.3g}")
    factors = 1 / np.sqrt(inside) - 1 / np.sqrt(sphere)
    turned = np.where(present[..., None], cells, np.nan) / np.sqrt(sphere)
    turned = turned + ((cells @ directions.T) * factors) @ directions
    return Whitened(turned[1:], turned[0], shrinkage)


def ledoit_wolf(centred: Floats) -> tuple[float, float]:
    """Return the shrinkage of a covariance towards a sphere, and the sphere's variance.

    Ledoit & Wolf 2004, for rows that are centred already, shape (n, d_model), covariance XᵀX / n.
    """
    n, width = centred.shape
    gram = _inner(centred)
    mean_variance = float(np.trace(gram)) / (n * width)
    square = float((gram**2).sum()) / n**2
    spread = square - width * mean_variance**2
    noise = (float(((centred**2).sum(1) ** 2).sum()) / n - square) / n
    if not spread > 0:
        return 1.0, mean_variance
    return float(min(max(noise, 0.0) / spread, 1.0)), mean_variance


def _inner(rows: Floats) -> Floats:
    """Return XXᵀ or XᵀX, whichever is smaller: they have the same trace, and the same sum of squares."""
    return np.asarray(rows @ rows.T if len(rows) <= rows.shape[1] else rows.T @ rows)


def _spread(rows: Floats) -> tuple[Floats, Floats]:
    """Return squared singular values and their directions, (k,) and (k, d_model), without those of nought."""
    sizes, turned = np.linalg.eigh(_inner(rows))
    real = sizes > max(sizes[-1], 0.0) * 1e-12
    sizes, turned = sizes[real], turned[:, real].T
    if len(rows) > rows.shape[1]:
        return sizes, turned
    return sizes, turned @ rows / np.sqrt(sizes)[:, None]
