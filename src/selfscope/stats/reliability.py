"""G2 and its companions: does the instrument tell characters apart on this ground?

`measurement.md` §7. There is one subject, so reliability belongs to the instrument: objects are characters
varied on purpose, conditions are statements (nested in keying) and forms (fixed, averaged with equal weight).
The names of the coefficients are never swapped: each says another thing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from selfscope.errors import BadInput
from selfscope.stats.masked import Array, Mask, mean, ratio
from selfscope.stats.strata import score
from selfscope.stats.verdicts import G2_FLOOR, G2_GOOD

LEAST_OBJECTS = 12
SPLITS = 200


class Generalizability(NamedTuple):
    """Eρ² of every dimension; arrays ``(...)`` without the axes of objects and statements.

    Attributes
    ----------
    coefficient, ci95
        Relative Eρ² and its exact F interval ``(..., 2)``; NaN under 12 objects. Where the variance of
        objects is estimated as negative, so is the coefficient.
    error_variance
        The relative error variance of a score over these m statements.
    objects, statements
        How many.
    """

    coefficient: Array
    ci95: Array
    error_variance: Array
    objects: int
    statements: Array


def generalizability(scores: ArrayLike, keyed: ArrayLike, *, least: int = LEAST_OBJECTS) -> Generalizability:
    """How much of the spread of characters would other statements show as well?

    Objects o crossed with statements s nested in keying k. Keying and forms are fixed and averaged, so o×k
    and o×f are no error. With X_o the half sum of keyings:
    ``MS_o = m Var(X_o)``, ``MS_os = Σ_k Σ_os residual² / ((n_o - 1)(m - 2))``, E MS_o = mσ²_o + σ²_os and
    E MS_os = σ²_os, so ``Eρ² = σ²_o / (σ²_o + σ²_os/m) = 1 - MS_os/MS_o``. Interval: ``1 - F_q/F`` with
    F = MS_o/MS_os on n_o - 1 and (n_o - 1)(m - 2) degrees of freedom. With one keying m - 1 replaces m - 2
    and this is Cronbach's α, which ICC(C,k) equals too. Source: Brennan 2001; validated against pingouin.

    Parameters
    ----------
    scores
        D, forms averaged, shape ``(..., object, dimension, m)``; a statement that any object lacks is
        left out for all. Strata must be equal in size, or m is taken as their harmonic total.
    keyed
        ``(dimension, m)`` or ``(m,)``.
    least
        Objects under which nothing is estimated.

    Raises
    ------
    BadInput
        If there is no object axis.
    """
    d = np.asarray(scores, float)
    if d.ndim < 3:
        raise BadInput("no object axis", got=d.shape, fix="Give (..., object, dimension, m)")
    n_objects = d.shape[-3]
    k = np.broadcast_to(np.asarray(keyed, float), d.shape[-2:])
    use = np.isfinite(d).all(axis=-3) & (k != 0)
    x = score(np.where(use[..., None, :, :], d, np.nan), k)
    n_plus, n_minus = (use & (k > 0)).sum(axis=-1), (use & (k < 0)).sum(axis=-1)
    both = (n_plus > 0) & (n_minus > 0)
    m = np.where(both, ratio(4.0 * n_plus * n_minus, n_plus + n_minus), n_plus + n_minus)
    df_error = (n_objects - 1) * (n_plus + n_minus - np.where(both, 2, 1))
    error = ratio(_residuals(d, k, use), np.maximum(df_error, 0))
    enough = (n_objects >= least) & (df_error > 0)
    between = (
        np.where(enough, m * x.var(axis=-2, ddof=1), np.nan) if n_objects > 1 else np.full(m.shape, np.nan)
    )
    found = 1 - ratio(error, between)
    return Generalizability(
        found,
        _f_interval(ratio(between, error), n_objects - 1, df_error),
        ratio(error, m),
        n_objects,
        n_plus + n_minus,
    )


def _residuals(d: Array, keyed: Array, use: Mask) -> Array:
    """Return Σ over objects and statements of what is left after object and statement, within keying."""
    total = np.zeros(use.shape[:-1])
    for sign in (1, -1):
        here = (use & (keyed == sign))[..., None, :, :]
        by_object = mean(d, where=here)[..., None]
        by_statement = np.where(here, d, 0.0).mean(axis=-3, keepdims=True)
        whole = mean(by_statement, where=here[..., :1, :, :])[..., None]
        left = np.where(here, d - by_object - by_statement + whole, 0.0)
        total = total + (left**2).sum(axis=(-3, -1))
    return total


def _f_interval(f: Array, df_objects: int, df_error: Array) -> Array:
    """Return the 95 % interval of 1 - 1/F in the population."""
    usable = np.isfinite(f) & (df_error > 0)
    below = np.where(usable, df_error, 1).astype(float)
    above = float(max(df_objects, 1))
    low = 1 - special.fdtri(above, below, 0.975) / np.where(usable, f, 1.0)
    high = 1 - special.fdtri(above, below, 0.025) / np.where(usable, f, 1.0)
    return np.where(usable[..., None], np.stack([low, high], axis=-1), np.nan)


def grade(coefficient: float) -> str:
    """Return ``good`` (.80), ``acceptable`` (.60), ``low`` or ``not estimated``."""
    if np.isnan(coefficient):
        return "not estimated"
    if coefficient >= G2_GOOD:
        return "good"
    return "acceptable" if coefficient >= G2_FLOOR else "low"


def split_half(scores: ArrayLike, keyed: ArrayLike, *, splits: int = SPLITS, seed: int = 0) -> Array:
    """Do two halves of the statements order the characters alike?

    The statements of each keying are halved at random, both halves scored, and their correlation over
    objects averaged over `splits`; then Spearman-Brown, 2r/(1+r), for the whole length (on the mean r,
    because 2r/(1+r) of a single negative r has no bound).

    Parameters
    ----------
    scores
        D, shape ``(object, dimension, m)``.

    Returns
    -------
    ``(dimension,)``; NaN with fewer than 3 objects or without two statements in a keying that is there.
    """
    d = np.asarray(scores, float)
    k = np.broadcast_to(np.asarray(keyed, float), d.shape[-2:])
    use = np.isfinite(d).all(axis=0) & (k != 0)
    clean = np.where(use, d, np.nan)
    rng = np.random.default_rng([seed, splits])
    r = np.stack([_half_correlation(clean, k, use, rng) for _ in range(splits)])
    centre = mean(r, axis=0)
    return ratio(2 * centre, 1 + centre)


def _half_correlation(d: Array, keyed: Array, use: Mask, rng: np.random.Generator) -> Array:
    """Return the correlation over objects of one random halving."""
    first = np.zeros(use.shape, bool)
    for dimension, row in enumerate(use):
        for sign in (1, -1):
            own = np.flatnonzero(row & (keyed[dimension] == sign))
            first[dimension, rng.permutation(own)[: len(own) // 2]] = True
    return _correlation(score(np.where(first, d, np.nan), keyed), score(np.where(first, np.nan, d), keyed))


def parallel_forms(scores: ArrayLike, keyed: ArrayLike, half: ArrayLike) -> Array:
    """Do two disjoint halves of the forms order the characters alike (a retest by other forms)?

    Parameters
    ----------
    scores
        D in every form, shape ``(object, dimension, m, form)``; NaN where not asked.
    half
        Which forms make up the first half, ``(form,)`` booleans.

    Returns
    -------
    Correlation over objects, ``(dimension,)``; NaN where a half lacks a keying.
    """
    d, first = np.asarray(scores, float), np.asarray(half, bool)
    k = np.broadcast_to(np.asarray(keyed, float), d.shape[-3:-1])
    halves = [mean(d, where=part) for part in (first, ~first)]
    whole = [np.where(_has_keyings(x, k), score(x, k), np.nan) for x in halves]
    return _correlation(whole[0], whole[1])


def _has_keyings(d: Array, keyed: Array) -> Mask:
    """Whether every keying of the dimension is there in these scores."""
    here = np.isfinite(d)
    found: Mask = np.ones(d.shape[:-1], bool)
    for sign in (1, -1):
        wanted = (keyed == sign).any(axis=-1)
        found = found & (~wanted | (here & (keyed == sign)).any(axis=-1))
    return found


def _correlation(x: Array, y: Array) -> Array:
    """Return Pearson's r over the first axis; NaN with fewer than 3 pairs or no spread."""
    use = np.isfinite(x) & np.isfinite(y)
    a = np.where(use, x - mean(x, axis=0, where=use), 0.0)
    b = np.where(use, y - mean(y, axis=0, where=use), 0.0)
    r = ratio((a * b).sum(axis=0), np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0)))
    return np.where(use.sum(axis=0) >= 3, r, np.nan)


def profile_reliability(estimate: ArrayLike, se: ArrayLike) -> Array:
    """Return 1 - mean SE² / Var over dimensions of Δ̂ (the last axis): is the *profile* more than noise?

    Negative where the dimensions differ less than their errors; NaN under three dimensions.
    """
    x, s = np.asarray(estimate, float), np.asarray(se, float)
    use = np.isfinite(x) & np.isfinite(s)
    n = use.sum(axis=-1)
    deviation = np.where(use, x - mean(x, where=use)[..., None], 0.0)
    variance = ratio((deviation**2).sum(axis=-1), np.maximum(n - 1, 0))
    found = 1 - ratio(mean(s**2, where=use), variance)
    return np.where(n >= 3, found, np.nan)


def alternate(forms: int) -> NDArray[np.bool_]:
    """Return the halving of forms that takes every second one."""
    return np.asarray(np.arange(forms) % 2 == 0)
