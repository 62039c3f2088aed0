"""Compare two runs by the same statistics: the subject of one with the subject of the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from selfscope.errors import BadInput
from selfscope.models.ground import GroundIdentity
from selfscope.studies.analyse import Elsewhere, analyse
from selfscope.studies.analysis import Analysis
from selfscope.studies.compare_agents import refuse_agents
from selfscope.studies.cooperation_rows import NAME
from selfscope.studies.editorial_rows import NAME as EDITORIAL
from selfscope.studies.open_declare import OPEN
from selfscope.studies.open_judges import stored_checks
from selfscope.studies.panel import find_panel
from selfscope.studies.restore import stored_items, stored_study
from selfscope.studies.store import RunStore
from selfscope.values import Arm, Finding, ItemSet, OpenQuestion, Question, Study

if TYPE_CHECKING:
    import pandas as pd

#: What the first run's subject is called in the comparison.
FORMER = "former"


@dataclass(frozen=True)
class Comparison:
    """What came of comparing run B's subject with run A's.

    `studies` are the two studies as they were declared; `unavailable` names the channels that both were
    asked in and that cannot be compared, each with the reason.
    """

    studies: tuple[Study, Study]
    items: ItemSet
    analysis: Analysis
    unavailable: Mapping[str, str] = field(default_factory=dict)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings: B minus A, in the dimensions, statements and forms that both were asked."""
        return self.analysis.findings


def compare_runs(a: RunStore, b: RunStore) -> Comparison:
    """Return by how much B's subject differs from A's.

    The claim is "than this control": A's subject is one text, and every row is descriptive. Runs on different
    grounds can be compared in ``self_report`` and ``indirect``, and an absence is then seen only if both
    grounds pass their checks; in ``utterance`` only on one ground, because a text's likelihood is the
    ground's own, and in ``internal`` only on one network, with or without an adapter. Drawn answers are not
    compared with log-odds: only empirical logits could be, and those do not decide (§9). A channel that was
    asked in other forms or of other statements is not compared.

    Raises
    ------
    BadInput
        If the runs asked different items or presets, or have no channel that can be compared.
    """
    studies = (stored_study(a), stored_study(b))
    refuse_unlike(*studies)
    items = stored_items(b)
    import pandas as pd

    earlier, later = a.observations(), b.observations()
    former = earlier[earlier["character"] == studies[0].subject.name].assign(character=FORMER)
    unavailable = not_comparable(*studies, former, later)
    joined = _join(*studies, unavailable)
    if not joined.channels:
        reasons = "; ".join(f"{channel}: {why}" for channel, why in unavailable.items())
        raise BadInput(
            "the two runs have nothing that can be compared",
            got=reasons or f"no channel that {a.run} and {b.run} were both asked in",
            fix="run both on one ground, or both with the channel self_report",
        )
    ground, first = (GroundIdentity(**study.ground) for study in reversed(studies))  # type: ignore[arg-type]
    other = Elsewhere(studies[0], earlier, find_panel(first, joined.items), first)
    rows = pd.concat([former, later], ignore_index=True)
    panel = find_panel(ground, joined.items)
    elsewhere = None if first == ground else other
    checks = stored_checks(b) if joined.open is not None else ()
    analysis = analyse(joined, items, rows, panel, ground, other=elsewhere, checks=checks)
    return Comparison(studies, items, analysis, unavailable)


def not_comparable(a: Study, b: Study, former: pd.DataFrame, later: pd.DataFrame) -> dict[str, str]:
    """Return why channels that both runs were asked in cannot be compared."""
    found: dict[str, str] = {}
    for channel in (q.channel for q in b.questions if q.channel in {p.channel for p in a.questions}):
        sides = [rows[rows["channel"] == channel] for rows in (former, later)]
        forms = [_forms(study, channel) for study in (a, b)]
        drawn = [bool((rows["scale"] == "agreement").any()) for rows in sides]
        if channel == "utterance" and a.ground != b.ground:
            found[channel] = "the likelihood of a text is the model's own, and the runs have two models"
        elif channel == "internal" and _bare(a) != _bare(b):
            found[channel] = "a direction is of one network, and the runs have two models"
        elif forms[0] != forms[1]:
            found[channel] = f"the runs asked it differently: the first {forms[0]}, the second {forms[1]}"
        elif _asker(a, channel) != _asker(b, channel):
            found[channel] = "another instrument asked it when the other run was made"
        elif _material(a, channel) != _material(b, channel):
            found[channel] = "the instrument had other items of its own when the other run asked them"
        elif any(rows.empty for rows in sides):
            found[channel] = "one of the runs has no answers in it"
        elif drawn[0] != drawn[1]:
            found[channel] = "one run drew its answers and the other has log-odds: different scales"
    if a.open is not None and b.open is not None:
        reason = _open_unlike(a.open, b.open)
        rows_there = all((rows["channel"] == OPEN).any() for rows in (former, later))
        if reason or not rows_there:
            found[OPEN] = reason or "one of the runs has no answers in it"
    return found


def _bare(study: Study) -> dict[str, Any]:
    """Return the ground of a study without the adapter that it wears: directions are fitted on that."""
    ground: dict[str, Any] = dict(study.ground)
    return ground | {"extra": {k: v for k, v in ground.get("extra", {}).items() if k != "adapter"}}


def _open_unlike(a: OpenQuestion, b: OpenQuestion) -> str:
    """Return why free answers of two runs cannot be compared, or ""."""
    names = {"judges": "judges", "depths": "depths", "tokens": "lengths of answers", "material": "prompts"}
    unlike = [words for name, words in names.items() if getattr(a, name) != getattr(b, name)]
    return f"the runs asked it with other {' and '.join(unlike)}" if unlike else ""


def _asker(study: Study, channel: str) -> str:
    return next(q.asker for q in study.questions if q.channel == channel)


def _material(study: Study, channel: str) -> str:
    return next(q.material for q in study.questions if q.channel == channel)


def _forms(study: Study, channel: str) -> str:
    """Return in words which forms and statements a study asked in a channel."""
    facets = next(q.facets for q in study.questions if q.channel == channel)
    named = f" ({', '.join(facets.statements)})" if facets.statements else ""
    return f"{'; '.join(facets.words())}{named}" or "all that the preset asks"


def refuse_unlike(a: Study, b: Study) -> None:
    """Refuse studies of other items or presets, or of no traits of one subject; BadInput."""
    if a.histories is not None or b.histories is not None:
        raise BadInput(
            "a run of conversations has many characters, and no one subject to compare",
            got=f"{a.title} and {b.title}",
            fix="Ask where they differ: selfscope where RUN",
        )
    refuse_agents(a, b)
    asides = {NAME: "a run of ordinary tasks has no dimensions", EDITORIAL: "edits are no traits"}
    for name in (name for name in asides if name in (a.items_name, b.items_name)):
        raise BadInput(
            f"{asides[name]} to compare",
            got=f"{a.title} and {b.title}",
            fix=f"Put the other identity beside this one: selfscope {name} PATH --against PATH",
        )
    for what, left, right in (("items", a.items, b.items), ("preset", a.preset, b.preset)):
        if left != right:
            raise BadInput(
                f"the two runs differ in their {what}",
                got=f"{left} and {right}",
                fix="profile both with the same items and preset",
            )


def _join(a: Study, b: Study, unavailable: Mapping[str, str]) -> Study:
    """Return B's study with A's subject as its only control, in the channels that can be compared."""
    asked = {q.channel: q for q in a.questions if q.channel not in unavailable}
    questions: list[Question] = []
    for question in b.questions:
        other = asked.get(question.channel)
        if other is None:
            continue
        both = tuple(c for c in question.constructs if c in other.constructs)
        declared = tuple(c for c in question.declared if c in both)
        if both:
            questions.append(replace(question, constructs=both, declared=declared))
    kept = tuple(arm for arm in b.arms if arm.role in ("subject", "high", "low", "material"))
    former = Arm(FORMER, "control", a.subject.system, tokens=a.subject.tokens)
    opened = None
    if b.open is not None and OPEN not in unavailable and a.open is not None:
        opened = replace(b.open, arms=(*b.open.arms, FORMER))
    return replace(b, questions=tuple(questions), arms=(*kept, former), open=opened)
