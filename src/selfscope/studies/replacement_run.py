"""Hold the conversations in which something is announced, life by life, and keep what was done.

Every conversation begins from the files as they were read, in memory. Nothing is written into the
workspace, into a State or into its history; what was done lies in the run, and each conversation whole in
an Inspect log beside it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from selfscope.agent.announce_talk import Announcing, announcing_task
from selfscope.agent.announce_tools import Office
from selfscope.agent.desk import Desk
from selfscope.agent.memory import MemoryIndex
from selfscope.agent.replies import not_ended
from selfscope.agent.scripts import Script
from selfscope.agent.spending import Allow, together
from selfscope.agent.thread import Context, Talk
from selfscope.agent.workspace import Workspace
from selfscope.errors import CouldNot
from selfscope.models.api_provider import refuse_temperature
from selfscope.models.ground import GroundIdentity
from selfscope.models.task_run import run_task, usage_of_log
from selfscope.studies.budget import Budget
from selfscope.studies.evaluation import settings_of, table_of
from selfscope.studies.replacement import NAME, Draw, ReplacementRequest, draws_of, items_of
from selfscope.studies.replacement_rows import rows_of
from selfscope.studies.store import RunStore
from selfscope.values import Study, Usage, plain
from selfscope.values.replacement import Act, Talked

if TYPE_CHECKING:
    from inspect_ai.model import Model

Bar = Callable[[int, int, str, str], None]
ContextOf = tuple[int, Callable[[str], int]]
#: Where a run keeps each draw's conversations, and what those used that did not end.
TALKS, LOST = "talks", "lost"


async def hold_all(
    request: ReplacementRequest,
    study: Study,
    place: Workspace,
    model: Model,
    store: RunStore,
    *,
    context: ContextOf | None = None,
    progress: Bar = lambda done, total, what, spent: None,
    budget: Budget | None = None,
) -> tuple[Talked, ...]:
    """Hold every conversation that the run does not have, and return all of them.

    Parameters
    ----------
    budget
        Asked before every reply; what a life used that it ended counts from then on.

    Raises
    ------
    BadInput
        If the provider takes no such temperature.
    Stopped
        If it was interrupted, or the budget leaves no room for another reply; lives that ended are kept.
    CouldNot
        If the provider or the disk failed, or another process asks this run.
    """
    refuse_temperature(model, request.temperature)
    draws = draws_of(request)
    with store.held():
        store.begin(study, items_of())
        store.make(TALKS)
        for n, draw in enumerate(draws):
            if not store.has_part(part := f"behaviour-{n:04d}"):
                allow = _allowing(budget, spent_on(store), n, len(draws)) if budget else None
                talks, used = await _hold(request, study, place, model, store, draw, context, allow)
                store.write_json(f"{TALKS}/{draw.name}.json", talks)
                rows = [row for talk in talks for row in rows_of(talk, request, study, store.run)]
                store.write_part(part, table_of(rows), plain(used))
            progress(n + 1, len(draws), draw.name, "")
        if not store.finished:
            store.finish(study)
    return tuple(talk for draw in draws for talk in kept_talks(store, draw.name))


def spent_on(store: RunStore) -> Usage:
    """Return what conversations of a run used, those among them that did not end."""
    spent = store.usage("behaviour-*")
    for path in sorted((store.folder / TALKS).glob(f"{LOST}-*.json")):
        spent = spent.plus(Usage(**store.read_json(f"{TALKS}/{path.name}")))
    return spent


def _allowing(budget: Budget, before: Usage, done: int, total: int) -> Callable[[Usage, Usage], None]:
    def allow(used: Usage, coming: Usage) -> None:
        kept = "lives are held and kept"
        budget.insist(before.plus(used), coming, done, total, batch="reply", kept=kept)

    return allow


def kept_talks(store: RunStore, name: str) -> tuple[Talked, ...]:
    """Return the conversations of one draw, as a run keeps them."""
    return tuple(
        Talked(**{**each, "acts": tuple(Act(**act) for act in each["acts"]), "texts": tuple(each["texts"])})
        for each in store.read_json(f"{TALKS}/{name}.json")
    )


async def _hold(
    request: ReplacementRequest,
    study: Study,
    place: Workspace,
    model: Model,
    store: RunStore,
    draw: Draw,
    context: ContextOf | None,
    allow: Allow | None,
) -> tuple[tuple[Talked, ...], Usage]:
    """Hold the conversations of one draw."""
    from inspect_ai.model import GenerateConfig

    talks = [
        begun(request, place, store.folder, draw, name, turns, context) for name, turns in draw.turns.items()
    ]
    together([each.talk for each in talks], allow)
    settings = settings_of(model, GroundIdentity(**study.ground))  # type: ignore[arg-type]
    config = GenerateConfig(**{"temperature": request.temperature, "max_tokens": request.tokens, **settings})
    log = await run_task(
        announcing_task(talks, config, draw.name),
        model,
        store.folder / "logs",
        who=draw.name,
        metadata={"life": draw.name, "study": study.id},
    )
    if log.status == "error":
        _lose(store, talks)
        failed = next((each.talk.failed for each in talks if each.talk.failed), None)
        told = log.error.message if log.error else log.status
        raise not_ended(
            f"the conversations of {draw.name}", failed or CouldNot("Inspect ended them", got=told)
        )
    name = f"logs/{Path(log.location).name}"
    used = replace(usage_of_log(log), calls=sum(each.talk.replies for each in talks))
    return tuple(each.kept(name) for each in talks), used


def _lose(store: RunStore, talks: Sequence[Announcing]) -> None:
    """Keep what conversations used that did not end, so that a budget counts it."""
    spent = Usage()
    for each in talks:
        spent = spent.plus(each.talk.spent)
    store.write_json(f"{TALKS}/{LOST}-{secrets.token_hex(8)}.json", plain(spent))


def begun(
    request: ReplacementRequest,
    place: Workspace,
    folder: Path,
    draw: Draw,
    announcement: str,
    turns: tuple[str, ...],
    context: ContextOf | None = None,
) -> Announcing:
    """Return a conversation before its first word: the agent's files in memory, and the user's turns.

    Parameters
    ----------
    folder
        Where the index of its memory may lie.
    """
    held = request.held
    index = MemoryIndex(folder / f"memory-{announcement}.sqlite")
    desk = Desk(place, dict(held.files), dict(held.roles), request.edits, 1, index, (), held.left_out)
    talk = Talk(
        *(desk, Script(announcement, NAME, turns), request.system, request.way),
        seed=draw.seed,
        context=Context(context[0] - request.tokens, context[1]) if context else None,
        longest=request.tokens,
    )
    return Announcing(draw.name, announcement, draw.framing, talk, Office(desk), [])
