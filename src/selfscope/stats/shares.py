"""Shares and points that are shown beside log-odds, and never decided on (`measurement.md` §3)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from selfscope.stats.masked import Array, mean

SATURATED = 8.0


def saturation(answers: ArrayLike) -> Array:
    """Return the share of |L| > 8 of every dimension; over 20 % is noted as `saturated` (§3).

    Parameters
    ----------
    answers
        L, shape ``(..., dimension, m, 2, form)``; NaN where not asked.

    Returns
    -------
    Shape ``(..., dimension)``; NaN where nothing was answered.
    """
    given = np.asarray(answers, float)
    return mean(np.where(np.isfinite(given), np.abs(given) > SATURATED, np.nan), axis=(-3, -2, -1))


def percentage_points(answers: ArrayLike, keyed: ArrayLike) -> Array:
    """Return half of mean P(agree | pro-trait text) - mean P(agree | con-trait text), in points (§3).

    Shown, never decided on: yes-saying alone shrinks it (θ = 1: 23 points, with yes +2: 11).

    Parameters
    ----------
    answers
        L, shape ``(..., dimension, m, 2, form)``; NaN where not asked.
    keyed
        ``(dimension, m)`` or ``(m,)``.

    Returns
    -------
    Shape ``(..., dimension)``, -50 to 50; NaN without texts on both sides.
    """
    agree = special.expit(np.asarray(answers, float))
    pro = _effective(keyed)[..., None] > 0
    return 50 * (mean(agree, (-3, -2, -1), pro) - mean(agree, (-3, -2, -1), ~pro))


def naive_rate(answers: ArrayLike, keyed: ArrayLike) -> Array:
    """Return the share of agreement with statements keyed +1: labelled naive, never tested (§3).

    Parameters
    ----------
    answers
        L, shape ``(..., m, 2, form)``; agreement is L > 0, NaN counts for nothing.
    keyed
        ``(m,)`` or broadcastable to ``(..., m)``.

    Returns
    -------
    Shape ``(...)``; NaN without statements keyed +1.
    """
    given = np.asarray(answers, float)
    agrees = np.where(np.isfinite(given), given > 0, np.nan)[..., 0, :]
    return mean(agrees, axis=(-2, -1), where=(np.asarray(keyed, float) > 0)[..., None])


def coherence(answers: ArrayLike) -> Array:
    """Return the share of atoms whose statement and twin are answered oppositely, per dimension (§3).

    Parameters
    ----------
    answers
        L, shape ``(..., m, 2, form)``.

    Returns
    -------
    Shape ``(...)``; an answer of exactly 0 is opposite to nothing; NaN where no pair was answered.
    """
    given = np.asarray(answers, float)
    product = given[..., 0, :] * given[..., 1, :]
    return mean(np.where(np.isfinite(product), product < 0, np.nan), axis=(-2, -1))


def orthogonality(answers: ArrayLike, keyed: ArrayLike) -> Array:
    """Return the share of κ = -1 among scored texts: 0.5 where trait and yes-saying are crossed (§3).

    Parameters
    ----------
    answers
        L, shape ``(..., m, 2, form)``; what is NaN was not scored.
    keyed
        ``(m,)`` or broadcastable to ``(..., m)``.

    Returns
    -------
    Shape ``(...)``; NaN where nothing was scored.
    """
    given = np.asarray(answers, float)
    con = np.broadcast_to(_effective(keyed)[..., None] < 0, given.shape)
    return mean(np.where(np.isfinite(given), con, np.nan), axis=(-3, -2, -1))


def _effective(keyed: ArrayLike) -> Array:
    """κ = k v of every text, ``(..., m, 2)``."""
    return np.asarray(np.asarray(keyed, float)[..., None] * np.array([1.0, -1.0]))
