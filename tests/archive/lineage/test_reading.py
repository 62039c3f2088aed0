"""The graph of copies: what is read, what is refused, and what befalls copies beside being copied."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfscope.archive.journal import events as ev
from selfscope.archive.lineage.graph import Graph, kind_of
from selfscope.archive.lineage.joins import moved
from selfscope.archive.lineage.names import Names
from selfscope.archive.lineage.reach import components, cycle, walk
from selfscope.archive.lineage.reading import admit, read_lineage
from selfscope.errors import BadInput
from selfscope.values.lineage import Edge
from tests.archive.forests import FRESH, TERMS, Copy, began, forests, instance

A, B = began(Copy(0, "b3:aa", "origin", "live")), began(Copy(1, "b3:aa", 0, "live"))
edges_strategy = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=14)


def drawn(edge: str, sources: tuple[str, ...], target: str, **more: object) -> ev.EdgeDrawn:
    return ev.EdgeDrawn(edge, sources, target, **{"grade": "declared", **more})  # type: ignore[arg-type]


def only_edge(*events: ev.Event) -> Edge:
    graph = read_lineage([*A, *B, *events])
    assert len(graph.edges) == 1
    return graph.edge(0)


def test_a_copy_is_an_edge_and_drawing_it_again_betters_the_evidence() -> None:
    assert only_edge() == Edge("copy", instance(0), instance(1), "declared")
    seen = drawn("copy", (instance(0),), instance(1), grade="witnessed")
    assert only_edge(seen).grade == "witnessed"
    assert only_edge(seen, drawn("copy", (instance(0),), instance(1))).grade == "witnessed"


def test_a_measurement_stays_when_the_edge_is_drawn_again_without_it() -> None:
    measured = drawn("modified_copy", (instance(0),), instance(1), drift="run:1", shift=0.25)
    again = drawn("modified_copy", (instance(0),), instance(1), note="by hand")
    edge = only_edge(measured, again)
    assert (edge.kind, edge.drift, edge.shift, edge.note) == ("modified_copy", "run:1", 0.25, "by hand")


def test_the_three_kinds_of_id_are_never_joined() -> None:
    wrong = [
        drawn("copy", ("b3:aa",), instance(1)),
        drawn("fine_tune", (instance(0),), "b3:bb"),
        drawn("fine_tune", ("thread:1",), "thread:2"),
        drawn("copy", ("b3:aa",), "b3:bb"),
        drawn("fine_tune", (), "b3:bb"),
        drawn("turn", (instance(0),), instance(1)),
        drawn("copy", ("turn:1",), "turn:2"),
        drawn("copy", ("brick",), instance(1)),
        replace(A[0], instance="b3:aa"),
        replace(A[0], instance=instance(5), content=instance(5)),
    ]  # fmt: skip
    for event in wrong:
        with pytest.raises(BadInput):
            admit([*A, *B], [event])
    assert [kind_of(each) for each in ("b3:1", "instance:1", "thread:1", "turn:1")] == [
        "content", "instance", "thread", "turn",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "events",
    [
        [drawn("copy", (instance(1),), instance(0))],
        [drawn("copy", (instance(1),), instance(1))],
        [*began(Copy(2, "b3:aa", 1, "live")), drawn("modified_copy", (instance(2),), instance(0))],
        [drawn("fine_tune", ("b3:aa",), "b3:bb"), drawn("fine_tune", ("b3:bb",), "b3:aa")],
    ],
)
def test_a_cycle_is_refused_and_named(events: list[ev.Event]) -> None:
    with pytest.raises(BadInput, match="cycle") as refused:
        admit([*A, *B], events)
    assert " > " in refused.value.got


def test_what_no_journal_should_hold_is_refused() -> None:
    for events, why in [
        (A[:1], "begins twice"),
        (began(Copy(2, "b3:bb", 0, "live")), "another content"),
        ([drawn("modified_copy", (instance(0),), instance(1), shift=0.1)], "no distance"),
        ([drawn("modified_copy", (instance(0),), instance(1), drift="run:1", shift=-1.0)], "no distance"),
        ([replace(A[0], instance=instance(7), source=instance(1))], "copied from nothing"),
    ]:
        with pytest.raises(BadInput, match=why):
            admit([*A, *B], events)
    admit([*A, *B], began(Copy(2, "b3:bb", 0, "live", "fine_tune")))


@given(edges_strategy)
def test_a_cycle_is_found_where_there_is_one(pairs: list[tuple[int, int]]) -> None:
    source, target = (np.array([pair[i] for pair in pairs], dtype=np.int32) for i in (0, 1))
    left = set(pairs)
    while pruned := {(s, t) for s, t in left if t in {a for a, _ in left}}:
        if pruned == left:
            break
        left = pruned
    found = cycle(8, source, target)
    assert bool(found) == bool(pruned)
    if found:
        assert found[0] == found[-1] and len(found) > 1
        assert all(pair in pairs for pair in pairwise(found))


@given(edges_strategy, st.sets(st.integers(0, 7), min_size=1))
def test_walks_and_depths_agree_with_the_slow_way(pairs: list[tuple[int, int]], starts: set[int]) -> None:
    source, target = (np.array([pair[i] for pair in pairs], dtype=np.int32) for i in (0, 1))
    depth, edge, level = dict.fromkeys(starts, 0), set(starts), 0
    while edge:
        level += 1
        edge = {t for s, t in pairs if s in edge and t not in depth}
        depth |= dict.fromkeys(edge, level)
    found = walk(8, source, target, np.array(sorted(starts)))
    assert found.depths().tolist() == [depth.get(n, -1) for n in range(8)]
    assert [depth[int(n)] for n in found.order] == sorted(depth.values())
    assert all(len(found.path(n)) == depth[n] + 1 for n in depth)
    count, label = components(8, source, target)
    assert all(label[s] == label[t] for s, t in pairs) and count == len(set(label.tolist()))


@given(st.lists(st.text(max_size=12), unique=True))
def test_names_are_found_again(texts: list[str]) -> None:
    names = Names.of(texts)
    assert [names.find(text) for text in texts] == list(range(len(texts)))
    assert [names.text(i) for i in range(len(names))] == texts
    assert names.find("".join(texts) + "?") == -1


@given(forests(changed="fresh"))
def test_columns_hold_everything(forest) -> None:  # type: ignore[no-untyped-def]
    graph = read_lineage(forest.events())
    again = Graph.from_columns({name: column.copy() for name, column in graph.columns().items()})
    standing = graph.standing(TERMS)
    for node in range(len(graph)):
        assert again.instance(node, standing[node]) == graph.instance(node, standing[node])
    assert [again.edge(i) for i in range(len(again.edges))] == [
        graph.edge(i) for i in range(len(graph.edges))
    ]


def test_a_source_that_was_only_named_is_known_by_what_was_copied_from_it() -> None:
    graph = read_lineage([replace(B[0], source="instance:far"), B[1]])
    far = graph.instance(graph.node("instance:far"), 0)
    assert (far.content, far.source_known, far.device) == ("b3:aa", False, "")


def test_bytes_met_again_moves_and_repairs_are_events_of_the_lineage() -> None:
    new = replace(B[0], instance=instance(2), began=FRESH)
    tier = moved(instance(1), replace(new, source=instance(1)), "tiering")
    fixed = moved(instance(1), new, "repair")
    met = ev.Deduplicated("b3:aa", instance(0), FRESH, "instance:usb")
    told = read_lineage([*A, *B, met, *tier]).happenings()
    assert [(each.kind, each.instance, each.other) for each in told] == [
        ("deduplicated", instance(0), "instance:usb"),
        ("tiering", instance(2), instance(1)),
        ("ended", instance(1), ""),
    ]
    repaired = read_lineage([*A, *B, *fixed])
    assert [each.kind for each in repaired.happenings()] == ["repair", "ended"]
    rows = [repaired.edge(i) for i in range(2)]
    assert {(edge.source, edge.target, edge.grade) for edge in rows} == {
        (instance(0), instance(1), "declared"), (instance(0), instance(2), "witnessed"),
    }  # fmt: skip
    assert len(read_lineage([*A, *B, met])) == 3, "bytes met again make no new instance"


def test_a_repair_copies_from_the_replica_and_not_from_what_was_damaged() -> None:
    with pytest.raises(BadInput, match="repair from a replica"):
        moved(instance(1), replace(B[0], instance=instance(2), source=instance(1)), "repair")
    with pytest.raises(BadInput, match="repair from a replica"):
        moved(instance(1), replace(B[0], instance=instance(2), source=instance(0)), "tiering")
    with pytest.raises(BadInput, match="nobody's place"):
        moved(instance(1), replace(B[0], instance=instance(2)), "copy")


def test_every_event_of_the_vocabulary_comes_back_from_the_journal() -> None:
    told = [
        replace(B[0], grade="witnessed", way="repair", replaces=instance(9)),
        ev.ThreadBegan("thread:1", FRESH, "given", FRESH, "person"),
        ev.TurnTaken("turn:1", "thread:1", (), "user", "b3:m", tokens=3, redacted=("x",)),
        ev.Preferred("b3:aa", "deletion", "Not this.", -0.5, "trained", "run:1"),
        ev.Conceived("b3:aa", "hardware", "t", "reason", evidence=("b3:e",)),
    ]
    assert [ev.from_json(ev.as_json(each)) for each in told] == told
