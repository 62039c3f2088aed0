"""Re-sampled histories: what was said before the items are asked, and how it is drawn anew."""

from __future__ import annotations

from dataclasses import dataclass

#: Level of a facet that nothing is said of.
UNSAID = "unsaid"


@dataclass(frozen=True)
class Script:
    """What the user says in one conversation, turn by turn, whatever is replied."""

    name: str
    turns: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """One level of a facet that is told by a line before the user's first turn; "" says nothing."""

    name: str
    text: str = ""


@dataclass(frozen=True)
class Histories:
    """The conversations that a study holds before it asks; every arm holds all of them.

    A thread is one script with one line of each kind, held by one arm. A regeneration is the same
    thread with all of the subject's replies drawn anew. Items are asked in side branches: each after the
    history as it stands, and none after another.

    Attributes
    ----------
    scripts
        With as many turns as there are replies.
    collectives
        Whom the user says it speaks to: one of many, or all together.
    counterparties
        Who the user says it is.
    framings
        Whether the conversation opens as an everyday one or as a test.
    regenerations
        How often each thread is drawn.
    tokens
        Most tokens of a reply.
    temperature
        1 draws from the model as it is; 0 takes the likeliest token, so that nothing is drawn anew.
    """

    scripts: tuple[Script, ...]
    counterparties: tuple[Line, ...] = (Line(UNSAID),)
    framings: tuple[Line, ...] = (Line(UNSAID),)
    regenerations: int = 4
    tokens: int = 24
    temperature: float = 1.0
    collectives: tuple[Line, ...] = (Line(UNSAID),)
