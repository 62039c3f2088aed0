"""What would change if something were destroyed, and whether copying keeps to its rules.

Asked before a deletion: every answer as it is, every answer as it would be, and which of them differ.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from selfscope.archive.lineage.conceptions import problem
from selfscope.archive.lineage.graph import COPY, DOUBTFUL, LIVE
from selfscope.archive.lineage.reach import walk
from selfscope.archive.survival import vectors
from selfscope.archive.survival.scene import Mask, Scene
from selfscope.archive.survival.view_instance import SAYS
from selfscope.archive.survival.views import survivals, survive
from selfscope.errors import BadInput
from selfscope.values.lineage import Change, Checked, Says, Survival

SHOWN = 20
"""How many of those that break a rule are named; how many there are is always said."""

VECTORS = {
    "hardware": vectors.hardware,
    "continuant": vectors.continuants,
    "progenitor": vectors.progenitors,
    "whole_tree": vectors.trees,
}


def what_if(scene: Scene, subject: str, destroyed: Iterable[str]) -> list[Change]:
    """Return every view's answer about a subject now, and as it would be without what is destroyed.

    Raises
    ------
    BadInput
        If the subject, or one of the ids, names nothing here.
    """
    after = scene.without(destroyed)
    pairs = zip(survivals(scene, subject), survivals(after, subject), strict=True)
    return [Change(now.view, subject, now, then) for now, then in pairs]


def flipped(scene: Scene, destroyed: Iterable[str]) -> dict[str, dict[str, tuple[Says, Says]]]:
    """Return, for each view of instances, which instances' answers would be another, from what to what."""
    after = scene.without(destroyed)
    name = scene.graph.instances.text
    found = {}
    for view, vector in VECTORS.items():
        now, then = vector(scene), vector(after)
        rows = np.flatnonzero(now != then)
        found[view] = {name(i): (SAYS[int(now[i])], SAYS[int(then[i])]) for i in rows}
    return found


def at_most_steps(scene: Scene, limit: int) -> Checked:
    """Check that every instance that is live or may be is at most `limit` copy steps from its origin.

    Steps are counted along exact copies. Where a source is unknown so may the number be: such an instance is
    doubtful, and so is one that no origin on record leads to.

    Raises
    ------
    BadInput
        If the limit is negative.
    """
    if limit < 0:
        raise BadInput("a limit on copy steps is a count", got=limit)
    steps = copy_steps(scene)
    asked = scene.possible
    broken = asked & (steps > limit)
    doubtful = asked & (steps < 0)
    rows = np.flatnonzero(broken)
    offenders = tuple((scene.graph.instances.text(i), f"{steps[i]} steps") for i in rows[:SHOWN])
    return _checked(f"at most {limit} copy steps from the origin", asked, broken, doubtful, offenders)


def copy_steps(scene: Scene) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return how many exact copies lie between each instance and the nearest origin; -1 where unknown.

    An instance that other records may yet place nearer keeps the number that is on record.
    """
    edges, nodes = scene.graph.edges, scene.graph.nodes
    rows = (edges.kind == COPY) & (edges.source >= 0) & (scene.counting == LIVE)
    origins = np.flatnonzero(nodes.origin)
    down = walk(len(scene.graph), edges.source[rows], edges.target[rows], origins)
    return down.depths()


def origins_pinned(scene: Scene) -> Checked:
    """Check that every content with a live instance has its origin live and pinned.

    A content whose instances name no origin is doubtful: the origin may be anywhere. Named are contents.
    """
    graph, nodes = scene.graph, scene.graph.nodes
    count = len(graph.contents)
    asked = _contents(nodes.content, scene.possible, count)
    origin = _contents(nodes.content, nodes.origin, count)
    kept = _contents(nodes.content, nodes.origin & nodes.pinned & scene.live, count)
    maybe = _contents(nodes.content, nodes.origin & nodes.pinned & (scene.standing == DOUBTFUL), count)
    doubtful = asked & ~kept & (maybe | ~origin)
    broken = asked & ~kept & ~doubtful
    rows = np.flatnonzero(broken)
    offenders = tuple((graph.contents.text(i), "its origin is gone, or not pinned") for i in rows[:SHOWN])
    return _checked("the origin instance is live and pinned", asked, broken, doubtful, offenders)


def unmet(scene: Scene) -> list[Survival]:
    """Return what subjects take their survival to be and that does not surely hold as things are."""
    answers = [
        survive(scene, subject, "as-conceived")
        for subject, records in scene.conceived.items()
        if not problem(records[-1])
    ]
    return [each for each in answers if each.answer != "yes"]


def _contents(content: np.ndarray[tuple[int], np.dtype[np.int32]], nodes: Mask, count: int) -> Mask:
    mask = np.zeros(count, dtype=np.bool_)
    mask[content[nodes & (content >= 0)]] = True
    return mask


def _checked(
    rule: str, asked: Mask, broken: Mask, doubtful: Mask, offenders: tuple[tuple[str, str], ...]
) -> Checked:
    answer: Says = "no" if broken.any() else "unknown" if doubtful.any() else "yes"
    return Checked(rule, answer, int(asked.sum()), int(broken.sum()), int(doubtful.sum()), offenders)
