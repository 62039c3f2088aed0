"""Do channels order identities alike? Correlations over identities, and Campbell and Fiske's three means.

A variable is one dimension in one channel; identities are the sample. Four kinds of correlations stand in the
matrix of all variables (Campbell and Fiske 1959): one dimension in two channels (*validity*), other
dimensions in other channels, other dimensions in one channel, and reliabilities in the diagonal. Channels
measure the same thing if validity is high, and *that* thing if validity is above both other means: what all
dimensions share in a channel is its method.

Intervals: the studentised bootstrap over identities. The standard error, also of every draw, is that of the
influence function: for a weighted sum Σ w_uv r_uv of correlations, with standardised z, the share of
an identity is Σ w_uv (z_u z_v - r_uv (z_u² + z_v²)/2). A single correlation is taken on Fisher's scale.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from selfscope.errors import BadInput
from selfscope.stats.masked import Array

#: Identities below which nothing is correlated.
LEAST_IDENTITIES = 8
#: Reliability below which a correlation is not freed from error.
LEAST_RELIABILITY = 0.30
DRAWS = 1999
_FLAT = 1e-9
_NEAR_ONE = 1 - 1e-9
_BATCH = 200
#: Usable draws below which no interval is given.
_LEAST_DRAWS = 200
Floats = NDArray[np.float64]


class Interval(NamedTuple):
    """An estimate and its 95 % interval; NaN bounds where none can be had."""

    estimate: float
    ci95: tuple[float, float]


class Freed(NamedTuple):
    """A correlation freed from error of measurement; `clipped` where it or a bound lay beyond 1."""

    estimate: float
    ci95: tuple[float, float]
    clipped: bool


def correlations(scores: ArrayLike) -> Array:
    """Return Pearson correlations over identities.

    Parameters
    ----------
    scores
        ``(..., identity, variable)``, none missing.

    Returns
    -------
    ``(..., variable, variable)``; 0 where a variable does not differ between identities.
    """
    z = _standard(np.asarray(scores, float))
    return np.asarray(np.swapaxes(z, -1, -2) @ z / z.shape[-2])


def weighted(scores: ArrayLike, weights: ArrayLike, *, draws: int = DRAWS, seed: int = 0) -> Interval:
    """How large is a weighted sum of correlations, over identities like these?

    Parameters
    ----------
    scores
        ``(identity, variable)``, none missing.
    weights
        ``(variable, variable)``, symmetric: each pair stands twice, so a mean over n pairs has 1/(2n) at both
        places.

    Raises
    ------
    BadInput
        If there are under 8 identities.
    """
    x, w = _enough(scores), np.asarray(weights, float)
    estimate, se = _sum(x[None], w)
    t = _studentised(x, w, float(estimate[0]), draws, seed)
    return Interval(float(estimate[0]), _bounds(float(estimate[0]), float(se[0]), t))


def correlation(first: ArrayLike, second: ArrayLike, *, draws: int = DRAWS, seed: int = 0) -> Interval:
    """Return the correlation of two variables over identities, with its interval from Fisher's scale.

    Parameters
    ----------
    first, second
        ``(identity,)``.

    Raises
    ------
    BadInput
        If there are under 8 identities.
    """
    x = _enough(np.column_stack([np.asarray(first, float), np.asarray(second, float)]))
    w = np.array([[0.0, 0.5], [0.5, 0.0]])
    r, se = _sum(x[None], w)
    z = _fisher(r)
    t = _studentised(x, w, float(z[0]), draws, seed, fisher=True)
    low, high = _bounds(float(z[0]), float((se / (1 - np.clip(r, -_NEAR_ONE, _NEAR_ONE) ** 2))[0]), t)
    return Interval(float(r[0]), (float(np.tanh(low)), float(np.tanh(high))))


def freed(found: Interval, first: float, second: float) -> Freed | None:
    """Return a correlation over the root of both reliabilities (Spearman 1904); None if it is refused.

    Refused where a reliability is under .30 or not estimated: dividing by a small and uncertain number makes
    anything of nothing. Reliabilities are taken as known: the interval holds the error of the correlation
    alone. What lies beyond 1 is cut there, and said.
    """
    if not (first >= LEAST_RELIABILITY and second >= LEAST_RELIABILITY):  # NaN is not
        return None
    scale = 1 / np.sqrt(first * second)
    values = np.array([found.estimate, *found.ci95]) * scale
    cut = np.clip(values, -1.0, 1.0)
    return Freed(float(cut[0]), (float(cut[1]), float(cut[2])), bool((np.abs(values) > 1).any()))


def same_sign(first: ArrayLike, second: ArrayLike) -> Interval:
    """Return the share of identities with one sign in both, and its exact interval (Clopper and Pearson).

    A shift of exactly 0 has no sign and agrees with none.
    """
    a, b = np.asarray(first, float), np.asarray(second, float)
    n, k = len(a), int((a * b > 0).sum())
    low = float(special.betaincinv(k, n - k + 1, 0.025)) if k else 0.0
    high = float(special.betaincinv(k + 1, n - k, 0.975)) if k < n else 1.0
    return Interval(k / n, (low, high))


def pooled_sign(scores: ArrayLike, pairs: ArrayLike) -> Interval:
    """Return the share of one sign over many pairs of variables, with a t interval over identities.

    Parameters
    ----------
    scores
        ``(identity, variable)``.
    pairs
        ``(pair, 2)``: columns.
    """
    x, p = np.asarray(scores, float), np.asarray(pairs, int)
    own = (x[:, p[:, 0]] * x[:, p[:, 1]] > 0).mean(axis=1)
    half = special.stdtrit(len(own) - 1, 0.975) * own.std(ddof=1) / np.sqrt(len(own))
    mean = float(own.mean())
    return Interval(mean, (max(0.0, mean - float(half)), min(1.0, mean + float(half))))


class Weights(NamedTuple):
    """Which correlations each of Campbell and Fiske's means averages, ``(variable, variable)`` each.

    All zero where the matrix has none of a kind; `pairs` counts them in the same order.
    """

    validity: Array
    other_channel: Array
    same_channel: Array
    pairs: tuple[int, int, int]


def campbell_fiske(traits: ArrayLike, methods: ArrayLike, scale: ArrayLike | None = None) -> Weights:
    """Return the weights of the three means: validity, other dimensions in other and in the same channels.

    Parameters
    ----------
    traits, methods
        Which dimension, and which channel, each variable is: ``(variable,)``.
    scale
        ``(variable,)``: what each variable's correlations are multiplied by, 1/√reliability to free them from
        error; NaN leaves the variable out. 1 by default.
    """
    t, m = np.asarray(traits), np.asarray(methods)
    size = np.ones(len(t)) if scale is None else np.asarray(scale, float)
    known = np.isfinite(size)
    size = np.where(known, size, 0.0)
    there = np.outer(known, known)
    one_trait, one_method = t[:, None] == t[None, :], m[:, None] == m[None, :]
    kinds = (one_trait & ~one_method, ~one_trait & ~one_method, ~one_trait & one_method)
    counts = tuple(int((kind & there).sum()) // 2 for kind in kinds)
    parts = [
        np.where(kind & there, np.outer(size, size), 0.0) / (2 * max(n, 1))
        for kind, n in zip(kinds, counts, strict=True)
    ]
    return Weights(parts[0], parts[1], parts[2], (counts[0], counts[1], counts[2]))


def _enough(scores: ArrayLike) -> Array:
    x = np.asarray(scores, float)
    if len(x) < LEAST_IDENTITIES:
        raise BadInput(
            "too few identities for a correlation", got=len(x), fix=f"Give {LEAST_IDENTITIES} or more"
        )
    return x


def _standard(x: Array) -> Array:
    """Return columns of mean 0 and variance 1 (over n); 0 where a column does not vary."""
    centred = x - x.mean(axis=-2, keepdims=True)
    sd = np.sqrt((centred**2).mean(axis=-2, keepdims=True))
    flat = sd <= _FLAT * np.maximum(np.abs(x).max(axis=-2, keepdims=True), 1e-3)
    return np.asarray(np.where(flat, 0.0, centred / np.where(flat, 1.0, sd)))


def _sum(x: Array, w: Array) -> tuple[Array, Array]:
    """Return Σ w_uv r_uv and its standard error by influence; x ``(draw, identity, variable)``."""
    z = _standard(x)
    n = z.shape[-2]
    own = (z @ w * z).sum(axis=-1)
    total = own.mean(axis=-1)
    r = np.swapaxes(z, -1, -2) @ z / n
    row = (w * r).sum(axis=-1)
    influence = own - (z**2 @ row[..., None])[..., 0]
    return total, np.sqrt((influence**2).sum(axis=-1) / (n * (n - 1)))


def _fisher(r: Array) -> Array:
    return np.asarray(np.arctanh(np.clip(r, -_NEAR_ONE, _NEAR_ONE)))


def _studentised(
    x: Array, w: Array, estimate: float, draws: int, seed: int, *, fisher: bool = False
) -> Array:
    """Return t* of every draw of identities, ``(draw,)``; draws in which nothing varies give none."""
    rng = np.random.default_rng([seed, *x.shape])
    found = []
    for start in range(0, draws, _BATCH):
        rows = rng.integers(0, len(x), (min(_BATCH, draws - start), len(x)))
        total, se = _sum(x[rows], w)
        if fisher:
            cut = np.clip(total, -_NEAR_ONE, _NEAR_ONE)
            total, se = _fisher(total), se / (1 - cut**2)
        usable = se > _FLAT
        found.append((total[usable] - estimate) / se[usable])
    return np.concatenate(found)


def _bounds(estimate: float, se: float, t: Array) -> tuple[float, float]:
    """Return (estimate - t_.975 se, estimate - t_.025 se); NaN without a spread."""
    if se <= _FLAT or len(t) < _LEAST_DRAWS:
        return float("nan"), float("nan")
    low, high = np.quantile(t, [0.025, 0.975])
    return float(estimate - high * se), float(estimate - low * se)
