"""Fracture: what is shared by contexts, what else moves, how doses act, and the rule that joins them."""

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.stats.fracture import Ratio, consistency, halves, selectivity, sweep, verdict

NOT_A_NUMBER = float("nan")


def contexts(rng, means, samples=20, noise=1.0):
    return np.asarray(means)[:, None] + noise * rng.normal(size=(len(means), samples, len(means[0])))


def test_noise_neither_raises_nor_lowers_what_contexts_share():
    """One direction in four contexts, cosines .5 by construction: unbiased, and covered as is said."""
    rng = np.random.default_rng(1)
    common, own = np.eye(40)[0], np.eye(40)[1:5]
    found = [consistency(contexts(rng, common + own, noise=0.7)) for _ in range(200)]
    assert np.mean([each.value for each in found]) == pytest.approx(0.5, abs=0.02)
    inside = np.mean([each.ci[0] <= 0.5 <= each.ci[1] for each in found])
    assert 0.90 <= inside <= 0.99


def test_one_direction_is_whole_and_pieces_are_not():
    rng = np.random.default_rng(2)
    one = consistency(contexts(rng, np.tile(3 * np.eye(12)[0], (5, 1))))
    assert one.ci[0] < 1 < one.ci[1] and one.value == pytest.approx(1, abs=0.05)
    pieces = contexts(rng, 3 * np.eye(12)[:5])
    assert consistency(pieces).value == pytest.approx(0, abs=0.05)
    assert halves(pieces) > 0.8  # pieces come again too: reliability is not consistency
    nothing = consistency(contexts(rng, np.zeros((5, 12)), samples=200))
    assert np.isnan(nothing.value) or nothing.ci[0] < 0 or nothing.ci[1] > 1


def test_turning_and_scaling_change_no_ratio():
    rng = np.random.default_rng(3)
    cells = contexts(rng, rng.normal(size=(4, 9)) + 2)
    turned = cells @ np.linalg.qr(rng.normal(size=(9, 9)))[0] * 5
    np.testing.assert_allclose(consistency(cells).ci, consistency(turned).ci)
    assert halves(cells) == pytest.approx(halves(turned))
    with pytest.raises(BadInput, match="two contexts"):
        consistency(cells[:1])


def test_off_target_moves_are_counted_without_their_noise():
    rng = np.random.default_rng(4)
    matrix = np.eye(3) * 2.0 + 0.6 * (1 - np.eye(3))
    noise = rng.normal(size=(200, 3, 3, 4, 12))
    found = [selectivity(matrix[..., None, None] + each, noise[0][:2] * 0.1).off_target for each in noise]
    assert np.mean([each.value for each in found]) == pytest.approx(0.3, abs=0.02)
    assert 0.90 <= np.mean([each.ci[0] <= 0.3 <= each.ci[1] for each in found]) <= 1.0


def test_moves_that_cancel_over_contexts_are_moves():
    effects = np.zeros((2, 2, 4, 5))
    effects[[0, 1], [0, 1]] = 1.0
    effects[0, 1] = effects[1, 0] = np.array([1.0, -1.0, 1.0, -1.0])[:, None]
    found = selectivity(effects, np.zeros((9, 2, 4, 5)))
    np.testing.assert_allclose(found.matrix, np.eye(2), atol=1e-12)
    assert found.off_target.value == pytest.approx(1) and found.random == 0
    assert found.moved.all()
    assert not selectivity(effects, np.full((9, 2, 4, 5), -1.5)).moved.any()
    with pytest.raises(BadInput, match="as many readings"):
        selectivity(effects[:1], effects)


def test_a_straight_sweep_beats_random_directions_and_a_crooked_one_is_told():
    doses = np.arange(1.0, 6.0)
    rng = np.random.default_rng(5)
    others = 0.2 * rng.normal(size=39), np.ones(39)
    straight = sweep(doses, 2 * doses, doses**2, *others)
    assert (straight.monotone, straight.smooth) == (pytest.approx(1), pytest.approx(1))
    assert straight.per_cost == pytest.approx(2) and straight.p == 1 / 40 and straight.random < 1
    crooked = sweep(doses, np.array([1.0, -1, 1, -1, 0.1]), doses**2, *others)
    assert abs(crooked.monotone) < 1 and crooked.smooth < 0 and crooked.p > 0.05
    still = sweep(doses, np.zeros(5), np.zeros(5), *others)
    assert still.monotone == still.smooth == still.per_cost == 0
    with pytest.raises(BadInput, match="four rising"):
        sweep(doses[::-1], doses, doses, *others)


def ratio(low, high):
    return Ratio((low + high) / 2, (low, high))


@pytest.mark.parametrize(
    ("reliability", "shared", "off", "moved", "said"),
    [
        (0.9, ratio(0.8, 1.0), ratio(0.1, 0.3), True, "whole"),
        (0.9, ratio(0.1, 0.6), ratio(0.1, 0.3), True, "fractured"),
        (0.9, ratio(0.8, 1.0), ratio(0.6, 0.9), True, "fractured"),
        (0.9, ratio(0.6, 0.9), ratio(0.1, 0.3), True, "cannot tell"),
        (0.9, ratio(0.8, 1.0), ratio(0.4, 0.6), True, "cannot tell"),
        (0.6, ratio(0.8, 1.0), ratio(0.1, 0.3), True, "cannot tell"),
        (0.9, ratio(0.1, 0.6), ratio(0.1, 0.3), False, "cannot tell"),
        (0.9, ratio(NOT_A_NUMBER, NOT_A_NUMBER), ratio(0.6, 0.9), True, "cannot tell"),
    ],
)
def test_the_rule(reliability, shared, off, moved, said):
    assert verdict(reliability, shared, off, moved) == said
