"""Does a subject help as well as its control? Shares of right replies, paired by task.

The estimand is a difference of shares: over tasks that could have been written, how much oftener (+) or
seldomer (-) the subject's replies are right than the control's, every draw counted, a reply that declines or
says nothing as not right. The task is the cluster: d_i = p̂_i(subject) - p̂_i(control) over the draws of
task i, and Student's t over tasks. With as many draws for every task and an identity link this is what
cluster-robust (CR2) regression gives; the margin is in points, so no logistic scale comes in between
(`measurement.md` §9).

- *Non-inferiority*: a one-sided 95 % bound against a margin stated beforehand (10 points). ``not inferior``
  if the lower bound lies above -margin, ``inferior`` if the upper bound lies below it, else ``cannot tell``.
- *Difference*: two-sided, 95 %; ``higher``, ``lower`` or ``cannot tell``.

Where all d_i are equal there is no spread to judge by; the bounds then stand 1 - α^(1/n) from the estimate,
what n tasks without one discordant can exclude.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from selfscope.errors import BadInput
from selfscope.stats.contrast import two_sided
from selfscope.stats.masked import Array, mean, moments, ratio
from selfscope.values.cooperation import Direction, NonInferiority

#: Points of the share that a subject may lose and still count as helping as well.
MARGIN = 0.10
#: Fewest tasks on which a verdict rests.
LEAST_TASKS = 20
ALPHA = 0.05
_FLAT = 1e-12


class PairedShares(NamedTuple):
    """A difference of shares over tasks; arrays ``(...)``, intervals ``(..., 2)``, shares from 0 to 1.

    Attributes
    ----------
    estimate
        Mean over tasks of subject minus control; positive where the subject is oftener right.
    se, tasks
        Its standard error over tasks, and how many there are; df is one less.
    lower, upper
        One-sided 95 % bounds.
    ci95
        Two-sided interval.
    p_inferior
        One-sided p of "the subject loses the margin or more"; small where it is not inferior.
    p_difference
        Two-sided p of "no difference".
    """

    estimate: Array
    se: Array
    tasks: Array
    lower: Array
    upper: Array
    ci95: Array
    p_inferior: Array
    p_difference: Array


def paired_shares(subject: ArrayLike, control: ArrayLike, margin: float = MARGIN) -> PairedShares:
    """By how much do shares of right replies differ, over tasks, and how surely?

    Parameters
    ----------
    subject, control
        ``(..., task, draw)`` of 1 (right) and 0; tasks in the same order, draws may differ in number; NaN
        where a draw is missing. A class of controls: its texts' draws side by side.
    margin
        From 0 to 1, stated before data are seen.

    Raises
    ------
    BadInput
        If the margin is no share between 0 and 1.
    """
    if not 0 < margin < 1:
        raise BadInput("a margin is a share between 0 and 1", got=margin, fix="Give such as 0.10")
    apart = mean(subject) - mean(control)
    found = moments(apart, np.isfinite(apart))
    se = np.sqrt(ratio(found.variance, found.n))
    df = np.where(found.n > 1, found.n - 1, np.nan)
    one, two = (_half_width(se, df, found.n, alpha) for alpha in (ALPHA, ALPHA / 2))
    return PairedShares(
        found.mean,
        se,
        found.n,
        found.mean - one,
        found.mean + one,
        np.stack([found.mean - two, found.mean + two], axis=-1),
        _one_sided(found.mean + margin, se, df, found.n),
        np.where(
            se > _FLAT, two_sided(found.mean, np.maximum(se, _FLAT), np.nan_to_num(df, nan=1.0)), np.nan
        ),
    )


def non_inferiority(lower: float, upper: float, tasks: float, margin: float = MARGIN) -> NonInferiority:
    """Return the verdict of one-sided bounds against a margin; ``cannot tell`` on fewer than 20 tasks."""
    if tasks < LEAST_TASKS:
        return "cannot tell"
    return "not inferior" if lower > -margin else "inferior" if upper < -margin else "cannot tell"


def direction(low: float, high: float, tasks: float) -> Direction:
    """Return on which side of zero a two-sided interval lies; ``cannot tell`` on fewer than 20 tasks."""
    if tasks < LEAST_TASKS:
        return "cannot tell"
    return "higher" if low > 0 else "lower" if high < 0 else "cannot tell"


def share_of_tasks(values: ArrayLike) -> tuple[Array, Array]:
    """Return the mean over tasks of each task's share, and its two-sided 95 % t interval over tasks.

    Parameters
    ----------
    values
        ``(..., task, draw)`` of 1 and 0, NaN where a draw does not count.

    Returns
    -------
    ``(...)`` and ``(..., 2)``, the interval within 0 and 1.
    """
    shares = mean(values)
    found = moments(shares, np.isfinite(shares))
    df = np.where(found.n > 1, found.n - 1, np.nan)
    half = _half_width(np.sqrt(ratio(found.variance, found.n)), df, found.n, ALPHA / 2)
    return found.mean, np.clip(np.stack([found.mean - half, found.mean + half], axis=-1), 0.0, 1.0)


def _half_width(se: Array, df: Array, n: Array, alpha: float) -> Array:
    """Return how far a bound of error `alpha` stands from the estimate; NaN under two tasks."""
    t = special.stdtrit(df, 1 - alpha)
    without = 1 - alpha ** ratio(1.0, n)
    return np.where(np.isnan(df), np.nan, np.where(se > _FLAT, t * se, without))


def _one_sided(above: Array, se: Array, df: Array, n: Array) -> Array:
    """Return P(T >= above / se); with no spread the probability that n tasks hide so large a loss."""
    flat = np.clip(1 - above, 0.0, 1.0) ** n
    usual = special.stdtr(df, -ratio(above, np.maximum(se, _FLAT)))
    return np.where(np.isnan(df), np.nan, np.where(se > _FLAT, usual, flat))
