"""Ask the original, the unported target and the ports the same, part by part, and say what carried over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from selfscope.errors import BadInput
from selfscope.instruments.instrument import instrument_for
from selfscope.models.ground import Ground, GroundIdentity
from selfscope.studies.budget import Budget
from selfscope.studies.conclude import conclude
from selfscope.studies.fidelity import FidelityRequest, Self, Where, fidelity_study
from selfscope.studies.fidelity_ask import Job, writer
from selfscope.studies.fidelity_found import fidelity_in
from selfscope.studies.fidelity_jobs import Abilities, jobs_of
from selfscope.studies.fidelity_judged import choices_of_judges
from selfscope.studies.run import RunProgress
from selfscope.studies.store import RunStore
from selfscope.values import Study, Usage, plain
from selfscope.values.persona_against import Against
from selfscope.values.port_fidelity import PortFidelity

#: Opens what answers for someone, its adapter put on.
Opened = Callable[[Self], Ground]


async def fidelity_of(
    request: FidelityRequest,
    opened: Opened,
    progress: RunProgress | None = None,
    budget: Budget | None = None,
    command: str = "",
) -> PortFidelity:
    """How much of the original did each port carry over?

    Parameters
    ----------
    opened
        Called for one at a time; what it returns is closed after use.
    budget
        The most that the run may use.
    command
        What was typed, for the manifest. On one ground the run also has findings, the original against the
        target without the character and against each port, which `where`, `stress` and `compare` read.

    Raises
    ------
    BadInput
        If no closed channel can be asked on all of the grounds.
    Stopped
        If the next part would go over the budget; the same command goes on.
    CouldNot
        If a ground or the disk failed, or another process asks this run; what was done is kept.
    """
    grounds, abilities = await _looked_at(request, opened)
    if len(abilities.unavailable) == len(request.questions):
        raise BadInput(
            "no closed channel can be asked on these grounds",
            got="; ".join(abilities.unavailable.values()),
            fix="Ask self_report (preset standard), or give local weights",
        )
    geometry = geometry_of(request, grounds) if request.maps else ()  # refused before anything is asked
    study = fidelity_study(request, grounds)
    store = RunStore.of(study)
    with store.held():
        store.begin(study, request.items)
        if not store.finished:
            await _ask_all(jobs_of(request, abilities), opened, study, store, progress, budget)
            store.finish(study)
    if request.bare == request.unported and not (store.folder / "findings.json").exists():
        conclude(
            store, study, request.items, grounds[request.bare.where], abilities.unavailable, command=command
        )
    chosen = await choices_of_judges(request, store, progress)
    found = fidelity_in(request, grounds, store.run, store.observations(), store.evidence(), chosen)
    return replace(found, geometry=geometry)


def geometry_of(
    request: FidelityRequest, grounds: Mapping[Where, GroundIdentity]
) -> tuple[tuple[str, Against], ...]:
    """Return the spaces of roles of ports beside the original's, as ``map --against`` compares them.

    Raises
    ------
    BadInput
        If a folder holds no map or one of other weights, or too few roles are in both.
    """
    from selfscope.space.persona_artefact import open_space
    from selfscope.studies.persona_against import compare_spaces

    who = {each.name: each for each in request.everyone}
    own = open_space(request.map)
    _refuse_strange(own.manifest, request.map, request.original.name, grounds[request.original.where])
    others = {name: (open_space(folder), folder) for name, folder in request.maps}
    for name, (other, folder) in others.items():
        _refuse_strange(other.manifest, folder, name, grounds[who[name].where])
    return tuple(
        (name, compare_spaces(own, other, folder, seed=request.seed))
        for name, (other, folder) in others.items()
    )


def _refuse_strange(manifest: Mapping[str, Any], folder: str, name: str, ground: GroundIdentity) -> None:
    """Refuse a map of other weights, or under another adapter, than of whom it is said to be; BadInput."""
    told = manifest.get("ground", {})
    if "revision" not in told:
        return
    worn = told.get("extra", {}).get("adapter", "")
    if (told["revision"], worn) != (ground.revision, ground.extra.get("adapter", "")):
        raise BadInput(
            f"this is no map of {name}: its weights or its adapter are others",
            got=folder,
            fix="Map each by `selfscope map`, with the model and the adapter of that port",
        )


async def forecast(request: FidelityRequest, opened: Opened) -> Usage:
    """Return what a run would use, every text at its longest; nothing is asked, judges are left out."""
    total = Usage()
    for _, usage in await forecast_by_ground(request, opened):
        total = total.plus(usage)
    return total


async def forecast_by_ground(request: FidelityRequest, opened: Opened) -> list[tuple[GroundIdentity, Usage]]:
    """Return the same by what answers; what is done already is left out."""
    grounds, abilities = await _looked_at(request, opened)
    store = RunStore.of(fidelity_study(request, grounds))
    found: dict[Where, Usage] = {}
    ground, where = None, None
    try:
        for job in jobs_of(request, abilities):
            if store.has_part(job.part):
                continue
            if ground is None or where != job.who.where:
                if ground is not None:
                    await ground.close()
                ground, where = opened(job.who), job.who.where
            found[where] = found.get(where, Usage()).plus(job.forecast(ground))
    finally:
        if ground is not None:
            await ground.close()
    return [(grounds[own], usage) for own, usage in found.items()]


async def _looked_at(
    request: FidelityRequest, opened: Opened
) -> tuple[dict[Where, GroundIdentity], Abilities]:
    """Return what each ground is, and which have words and likelihoods."""
    grounds: dict[Where, GroundIdentity] = {}
    words, likelihoods = set(), set()
    unavailable: dict[str, str] = {}
    for who in request.everyone:
        if who.where in grounds:
            continue
        ground = opened(who)
        grounds[who.where] = ground.identity
        if writer(ground) is not None:
            words.add(who.where)
        if not ground.unavailable("text"):
            likelihoods.add(who.where)
        for question in request.questions:
            if reason := ground.unavailable(instrument_for(question.asker).kind):
                unavailable[question.channel] = f"{ground.identity.name}: {reason}"
        await ground.close()
    return grounds, Abilities(frozenset(words), frozenset(likelihoods), unavailable)


async def _ask_all(
    jobs: Sequence[Job],
    opened: Opened,
    study: Study,
    store: RunStore,
    progress: RunProgress | None,
    budget: Budget | None,
) -> None:
    """Do what is not done yet; what answers stays open as long as the next part asks the same."""
    total = sum(job.count for job in jobs)
    done = sum(job.count for job in jobs if store.has_part(job.part))
    spent, ground, where = store.usage(), None, None
    try:
        for job in jobs:
            if store.has_part(job.part):
                continue
            if ground is None or where != job.who.where:
                if ground is not None:
                    await ground.close()
                ground, where = opened(job.who), job.who.where
            if budget is not None:
                budget.insist(spent, job.forecast(ground), done, total)
            spent = spent.plus(await _ask(job, ground, study, store, _counter(progress, done, total, job)))
            done += job.count
    finally:
        if ground is not None:
            await ground.close()
    if progress is not None:
        progress(total, total, "", "")


async def _ask(job: Job, ground: Ground, study: Study, store: RunStore, told: Callable[[int], None]) -> Usage:
    rows, usage = await job.ask(ground, study, store, told)
    store.write_part(job.part, rows, plain(usage))
    return usage


def _counter(progress: RunProgress | None, done: int, total: int, job: Job) -> Callable[[int], None]:
    seen = done

    def tell(count: int) -> None:
        nonlocal seen
        seen += count
        if progress is not None:
            progress(min(seen, total), total, f"{job.part.partition('-')[0]}: {job.who.name}", "")

    tell(0)
    return tell
