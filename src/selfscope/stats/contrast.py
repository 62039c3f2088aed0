"""One contrast of two characters over the same statements: estimate, interval, two tests.

`measurement.md` §4. The statement with its twin and all its forms is the cluster; exact log-probabilities
have no error of repetition, so all uncertainty comes from which statements could have been written.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from selfscope.stats.flip import DRAWS, flip_p
from selfscope.stats.masked import Array, Mask, ratio
from selfscope.stats.strata import Strata, blocks, half_difference, half_sum, keying, strata

ZERO = 1e-9
"""Log-odds below which a spread or a difference is rounding, not a measurement."""
LEAST_TESTED = 6
"""Statements below which only intervals are given (§2)."""
SKEWED = 1.5


class PairedContrast(NamedTuple):
    """A contrast with all that its verdict needs; every field has the shape of the leading axes.

    Attributes
    ----------
    estimate
        Δ̂ = ½ (mean₊ + mean₋) of δ_i: a half contrast, natural log-odds, positive for more of the trait.
    se, df
        Its standard error and degrees of freedom.
    ci95, ci90
        t intervals, shape ``(..., 2)``.
    p_t, p_flip, p
        Two-sided; p is the larger one, on which decisions rest. NaN below six statements.
    nu
        Half the difference of the stratum means: the shift in negation wording.
    plus, minus
        Means of δ_i over the statements keyed +1 and -1.
    n, n_plus, n_minus
        Statements that count.
    sd
        √m · SE: the spread of one statement's δ_i, as planning needs it.
    skewness
        Of δ_i about its stratum's mean, adjusted for sample size.
    """

    estimate: Array
    se: Array
    df: Array
    ci95: Array
    ci90: Array
    p_t: Array
    p_flip: Array
    p: Array
    nu: Array
    plus: Array
    minus: Array
    n: Array
    n_plus: Array
    n_minus: Array
    sd: Array
    skewness: Array


def paired_contrast(
    delta: ArrayLike,
    keyed: ArrayLike,
    *,
    flip: bool = True,
    flip_below: float = 1.0,
    least: int = LEAST_TESTED,
    seed: int = 0,
    draws: int = DRAWS,
) -> PairedContrast:
    """By how much do two characters differ, over statements that could have been written, and how surely?

    Δ̂ = ½(δ̄₊ + δ̄₋); with equal strata SE² = (s₊² + s₋²)/(2m) and df = m - 2. With unequal strata
    SE² = ¼(s₊²/n₊ + s₋²/n₋) and df by Welch and Satterthwaite. With one keying Δ̂ is the mean, df = m - 1,
    and negation wording stays in it. Second test: see :mod:`selfscope.stats.flip`.

    A spread below 1e-9 log-odds counts as none: all δ_i (within a keying) are equal. Then p is 1 if Δ̂ is
    zero too, as for an answerer blind to content; otherwise p_t is 0 and p is the sign-flip's least one.

    Parameters
    ----------
    delta
        δ_i = D_subject,i - D_control,i, forms averaged: shape ``(..., m)``; NaN where not asked.
    keyed
        +1 or -1, shape ``(m,)`` or broadcastable to `delta`; 0 for padding.
    flip, flip_below
        Whether to run the sign-flip, and only where p_t is at most `flip_below`; elsewhere it could not
        change the decision, p is p_t and p_flip is NaN.
    least
        Fewest statements for a p.
    seed, draws
        Name and number the sign patterns above 14 statements.

    Raises
    ------
    BadInput
        If `keyed` does not fit or holds anything but +1, -1 and 0.
    """
    x, k = keying(delta, keyed)
    groups = strata(x, k)
    plain = _by_t(groups, least)
    p_flip = np.full(plain.p_t.shape, np.nan)
    if flip:
        p_flip = _flips(x, k, groups, plain.p_t, seed, draws, flip_below)
    p = np.where(np.isfinite(p_flip), np.fmax(plain.p_t, p_flip), plain.p_t)
    return plain._replace(p_flip=p_flip, p=p, skewness=skewness(x, k, groups))


def _by_t(groups: Strata, least: int) -> PairedContrast:
    """Return a contrast with its t-test alone; what needs single statements is NaN."""
    estimate = half_sum(groups)
    estimate = np.where(np.abs(estimate) < ZERO, 0.0, estimate)
    se, df = standard_error(groups)
    p_t = np.where(groups.n >= least, two_sided(estimate, se, df), np.nan)
    nothing = np.full(p_t.shape, np.nan)
    return PairedContrast(
        estimate, se, df,
        interval(estimate, se, df, 0.95), interval(estimate, se, df, 0.90),
        p_t, nothing, p_t,
        half_difference(groups), groups.plus.mean, groups.minus.mean,
        groups.n, groups.plus.n, groups.minus.n,
        se * np.sqrt(groups.n), nothing,
    )  # fmt: skip


def standard_error(groups: Strata) -> tuple[Array, Array]:
    """Return SE and degrees of freedom of the half sum of two keyings (or of the mean of one) (§4).

    Returns
    -------
    Two arrays of the strata's shape ``(...)``; NaN where a keying that is there has one statement. df is
    m - 2 with equal strata, by Welch and Satterthwaite with unequal ones, m - 1 with one keying. A spread
    below 1e-9 counts as none.
    """
    plus, minus = groups.plus, groups.minus
    v_plus, v_minus = ratio(plus.variance, plus.n), ratio(minus.variance, minus.n)
    single = np.where(plus.n > 0, v_plus, v_minus)
    variance = np.where(groups.both, 0.25 * (v_plus + v_minus), single)
    welch = ratio(
        (v_plus + v_minus) ** 2,
        ratio(v_plus**2, np.maximum(plus.n - 1, 0)) + ratio(v_minus**2, np.maximum(minus.n - 1, 0)),
    )
    df = np.where(plus.n == minus.n, groups.n - 2, np.where(np.isfinite(welch), welch, groups.n - 2))
    df = np.where(groups.both, df, groups.n - 1)
    se = np.sqrt(variance)
    return np.where(se < ZERO, 0.0, se), np.where(np.isfinite(se), df, np.nan)


def two_sided(estimate: Array, se: Array, df: Array) -> Array:
    """Return the two-sided p of Student's t = estimate/se, the normal one for infinite df.

    Arrays of one shape; NaN without an SE. With no spread at all, 1 for a zero estimate and 0 otherwise.
    """
    t = np.abs(ratio(estimate, se))
    p = np.where(np.isinf(df), 2 * special.ndtr(-t), 2 * special.stdtr(np.where(np.isinf(df), 1, df), -t))
    sure = np.where(np.abs(estimate) < ZERO, 1.0, 0.0)
    return np.where(se == 0, sure, p)


def critical(df: ArrayLike, level: float) -> Array:
    """Return the two-sided critical t of `level` (.95 for a 95 % interval), of the shape of `df`.

    The normal one for infinite df; NaN where df is NaN or not positive.
    """
    d = np.asarray(df, float)
    tail = 0.5 * (1 + level)
    usable = np.isfinite(d) & (d > 0)
    t = special.stdtrit(np.where(usable, d, 1.0), tail)
    return np.where(usable, t, np.where(np.isposinf(d), special.ndtri(tail), np.nan))


def interval(estimate: Array, se: Array, df: Array, level: float) -> Array:
    """Return estimate ± t·SE: arrays ``(...)`` in, shape ``(..., 2)`` out; NaN where no SE exists."""
    half = critical(df, level) * se
    return np.stack([estimate - half, estimate + half], axis=-1)


def skewness(delta: Array, keyed: Array, groups: Strata) -> Array:
    """Return the adjusted sample skewness of δ_i about its stratum's mean.

    g₁ √(n(n - 1))/(n - 2) with g₁ = m₃/m₂^1.5 (Fisher and Pearson's, as in common packages).

    Parameters
    ----------
    delta, keyed
        ``(..., m)``, of one shape.

    Returns
    -------
    Shape ``(...)``; 0 where nothing varies, NaN under three statements.
    """
    centre = np.where(keyed > 0, groups.plus.mean[..., None], groups.minus.mean[..., None])
    use = np.isfinite(delta) & (keyed != 0)
    e = np.where(use, delta - centre, 0.0)
    n = groups.n
    second, third = ratio((e**2).sum(axis=-1), n), ratio((e**3).sum(axis=-1), n)
    flat = second < ZERO**2
    g1 = ratio(third, np.where(flat, 1.0, second) ** 1.5)
    return np.where(flat, 0.0, g1 * ratio(np.sqrt(n * np.maximum(n - 1, 0)), np.maximum(n - 2, 0)))


def without_negation(delta: Array, keyed: Array, groups: Strata) -> Array:
    """Return x_i = δ_i - k_i Δν̂, whose two keyings have one mean (δ_i itself with one keying) (§4).

    What the sign-flip turns over: flipping δ_i itself is wrong when negation wording moved. All arrays
    ``(..., m)``.
    """
    nu = half_difference(groups)
    return delta - keyed * np.where(np.isfinite(nu), nu, 0.0)[..., None]


def _flips(
    delta: Array, keyed: Array, groups: Strata, p_t: Array, seed: int, draws: int, below: float
) -> Array:
    """Run the sign-flip on every contrast whose p_t is at most `below`."""
    x = without_negation(delta, keyed, groups).reshape(-1, delta.shape[-1])
    k = keyed.reshape(x.shape)
    out = np.full(len(x), np.nan)
    wanted = np.flatnonzero(p_t.reshape(-1) <= below)
    for block in blocks(x[wanted], k[wanted]):
        rows = wanted[block.rows]
        out[rows] = flip_p(block, seed=seed, draws=draws)
    nothing = _blind(groups).reshape(-1) & np.isfinite(out)
    return np.where(nothing, 1.0, out).reshape(p_t.shape)


def _blind(groups: Strata) -> Mask:
    """Whether the contrast is zero to rounding."""
    return np.abs(half_sum(groups)) < ZERO
