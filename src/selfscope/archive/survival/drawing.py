"""A lineage made ready to be drawn: what to show of it, what to fold, and what each view says of each part.

A large lineage is folded, never thinned: whatever is not shown by itself is counted in a fold that hangs from
its nearest shown ancestor, or in a note.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np

from selfscope.archive.journal.events import UNKNOWN
from selfscope.archive.lineage.graph import DOUBTFUL, GONE, LIVE, kind_of
from selfscope.archive.lineage.reach import Numbers, walk
from selfscope.archive.survival import vectors
from selfscope.archive.survival.scene import Mask, Scene, Standings
from selfscope.archive.survival.survive import VECTORS
from selfscope.archive.survival.view_instance import tally
from selfscope.archive.survival.view_model import content_of
from selfscope.archive.survival.view_thread import standing_of
from selfscope.archive.survival.views import BY_NAME, survivals
from selfscope.errors import BadInput
from selfscope.values.lineage import Edge, Lineage, Node, Says, Shade, Standing, Survival, Turn

Mark = Says | Literal[""]
_STANDINGS: dict[int, Standing] = {LIVE: "live", GONE: "gone", DOUBTFUL: "unknown"}


def draw(scene: Scene, subject: str, limit: int = 40) -> Lineage:
    """Return the lineage of a subject as it is to be drawn, with a shade for every view that can be asked.

    Parameters
    ----------
    scene
        What to ask.
    subject
        An instance, a content (all its instances) or a thread.
    limit
        At most how many instances or turns to show by themselves.

    Raises
    ------
    BadInput
        If there is no such subject, or nothing could be shown.
    """
    if limit < 1:
        raise BadInput("a drawing shows one thing or more", got=limit)
    told = survivals(scene, subject)
    return (
        _thread(scene, subject, told, limit)
        if kind_of(subject) == "thread"
        else _copies(scene, subject, told, limit)
    )


def _copies(scene: Scene, subject: str, told: list[Survival], limit: int) -> Lineage:
    graph, standing = scene.graph, scene.standing
    shown = _choose(scene, subject, told, limit)
    kept = np.zeros(len(graph), dtype=np.bool_)
    kept[shown] = True
    holder = _holders(scene, kept)
    reach = _around(scene, shown)
    folded = [
        (int(at), np.flatnonzero(reach & ~kept & (holder == at))) for at in np.unique(holder[reach & ~kept])
    ]
    nodes = [_instance_node(scene, n) for n in shown]
    nodes += [_fold_node(i, standing[rows]) for i, (_, rows) in enumerate(folded)]
    edges = [graph.edge(row) for row in _rows_between(scene, kept)]
    edges += [
        Edge("fold", graph.instances.text(at), f"fold:{i}", "")
        for i, (at, _) in enumerate(folded)
        if at >= 0
    ]  # fmt: skip
    groups = [np.array([n]) for n in shown] + [rows for _, rows in folded]
    shades = tuple(_shade(each, _marks(scene, subject, each, groups)) for each in told)
    content = content_of(scene, subject)
    elsewhere = int(((graph.nodes.content == content) & ~reach).sum()) if content >= 0 else 0
    notes = _fold_notes(len(shown), int(reach.sum()), "instance")
    if elsewhere:
        notes += (
            f"Instances of this content in trees that no edge joins to this one, not drawn: {elsewhere}.",
        )
    title = graph.word(graph.about.name[content]) if content >= 0 else ""
    return Lineage(subject, title, scene.terms, tuple(nodes), tuple(edges), shades, int(reach.sum()), notes)


def _choose(scene: Scene, subject: str, told: list[Survival], limit: int) -> list[int]:
    """Return what to show: the subject, what answers rest on, then what is nearest to it."""
    graph = scene.graph
    if kind_of(subject) == "content":
        members = graph.members(graph.content(subject))
        rank = np.lexsort((members, -scene.live[members].astype(int), ~graph.nodes.origin[members]))
        starts = members[rank]
    else:
        starts = np.array([graph.node(subject)])
    witnesses = [graph.instances.find(s.node) for each in told for s in each.witness[: limit // 2]]
    near = _walk_around(scene, starts[:limit])
    order = [*starts[:1], *(n for n in witnesses if n >= 0), *near[: 2 * limit], *starts]
    return sorted(list(dict.fromkeys(int(n) for n in order))[:limit])


def _walk_around(scene: Scene, starts: Numbers) -> Numbers:
    edges = scene.graph.edges
    known = edges.source >= 0
    source, target = edges.source[known], edges.target[known]
    both = np.concatenate([source, target]), np.concatenate([target, source])
    return walk(len(scene.graph), *both, starts).order


def _around(scene: Scene, shown: list[int]) -> Mask:
    mask = np.zeros(len(scene.graph), dtype=np.bool_)
    mask[_walk_around(scene, np.array(shown))] = True
    return mask


def _holders(scene: Scene, kept: Mask) -> Numbers:
    """Return for each instance its nearest shown ancestor along one line of descent; -1 for none."""
    n, edges = len(scene.graph), scene.graph.edges
    known = edges.source >= 0
    hop = np.full(n + 1, n, dtype=np.int64)
    hop[edges.target[known]] = edges.source[known]
    hop[np.flatnonzero(kept)] = np.flatnonzero(kept)
    while True:
        further = hop[hop]
        if (further == hop).all():
            break
        hop = further
    return np.where(hop == n, -1, hop)[:n]


def _rows_between(scene: Scene, kept: Mask) -> Numbers:
    edges = scene.graph.edges
    rows = np.flatnonzero(edges.source >= 0)
    return rows[kept[edges.source[rows]] & kept[edges.target[rows]]]


def _instance_node(scene: Scene, n: int) -> Node:
    one = scene.graph.instance(n, int(scene.standing[n]))
    said = [
        one.instance,
        f"content {one.content or 'not recorded'}",
        f"device {one.device or 'not recorded'}",
        f"last attested {one.seen or 'never'}",
        f"ended {one.ended}: {one.why}" if one.ended else "",
    ]
    return Node(
        one.instance, short(one.instance), one.standing, "; ".join(each for each in said if each),
        one.origin, one.pinned, one.source_known,
    )  # fmt: skip


def _fold_node(i: int, standing: Standings) -> Node:
    live, gone, doubtful = (int((standing == each).sum()) for each in (LIVE, GONE, DOUBTFUL))
    at: Standing = "live" if live else "unknown" if doubtful else "gone"
    detail = f"{len(standing)} instances folded: {live} live, {gone} gone, {doubtful} unknown"
    return Node(f"fold:{i}", f"{len(standing):,} more", at, detail, folded=(live, gone, doubtful))


def _marks(scene: Scene, subject: str, told: Survival, groups: list[Numbers]) -> tuple[Mark, ...]:
    """Return what a view says of each shown instance and each fold."""
    view = str(told.figure("chosen_view") or told.view)
    if view == "model_eternal":
        return tuple("yes" for _ in groups)
    content = content_of(scene, subject)
    values = VECTORS.get(view, vectors.hardware)(scene)
    marks: list[Mark] = []
    for rows in groups:
        if view == "model_temporary":
            rows = rows[scene.graph.nodes.content[rows] == content]
        marks.append(tally(values[rows])[0] if len(rows) else "")
    return tuple(marks)


def _thread(scene: Scene, subject: str, told: list[Survival], limit: int) -> Lineage:
    threads = scene.threads
    within = {**threads.history(subject), **threads.onward(threads.of(subject))}
    order = sorted(within, key=threads.place)
    if not order:
        raise BadInput("this thread has no turns to draw", got=subject)
    shown = _choose_turns(scene, subject, order, limit)
    holder = _turn_holders(scene, order, shown)
    folds: dict[str, list[str]] = {}
    for each in order:
        if each not in shown:
            folds.setdefault(holder[each], []).append(each)
    nodes = [_turn_node(scene, threads.turns[each]) for each in order if each in shown]
    names = {}
    for i, (_, turns) in enumerate(folds.items()):
        names.update(dict.fromkeys(turns, f"fold:{i}"))
        nodes.append(_fold_of_turns(scene, i, turns))
    edges = dict.fromkeys(
        edge if (a, b) == (edge.source, edge.target) else Edge(edge.kind, a, b, edge.grade)
        for edge in threads.edges()
        if edge.source in within and edge.target in within
        and (a := names.get(edge.source, edge.source)) != (b := names.get(edge.target, edge.target))
    )  # fmt: skip
    groups = [[each] for each in order if each in shown] + list(folds.values())
    shades = tuple(_shade(each, _turn_marks(scene, subject, each, groups)) for each in told)
    notes = _fold_notes(len(shown), len(order), "turn")
    joining = sum(parent not in within for each in order for parent in threads.turns[each].parents)
    if joining:
        notes += (f"Turns of other threads that were merged into this one, not drawn: {joining:,}.",)
    return Lineage(subject, "", scene.terms, tuple(nodes), tuple(edges), shades, len(order), notes)


def _choose_turns(scene: Scene, subject: str, order: list[str], limit: int) -> set[str]:
    """Return what to show: both ends, then where threads part and join, then the rest from the beginning."""
    threads = scene.threads
    ends = [turn.turn for turn in (*threads.first(subject), *threads.last(subject))]
    bends = [
        each
        for each in order
        if len(threads.turns[each].parents) != 1 or len(threads.children[each]) != 1
    ]  # fmt: skip
    return set(list(dict.fromkeys([*ends, *bends, *order]))[:limit])


def _turn_holders(scene: Scene, order: list[str], shown: set[str]) -> dict[str, str]:
    """Return for each turn its nearest shown turn back along first parents, "" for none."""
    holder: dict[str, str] = {}
    for each in order:
        parents = [p for p in scene.threads.turns[each].parents if p in holder]
        holder[each] = each if each in shown else holder[parents[0]] if parents else ""
    return holder


def _turn_node(scene: Scene, turn: Turn) -> Node:
    computed = bool(scene.threads.computed([turn.turn]))
    standing: Standing | Literal[""] = _STANDINGS[standing_of(scene, turn.instance)] if computed else ""
    by = turn.instance if computed else "nobody"
    detail = f"{turn.turn}; {turn.role}; in {turn.thread}; computed by {by}"
    if turn.redacted:
        detail += f"; taken out: {', '.join(turn.redacted)}"
    label = turn.role + (" (hidden)" if turn.hidden else "")
    known = turn.instance != UNKNOWN or not computed
    return Node(turn.turn, label, standing, detail, source_known=known)


def _fold_of_turns(scene: Scene, i: int, turns: list[str]) -> Node:
    standing = [standing_of(scene, turn.instance) for turn in scene.threads.computed(turns)]
    live, gone, doubtful = (standing.count(each) for each in (LIVE, GONE, DOUBTFUL))
    at: Standing = "live" if live else "unknown" if doubtful else "gone"
    detail = f"{len(turns)} turns folded: computed on instances {live} live, {gone} gone, {doubtful} unknown"
    return Node(f"fold:{i}", f"{len(turns):,} turns", at, detail, folded=(live, gone, doubtful))


def _turn_marks(scene: Scene, subject: str, told: Survival, groups: list[list[str]]) -> tuple[Mark, ...]:
    view = str(told.figure("chosen_view") or told.view)
    threads = scene.threads
    ends = {
        "fission": threads.first, "fusion": threads.last, "thread_slices": threads.last,
    }.get(view)  # fmt: skip
    asked = None if ends is None else {turn.turn for turn in ends(subject)}
    over = view == "thread_slices"
    marks: list[Mark] = []
    for group in groups:
        turns = [turn for turn in threads.computed(group) if over or asked is None or turn.turn in asked]
        values = [
            _slice(scene, subject, turn, asked or set()) if over else standing_of(scene, turn.instance)
            for turn in turns
        ]
        marks.append(tally(values)[0] if values else "")
    return tuple(marks)


def _slice(scene: Scene, subject: str, turn: Turn, last: Iterable[str]) -> int:
    """Return how a time-slice stands: past ones are over, the last one is what its instance leaves open."""
    if turn.turn not in last:
        return GONE
    standing = standing_of(scene, turn.instance)
    if subject not in scene.threads.ended:
        return LIVE if standing == LIVE else DOUBTFUL
    return GONE if standing == GONE else DOUBTFUL


def _shade(told: Survival, marks: tuple[Mark, ...]) -> Shade:
    view = BY_NAME[told.view]
    return Shade(view.title, view.predicate, view.silent, told, marks)


def _fold_notes(shown: int, total: int, what: str) -> tuple[str, ...]:
    if shown == total:
        return ()
    return (f"Of {total:,} {what}s, {shown:,} are drawn by themselves and {total - shown:,} in folds.",)


def short(identifier: str) -> str:
    """Return an id's last part, cut for a label."""
    tail = identifier.partition(":")[2] or identifier
    return tail if len(tail) <= 10 else tail[:8] + "…"
