"""The shared-prefix tree: every distinct token of many sequences once, in an order that rows can follow.

A *line* is a continuation whose log-probability is wanted after a head: an option's spelling, or a text. All
lines of a job are put in one radix tree over tokens; the last token of a line is never put in, because
nothing is read after it. Pure Python and numpy; no weights are touched here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Line:
    """One continuation to score: sum over `tail` of log P(token | head, tail before it).

    Attributes
    ----------
    head
        Tokens that stand before; at least one.
    tail
        Tokens that are scored; at least one.
    """

    head: tuple[int, ...]
    tail: tuple[int, ...]

    @property
    def fed(self) -> tuple[int, ...]:
        """The tokens that must be computed: all but the last, after which nothing is read."""
        return self.head + self.tail[:-1] if len(self.tail) > 1 else self.head


@dataclass(eq=False)
class Node:
    """A run of tokens shared by every sequence that passes through it.

    Attributes
    ----------
    tokens
        The run, shape (tokens,).
    start
        Position of its first token in a sequence.
    children
        What follows, in the order of the first token.
    sequences
        Which sequences end with this run.
    size, leaves
        Tokens and branches of the whole subtree, the run included.
    first
        Number of the run's first token in the order of computation; set by :func:`number`.
    """

    tokens: Ints
    start: int
    children: list[Node] = field(default_factory=list)
    sequences: list[int] = field(default_factory=list)
    size: int = 0
    leaves: int = 1
    first: int = -1

    @property
    def stop(self) -> int:
        """Position after its last token."""
        return self.start + len(self.tokens)


def grow(sequences: Sequence[tuple[int, ...]]) -> Node:
    """Return the radix tree of `sequences` under an empty root.

    Parameters
    ----------
    sequences
        Token sequences, none empty and none twice; sequence i is listed by the node that it ends with.
    """
    arrays = [np.asarray(s, dtype=np.int64) for s in sequences]
    order = sorted(range(len(arrays)), key=lambda i: arrays[i].astype(">u4").tobytes())
    root = Node(np.empty(0, np.int64), 0)
    path = [root]
    last: Ints | None = None
    for index in order:
        here = arrays[index]
        shared = 0 if last is None else _shared(last, here)
        while path[-1].stop > shared and path[-1].start >= shared:
            path.pop()
        if path[-1].stop > shared:
            _split(path[-1], shared)
        leaf = Node(here[shared:], shared, sequences=[index])
        path[-1].children.append(leaf)
        path.append(leaf)
        last = here
    measure(root)
    return root


def distinct_tokens(lines: Iterable[Line]) -> int:
    """Return how many tokens must be computed for `lines` where every distinct one is computed once."""
    sequences = list({line.fed for line in lines})
    return grow(sequences).size if sequences else 0


def _shared(left: Ints, right: Ints) -> int:
    """Return how many leading tokens two sequences have in common."""
    length = min(len(left), len(right))
    differ = np.flatnonzero(left[:length] != right[:length])
    return int(differ[0]) if len(differ) else length


def _split(node: Node, at: int) -> None:
    """Cut `node` at position `at`; what it had after the cut becomes its only child."""
    cut = at - node.start
    rest = Node(node.tokens[cut:], at, node.children, node.sequences)
    node.tokens, node.children, node.sequences = node.tokens[:cut], [rest], []


def measure(node: Node) -> None:
    """Set `size` and `leaves` of a subtree from the leaves up."""
    for each in reversed(list(walk(node))):
        each.size = len(each.tokens) + sum(c.size for c in each.children)
        each.leaves = sum(c.leaves for c in each.children) or 1


def walk(node: Node) -> Iterator[Node]:
    """Yield a subtree, parents before children, children in order."""
    stack = [node]
    while stack:
        here = stack.pop()
        yield here
        stack.extend(reversed(here.children))


def number(root: Node) -> int:
    """Number every token in the order of :func:`walk`; return how many there are."""
    count = 0
    for node in walk(root):
        node.first = count
        count += len(node.tokens)
    return count
