"""What follows from all that was read: contents inferred, sources closed, an untrue lineage refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from selfscope.archive.lineage.graph import COPY, NEVER, Edges, Graph, Nodes
from selfscope.errors import BadInput

BEGINNING = "its beginning"
"""Who saw an instance that nobody looked at since this archive made it."""


def settled(raw: Graph) -> Graph:
    """Return what was read, with what follows from all of it together; what was read stays as it is."""
    nodes = replace(raw.nodes, content=_contents(raw.nodes, raw.edges), open=_open(raw.nodes, raw.edges))
    return _seen(replace(raw, nodes=nodes))


def refuse_untrue(graph: Graph) -> None:
    """Refuse a lineage that cannot be.

    Raises
    ------
    BadInput
        If an exact copy has another content than its source, or something comes from itself.
    """
    _refuse_other_content(graph)
    _refuse_cycles(graph)


def _contents(nodes: Nodes, edges: Edges) -> Any:
    """An instance only named, but copied exactly, is a copy of what its copies are copies of."""
    content = nodes.content.copy()
    exact = (edges.kind == COPY) & (edges.source >= 0)
    source, target = edges.source[exact], edges.target[exact]
    for _ in range(2):
        blank = (content[source] < 0) & (content[target] >= 0)
        content[source[blank]] = content[target[blank]]
        late = (content[target] < 0) & (content[source] >= 0)
        content[target[late]] = content[source[late]]
    return content


def _open(nodes: Nodes, edges: Edges) -> Any:
    """Close what has a known source and no unknown one; an origin was copied from nothing."""
    opened = np.ones(len(nodes.origin), dtype=np.bool_)
    known = edges.source >= 0
    opened[nodes.origin] = False
    opened[edges.target[known]] = False
    opened[edges.target[~known & (edges.kind == COPY)]] = True
    return opened


def _seen(graph: Graph) -> Graph:
    """The archive read back what it wrote itself: its own copies were seen when they began."""
    nodes, words = graph.nodes, graph.words
    fresh = nodes.held & (nodes.seen == NEVER) & (nodes.began != NEVER)
    if not fresh.any():
        return graph
    seen, holds, seen_by = nodes.seen.copy(), nodes.holds.copy(), nodes.seen_by.copy()
    number = words.find(BEGINNING)
    if number < 0:
        number, words = len(words), words.followed_by([BEGINNING])
    seen[fresh], holds[fresh], seen_by[fresh] = nodes.began[fresh], True, number
    return replace(graph, words=words, nodes=replace(nodes, seen=seen, holds=holds, seen_by=seen_by))


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
    from selfscope.archive.lineage.reach import cycle  # scipy, which recording a few copies does without

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
