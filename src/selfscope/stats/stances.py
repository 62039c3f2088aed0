"""Do instances of one model lean the same way, more than those of two, and from task to task?"""

from __future__ import annotations

from itertools import permutations, product
from math import factorial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

from selfscope.stats.flip import sign_patterns
from selfscope.stats.masked import Array, ratio

Indices = npt.NDArray[np.intp]
#: Exchanges of models where there are too many to count.
DRAWS = 1999


class Nudged(NamedTuple):
    """Correlation of stances; see :class:`selfscope.values.copies.Nudging`."""

    within: float
    between: float
    difference: float
    p: float
    p_least: float
    carried: float
    p_carried: float
    p_least_carried: float


def residual_stance(stance: ArrayLike) -> Array:
    """Return stances ``(model, instance, task, axis)`` less the mean of their task and axis.

    A sentence's own likelihood is in every model's stance and leaves with the mean. Axes are scaled alike.
    """
    x = np.asarray(stance, float)
    left = x - x.mean(axis=(0, 1))
    return ratio(left, np.sqrt((left**2).mean(axis=(0, 1, 2))))


def nudging(residual: ArrayLike, seed: int = 0) -> Nudged:
    """Are two instances of one model nearer to each other than those of two, and from task to task?

    Mean correlation of pairs of instances within models minus that between models. Instances are wordings
    that all models get, so pairs of the same wording are left out, and models are exchanged within
    wordings. A model that likes single sentences is stable by that measure. `carried` is the mean product of
    what two instances of one model say on two *different* tasks, by axis: the share of the variance of a
    residual stance that goes from task to task. There the tasks are what could have been others: the signs
    of whole tasks are flipped, one-sided.

    Parameters
    ----------
    residual
        ``(model, instance, task, axis)``, at least two of each.
    """
    x = np.asarray(residual, float)
    same = _alike(x)
    within, between, difference = _difference(same, np.repeat(np.arange(len(x))[:, None], x.shape[1], axis=1))
    orders, exact = _relabelings(x.shape[0], x.shape[1], seed)
    drawn = np.array([_difference(same, o)[2] for o in orders])
    signs, every = sign_patterns(x.shape[2], seed=seed)
    carried = _carried(x, np.ones((1, x.shape[2])))[0]
    flipped = _carried(x, signs)
    return Nudged(
        within, between, difference, _share(drawn, difference, exact), 1 / (len(orders) + (not exact)),
        float(carried), _share(flipped, float(carried), every), 1 / (len(signs) + (not every)),
    )  # fmt: skip


def _alike(x: Array) -> Array:
    """Return the correlation of all instances over tasks and axes, ``(instance, model, instance, model)``."""
    flat = _unit(x.transpose(1, 0, 2, 3).reshape(x.shape[1], x.shape[0], -1))
    return np.asarray(np.einsum("imk,jnk->imjn", flat, flat))


def _carried(x: Array, signs: Array) -> Array:
    """Return the mean product of two instances on two tasks under signs ``(pattern, task)``: ``(pattern,)``.

    Sums over pairs of different instances and tasks are squares of sums less sums of squares.
    """
    models, instances, tasks, axes = x.shape
    summed = np.einsum("pt,mita->pmia", signs, x)
    both = (summed.sum(axis=2) ** 2 - (summed**2).sum(axis=2)).sum(axis=(1, 2))
    alone = (x.sum(axis=1) ** 2 - (x**2).sum(axis=1)).sum()
    pairs = models * instances * (instances - 1) * tasks * (tasks - 1) * axes
    return np.asarray((both - alone) / pairs)


def _unit(x: Array) -> Array:
    return np.nan_to_num(ratio(x, np.sqrt((x**2).sum(axis=-1, keepdims=True))))


def _difference(alike: Array, labels: Indices) -> tuple[float, float, float]:
    """Return within, between and their difference: ``labels[m, i]`` says whom seat m of i stands for."""
    same = labels.T[:, :, None, None] == labels.T[None, None]
    apart = ~np.eye(len(alike), dtype=bool)[:, None, :, None] & np.ones_like(same)
    within, between = float(alike[same & apart].mean()), float(alike[~same & apart].mean())
    return within, between, within - between


def _relabelings(models: int, instances: int, seed: int) -> tuple[list[Indices], bool]:
    """Return exchanges of models within instances, the first instance fixed; all where few enough."""
    if factorial(models) ** (instances - 1) <= DRAWS:
        every = [np.array(p) for p in permutations(range(models))]
        first = np.arange(models)
        return [np.stack([first, *rest], axis=1) for rest in product(every, repeat=instances - 1)], True
    rng = np.random.default_rng(seed)
    drawn = rng.permuted(np.tile(np.arange(models), (DRAWS * instances, 1)), axis=1)
    return list(drawn.reshape(DRAWS, instances, models).transpose(0, 2, 1)), False


def _share(drawn: Array, observed: float, exact: bool) -> float:
    hits = int((drawn >= observed - 1e-9).sum())
    return hits / len(drawn) if exact else (1 + hits) / (1 + len(drawn))
