"""From events to the graph of copies, and what may not be added to it.

Reading refuses what no journal should hold: an instance that begins twice, an edge between two kinds of id,
an exact copy of something else, a cycle. `admit` refuses the same before it is appended.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
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
    kind_of,
    microseconds,
)
from selfscope.archive.lineage.names import Names
from selfscope.archive.lineage.reach import cycle
from selfscope.errors import BadInput
from selfscope.values.lineage import GRADES

TURN_KINDS = ("turn", "fork", "merge")


def read_lineage(events: Iterable[Event]) -> Graph:
    """Return the lineage that a journal's events tell.

    Raises
    ------
    BadInput
        If they tell of an instance that begins twice, an edge that joins two kinds of id, an exact copy whose
        content is not its source's, a drift without the run that measured it, or a cycle.
    """
    reading = _Reading()
    for event in events:
        enter = reading.enter.get(type(event))
        if enter is not None:
            enter(event)
    graph = reading.graph()
    _refuse_other_content(graph)
    _refuse_cycles(graph)
    return graph


def admit(before: Iterable[Event], new: Iterable[Event]) -> None:
    """Refuse events that would make the lineage untrue; call it before they are appended.

    Raises
    ------
    BadInput
        As `read_lineage` does; nothing was changed.
    """
    read_lineage(chain(before, new))


def moved(
    old: str, new: ev.InstanceBegan, why: ev.Way, grade: ev.Grade = "witnessed"
) -> tuple[ev.InstanceBegan, ev.InstanceEnded]:
    """Return the events by which one instance takes another's place: a new copy begins and the old one ends.

    Moving to other storage copies from the old instance itself. A repair copies from a replica, which `new`
    names as its source: the damaged instance has no part in it, so its line ends there.

    Raises
    ------
    BadInput
        If a move copies from anything but the old instance, or a repair from the damaged one.
    """
    if why == "copy":
        raise BadInput("a copy takes nobody's place", got=why, fix="Say tiering or repair")
    if (why == "tiering") != (new.source == old):
        raise BadInput(
            "a move copies from the old instance, and a repair from a replica",
            got=f"{why} from {new.source} in place of {old}",
        )
    began = ev.InstanceBegan(
        new.instance, new.content, new.device, new.medium, new.place, new.began, new.source, new.origin,
        grade, why, old,
    )  # fmt: skip
    words = "moved to" if why == "tiering" else "damaged, and replaced by"
    return began, ev.InstanceEnded(old, new.began, f"{words} {new.instance}")


class _Words:
    """Numbers for texts as they come, -1 for the empty one."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        if text == "":
            return -1
        return self.numbers.setdefault(text, len(self.numbers))


class _Rows:
    """Edges as they come; what is drawn again is corrected, and what was only implied gives way."""

    def __init__(self) -> None:
        self.rows: list[list[Any]] = []
        self.drawn: list[bool] = []
        self.where: dict[int, int] = {}

    def put(self, row: list[Any], drawn: bool) -> None:
        key = (row[1] + 1) << 32 | row[2]
        at = self.where.get(key)
        if at is None:
            self.where[key] = len(self.rows)
            self.rows.append(row)
            self.drawn.append(drawn)
        elif drawn or not self.drawn[at]:
            old = self.rows[at]
            if old[0] == row[0]:
                row[3] = max(row[3], old[3])
                if row[4] < 0:
                    row[4:6] = old[4:6]
            self.rows[at], self.drawn[at] = row, drawn

    def edges(self) -> Edges:
        types = (np.int8, np.int32, np.int32, np.int8, np.int32, np.float64, np.int32)
        columns = list(zip(*self.rows, strict=True)) or [()] * len(types)
        return Edges(*(np.array(c, dtype=t) for c, t in zip(columns, types, strict=True)))


#: What is known of an instance that was only named.
_BLANK: dict[str, Any] = {
    "content": -1, "device": -1, "medium": -1, "place": -1, "began": NEVER, "ended": NEVER, "why": -1,
    "seen": NEVER, "seen_by": -1, "holds": False, "origin": False, "pinned": False, "open": True,
    "known": False, "held": False, "base": -1, "way": 0, "replaces": -1,
}  # fmt: skip
_TYPES: dict[str, Any] = {
    "began": np.int64, "ended": np.int64, "seen": np.int64, "way": np.int8,
    **dict.fromkeys(("holds", "origin", "pinned", "open", "known", "held"), np.bool_),
}  # fmt: skip


class _Reading:
    """What has been read so far."""

    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        self.columns: dict[str, list[Any]] = {column: [] for column in _BLANK}
        self.word, self.contents = _Words(), _Words()
        self.about: dict[int, list[int]] = {}
        self.edges, self.descent = _Rows(), _Rows()
        self.meetings: list[tuple[int, int, int]] = []
        self.domains: dict[str, list[int]] = {}
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

    def node(self, instance: str) -> int:
        at = self.names.get(instance)
        if at is None:
            if not instance.startswith("instance:"):
                raise BadInput(
                    "an instance is named by something else", got=instance, fix="Name it instance:…"
                )
            at = self.names[instance] = len(self.names)
            for column, blank in _BLANK.items():
                self.columns[column].append(blank)
        return at

    def content(self, content: str) -> int:
        if not content.startswith("b3:"):
            raise BadInput(
                "a content is named by something else", got=content, fix="Name it by its digest, b3:…"
            )
        at = self.contents(content)
        self.about.setdefault(at, [-1, -1, -1, 0])
        return at

    def time(self, text: str) -> int:
        if text != self.last[0]:
            self.last = (text, microseconds(text))
        return self.last[1]

    def began(self, event: ev.InstanceBegan) -> None:
        at, c = self.node(event.instance), self.columns
        if c["known"][at]:
            raise BadInput(
                "an instance begins twice", got=event.instance, fix="Give every copy an id of its own"
            )
        c["known"][at], c["content"][at] = True, self.content(event.content)
        c["device"][at], c["medium"][at] = self.word(event.device), self.word(event.medium)
        c["place"][at], c["began"][at] = self.word(event.place), self.time(event.began)
        c["way"][at] = WAYS.index(event.way)
        c["replaces"][at] = self.node(event.replaces) if event.replaces else -1
        self.source(event, at)
        if event.grade == "witnessed":
            self.saw(at, c["began"][at], "its beginning", True)

    def source(self, event: ev.InstanceBegan, at: int) -> None:
        c = self.columns
        if event.origin and event.source not in ("", UNKNOWN):
            raise BadInput("an origin was copied from nothing", got=event.source)
        c["origin"][at] = event.origin or event.source == ""
        if event.source not in ("", UNKNOWN):
            row = [COPY, self.node(event.source), at, GRADES.index(event.grade), -1, math.nan, -1]
            self.edges.put(row, drawn=False)

    def ended(self, event: ev.InstanceEnded) -> None:
        at, c = self.node(event.instance), self.columns
        if c["ended"][at] == NEVER:
            c["ended"][at], c["why"][at] = self.time(event.ended), self.word(event.why)

    def saw(self, at: int, when: int, way: str, holds: bool) -> None:
        c = self.columns
        if when >= c["seen"][at]:
            c["seen"][at], c["seen_by"][at], c["holds"][at] = when, self.word(way), holds

    def attested(self, event: ev.Attested) -> None:
        self.saw(self.node(event.instance), self.time(event.at), event.way, event.holds)

    def pinned(self, event: ev.Pinned) -> None:
        self.columns["pinned"][self.node(event.instance)] = event.pinned

    def drawn(self, event: ev.EdgeDrawn) -> None:
        kind = _one_kind(event)
        if kind == "turn":
            return
        number, table = (self.node, self.edges) if kind == "instance" else (self.content, self.descent)
        target = number(event.target)
        shift = math.nan if event.shift is None else event.shift
        drift = -1 if event.drift == UNMEASURED else self.word(event.drift)
        for each in event.sources:
            source = -1 if each == UNKNOWN else number(each)
            table.put(
                [KINDS.index(event.edge), source, target, GRADES.index(event.grade), drift, shift,
                 self.word(event.note)],
                drawn=True,
            )  # fmt: skip

    def added(self, event: ev.ContentAdded) -> None:
        content = self.content(event.content)
        self.about[content][:2] = [self.word(event.form), self.word(event.name)]
        if event.instance:
            at, c = self.node(event.instance), self.columns
            c["held"][at] = True
            c["base"][at] = self.content(event.base) if event.base else -1
            if event.domain:
                self.domains.setdefault(event.domain, []).append(at)

    def met(self, event: ev.Deduplicated) -> None:
        source = -1 if event.source in ("", UNKNOWN) else self.node(event.source)
        self.meetings.append((self.node(event.instance), source, self.time(event.at)))

    def changed(self, event: ev.StateChanged) -> None:
        self.about[self.content(event.content)][2] = self.word(event.after)

    def unkeyed(self, event: ev.KeyDestroyed) -> None:
        for at in self.domains.get(event.domain, []):
            if self.columns["ended"][at] == NEVER:
                self.columns["ended"][at] = self.time(event.at)
                self.columns["why"][at] = self.word("its key was destroyed")

    def exported(self, event: ev.Exported) -> None:
        self.about[self.content(event.content)][3] += 1

    def graph(self) -> Graph:
        edges = self.edges.edges()
        nodes = Nodes(**{c: np.array(v, dtype=_TYPES.get(c, np.int32)) for c, v in self.columns.items()})
        _infer_content(nodes, edges)
        _close(nodes, edges)
        _see_held(nodes, self.word)
        about = np.array([self.about[i] for i in range(len(self.about))], dtype=np.int32).reshape(-1, 4)
        met = np.array(self.meetings, dtype=np.int64).reshape(-1, 3)
        return Graph(
            Names.of(self.names), Names.of(self.contents.numbers), Names.of(self.word.numbers),
            nodes, edges, Contents(*about.T), self.descent.edges(),
            Meetings(met[:, 0].astype(np.int32), met[:, 1].astype(np.int32), met[:, 2]),
        )  # fmt: skip


def _one_kind(event: ev.EdgeDrawn) -> str:
    """Return what kind of thing an edge joins."""
    kind = kind_of(event.target)
    others = {kind_of(each) for each in event.sources if each != UNKNOWN}
    if not event.sources or others - {kind} or kind == "thread":
        raise BadInput(
            "an edge joins two kinds of id, or nothing",
            got=f"{', '.join(event.sources) or 'no source'} to {event.target}",
            fix="Draw one edge between instances and one between contents; they say different things",
        )
    if (event.edge in TURN_KINDS) != (kind == "turn") or (event.edge == "copy" and kind == "content"):
        raise BadInput(f"an edge of kind {event.edge} does not join {kind}s", got=event.target)
    if event.shift is not None and (event.drift == UNMEASURED or not 0 <= event.shift < math.inf):
        raise BadInput(
            "a shift is no distance that a run measured",
            got=f"{event.shift} by {event.drift}",
            fix="Name the compare run, and give its distance, which is not negative",
        )
    return kind


def _infer_content(nodes: Nodes, edges: Edges) -> None:
    """An instance only named, but copied exactly, is a copy of what its copies are copies of."""
    exact = (edges.kind == COPY) & (edges.source >= 0)
    source, target = edges.source[exact], edges.target[exact]
    for _ in range(2):
        blank = (nodes.content[source] < 0) & (nodes.content[target] >= 0)
        nodes.content[source[blank]] = nodes.content[target[blank]]
        late = (nodes.content[target] < 0) & (nodes.content[source] >= 0)
        nodes.content[target[late]] = nodes.content[source[late]]


def _close(nodes: Nodes, edges: Edges) -> None:
    """Close what has a known source and no unknown one; an origin was copied from nothing."""
    known = edges.source >= 0
    nodes.open[nodes.origin] = False
    nodes.open[edges.target[known]] = False
    nodes.open[edges.target[~known & (edges.kind == COPY)]] = True


def _see_held(nodes: Nodes, word: _Words) -> None:
    """The archive read back what it wrote itself: its own copies were seen when they began."""
    fresh = nodes.held & (nodes.seen == NEVER) & (nodes.began != NEVER)
    nodes.seen[fresh], nodes.holds[fresh] = nodes.began[fresh], True
    if fresh.any():
        nodes.seen_by[fresh] = word("its beginning")


def _refuse_other_content(graph: Graph) -> None:
    edges, content = graph.edges, graph.nodes.content
    rows = np.flatnonzero((edges.kind == COPY) & (edges.source >= 0))
    a, b = content[edges.source[rows]], content[edges.target[rows]]
    wrong = rows[(a >= 0) & (b >= 0) & (a != b)]
    if len(wrong):
        edge = graph.edge(wrong[0])
        raise BadInput(
            "an exact copy has another content than its source",
            got=f"{edge.target} of {edge.source}",
            fix="Draw a modified_copy, or the edge that says how it was changed",
        )


def _refuse_cycles(graph: Graph) -> None:
    for edges, names in ((graph.edges, graph.instances), (graph.descent, graph.contents)):
        known = edges.source >= 0
        found = cycle(len(names), edges.source[known], edges.target[known])
        if found:
            path = " > ".join(names.text(each) for each in found[:8]) + (" > …" if len(found) > 8 else "")
            raise BadInput(
                "nothing comes from itself, and this lineage has a cycle",
                got=path,
                fix="Correct the source of one of these before it is recorded",
            )
