"""The graph of copies: instances, the edges between them, and between contents, as arrays.

Content, instance and thread are three kinds of id and stay apart: an edge joins two of one kind, and a digest
never stands for a copy. An instance whose source nobody recorded is `open`: it may be a copy of any instance
of its content, and every question that depends on that is answered ``unknown``.

Sign convention: an edge runs from source to target, "down" is from a copy's source to the copy.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from selfscope.archive.journal.events import UNKNOWN, UNMEASURED, EdgeKind, Way
from selfscope.archive.journal.moments import moment, stamp
from selfscope.archive.lineage.names import Names
from selfscope.errors import BadInput
from selfscope.values.lineage import GRADES, Edge, Happening, Instance, Standing, Terms

KINDS: tuple[str, ...] = get_args(EdgeKind)
WAYS: tuple[str, ...] = get_args(Way)
COPY = KINDS.index("copy")
NEVER = np.iinfo(np.int64).min
"""No moment at all, among moments in microseconds since 1970."""

LIVE, GONE, DOUBTFUL = 1, 0, -1
_STANDINGS: dict[int, Standing] = {LIVE: "live", GONE: "gone", DOUBTFUL: "unknown"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SKEW = 86_400_000_000
"""How far in the future an attestation may lie and still count: clocks differ by hours, not by years."""

Kind = Literal["content", "instance", "thread", "turn"]
PREFIXES: dict[str, Kind] = {"b3:": "content", "instance:": "instance", "thread:": "thread", "turn:": "turn"}


@dataclass(frozen=True)
class Nodes:
    """Columns of the instances, one row an instance; texts are numbers in `Graph.words`, -1 for none.

    `seen`, `began` and `ended` are microseconds since 1970. `holds` is what the last attestation said.
    `known` is False for one that was only named, as a source. `held` marks the archive's own copies, and
    `base` the content that their bytes need and `domain` the key that encrypts them. `replaces` is the
    instance whose place this one took.
    """

    content: NDArray[np.int32]
    device: NDArray[np.int32]
    medium: NDArray[np.int32]
    place: NDArray[np.int32]
    began: NDArray[np.int64]
    ended: NDArray[np.int64]
    why: NDArray[np.int32]
    seen: NDArray[np.int64]
    seen_by: NDArray[np.int32]
    holds: NDArray[np.bool_]
    origin: NDArray[np.bool_]
    pinned: NDArray[np.bool_]
    open: NDArray[np.bool_]
    known: NDArray[np.bool_]
    held: NDArray[np.bool_]
    base: NDArray[np.int32]
    way: NDArray[np.int8]
    replaces: NDArray[np.int32]
    domain: NDArray[np.int32]


@dataclass(frozen=True)
class Edges:
    """Columns of the edges, one row for each source; an unknown source is -1, an unmeasured shift NaN."""

    kind: NDArray[np.int8]
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    grade: NDArray[np.int8]
    drift: NDArray[np.int32]
    shift: NDArray[np.float64]
    note: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.kind)


@dataclass(frozen=True)
class Contents:
    """Columns of the contents: what form, what name, what state, and how many copies were exported."""

    form: NDArray[np.int32]
    name: NDArray[np.int32]
    state: NDArray[np.int32]
    exports: NDArray[np.int32]


@dataclass(frozen=True)
class Meetings:
    """Columns of bytes brought that were here already: the instance here, and the one brought, -1 unknown."""

    instance: NDArray[np.int32]
    source: NDArray[np.int32]
    at: NDArray[np.int64]


_PARTS: dict[str, type[Any]] = {
    "instances": Names, "contents": Names, "words": Names,
    "nodes": Nodes, "edges": Edges, "about": Contents, "descent": Edges, "meetings": Meetings,
}  # fmt: skip


@dataclass(frozen=True)
class Graph:
    """The lineage of an archive: built from its journal, or from columns that were saved from one.

    `edges` join instances; `descent` joins contents; `about` says what the contents are.
    """

    instances: Names
    contents: Names
    words: Names
    nodes: Nodes
    edges: Edges
    about: Contents
    descent: Edges
    meetings: Meetings

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the whole graph as named arrays, for a file that loads without reading the journal."""
        return {
            f"{part}.{column.name}": getattr(getattr(self, part), column.name)
            for part, kind in _PARTS.items()
            for column in fields(kind)
        }

    @classmethod
    def from_columns(cls, columns: dict[str, NDArray[Any]]) -> Graph:
        """Return the graph that `columns` were saved from.

        Raises
        ------
        BadInput
            If one is missing, which a file of another version may lack; read the journal instead.
        """
        try:
            return cls(
                **{
                    part: kind(**{c.name: columns[f"{part}.{c.name}"] for c in fields(kind)})
                    for part, kind in _PARTS.items()
                }
            )
        except KeyError as error:
            raise BadInput(
                "a saved lineage lacks a column", got=error, fix="Read the journal again"
            ) from error

    def __len__(self) -> int:
        return len(self.instances)

    def node(self, instance: str) -> int:
        """Return the number of an instance.

        Raises
        ------
        BadInput
            If the journal never named it.
        """
        return _found(self.instances, instance, "instance")

    def content(self, content: str) -> int:
        """Return the number of a content.

        Raises
        ------
        BadInput
            If the journal never named it.
        """
        return _found(self.contents, content, "content")

    def word(self, number: int | np.integer[Any]) -> str:
        """Return a text of the records, "" for none."""
        return "" if number < 0 else self.words.text(number)

    def standing(self, terms: Terms) -> NDArray[np.int8]:
        """Return how every instance stands: LIVE, GONE or DOUBTFUL, by node.

        An instance is live when it has not ended and an attestation within the window says that it is there
        and whole; gone when it ended, or when the last attestation says that it is not; doubtful otherwise.
        """
        at = microseconds(terms.at)
        if not terms.window_days > 0:
            raise BadInput("the window is no span of time", got=terms.window_days, fix="Give days, above 0")
        nodes = self.nodes
        since = at - round(min(terms.window_days, 36_500.0) * 86_400_000_000)
        fresh = (nodes.seen != NEVER) & (nodes.seen >= since) & (nodes.seen <= at + _SKEW)
        gone = (nodes.ended != NEVER) | ((nodes.seen != NEVER) & ~nodes.holds)
        return np.where(gone, GONE, np.where(fresh, LIVE, DOUBTFUL)).astype(np.int8)

    def instance(self, node: int | np.integer[Any], standing: int) -> Instance:
        """Return one instance as a noun; `standing` is its entry of `Graph.standing`."""
        n = self.nodes
        return Instance(
            self.instances.text(node),
            "" if n.content[node] < 0 else self.contents.text(n.content[node]),
            _STANDINGS[int(standing)],
            self.word(n.device[node]), self.word(n.medium[node]), self.word(n.place[node]),
            written(n.began[node]), written(n.ended[node]), self.word(n.why[node]),
            written(n.seen[node]), self.word(n.seen_by[node]),
            bool(n.origin[node]), bool(n.pinned[node]), not n.open[node],
        )  # fmt: skip

    def edge(self, row: int | np.integer[Any], of: Literal["edges", "descent"] = "edges") -> Edge:
        """Return one edge as a noun."""
        table, names = (self.edges, self.instances) if of == "edges" else (self.descent, self.contents)
        shift = float(table.shift[row])
        return Edge(
            KINDS[table.kind[row]],
            UNKNOWN if table.source[row] < 0 else names.text(table.source[row]),
            names.text(table.target[row]),
            GRADES[table.grade[row]],
            self.word(table.drift[row]) or UNMEASURED,
            None if np.isnan(shift) else shift,
            self.word(table.note[row]),
        )

    def members(self, content: int) -> NDArray[np.intp]:
        """Return the instances of a content, by number."""
        return np.flatnonzero(self.nodes.content == content)

    @cached_property
    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
        """Return the edges' (source, target) pairs as sorted keys, and the row that each key belongs to."""
        keys = self.edges.source.astype(np.int64) * len(self) + self.edges.target
        order = np.argsort(keys, kind="stable")
        return keys[order], order

    def row(self, source: int, target: int, kinds: NDArray[np.bool_]) -> int:
        """Return a row that joins two instances and that `kinds`, a mask over rows, allows; -1 for none."""
        keys, order = self.pairs
        key = source * len(self) + target
        at = int(np.searchsorted(keys, key))
        while at < len(keys) and keys[at] == key:
            if kinds[order[at]]:
                return int(order[at])
            at += 1
        return -1

    def happenings(self) -> list[Happening]:
        """Return what befell copies beside being copied: bytes met again, moves, repairs, and ends."""
        n, name = self.nodes, self.instances.text
        met = self.meetings
        found = [
            Happening("deduplicated", name(i), UNKNOWN if s < 0 else name(s), written(at))
            for i, s, at in zip(met.instance, met.source, met.at, strict=True)
        ]
        for node in np.flatnonzero(n.way != WAYS.index("copy")):
            way: Literal["tiering", "repair"] = "tiering" if WAYS[n.way[node]] == "tiering" else "repair"
            other = UNKNOWN if n.replaces[node] < 0 else name(n.replaces[node])
            found.append(Happening(way, name(node), other, written(n.began[node]), self.word(n.place[node])))
        for node in np.flatnonzero(n.ended != NEVER):
            found.append(Happening("ended", name(node), "", written(n.ended[node]), self.word(n.why[node])))
        return sorted(found, key=lambda each: each.at)


def kind_of(identifier: str) -> Kind:
    """Return what kind of thing an id names.

    Raises
    ------
    BadInput
        If it begins like none of them.
    """
    for prefix, kind in PREFIXES.items():
        if identifier.startswith(prefix) and len(identifier) > len(prefix):
            return kind
    raise BadInput(
        "this is no id of a content, an instance or a thread",
        got=identifier,
        fix="Ids begin with b3:, instance:, thread: or turn:",
    )


def microseconds(text: str) -> int:
    """Return a moment in microseconds since 1970, or NEVER for "".

    Raises
    ------
    BadInput
        If it is no moment.
    """
    return NEVER if text == "" else (moment(text) - _EPOCH) // timedelta(microseconds=1)


def written(at: int | np.integer[Any]) -> str:
    """Return a moment as the journal writes it, "" for NEVER."""
    return "" if at == NEVER else stamp(_EPOCH + timedelta(microseconds=int(at)))


def _found(names: Names, text: str, kind: Kind) -> int:
    if kind_of(text) != kind:
        raise BadInput(f"this names no {kind}", got=text, fix=f"A {kind} and what it is a copy of are two")
    number = names.find(text)
    if number < 0:
        raise BadInput(f"the journal knows no such {kind}", got=text, fix="Look with `keep lineage`")
    return number
