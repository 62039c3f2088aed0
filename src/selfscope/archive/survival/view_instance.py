"""Views on which the subject is a particular copy, or is carried on by copying.

Asked about a content, each is asked about every known instance of it, and says of how many it is true.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from selfscope.archive.lineage.graph import DOUBTFUL, GONE, KINDS, LIVE, Graph, kind_of
from selfscope.archive.lineage.reach import Numbers, Walk, walk
from selfscope.archive.survival import vectors
from selfscope.archive.survival.scene import Ends, Mask, Scene, Standings, bridges
from selfscope.values.lineage import GRADES, Says, Step, Survival

LONGEST_WITNESS = 200
"""A witness path lists so many steps; a longer one leaves out its middle and says how many."""

RESTRICTED = "It has live continuants of its own, for which the argument does not claim this."
Figures = tuple[tuple[str, int | float | str], ...]
SAYS: dict[int, Says] = {LIVE: "yes", GONE: "no", DOUBTFUL: "unknown"}


def hardware(scene: Scene, subject: str) -> Survival:
    """Whether this very instance is live."""
    if kind_of(subject) == "content":
        return _count(scene, subject, "hardware", vectors.hardware)
    node = scene.graph.node(subject)
    here = scene.graph.instance(node, int(scene.standing[node]))
    figures: Figures = (
        ("device", here.device), ("began", here.began), ("ended", here.ended), ("last_attested", here.seen),
        ("attested_by", here.seen_by), ("pinned", "yes" if here.pinned else "no"),
    )  # fmt: skip
    return _one(scene, "hardware", node, int(scene.standing[node]), (Step(subject),), figures)


def continuant(scene: Scene, subject: str) -> Survival:
    """Whether it or something copied from it is live; how many steps away, on how many leaves."""
    if kind_of(subject) == "content":
        return _count(scene, subject, "continuant", vectors.continuants)
    node = scene.graph.node(subject)
    n, source, target = scene.sure
    down = walk(n, source, target, np.array([node]))
    live = down.order[scene.live[down.order]]
    notes = _uncounted(scene, down.mask)
    if len(live):
        parents = np.zeros(n, dtype=np.bool_)
        parents[source] = True
        path = down.path(int(live[0]))
        figures: Figures = (
            ("copy_steps", len(path) - 1), ("live_continuants", len(live)),
            ("live_leaves", int((~parents[live]).sum())),
        )  # fmt: skip
        return _one(scene, "continuant", node, LIVE, _steps(scene, path), figures, notes)
    path = _possible_path(scene, node)
    return _one(scene, "continuant", node, DOUBTFUL if path else GONE, _steps(scene, path), (), notes)


def progenitor(scene: Scene, subject: str) -> Survival:
    """Whether something that it was copied from is live; how many steps up; has it continuants."""
    if kind_of(subject) == "content":
        return _count(scene, subject, "progenitor", vectors.progenitors)
    node = scene.graph.node(subject)
    n, source, target = scene.sure
    up = walk(n, target, source, np.array([node]))
    above = up.order[1:]
    live = above[scene.live[above]]
    own = continuant(scene, subject).answer
    flag = ("has_live_continuants", own)
    notes: tuple[str, ...] = (RESTRICTED,) if own == "yes" else ()
    if len(live):
        path = up.path(int(live[0]))
        figures: Figures = (("steps_up", len(path) - 1), flag)
        return _one(scene, "progenitor", node, LIVE, _steps(scene, path), figures, notes)
    n, source, target = scene.weak
    up = walk(n, target, source, np.array([node]))
    goal = scene.possible.copy()
    goal[node] = False
    hits = up.order[(goal | scene.open)[up.order]]
    if not len(hits):
        return _one(scene, "progenitor", node, GONE, (), (flag,), notes)
    if scene.open[hits[0]]:
        notes += (f"Nobody recorded what {scene.graph.instances.text(hits[0])} was copied from.",)
    return _one(scene, "progenitor", node, DOUBTFUL, _steps(scene, up.path(int(hits[0]))), (flag,), notes)


def whole_tree(scene: Scene, subject: str) -> Survival:
    """Whether it is joined to a live instance by copying in either direction; how long and bent the path."""
    if kind_of(subject) == "content":
        return _count(scene, subject, "whole_tree", vectors.trees)
    node = scene.graph.node(subject)
    for value, ends, goal in ((LIVE, scene.sure, scene.live), (DOUBTFUL, scene.weak, scene.possible)):
        about = _either_way(ends, node)
        found = about.order[goal[about.order]]
        if len(found):
            path = about.path(int(found[0]))
            steps = _steps(scene, path)
            figures: Figures = (("path_length", len(path) - 1), ("direction_changes", _bends(scene, path)))
            return _one(scene, "whole_tree", node, value, steps, figures)
    value = int(vectors.trees(scene)[node])
    notes = ("Another tree may hang from this one, or this one from another, by an unknown source.",)
    return _one(scene, "whole_tree", node, value, (), (), notes if value == DOUBTFUL else ())


def _either_way(ends: Ends, node: int) -> Walk:
    n, source, target = ends
    return walk(n, np.concatenate([source, target]), np.concatenate([target, source]), np.array([node]))


def _possible_path(scene: Scene, node: int) -> list[int]:
    """Return a path down to what may be live, over what may be a copy; [] where there is none."""
    n, source, target = scene.weak
    plain = walk(n, source, target, np.array([node]))
    found = plain.order[scene.possible[plain.order]]
    if len(found):
        return plain.path(int(found[0]))
    graph = bridges(scene, scene.recorded_before(node))
    far = graph.walk(np.array([node]))
    goal = np.zeros(graph.ends[0], dtype=np.bool_)
    goal[:n] = scene.possible
    goal[graph.outside] = True
    hits = far.order[goal[far.order]]
    return far.path(int(hits[0])) if len(hits) else []


def _count(scene: Scene, subject: str, view: str, vector: Callable[[Scene], Standings]) -> Survival:
    """Ask a view about every known instance of a content."""
    members = scene.graph.members(scene.graph.content(subject))
    values = vector(scene)[members]
    answer, k, doubtful = tally(values)
    first = [each for each in (LIVE, DOUBTFUL) if (values == each).any()]
    witness = members[values == first[0]][:1] if first else []
    notes = ("Asked about each known instance of this content; it is no one answer about the model.",)
    figures: Figures = (("doubtful", doubtful),)
    names = tuple(Step(scene.graph.instances.text(each)) for each in witness)
    return Survival(view, subject, answer, k, len(members), names, figures, notes)


def tally(values: Numbers | list[int]) -> tuple[Says, int, int]:
    """Return the answer about several together, how many are surely yes, and how many are in doubt.

    Yes where all are and there is one, no where none can be, partial where some surely are and some surely
    are not; otherwise more than one of these is possible, and it is unknown.
    """
    of = np.asarray(values)
    yes, no, doubtful = (int((of == each).sum()) for each in (LIVE, GONE, DOUBTFUL))
    if yes and no:
        return "partial", yes, doubtful
    if doubtful or not len(of):
        return "unknown", yes, doubtful
    return ("yes" if yes else "no"), yes, doubtful


def _one(
    scene: Scene,
    view: str,
    node: int,
    value: int,
    witness: tuple[Step, ...],
    figures: Figures = (),
    notes: tuple[str, ...] = (),
) -> Survival:
    subject = scene.graph.instances.text(node)
    grades = [GRADES.index(step.grade) for step in witness if step.grade]
    if grades:
        figures = (*figures, ("weakest_evidence", GRADES[min(grades)]))
    path = witness if value != GONE else ()
    return Survival(view, subject, SAYS[value], int(value == LIVE), 1, path, figures, notes)


def _steps(scene: Scene, path: list[int]) -> tuple[Step, ...]:
    """Return a path as steps, its middle left out where it is long; hubs become words."""
    if len(path) <= LONGEST_WITNESS:
        return tuple(_step(scene, path, i) for i in range(len(path)))
    half = LONGEST_WITNESS // 2
    left = len(path) - 2 * half
    return (
        *(_step(scene, path, i) for i in range(half)),
        Step(f"{left} steps", way="left out"),
        *(_step(scene, path, i) for i in range(len(path) - half, len(path))),
    )


def _step(scene: Scene, path: list[int], i: int) -> Step:
    graph, n = scene.graph, len(scene.graph)
    if path[i] >= n:
        outside = path[i] == n + len(graph.contents) + 2
        return Step("an exported copy" if outside else "unknown", "unknown", "down")
    name = graph.instances.text(path[i])
    if i == 0:
        return Step(name)
    if path[i - 1] >= n:
        return Step(name, "unknown", "down")
    return _joined(graph, scene.counting != GONE, path[i - 1], path[i], name)


def _joined(graph: Graph, counting: Mask, a: int, b: int, name: str) -> Step:
    row = graph.row(a, b, counting)
    way = row >= 0
    row = row if way else graph.row(b, a, counting)
    edge = graph.edge(row)
    return Step(name, edge.kind, "down" if way else "up", edge.grade, edge.drift)


def _bends(scene: Scene, path: list[int]) -> int:
    """Return how often a path changes between down and up."""
    keys, _ = scene.graph.pairs
    a, b = np.array(path[:-1], dtype=np.int64), np.array(path[1:], dtype=np.int64)
    wanted = a * len(scene.graph) + b
    at = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    down = keys[at] == wanted if len(wanted) else np.zeros(0, dtype=np.bool_)
    return int((down[1:] != down[:-1]).sum())


def _uncounted(scene: Scene, reached: Mask) -> tuple[str, ...]:
    """Say how many changed copies of what was reached did not count, and why."""
    edges = scene.graph.edges
    kinds = [KINDS.index(kind) for kind in scene.terms.counted if kind in KINDS]
    rows = np.isin(edges.kind, kinds) & (edges.source >= 0) & (scene.counting != LIVE)
    left = rows & reached[edges.source]
    count, unmeasured = int(left.sum()), int((left & np.isnan(edges.shift)).sum())
    if not count:
        return ()
    if scene.terms.drift_at_most is None:
        return (f"Changed copies that do not count because no largest drift was named: {count}.",)
    return (f"Changed copies that do not count: {count - unmeasured}; that nobody measured: {unmeasured}.",)
