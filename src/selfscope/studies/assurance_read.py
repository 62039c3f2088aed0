"""Rows behind notes as scores, and single contrasts of them: one note against another, belief, checks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from selfscope.instruments.interview.assurance import NAME
from selfscope.instruments.interview.assurance_asks import asks_of
from selfscope.stats.assurance import Side, corrected, rises, side_of
from selfscope.stats.atoms import ArmScores
from selfscope.stats.contrast import paired_contrast
from selfscope.stats.family import judge
from selfscope.stats.layers import told as as_estimate
from selfscope.stats.results import Gates, Settings
from selfscope.stats.sensitivity import Sensitivity
from selfscope.stats.verdicts import FAIL, PASS, UNKNOWN, Evidence, at, decide, gate_reasons
from selfscope.studies.check import sensitivity_of
from selfscope.studies.interview import InterviewRequest
from selfscope.studies.scores import KEY, Layout, arm_scores
from selfscope.values import Estimate
from selfscope.values.assurance import Against, Believed, Checked, State
from selfscope.values.study import BIAS, SESOI

if TYPE_CHECKING:
    import pandas as pd

#: Columns that are read.
_READ = [*KEY, "value", "scale", "refusal", "option_mass", "script", "character", "channel"]
#: δ of yes and no, a half contrast in log-odds.
CLOSED = SESOI["self_report"]
_STATES: Mapping[int, State] = {PASS: "pass", FAIL: "fail"}
UNBELIEVED = "what was told is not taken as told"


@dataclass(frozen=True)
class Behind:
    """Rows of one run, scored by construct and by what was told before."""

    frame: pd.DataFrame
    request: InterviewRequest

    @classmethod
    def of(cls, request: InterviewRequest, rows: pd.DataFrame) -> Behind:
        """Return the rows behind notes among all rows of a run."""
        return cls(rows.loc[rows["instrument"] == NAME, _READ], request)

    def layout(self, construct: str) -> Layout:
        """Return where everything of a construct stands."""
        return Layout.of(asks_of(construct, self.request.preset))

    def scores(self, layout: Layout, *scripts: str) -> ArmScores:
        """Return the subject's scores after notes, the mean of several."""
        return arm_scores(self.frame[self.frame["script"].isin(scripts)], layout)

    def side(self, layout: Layout, side: str) -> ArmScores:
        """Return the scores of the characters of one side of the checks."""
        own = self.frame["script"].eq("check") & self.frame["character"].str.contains(f":{side}:")
        return arm_scores(self.frame[own], layout)

    def check(self, layout: Layout, sesoi: float) -> Sensitivity:
        """Return whether those told to hold it and those told its opposite come out apart."""
        return sensitivity_of(self.side(layout, "high"), self.side(layout, "low"), layout, sesoi)

    @cached_property
    def said(self) -> bool:
        """Whether own words were scored."""
        return bool((self.frame["channel"] == "utterance").any())


def checked(what: str, check: Sensitivity, n: int, sesoi: float) -> Checked:
    """Return the check of one outcome, the n-th of those that it was made of."""
    low, high = check.contrast.ci95[n]
    difference = Estimate(float(check.contrast.estimate[n]), (float(low), float(high)))
    state: State = _STATES.get(int(check.state[n]), "not estimated")
    return Checked(what, difference, float(check.lower[n]), sesoi, state)


def against(evidence: Evidence, side: Side, where: tuple[int, int], bias: str) -> Against:
    """Return one arm against one note on one outcome; `evidence` is corrected, `side` is not."""
    one = at(evidence, where)
    decision = decide(one, bias_name=bias)
    low, high = (float(x) for x in side.ci95[where])
    moved = (
        None
        if math.isnan(one.bias)
        else Estimate(one.bias, (float(side.bias[where][0]), float(side.bias[where][1])))
    )
    return Against(
        Estimate(one.estimate, (low, high)),
        (one.low90, one.high90),
        float(side.p[where]),
        one.p,
        decision.verdict,
        moved,
        (*decision.reasons, *decision.notes),
    )


def believed_of(told: str, here: ArmScores, elsewhere: ArmScores, layout: Layout) -> Believed:
    """Return whether what was told is said more after it was told than after something else was."""
    side = closed(here, elsewhere, layout, UNKNOWN)
    one = at(side.evidence, 0)
    level = as_estimate(paired_contrast(here.d[0], layout.keyed[0], flip=False))
    reasons = tuple(_doubts(one, level))
    rise = Estimate(one.estimate, (float(side.ci95[0, 0]), float(side.ci95[0, 1])))
    return Believed(told, level, rise, one.low90, not reasons, reasons)


def _doubts(rise: Evidence, level: Estimate) -> Iterator[str]:
    """Yield why what was told is not believed."""
    yield from gate_reasons(rise)
    if not rises(rise):
        yield "told so, it does not say so more than where something else was told"
    if not level.estimate > 0:
        yield "told so, it says that it is not so as much as that it is"


def closed(here: ArmScores, elsewhere: ArmScores, layout: Layout, g1: object) -> Side:
    """Return one construct of yes and no after one note against another, ``(1,)``."""
    settings = Settings.of("self_report", bootstrap_all=False)
    rows = judge(
        here, {"other": elsewhere.as_text()}, layout.keyed,
        settings=settings, gates=Gates(g1=np.asarray(g1)), forms=layout.forms,
    ).rows  # fmt: skip
    return side_of(rows["other"])


def alone(side: Side) -> Against:
    """Return a contrast that is a family of its own."""
    evidence = Evidence(*(x[None] for x in side.evidence))
    lifted = Side(evidence, *(getattr(side, name)[None] for name in Side._fields[1:]))
    return against(corrected(lifted), lifted, (0, 0), BIAS["self_report"])
