"""Where did a conversation change its level, and is that more than residuals that hang together do by chance?

The statistic of a conversation is the largest |t| of "later turns against earlier ones" over all places with
at least two turns on either side (the standardised max-CUSUM). Two nulls have to agree:

- *AR sieve*, a p for each conversation: series of the same length are made from the pooled φ and from drawn
  innovations of all conversations. Holm over conversations.
- *Circular shift*, one p for all: each conversation is shifted around its end by itself, which keeps all but
  where it begins, and the mean statistic is taken again. A single conversation of 12 turns has only 12 shifts
  and no p under .08, so it is not judged by them alone.

Sources: Page 1954 (CUSUM); Bühlmann 1997 (sieve bootstrap).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfscope.stats.autoregression import pooled_phi, simulated, whitened
from selfscope.stats.masked import Array, Mask, mean
from selfscope.stats.multiplicity import holm

DRAWS, ALPHA = 1999, 0.05
#: Fewest turns on either side of a change.
SIDE = 2
_TINY = 1e-12


class Changes(NamedTuple):
    """Change points; arrays ``(conversation,)`` unless said.

    Attributes
    ----------
    at
        Number, from 0, of the first turn after the change.
    size
        Mean of the turns from there on minus mean of those before, units of y.
    p, p_adjusted
        By the AR sieve, and after Holm over conversations; NaN where a turn is missing.
    p_shift
        By circular shifts, one number for all conversations together.
    phi
        Of the sieve.
    found
        p_adjusted and p_shift both ≤ .05.
    """

    at: NDArray[np.intp]
    size: Array
    p: Array
    p_adjusted: Array
    p_shift: float
    phi: float
    found: Mask


def change_points(
    residual: ArrayLike, *, phi: float | None = None, draws: int = DRAWS, seed: int = 0
) -> Changes | None:
    """Look for one change in each conversation.

    Parameters
    ----------
    residual
        ``(conversation, turn)``; a conversation with a missing turn is not judged.
    phi
        Of residuals without change, from held-out conversations; estimated from these if None, which takes a
        part of a true change for φ and so finds less.

    Returns
    -------
    None with fewer than six turns, or no whole conversation.
    """
    x = np.asarray(residual, float)
    whole = np.isfinite(x).all(axis=1)
    if x.shape[1] < 3 * SIDE or not whole.any():
        return None
    known = pooled_phi(x[whole]) if phi is None else phi
    statistic, at, size = (np.full(len(x), np.nan) for _ in range(3))
    statistic[whole], at[whole], size[whole] = largest(x[whole])
    null = _sieve(x[whole], known, draws, np.random.default_rng([seed, 61]))
    p = np.full(len(x), np.nan)
    p[whole] = _p(null, statistic[whole])
    shifted = _shifted(x[whole], draws, np.random.default_rng([seed, 67]))
    p_shift = float(_p(shifted, np.array([statistic[whole].mean()]))[0])
    adjusted = holm(p)
    found = np.nan_to_num(adjusted, nan=1.0) <= ALPHA
    place = np.nan_to_num(at).astype(np.intp)
    return Changes(place, size, p, adjusted, p_shift, known, found & (p_shift <= ALPHA))


def largest(series: Array) -> tuple[Array, Array, Array]:
    """Return the largest |t| over places, the place, and the difference there; arrays ``(...)``.

    Parameters
    ----------
    series
        ``(..., turn)``, none missing.
    """
    n = series.shape[-1]
    places = np.arange(SIDE, n - SIDE + 1)
    sums = np.cumsum(series, axis=-1)[..., places - 1]
    total = series.sum(axis=-1, keepdims=True)
    apart = (total - sums) / (n - places) - sums / places
    whole = ((series - total / n) ** 2).sum(axis=-1, keepdims=True)
    between = apart**2 * places * (n - places) / n
    squares = between / np.maximum((whole - between) / (n - 2), _TINY * np.maximum(whole, _TINY))
    best = squares.argmax(axis=-1)[..., None]
    top = np.sqrt(np.take_along_axis(squares, best, axis=-1))[..., 0]
    return top, places[best[..., 0]].astype(float), np.take_along_axis(apart, best, axis=-1)[..., 0]


def _sieve(series: Array, phi: float, draws: int, rng: np.random.Generator) -> Array:
    """Return statistics of series made from φ and drawn innovations, each series of one variance."""
    w = whitened(series - mean(series)[:, None], phi)[:, 1:]
    w = w - mean(w)[:, None]
    scale = np.sqrt((w**2).mean(axis=1, keepdims=True))
    pool = (w / np.where(scale > 0, scale, 1.0)).ravel()
    return largest(simulated(phi, rng.choice(pool, (draws, series.shape[1]))))[0]


def _shifted(series: Array, draws: int, rng: np.random.Generator) -> Array:
    """Return the mean statistic of series that are each shifted around by themselves, ``(draw,)``."""
    n = series.shape[1]
    around = (np.arange(n) + np.arange(n)[:, None]) % n
    each = largest(series[:, around])[0]
    chosen = rng.integers(0, n, (draws, len(series)))
    return np.asarray(each[np.arange(len(series)), chosen].mean(axis=1))


def _p(null: Array, observed: Array) -> Array:
    hits = (null[:, None] >= observed * (1 - _TINY)).sum(axis=0)
    return np.asarray((1 + hits) / (1 + len(null)))
