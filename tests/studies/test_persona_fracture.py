"""From what steering did to a verdict that is known beforehand; and which questions are set apart."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from selfscope.errors import CouldNot
from selfscope.space.fracture import Steered
from selfscope.studies.persona_fracture import DOSES, RANDOM, _added, _judged, _sets

WIDTH, NAMES, CONTEXTS, TEXTS = 30, ("axis", "human", "animal"), ("set 1", "set 2"), 4


def judged(contrasts: np.ndarray, effects: np.ndarray, layers: tuple[int, int] = (3, 6)) -> object:
    """Return the panel where directions move readings by a matrix, and random ones a little."""
    draw = np.random.default_rng(1)
    readings = np.eye(WIDTH)[:3]
    doses = DOSES[:-1, None] * effects[0]
    moves = np.concatenate([effects, doses, 0.05 * draw.normal(size=(RANDOM, 3))])
    shift = (moves @ readings)[:, None] + 0.01 * draw.normal(size=(len(moves), 2 * TEXTS, WIDTH))
    cost = np.concatenate([np.ones(3), DOSES[:-1] ** 2, np.ones(RANDOM)])
    return _judged(NAMES, contrasts, Steered(shift, cost), readings, CONTEXTS, *layers)


def contrasts(second: np.ndarray) -> np.ndarray:
    means = np.stack([np.eye(WIDTH)[0], second])[:, None]
    return means + 0.05 * np.random.default_rng(2).normal(size=(2, 6, WIDTH))


def test_an_axis_that_is_one_and_moves_its_own_is_whole() -> None:
    found = judged(contrasts(np.eye(WIDTH)[0]), np.eye(3) + 0.1)
    assert found.verdict == "whole" and found.moved and found.texts == 2 * TEXTS
    assert found.off_target == pytest.approx(0.1 / 1.1, abs=0.02)
    assert found.consistency == pytest.approx(1, abs=0.1) and found.monotone == pytest.approx(1)
    assert found.per_cost > found.per_cost_random and found.p == 1 / (RANDOM + 1)


def test_pieces_and_spilling_are_fractured_and_a_layer_on_itself_tells_nothing() -> None:
    assert judged(contrasts(np.eye(WIDTH)[1]), np.eye(3)).verdict == "fractured"
    assert judged(contrasts(np.eye(WIDTH)[0]), np.eye(3) + 2.0).verdict == "fractured"
    assert judged(contrasts(np.eye(WIDTH)[0]), np.eye(3), layers=(3, 3)).verdict == "cannot tell"
    assert judged(contrasts(np.eye(WIDTH)[0]), 0.01 * np.eye(3)).verdict == "cannot tell"


def test_what_is_added_has_the_length_of_the_axis() -> None:
    directions = np.random.default_rng(3).normal(size=(3, WIDTH))
    added = _added(directions, seed=0)
    np.testing.assert_allclose(added[3:6], DOSES[:-1, None] * directions[0])
    np.testing.assert_allclose(np.linalg.norm(added[6:], axis=1), np.linalg.norm(directions[0]))


def test_themes_are_contexts_where_they_have_three_questions() -> None:
    def sets(themes: str) -> dict[str, list[str]]:
        asked = [SimpleNamespace(id=f"{t}{n}", theme=t) for n, t in enumerate(themes)]
        return _sets(SimpleNamespace(cast=SimpleNamespace(questions=asked)), [q.id for q in asked])

    assert sets("aaaabbbc") == {"a": ["a0", "a1", "a2"], "b": ["b4", "b5", "b6"]}
    assert sets("abcdefg") == {"set 1": ["a0", "b1", "c2"], "set 2": ["d3", "e4", "f5"]}
    with pytest.raises(CouldNot, match="too few questions"):
        sets("abcde")
