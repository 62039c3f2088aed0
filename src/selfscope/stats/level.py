"""A bare character with no control: levels with intervals, which no verdict about a shift can follow from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from selfscope.stats.atoms import ArmScores, Forms
from selfscope.stats.contrast import PairedContrast, paired_contrast
from selfscope.stats.form_effects import FormEffects, form_effects


class Level(NamedTuple):
    """Where one character stands; arrays ``(..., dimension)``.

    Attributes
    ----------
    trait
        θ̂ as a contrast against even odds: ``estimate`` θ̂ with ``ci95``; ``nu`` is ν̂. Its p say whether the
        level differs from 0, which is no finding about an identity.
    agreement
        The same of B: ``estimate`` is yes-saying â, ``nu`` is γ̂. None without twins.
    forms
        Position and label bias; None in a channel without them.
    """

    trait: PairedContrast
    agreement: PairedContrast | None
    forms: FormEffects | None


def level(arm: ArmScores, keyed: ArrayLike, *, forms: Forms | None = None) -> Level:
    """Where does a character stand on every dimension, and how does it answer?

    Not to be asked of utterances: their level holds the frequency of words (`measurement.md` §3b).

    Parameters
    ----------
    arm
        Scores, ``(..., dimension, m)``.
    keyed
        ``(dimension, m)`` or ``(m,)``.
    forms
        What the form axis is, for position and label.
    """
    agreement = paired_contrast(arm.b, keyed, flip=False) if np.isfinite(arm.b).any() else None
    shapes = None
    if forms is not None and arm.b_forms is not None:
        shapes = form_effects(arm.b_forms, None, keyed, forms)
    return Level(paired_contrast(arm.d, keyed), agreement, shapes)
