"""In which rows a tree is computed: what is kept as trunk, and what is packed beside it.

A *row* is what one pass through the network computes. Its tokens all stand under one *trunk*, a path from the
root whose keys and values are held; below the trunk the row holds whole *branches*, each a path of runs down
to a leaf. So memory is the trunk and one row, whatever the size of the job.

Each distinct token goes through the network once, with one exception that pays: a short run with more under
it than a row can hold is computed once a row (`copied` counts it).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from selfscope.models.local.tree import Ints, Node, measure, number, walk

TRUNK_ROW = 512
"""Tokens of a trunk computed at once: measured as fast in rows of 256 to 512."""

REPEATED = 384
"""A shared run becomes trunk where its tokens times its further branches exceed this.

A run that stays in the row goes through the network once all the same, but its attention, a small part of the
work, is repeated for each branch; a trunk costs a short row of its own.
"""

SHORT = 8
"""A run of at most this many tokens is computed once a row rather than in a row of its own."""


@dataclass(frozen=True, eq=False)
class Row:
    """One pass through the network.

    Attributes
    ----------
    tokens, positions
        What is fed and where it stands in its sequence, shape (tokens,).
    branches
        For every branch, where its tokens are in the row, in the order of the sequence: all runs between the
        trunk and the leaf.
    trunk
        Tokens of trunk that stand before all of them.
    keep
        Whether the row is itself a piece of trunk.
    first
        Number of its first token; the row holds the numbers from there without a gap.
    """

    tokens: Ints
    positions: Ints
    branches: tuple[Ints, ...]
    trunk: int
    keep: bool
    first: int

    @property
    def stop(self) -> int:
        """Number after its last token."""
        return self.first + len(self.tokens)


@dataclass(frozen=True, eq=False)
class Plan:
    """All rows of a job, in order.

    Attributes
    ----------
    rows
        In the order of computation; a row's `trunk` says how much of the trunk still holds.
    computed
        Tokens that go through the network.
    distinct
        Distinct tokens of the tree: nothing exact can compute fewer.
    longest_trunk
        Most tokens of trunk held at once.
    """

    rows: tuple[Row, ...]
    computed: int
    distinct: int
    longest_trunk: int

    @property
    def copied(self) -> int:
        """Tokens computed more than once because that was cheaper."""
        return self.computed - self.distinct


def lay_out(root: Node, pack: int) -> Plan:
    """Return the rows that compute the tree under `root`, at most `pack` tokens a row.

    The tree is changed: runs are ordered and numbered, and short shared runs may be divided.
    """
    distinct = root.size
    _divide(root, pack)
    measure(root)
    for node in walk(root):
        node.children.sort(key=lambda child: _is_trunk(child, pack))  # else each trunk would end a row early
    computed = number(root)
    rows = tuple(_rows(root, pack))
    trunk = max((r.trunk + len(r.tokens) * r.keep for r in rows), default=0)
    return Plan(rows, computed, distinct, trunk)


def _is_trunk(node: Node, pack: int) -> bool:
    """Return whether a run is better kept as trunk than packed with what is under it."""
    if node.size > pack:
        return True
    return len(node.tokens) > SHORT and len(node.tokens) * (node.leaves - 1) > REPEATED


def _divide(root: Node, pack: int) -> None:
    """Cut every short run with too much under it into copies that each fit a row, from the top down."""
    for node in walk(root):
        children: list[Node] = []
        for child in node.children:
            short = child.children and len(child.tokens) <= SHORT and child.size > pack
            children += _copies(child, pack) if short else [child]
        node.children = children


def _copies(node: Node, pack: int) -> list[Node]:
    """Return copies of `node` that share out its children; a child that fits no row gets a copy alone."""
    groups: list[list[Node]] = []
    room = -1
    for child in node.children:
        if child.size > room:
            groups.append([])
            room = pack - len(node.tokens)
        groups[-1].append(child)
        room -= child.size
    copies = [Node(node.tokens, node.start, group) for group in groups]
    copies[0].sequences = node.sequences
    for copy in copies:
        measure(copy)
    return copies


def _rows(trunk: Node, pack: int) -> Iterator[Row]:
    """Yield the rows under `trunk`, whose own tokens are held already."""
    group: list[Node] = []
    for child in trunk.children:
        whole = _is_trunk(child, pack)
        if group and (whole or sum(n.size for n in group) + child.size > pack):
            yield _packed(group)
            group = []
        if whole:
            yield from _trunk_rows(child)
            yield from _rows(child, pack)
        else:
            group.append(child)
    if group:
        yield _packed(group)


def _trunk_rows(node: Node) -> Iterator[Row]:
    """Yield the rows that compute one long run piece by piece."""
    for cut in range(0, len(node.tokens), TRUNK_ROW):
        tokens = node.tokens[cut : cut + TRUNK_ROW]
        start = node.start + cut
        places = np.arange(len(tokens))
        keep = bool(node.children) or cut + TRUNK_ROW < len(node.tokens)
        yield Row(tokens, start + places, (places,), start, keep, node.first + cut)


def _packed(group: list[Node]) -> Row:
    """Return one row that holds every subtree of `group`."""
    first = group[0].first
    nodes = [node for top in group for node in walk(top)]
    branches = [branch for top in group for branch in _branches(top, first, np.empty(0, np.int64))]
    return Row(
        np.concatenate([n.tokens for n in nodes]),
        np.concatenate([np.arange(n.start, n.stop) for n in nodes]),
        tuple(branches),
        group[0].start,
        False,
        first,
    )


def _branches(node: Node, first: int, above: Ints) -> Iterator[Ints]:
    """Yield, for every leaf under `node`, the places of its tokens in a row that begins at number `first`."""
    places = np.concatenate([above, np.arange(len(node.tokens)) + node.first - first])
    if not node.children:
        yield places
    for child in node.children:
        yield from _branches(child, first, places)


def paths(root: Node) -> dict[int, Ints]:
    """Return, for every sequence, the numbers of its tokens in order; the tree must be numbered."""
    found: dict[int, Ints] = {}
    stack = [(root, np.empty(0, np.int64))]
    while stack:
        node, above = stack.pop()
        here = np.concatenate([above, np.arange(len(node.tokens)) + node.first])
        found.update(dict.fromkeys(node.sequences, here))
        stack += [(child, here) for child in node.children]
    return found
