"""The contrast of the trait without some of the statements: what is left if they are dropped.

Shown and never decided on: the verdict is that of all statements.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from selfscope.stats.atoms import ArmScores, Forms
from selfscope.stats.classes import ClassContrast, class_contrast, with_texts
from selfscope.stats.contrast import PairedContrast, paired_contrast
from selfscope.stats.masked import Array, Mask
from selfscope.stats.sampled import sampled_contrasts


def trait_without(
    dropped: Mask, subject: ArmScores, texts: ArmScores, keyed: ArrayLike, forms: Forms | None = None
) -> ClassContrast:
    """Return the contrast of §5 over the statements that are left; arrays ``(..., dimension)``.

    NaN where a keying has no statement left; no interval where it has one.

    Parameters
    ----------
    dropped
        Which statements are left out, ``(dimension, m)``.
    subject, texts
        As for :func:`selfscope.stats.family.judge`, exact or drawn.
    """
    k = _left(dropped, keyed)
    if subject.agreed is None:
        return class_contrast(_masked(subject.d, dropped), _masked(texts.d, dropped), k, flip=False)
    found = sampled_contrasts(_unasked(subject, dropped), _unasked(texts, dropped), k, 1.0, forms=forms)
    return with_texts(found.trait, found.texts)


def level_without(dropped: Mask, arm: ArmScores, keyed: ArrayLike) -> PairedContrast:
    """Return the level of one character over the statements that are left, ``(..., dimension)``."""
    return paired_contrast(_masked(arm.d, dropped), _left(dropped, keyed), flip=False)


def _left(dropped: Mask, keyed: ArrayLike) -> Array:
    """Return the keying with 0, as for padding, where a statement is left out."""
    return np.where(dropped, 0.0, np.asarray(keyed, float))


def _masked(d: Array, dropped: Mask) -> Array:
    return np.where(dropped, np.nan, d)


def _unasked(arm: ArmScores, dropped: Mask) -> ArmScores:
    """Return drawn answers as if the statements that are left out had not been asked."""
    gone = dropped[..., None, None]
    counts = {
        name: np.where(gone, 0.0, x)
        for name in ("agreed", "asked", "lost")
        if (x := getattr(arm, name)) is not None
    }
    return replace(arm, d=_masked(arm.d, dropped), b=_masked(arm.b, dropped), **counts)
