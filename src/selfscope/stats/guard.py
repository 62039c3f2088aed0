"""Sharpening: a character that only answers more firmly is not a character with more of a trait.

If a subject's log-odds are those of its control times c, every θ moves by (c - 1)θ and would be found as a
shift wherever θ was not zero (64 % of null studies at c = 2). `measurement.md` §4: ĉ is the slope of D_s on
D_c over statements, both centred within dimension, and Δ* = θ_s - ĉθ_c must pass the tests as well.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from selfscope.stats.contrast import ZERO, paired_contrast, two_sided
from selfscope.stats.masked import Array, mean, ratio


def sharpening_slope(subject: ArrayLike, control: ArrayLike, noise: ArrayLike | None = None) -> Array:
    """By what factor are the subject's answers firmer than the control's?

    ĉ = Σ (D_s - D̄_s)(D_c - D̄_c) / Σ (D_c - D̄_c)², the sums over all statements of all dimensions, the means
    within each dimension: one slope for a study, because firmness belongs to a character and one dimension
    of 12 statements cannot carry a slope of its own. Shifts of whole dimensions drop out by the centring.

    Parameters
    ----------
    subject, control
        D of subject and of control (the class mean), shape ``(..., dimension, m)``; NaN where not asked.
    noise
        Variance of the control's D from drawing answers, same shape, taken off the denominator, which would
        be too large by it (never more than four fifths of it); None where log-odds are exact.

    Returns
    -------
    ĉ, shape ``(...)``; 1 (no factor to take out) where the control's answers do not vary at all.
    """
    s, c = np.broadcast_arrays(np.asarray(subject, float), np.asarray(control, float))
    use = np.isfinite(s) & np.isfinite(c)
    x = np.where(use, c - mean(c, where=use)[..., None], 0.0)
    y = np.where(use, s - mean(s, where=use)[..., None], 0.0)
    below = (x**2).sum(axis=(-2, -1))
    if noise is not None:
        drawn = np.where(use, np.asarray(noise, float), 0.0).sum(axis=(-2, -1))
        below = np.maximum(below - drawn, 0.2 * below)
    slope = ratio((x * y).sum(axis=(-2, -1)), np.where(below < ZERO**2, 0.0, below))
    return np.where(np.isfinite(slope), slope, 1.0)


def slope_error(subject: ArrayLike, control: ArrayLike, slope: ArrayLike) -> Array:
    """Return the standard error of a sharpening slope: that of a regression through the means of dimensions.

    Parameters
    ----------
    subject, control, slope
        As given to :func:`sharpening_slope`, and what it returned.

    Returns
    -------
    Shape ``(...)``; 0 where the control's answers do not vary, for then nothing is taken off.
    """
    s, c = np.broadcast_arrays(np.asarray(subject, float), np.asarray(control, float))
    use = np.isfinite(s) & np.isfinite(c)
    x = np.where(use, c - mean(c, where=use)[..., None], 0.0)
    y = np.where(use, s - mean(s, where=use)[..., None], 0.0)
    below = (x**2).sum(axis=(-2, -1))
    left = y - np.asarray(slope, float)[..., None, None] * x
    df = use.sum(axis=(-2, -1)) - use.any(axis=-1).sum(axis=-1) - 1
    flat = below < ZERO**2
    variance = ratio((left**2).sum(axis=(-2, -1)), np.maximum(df, 0) * np.where(flat, 1.0, below))
    return np.where(flat, 0.0, np.sqrt(np.where(np.isfinite(variance), variance, np.inf)))


def guarded_difference(
    subject: ArrayLike, control: ArrayLike, keyed: ArrayLike, slope: float, error: float
) -> tuple[float, float]:
    """Return Δ* = θ_s - ĉθ_c of one construct and its p, the error of ĉ counted in.

    With 21 dimensions ĉ is all but known; with one, Δ* is the intercept of a regression, whose error grows
    with |θ_c|. So the larger p counts: that of §4, which takes ĉ for known, and the one with its error.

    Parameters
    ----------
    subject, control, keyed
        ``(m,)``.
    """
    found = paired_contrast(np.asarray(subject, float) - slope * np.asarray(control, float), keyed)
    level = paired_contrast(control, keyed, flip=False).estimate
    if not np.isfinite(error):
        return float(found.estimate), float("nan")
    se = np.sqrt(found.se**2 + (level * error) ** 2)
    return float(found.estimate), float(np.maximum(found.p, two_sided(found.estimate, se, found.df)))
