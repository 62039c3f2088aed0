"""Instruments that ask items of their own about the dimensions of an item set, and not its statements."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from selfscope.errors import BadInput
from selfscope.instruments.instrument import Instrument, instrument_for, load_instruments
from selfscope.values import Ask, ItemSet, Question, short


@runtime_checkable
class ItemOwner(Instrument, Protocol):
    """An instrument with items of its own: pairs of outcomes, scenes, anything but the statements."""

    @property
    def material(self) -> str:
        """Content id of all its items; part of the study's id."""
        ...

    def own_items(self, items: ItemSet) -> ItemSet:
        """Return what it asks about the dimensions of `items`, with the characters of its own check.

        Dimensions of which it has nothing are left out.

        Raises
        ------
        BadInput
            If it has nothing of any of them.
        """
        ...

    def ground_asks(self) -> tuple[Ask, ...]:
        """Return what the bare ground is asked about the items themselves, once a study; may be empty."""
        ...


def items_asked(instrument: Instrument, items: ItemSet) -> ItemSet:
    """Return what an instrument asks of an item set: its statements, or items of the instrument's own."""
    return instrument.own_items(items) if isinstance(instrument, ItemOwner) else items


def ground_asks(instrument: Instrument) -> tuple[Ask, ...]:
    """Return what the bare ground is asked about the items of an instrument; nothing where it owns none."""
    return instrument.ground_asks() if isinstance(instrument, ItemOwner) else ()


def material_of(name: str) -> str:
    """Return the content id of the items that an instrument owns; "" where it owns none, or is not there.

    Parameters
    ----------
    name
        Its name, or that of the channel whose own instrument it is.
    """
    known = load_instruments().values()
    instrument = instrument_for(name) if any(name in (i.name, i.channel) for i in known) else None
    return instrument.material if isinstance(instrument, ItemOwner) else ""


def refuse_other_material(question: Question) -> None:
    """Refuse to read answers to items that an instrument has no longer: they would be taken for others.

    Raises
    ------
    BadInput
        If the question's instrument owns other items now than when the question was declared.
    """
    if question.material != material_of(question.asker):
        raise BadInput(
            f"the items of the channel {question.channel} are others now than when this run asked them",
            got=short(question.material) if question.material else f"none of {question.asker}'s own",
            fix="Read it with the version that asked it, or run it again",
        )
