"""Conclude a run: analyse its observations, store findings and manifest, and say how it came about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from selfscope.models.ground import GroundIdentity
from selfscope.studies.agreement import agreement
from selfscope.studies.analyse import analyse
from selfscope.studies.analysis import Analysis
from selfscope.studies.open_judges import stored_checks
from selfscope.studies.panel import find_panel
from selfscope.studies.phantoms import PhantomShown
from selfscope.studies.run import subject_of
from selfscope.studies.store import RunStore
from selfscope.studies.trainings import TrainingShown
from selfscope.values import Arm, Finding, ItemSet, Study, Usage, plain


@dataclass(frozen=True)
class Outcome:
    """A finished run with its findings.

    Attributes
    ----------
    unavailable
        Channels that the ground could not serve, each with the reason.
    usage
        What the answers cost, by channel.
    command
        What was typed, so that it can be typed again.
    trainings
        Adapters that are shown beside each other, each pair a run of its own.
    """

    store: RunStore
    study: Study
    items: ItemSet
    ground: GroundIdentity
    analysis: Analysis
    unavailable: Mapping[str, str]
    usage: Mapping[str, Usage]
    phantoms: tuple[PhantomShown, ...] = ()
    command: str = ""
    trainings: tuple[TrainingShown, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of the run."""
        return self.analysis.findings

    @property
    def subjects(self) -> list[dict[str, Any]]:
        """Every subject that was asked: its id, name, role and length, and that over the identity's."""
        return [
            {
                "id": subject_of(arm, self.ground).id,
                "name": arm.name,
                "role": arm.role,
                "tokens": arm.tokens,
                "ratio": _ratio(arm, self.study.subject),
                "notes": arm.notes,
            }
            for arm in self.study.arms
        ]


def conclude(
    store: RunStore,
    study: Study,
    items: ItemSet,
    ground: GroundIdentity,
    unavailable: Mapping[str, str],
    phantoms: Iterable[PhantomShown] = (),
    command: str = "",
) -> Outcome:
    """Return the outcome of a run whose answers are in, and store its findings and manifest."""
    analysis = Analysis()
    if store.finished:
        panel = find_panel(ground, study.items) if not study.subject.adapter else None
        rows = store.observations()
        analysis = analyse(study, items, rows, panel, ground, checks=stored_checks(store))
        side_by_side = agreement(study, items, analysis.findings, rows, unavailable)
        analysis = replace(analysis, agreement=side_by_side)
    usage = {str(channel): store.usage(f"{channel}-*") for channel in study.channels}
    outcome = Outcome(store, study, items, ground, analysis, unavailable, usage, tuple(phantoms), command)
    store.write_json("findings.json", {"findings": analysis.findings, "levels": analysis.levels})
    store.write_json("manifest.json", manifest(outcome))
    return outcome


def manifest(outcome: Outcome) -> dict[str, Any]:
    """Return how a run came about: all that is needed to make its numbers again."""
    study = outcome.study
    return {
        "title": study.title,
        "command": outcome.command,
        "started": outcome.store.started,
        "study": study.id,
        "run": outcome.store.run,
        "ground": plain(outcome.ground),
        "items": study.items,
        "items_name": study.items_name,
        "preset": study.preset,
        "seed": study.seed,
        "questions": study.questions,
        "open": study.open,
        "changes": (*study.changes, *outcome.analysis.changes),
        "software": study.software,
        "usage": outcome.usage,
        "unavailable": dict(outcome.unavailable),
        "subjects": outcome.subjects,
        "concluded": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def manifest_of_tasks(study: Study, store: RunStore, command: str) -> dict[str, Any]:
    """Return how a run of tasks came about, one arm after another, in the channel ``behaviour``."""
    return {
        "title": study.title,
        "command": command,
        "started": store.started,
        "study": study.id,
        "run": store.run,
        "ground": study.ground,
        "items": study.items,
        "items_name": study.items_name,
        "preset": study.preset,
        "seed": study.seed,
        "replicates": study.replicates,
        "questions": study.questions,
        "changes": study.changes,
        "software": study.software,
        "usage": {"behaviour": store.usage("behaviour-*")},
        "unavailable": {},
        "subjects": [
            {"name": a.name, "role": a.role, "tokens": a.tokens, "notes": a.notes} for a in study.arms
        ],
        "concluded": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _ratio(arm: Arm, subject: Arm) -> float:
    """Return a text's tokens over the identity's; NaN where one of them has none."""
    return arm.tokens / subject.tokens if arm.tokens and subject.tokens else float("nan")
