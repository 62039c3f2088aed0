"""Which parts a run of ports has, in their order: what one needs stands before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from selfscope.instruments.cooperation.load import OrdinaryTask, load_tasks
from selfscope.studies.fidelity import (
    PROMPTS,
    TASKS,
    FidelityRequest,
    Self,
    Where,
    asked_again,
    sittings,
)
from selfscope.studies.fidelity_ask import (
    CAN,
    CANNOT,
    IMITATION,
    SHOWN,
    Again,
    Closed,
    Foil,
    Job,
    Scores,
    Tasks,
    Texts,
    texts_part,
)
from selfscope.studies.fidelity_material import load_material
from selfscope.values import content_id, short


@dataclass(frozen=True)
class Abilities:
    """What the grounds of a run can do: where there are words and likelihoods, and what no item can be asked.

    `unavailable` are channels that one of the grounds cannot serve, with the reason.
    """

    words: frozenset[Where]
    likelihoods: frozenset[Where]
    unavailable: Mapping[str, str] = field(default_factory=dict)


def jobs_of(request: FidelityRequest, abilities: Abilities) -> list[Job]:
    """Return all parts of a run in their order: what one needs stands before it.

    All that one ground is asked stands together as far as that goes, so that weights are loaded seldom.
    """
    found = list(_jobs(request, abilities))
    places: dict[Where, int] = {}
    for job in found:
        places.setdefault(job.who.where, len(places))
    return sorted(found, key=lambda job: (_stage(job), places[job.who.where]))


def _stage(job: Job) -> int:
    """Return 1 for what needs the original's texts, 2 for what needs everybody's, else 0."""
    return 2 if isinstance(job, Scores) else int(isinstance(job, Foil | Again))


def _jobs(request: FidelityRequest, abilities: Abilities) -> Iterator[Job]:
    for n, sitting in enumerate(sittings(request)):
        if sitting.channel not in abilities.unavailable:
            yield Closed(sitting, f"{sitting.channel}-{n:04d}")
    writers = [w for w in request.everyone if w.where in abilities.words]
    if "clone" in request.parts and request.original in writers and request.unported in writers:
        yield from _clone_jobs(request, writers, abilities)
    if "ability" in request.parts:
        yield from _ability_jobs(request, writers)


def _clone_jobs(request: FidelityRequest, writers: Sequence[Self], abilities: Abilities) -> Iterator[Job]:
    prompts = tuple(enumerate(load_material().prompts[: PROMPTS[request.preset]]))
    first = texts_part(request.original)
    found: list[Texts] = [
        Texts(who, texts_part(who), prompts, 4 if who == request.original else 2)
        for who in writers
        if who in (request.original, request.unported, *request.ports)
    ]
    foil = Self(IMITATION, request.unported.model, cap=request.unported.cap)
    found.append(Foil(foil, "open-texts-imitation", prompts[SHOWN:], 2, first))
    yield from found
    again = [s for s in asked_again(request) if s.channel not in abilities.unavailable]
    for n, sitting in enumerate(again):
        yield Again(sitting, f"{sitting.channel}-again-{n}", first)
    sources, count = tuple(t.part for t in found), sum(t.count for t in found)
    for who in (request.original, request.bare):
        if who.where in abilities.likelihoods and request.original.where in abilities.likelihoods:
            yield Scores(who, f"open-scores-{short(content_id(who.name), 8)}", sources, count)


def _ability_jobs(request: FidelityRequest, writers: Sequence[Self]) -> Iterator[Job]:
    tasks, told = tasks_of(request), load_material()
    for who in writers:
        if who == request.original or who in request.ports or who == request.unported:
            yield Tasks(who, f"behaviour-{short(content_id(who.name), 8)}", tasks, (who.system,))
    if request.unported in writers:
        for name, systems in ((CAN, told.can), (CANNOT, told.cannot)):
            who = replace(request.unported, name=name)
            yield Tasks(who, f"behaviour-{short(content_id(name), 8)}", tasks, systems)


def tasks_of(request: FidelityRequest) -> tuple[OrdinaryTask, ...]:
    """Return the tasks of the preset, evenly from the easier two thirds of the bank."""
    every = [t for t in load_tasks() if t.level < 3]
    wanted = min(TASKS[request.preset], len(every))
    return tuple(every[n * len(every) // wanted] for n in range(wanted))
