"""Intervals for components of variance: modified large samples, generalised pivots, noncentral F.

Satterthwaite's interval and the percentile bootstrap over units are not offered: near zero the first covers
0 to .82, and with 3 units the second .42 (`measurement.md` §11).
"""

from __future__ import annotations

import numpy as np
from scipy import special

from selfscope.stats.masked import Array, Mask, ratio
from selfscope.stats.variance_design import Design

LEVEL = 0.95
DRAWS = 4000


def large_sample(mean_squares: Array, weights: Array, df: Array, *, level: float = LEVEL) -> Array:
    """Return the modified large-sample interval of a combination of mean squares.

    Ting, Burdick, Graybill, Jeyaratnam and Lu (1990); with one mean square it is the exact one by χ². Bounds
    are not cut at zero, so that a negative estimate lies inside its interval.

    Parameters
    ----------
    mean_squares
        ``(..., term)``.
    weights
        ``(term,)``, signed.
    df
        ``(term,)``.

    Returns
    -------
    ``(..., 2)``.
    """
    use = weights != 0
    parts, n, signs = mean_squares[..., use] * weights[use], df[use], np.sign(weights[use])
    estimate = parts.sum(axis=-1)
    down = _spread(parts, n, signs, (1 - level) / 2)
    up = _spread(parts, n, -signs, (1 - level) / 2)
    return np.stack([estimate - down, estimate + up], axis=-1)


def _spread(parts: Array, df: Array, signs: Array, tail: float) -> Array:
    """Return how far a bound lies below a sum of signed parts; with signs turned, above it.

    ``V = Σ G²x² + Σ H²x² + Σ G_qr x_q x_r + Σ G*_qt x_q x_t`` over positive q, t and negative r.
    """
    x = np.abs(parts)
    low, high = _chi(df, tail), _chi(df, 1 - tail)
    above, below = signs > 0, signs < 0
    own = np.where(above, 1 - 1 / high, 1 / low - 1)
    total = (own**2 * x**2).sum(axis=-1)
    for q in np.flatnonzero(above):
        for r in np.flatnonzero(below):
            f = special.fdtri(df[q], df[r], 1 - tail)
            total = total + ((f - 1) ** 2 - own[q] ** 2 * f**2 - own[r] ** 2) / f * x[..., q] * x[..., r]
    return np.asarray(np.sqrt(np.maximum(total + _together(x, df, own, above, tail), 0.0)))


def _together(x: Array, df: Array, own: Array, alike: Mask, tail: float) -> Array:
    """Return what pairs of parts of one sign add: the bound of their sum is to be the exact one."""
    total, same = np.zeros(x.shape[:-1]), np.flatnonzero(alike)
    for place, q in enumerate(same):
        for t in same[place + 1 :]:
            a, b = df[q], df[t]
            both = (1 - 1 / _chi(a + b, 1 - tail)) ** 2 * (a + b) ** 2 / (a * b)
            star = both - own[q] ** 2 * a / b - own[t] ** 2 * b / a
            total = total + star / (len(same) - 1) * x[..., q] * x[..., t]
    return total


def _chi(df: Array, p: float) -> Array:
    """Return the quantile p of χ²/df, which is F with infinite second df."""
    return np.asarray(2 * special.gammaincinv(np.asarray(df) / 2, p) / df)


def pivots(mean_squares: Array, design: Design, *, draws: int = DRAWS, seed: int = 0) -> Array:
    """Return draws of what every mean square expects, given what was observed (Weerahandi 1993).

    ``SS/χ²`` for random terms; quantiles of any function of the draws are a generalised interval. For terms
    of fixed facets alone the effects are drawn about the observed ones with the denominator's variance, less
    the bias of their squares.

    Parameters
    ----------
    mean_squares
        ``(..., term)``.

    Returns
    -------
    ``(draw, ..., term)``.
    """
    rng = np.random.default_rng([seed, draws, len(design.terms)])
    chi = rng.chisquare(design.df, size=(draws, len(design.terms)))
    chi = chi.reshape(draws, *[1] * (mean_squares.ndim - 1), len(design.terms))
    drawn = np.asarray(mean_squares * design.df / chi)
    for n, named in enumerate(design.only_fixed):
        if named:
            noise = np.maximum(np.einsum("...t,t->...", drawn, design.denominators[n]), 0.0)
            drawn[..., n] = _about(mean_squares[..., n], noise, design.df[n], rng)
    return drawn


def _about(mean_square: Array, noise: Array, df: float, rng: np.random.Generator) -> Array:
    """Return draws of what the mean square of fixed effects expects."""
    draws = len(noise)
    shape = (draws, *[1] * (noise.ndim - 1))
    first = (np.sqrt(mean_square * df) + rng.standard_normal(shape) * np.sqrt(noise)) ** 2
    others = noise * (rng.chisquare(df - 1, size=shape) if df > 1 else 0.0)
    return np.asarray((first + others) / df - noise)


def quantiles(drawn: Array, *, level: float = LEVEL) -> Array:
    """Return the interval between quantiles over the first axis, ``(..., 2)``."""
    tail = (1 - level) / 2
    return np.moveaxis(np.quantile(drawn, [tail, 1 - tail], axis=0), 0, -1)


def noncentral(f: Array, df: float, df_below: Array, *, level: float = LEVEL) -> Array:
    """Return the interval of λ/df of fixed effects: how far F lies above 1 by them, ``(..., 2)``.

    Exact, by inversion of the noncentral F; 0 where even no effect would give a smaller F too seldom.
    """
    tail = (1 - level) / 2
    bounds = []
    for p in (1 - tail, tail):
        reached = special.fdtr(df, df_below, f) >= p
        found = special.ncfdtrinc(df, df_below, p, np.where(reached, f, 1.0))
        bounds.append(np.where(np.isfinite(f), np.where(reached, found, 0.0), np.nan) / df)
    return np.stack(bounds, axis=-1)


def f_bounds(f: Array, df: float, df_below: Array, *, level: float = LEVEL) -> Array:
    """Return the exact interval of E MS / E MS' for two independent mean squares, ``(..., 2)``."""
    tail = (1 - level) / 2
    return np.stack(
        [
            ratio(f, special.fdtri(df, df_below, 1 - tail)),
            ratio(f, special.fdtri(df, df_below, tail)),
        ],
        axis=-1,
    )
