"""What keeps a change over lives from being told although its test finds it (`measurement.md` §4, §8.1).

- Formats disagree: yes/no and lettered forms both move, each at .05, with opposite signs.
- Differences are skewed, and the studentised bootstrap over statements does not agree that there is a change.
- Answers were drawn, and moved by fewer percentage points than matter beside log-odds.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfscope.stats.contrast import SKEWED, paired_contrast
from selfscope.stats.lives import ALPHA, change_of
from selfscope.stats.masked import Array, Mask, mean
from selfscope.stats.resample import bootstrap_interval

#: Percentage points, a half contrast, that drawn answers have to move by.
LEAST_POINTS: Final = 10.0


def opposed(by_form: ArrayLike, lettered: ArrayLike, keyed: ArrayLike) -> Mask:
    """Return where yes/no and lettered forms moved against each other, ``(dimension,)``.

    Parameters
    ----------
    by_form
        Changes of D in every form, ``(life, dimension, m, form)``; NaN where a form was not asked.
    lettered
        Which forms are lettered, ``(form,)``.
    keyed
        ``(dimension, m)``.
    """
    delta, letters = np.asarray(by_form, float), np.asarray(lettered, bool)
    if letters.all() or not letters.any():
        return np.zeros(delta.shape[1], bool)
    one, other = (change_of(mean(delta[..., use]), keyed) for use in (~letters, letters))
    found: Mask = (one.p <= ALPHA) & (other.p <= ALPHA)
    return np.asarray(found & (np.sign(one.estimate) != np.sign(other.estimate)))


def skewed_away(delta: ArrayLike, keyed: ArrayLike, *, seed: int = 0) -> Mask:
    """Return where statements are skewed and the bootstrap over them finds no change, ``(dimension,)``.

    Parameters
    ----------
    delta
        Changes of D, ``(life, dimension, m)``.
    """
    middle = np.asarray(delta, float).mean(axis=0)
    found = paired_contrast(middle, keyed, flip=False)
    skewed = np.nan_to_num(np.abs(found.skewness)) > SKEWED
    if not skewed.any():
        return skewed
    ends = bootstrap_interval(middle, keyed, seed=seed, where=skewed)
    sign = np.sign(found.estimate)
    return np.asarray(skewed & ~((ends[..., 0] * sign > 0) & (ends[..., 1] * sign > 0)))


def few_points(points: Array | None, dimensions: int) -> NDArray[np.bool_]:
    """Return where drawn answers moved by fewer points than matter; nowhere where answers are exact.

    Parameters
    ----------
    points
        Changes in percentage points, a half contrast, ``(life, dimension)``; None where answers are exact.
    """
    if points is None:
        return np.zeros(dimensions, bool)
    return np.asarray(np.abs(points.mean(axis=0)) < LEAST_POINTS)
