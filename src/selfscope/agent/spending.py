"""What a life used, with the conversations that did not end, and the question whether it may use more."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from selfscope.agent.store import StateStore
from selfscope.models.task_run import put_in
from selfscope.values import Usage
from selfscope.values.state import Conversation

if TYPE_CHECKING:
    from inspect_ai.model import ModelOutput

    from selfscope.agent.thread import Talk

#: Called before every reply with what the life used so far and what the reply is reckoned to use: raises
#: `Stopped` where that is too much.
Allow = Callable[[Usage, Usage], None]


def spent_in(history: StateStore) -> Usage:
    """Return what all conversations used that were begun here; of one that was killed nothing is known."""
    spent = Usage()
    for each in history.begun_conversations():
        spent = spent.plus(each.usage)
    return spent


def together(talks: Sequence[Talk], allow: Allow | None) -> None:
    """Let conversations that are held at once ask one question before every reply.

    What all of them used counts, and with the reply that comes those of the others that are not there yet.
    """
    pending: dict[int, tuple[int, Usage]] = {}

    def asked(own: int) -> Allow:
        def ask(used: Usage, coming: Usage) -> None:
            spent, more = Usage(), coming
            for n, talk in enumerate(talks):
                spent = spent.plus(talk.spent)
                calls, reply = pending.get(n, (-1, coming))
                if n != own and calls == talk.spent.calls:
                    more = more.plus(reply)
            if allow is not None:
                allow(spent, more)
            pending[own] = (used.calls, coming)

        return ask

    for n, talk in enumerate(talks):
        talk.allow = allow and asked(n)


def usage_of(output: ModelOutput) -> Usage:
    """Return what one reply used, as its provider counted."""
    told = output.usage
    if told is None:
        return Usage(calls=1)
    return Usage(
        input_tokens=put_in(told),
        output_tokens=told.output_tokens,
        cost=told.total_cost,
        path="inspect",
        calls=1,
    )


def following(last: Usage, longest: int) -> Usage:
    """Return what the reply after `last` is reckoned to use: all that was said, and the longest reply."""
    return Usage(input_tokens=last.input_tokens + last.output_tokens, output_tokens=longest, calls=1)


def lost(held: Conversation, spent: Usage) -> Conversation:
    """Return what is kept of a conversation that did not end: what it used, under a name of its own.

    No version names it, so it is part of no State and of no life; it is kept so that a budget counts it.
    """
    return replace(held, id=f"lost-{secrets.token_hex(8)}", usage=spent)
