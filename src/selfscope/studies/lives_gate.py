"""In which dimensions a channel can be read: the sensitivity check of lives, and whether they answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from selfscope.instruments.instrument import asks_in
from selfscope.stats.atoms import ArmScores
from selfscope.stats.masked import Array, Mask
from selfscope.stats.verdicts import LEAST_MASS, MOST_APART, MOST_REFUSED, PASS
from selfscope.studies.check import sensitivity_of
from selfscope.studies.scores import Layout, arm_scores
from selfscope.values import ItemSet, Question, Study

if TYPE_CHECKING:
    import pandas as pd


def readable(study: Study, question: Question, items: ItemSet, rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Return where the characters of a channel came out apart, ``(dimension,)``.

    Parameters
    ----------
    rows
        Observations of a run, of all channels.
    """
    layout = Layout.of(asks_in(question, items, study.preset))
    own = rows[rows["channel"] == question.channel]
    sides: list[ArmScores] = []
    for role in ("high", "low"):
        names = [arm.name for arm in study.arms if arm.role == role]
        sides.append(arm_scores(own[own["character"].isin(names)], layout))
    return np.asarray(sensitivity_of(sides[0], sides[1], layout, question.sesoi).state == PASS)


def answered(refused: Array, mass: Array) -> Mask:
    """Return where enough was answered for an absence to be seen, ``(dimension,)`` (`measurement.md` §8.2).

    Parameters
    ----------
    refused
        Shares of answers that were none, ``(place, dimension)``: of what is held against each other.
    mass
        Median option mass; NaN where a channel has none.
    """
    too_many = (refused.max(axis=0) > MOST_REFUSED) | (np.ptp(refused, axis=0) > MOST_APART)
    faint = np.nan_to_num(mass, nan=1.0).min(axis=0) < LEAST_MASS
    return np.asarray(~(too_many | faint))
