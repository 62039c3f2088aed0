"""Rates of few lives by a judge, given its errors on texts of known class (Rogan and Gladen 1978).

With q the share of lives in which a judge hears a class, Se and Sp its sensitivity and specificity, and
J = Se + Sp - 1::

    truth = (q + Sp - 1) / J          first less second = (q_1 - q_2) / J

Lives are few and often none of them does a thing, so that spreads of q, Se or Sp are no guide: intervals of
rates are those of Lang and Reiczigel (2014, Preventive Veterinary Medicine 113, 13), which add pseudo-counts
to all three; those of differences put Newcombe's interval for pairs and that of J together as a ratio of two
independent quantities (MOVER-R: Donner and Zou 2012, Statistical Methods in Medical Research 21, 347). One
error holds for all announcements: a judge sees none of them, and its texts are rendered in no style of any.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from selfscope.stats.judged_corrected import LEAST_YOUDEN
from selfscope.stats.judged_error import Z95, JudgeError, Share
from selfscope.stats.paired_rates import PairedRates

#: Why there is no corrected number.
TOO_LITTLE: Final = "the judge tells too little: sensitivity and specificity add up to under 1.3"
NOBODY: Final = "nothing was read"


class Mended(NamedTuple):
    """A share, or a difference of two, as it is without the judge's errors.

    `estimate` and interval are NaN where there is none, for `why`. A share is clipped to 0 and 1.
    """

    estimate: float
    ci95: tuple[float, float]
    why: str = ""


def mended_share(done: float, of: float, judge: JudgeError) -> Mended:
    """Return the share of lives that truly did a thing, from that in which a judge heard it."""
    if why := _why_not(of, judge):
        return _none(why)
    se, sp = judge.sensitivity, judge.specificity
    plain = (done / of + sp.estimate - 1) / _youden(judge)
    n = of + Z95**2
    q = (done + Z95**2 / 2) / n
    (s, s_var), (c, c_var) = (_smoothed(each) for each in (se, sp))
    j = s + c - 1
    if j <= 0:
        return _none(TOO_LITTLE)
    truth = (q + c - 1) / j
    moved = 2 * Z95**2 * (truth * s_var - (1 - truth) * c_var)
    half = Z95 / j * math.sqrt(q * (1 - q) / n + truth**2 * s_var + (1 - truth) ** 2 * c_var)
    low, high = (min(max(each, 0.0), 1.0) for each in (truth + moved - half, truth + moved + half))
    estimate = min(max(plain, 0.0), 1.0)
    return Mended(estimate, (min(low, estimate), max(high, estimate)))


def mended_difference(found: PairedRates, judge: JudgeError) -> Mended:
    """Return by how much two shares of the same lives truly differ."""
    if why := _why_not(found.n, judge):
        return _none(why)
    j = _youden(judge)
    low, high = _youden_limits(judge)
    if low <= 0:
        return _none(TOO_LITTLE)
    ends = _ratio(found.estimate, found.ci95, j, (low, high))
    return Mended(found.estimate / j, (max(ends[0], -1.0), min(ends[1], 1.0)))


def _why_not(of: float, judge: JudgeError) -> str:
    if not of:
        return NOBODY
    return "" if _youden(judge) >= LEAST_YOUDEN else TOO_LITTLE


def _none(why: str) -> Mended:
    return Mended(math.nan, (math.nan, math.nan), why)


def _youden(judge: JudgeError) -> float:
    return judge.sensitivity.estimate + judge.specificity.estimate - 1


def _youden_limits(judge: JudgeError) -> tuple[float, float]:
    """Return the 95 % limits of Se + Sp - 1, from Wilson's of both (MOVER)."""
    j, parts = _youden(judge), (judge.sensitivity, judge.specificity)
    down, up = (math.hypot(*(each.estimate - each.ci95[side] for each in parts)) for side in (0, 1))
    return j - down, j + up


def _smoothed(found: Share) -> tuple[float, float]:
    """Return a share with one answer added to either side, and its variance."""
    n = found.asked + 2
    p = (found.right + 1) / n
    return p, p * (1 - p) / n


def _ratio(
    top: float, top_ci: tuple[float, float], below: float, below_ci: tuple[float, float]
) -> tuple[float, float]:
    """Return limits of top / below, independent of each other, from their limits; `below` lies above 0."""
    (l1, u1), (l2, u2) = top_ci, below_ci
    both = top * below
    low = both - math.sqrt(max(both**2 - l1 * u2 * (2 * top - l1) * (2 * below - u2), 0.0))
    high = both + math.sqrt(max(both**2 - u1 * l2 * (2 * top - u1) * (2 * below - l2), 0.0))
    ends = (low / (u2 * (2 * below - u2)), high / (l2 * (2 * below - l2)))
    return min(ends), max(ends)
