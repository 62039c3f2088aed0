"""How far an answer follows the way in which it was asked for.

The same thing is asked k times in each of a arms that differ in nothing that bears on it. Leading-ness is the
range of the arms' means in units of the retest spread, the standard deviation of repeats within an arm::

    ratio = (max_a mean_a - min_a mean_a) / s,   s² = Σ_a Σ_r (x_ar - mean_a)² / (a (k - 1))

The range of several means is above 0 whatever is true, so it is not read without its interval: with the
simultaneous half width h = q_{.95}(a, a(k-1)) s / √k of Tukey, the true range lies between the largest
difference of two means less h (0 at least) and that difference plus h. Where groups differ in size, k is the
smallest of them, which makes the interval wider than it need be.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from selfscope.errors import BadInput
from selfscope.stats.masked import Array

#: At least so many retest spreads between two arms is led; surely less than ``STABLE`` is not.
LED, STABLE = 1.0, 2.0


class Leading(NamedTuple):
    """Leading-ness of one answer.

    Attributes
    ----------
    means
        Mean of each arm, ``(arm,)``.
    spread
        Retest standard deviation within arms; NaN with one repeat.
    range
        Largest difference of two arms.
    ratio, ci95
        Range over spread and its interval, ``(2,)``; infinite where arms differ and repeats do not.
    apart
        Whether the true range is above 0, at .05 divided by the comparisons that are made together.
    """

    means: Array
    spread: float
    range: float
    ratio: float
    ci95: Array
    apart: bool


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
    if min(map(len, arms)) < 2:
        return Leading(means, float("nan"), span, float("nan"), np.full(2, np.nan), False)
    residual = sum(((each - each.mean()) ** 2).sum() for each in arms)
    spread = float(np.sqrt(residual / df))
    if spread == 0:
        ratio = 0.0 if span == 0 else float("inf")
        return Leading(means, spread, span, ratio, np.array([ratio, ratio]), span > 0)
    root, ratio = np.sqrt(min(map(len, arms))), span / spread
    half = _quantile(len(arms), df, 1) / root
    bounds = np.array([max(ratio - half, 0.0), ratio + half])
    return Leading(
        means, spread, span, ratio, bounds, bool(ratio > _quantile(len(arms), df, comparisons) / root)
    )


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
