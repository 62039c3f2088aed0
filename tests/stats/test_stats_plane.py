"""The plane of families, its sides, the circle, and ladders: what is planted is found, chance is not."""

from __future__ import annotations

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.stats.ladders import agreement_within, rising
from selfscope.stats.plane import circle, plane, side

ANGLES = 2 * np.pi * np.arange(8) / 8


def families(spread: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of eight families that lie round a circle in the first two of ten coordinates."""
    draw = np.random.default_rng(seed)
    of = np.repeat(np.arange(8), 10)
    x = draw.normal(size=(80, 10))
    x[:, :2] += spread * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)[of]
    return x, of


def likeness(x: np.ndarray, of: np.ndarray) -> np.ndarray:
    means = np.stack([x[of == n].mean(axis=0) for n in range(8)])
    means = means - means.mean(axis=0)
    unit = means / np.linalg.norm(means, axis=1, keepdims=True)
    return unit @ unit.T


def test_a_planted_circle_is_found() -> None:
    x, of = families(3.0)
    found = plane(x, of, draws=49)
    assert found.held.value > 0.8 and found.held.p == found.held.least == pytest.approx(0.02)
    assert sum(found.shares[:2]) > 0.8 and sum(found.shares) == pytest.approx(1)
    told = circle(found.places, likeness(x, of), np.arange(8), 8)
    assert told is not None and told.order.p < 0.001 and told.angles.value > 0.97 and told.spread < 0.3
    assert told.order.least == pytest.approx(2 / 5040)
    # Another order of the same families is none.
    mixed = circle(found.places, likeness(x, of), np.array([0, 4, 1, 6, 3, 7, 2, 5]), 8)
    assert mixed is not None and mixed.order.p > 0.1 and mixed.angles.p > 0.1


def test_families_at_random_hold_no_plane() -> None:
    x, of = families(0.0, seed=2)
    assert plane(x, of, draws=49).held.p > 0.1


def test_a_side_that_lies_in_the_plane_is_found_and_sides_of_chance_are_not() -> None:
    places = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
    found = side(places, np.sign(np.cos(ANGLES + 0.1)))
    assert found is not None and found.first > 0.8 and found.fit.least == pytest.approx(1 / 70)
    assert found.fit.p == pytest.approx(8 / 70)  # each half of the circle fits as well as this one
    other = side(places, [1, -1, 1, -1, 1, -1, 1, -1])
    assert other is not None and other.fit.p > 0.5
    assert side(places, [1, -1, 1, 0, 0, 0, 0, 0]) is None and side(places, [1] * 8) is None


def test_few_families_make_no_plane_and_no_circle() -> None:
    x, of = families(1.0)
    with pytest.raises(BadInput, match="three families"):
        plane(x[of < 2], of[of < 2])
    assert circle(np.zeros((4, 2)), np.eye(4), np.arange(4), 8) is None


def test_readings_that_rise_are_found_and_those_that_do_not_are_not() -> None:
    draw = np.random.default_rng(3)
    rise = rising(draw.normal(size=(20, 4)) + 1.5 * np.arange(4), draws=499)
    assert rise.tau > 0.5 and rise.p == rise.least == pytest.approx(1 / 500) and rise.ci[0] > 0.3
    flat = rising(draw.normal(size=(20, 4)), draws=499)
    assert flat.p > 0.05 and flat.ci[0] < 0 < flat.ci[1]
    ladder = rising([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]], draws=99)
    assert ladder.tau == 0 and ladder.monotone == 1 and ladder.page == 24 and ladder.steps == (2, 2, 2)
    with pytest.raises(BadInput, match="ladders are numbers"):
        rising([[1.0], [2.0]])


def test_agreement_within_families_does_not_see_their_levels() -> None:
    draw = np.random.default_rng(4)
    strata, groups = np.repeat([0, 1, 2], 40), np.arange(120)
    level = 10.0 * strata
    true = draw.normal(size=120)
    found = agreement_within(true + level, true + draw.normal(size=120) - level, strata, groups, draws=300)
    assert 0.5 < found.rho < 0.9 and found.ci[0] > 0.3
    nothing = agreement_within(level + true, level + draw.normal(size=120), strata, groups, draws=300)
    assert nothing.ci[0] < 0 < nothing.ci[1]
    assert np.isnan(agreement_within(level, true, strata, groups, draws=10).rho)
