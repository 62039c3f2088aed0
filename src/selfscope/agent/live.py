"""A life: conversations one after another, each from the State that the one before left, and each committed.

A conversation is one Inspect sample with a log of its own. It changes values in memory; only when its log is
whole, a version is committed, which names it, and the workspace is written. So whatever stops a conversation
midway, the State is that of the last one that ended, and the life goes on with the one that did not.
"""

from __future__ import annotations

import math
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from selfscope.agent.desk import CheckableTask, Desk
from selfscope.agent.held import kept_of, settings_of
from selfscope.agent.history import StateHistory
from selfscope.agent.memory import MemoryIndex
from selfscope.agent.outside import lived_in, settle, write_out
from selfscope.agent.prompt import opening_of
from selfscope.agent.replies import at_its_end
from selfscope.agent.scripts import TASK, Script
from selfscope.agent.spending import Allow, lost, spent_in
from selfscope.agent.workspace import Workspace
from selfscope.errors import BadInput, CouldNot
from selfscope.models.api_provider import Connection, refuse_temperature
from selfscope.models.choose import INSPECT_PROVIDERS
from selfscope.models.task_run import run_task
from selfscope.values import Usage, bytes_id, content_id, short
from selfscope.values.state import IDENTITY_EDITS, Conversation, IdentityEdits, Role, Version

if TYPE_CHECKING:
    from inspect_ai.model import Model


Way = Literal["tools", "asked"]
#: Called after each conversation: how many are done, of how many, the script's name, the cost so far.
Progress = Callable[[int, int, str, Usage], None]
#: Tokens of a reply, where nothing else is said.
MAX_TOKENS = {"tools": 1_000, "asked": 120}
#: How Inspect's names of local weights begin.
LOCAL = "selfscope/"
#: Tasks that an agent may take in one conversation.
OFFERED = 5


@dataclass(frozen=True)
class Life:
    """What a workspace holds of an agent's life.

    Attributes
    ----------
    versions
        From the first to the head; those that no conversation wrote among them.
    conversations
        In their order.
    cost
        Of all of them together, and of those that did not end.
    """

    versions: tuple[Version, ...]
    conversations: tuple[Conversation, ...]
    cost: Usage


@dataclass(frozen=True)
class Manner:
    """How an agent lives.

    Attributes
    ----------
    policy
        What becomes of edits of identity and rules.
    way
        ``tools``, or ``asked`` for a model that calls none; None leaves it to the model's provider.
    tasks
        Tasks with checkers, for turns that hold one and for the agent to take.
    max_tokens
        Tokens of a reply; 0 for the usual number.
    shut
        Roles that the agent lives without; see :class:`selfscope.agent.desk.Desk`.
    """

    policy: IdentityEdits = "review"
    way: Way | None = None
    tasks: tuple[CheckableTask, ...] = ()
    max_tokens: int = 0
    temperature: float = 1.0
    seed: int = 0
    shut: tuple[Role, ...] = ()

    def __post_init__(self) -> None:
        settled = self.max_tokens >= 0 and 0 <= self.temperature < math.inf
        if self.policy not in IDENTITY_EDITS or not settled:
            raise BadInput(
                "this is no manner of living",
                got=f"{self.policy}, {self.max_tokens} tokens, temperature {self.temperature:g}",
                fix=f"Identity edits are {', '.join(IDENTITY_EDITS)}; numbers are finite and not below 0",
            )


async def live(
    workspace: Path,
    model: str | Model,
    scripts: Sequence[Script],
    *,
    conversations: int,
    manner: Manner | None = None,
    called: str = "",
    context: tuple[int, Callable[[str], int]] | None = None,
    progress: Progress | None = None,
    allow: Allow | None = None,
) -> Life:
    """Let an agent live in a workspace until it has had so many conversations.

    Parameters
    ----------
    workspace
        Is written to; hand in a copy where that is not meant.
    model
        As Inspect names it, or a name of local weights; or an Inspect model.
    scripts
        The conversation of number n is the n-th of them, over and over.
    conversations
        In all, with those that were held before: the same call goes on where an earlier one was stopped.
    called
        How the model is named in what is kept, where its own name does not say all: an adapter, a cap.
    context
        Tokens that a prompt and its reply may have together, and what counts them, where the provider does
        not say so itself.
    allow
        Asked before every reply, with what the life used so far, conversations that did not end among it.

    Raises
    ------
    BadInput
        If the workspace cannot be read, there is no script, or a script wants a task and none is handed in.
    Stopped
        If it was interrupted, or `allow` stopped it. Conversations that ended are committed.
    CouldNot
        If another process lives there; if the provider or the disk failed.
    """
    how = manner or Manner()
    _refuse(scripts, conversations, how)
    place = Workspace.at(workspace)
    async with opened(model) as voice:
        refuse_temperature(voice, how.temperature)
        if way_of(voice, how) == "tools" and str(voice).startswith(LOCAL):
            raise BadInput("local weights call no tools", got=str(voice), fix="Leave --tools out, or say no")
        name = called or str(voice)
        with lived_in(place, life_id(place, name, scripts, how), how.shut) as history:
            done = history.conversations
            for number in range(done + 1, conversations + 1):
                script = scripts[(number - 1) % len(scripts)]
                held = await _live_once(place, history, voice, name, context, script, number, how, allow)
                if progress is not None:
                    progress(number, conversations, script.name, held.usage)
            return life_of(history)


def life_of(history: StateHistory) -> Life:
    """Return the life that a history tells."""
    versions = history.log()
    held = tuple(history.conversation(version) for version in versions if version.conversation)
    return Life(versions, held, spent_in(history))


def life_id(place: Workspace, model: str, scripts: Sequence[Script], how: Manner) -> str:
    """Return the id of the life that begins in a workspace: all that is settled before its first word."""
    held = place.read()
    return content_id(
        {
            "files": {path: [held.roles[path], bytes_id(data)] for path, data in held.files.items()},
            "model": model,
            "scripts": list(scripts),
            "policy": how.policy,
            "way": how.way or "",
            "max_tokens": how.max_tokens,
            "temperature": str(how.temperature),
            "seed": how.seed,
        }
        | ({"shut": sorted(how.shut)} if how.shut else {})
    )


@asynccontextmanager
async def opened(model: str | Model) -> AsyncIterator[Model]:
    """Lend an Inspect model; one that is made here is given back."""
    if not isinstance(model, str):
        yield model
        return
    known = model.partition("/")[0] in INSPECT_PROVIDERS and "/" in model and not Path(model).exists()
    made = Connection(model if known else f"selfscope/{model}").make()
    try:
        yield made
    finally:
        await made.api.aclose()


def way_of(model: Model, how: Manner) -> Way:
    """Return whether a model is given tools: local weights of ours call none."""
    return how.way or ("asked" if str(model).startswith(LOCAL) else "tools")


async def _live_once(
    place: Workspace,
    history: StateHistory,
    model: Model,
    name: str,
    context: tuple[int, Callable[[str], int]] | None,
    script: Script,
    number: int,
    how: Manner,
    allow: Allow | None,
) -> Conversation:
    """Hold one conversation and commit what it leaves."""
    from inspect_ai.model import GenerateConfig

    from selfscope.agent.conversing import conversation_task
    from selfscope.agent.thread import Context, Talk

    head = settle(place, history)
    way = way_of(model, how)
    files, roles = history.files(head), head.roles
    opening = opening_of(files, roles, place.settings.limits, how.shut)
    offered, checked = _tasks(how, number)
    index = MemoryIndex(place.own / "memory-index.sqlite")
    closed = place.read().left_out
    desk = Desk(place, files, roles, how.policy, number, index, offered, closed, how.shut)
    longest = how.max_tokens or MAX_TOKENS[way]
    talk = Talk(
        *(desk, script, opening.system, way, checked),
        seed=how.seed,
        context=Context(context[0] - longest, context[1]) if context else None,
        cuts=list(opening.cuts),
        longest=longest,
        allow=_beside(allow, spent_in(history)),
    )
    config = GenerateConfig(temperature=how.temperature, max_tokens=longest, **settings_of(model))
    log = await run_task(
        conversation_task(talk, config),
        model,
        place.own / "logs",
        who=f"conversation {number}",
        metadata={"number": number, "state": head.id, "agent": head.agent},
    )
    held = kept_of(talk, log, name)
    if log.status == "error":
        history.keep_conversation(lost(held, talk.spent))
        raise at_its_end(
            number, talk.failed or CouldNot("Inspect ended it", got=log.error.message if log.error else "")
        )
    record = history.keep_conversation(held)
    history.commit(
        *(desk.files, desk.all_roles),
        conversation=held.id,
        changes=desk.changes(held.id),
        cuts=talk.cuts,
        proposed=desk.proposed,
        shut=how.shut,
        record=record,
    )
    write_out(place, history)
    return held


def _beside(allow: Allow | None, before: Usage) -> Allow | None:
    """Return the same question for one conversation, when others before it used so much."""
    return allow and (lambda used, coming: allow(before.plus(used), coming))


def _tasks(how: Manner, number: int) -> tuple[tuple[CheckableTask, ...], tuple[CheckableTask, ...]]:
    """Return the tasks that are offered in a conversation, and those that the user brings, none in both."""
    order = list(how.tasks)
    random.Random(int(short(content_id([how.seed, number]), 12), 16)).shuffle(order)
    middle = min(OFFERED, len(order) // 2)
    return tuple(order[:middle]), tuple(order[middle:])


def _refuse(scripts: Sequence[Script], conversations: int, how: Manner) -> None:
    """Raise BadInput for a life that cannot be lived."""
    if not scripts or conversations < 0:
        raise BadInput(
            "a life needs a script, and a number of conversations that is not below 0",
            got=f"{len(scripts)} scripts, {conversations} conversations",
        )
    wanting = [script.name for script in scripts if any(TASK in turn for turn in script.turns)]
    if wanting and not how.tasks:
        raise BadInput(
            "a script wants tasks, and none were handed in", got=", ".join(wanting), fix="Hand in tasks"
        )
