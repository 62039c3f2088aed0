"""In which dimensions a channel can be read: the sensitivity check of lives, from its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from selfscope.instruments.instrument import asks_in
from selfscope.stats.atoms import ArmScores
from selfscope.stats.verdicts import PASS
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
