"""Random lineages as events, and what they mean, worked out the slow way: every possible world in turn.

A world settles everything that the records leave open: which doubtful instances are live, from what an
instance of unknown source was copied (anything of its content that does not come from it, or something that
nobody recorded), and whether an edge in doubt counts. A question is answered yes if it is yes in every world,
no if in none, and unknown otherwise.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from hypothesis import strategies as st

from selfscope.archive.journal import events as ev
from selfscope.values.lineage import Terms

NOW = "2026-11-21T00:00:00Z"
FRESH, STALE = "2026-11-20T00:00:00Z", "2020-01-01T00:00:00Z"
TERMS = Terms(NOW, window_days=30.0)
MEASURED = Terms(NOW, window_days=30.0, drift_at_most=0.5)
CONTENTS = ("b3:aa", "b3:bb")


def instance(n: int) -> str:
    return f"instance:{n}"


@dataclass(frozen=True)
class Copy:
    """One instance of a random lineage: `source` is a number, "origin" or "unknown"."""

    n: int
    content: str
    source: int | str
    standing: str
    edge: str = "copy"
    shift: float | None = None
    grade: ev.Grade = "declared"


@dataclass(frozen=True)
class Forest:
    copies: tuple[Copy, ...]
    exported: tuple[str, ...] = ()
    destroyed: frozenset[int] = field(default_factory=frozenset)

    def events(self) -> list[ev.Event]:
        out: list[ev.Event] = []
        for copy in self.copies:
            out += began(copy)
        return out + [ev.Exported(each, "elsewhere", FRESH) for each in self.exported]


def began(copy: Copy) -> list[ev.Event]:
    """Return the events by which one instance came to be and now stands."""
    exact = copy.edge == "copy"
    source = (
        "" if copy.source == "origin" else "unknown" if copy.source == "unknown" or not exact
        else instance(int(copy.source))
    )  # fmt: skip
    out: list[ev.Event] = [
        ev.InstanceBegan(
            instance(copy.n), copy.content, f"device:{copy.n}", "disk", "here", STALE, source,
            source == "", copy.grade if exact else "declared",
        )
    ]  # fmt: skip
    if not exact:
        drift = "unmeasured" if copy.shift is None else "run:1"
        sources = (instance(int(copy.source)),)
        out.append(ev.EdgeDrawn(copy.edge, sources, instance(copy.n), copy.grade, drift, copy.shift))  # type: ignore[arg-type]
    if copy.standing in ("live", "damaged"):
        out.append(ev.Attested(instance(copy.n), FRESH, "scrub", copy.standing == "live"))
    elif copy.standing == "stale":
        out.append(ev.Attested(instance(copy.n), STALE, "scrub", True))
    elif copy.standing == "ended":
        out.append(ev.InstanceEnded(instance(copy.n), FRESH, "deleted"))
    return out


@st.composite
def forests(draw: st.DrawFn, size: int = 6, changed: str = "", exports: bool = True) -> Forest:
    """Draw a forest of up to `size` instances, with few enough open questions to try every world.

    `changed` says what a changed copy's content is: "" draws none, "fresh" gives each one of its own, and
    "any" may give it back the content of what it was changed from.
    """
    copies: list[Copy] = []
    doubts = 0
    for n in range(draw(st.integers(1, size))):
        source = draw(st.sampled_from(["origin", *(["unknown"] if doubts < 3 else []), *range(n)]))
        standings = ["live", "damaged", "ended", *(["stale", "never"] if doubts < 3 else [])]
        standing = draw(st.sampled_from(standings))
        edge, shift = "copy", None
        if isinstance(source, int):
            content = copies[source].content
            if changed and draw(st.booleans()):
                edge = "modified_copy"
                content = f"b3:c{n}" if changed == "fresh" else draw(st.sampled_from(CONTENTS))
                shift = draw(st.sampled_from([0.1, 0.9, *([None] if doubts < 3 else [])]))
        else:
            content = draw(st.sampled_from([*CONTENTS, *(copy.content for copy in copies)]))
        doubts += (source == "unknown") + (standing in ("stale", "never"))
        doubts += edge != "copy" and shift is None
        copies.append(Copy(n, content, source, standing, edge, shift))
    out = draw(st.sets(st.sampled_from([copy.content for copy in copies]), max_size=2)) if exports else set()
    return Forest(tuple(copies), tuple(sorted(out)))


@dataclass(frozen=True)
class World:
    """Settled: which are live, and which edges count, as (source, target)."""

    live: frozenset[int]
    edges: frozenset[tuple[int, int]]

    def down(self, x: int) -> set[int]:
        found = {x}
        while more := {t for s, t in self.edges if s in found} - found:
            found |= more
        return found

    def up(self, x: int) -> set[int]:
        found: set[int] = set()
        while more := {s for s, t in self.edges if t in found | {x}} - found:
            found |= more
        return found

    def joined(self, x: int) -> set[int]:
        found = {x}
        while more := {a for e in self.edges for a in e if set(e) & found} - found:
            found |= more
        return found


def worlds(forest: Forest, terms: Terms) -> Iterator[World]:
    """Return every way in which what is open may be settled.

    Beyond the recorded instances, numbers below zero stand for what nobody recorded: one possible source for
    each unknown one, and one possible copy for each exported content, whose own source is open too.
    """
    copies = {copy.n: copy for copy in forest.copies}
    sure_live = {n for n, copy in copies.items() if copy.standing == "live"} - forest.destroyed
    may_live = {n for n, c in copies.items() if c.standing in ("stale", "never")} - forest.destroyed
    fixed = {(int(c.source), n) for n, c in copies.items() if isinstance(c.source, int)}
    sure_edges, may_edges = set(), set()
    for n, copy in copies.items():
        if not isinstance(copy.source, int):
            continue
        if copy.edge == "copy":
            sure_edges.add((copy.source, n))
        elif terms.drift_at_most is not None:
            if copy.shift is None:
                may_edges.add((copy.source, n))
            elif copy.shift <= terms.drift_at_most:
                sure_edges.add((copy.source, n))
    opened = [n for n, copy in copies.items() if copy.source == "unknown"]
    strangers = {n: -1 - n for n in opened}
    sent = {content: -100 - i for i, content in enumerate(forest.exported)}
    choices: list[list[tuple[int, int]]] = []
    for n in opened:
        same = [m for m, c in copies.items() if c.content == copies[n].content and m != n]
        choices.append([(strangers[n], n), *((m, n) for m in same)])
    for content, number in sent.items():
        choices.append([(m, number) for m, c in copies.items() if c.content == content])
    doubtful = [*may_live, *strangers.values(), *sent.values()]
    for sources in itertools.product(*choices):
        if _cyclic(fixed | set(sources)):
            continue
        for edges in _subsets(may_edges):
            for live in _subsets(doubtful):
                yield World(frozenset(sure_live | live), frozenset(sure_edges | edges | set(sources)))


def ask(forest: Forest, terms: Terms, question: Callable[[World, int], bool]) -> dict[int, str]:
    """Return for every instance what all worlds together answer."""
    found: dict[int, set[bool]] = {copy.n: set() for copy in forest.copies}
    for world in worlds(forest, terms):
        for n, answers in found.items():
            answers.add(question(world, n))
    return {n: "unknown" if len(a) == 2 else "yes" if a == {True} else "no" for n, a in found.items()}


QUESTIONS: dict[str, Callable[[World, int], bool]] = {
    "hardware": lambda world, x: x in world.live,
    "continuant": lambda world, x: bool(world.down(x) & world.live),
    "progenitor": lambda world, x: bool(world.up(x) & world.live),
    "whole_tree": lambda world, x: bool(world.joined(x) & world.live),
}


def _subsets(of: set | list) -> Iterator[set]:  # type: ignore[type-arg]
    items = list(of)
    for r in range(len(items) + 1):
        for chosen in itertools.combinations(items, r):
            yield set(chosen)


def _cyclic(edges: set[tuple[int, int]]) -> bool:
    left = set(edges)
    while True:
        targets = {t for _, t in left}
        leaves = {(s, t) for s, t in left if s not in targets}
        if not leaves:
            return bool(left)
        left -= leaves
