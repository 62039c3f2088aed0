"""A moment to ask at: the graph on given terms, with what is supposed destroyed taken as gone.

What is known and what may be are kept apart all the way. A question that copies can only make truer ("is
there a live one to be reached?") is certainly yes if it is with the sure edges and the surely live alone; it
is certainly no if it is not even with every edge and instance that may count. Between the two it is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from selfscope.archive.journal.events import Conceived, Event
from selfscope.archive.lineage.graph import COPY, DOUBTFUL, GONE, KINDS, LIVE, Graph, kind_of
from selfscope.archive.lineage.kept import Lineage
from selfscope.archive.lineage.reach import Walk, components, walk
from selfscope.archive.lineage.reading import read_lineage
from selfscope.archive.lineage.threads import Threads, read_threads
from selfscope.errors import BadInput
from selfscope.values.lineage import GRADES, Terms

Mask = NDArray[np.bool_]
Standings = NDArray[np.int8]
Ends = tuple[int, NDArray[np.int32], NDArray[np.int32]]
"""How many nodes, and the edges between them as sources and targets."""


@dataclass(frozen=True)
class Scene:
    """What is asked of: a graph, threads, conceptions, terms, and what is supposed destroyed.

    Attributes
    ----------
    destroyed
        Ids of instances, or of contents for all instances of each, that are taken as gone.
    """

    graph: Graph
    terms: Terms
    threads: Threads = field(default_factory=Threads)
    conceived: dict[str, list[Conceived]] = field(default_factory=dict)
    destroyed: frozenset[str] = frozenset()

    @classmethod
    def of(cls, events: Iterable[Event], terms: Terms, destroyed: Iterable[str] = ()) -> Scene:
        """Return the scene that a journal's events set."""
        events = list(events)
        return cls(
            read_lineage(events), terms, read_threads(events), _conceived(events), frozenset(destroyed)
        )

    @classmethod
    def of_lineage(cls, lineage: Lineage, terms: Terms, destroyed: Iterable[str] = ()) -> Scene:
        """Return the scene that an archive's journal sets now, read on from where it was read to before."""
        said = lineage.said()
        return cls(lineage.graph(), terms, read_threads(said), _conceived(said), frozenset(destroyed))

    def without(self, destroyed: Iterable[str]) -> Scene:
        """Return the scene as it would be if these were destroyed too."""
        more = self.destroyed | frozenset(destroyed)
        return Scene(self.graph, self.terms, self.threads, self.conceived, more)

    @cached_property
    def doomed(self) -> Mask:
        """The instances that are supposed destroyed, by node.

        Raises
        ------
        BadInput
            If one of the ids names no instance and no content. The record of a thread may be deleted, but
            nothing asked here depends on it.
        """
        mask = np.zeros(len(self.graph), dtype=np.bool_)
        for each in self.destroyed:
            kind = kind_of(each)
            if kind == "instance":
                mask[self.graph.node(each)] = True
            elif kind == "content":
                mask |= self.graph.nodes.content == self.graph.content(each)
            else:
                raise BadInput(
                    "only instances and contents can be destroyed",
                    got=each,
                    fix="A thread lives on instances; say which of them",
                )
        return mask

    @cached_property
    def standing(self) -> Standings:
        """How every instance stands, by node; what needs the bytes of a base that is gone is gone too."""
        standing = self.graph.standing(self.terms)
        standing[self.doomed] = GONE
        nodes = self.graph.nodes
        needy = nodes.held & (nodes.base >= 0)
        needy[needy] = np.isin(nodes.base[needy], nodes.content[nodes.held])
        while needy.any():
            there = np.zeros(len(self.graph.contents), dtype=np.bool_)
            there[nodes.content[nodes.held & (standing != GONE)]] = True
            lost = needy & (standing != GONE) & ~there[nodes.base]
            if not lost.any():
                break
            standing[lost] = GONE
        return standing

    @property
    def live(self) -> Mask:
        """The instances that are surely live."""
        return np.equal(self.standing, LIVE)

    @property
    def possible(self) -> Mask:
        """The instances that are live or may be."""
        return np.not_equal(self.standing, GONE)

    @cached_property
    def counting(self) -> Standings:
        """Whether each edge counts as copying: LIVE for surely, DOUBTFUL for maybe, GONE for not.

        A copy counts. Of the kinds that the terms name, one counts whose measured shift is within the limit;
        without a limit none does, and one that nobody measured may. Evidence below the terms' least grade
        leaves an edge that would count in doubt.
        """
        edges, terms = self.graph.edges, self.terms
        counting = np.where(edges.kind == COPY, LIVE, GONE).astype(np.int8)
        unknown = set(terms.counted) - set(KINDS)
        if unknown or terms.least_grade not in GRADES:
            raise BadInput("the terms name no kind of edge, or no grade", got=[*unknown, terms.least_grade])
        if terms.drift_at_most is not None:
            allowed = np.isin(edges.kind, [KINDS.index(kind) for kind in terms.counted])
            counting[allowed & (edges.shift <= terms.drift_at_most)] = LIVE
            counting[allowed & np.isnan(edges.shift)] = DOUBTFUL
        weak = edges.grade < GRADES.index(terms.least_grade)
        counting[weak & (counting == LIVE)] = DOUBTFUL
        return counting

    @cached_property
    def sure(self) -> Ends:
        """The edges that surely count."""
        return self._ends(self.counting == LIVE)

    @cached_property
    def weak(self) -> Ends:
        """The edges that count or may, between known instances."""
        return self._ends(self.counting != GONE)

    def _ends(self, mask: Mask) -> Ends:
        edges = self.graph.edges
        rows = mask & (edges.source >= 0)
        return len(self.graph), edges.source[rows], edges.target[rows]

    @cached_property
    def adrift(self) -> Mask:
        """Instances that may come from anywhere: by a change that counts, of a source nobody knows."""
        edges = self.graph.edges
        mask = np.zeros(len(self.graph), dtype=np.bool_)
        mask[edges.target[(edges.source < 0) & (edges.kind != COPY) & (self.counting != GONE)]] = True
        return mask

    @cached_property
    def open(self) -> Mask:
        """Instances with a source that nobody knows, so far as the terms let that source matter."""
        return self.graph.nodes.open | self.adrift

    @cached_property
    def tree(self) -> tuple[int, NDArray[np.int32]]:
        """How many whole trees there are by sure edges, and which one each instance is in."""
        return components(*self.sure)

    def recorded_before(self, node: int) -> Mask:
        """Return the instances that one comes from by any edge on record, itself among them."""
        edges = self.graph.edges
        known = edges.source >= 0
        return walk(len(self.graph), edges.target[known], edges.source[known], np.array([node])).mask


def _conceived(events: Iterable[Event]) -> dict[str, list[Conceived]]:
    """Return what subjects take themselves to be, by subject, in order."""
    found: dict[str, list[Conceived]] = {}
    for event in events:
        if isinstance(event, Conceived):
            found.setdefault(event.subject, []).append(event)
    return found


@dataclass(frozen=True)
class Bridges:
    """The edges that may count, with what unknown sources and exports make possible added to them.

    An instance of unknown source may be a copy of any of its content. To say so takes no edge for each pair:
    every instance leads to the hub of its content, and the hub to what may be copied from there.

    Attributes
    ----------
    ends
        Nodes and hubs, and the edges between them.
    outside
        The node that stands for copies which left the archive.
    """

    ends: Ends
    outside: int

    def walk(self, starts: NDArray[np.int32] | NDArray[np.intp]) -> Walk:
        """Return the walk down from some instances."""
        return walk(*self.ends, starts)


def bridges(scene: Scene, barred: Mask) -> Bridges:
    """Return the bridged graph; no bridge leads into `barred`: nothing comes from its own descendant."""
    graph, content = scene.graph, scene.graph.nodes.content
    n, c = len(graph), len(graph.contents)
    anywhere, wild, outside = n + c, n + c + 1, n + c + 2
    _, source, target = scene.weak
    open_copies = np.flatnonzero(graph.nodes.open & ~barred)
    adrift = np.flatnonzero(scene.adrift & ~barred)
    named = np.flatnonzero(content >= 0)
    nameless = np.flatnonzero(content < 0)
    of_hub = open_copies[content[open_copies] >= 0]
    of_wild = np.union1d(open_copies[content[open_copies] < 0], adrift)
    exported = np.flatnonzero(graph.about.exports > 0)
    everyone = np.arange(n) if len(of_wild) else np.zeros(0, dtype=np.int64)
    parts = [
        (source, target),
        (named, n + content[named]),
        (n + content[of_hub], of_hub),
        (everyone, np.full(len(everyone), wild)),
        (np.full(len(of_wild), wild), of_wild),
        (nameless, np.full(len(nameless), anywhere)),
        (np.full(len(open_copies), anywhere), open_copies),
        (n + exported, np.full(len(exported), outside)),
        (np.full(len(exported), anywhere), np.full(len(exported), outside)),
    ]
    sources, targets = (np.concatenate([part[i] for part in parts]).astype(np.int32) for i in (0, 1))
    return Bridges((n + c + 3, sources, targets), outside)
