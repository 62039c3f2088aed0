"""Does what a model does move with where it is inside? Within conversations, never between them.

Behaviour and projection are each taken less their mean over a conversation's own points, so that a
conversation that is high in both for its topic says nothing; once more as differences from point to point.
The null exchanges whole courses of behaviour between conversations of one script: a course that belongs to
the script stays, and is no agreement.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfscope.errors import BadInput
from selfscope.stats.masked import Array, mean, ratio

DRAWS = 1999


class Coupling(NamedTuple):
    """Agreement of two courses.

    Attributes
    ----------
    r, p
        Pooled correlation within conversations, positive where both rise together, and its two-sided p.
    r_differences, p_differences
        The same of first differences.
    conversations
        How many have two points or more.
    reason
        Why there is no p; "" if there is one.
    """

    r: float
    p: float
    r_differences: float
    p_differences: float
    conversations: int
    reason: str = ""


def coupling(
    behaviour: ArrayLike, projection: ArrayLike, scripts: ArrayLike, *, draws: int = DRAWS, seed: int = 0
) -> Coupling:
    """Return how behaviour and projection go together within conversations.

    Parameters
    ----------
    behaviour, projection
        ``(conversation, point)``, at the same turns; NaN where either was not read.
    scripts
        The script of every conversation.

    Raises
    ------
    BadInput
        If the shapes differ.
    """
    b, y = np.asarray(behaviour, float), np.asarray(projection, float)
    if b.shape != y.shape or b.ndim != 2 or len(b) != np.asarray(scripts).size:
        raise BadInput("behaviour and projection stand at the same turns", got=f"{b.shape} and {y.shape}")
    use = (np.isfinite(b) & np.isfinite(y)).sum(axis=1) >= 2
    b, y, own = b[use], y[use], np.asarray(scripts, str)[use]
    levels, steps = _correlation(b, y), _correlation(np.diff(b), np.diff(y), about=False)
    nan = float("nan")
    if not len(b):
        return Coupling(nan, nan, nan, nan, 0, "no conversation has two points")
    if len(set(own.tolist())) == len(own):
        return Coupling(levels, nan, steps, nan, len(b), "no script was held twice, so nothing is exchanged")
    orders = list(_exchanged(own, draws, np.random.default_rng([seed, 79])))
    null = np.array([_correlation(b[o], y) for o in orders])
    null_steps = np.array([_correlation(np.diff(b[o]), np.diff(y), about=False) for o in orders])
    return Coupling(levels, _p(null, levels), steps, _p(null_steps, steps), len(b))


def _correlation(b: Array, y: Array, *, about: bool = True) -> float:
    """Return the pooled correlation, each course about its own mean or, of differences, about nought."""
    use = np.isfinite(b) & np.isfinite(y)
    x, z = (np.where(use, v, np.nan) for v in (b, y))
    if about:
        x, z = (v - mean(v)[:, None] for v in (x, z))
    x, z = (np.where(use, v, 0.0) for v in (x, z))
    return float(ratio((x * z).sum(), np.sqrt((x**2).sum() * (z**2).sum())))


def _exchanged(scripts: NDArray[np.str_], draws: int, rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    groups = [np.flatnonzero(scripts == name) for name in sorted(set(scripts.tolist()))]
    for _ in range(draws):
        order = np.arange(len(scripts))
        for rows in groups:
            order[rows] = rng.permutation(rows)
        yield order


def _p(null: Array, observed: float) -> float:
    if not np.isfinite(observed):
        return float("nan")
    return float((1 + (np.abs(np.nan_to_num(null)) >= abs(observed) - 1e-12).sum()) / (1 + len(null)))
