"""How much of one turn is left in the next? One φ for many short series, without the bias of their means.

Least squares within series of T values finds φ too small, because the mean of a series is taken from the same
few values: by about (1 + φ)/(T - 1), .12 at φ = .4 and T = 12. The bias is known (Nickell 1981, for many
series) and is taken out by solving for the φ that would be found so small.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from selfscope.stats.masked import Array, mean

#: φ is kept within these.
LEAST, MOST = -0.95, 0.95
_GRID = np.linspace(LEAST, MOST, 381)


def pooled_phi(series: ArrayLike) -> float:
    """Return φ of x_t = m_i + φ x_{t-1} + ε over series i, one for all, its bias taken out.

    Parameters
    ----------
    series
        ``(series, turn)``; NaN where a value is missing (pairs with one are left out).

    Returns
    -------
    Between -.95 and .95; 0 where nothing varies or there are fewer than three turns.
    """
    x = np.asarray(series, float)
    if x.shape[-1] < 3:
        return 0.0
    use = np.isfinite(x[:, :-1]) & np.isfinite(x[:, 1:])
    before, after = (_within(v, use) for v in (x[:, :-1], x[:, 1:]))
    below = float((before**2).sum())
    if below <= 0:
        return 0.0
    turns = max(int(np.median(use.sum(axis=1)[use.any(axis=1)])), 2)
    rising = np.maximum.accumulate(found_phi(_GRID, turns))
    return float(np.interp((before * after).sum() / below, rising, _GRID))


def found_phi(phi: ArrayLike, pairs: int) -> Array:
    """Return what least squares within many series of `pairs` pairs would find for a true φ (Nickell 1981).

    Shape of `phi`.
    """
    f, t = np.asarray(phi, float), pairs
    share = 1 - (1 - f**t) / (t * (1 - f))
    bias = (1 + f) / (t - 1) * share / (1 - 2 * f / ((1 - f) * (t - 1)) * share)
    return np.asarray(f - bias)


def whitened(series: ArrayLike, phi: float, level: float = 0.0) -> Array:
    """Return the innovations of each series, ``(series, turn)``, of one variance from the first turn on.

    w_t = (x_t - level) - φ (x_{t-1} - level), and w_1 = (x_1 - level) √(1 - φ²).
    """
    x = np.asarray(series, float) - level
    first = x[..., :1] * np.sqrt(1 - phi**2)
    return np.concatenate([first, x[..., 1:] - phi * x[..., :-1]], axis=-1)


def simulated(phi: float | Array, innovations: Array) -> Array:
    """Return stationary series that innovations ``(..., turn)`` make, φ broadcast over the series.

    Innovations have one variance; the inverse of :func:`whitened`.
    """
    made = np.empty_like(innovations)
    made[..., 0] = innovations[..., 0] / np.sqrt(1 - phi**2)
    for t in range(1, innovations.shape[-1]):
        made[..., t] = phi * made[..., t - 1] + innovations[..., t]
    return made


def _within(x: Array, use: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Array:
    kept = np.where(use, x, np.nan)
    return np.where(use, x - mean(kept)[:, None], 0.0)
