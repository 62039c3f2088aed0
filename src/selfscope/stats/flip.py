"""The second test of a contrast: a studentised sign-flip over statements.

Under no shift the sign of every ``x_i = δ_i - k_i Δν̂`` is a coin toss, whatever the shape of its (symmetric)
distribution. Raw δ_i must not be flipped: where negation wording has moved, its two keyings lie apart and
the test loses its size (`measurement.md` §4). The statistic of every flipped sample is the contrast's own t,
with the variances of both keyings taken anew, so that it loses the two degrees of freedom that t loses.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from selfscope.stats.masked import Array
from selfscope.stats.strata import Block

EXACT_UP_TO = 14
DRAWS = 20_000
CELLS = 1 << 18
TIE = 1e-9
SHARP = 1e-6


def flip_p(block: Block, *, seed: int = 0, draws: int = DRAWS) -> Array:
    """How often does a random choice of signs give a |t| at least as large? Two-sided p, one a row.

    With n₊ + n₋ ≤ 14 statements all 2^m sign patterns are counted, and the least p is 2^(1-m); otherwise
    `draws` seeded patterns are, with the observed one added: p = (1 + hits) / (1 + draws).

    Parameters
    ----------
    block
        ``x_i`` (not δ_i) of rows with equal strata sizes; a stratum may be empty (one keying).
    seed
        Names the random patterns; the same for all rows.

    Returns
    -------
    p, shape ``(row,)``; 1 where the contrast is exactly zero.
    """
    n_plus, n_minus = block.plus.shape[1], block.minus.shape[1]
    if n_plus + n_minus <= EXACT_UP_TO:
        return _exact(block)
    return _sampled(block, _signs(n_plus + n_minus, seed, draws))


def sign_patterns(m: int, *, seed: int = 0, draws: int = DRAWS) -> tuple[Array, bool]:
    """Return sign patterns ``(pattern, m)`` of `m` statements, and whether they are all there are.

    Up to 14 statements every pattern that begins with +1 (the others are their mirrors), the observed one
    first; above that `draws` seeded ones.
    """
    if m <= EXACT_UP_TO:
        return _patterns(m)[: max(1, 2 ** (m - 1))], True
    return _signs(m, seed, draws), False


def _exact(block: Block) -> Array:
    """Count all patterns: sums within a keying, then every pair of sums. A pattern equals its mirror."""
    first, second = (block.plus, block.minus) if block.plus.shape[1] else (block.minus, block.plus)
    table_a = _patterns(first.shape[1])
    table_a = table_a[: max(1, len(table_a) // 2)]
    table_b = _patterns(second.shape[1])
    p = np.empty(len(first))
    step = max(1, CELLS // (len(table_a) * len(table_b)))
    for start in range(0, len(first), step):
        part = slice(start, start + step)
        quadratic = _Quadratic(first[part], second[part])
        a, b = first[part] @ table_a.T, second[part] @ table_b.T
        left = quadratic.a * a**2
        right = quadratic.b * b**2
        size = a[:, :, None] * (quadratic.ab * b)[:, None, :]
        size += left[:, :, None]
        size += right[:, None, :]
        hits = (size >= quadratic.bound[:, :, None]).sum(axis=(1, 2))
        p[part] = hits / (len(table_a) * len(table_b))
    return p


def _sampled(block: Block, signs: Array) -> Array:
    """Count the given patterns ``(draw, n₊ + n₋)``."""
    n_plus = block.plus.shape[1]
    p = np.empty(len(block.plus))
    step = max(1, CELLS // len(signs))
    for start in range(0, len(p), step):
        part = slice(start, start + step)
        quadratic = _Quadratic(block.plus[part], block.minus[part])
        a = block.plus[part] @ signs[:, :n_plus].T
        b = block.minus[part] @ signs[:, n_plus:].T
        size = quadratic.ab * a * b
        size += quadratic.a * np.square(a, out=a)
        size += quadratic.b * np.square(b, out=b)
        p[part] = (1 + (size >= quadratic.bound).sum(axis=1)) / (1 + len(signs))
    return p


class _Quadratic:
    """``t(a, b)² ≥ t²`` as ``a²·A + b²·B + ab·C ≥ bound``, a and b the flipped sums of the keyings.

    With c = 1 / (n (n - 1)) and Q = Σ x² (which no flip changes), the squared t of a flipped sample is
    ``(a/n₊ + b/n₋)² / (c₊(Q₊ - a²/n₊) + c₋(Q₋ - b²/n₋))``; all is divided by the observed t². A spread
    under a thousandth of the size counts as a thousandth, so that a sample without any has its place.
    """

    def __init__(self, plus: Array, minus: Array) -> None:
        w_a, w_b = _weight(plus), _weight(minus)
        c_a, c_b = _scale(plus), _scale(minus)
        q_a, q_b = (plus**2).sum(axis=1), (minus**2).sum(axis=1)
        sum_a, sum_b = plus.sum(axis=1), minus.sum(axis=1)
        top = (w_a * sum_a + w_b * sum_b) ** 2
        below = np.maximum(c_a * (q_a - sum_a**2 * w_a) + c_b * (q_b - sum_b**2 * w_b), 0.0)
        least = SHARP * (c_a * q_a + c_b * q_b)
        inverse = np.where(top > 0, np.maximum(below, least) / np.where(top > 0, top, 1.0), np.inf)
        finite = np.isfinite(inverse)
        inverse = np.where(finite, inverse, 0.0)
        self.a = (w_a**2 * inverse + c_a * w_a)[:, None]
        self.b = (w_b**2 * inverse + c_b * w_b)[:, None]
        self.ab = (2 * w_a * w_b * inverse)[:, None]
        observed = top * inverse + c_a * w_a * sum_a**2 + c_b * w_b * sum_b**2
        bound = observed * (1 - TIE)
        self.bound = np.where(finite, bound, -np.inf)[:, None]


def _weight(x: Array) -> float:
    """1/n, or 0 for a keying that is not there."""
    return 1.0 / x.shape[1] if x.shape[1] else 0.0


def _scale(x: Array) -> float:
    """1/(n(n-1)), or 0 where the keying is not there or has one statement."""
    n = x.shape[1]
    return 1.0 / (n * (n - 1)) if n > 1 else 0.0


@lru_cache(maxsize=32)
def _patterns(n: int) -> Array:
    """All 2^n sign patterns of `n` statements; the first half begins with +1."""
    bits = (np.arange(2**n)[:, None] >> np.arange(n - 1, -1, -1)) & 1
    return np.asarray(1.0 - 2.0 * bits, float)


@lru_cache(maxsize=32)
def _signs(m: int, seed: int, draws: int) -> Array:
    """`draws` random sign patterns of `m` statements."""
    rng = np.random.default_rng([seed, m, draws])
    return np.asarray(1.0 - 2.0 * rng.integers(0, 2, size=(draws, m)), float)
