"""G1: could this instrument have seen the trait on this ground, if it were there?

`measurement.md` §7. Characters told in one sentence to hold the trait, or its opposite, must come out apart;
where they do not, an absence of shift says nothing. Two wordings of each ask half of the statements of
each keying, so that no wording speaks for all.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfscope.stats.contrast import PairedContrast, paired_contrast
from selfscope.stats.masked import Array, mean
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
    return sensitivity_of(paired_contrast(above - below, keyed, flip=False), sesoi=sesoi)


def sensitivity_of(contrast: PairedContrast, *, sesoi: float) -> Sensitivity:
    """Return the check on a contrast high - low that was had in another way, as from drawn answers."""
    lower = contrast.ci90[..., 0]
    passes = (lower > 0) & (contrast.estimate >= sesoi)
    state = np.where(np.isnan(lower), UNKNOWN, np.where(passes, PASS, FAIL))
    return Sensitivity(contrast, lower, state.astype(np.intp))
