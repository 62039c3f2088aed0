"""Variances from few texts, steadied by what the other dimensions show (Smyth's moderated variance)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from selfscope.stats.masked import Array, mean, median, ratio


class Moderated(NamedTuple):
    """Posterior variances of a set of dimensions.

    Attributes
    ----------
    variance
        s̃² = (d₀ s₀² + d s²)/(d₀ + d), shape ``(..., dimension)``.
    df
        d₀ + d, shape ``(..., dimension)``; infinite where the dimensions differ no more than chance.
    """

    variance: Array
    df: Array


def moderate(variances: ArrayLike, df: float) -> Moderated:
    """What is the variance of each dimension, if variances of dimensions are alike?

    Model: s² ~ σ² χ²_d/d with 1/σ² ~ χ²_{d₀}/(d₀ s₀²). d₀ and s₀² by matching mean and variance of
    ``e = log s² - ψ(d/2) + log(d/2)`` over dimensions: ψ'(d₀/2) = var(e) - ψ'(d/2), and d₀ = ∞ where that
    is not positive; log s₀² = mean(e) + ψ(d₀/2) - log(d₀/2). Source: Smyth 2004.

    Fewer than two dimensions cannot lend each other anything (d₀ = 0), nor can dimensions of which most
    have no variance at all. A single zero is raised to 1e-5 of the median, because its logarithm has no
    place in a moment.

    Parameters
    ----------
    variances
        s² of each dimension, shape ``(..., dimension)``; NaN where there is none.
    df
        d, the degrees of freedom of each.
    """
    s2 = np.asarray(variances, float)
    middle = median(s2)[..., None]
    known = np.isfinite(s2)
    poolable = (known.sum(axis=-1) >= 2) & (np.nan_to_num(middle[..., 0]) > 0)
    floored = np.where(poolable[..., None], np.fmax(s2, 1e-5 * middle), 1.0)
    e = np.where(known, np.log(floored) - special.digamma(df / 2) + np.log(df / 2), np.nan)
    centre = mean(e)
    n = known.sum(axis=-1)
    spread = ratio((np.where(known, e - centre[..., None], 0.0) ** 2).sum(axis=-1), np.maximum(n - 1, 0))
    prior_df = _prior_df(np.where(poolable, spread, 0.0) - special.polygamma(1, df / 2))
    prior = np.exp(np.where(poolable, centre, 0.0) + _offset(prior_df))
    prior_df, prior = np.where(poolable, prior_df, 0.0), np.where(poolable, prior, np.nan)
    return _posterior(s2, df, prior_df, prior)


def _posterior(s2: Array, df: float, prior_df: Array, prior: Array) -> Moderated:
    """Weigh each variance with the prior by degrees of freedom."""
    d0, s0 = prior_df[..., None], np.nan_to_num(prior)[..., None]
    endless = np.isinf(d0)
    finite = np.where(endless, 0.0, d0)
    weighed = (finite * s0 + df * s2) / (finite + df)
    variance = np.where(endless & np.isfinite(s2), s0, weighed)
    return Moderated(variance, np.where(np.isfinite(s2), d0 + df, np.nan))


def _prior_df(excess: Array) -> Array:
    """Return d₀ from the variance of log variances beyond chance; ∞ where there is none."""
    positive = excess > 0
    return np.where(positive, 2 * trigamma_inverse(np.where(positive, excess, 1.0)), np.inf)


def _offset(prior_df: Array) -> Array:
    """ψ(d₀/2) - log(d₀/2), which goes to 0 as d₀ grows."""
    half = np.where(np.isinf(prior_df), 1.0, prior_df) / 2
    return np.where(np.isinf(prior_df), 0.0, special.digamma(half) - np.log(half))


def trigamma_inverse(value: ArrayLike) -> Array:
    """Return y with ψ'(y) = value > 0, by Newton steps on 1/ψ', which is nearly linear in y."""
    x = np.asarray(value, float)
    y = 0.5 + 1.0 / x
    for _ in range(12):
        trigamma = special.polygamma(1, y)
        y = y + trigamma * (1 - trigamma / x) / special.polygamma(2, y)
    return np.asarray(y, dtype=float)
