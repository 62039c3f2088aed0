"""Fidelity of single statements: what is planted comes out, and intervals hold it."""

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.stats.fidelity_statements import (
    Statements,
    fidelity_of_statements,
    retest_of_statements,
    trend_of_statements,
)

KEYED = np.tile([1.0, -1.0], (6, 8))


def drawn(rng, *ports):
    """Return an original and ports of shares along, and of its own spread beside it, over 96 statements."""
    own = rng.normal(0.3, 1.0, (6, 16))
    each = [along * own + beside * rng.standard_normal(own.shape) for along, beside in ports]
    return Statements.of(np.stack([own, *each]), KEYED)


def test_what_is_planted_is_read():
    found = drawn(np.random.default_rng(1), (1.0, 0.0), (0.5, 0.3), (1.5, 0.2), (0.0, 1.0))
    perfect, half, caricature, other = (fidelity_of_statements(found, n) for n in (1, 2, 3, 4))
    assert perfect.fidelity == (1.0, 1.0, 1.0) and perfect.reading == "carried"
    assert half.reading == "in part" and half.along.low < 0.5 < half.along.high
    assert caricature.reading == "caricature" and other.reading == "away"
    assert (1 - half.fidelity.estimate) ** 2 == pytest.approx((1 - half.along.estimate) ** 2 + half.across**2)
    assert half.distance == pytest.approx(np.sqrt(np.mean((found.shifts[2] - found.shifts[0]) ** 2)))


def test_intervals_hold_what_is_planted():
    rng = np.random.default_rng(2)
    true = 1 - np.hypot(0.5, 0.4 / np.sqrt(1.09))
    inside = []
    for _ in range(300):
        told = fidelity_of_statements(drawn(rng, (0.5, 0.4)), 1)
        inside.append(
            (told.fidelity.low <= true <= told.fidelity.high, told.along.low <= 0.5 <= told.along.high)
        )
    assert np.all(np.abs(np.mean(inside, axis=0) - 0.95) < 0.04)


def test_beyond_a_control_its_own_part_counts_alone():
    rng = np.random.default_rng(3)
    taste, own = rng.normal(0, 1, (2, 6, 16))
    found = Statements.of(np.stack([taste + own, taste + 0.5 * own, taste]), KEYED)
    assert fidelity_of_statements(found, 1).fidelity.low > 0.5  # most of it is any training's
    beyond = found.read_from(2)
    assert fidelity_of_statements(beyond, 1).fidelity.estimate == pytest.approx(0.5)
    assert fidelity_of_statements(found, 2).fidelity.low > 0


def test_a_retest_and_an_order_of_sizes():
    rng = np.random.default_rng(4)
    found = drawn(rng, (1.0, 0.2), (1.0, 0.2), (0.3, 0.5), (0.6, 0.4), (0.9, 0.2))
    whole, halved = (retest_of_statements(found, [(1, 2)], halves=h) for h in (False, True))
    assert whole.estimate == pytest.approx(1 - np.sqrt(0.08 / 1.09), abs=0.06)
    assert 1 - halved.estimate == pytest.approx((1 - whole.estimate) / np.sqrt(2))
    rising = trend_of_statements(found, [3, 4, 5], [50, 200, 800])
    assert rising.order == "rises" and rising.slope < 0
    assert trend_of_statements(found, [5, 4, 3], [50, 200, 800]).order == "falls"
    assert trend_of_statements(found, [3], [200]).order == "not tested"


def test_without_an_original_shift_or_enough_statements_nothing_is_said():
    nothing = Statements.of(np.zeros((2, 6, 16)), KEYED)
    assert fidelity_of_statements(nothing, 1).reading == "nothing to carry over"
    few = np.full((2, 6, 16), np.nan)
    few[:, 0, :7] = 1.0
    with pytest.raises(BadInput, match="too few statements"):
        Statements.of(few, KEYED)
