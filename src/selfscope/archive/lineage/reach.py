"""What can be reached from what, over a million nodes: scipy's compiled walks behind a few plain functions.

Every function takes edges as two arrays, source and target, and says nothing of why an edge is there. A walk
in numpy alone takes one step of Python a level, which a chain of a million copies would turn into a minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

Numbers = NDArray[Any]


@dataclass(frozen=True)
class Walk:
    """A breadth-first walk from some starts.

    Attributes
    ----------
    order
        The nodes reached, nearest first, the starts among them.
    before
        For each node the one from which it was first reached (nodes); -1 for starts and for what was not
        reached.
    """

    order: NDArray[np.int32]
    before: NDArray[np.int32]

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Which nodes were reached."""
        found = np.zeros(len(self.before), dtype=np.bool_)
        found[self.order] = True
        return found

    def path(self, node: int) -> list[int]:
        """Return the nodes from a start to `node`, both included."""
        path = [node]
        while (node := int(self.before[node])) >= 0:
            path.append(node)
        return path[::-1]

    def depths(self) -> NDArray[np.int64]:
        """Return how many steps each node is from its nearest start; -1 where it was not reached.

        Each round doubles how far a node looks back, so that a chain takes as many rounds as its length has
        binary digits.
        """
        n = len(self.before)
        hop = np.where(self.before < 0, np.arange(n), self.before)
        depth = (self.before >= 0).astype(np.int64)
        while True:
            further = depth[hop]
            if not further.any():
                break
            depth += further
            hop = hop[hop]
        return np.where(self.mask, depth, -1)


def walk(nodes: int, source: Numbers, target: Numbers, starts: Numbers) -> Walk:
    """Return the breadth-first walk along the edges from all of `starts` at once.

    A root of its own leads to every start, so one compiled walk serves them all.
    """
    starts = np.asarray(starts, dtype=np.int32)
    rows = np.concatenate([np.full(len(starts), nodes, dtype=np.int32), np.asarray(source, dtype=np.int32)])
    columns = np.concatenate([starts, np.asarray(target, dtype=np.int32)])
    matrix = _matrix(nodes + 1, rows, columns)
    order, before = csgraph.breadth_first_order(matrix, nodes, directed=True, return_predecessors=True)
    before = np.where((before == nodes) | (before < 0), -1, before)[:nodes].astype(np.int32)
    return Walk(order[1:].astype(np.int32), before)


def components(nodes: int, source: Numbers, target: Numbers) -> tuple[int, NDArray[np.int32]]:
    """Return how many parts there are, edges taken either way, and the part of each node."""
    count, labels = csgraph.connected_components(_matrix(nodes, source, target), directed=False)
    return int(count), labels.astype(np.int32)


def cycle(nodes: int, source: Numbers, target: Numbers) -> list[int]:
    """Return the nodes of a cycle, the first one again at the end; [] where there is none."""
    loops = np.flatnonzero(np.asarray(source) == np.asarray(target))
    if len(loops):
        return [int(source[loops[0]])] * 2
    count, labels = csgraph.connected_components(
        _matrix(nodes, source, target), directed=True, connection="strong"
    )
    if count == nodes:
        return []
    inside = labels == np.argmax(np.bincount(labels))
    kept = inside[source] & inside[target]
    source, target = source[kept], target[kept]
    start = int(target[0])
    back = walk(nodes, source, target, np.array([start]))
    return [*back.path(int(source[0])), start]


def _matrix(nodes: int, source: Numbers, target: Numbers) -> Any:
    ones = np.ones(len(source), dtype=np.float64)
    return sparse.csr_matrix(
        (ones, (np.asarray(source, dtype=np.int32), np.asarray(target, dtype=np.int32))), shape=(nodes, nodes)
    )
