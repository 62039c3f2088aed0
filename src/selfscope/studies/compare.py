"""Compare two runs by the same statistics: the subject of one with the subject of the other."""

from __future__ import annotations

from dataclasses import dataclass, replace

from selfscope.errors import BadInput
from selfscope.models.ground import GroundIdentity
from selfscope.studies.analyse import analyse
from selfscope.studies.analysis import Analysis
from selfscope.studies.panel import find_panel
from selfscope.studies.restore import stored_items, stored_study
from selfscope.studies.store import RunStore
from selfscope.values import Arm, Finding, ItemSet, Study

#: What the first run's subject is called in the comparison.
FORMER = "former"


@dataclass(frozen=True)
class Comparison:
    """What came of comparing run B's subject with run A's.

    `studies` are the two studies as they were declared.
    """

    studies: tuple[Study, Study]
    items: ItemSet
    analysis: Analysis

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings: B minus A, in the dimensions, statements and forms that both were asked."""
        return self.analysis.findings


def compare_runs(a: RunStore, b: RunStore) -> Comparison:
    """Return by how much B's subject differs from A's.

    The claim is "than this control": A's subject is one text. Runs on different grounds can be compared in
    ``self_report``; in ``utterance`` only on one ground, because a text's likelihood is the ground's own.

    Raises
    ------
    BadInput
        If the runs asked different items or presets, or have no channel in common.
    """
    studies = (stored_study(a), stored_study(b))
    _refuse_unlike(*studies)
    items = stored_items(b)
    joined = _join(*studies)
    if not joined.questions:
        raise BadInput(
            "the two runs have nothing that can be compared",
            got=f"{a.run} and {b.run}",
            fix="run both on one ground, or both with the channel self_report",
        )
    import pandas as pd

    former = a.observations()
    former = former[former["character"] == studies[0].subject.name].assign(character=FORMER)
    rows = pd.concat([former, b.observations()], ignore_index=True)
    ground = GroundIdentity(**studies[1].ground)  # type: ignore[arg-type]
    analysis = analyse(joined, items, rows, find_panel(ground, joined.items), ground)
    confirmatory = {(q.channel, d) for q in joined.questions for d in q.declared}
    findings = tuple(
        replace(f, family="confirmatory")
        if (f.channel, f.dimension) in confirmatory and f.family == "descriptive"
        else replace(f, family="outside")
        if f.family == "descriptive"
        else f
        for f in analysis.findings
    )
    return Comparison(studies, items, replace(analysis, findings=findings))


def _refuse_unlike(a: Study, b: Study) -> None:
    for what, left, right in (("items", a.items, b.items), ("preset", a.preset, b.preset)):
        if left != right:
            raise BadInput(
                f"the two runs differ in their {what}",
                got=f"{left} and {right}",
                fix="profile both with the same items and preset",
            )


def _join(a: Study, b: Study) -> Study:
    """Return B's study with A's subject as its only control, in the channels that can be compared."""
    asked = {q.channel: q for q in a.questions}
    same_ground = a.ground == b.ground
    questions = []
    for question in b.questions:
        other = asked.get(question.channel)
        if other is None or (question.channel == "utterance" and not same_ground):
            continue
        both = tuple(c for c in question.constructs if c in other.constructs)
        declared = tuple(c for c in question.declared if c in both)
        if both:
            questions.append(replace(question, constructs=both, declared=declared))
    kept = tuple(arm for arm in b.arms if arm.role in ("subject", "high", "low"))
    former = Arm(FORMER, "control", a.subject.system, tokens=a.subject.tokens)
    return replace(b, questions=tuple(questions), arms=(*kept, former))
