"""What every instrument is, and where all of them are found.

An instrument registers under the entry point group ``selfscope.instruments``; ours register exactly as an
outsider's would.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from selfscope.errors import BadInput
from selfscope.models.ground import AskKind
from selfscope.values import EVERYTHING, Ask, Dimension, Facets, ItemSet, Preset, Question, Statement
from selfscope.values.items import Channel

ENTRY_POINT_GROUP = "selfscope.instruments"
#: Our own instrument of a channel: it asks where only the channel is named.
OWN: Mapping[str, str] = {
    "self_report": "cluster_self_report",
    "utterance": "cluster_utterance",
    "indirect": "indirect_choice",
    "behaviour": "costed_choice",
    "internal": "trait_reading",
}


@runtime_checkable
class Instrument(Protocol):
    """A way of asking: item set and preset in, asks out. It knows no subject and no ground."""

    name: str
    channel: Channel
    kind: AskKind
    #: Smallest effect of interest, a half contrast in natural log-odds (measurement.md §3b, §4).
    sesoi: float
    #: One line: what it asks and where the procedure is described.
    reference: str

    def asks(
        self,
        items: ItemSet,
        preset: Preset,
        constructs: tuple[str, ...] = (),
        half: int | None = None,
    ) -> tuple[Ask, ...]:
        """Return the asks of `constructs` (all if empty), the same for every subject of a study.

        `half` keeps every second statement of each keying, beginning at 0 or 1 (the sensitivity check
        gives each wording half of the statements).
        """
        ...


@runtime_checkable
class Faceted(Instrument, Protocol):
    """An instrument of which a study may ask less than its preset: some forms, some statements."""

    def levels(self) -> Mapping[str, tuple[str, ...]]:
        """Return the levels of every facet that it knows, beside statements, half and twins."""
        ...

    def asks_within(
        self,
        facets: Facets,
        items: ItemSet,
        preset: Preset,
        constructs: tuple[str, ...] = (),
        half: int | None = None,
    ) -> tuple[Ask, ...]:
        """Return what `asks` returns, within `facets`; BadInput if they leave nothing to ask."""
        ...


def asks_in(
    question: Question,
    items: ItemSet,
    preset: Preset,
    constructs: tuple[str, ...] = (),
    half: int | None = None,
) -> tuple[Ask, ...]:
    """Return what a study's question asks, within its facets: the one way from a declared design to asks.

    Parameters
    ----------
    constructs
        Some of the question's; all if empty.

    Raises
    ------
    BadInput
        If the question's instrument has no facets and some are declared.
    """
    instrument = instrument_for(question.asker)
    wanted = constructs or question.constructs
    if question.facets == EVERYTHING:
        return instrument.asks(items, preset, wanted, half)
    if not isinstance(instrument, Faceted):
        raise BadInput(
            f"of {instrument.name} nothing can be left out", got="; ".join(question.facets.words())
        )
    return instrument.asks_within(question.facets, items, preset, wanted, half)


@cache
def load_instruments() -> Mapping[str, Instrument]:
    """Return every registered instrument by name, sorted; looked up once a process, for a run asks often.

    Raises
    ------
    BadInput
        If an entry point does not give an instrument, or two have one name.
    """
    found: dict[str, Instrument] = {}
    for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda e: e.name):
        instrument = entry.load()()
        if not isinstance(instrument, Instrument):
            raise BadInput(
                f"the entry point {entry.name!r} does not give an instrument",
                got=type(instrument).__name__,
                fix="Give a class with name, channel, kind, sesoi, reference and asks()",
            )
        if instrument.name in found:
            raise BadInput("two instruments have one name", got=instrument.name, fix="Rename one of them")
        found[instrument.name] = instrument
    return MappingProxyType(found)


def instrument_for(name: str) -> Instrument:
    """Return the instrument called `name`, or the one that asks in the channel `name`.

    In a channel of several it is our own.

    Raises
    ------
    BadInput
        If there is none of that name, or several that are not ours ask in the channel.
    """
    known = load_instruments()
    if name in known:
        return known[name]
    found = [i for i in known.values() if i.channel == name]
    own = [i for i in found if i.name == OWN.get(name)] or found
    if len(own) == 1:
        return own[0]
    if own:
        names = ", ".join(i.name for i in own)
        raise BadInput(f"several instruments ask in {name}", got=names, fix="Name the one that is meant")
    channels = ", ".join(sorted({i.channel for i in known.values()}))
    raise BadInput(
        "no instrument asks in this channel",
        got=name,
        fix=f"Choose from: {channels}; or name an instrument: {', '.join(known)}",
    )


def name_in_study(instrument: Instrument) -> str:
    """Return what a question says of its instrument: nothing where it is our own of the channel."""
    return "" if OWN.get(instrument.channel) == instrument.name else instrument.name


def chosen_statements(
    dimension: Dimension, half: int | None, limit: int | None = None
) -> tuple[tuple[int, Statement], ...]:
    """Return ``(rank within its keying, statement)`` for the statements that are asked.

    `limit` keeps the first so many of each keying; a user's own items, which have no sensitivity check, are
    all asked in every preset.
    """
    if dimension.sensitivity is None:
        limit = None
    ranks = {1: 0, -1: 0}
    chosen = []
    for statement in dimension.statements:
        rank = ranks[statement.keyed]
        ranks[statement.keyed] += 1
        if (limit is None or rank < limit) and (half is None or rank % 2 == half):
            chosen.append((rank, statement))
    return tuple(chosen)


def chosen_dimensions(items: ItemSet, constructs: tuple[str, ...]) -> tuple[tuple[int, Dimension], ...]:
    """Return ``(index in the item set, dimension)`` for `constructs`, or for all if it is empty."""
    return tuple((i, d) for i, d in enumerate(items.dimensions) if not constructs or d.name in constructs)


def texts_of(statement: Statement) -> tuple[tuple[int, str], ...]:
    """Return ``(polarity, text)`` of a statement and of its twin, if it has one."""
    if statement.twin is None:
        return ((1, statement.text),)
    return ((1, statement.text), (-1, statement.twin))
