"""The lineage of an archive, read once and advanced by what is new.

A journal of a million copies takes many seconds to read. So what was read is kept as arrays in a file beside
the index, with the head of the journal up to which it was read, and an archive goes on from there. The file
is worth nothing by itself: what is damaged, of another layout, or does not follow from this journal is not
used, and the journal is read from its beginning. What the arrays lack is read from the journal at every
question, so what another writer added is always seen.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from selfscope.archive.journal.chain import Head, Sealed
from selfscope.archive.journal.events import (
    Conceived,
    EdgeDrawn,
    Event,
    ThreadBegan,
    ThreadEnded,
    ThreadFrozen,
    TurnTaken,
    as_json,
    from_json,
)
from selfscope.archive.lineage.graph import Graph
from selfscope.archive.lineage.joins import TURN_KINDS
from selfscope.archive.lineage.reading import Reading
from selfscope.archive.lineage.saved import load, save
from selfscope.archive.lineage.settling import settled
from selfscope.errors import SelfscopeError
from selfscope.values.canonical import canonical_json

RECORDS, EVENTS = 1000, 10_000
"""So many records or events beyond the file are read at every opening before it is written again: a few
tenths of a second. A large file is written less often, for that too takes time."""


class Followed(Protocol):
    """What is asked of a journal."""

    def had(self, head: Head) -> bool:
        """Say whether it once ended exactly there."""

    def sealed(self, since: Head | None = None) -> Iterator[Sealed]:
        """Yield the records after a head, in order."""


@dataclass
class _State:
    """What was read up to a head of the journal."""

    head: Head = field(default_factory=Head)
    reading: Reading = field(default_factory=Reading)
    told: bytes = b""
    said: list[Event] = field(default_factory=list)
    records: int = 0
    events: int = 0


class Lineage:
    """The lineage of one archive as its journal tells it at the moment of asking.

    Parameters
    ----------
    journal
        What it follows.
    path
        The file of arrays; it is made where it is worth it, and done without where it cannot be.
    records, events
        It is written again when so many records, or so many events, of the journal are beyond it.
    """

    def __init__(self, journal: Followed, path: Path, records: int = RECORDS, events: int = EVENTS) -> None:
        self.journal, self.path = journal, path
        self.records, self.events = records, events
        self._state: _State | None = None
        self._graph: tuple[Head, Graph] | None = None
        self._lock = threading.RLock()

    def graph(self) -> Graph:
        """Return the graph of copies.

        Raises
        ------
        BadInput
            If the journal tells of one that cannot be; see
            :func:`~selfscope.archive.lineage.reading.read_lineage`.
        Damaged
            If the journal is.
        """
        with self._lock:
            state = self._advanced()
            if self._graph is None or self._graph[0] != state.head:
                self._graph = state.head, settled(state.reading.raw())
            return self._graph[1]

    def said(self) -> list[Event]:
        """Return, in order, what the journal tells of threads and of what subjects take themselves to be."""
        with self._lock:
            state = self._advanced()
            kept = [from_json(json.loads(line)) for line in state.told.splitlines()]
            return kept + state.said

    def admit(self, events: Iterable[Event]) -> None:
        """Refuse events that would make the lineage untrue; call it before they are appended.

        It takes about as long as what is new is large, however long the journal.

        Raises
        ------
        BadInput
            As :meth:`graph` would after they were appended; nothing was changed.
        """
        with self._lock:
            layer = Reading(self._advanced().reading)
            layer.take(events)
            layer.check()

    def _advanced(self) -> _State:
        """Return what was read, after reading what the journal says beyond it, all of it or nothing."""
        state = self._state
        if state is None or not self.journal.had(state.head):
            state = self._begun()
        self._state = state = self._on(state)
        size = len(state.reading.nodes)
        many = state.records >= max(self.records, size // 500) or state.events >= max(self.events, size // 50)
        if many:
            self._state = self._rebased(state)
        return self._state

    def _begun(self) -> _State:
        """Return what the file holds, or nothing read yet."""
        with suppress(OSError, SelfscopeError):
            head, graph, told = load(self.path)
            if self.journal.had(head):
                return _State(head, Reading(graph), told)
        return _State()

    def _on(self, state: _State) -> _State:
        """Return the state after all later records; where they are refused, `state` stays as it was."""
        first = not len(state.reading.nodes) and not len(state.reading.about)
        layer = Reading() if first else Reading(state.reading)
        head, said, records, events = state.head, list[Event](), 0, 0
        for sealed in self.journal.sealed(since=head):
            layer.take(sealed.record.events)
            said += filter(_is_said, sealed.record.events)
            head, records, events = sealed.head, records + 1, events + len(sealed.record.events)
        if not records:
            return state
        layer.check()
        if first:
            state.reading = layer
        else:
            state.reading.absorb(layer)
        state.head, state.said = head, state.said + said
        state.records, state.events = state.records + records, state.events + events
        return state

    def _rebased(self, state: _State) -> _State:
        """Return the same state with everything in arrays, after writing them to the file if that can be."""
        graph = state.reading.raw()
        lines = [canonical_json(as_json(each)) for each in state.said]
        told = b"\n".join([*([state.told] if state.told else []), *lines])
        with suppress(OSError):
            save(self.path, state.head, graph, told)
        return _State(state.head, Reading(graph), told)


def _is_said(event: Event) -> bool:
    if isinstance(event, EdgeDrawn):
        return event.edge in TURN_KINDS
    return isinstance(event, (TurnTaken, ThreadBegan, ThreadEnded, ThreadFrozen, Conceived))
