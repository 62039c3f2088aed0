"""How well do scores separate what is true from what is false, when items come in clusters?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfscope.errors import BadInput

DRAWS = 2000


@dataclass(frozen=True)
class Separation:
    """The area under the ROC curve, with its interval.

    Attributes
    ----------
    auroc
        Chance that a true item scores above a false one, ties counted half: 1 separates, .5 is chance,
        below .5 the scores point the wrong way.
    low, high
        95 percent percentile interval of a bootstrap that draws whole clusters.
    true, false
        Number of items of either kind.
    clusters
        Number of clusters.
    """

    auroc: float
    low: float
    high: float
    true: int
    false: int
    clusters: int


def auroc(true: ArrayLike, false: ArrayLike) -> float:
    """Return the area under the ROC curve, the Mann-Whitney statistic over its maximum.

    Parameters
    ----------
    true, false
        Scores of the true and of the false items; higher is to mean true. Shapes (n,) and (m,).

    Raises
    ------
    BadInput
        If one of them is empty, or a score is no number.

    Notes
    -----
    Checked against ``scipy.stats.mannwhitneyu``.
    """
    return float(_above(_scores(true), _scores(false)).mean())


def separation(
    scores: ArrayLike, truths: ArrayLike, clusters: Sequence[str], *, draws: int = DRAWS, seed: int = 0
) -> Separation:
    """Return the area under the ROC curve with an interval that holds whole clusters together.

    A draw takes clusters with replacement; a draw that takes no true or no false item is left out.

    Parameters
    ----------
    scores, truths
        One score and one truth for each item; shape (item,).
    clusters
        Name of the cluster of each item.
    draws, seed
        Of the bootstrap.

    Raises
    ------
    BadInput
        If the three differ in length, or the scores are unusable as in :func:`auroc`.
    """
    values, is_true = _scores(scores), np.asarray(truths, dtype=bool)
    if not len(values) == len(is_true) == len(clusters):
        raise BadInput(
            "scores, truths and clusters differ in length", got=(len(values), len(is_true), len(clusters))
        )
    names, member = np.unique(np.asarray(clusters), return_inverse=True)
    above = _above(values[is_true], values[~is_true])
    taken = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), draws)
    weight = taken[:, member].astype(np.float64)
    true, false = weight[:, is_true], weight[:, ~is_true]
    total = true.sum(axis=1) * false.sum(axis=1)
    drawn = ((true @ above) * false).sum(axis=1)[total > 0] / total[total > 0]
    low, high = np.quantile(drawn, (0.025, 0.975))
    n = int(is_true.sum())
    return Separation(float(above.mean()), float(low), float(high), n, len(values) - n, len(names))


def _above(true: NDArray[np.float64], false: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1, 0 or a half for each pair as the true score is above, below or level; shape (true, false)."""
    if not len(true) or not len(false):
        raise BadInput("true and false items are needed", got=f"{len(true)} true, {len(false)} false")
    return (np.sign(true[:, None] - false[None, :]) + 1) / 2


def _scores(values: ArrayLike) -> NDArray[np.float64]:
    scores = np.asarray(values, dtype=np.float64)
    if scores.ndim != 1 or np.isnan(scores).any():
        raise BadInput("scores are one number for each item", got=f"shape {scores.shape}, or not a number")
    return scores
