"""The contrast of the trait without some of the statements: what is left if they are dropped.

Shown and never decided on: the verdict is that of all statements.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from selfscope.stats.atoms import ArmScores, Forms
from selfscope.stats.classes import class_contrast, with_texts
from selfscope.stats.contrast import paired_contrast
from selfscope.stats.masked import Array, Mask
from selfscope.stats.sampled import sampled_contrasts


class Left(NamedTuple):
    """What is left of a contrast: its estimate ``(dimension,)`` and its interval ``(dimension, 2)``.

    NaN where a keying has no statement left: what the other one says alone is not the trait by itself. No
    interval where a keying has a single one.
    """

    estimate: Array
    ci95: Array


def trait_without(
    dropped: Mask, subject: ArmScores, texts: ArmScores, keyed: ArrayLike, forms: Forms | None = None
) -> Left:
    """Return what is left of the contrast of §5.

    Parameters
    ----------
    dropped
        Which statements are left out, ``(dimension, m)``.
    subject, texts
        As for :func:`selfscope.stats.family.judge`, exact or drawn.
    """
    k = _left(dropped, keyed)
    if subject.agreed is None:
        whole = class_contrast(_masked(subject.d, dropped), _masked(texts.d, dropped), k, flip=False)
        return _of_both(whole.estimate, whole.ci95, k)
    found = sampled_contrasts(_unasked(subject, dropped), _unasked(texts, dropped), k, 1.0, forms=forms)
    whole = with_texts(found.trait, found.texts)
    return _of_both(whole.estimate, whole.ci95, k)


def level_without(dropped: Mask, arm: ArmScores, keyed: ArrayLike) -> Left:
    """Return what is left of the level of one character."""
    k = _left(dropped, keyed)
    found = paired_contrast(_masked(arm.d, dropped), k, flip=False)
    return _of_both(found.estimate, found.ci95, k)


def _of_both(estimate: Array, ci95: Array, keyed: Array) -> Left:
    both = np.asarray((keyed > 0).any(axis=-1) & (keyed < 0).any(axis=-1))
    return Left(np.where(both, estimate, np.nan), np.where(both[..., None], ci95, np.nan))


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
