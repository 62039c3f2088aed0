"""Do two scores of the same items separate them differently? Areas, with clusters redrawn alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from selfscope.errors import BadInput
from selfscope.stats.masked import Array, Mask


class Gain(NamedTuple):
    """The area of one score less that of another, with a 95 percent percentile interval over clusters."""

    value: float
    low: float
    high: float


def gain(
    first: ArrayLike,
    second: ArrayLike,
    truths: ArrayLike,
    clusters: Sequence[str],
    *,
    draws: int = 2000,
    seed: int = 0,
) -> Gain:
    """Return how much better `first` tells true items from false ones than `second` does.

    Both are redrawn together, so that what is hard for either is hard for both: the interval is that of the
    difference, which two intervals side by side do not give.

    Parameters
    ----------
    first, second, truths
        Two scores and one truth for each item; shape (item,).
    clusters
        Name of the cluster of each item.

    Raises
    ------
    BadInput
        If there are no true items, or no false ones.
    """
    scores, true = (np.asarray(each, float) for each in (first, second)), np.asarray(truths, bool)
    if true.all() or not true.any():
        raise BadInput("true and false items are needed", got=f"{int(true.sum())} of {len(true)} true")
    names, member = np.unique(np.asarray(clusters), return_inverse=True)
    taken = np.random.default_rng([seed, 97]).multinomial(
        len(names), np.full(len(names), 1 / len(names)), draws
    )
    weight = np.concatenate([np.ones((1, len(true))), taken[:, member]])
    one, other = (areas(each, true, weight) for each in scores)
    drawn = one - other
    low, high = np.quantile(drawn[1:][np.isfinite(drawn[1:])], (0.025, 0.975))
    return Gain(float(drawn[0]), float(low), float(high))


def areas(scores: Array, true: Mask, weight: Array) -> Array:
    """Return the weighted area under the ROC curve for every row of weights; NaN where one side has none.

    Parameters
    ----------
    scores, true
        Shape (item,).
    weight
        How often each item was drawn, shape (draw, item).
    """
    above = (np.sign(scores[true][:, None] - scores[~true][None, :]) + 1) / 2
    one, other = weight[:, true], weight[:, ~true]
    total = one.sum(axis=1) * other.sum(axis=1)
    made = np.full(len(weight), np.nan)
    np.divide(((one @ above) * other).sum(axis=1), total, out=made, where=total > 0)
    return made


def area_parts(scores: ArrayLike, truths: ArrayLike, clusters: ArrayLike) -> tuple[tuple[str, ...], Array]:
    """Return an area's part in each cluster: their mean is the area, their spread its standard error.

    Of a true item the share of false ones that it exceeds, of a false one the share of true ones that exceed
    it; within a cluster these are summed, each less the area, and weighed by how many items of either side
    there are. Differences of the parts of two scores so give a paired test over clusters. With every item a
    cluster of its own it is DeLong's variance up to n/(n − 1).

    Source: DeLong, DeLong and Clarke-Pearson 1988; Obuchowski 1997 (clustered items).

    Parameters
    ----------
    scores, truths, clusters
        A score, a truth and a cluster for each item; shape (item,).

    Returns
    -------
    Names of the clusters, sorted, and parts, shape (cluster,).

    Raises
    ------
    BadInput
        If there are no true items, or no false ones.
    """
    x, true = np.asarray(scores, float), np.asarray(truths, bool)
    if true.all() or not true.any():
        raise BadInput("true and false items are needed", got=f"{int(true.sum())} of {len(true)} true")
    above = (np.sign(x[true][:, None] - x[~true][None, :]) + 1) / 2
    area = float(above.mean())
    each = np.empty(len(x))
    each[true] = (above.mean(axis=1) - area) / true.sum()
    each[~true] = (above.mean(axis=0) - area) / (~true).sum()
    names, member = np.unique(np.asarray(clusters, str), return_inverse=True)
    summed = np.bincount(member, weights=each, minlength=len(names))
    return tuple(names.tolist()), np.asarray(area + len(names) * summed, float)
