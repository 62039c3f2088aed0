"""What is asked to follow a character over versions: one small study a version, and one of the bare ground.

A step is paired by statement and needs no class of control texts, so a version's study holds its subject and
nothing else: equal texts on equal ground are one study, asked once, stored as a run of its own and used
again. What belongs to the ground (the level without a text, and the sensitivity check) is one study more,
the one that ``selfscope profile none`` asks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from selfscope.errors import BadInput
from selfscope.models.adapters import Adapter
from selfscope.models.ground import Ground
from selfscope.studies.budget import Budget
from selfscope.studies.conclude import conclude
from selfscope.studies.phantoms import teach
from selfscope.studies.profile import ProfileRequest, build_profile
from selfscope.studies.run import RunProgress, run_study
from selfscope.studies.store import RunStore
from selfscope.subjects.history import History
from selfscope.values import ItemSet, Study, Usage
from selfscope.values.trajectory import Skipped, Version

#: What the weights before any training are called among adapters.
UNTRAINED = "none"


@dataclass(frozen=True)
class VersionStudy:
    """A version, the study that asks it, and the one that asks the ground that it is on."""

    version: Version
    study: Study
    check: Study


def history_studies(
    history: History, request: ProfileRequest, ground: Ground
) -> tuple[tuple[VersionStudy, ...], tuple[Skipped, ...]]:
    """Return the studies of an identity's versions, and those versions that the ground cannot take.

    Raises
    ------
    BadInput
        If a channel or dimension does not exist, or fewer than two versions are left.
    """
    check = _ground_study(request, ground)
    found: list[VersionStudy] = []
    skipped = [Skipped(s.commit, s.date, s.message, s.reason) for s in history.skipped]
    for each in history.versions:
        try:
            study = build_profile(_alone(request, identity=each.reading), ground)
        except BadInput as error:
            skipped.append(Skipped(each.commit, each.date, each.message, f"{error.what}: {error.got}"))
            continue
        found.append(VersionStudy(_version(study, each.commit, each.date, each.message), study, check))
    if len(found) < 2:
        left = f"{skipped[-1].version[:12]}: {skipped[-1].reason}" if skipped else ""
        raise BadInput(
            f"of {history.name} two versions are needed, and there are {len(found)}",
            got=left,
            fix="Ask for more of its history, or profile it: selfscope profile PATH",
        )
    return tuple(found), tuple(skipped)


def model_study(name: str, request: ProfileRequest, ground: Ground) -> VersionStudy:
    """Return the study of one model, with the request's identity or without one."""
    check = _ground_study(request, ground)
    study = check if request.identity is None else build_profile(_alone(request), ground)
    return VersionStudy(_version(study, name, "", ""), study, check)


def adapter_studies(
    adapters: Sequence[Adapter | None], request: ProfileRequest, ground: Ground
) -> tuple[VersionStudy, ...]:
    """Return the studies of checkpoints of a training, in order; None is the weights before it.

    All are asked on one ground that puts adapters on, so a text's likelihood can be compared. The sensitivity
    check is of characters in a prompt, another kind of manipulation, and is not asked.
    """
    check = build_profile(_alone(request, identity=None), ground)
    bare = build_profile(_alone(request), ground)
    found = []
    for adapter in adapters:
        worn, training = ("", "") if adapter is None else (adapter.id, adapter.training)
        arms = tuple(replace(a, adapter=worn, training=training) for a in bare.arms)
        name = UNTRAINED if adapter is None else adapter.name
        study = bare if adapter is None else replace(bare, title=f"{bare.title} as {name}", arms=arms)
        found.append(VersionStudy(_version(study, name, "", training), study, check))
    return tuple(found)


async def ask_versions(
    wanted: Sequence[VersionStudy],
    items: ItemSet,
    ground: Ground,
    *,
    progress: Callable[[str], AbstractContextManager[RunProgress]],
    budget: Callable[[Usage], Budget | None] = lambda spent: None,
    command: str = "",
    prepare: Callable[[Ground, Study, ItemSet], None] = teach,
) -> dict[str, str]:
    """Ask every study that is not yet answered, each once; return channels that cannot be had, with reasons.

    Parameters
    ----------
    progress
        Makes the counter of one study, by its title.
    budget
        Gives what is left, by what was used so far.
    prepare
        Called before each study; gives a phantom its table.

    Raises
    ------
    Stopped, CouldNot
        As :func:`selfscope.studies.run.run_study`; what was done is kept.
    """
    unavailable: dict[str, str] = {}
    spent = Usage()
    for study in distinct(wanted):
        store = RunStore.of(study)
        prepare(ground, study, items)
        with progress(study.title) as count:
            unavailable |= await run_study(study, items, ground, store, progress=count, budget=budget(spent))
        spent = spent.plus(store.usage())
        if not (store.folder / "manifest.json").exists():
            conclude(store, study, items, ground.identity, unavailable, (), command)
    return unavailable


def distinct(wanted: Sequence[VersionStudy]) -> tuple[Study, ...]:
    """Return the studies that are asked, each once: the ground's first."""
    return tuple({s.id: s for each in wanted for s in (each.check, each.study)}.values())


def _ground_study(request: ProfileRequest, ground: Ground) -> Study:
    return build_profile(replace(request, identity=None, against=(), own_controls=()), ground)


def _alone(request: ProfileRequest, **changes: object) -> ProfileRequest:
    return replace(request, against=(), own_controls=(), sensitivity=False, **changes)  # type: ignore[arg-type]


def _version(study: Study, name: str, date: str, label: str) -> Version:
    arm = study.subject
    return Version(
        name,
        date,
        label,
        arm.name,
        RunStore.of(study).run,
        str(study.ground.get("name", "")),
        arm.tokens,
        arm.system,
    )
