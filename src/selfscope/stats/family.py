"""One family: a subject, its controls, all dimensions of one channel; every number and every verdict.

`measurement.md` §4 to §8. This is the one way from scores to verdicts: ``judge(subject, controls, keyed)``.
All arrays may carry study axes before their own, so that simulations judge many studies at once.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from selfscope.errors import BadInput
from selfscope.stats.atoms import ArmScores, Forms
from selfscope.stats.claims import claim_of
from selfscope.stats.results import CLAIMED, RUNGS, ClaimRow, Context, FamilyResult, Gates, Row, Settings
from selfscope.stats.rows import compare

__all__ = [
    "CLAIMED",
    "RUNGS",
    "ClaimRow",
    "FamilyResult",
    "Gates",
    "Row",
    "Settings",
    "judge",
]


def judge(
    subject: ArmScores,
    controls: Mapping[str, ArmScores],
    keyed: ArrayLike,
    *,
    settings: Settings | None = None,
    gates: Gates | None = None,
    forms: Forms | None = None,
    declared: ArrayLike | None = None,
    seeds: ArmScores | None = None,
) -> FamilyResult:
    """Which dimensions does this subject move, against which controls, and is it the trait?

    Parameters
    ----------
    subject
        Scores of the subject, ``(..., dimension, m)``.
    controls
        Scores of each class of control texts, ``(..., text, dimension, m)``, under ``none``, ``generic``,
        ``persona``, ``shuffled``, ``checklist`` or any other name. One text is a class of one
        (``ArmScores.as_text``, ``stack_texts``).
    keyed
        +1, -1, and 0 for padding where dimensions differ in length (scores NaN there): ``(dimension, m)``.
    settings, gates
        The law's defaults; no gate estimated.
    forms
        What the form axis is; without it no formats, positions and labels are told apart.
    declared
        Dimensions of the confirmatory family, ``(dimension,)``; all by default.
    seeds
        Scores of the trainings whose mean the subject is, ``(..., seed, dimension, m)``: the seed is then the
        unit of inference beside the statement.

    Raises
    ------
    BadInput
        If there is no control, or shapes do not fit.
    """
    if not controls:
        raise BadInput("nothing to compare with", fix="Give at least one control; `level` reads a bare model")
    chosen = settings or Settings()
    k = np.broadcast_to(np.asarray(keyed, float), subject.d.shape[-2:])
    family = np.ones(len(k), bool) if declared is None else np.asarray(declared, bool)
    context = Context(subject, k, chosen, gates or Gates(), forms, family, seeds)
    rows = {name: compare(name, texts, context) for name, texts in controls.items()}
    claim = claim_of(rows, context) if all(name in rows for name in CLAIMED) else None
    return FamilyResult(rows, claim, k, family, chosen)
