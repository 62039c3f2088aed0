"""From events to the graph of copies, and what may not be added to it.

Reading refuses what no journal should hold: an instance that begins twice, an edge between two kinds of id,
an exact copy of something else, a cycle. `admit` refuses the same before it is appended.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import fields
from itertools import chain
from typing import Any

import numpy as np

from selfscope.archive.journal import events as ev
from selfscope.archive.journal.events import UNKNOWN, UNMEASURED, Event
from selfscope.archive.lineage.graph import (
    COPY,
    KINDS,
    NEVER,
    WAYS,
    Contents,
    Edges,
    Graph,
    Meetings,
    Nodes,
    microseconds,
)
from selfscope.archive.lineage.joins import one_kind
from selfscope.archive.lineage.layers import Columns, Pairs, Row, Table, Texts
from selfscope.archive.lineage.settling import BEGINNING, refuse_untrue, settled
from selfscope.errors import BadInput
from selfscope.values.lineage import GRADES

#: What is known of an instance that was only named, and the types of its columns, in the order of `Nodes`.
_NODE: dict[str, tuple[Any, Any]] = {
    "content": (-1, np.int32), "device": (-1, np.int32), "medium": (-1, np.int32), "place": (-1, np.int32),
    "began": (NEVER, np.int64), "ended": (NEVER, np.int64), "why": (-1, np.int32),
    "seen": (NEVER, np.int64), "seen_by": (-1, np.int32), "holds": (False, np.bool_),
    "origin": (False, np.bool_), "pinned": (False, np.bool_), "open": (True, np.bool_),
    "known": (False, np.bool_), "held": (False, np.bool_), "base": (-1, np.int32),
    "way": (0, np.int8), "replaces": (-1, np.int32), "domain": (-1, np.int32),
}  # fmt: skip
(
    CONTENT, DEVICE, MEDIUM, PLACE, BEGAN, ENDED, WHY, SEEN, SEEN_BY, HOLDS, ORIGIN, PINNED, _, KNOWN, HELD,
    BASE, WAY, REPLACES, DOMAIN,
) = range(len(_NODE))  # fmt: skip
_BLANK = [blank for blank, _ in _NODE.values()]
_NODE_TYPES = tuple(kind for _, kind in _NODE.values())
_EDGE_TYPES = (np.int8, np.int32, np.int32, np.int8, np.int32, np.float64, np.int32)
_ABOUT_TYPES = (np.int32,) * 4
_MEETING_TYPES = (np.int32, np.int32, np.int64)

_FEW = 10_000
"""More new edges than this are judged with all others, by compiled code."""


def read_lineage(events: Iterable[Event]) -> Graph:
    """Return the lineage that a journal's events tell.

    Raises
    ------
    BadInput
        If they tell of an instance that begins twice, an edge that joins two kinds of id, an exact copy whose
        content is not its source's, a drift without the run that measured it, or a cycle.
    """
    reading = Reading()
    reading.take(events)
    graph = settled(reading.raw())
    refuse_untrue(graph)
    return graph


def admit(before: Iterable[Event], new: Iterable[Event]) -> None:
    """Refuse events that would make the lineage untrue, by reading everything.

    An archive refuses the same by what is new alone; see :class:`selfscope.archive.lineage.kept.Lineage`.

    Raises
    ------
    BadInput
        As `read_lineage` does; nothing was changed.
    """
    read_lineage(chain(before, new))


class Reading:
    """What has been read so far; `below` is what had been read before, and stays as it is."""

    def __init__(self, below: Reading | Graph | None = None) -> None:
        self.below = below
        self.names, self.contents = Texts(_part(below, "instances")), Texts(_part(below, "contents"))
        self.words = Texts(_part(below, "words"))
        self.nodes = Table(_NODE_TYPES, _part(below, "nodes"))
        self.about = Table(_ABOUT_TYPES, _part(below, "about"))
        self.edges = Pairs(_EDGE_TYPES, _part(below, "edges"), len(self.nodes))
        self.descent = Pairs(_EDGE_TYPES, _part(below, "descent"), len(self.about))
        self.meetings = Table(_MEETING_TYPES, _part(below, "meetings"))
        self.late = False
        self.last: tuple[str, int] = ("", NEVER)
        self.enter: dict[type[Event], Callable[[Any], None]] = {
            ev.InstanceBegan: self.began,
            ev.InstanceEnded: self.ended,
            ev.Attested: self.attested,
            ev.Pinned: self.pinned,
            ev.EdgeDrawn: self.drawn,
            ev.ContentAdded: self.added,
            ev.Deduplicated: self.met,
            ev.StateChanged: self.changed,
            ev.KeyDestroyed: self.unkeyed,
            ev.Exported: self.exported,
        }

    def take(self, events: Iterable[Event]) -> None:
        """Read on.

        Raises
        ------
        BadInput
            If an event by itself, or after those before it, is one that no journal should hold.
        """
        for event in events:
            enter = self.enter.get(type(event))
            if enter is not None:
                enter(event)

    def node(self, instance: str) -> int:
        """Return the number of an instance, a new one where it was not named yet."""
        at = self.names.find(instance)
        if at < 0:
            if not instance.startswith("instance:"):
                raise BadInput(
                    "an instance is named by something else", got=instance, fix="Name it instance:…"
                )
            at = self.names.number(instance)
            self.nodes.add(_BLANK.copy())
        return at

    def content(self, content: str) -> int:
        """Return the number of a content, a new one where it was not named yet."""
        at = self.contents.find(content)
        if at < 0:
            if not content.startswith("b3:"):
                raise BadInput(
                    "a content is named by something else", got=content, fix="Name it by its digest, b3:…"
                )
            at = self.contents.number(content)
            self.about.add([-1, -1, -1, 0])
        return at

    def time(self, text: str) -> int:
        """Return a moment in microseconds; the last one is remembered, for many are the same."""
        if text != self.last[0]:
            self.last = (text, microseconds(text))
        return self.last[1]

    def began(self, event: ev.InstanceBegan) -> None:
        """Take the beginning of a copy."""
        at, word = self.node(event.instance), self.words.word
        row = self.nodes.change(at)
        if row[KNOWN]:
            raise BadInput(
                "an instance begins twice", got=event.instance, fix="Give every copy an id of its own"
            )
        self.late |= at < self.nodes.start
        row[KNOWN], row[CONTENT] = True, self.content(event.content)
        row[DEVICE], row[MEDIUM] = word(event.device), word(event.medium)
        row[PLACE], row[BEGAN] = word(event.place), self.time(event.began)
        row[WAY] = WAYS.index(event.way)
        row[REPLACES] = self.node(event.replaces) if event.replaces else -1
        self.source(event, at, row)
        if event.grade == "witnessed":
            self.saw(row, row[BEGAN], BEGINNING, True)

    def source(self, event: ev.InstanceBegan, at: int, row: Row) -> None:
        """Take what a copy was copied from; an edge that was drawn already says it better."""
        known = event.source not in ("", UNKNOWN)
        if event.origin and known:
            raise BadInput("an origin was copied from nothing", got=event.source)
        row[ORIGIN] = event.origin or event.source == ""
        if known:
            source = self.node(event.source)
            if self.edges.find(source, at) < 0:
                self.edges.join([COPY, source, at, GRADES.index(event.grade), -1, math.nan, -1])

    def ended(self, event: ev.InstanceEnded) -> None:
        """Take the end of a copy: the first one that was told counts."""
        at = self.node(event.instance)
        if self.nodes.row(at)[ENDED] == NEVER:
            row = self.nodes.change(at)
            row[ENDED], row[WHY] = self.time(event.ended), self.words.word(event.why)

    def saw(self, row: Row, when: int, way: str, holds: bool) -> None:
        """Take that somebody looked: the latest look counts."""
        if when >= row[SEEN]:
            row[SEEN], row[SEEN_BY], row[HOLDS] = when, self.words.word(way), holds

    def attested(self, event: ev.Attested) -> None:
        """Take that somebody looked."""
        row = self.nodes.change(self.node(event.instance))
        self.saw(row, self.time(event.at), event.way, event.holds)

    def pinned(self, event: ev.Pinned) -> None:
        """Take that a copy is to stay, or no longer."""
        self.nodes.change(self.node(event.instance))[PINNED] = event.pinned

    def drawn(self, event: ev.EdgeDrawn) -> None:
        """Take an edge; one that is drawn again is corrected, and what was only implied gives way."""
        kind = one_kind(event)
        if kind == "turn":
            return
        number, table = (self.node, self.edges) if kind == "instance" else (self.content, self.descent)
        target = number(event.target)
        shift = math.nan if event.shift is None else event.shift
        drift = -1 if event.drift == UNMEASURED else self.words.word(event.drift)
        note = self.words.word(event.note)
        for each in event.sources:
            source = -1 if each == UNKNOWN else number(each)
            row = [KINDS.index(event.edge), source, target, GRADES.index(event.grade), drift, shift, note]
            _draw(table, row)

    def added(self, event: ev.ContentAdded) -> None:
        """Take that a content is held here, and by which copy."""
        about = self.about.change(self.content(event.content))
        about[:2] = [self.words.word(event.form), self.words.word(event.name)]
        if event.instance:
            row = self.nodes.change(self.node(event.instance))
            row[HELD] = True
            row[BASE] = self.content(event.base) if event.base else -1
            row[DOMAIN] = self.words.word(event.domain)

    def met(self, event: ev.Deduplicated) -> None:
        """Take that bytes were brought which are here already."""
        source = -1 if event.source in ("", UNKNOWN) else self.node(event.source)
        self.meetings.add([self.node(event.instance), source, self.time(event.at)])

    def changed(self, event: ev.StateChanged) -> None:
        """Take a content's state."""
        self.about.change(self.content(event.content))[2] = self.words.word(event.after)

    def unkeyed(self, event: ev.KeyDestroyed) -> None:
        """Take the end of every copy that a key encrypted."""
        domain = self.words.find(event.domain)
        for at in self.nodes.where(DOMAIN, domain) if domain >= 0 else ():
            if self.nodes.row(at)[ENDED] == NEVER:
                row = self.nodes.change(at)
                row[ENDED], row[WHY] = self.time(event.at), self.words.word("its key was destroyed")

    def exported(self, event: ev.Exported) -> None:
        """Take that a copy left the archive."""
        self.about.change(self.content(event.content))[3] += 1

    def raw(self) -> Graph:
        """Return what was read as arrays, with nothing inferred: another reading can go on from there."""
        return Graph(
            self.names.names(), self.contents.names(), self.words.names(),
            Nodes(*self.nodes.columns()), Edges(*self.edges.columns()), Contents(*self.about.columns()),
            Edges(*self.descent.columns()), Meetings(*self.meetings.columns()),
        )  # fmt: skip

    def check(self) -> None:
        """Refuse what this layer makes untrue, given that the layer below is true.

        What can be judged by the new rows alone is; the rest by everything.

        Raises
        ------
        BadInput
            If an exact copy has another content than its source, or something would come from itself.
        """
        if not self._is_plainly_true():
            refuse_untrue(settled(self.raw()))

    def _is_plainly_true(self) -> bool:
        """Say whether the new rows settle it: no content is to be inferred, and no old path leads back."""
        if self.late or len(self.edges.fresh) + len(self.descent.fresh) > _FEW:
            return False
        for row in chain(self.edges.fresh, self.edges.changed.values()):
            if row[0] == COPY and row[1] >= 0:
                a, b = (self.nodes.row(end)[CONTENT] for end in row[1:3])
                if a < 0 or a != b:
                    return False
        return self.edges.leads_nowhere_back() and self.descent.leads_nowhere_back()

    def absorb(self, layer: Reading) -> None:
        """Take over all of a layer that lies on this one."""
        for mine, its in (
            (self.names, layer.names), (self.contents, layer.contents), (self.words, layer.words),
        ):  # fmt: skip
            mine.fresh.update(its.fresh)
        tables = ("nodes", "about", "edges", "descent", "meetings")
        for name in tables:
            getattr(self, name).absorb(getattr(layer, name))


def _part(below: Reading | Graph | None, name: str) -> Any:
    """Return one part of what lies below, as a layer of it wants to have it."""
    if below is None:
        return None
    if isinstance(below, Reading):
        return getattr(below, "names" if name == "instances" else name)
    part = getattr(below, name)
    return part if name in ("instances", "contents", "words") else _columns(part)


def _columns(part: Any) -> Columns:
    return tuple(getattr(part, column.name) for column in fields(part))


def _draw(table: Pairs, row: Row) -> None:
    """Put an edge in the place of what was known of its pair: the better grade and a measurement stay."""
    at = table.find(row[1], row[2])
    if at < 0:
        table.join(row)
        return
    old = table.change(at)
    if old[0] == row[0]:
        row[3] = max(row[3], old[3])
        if row[4] < 0:
            row[4:6] = old[4:6]
    old[:] = row
