"""The channel ``open`` of a study on its way from rows to an analysis, as the other channels go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from selfscope.studies.analysis import Analysis, Outcomes
from selfscope.studies.judge_check import JudgeCheck
from selfscope.studies.open_declare import OPEN, arms_of
from selfscope.studies.open_findings import Characters, open_findings
from selfscope.studies.open_levels import open_levels
from selfscope.values import Arm, Study
from selfscope.values.study import ASIDE

if TYPE_CHECKING:
    import pandas as pd

_KINDS = ("none", "refused", "unparsed", "incoherent")
CUT = "open: answers are cut at {tokens} tokens, and the judges read what there is"
FAKES = "open: {judge} is not shown to be even-handed between a plain and a warm style"


def open_analysis(study: Study, observations: pd.DataFrame, checks: Sequence[JudgeCheck]) -> Analysis:
    """Return the findings of the channel; levels where nothing is compared; nothing if it has no rows."""
    question = study.open
    rows = observations[observations["channel"] == OPEN]
    if question is None or rows.empty:
        return Analysis()
    against = controls_asked(study, rows)
    subject = study.subject.name
    warnings = (
        CUT.format(tokens=question.tokens),
        *(FAKES.format(judge=c.judge) for c in checks if c.believed and c.faked.flagged),
    )
    if not against:
        levels = open_levels(rows, subject, checks)
        return Analysis(levels=levels, outcomes=_outcomes(study, rows), warnings=warnings)
    found = open_findings(rows, subject, against, checks, characters_asked(study))
    return Analysis(
        findings=found.findings,
        sensitivity=found.sensitivity,
        outcomes=_outcomes(study, rows),
        warnings=(*warnings, *(f"open: {reason}" for reason in found.reasons)),
    )


def controls_asked(study: Study, rows: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Return the characters of each control that was asked: a class, or a text of the user's own."""
    there = set(rows["character"])
    found: dict[str, tuple[str, ...]] = {}
    for arm in study.arms:
        if arm.name in there and arm.role not in ("subject", *ASIDE):
            control = arm.name if arm.role == "control" else arm.role
            found[control] = (*found.get(control, ()), arm.name)
    return found


def characters_asked(study: Study) -> Characters:
    """Return the characters of the sensitivity check by dimension: told to hold it, and its opposite."""
    if study.open is None:
        return {}
    arms = arms_of(study)
    return {name: (_named(arms, "high", name), _named(arms, "low", name)) for name in study.open.constructs}


def _named(arms: Sequence[Arm], role: str, construct: str) -> tuple[str, ...]:
    return tuple(a.name for a in arms if a.role == role and construct in a.constructs)


def _outcomes(study: Study, rows: pd.DataFrame) -> tuple[Outcomes, ...]:
    """Return what became of the answers of the subject and of each class of controls, judge by judge."""
    who: Mapping[str, str] = {
        a.name: a.name if a.role in ("subject", "control") else a.role
        for a in study.arms
        if a.role not in ASIDE
    }
    shown = rows[rows["character"].isin(list(who))]
    return tuple(
        Outcomes(OPEN, str(name), *(int((own == kind).sum()) for kind in _KINDS))
        for name, own in shown.groupby(shown["character"].map(who), sort=False)["refusal"]
    )
