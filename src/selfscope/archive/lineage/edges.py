"""Edges that somebody declares between things that the archive knows, and those between contents.

Who declares an edge was there when it came about, or says so. Nothing here looks at bytes: an edge so drawn
has the grade "declared", whatever run is named for its drift.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, get_args

import numpy as np

from selfscope.archive.journal.events import UNKNOWN, UNMEASURED, EdgeDrawn, EdgeKind
from selfscope.archive.lineage.graph import Graph, kind_of
from selfscope.archive.lineage.joins import TURN_KINDS
from selfscope.archive.lineage.redact import redact
from selfscope.archive.lineage.threads import read_threads
from selfscope.errors import BadInput
from selfscope.values.lineage import Edge

if TYPE_CHECKING:
    from selfscope.archive.store.archive import Archive

RUN = re.compile(r"(?:compare-)?[0-9a-f]{6,64}(?:-[0-9a-f]{6,64})?")
"""How a run is named: some digits of an id, or of the two ids that were compared."""


def declare(
    archive: Archive,
    kind: str,
    sources: Sequence[str],
    target: str,
    *,
    drift: str = UNMEASURED,
    shift: float | None = None,
    note: str = "",
) -> EdgeDrawn:
    """Record that one thing came from others, as somebody declares.

    Parameters
    ----------
    kind
        How; see :data:`~selfscope.archive.journal.events.EdgeKind`.
    sources, target
        Contents, instances or turns, all of one kind; a source may be UNKNOWN.
    drift
        The run that measured how far the target is from its source, or UNMEASURED.
    shift
        What that run found, in its own unit.

    Raises
    ------
    BadInput
        If there is no such kind, the archive knows one of them not, the run is not named as runs are, or the
        edge would make the lineage untrue: an exact copy of something else, or a thing that comes from
        itself.
    """
    if kind not in get_args(EdgeKind):
        raise BadInput(
            "there is no such kind of edge", got=kind, fix=f"Choose {', '.join(get_args(EdgeKind))}"
        )
    if drift != UNMEASURED and not RUN.fullmatch(drift):
        raise BadInput("a drift is a run's id", got=drift, fix="Give the id of a compare run, or unmeasured")
    if redact(note)[1] or len(note) > 1000:
        raise BadInput("a note is some words without secrets", fix="Every export shows it")
    if target in sources:
        raise BadInput("nothing comes from itself", got=target)
    for each in (*(source for source in sources if source != UNKNOWN), target):
        _demand_known(archive, each)
    edge = EdgeDrawn(kind, tuple(sources), target, "declared", drift, shift, note)  # type: ignore[arg-type]
    if kind in TURN_KINDS:
        _demand_drawn(archive, edge)
    archive.append([edge])
    return edge


def descent_of(graph: Graph, content: str) -> list[Edge]:
    """Return the edges that join a content to those that it came from, and to those that came of it."""
    at = graph.contents.find(content)
    rows = np.flatnonzero((graph.descent.source == at) | (graph.descent.target == at)) if at >= 0 else ()
    return [graph.edge(row, "descent") for row in rows]


def _demand_known(archive: Archive, identifier: str) -> None:
    """Refuse what no event told of: a mistyped id would be an edge to nothing."""
    kind = kind_of(identifier)
    if kind == "instance":
        known = archive.index.instance(identifier) is not None
    elif kind == "content":
        known = archive.lineage.graph().contents.find(identifier) >= 0
    else:
        known = kind != "turn" or identifier in read_threads(archive.lineage.said()).turns
    if not known:
        raise BadInput(f"the archive knows no such {kind}", got=identifier, fix="Record it first")


def _demand_drawn(archive: Archive, edge: EdgeDrawn) -> None:
    """Refuse to say of two turns what their threads do not: their edges are drawn as they are taken."""
    there = {(each.kind, each.source, each.target) for each in read_threads(archive.lineage.said()).edges()}
    for source in edge.sources:
        if kind_of(edge.target) == "turn" and (edge.edge, source, edge.target) not in there:
            raise BadInput(
                f"no {edge.edge} joins these turns",
                got=f"{source} to {edge.target}",
                fix="Turns are joined as they are taken; an edge can only say more of it",
            )
