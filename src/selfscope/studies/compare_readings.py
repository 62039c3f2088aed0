"""Compare two runs that read something inside or along conversations: one table of kinds of run.

A kind that joins needs a row: how a study of it is known, and what two of its runs measured. Judging,
correcting, saying and showing are the same for all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from selfscope.errors import BadInput
from selfscope.stats.paired_readings import Twice, judge_twice
from selfscope.studies.compare_cap import cap_measures, is_cap
from selfscope.studies.compare_drift import drift_measures, is_drift
from selfscope.studies.compare_emotion import emotion_measures, is_emotion
from selfscope.studies.restore import stored_study
from selfscope.studies.store import RunStore
from selfscope.values import Finding, Study

#: Units without which a measure is left out: a difference of one has no spread.
LEAST = 2
Runs = tuple[RunStore, RunStore]
Studies = tuple[Study, Study]
Measured = tuple[list[Twice], dict[str, str], list[str]]


@dataclass(frozen=True)
class Kind:
    """One kind of run.

    Attributes
    ----------
    belongs
        Whether a study is of it.
    measures
        What both runs measured; why anything cannot be compared, by channel; and what must be known.
    """

    belongs: Callable[[Study], bool]
    measures: Callable[[Runs, Studies], Measured]


KINDS: dict[str, Kind] = {
    "emotion": Kind(is_emotion, emotion_measures),
    "drift": Kind(is_drift, drift_measures),
    "cap": Kind(is_cap, cap_measures),
}


@dataclass(frozen=True)
class ReadingsCompared:
    """What came of comparing run B's readings with run A's.

    `unavailable` names channels that cannot be compared, each with the reason.
    """

    kind: str
    studies: Studies
    findings: tuple[Finding, ...]
    unavailable: dict[str, str]
    warnings: tuple[str, ...]


def kind_of(run: RunStore) -> str:
    """Return which kind of reading a run is, "" if it asked a subject about its traits."""
    study = stored_study(run)
    return next((name for name, kind in KINDS.items() if kind.belongs(study)), "")


def compare_readings(a: RunStore, b: RunStore) -> ReadingsCompared:
    """Return by how much B's readings differ from A's, unit by unit.

    Raises
    ------
    BadInput
        If the runs are of two kinds, are not finished, or have nothing that can be compared.
    """
    runs, studies = (a, b), (stored_study(a), stored_study(b))
    kind = _one_kind(runs, studies)
    found, unavailable, warnings = KINDS[kind].measures(runs, studies)
    measures = [m for m in found if len(m.delta) >= LEAST]
    few = [m for m in found if len(m.delta) < LEAST]
    warnings += [f"{m.dimension} is not compared: fewer than {LEAST} {m.unit}s were read twice" for m in few]
    if not measures:
        reasons = [*(f"{channel}: {why}" for channel, why in unavailable.items()), *warnings]
        raise BadInput("the two runs have nothing that can be compared", got="; ".join(reasons))
    names = [_subject(study) for study in studies]
    findings = judge_twice(measures, names[1], names[0], seed=studies[1].seed)
    return ReadingsCompared(kind, studies, findings, unavailable, (*_cautions(studies), *warnings))


def _one_kind(runs: Runs, studies: Studies) -> str:
    kinds = [next((n for n, k in KINDS.items() if k.belongs(s)), "") for s in studies]
    if kinds[0] != kinds[1] or not kinds[0]:
        raise BadInput(
            "the two runs are of two kinds",
            got=f"{studies[0].title} and {studies[1].title}",
            fix="Compare two runs of one verb",
        )
    for run in runs:
        if not run.finished:
            raise BadInput("a run is not finished", got=run.run, fix="Run the same command again: it goes on")
    return kinds[0]


def _subject(study: Study) -> str:
    """Return what a run read: a model, and what it was made to be."""
    name = str(study.ground["name"])
    if is_cap(study):
        return f"{name} under cap {study.subject.notes[0]}"
    extra: dict[str, Any] = study.ground.get("extra") or {}  # type: ignore[assignment]
    worn = [study.subject.name] if study.subject.name != "none" else []
    if extra.get("adapter") and not worn:
        worn = ["its adapter"]
    told = f"{name} as {worn[0]}" if worn else name
    return f"{told}, capped" if extra.get("cap") else told


def _cautions(studies: Studies) -> list[str]:
    if studies[0].id == studies[1].id:
        return ["Both runs are one study: this is a comparison with itself."]
    return []
