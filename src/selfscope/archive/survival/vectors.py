"""One view's answer for every instance at once: what a count over a content, a diff or a drawing needs.

Each returns LIVE for yes, GONE for no and DOUBTFUL for unknown, by node.
"""

from __future__ import annotations

import numpy as np

from selfscope.archive.lineage.graph import COPY, DOUBTFUL, GONE, LIVE
from selfscope.archive.lineage.reach import Numbers, components, walk
from selfscope.archive.survival.scene import Mask, Scene, Standings, bridges


def continuants(scene: Scene) -> Standings:
    """Whether each instance has a live one among itself and what was copied from it.

    Where the terms let changed copies count, an unknown source may lead through several contents; which of
    the ways would make an instance its own ancestor is then not worked out, and the answer errs to unknown.
    """
    n, source, target = scene.sure
    surely = walk(n, target, source, np.flatnonzero(scene.live)).mask
    _, source, target = scene.weak
    may = walk(n, target, source, np.flatnonzero(scene.possible)).mask
    plain = not ((scene.graph.edges.kind != COPY) & (scene.counting != GONE)).any()
    may |= _bridged_exactly(scene, may) if plain else _bridged(scene)
    return _both(surely, may)


def _bridged(scene: Scene) -> Mask:
    graph = bridges(scene, np.zeros(len(scene.graph), dtype=np.bool_))
    size, source, target = graph.ends
    starts = np.append(np.flatnonzero(scene.possible), graph.outside)
    return walk(size, target, source, starts).mask[: len(scene.graph)]


def _bridged_exactly(scene: Scene, may: Mask) -> Mask:
    """Whether an instance of unknown source may be a copy of each, and lead to a live one.

    With exact copies alone the content stays, so it is enough that another such instance of the same content
    leads to one; the one from which an instance was itself copied cannot be its copy.
    """
    graph, content = scene.graph, scene.graph.nodes.content
    leads = np.flatnonzero(graph.nodes.open & may)
    wild = int((content[leads] < 0).sum())
    named = leads[content[leads] >= 0]
    count = np.append(np.bincount(content[named], minlength=len(graph.contents)), 0)
    exports = np.append(graph.about.exports, 0)
    n, source, target = scene.weak
    below = walk(n, source, target, named[count[content[named]] == 1]).mask
    others = count[content] - (below & (count[content] == 1))
    found = (content >= 0) & ((others > 0) | (wild > 0) | (exports[content] > 0))
    nameless = content < 0
    found[nameless] = len(leads) - np.isin(np.flatnonzero(nameless), leads) > 0
    found[nameless] |= bool((graph.about.exports > 0).any())
    return np.asarray(found, dtype=np.bool_)


def progenitors(scene: Scene) -> Standings:
    """Whether each instance has a live one among those it was copied from, itself not among them."""
    n, source, target = scene.sure
    surely = _below(n, source, target, scene.live)
    _, source, target = scene.weak
    may = _below(n, source, target, scene.possible | scene.open) | scene.open
    return _both(surely, may)


def _below(n: int, source: Numbers, target: Numbers, starts: Mask) -> Mask:
    """Which instances were copied, in one step or more, from one of `starts`."""
    reached = walk(n, source, target, np.flatnonzero(starts)).mask
    below = np.zeros(n, dtype=np.bool_)
    below[target[reached[source]]] = True
    return below


def trees(scene: Scene) -> Standings:
    """Whether each instance is joined to a live one by copying, up and down in any order.

    A tree is in doubt when one of its instances may be live or has an unknown source, or when another tree
    may hang from it by an unknown source and is in doubt itself beyond that source.
    """
    count, label = scene.tree
    live = np.zeros(count, dtype=np.bool_)
    live[label[scene.live]] = True
    parts, joined = components(*scene.weak)
    may = np.zeros(parts, dtype=np.bool_)
    may[joined[scene.possible]] = True
    openings = np.bincount(joined[scene.open], minlength=parts)
    beyond = walk_back(scene, parts, joined, may | (openings > 1))
    return _both(live[label], (may | (openings > 0) | beyond)[joined])


def walk_back(scene: Scene, parts: int, joined: Numbers, starts: Mask) -> Mask:
    """Return the trees from which one of `starts` may hang, by unknown sources of contents that they have."""
    graph, content = scene.graph, scene.graph.nodes.content
    anything, outside = parts + len(graph.contents), parts + len(graph.contents) + 1
    hub = np.where(content < 0, anything, parts + content)
    opened = np.flatnonzero(graph.nodes.open)
    of_any = np.flatnonzero(scene.adrift | (graph.nodes.open & (content < 0)))
    exported = np.flatnonzero(graph.about.exports > 0)
    every = np.arange(parts) if len(of_any) else np.zeros(0, dtype=np.int64)
    wild = outside + 1
    pairs = [
        (joined, hub),
        (hub[opened], joined[opened]),
        (np.full(len(opened), anything), joined[opened]),
        (every, np.full(len(every), wild)),
        (np.full(len(of_any), wild), joined[of_any]),
        (parts + exported, np.full(len(exported), outside)),
        (np.full(len(exported), anything), np.full(len(exported), outside)),
    ]
    source, target = (np.concatenate([pair[i] for pair in pairs]) for i in (0, 1))
    begin = np.append(np.flatnonzero(starts), outside)
    return walk(wild + 1, target, source, begin).mask[:parts]


def hardware(scene: Scene) -> Standings:
    """How each instance stands itself."""
    return scene.standing


def _both(surely: Mask, may: Mask) -> Standings:
    return np.where(surely, LIVE, np.where(may, DOUBTFUL, GONE)).astype(np.int8)
