"""Where the nodes of a lineage stand: sources at the left, each further right than what it came from."""

from __future__ import annotations

from collections.abc import Iterable

Pairs = list[tuple[str, str]]
Places = dict[str, tuple[float, float]]


def layout(nodes: Iterable[str], edges: Iterable[tuple[str, str]]) -> Places:
    """Return for each node its column and its row, counted from 0.

    The column is the length of the longest way to the node. Rows keep a node between the first and the last
    of those that hang from it, so that a tree is drawn without crossings; an edge from a second parent may
    cross.
    Folding can make a drawing run in a circle; an edge that would close one is left out of account.
    """
    names = list(nodes)
    pairs = _acyclic(names, [pair for pair in edges if pair[0] != pair[1]])
    column = dict.fromkeys(names, 0)
    for name in _order(names, pairs):
        for a, b in pairs:
            if a == name:
                column[b] = max(column[b], column[a] + 1)
    children: dict[str, list[str]] = {name: [] for name in names}
    hung: set[str] = set()
    for a, b in pairs:
        if b not in hung:
            hung.add(b)
            children[a].append(b)
    row = _rows([name for name in names if name not in hung], children)
    return {name: (float(column[name]), row[name]) for name in names}


def _acyclic(names: list[str], pairs: Pairs) -> Pairs:
    """Return the pairs without those that would close a circle, first come first kept."""
    after: dict[str, set[str]] = {name: set() for name in names}
    kept = []
    for a, b in pairs:
        if a in after and b in after and a not in _reach(after, b):
            after[a].add(b)
            kept.append((a, b))
    return kept


def _reach(after: dict[str, set[str]], start: str) -> set[str]:
    found, waiting = {start}, [start]
    while waiting:
        for each in after[waiting.pop()] - found:
            found.add(each)
            waiting.append(each)
    return found


def _order(names: list[str], pairs: Pairs) -> list[str]:
    """Return the nodes so that each comes after all that lead to it."""
    waiting = dict.fromkeys(names, 0)
    for _, b in pairs:
        waiting[b] += 1
    ready = [name for name in names if waiting[name] == 0]
    for name in ready:
        for a, b in pairs:
            if a == name:
                waiting[b] -= 1
                if waiting[b] == 0:
                    ready.append(b)
    return ready


def _rows(roots: list[str], children: dict[str, list[str]]) -> dict[str, float]:
    """Return a row for each node: leaves below each other, others in the middle of what hangs from them."""
    row: dict[str, float] = {}
    free = 0
    stack = [(root, False) for root in reversed(roots)]
    while stack:
        name, done = stack.pop()
        under = children[name]
        if not under:
            row[name] = float(free)
            free += 1
        elif done:
            row[name] = (row[under[0]] + row[under[-1]]) / 2
        else:
            stack.append((name, True))
            stack += [(each, False) for each in reversed(under)]
    return row
