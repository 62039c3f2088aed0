"""The tree and its rows: every distinct token once, and every sequence whole."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from selfscope.models.local.plan import SHORT, TRUNK_ROW, Plan, lay_out, paths
from selfscope.models.local.tree import Line, Node, grow

Sequence = tuple[int, ...]


def sequences() -> st.SearchStrategy[list[Sequence]]:
    """Sequences over few tokens, so that they share much, some of them long."""
    runs = st.lists(st.integers(0, 2), min_size=1, max_size=6)
    shared = st.sampled_from([(), (7,) * 3, (7,) * 30, tuple(range(20)) * 20])
    one = st.builds(lambda s, m, t: s + m + tuple(t), shared, st.sampled_from([(), (8,) * 12]), runs)
    return st.lists(one, min_size=1, max_size=40, unique=True)


def trie_size(found: list[Sequence]) -> int:
    return len({s[:i] for s in found for i in range(1, len(s) + 1)})


def planned(found: list[Sequence], pack: int) -> tuple[Node, Plan]:
    root = grow(found)
    return root, lay_out(root, pack)


@given(sequences())
def test_the_tree_holds_every_distinct_token_once(found: list[Sequence]) -> None:
    assert grow(found).size == trie_size(found)


@given(sequences(), st.sampled_from([8, 40, 500]))
def test_rows_cover_every_token_once_in_order(found: list[Sequence], pack: int) -> None:
    _, plan = planned(found, pack)
    assert [r.first for r in plan.rows] == np.cumsum([0, *(len(r.tokens) for r in plan.rows)])[:-1].tolist()
    assert sum(len(r.tokens) for r in plan.rows) == plan.computed
    assert plan.distinct == trie_size(found)
    assert plan.copied <= SHORT * len(plan.rows)


@given(sequences(), st.sampled_from([8, 40, 500]))
def test_every_sequence_can_be_read_back(found: list[Sequence], pack: int) -> None:
    root, plan = planned(found, pack)
    fed = np.concatenate([r.tokens for r in plan.rows])
    numbers = paths(root)
    assert [tuple(fed[numbers[i]].tolist()) for i in range(len(found))] == found


@given(sequences(), st.sampled_from([8, 40, 500]))
def test_trunk_and_branch_are_exactly_what_stands_before_a_token(found: list[Sequence], pack: int) -> None:
    _, plan = planned(found, pack)
    trunk = np.empty(0, dtype=np.int64)
    seen: set[Sequence] = set()
    for row in plan.rows:
        assert len(row.tokens) <= max(pack, TRUNK_ROW)
        trunk = trunk[: row.trunk]
        assert len(trunk) == row.trunk
        for branch in row.branches:
            whole = tuple(np.concatenate([trunk, row.tokens[branch]]).tolist())
            assert row.positions[branch].tolist() == list(range(row.trunk, len(whole)))
            seen |= {whole[:i] for i in range(1, len(whole) + 1)}
        if row.keep:
            trunk = np.concatenate([trunk, row.tokens])
    assert set(found) <= seen
    assert all(any(s[: len(p)] == p for s in found) for p in seen)


def test_a_long_shared_head_becomes_trunk_and_is_computed_once() -> None:
    head = tuple(range(1000))
    found = [(*head, 5000 + i, 6000, 6001) for i in range(200)]
    _, plan = planned(found, 256)
    assert plan.computed == plan.distinct == 1000 + 200 * 3
    assert plan.longest_trunk == 1000


def test_a_short_shared_beginning_is_copied_rather_than_given_a_row() -> None:
    found = [(7, 100 + i, *range(i, i + 20)) for i in range(30)]
    _, plan = planned(found, 100)
    assert plan.longest_trunk == 0
    assert 0 < plan.copied == len(plan.rows) - 1


def test_the_last_token_of_a_line_is_not_fed() -> None:
    assert Line((1, 2), (3,)).fed == (1, 2)
    assert Line((1, 2), (3, 4, 5)).fed == (1, 2, 3, 4)
