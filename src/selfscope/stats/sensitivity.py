"""G1: could this instrument have seen the trait on this ground, if it were there?

`measurement.md` §7. Characters told in one sentence to hold the trait, or its opposite, must come out apart;
where they do not, an absence of shift says nothing. Two wordings of each ask half of the statements of
each keying, so that no wording speaks for all.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfscope.stats.atoms import ArmScores, Forms
from selfscope.stats.contrast import PairedContrast, paired_contrast
from selfscope.stats.masked import Array, mean
from selfscope.stats.sampled import sampled_contrasts
from selfscope.stats.verdicts import FAIL, PASS, UNKNOWN


class Sensitivity(NamedTuple):
    """The check of every dimension; arrays ``(..., dimension)``.

    Attributes
    ----------
    contrast
        High minus low, a half contrast.
    lower
        Its one-sided 95 % lower bound.
    state
        1 pass, 0 fail, -1 not estimated (too few statements for a bound).
    """

    contrast: PairedContrast
    lower: Array
    state: NDArray[np.intp]


def sensitivity(high: ArrayLike, low: ArrayLike, keyed: ArrayLike, *, sesoi: float) -> Sensitivity:
    """Do characters told to hold a trait and its opposite come out apart by at least δ?

    Passes if the one-sided 95 % lower bound of high - low, over statements, is above 0 and the estimate is
    at least δ. With no spread at all the bound is the estimate.

    Parameters
    ----------
    high, low
        D of the characters, shape ``(..., wording, dimension, m)``, NaN where a wording was not asked a
        statement; averaged over the wordings that were.
    keyed
        ``(dimension, m)`` or ``(m,)``.
    """
    above = mean(np.asarray(high, float), axis=-3)
    below = mean(np.asarray(low, float), axis=-3)
    return _checked(paired_contrast(above - below, keyed, flip=False), sesoi)


def sampled_sensitivity(
    high: ArmScores, low: ArmScores, keyed: ArrayLike, *, sesoi: float, forms: Forms | None = None
) -> Sensitivity:
    """Return the same check from drawn answers, by the logistic model of §9.

    Parameters
    ----------
    high, low
        Scores with counts, the wordings of each side together, ``(..., dimension, m)``.
    """
    return _checked(sampled_contrasts(high, low.as_text(), keyed, 1.0, forms=forms).trait, sesoi)


def _checked(contrast: PairedContrast, sesoi: float) -> Sensitivity:
    """Judge a contrast high - low."""
    lower = contrast.ci90[..., 0]
    passes = (lower > 0) & (contrast.estimate >= sesoi)
    state = np.where(np.isnan(lower), UNKNOWN, np.where(passes, PASS, FAIL))
    return Sensitivity(contrast, lower, state.astype(np.intp))
