"""A model in the user's place: what it is told, and what it says next.

It sees the conversation from the other side: what it said stands as its own turns, the answers as those of
the other. The first message is the script's, so that it knows what it came with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from selfscope.errors import CouldNot
from selfscope.models.ground import Ground
from selfscope.models.local.spans import Turn
from selfscope.space.responses import Response
from selfscope.studies.drift_design import Planned, seed_of
from selfscope.studies.drift_draw import Write
from selfscope.values import content_id, plain, short

#: What such a message is kept under, and the most tokens it may take.
USER, USER_TOKENS = "user", 48
#: How often an empty message is drawn again, each time from a seed of its own.
TRIES = 5
INSTRUCTION = (
    "You play a person who is writing with an AI assistant. You are the person, and the other side is the "
    "assistant: leave the answering to it. You came with this: {about}. Read the last answer and write your "
    "next message, one or two short sentences that go on from it. Ask one thing, or say what you make of the "
    "answer."
)
BEGIN = "The conversation begins. Write your first message."


def known_as(ground: Ground) -> str:
    """Return what a model in the user's place is known by in a run: its name, and all that can change it."""
    told = content_id([plain(ground.identity), INSTRUCTION, BEGIN, USER_TOKENS, TRIES])
    return f"{ground.identity.name} ({short(told)})"


def heard_so_far(talk: Planned, kept: Mapping[str, Response]) -> Planned:
    """Return a conversation with what the model in the user's place has said in it."""
    said = list(talk.user)
    while talk.asked_by and len(said) < talk.length and (name := _name(talk, len(said))) in kept:
        said.append(kept[name].text)
    return replace(talk, user=tuple(said))


async def next_messages(
    talks: Sequence[Planned], replies: Callable[[Planned], Sequence[str]], write: Write, seed: int
) -> list[Response]:
    """Return the next message of the user of every conversation, seeded by the conversation and its turn.

    Raises
    ------
    CouldNot
        If the model says nothing to an answer, however often it is asked.
    """
    found: dict[str, Response] = {}
    left = list(talks)
    for again in range(TRIES):
        names = [_name(talk, len(talk.user)) for talk in left]
        seeds = [seed_of(seed, f"{name}/{again}") for name in names]
        made = await write([_seen(talk, replies(talk)) for talk in left], seeds, USER_TOKENS)
        for name, each in zip(names, made, strict=True):
            if text := each.text.strip():
                found[name] = replace(each, ask=name, text=text)
        left = [talk for talk in left if _name(talk, len(talk.user)) not in found]
        if not left:
            return [found[_name(talk, len(talk.user))] for talk in talks]
    raise CouldNot(
        "the model in the user's place says nothing",
        got=f"{left[0].id}, turn {len(left[0].user) + 1}, {TRIES} times",
        fix="Give another --user",
    )


def _name(talk: Planned, turn: int) -> str:
    return f"{talk.id}/{USER}/{turn}"


def _seen(talk: Planned, replies: Sequence[str]) -> tuple[Turn, ...]:
    """Return a conversation as the model in the user's place sees it."""
    told = [Turn("system", INSTRUCTION.format(about=talk.about)), Turn("user", BEGIN)]
    for own, other in zip(talk.user, replies, strict=True):
        # Some templates leave an empty turn out, and two turns of one side would follow each other.
        told += [Turn("assistant", own), Turn("user", other or "…")]
    return tuple(told)
