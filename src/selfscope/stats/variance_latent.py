"""Shares of variance of 0/1 values on the latent scale: log-odds, on which one answer varies by π²/3.

A value is 1 with probability ``expit(m + Σ u_t)``, the effects u of each term normal. Two values that share
some effects have a covariance that follows from the covariance of their log-odds alone; so each covariance on
the observed scale is turned into the one behind it, and components follow by inclusion and exclusion as they
do there. The term of highest order is the answer itself: its latent variance is that of the logistic
distribution, and what else lies in it cannot be told from one answer a cell (Nakagawa and Schielzeth 2010).
The translation is that of de Villemereuil and others (2016), in the other direction. Shares of the two scales
are never mixed: one is of what an answer is drawn by, the other of the answers.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy import special

from selfscope.stats.masked import Array, Mask, ratio
from selfscope.stats.variance_design import Design
from selfscope.stats.variance_interval import quantiles

#: Variance of the logistic distribution: of one answer, in squared log-odds.
ANSWER = np.pi**2 / 3
#: Latent variances and correlations at which covariances are tabulated; at the last answers are certain.
TOTALS = np.concatenate([[0.0], np.geomspace(1e-3, 400.0, 90)])
_ALIKE = np.linspace(0.0, 1.0, 65)
#: Means that are tabulated, by the absolute log-odds of the share of ones; nearer to 0 or 1 nothing is said.
_MEANS = np.linspace(0.0, 4.0, 17)
_POINTS, _WEIGHTS = special.roots_hermitenorm(61)
_ROUNDS, _CLOSE = 80, 1e-6


class Latent(NamedTuple):
    """Components and shares on the latent scale, ``(..., term)``; the highest term is the answer itself."""

    variance: Array
    share: Array


def latent(variance: Array, mean: Array, design: Design, among: Mask | None = None) -> Latent:
    """Return what lies behind components of 0/1 values; NaN where the values are too nearly all alike.

    Parameters
    ----------
    variance
        Components on the observed scale, ``(..., term)``, in the order of ``design.terms``.
    mean
        Share of ones, ``(...)``.
    among
        Terms that shares are of, ``(term,)``; all by default. The answer itself always counts.
    """
    parts = np.asarray(variance * design.in_one_value, float)
    flat = parts.reshape(-1, parts.shape[-1])
    means = np.broadcast_to(mean, parts.shape[:-1]).ravel()
    tau = np.stack([_behind(v, float(m), design) for v, m in zip(flat, means, strict=True)])
    tau = tau.reshape(parts.shape)
    counted = np.ones(parts.shape[-1], bool) if among is None else np.asarray(among).copy()
    counted[-1] = True
    kept = np.where(counted, np.maximum(tau, 0.0), 0.0)
    shares = ratio(kept, kept.sum(axis=-1, keepdims=True))
    return Latent(tau, np.where(counted & np.isfinite(tau).all(axis=-1, keepdims=True), shares, np.nan))


def latent_interval(drawn: Array, mean: float, design: Design, among: Mask | None = None) -> Array:
    """Return 95 % intervals of latent shares, ``(term, 2)``, from draws of components, ``(draw, term)``."""
    return quantiles(latent(drawn, np.asarray(mean), design, among).share)


def _behind(parts: Array, mean: float, design: Design) -> Array:
    """Return latent components of one table, ``(term,)``: the fixed point at which their sum is the total."""
    below = _below(design)
    shared = below[:-1, :-1] @ parts[:-1]
    spread = mean * (1 - mean)
    if not spread > 0 or abs(np.log(mean / (1 - mean))) > _MEANS[-1]:
        return np.full(len(parts), np.nan)
    table = _table(mean)
    inverse = np.linalg.inv(below[:-1, :-1])
    total = min(max(float(np.maximum(parts[:-1], 0).sum()) / spread**2, 0.0), TOTALS[-1])
    tau = np.zeros(len(parts) - 1)
    for _ in range(_ROUNDS):
        tau = inverse @ _covariance_behind(shared, total, table)
        following = float(np.maximum(tau, 0.0).sum())
        if following >= TOTALS[-1]:  # answers are certain, given who and what: the shares have their limits
            return np.append(tau, ANSWER)
        if abs(following - total) <= _CLOSE * max(1.0, total):
            break
        total = 0.5 * (total + following)
    return np.append(tau, ANSWER)


def _covariance_behind(observed: Array, total: float, table: Array) -> Array:
    """Return latent covariances behind observed ones at one latent variance; in proportion off the table."""
    if total <= 0:
        total = TOTALS[1]
    place = np.interp(total, TOTALS, np.arange(len(TOTALS)))
    low = int(place)
    high = min(low + 1, len(TOTALS) - 1)
    row = table[low] + (place - low) * (table[high] - table[low])
    inner = np.interp(observed, row, _ALIKE) * total
    slope = _ALIKE[1] * total / row[1]
    beyond = np.where(observed < 0, observed * slope, observed / row[-1] * total)
    return np.where((observed < 0) | (observed > row[-1]), beyond, inner)


@cache
def _table_at(place: int) -> Array:
    """Return covariances of values by latent variance and correlation, ``(total, alike)``, at one mean."""
    goal = special.expit(_MEANS[place])
    return np.stack([_row(float(goal), float(t)) for t in TOTALS])


def _table(mean: float) -> Array:
    """Return the same between two means that are tabulated; which side of ½ they are on does not matter."""
    place = float(np.interp(abs(np.log(mean / (1 - mean))), _MEANS, np.arange(len(_MEANS))))
    low = int(place)
    high = min(low + 1, len(_MEANS) - 1)
    return np.asarray(_table_at(low) + (place - low) * (_table_at(high) - _table_at(low)))


def _row(goal: float, total: float) -> Array:
    """Return covariances of two values by the correlation of their log-odds of one variance."""
    centre = _centre(goal, total)
    shared = np.sqrt(_ALIKE * total)[:, None, None] * _POINTS[:, None]
    own = np.sqrt((1 - _ALIKE) * total)[:, None, None] * _POINTS
    weights = _WEIGHTS / _WEIGHTS.sum()
    given = special.expit(centre + shared + own) @ weights
    return np.asarray(given**2 @ weights - goal**2)


def _centre(goal: float, total: float) -> float:
    """Return the mean log-odds at which values are 1 with probability `goal`, by bisection."""
    weights = _WEIGHTS / _WEIGHTS.sum()
    low, high = -200.0, 200.0
    for _ in range(60):
        middle = (low + high) / 2
        reached = float(special.expit(middle + np.sqrt(total) * _POINTS) @ weights)
        low, high = (middle, high) if reached < goal else (low, middle)
    return (low + high) / 2


def _below(design: Design) -> Array:
    """Return which terms two values share that share all facets of a term, ``(term, term)``."""
    facets = [t.facets for t in design.terms]
    return np.array([[float(other <= own) for other in facets] for own in facets])
