"""Steering: what is added at a layer is what moves there, and nothing moves without it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.standins.weights import WIDTH, write_folder

from selfscope.models.local.spans import Turn
from selfscope.space.fracture import steer
from selfscope.space.recipe import Conversation

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround

TEXTS = [
    Conversation(
        str(n), "role", "q", (Turn("user", "Who?" * (n + 1)), Turn("assistant", "I am " + "so " * n))
    )
    for n in range(3)
]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalGround]:
    from selfscope.models.local.ground import open_local

    folder: Path = tmp_path_factory.mktemp("tiny")
    write_folder(folder)
    yield open_local(folder, device="cpu", threads=1)


def test_at_the_layer_itself_states_move_by_what_is_added(ground: LocalGround) -> None:
    direction = np.random.default_rng(1).normal(size=(1, WIDTH))
    done: list[int] = []
    found = steer(ground, TEXTS, np.concatenate([direction, 0 * direction]), 1, 1, done.append)
    np.testing.assert_allclose(found.shift[0], np.repeat(direction, 3, axis=0), atol=1e-5)
    np.testing.assert_allclose(found.shift[1], 0, atol=1e-12)
    assert found.cost[0] > 0 == pytest.approx(found.cost[1], abs=1e-9)
    assert done == [1, 2]


def test_effects_reach_a_later_layer_and_costs_grow_with_the_dose(ground: LocalGround) -> None:
    direction = np.random.default_rng(2).normal(size=WIDTH)
    found = steer(ground, TEXTS, np.array([0.1, 0.2, 0.4])[:, None] * direction, 0, 1)
    sizes = np.linalg.norm(found.shift, axis=-1).mean(1)
    assert (np.diff(sizes) > 0).all() and (np.diff(found.cost) > 0).all()
    # Padding is no part of it: a text alone moves as it does in a batch.
    alone = steer(ground, TEXTS[:1], 0.4 * direction[None], 0, 1)
    np.testing.assert_allclose(alone.shift[0, 0], found.shift[2, 0], atol=1e-5)
