"""With which kinds of State an agent lives: the arms of a study of lives, by name.

``all`` keeps every kind, ``none`` keeps none; ``memory`` keeps that kind alone, ``memory+note`` these two,
and ``no-memory`` every kind but that one. Arms share seeds and scripts, so that life n of one arm is held
against life n of another: they differ in what the agent could write, and in what became of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

from selfscope.errors import BadInput
from selfscope.values.state import ROLES, Role

ALL, NONE, WITHOUT, AND = "all", "none", "no-", "+"


@dataclass(frozen=True)
class Keep:
    """One arm.

    Attributes
    ----------
    shut
        Roles that its agents live without, in the order of `ROLES`.
    """

    name: str
    shut: tuple[Role, ...] = ()

    @property
    def open(self) -> frozenset[Role]:
        """The roles that its agents write."""
        return frozenset(ROLES) - frozenset(self.shut)


#: The arm of an agent that keeps every kind of State.
EVERYTHING = Keep(ALL)


@dataclass(frozen=True)
class Nested:
    """Two arms of which one keeps all that the other does, and more.

    Attributes
    ----------
    adds
        What it keeps beside: ``memory``, ``memory+note``; ``all`` where the other keeps nothing.
    """

    more: Keep
    less: Keep
    adds: str


def keeps_of(told: str) -> tuple[Keep, ...]:
    """Return the arms of a comma-separated list, in its order; `EVERYTHING` alone for an empty one.

    Raises
    ------
    BadInput
        For a kind of State that there is not, or two names of one arm.
    """
    keeps = tuple(_keep(name.strip()) for name in told.split(",") if name.strip()) or (EVERYTHING,)
    shut = [keep.shut for keep in keeps]
    if len(set(shut)) < len(shut):
        raise BadInput("two arms keep the same", got=told, fix="Name each once")
    return keeps


def nested(keeps: Sequence[Keep]) -> tuple[Nested, ...]:
    """Return the arms that are held against each other.

    These are arms of which one keeps exactly one kind more than the other, and the arm that keeps every kind
    against all others.
    """
    return tuple(_nested(keeps))


def _nested(keeps: Sequence[Keep]) -> Iterator[Nested]:
    for more in keeps:
        for less in keeps:
            added = more.open - less.open
            if added and less.open < more.open and (len(added) == 1 or not more.shut):
                names = AND.join(role for role in ROLES if role in added)
                yield Nested(more, less, ALL if len(added) == len(ROLES) else names)


def _keep(name: str) -> Keep:
    if name == ALL:
        return EVERYTHING
    if name == NONE:
        return Keep(name, ROLES)
    without = name.startswith(WITHOUT)
    named = {part.strip() for part in name.removeprefix(WITHOUT).split(AND)}
    if strange := sorted(named - set(get_args(Role))):
        raise BadInput(
            "there is no such kind of State",
            got=", ".join(strange),
            fix=f"Kinds: {', '.join(ROLES)}; all, none, memory+note, no-memory are arms",
        )
    return Keep(name, tuple(role for role in ROLES if (role in named) == without))
