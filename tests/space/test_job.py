"""Into which batches a capture is cut."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from selfscope.models.local.spans import Turn
from selfscope.space.job import cut_at_forks
from selfscope.space.recipe import Conversation, Recipe

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround

SYSTEMS = {"baker": "You bake bread, " + "early " * 40, "crow": "You are a crow, " + "black " * 40}


def conversations(each: int) -> list[Conversation]:
    """Two system texts of some length, and as many short questions under each."""
    return [
        Conversation(f"{group}{i}", group, str(i), (Turn("system", text), Turn("user", f"What of {i:03}?")))
        for (group, text), i in itertools.product(SYSTEMS.items(), range(each))
    ]


def test_a_batch_is_cut_between_system_texts_rather_than_through_one() -> None:
    batches = cut_at_forks(conversations(6), 8)
    assert [len(batch) for batch in batches] == [6, 6]
    assert [{c.group for c in batch} for batch in batches] == [{"baker"}, {"crow"}]


@pytest.mark.parametrize("most", [1, 2, 3, 7, 32])
@pytest.mark.parametrize("each", [0, 1, 5, 16])
def test_every_conversation_is_in_one_batch_in_order_and_no_batch_is_small(most: int, each: int) -> None:
    given = conversations(each)
    batches = cut_at_forks(given, most)
    assert [c for batch in batches for c in batch] == given
    assert all(len(batch) <= most for batch in batches)
    assert all(2 * len(batch) > most for batch in batches[:-1])
    assert all(batches)


def test_what_is_shared_is_computed_once_though_batches_are_smaller_than_the_job(
    ground: LocalGround, tmp_path: Path
) -> None:
    from selfscope.space.capture import capture

    given = conversations(6)
    whole = capture(ground, given, Recipe(("user",)), tmp_path / "whole", batch=32)
    cut = capture(ground, given, Recipe(("user",)), tmp_path / "cut", batch=8)
    again = cut.manifest["computed"]["tokens"] - whole.manifest["computed"]["tokens"]
    assert 0 < again <= len("<|begin|>system\nYou "), "only what both system texts begin with, byte by byte"
