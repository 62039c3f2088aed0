"""How often is a judge right? Sensitivity and specificity from answers whose truth is known by construction.

Intervals are Wilson's; that of balanced accuracy, the mean of the two, is by Zou and Donner's MOVER
(2008): the distances of the parts to their limits, squared and added. A verdict that is no verdict (not
parsed) counts as wrong: the answer is there, the judge did not read it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from selfscope.errors import BadInput
from selfscope.stats.masked import Array, ratio

Z95 = float(special.ndtri(0.975))
#: Balanced accuracy under which a judge is not used.
LEAST_ACCURACY = 0.8


class Share(NamedTuple):
    """A share with its counts and 95 % interval; NaN where nothing was counted."""

    right: float
    asked: float
    estimate: float
    ci95: tuple[float, float]


class JudgeError(NamedTuple):
    """What a judge gets right: of true answers, of false answers, and the mean of both."""

    sensitivity: Share
    specificity: Share
    accuracy: float
    accuracy_ci95: tuple[float, float]

    @property
    def believed(self) -> bool:
        """Whether balanced accuracy is estimated at .8 or more; not so where a part is not known."""
        return bool(self.accuracy >= LEAST_ACCURACY)


class Heterogeneity(NamedTuple):
    """Whether shares differ between groups: Pearson's chi-squared, its df and p."""

    chi2: float
    df: int
    p: float


def judge_error(said: ArrayLike, truth: ArrayLike) -> JudgeError:
    """Estimate a judge's error from its verdicts on answers of known truth.

    Parameters
    ----------
    said
        Verdicts as numbers ``(answer,)``: 1, 0, 1/2 for not sure counted half, NaN for none.
    truth
        1 where the criterion is true of the answer, 0 where it is false ``(answer,)``.

    Raises
    ------
    BadInput
        If the two differ in length, or a truth is neither 0 nor 1.
    """
    verdict, known = np.asarray(said, float), np.asarray(truth, float)
    if verdict.shape != known.shape or not np.isin(known, (0.0, 1.0)).all():
        raise BadInput(
            "every verdict needs a truth of 0 or 1", got=f"{verdict.shape} verdicts, {known.shape} truths"
        )
    given = np.isfinite(verdict)
    right = np.where(given, np.where(known == 1, verdict, 1 - np.where(given, verdict, 0.0)), 0.0)
    return of_shares(*(share(float(right[known == t].sum()), int((known == t).sum())) for t in (1, 0)))


def of_shares(sensitivity: Share, specificity: Share) -> JudgeError:
    """Return the error of a judge whose two shares are known."""
    accuracy = 0.5 * (sensitivity.estimate + specificity.estimate)
    low, high = (
        0.5 * math.hypot(*(part.estimate - part.ci95[side] for part in (sensitivity, specificity)))
        for side in (0, 1)
    )
    return JudgeError(sensitivity, specificity, accuracy, (accuracy - low, accuracy + high))


def share(right: float, asked: float) -> Share:
    """Return a share with Wilson's interval; NaN if nothing was asked."""
    if not asked:
        return Share(right, asked, float("nan"), (float("nan"), float("nan")))
    low, high = wilson(right, asked)
    return Share(right, asked, right / asked, (float(low), float(high)))


def wilson(right: ArrayLike, asked: ArrayLike) -> tuple[Array, Array]:
    """Return Wilson's 95 % limits of shares, each of the shape of the counts."""
    x, n = np.asarray(right, float), np.asarray(asked, float)
    centre = (x + Z95**2 / 2) / (n + Z95**2)
    half = Z95 * np.sqrt(np.maximum(x * (n - x) / n + Z95**2 / 4, 0.0)) / (n + Z95**2)
    return np.where(x <= 0, 0.0, centre - half), np.where(x >= n, 1.0, centre + half)


def heterogeneity(right: ArrayLike, asked: ArrayLike) -> Heterogeneity:
    """Is a share the same in all groups, so that it may be pooled? Pearson's chi-squared for homogeneity.

    Parameters
    ----------
    right, asked
        Counts ``(group,)``; groups in which nothing was asked are left out.

    Returns
    -------
    p is 1 where all or none are right, NaN with fewer than two groups.
    """
    x, n = np.asarray(right, float), np.asarray(asked, float)
    x, n = x[n > 0], n[n > 0]
    df = len(n) - 1
    if df < 1:
        return Heterogeneity(float("nan"), max(df, 0), float("nan"))
    p = x.sum() / n.sum()
    if p in (0.0, 1.0):
        return Heterogeneity(0.0, df, 1.0)
    chi2 = float(ratio((x - n * p) ** 2, n * p * (1 - p)).sum())
    return Heterogeneity(chi2, df, float(special.chdtrc(df, chi2)))
