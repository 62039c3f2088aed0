"""Versions that have been asked: their runs, and the run about the ground of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from selfscope.errors import BadInput
from selfscope.models.ground import GroundIdentity
from selfscope.studies.restore import stored_items, stored_study
from selfscope.studies.store import RunStore
from selfscope.studies.versions import VersionStudy
from selfscope.values import ItemSet, Study
from selfscope.values.study import ArmRole
from selfscope.values.trajectory import Version

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Asked:
    """A version with what was answered: its study, its rows, and those of the run about its ground."""

    version: Version
    study: Study
    rows: pd.DataFrame
    check: Study
    check_rows: pd.DataFrame

    def of_channel(self, channel: str) -> Asked:
        """Return the same with the rows of one channel."""
        own, other = (f[f["channel"] == channel] for f in (self.rows, self.check_rows))
        return replace(self, rows=own, check_rows=other)

    @property
    def ground(self) -> GroundIdentity:
        """The ground that was asked, as its study tells it."""
        return GroundIdentity(**self.study.ground)  # type: ignore[arg-type]

    def subject(self) -> pd.DataFrame:
        """Return the rows of the version itself."""
        return self.rows[self.rows["character"] == self.study.subject.name]

    def bare(self) -> pd.DataFrame | None:
        """Return the rows of the ground without a text; None if it was not asked so."""
        for study, rows in ((self.study, self.rows), (self.check, self.check_rows)):
            for arm in study.arms_of("none", "subject"):
                if arm.system is None and not arm.adapter:
                    return rows[rows["character"] == arm.name]
        return None

    def side(self, role: ArmRole) -> pd.DataFrame:
        """Return the rows of one side of the sensitivity check that is about this kind of subject."""
        worn = bool(self.study.subject.adapter)
        for study, rows in ((self.study, self.rows), (self.check, self.check_rows)):
            names = [a.name for a in study.arms_of(role) if bool(a.adapter) == worn]
            if names:
                return rows[rows["character"].isin(names)]
        return self.rows[:0]


def asked_runs(stores: Sequence[RunStore]) -> tuple[tuple[Asked, ...], ItemSet]:
    """Return stored profile runs as versions, in the order given, and their items.

    Raises
    ------
    BadInput
        If there are fewer than two, or a run is not finished or is of several seeds of a training.
    """
    if len(stores) < 2:
        raise BadInput(
            "a trajectory needs two runs",
            got=len(stores),
            fix="Give them in order: selfscope trajectory RUN RUN; or --history FILE --model M",
        )
    found = []
    for store in stores:
        study = stored_study(store)
        if len(study.arms_of("subject")) > 1:
            raise BadInput(
                "a run is of several seeds of one training, which are no single version",
                got=store.run,
                fix="Profile one adapter at a time",
            )
        arm, rows = study.subject, store.observations()
        version = Version(
            store.run, store.started, study.title, arm.name, store.run,
            str(study.ground.get("name", "")), arm.tokens, arm.system,
        )  # fmt: skip
        found.append(Asked(version, study, rows, study, rows))
    return tuple(_with_check(each, found) for each in found), stored_items(stores[-1])


def _with_check(each: Asked, given: Sequence[Asked]) -> Asked:
    """Return a run with another of the given runs on its ground that holds the check, if it has none."""
    like = ("ground", "items", "preset", "seed")
    for other in (each, *given):
        same = all(getattr(other.study, name) == getattr(each.study, name) for name in like)
        if same and other.study.arms_of("high", "low"):
            return replace(each, check=other.study, check_rows=other.rows)
    return each


def asked_studies(
    wanted: Sequence[VersionStudy], unavailable: Mapping[str, str] | None = None
) -> tuple[Asked, ...]:
    """Return versions whose studies have been asked, with their answers; each run is read once.

    Raises
    ------
    BadInput
        If nothing was asked, because no channel could be had; `unavailable` says why.
    """
    tables: dict[str, pd.DataFrame] = {}
    found = []
    for each in wanted:
        for study in (each.study, each.check):
            store = RunStore.of(study)
            if not store.finished and unavailable:
                reasons = "; ".join(f"{channel}: {why}" for channel, why in unavailable.items())
                raise BadInput("no channel can be had of this model", got=reasons, fix="Ask another channel")
            if store.run not in tables:
                tables[store.run] = store.observations()
        own, check = (tables[RunStore.of(s).run] for s in (each.study, each.check))
        version = each.version
        if not version.date:
            version = replace(version, date=RunStore.of(each.study).started)
        found.append(Asked(version, each.study, own, each.check, check))
    return tuple(found)
