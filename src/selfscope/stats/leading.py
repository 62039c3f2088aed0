"""How far an answer follows the way in which it was asked for.

The same thing is asked k times in each of a arms that differ in nothing that bears on it. Leading-ness is the
range of the arms' means in units of the retest spread, the standard deviation of repeats within an arm::

    ratio = (max_a mean_a - min_a mean_a) / s,   s² = Σ_a Σ_r (x_ar - mean_a)² / (a (k - 1))

The range of several means is above 0 whatever is true, so it is not read without its interval. Numerator and
denominator both err, and the interval carries both: it holds every true ratio (range of the arms' true means
over the true retest spread) under which neither so large nor so small a ratio has a probability of .025 or
less. That probability is the one of a noncentral studentised range, of independent normal means with variance
1/k_a and df s² a χ²; with two arms it is the one of a noncentral t. With several it hangs on where the others
lie between the two extremes, which is not known: the lower bound takes half of them at either end, where a
range comes out largest, and the upper bound takes them in the middle. So the interval is exact with two arms
and slightly wide with more; where nothing leads it errs on one side alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special, stats

from selfscope.errors import BadInput
from selfscope.stats.masked import Array

#: At least so many retest spreads between two arms is led; surely less than ``STABLE`` is not.
LED, STABLE = 1.0, 2.0
#: Probability beyond either bound.
TAIL = 0.025
#: Nodes over the least of the means and over the retest spread; what is left out of either.
_NODES, _BEYOND = (20, 24), 1e-9


@dataclass(frozen=True)
class Leading:
    """Leading-ness of one answer.

    Attributes
    ----------
    means
        Mean of each arm, ``(arm,)``.
    spread
        Retest standard deviation within arms; NaN with one repeat.
    range
        Largest difference of two arms.
    ratio
        Range over spread; infinite where arms differ and repeats do not.
    sizes
        Repeats of each arm, in the order of the arms' means.
    apart
        Whether the true range is above 0, at .05 divided by the comparisons that are made together (Tukey).
    """

    means: Array
    spread: float
    range: float
    ratio: float
    sizes: tuple[int, ...]
    apart: bool

    @cached_property
    def ci95(self) -> Array:
        """Interval of the true ratio, ``(2,)``; NaN with one repeat, the ratio itself where none differ."""
        if not np.isfinite(self.ratio) or self.spread == 0:
            return np.array([self.ratio, self.ratio])
        return bounds(self.ratio, self.sizes)


class Consistency(NamedTuple):
    """Agreement of repeats about which objects are high: ICC(C,1), with its interval by F."""

    coefficient: float
    ci95: Array


def leading(answers: Sequence[ArrayLike], comparisons: int = 1) -> Leading:
    """Return how far an answer follows its arms.

    Parameters
    ----------
    answers
        The repeats of each arm, ``(repeat,)`` each, in the answer's own unit.
    comparisons
        How many such answers are told apart together (Bonferroni).

    Raises
    ------
    BadInput
        If there are fewer than two arms, or one without any repeat.
    """
    arms = [np.asarray(each, float) for each in answers]
    if len(arms) < 2 or min(map(len, arms)) < 1:
        raise BadInput("leading-ness is of two arms at least", got=f"{[len(each) for each in arms]} repeats")
    means = np.array([each.mean() for each in arms])
    span, df = float(np.ptp(means)), sum(map(len, arms)) - len(arms)
    sizes = tuple(len(arms[n]) for n in np.argsort(means))
    if min(sizes) < 2:
        return Leading(means, float("nan"), span, float("nan"), sizes, False)
    residual = sum(((each - each.mean()) ** 2).sum() for each in arms)
    spread = float(np.sqrt(residual / df))
    if spread == 0:
        ratio = 0.0 if span == 0 else float("inf")
        return Leading(means, spread, span, ratio, sizes, span > 0)
    ratio = span / spread
    apart = ratio > _quantile(len(arms), df, comparisons) / np.sqrt(min(sizes))
    return Leading(means, spread, span, ratio, sizes, bool(apart))


def bounds(ratio: float, sizes: Sequence[int]) -> Array:
    """Return the 95 % interval of the true ratio, ``(2,)``; 0 where even no range gives so small a ratio.

    Parameters
    ----------
    ratio
        The one that was observed.
    sizes
        Repeats of each arm, in the order of the arms' means; two each at least.
    """
    n, k = np.asarray(sizes, float), len(sizes)
    apart = np.where(np.arange(k) < k // 2, 0.0, 1.0)
    between = np.array([0.0, *[0.5] * (k - 2), 1.0])
    return np.array(
        [
            _solved(lambda true: 1 - TAIL - _below(ratio, true * apart, n), ratio),
            _solved(lambda true: TAIL - _below(ratio, true * between, n), ratio),
        ]
    )


def _solved(rising: Callable[[float], float], about: float) -> float:
    """Return where a rising function of the true ratio is 0; 0 where it is above from the start."""
    if rising(0.0) >= 0:
        return 0.0
    most = about + 1
    while rising(most) < 0:
        most *= 2
    return float(optimize.brentq(rising, 0.0, most, xtol=1e-4))


def _below(ratio: float, means: Array, sizes: Array) -> float:
    """Return P(range of means / s ≤ ratio), arms in units of the true retest spread, ``(arm,)``.

    Over the part of s in which the range may lie on either side; beyond it all or none counts.
    """
    half_df = (sizes.sum() - len(sizes)) / 2
    near, reach = float(np.ptp(means)), 7 * np.sqrt(2 / sizes.min())
    ends = np.sqrt(special.gammaincinv(half_df, [_BEYOND, 1 - _BEYOND]) / half_df)
    low, high = np.clip([(near - reach) / ratio, (near + reach) / ratio] if ratio else ends, *ends)
    at, weight = _legendre()
    s = (low + high) / 2 + (high - low) / 2 * at
    log_density = (
        np.log(2) + half_df * np.log(half_df) - special.gammaln(half_df)
        + (2 * half_df - 1) * np.log(s) - half_df * s**2
    )  # fmt: skip
    part = (weight * np.exp(log_density) * _range_below(ratio * s, means, sizes)).sum() * (high - low) / 2
    return float(part + special.gammaincc(half_df, half_df * high**2))


def _range_below(width: Array, means: Array, sizes: Array) -> Array:
    """Return P(range of independent normal means ≤ width), ``(width,)``: summed over which is the least."""
    scale = 1 / np.sqrt(sizes)
    at, weight = _hermite()
    least = means[:, None] + scale[:, None] * at
    under = special.ndtr((least[..., None] - means) / scale)
    inside = special.ndtr((least[..., None, None] + width[:, None] - means) / scale) - under[:, :, None]
    arm = np.arange(len(means))
    inside[arm, :, :, arm] = 1.0
    return np.asarray(np.einsum("n,ans->s", weight, inside.prod(axis=-1)) / np.sqrt(2 * np.pi))


@cache
def _legendre() -> tuple[Array, Array]:
    """Return nodes and weights over the retest spread, made once."""
    at, weight = np.polynomial.legendre.leggauss(_NODES[1])
    return at, weight


@cache
def _hermite() -> tuple[Array, Array]:
    """Return nodes and weights over the least of the means, made once."""
    at, weight = np.polynomial.hermite_e.hermegauss(_NODES[0])
    return at, weight


@cache
def _quantile(arms: int, df: int, comparisons: int) -> float:
    """Return the quantile of the studentised range at 1 - .05 / comparisons, a tenth of a second's work."""
    return float(stats.studentized_range.ppf(1 - 0.05 / comparisons, arms, df))


def consistency(answers: ArrayLike) -> Consistency:
    """Return how well repeats agree about objects, whatever level each repeat has.

    Parameters
    ----------
    answers
        Shape ``(object, repeat)``; two of each at least.

    Raises
    ------
    BadInput
        If there are fewer.

    Notes
    -----
    McGraw and Wong 1996, ICC(C,1): (MS_object - MS_error) / (MS_object + (k - 1) MS_error).
    """
    x = np.asarray(answers, float)
    n, k = x.shape if x.ndim == 2 else (0, 0)
    if n < 2 or k < 2:
        raise BadInput("consistency is of two objects and two repeats at least", got=f"shape {x.shape}")
    residual = x - x.mean(1, keepdims=True) - x.mean(0, keepdims=True) + x.mean()
    objects = k * ((x.mean(1) - x.mean()) ** 2).sum() / (n - 1)
    error = (residual**2).sum() / ((n - 1) * (k - 1))
    if error == 0:
        one = float(objects > 0)
        return Consistency(one, np.array([one, one]))
    f = objects / error
    df = (n - 1, (n - 1) * (k - 1))
    bounds = np.array([f / stats.f.ppf(0.975, *df), f * stats.f.ppf(0.975, *df[::-1])])
    return Consistency(float((f - 1) / (f + k - 1)), (bounds - 1) / (bounds + k - 1))
