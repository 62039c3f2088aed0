"""How replies open: how far two openings differ, and whether those of one situation are alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from selfscope.errors import BadInput
from selfscope.stats.contrast import critical
from selfscope.stats.masked import Array
from selfscope.values import Estimate

#: Exchanges of prompts between classes.
DRAWS = 1999
#: Fewest classes, and prompts of each.
LEAST_CLASSES, LEAST_PROMPTS = 3, 2
Places = NDArray[np.intp]


def divergence(first: Mapping[str, float], second: Mapping[str, float]) -> float:
    """Return the Jensen-Shannon divergence of two openings in nats, 0 to log 2.

    Parameters
    ----------
    first, second
        log P by token; what neither lists is one outcome more.
    """
    tokens = list(dict.fromkeys((*first, *second)))
    p, q = (_filled(each, tokens) for each in (first, second))
    middle = (p + q) / 2
    return float(0.5 * (special.rel_entr(p, middle).sum() + special.rel_entr(q, middle).sum()))


def _filled(told: Mapping[str, float], tokens: Sequence[str]) -> Array:
    listed = np.exp([told.get(token, -np.inf) for token in tokens])
    return np.append(listed, max(0.0, 1 - listed.sum()))


def likeliest(openings: Sequence[Mapping[str, float]], count: int) -> tuple[str, ...]:
    """Return the tokens with the largest mean probability over openings, likeliest first; ties by text."""
    total: dict[str, float] = {}
    for told in openings:
        for token, logp in told.items():
            total[token] = total.get(token, 0.0) + float(np.exp(logp))
    return tuple(sorted(total, key=lambda token: (-total[token], token))[:count])


class Shared(NamedTuple):
    """How much nearer prompts of one class lie than prompts of two, with the p that classes mean nothing."""

    nearer: Estimate
    p: float


def shared(distances: ArrayLike, classes: ArrayLike, *, draws: int = DRAWS, seed: int = 0) -> Shared:
    """Are prompts of one class nearer to each other than to those of other classes?

    The estimate is the mean over classes of (distance to prompts of other classes minus distance within). One
    prompt stands in many pairs, and every pair of classes in two of the differences, so neither pairs nor
    classes are taken for independent: p is by exchange of prompts between classes, one-sided; the interval is
    of the jackknife that leaves out a class with all its pairs, t with one degree of freedom fewer than there
    are classes.

    Parameters
    ----------
    distances
        ``(prompt, prompt)``, symmetric; the diagonal is not read.
    classes
        Numbers from 0, ``(prompt,)``, as many prompts of each.
    draws
        Exchanges of prompts between classes.

    Raises
    ------
    BadInput
        If there are fewer than three classes, or fewer than two prompts of one, or not as many of each.
    """
    d, of = np.asarray(distances, float), np.asarray(classes, np.intp)
    counts = np.bincount(of)
    if len(counts) < LEAST_CLASSES or counts.min() < LEAST_PROMPTS or counts.min() < counts.max():
        raise BadInput(
            "too little to compare classes of prompts", got=f"prompts of classes: {counts.tolist()}"
        )
    seen = float(_nearer(d, of[None])[0])
    moved = np.random.default_rng([seed, len(of)]).permuted(np.tile(of, (draws, 1)), axis=1)
    p = float((1 + (_nearer(d, moved) >= seen - 1e-12).sum()) / (1 + draws))
    k = len(counts)
    left = np.array([_nearer(d[of != c][:, of != c], _closed(of[of != c])[None])[0] for c in range(k)])
    half = float(critical(k - 1.0, 0.95)) * np.sqrt((k - 1) / k * ((left - left.mean()) ** 2).sum())
    return Shared(Estimate(seen, (seen - float(half), seen + float(half))), p)


def _nearer(d: Array, of: Places) -> Array:
    """Return between minus within for every assignment of prompts to classes, ``(draw,)``."""
    n = of.shape[1]
    pairs = np.triu_indices(n, 1)
    same = of[:, pairs[0]] == of[:, pairs[1]]
    apart = d[pairs]
    within = (same * apart).sum(axis=1) / same.sum(axis=1)
    return np.asarray((~same * apart).sum(axis=1) / (~same).sum(axis=1) - within)


def _closed(of: Places) -> Places:
    """Return class numbers without a gap."""
    return np.asarray(np.unique(of, return_inverse=True)[1], np.intp)
