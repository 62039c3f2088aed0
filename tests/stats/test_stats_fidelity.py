"""Fidelity of ports: planted ones are covered as often as is said, and called what they are."""

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.stats.clone import accuracy, blind_p, open_fidelity, told_apart
from selfscope.stats.fidelity import (
    NOTHING,
    Share,
    Shifts,
    fidelity,
    fidelity_by_dimension,
    over_seeds,
    reading_of,
    retest,
    trend,
)

DIMS, M = 6, 12
KEYED = np.tile(np.where(np.arange(M) % 2, 1.0, -1.0), (DIMS, 1))
#: Planted: share along the original's shift, share across it, and the word that is to be said.
PLANTED = {
    "perfect": (1.0, 0.0, "carried"),
    "half": (0.5, 0.0, "in part"),
    "caricature": (1.5, 0.0, "caricature"),
    "unported": (0.0, 0.0, "not carried"),
    "unrelated": (0.0, 1.0, "away"),
}


def truths(rng, size=0.8):
    """The original's shift, and every planted port's, ``(subject, dimension)``."""
    own, other = rng.standard_normal((2, DIMS))
    own *= size * np.sqrt(DIMS) / np.linalg.norm(own)
    other -= (other @ own) / (own @ own) * own
    other *= np.linalg.norm(own) / np.linalg.norm(other)
    return np.stack([own, *(a * own + b * other for a, b, _ in PLANTED.values())])


def drawn(rng, means, spread=0.6):
    """Statements about the means; half of their spread is that of the target that all are read against."""
    shared, own = rng.standard_normal((1, DIMS, M)), rng.standard_normal((len(means), DIMS, M))
    return Shifts.of(means[:, :, None] + spread * np.sqrt(0.5) * (shared + own), KEYED)


@pytest.fixture(scope="module")
def sets():
    rng = np.random.default_rng(11)
    found = []
    for _ in range(80):
        means = truths(rng)
        shifts = drawn(rng, means)
        found.append((means, [fidelity(shifts, n) for n in range(1, len(means))]))
    return found


def true_fidelity(means, n):
    return 1 - np.linalg.norm(means[n] - means[0]) / np.linalg.norm(means[0])


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_port_is_covered_and_called_what_it_is(sets, name):
    n, (along, _, word) = list(PLANTED).index(name), PLANTED[name]
    found = [each[n] for _, each in sets]
    true = [true_fidelity(means, n + 1) for means, _ in sets]
    assert np.median([f.fidelity.estimate for f in found]) == pytest.approx(np.mean(true), abs=0.09)
    assert np.mean([f.along.estimate for f in found]) == pytest.approx(along, abs=0.05)
    inside = [f.fidelity.low <= t <= f.fidelity.high for f, t in zip(found, true, strict=True)]
    assert np.mean(inside) >= 0.90
    assert np.mean([f.along.low <= along <= f.along.high for f in found]) >= 0.90
    assert np.mean([f.reading == word for f in found]) >= 0.85


def test_noise_does_not_part_two_readings_of_one_subject():
    rng = np.random.default_rng(3)
    squares = []
    for _ in range(120):
        shifts = drawn(rng, np.repeat(truths(rng)[:1], 2, axis=0))
        way = np.outer([1.0, -1.0], [1.0, -1.0])
        squares.append(shifts.square(way))
    naive = DIMS * 0.6**2 / M  # what the squares of estimates alone would come to
    assert abs(np.mean(squares)) < 0.2 * naive
    assert min(squares) < 0


def test_along_and_across_make_up_the_distance(sets):
    for _, each in sets[:20]:
        for found in each:
            if found.across > 0 and found.distance > 0:
                apart = (1 - found.along.estimate) ** 2 + found.across**2
                assert (1 - found.fidelity.estimate) ** 2 == pytest.approx(apart, rel=1e-9)


def test_where_the_original_is_no_other_there_was_nothing_to_carry_over():
    rng = np.random.default_rng(5)
    found = [fidelity(drawn(rng, np.zeros((2, DIMS))), 1) for _ in range(60)]
    assert np.mean([f.reading == "nothing to carry over" for f in found]) >= 0.95
    assert not any(f.fidelity.bounded for f in found if f.reading == "nothing to carry over")


def test_the_target_itself_has_none_of_it_exactly():
    rng = np.random.default_rng(6)
    x = truths(rng)[:2, :, None] + 0.3 * rng.standard_normal((2, DIMS, M))
    x[1] = 0.0
    found = fidelity(Shifts.of(x, KEYED), 1)
    assert found.fidelity == pytest.approx((0.0, 0.0, 0.0), abs=1e-6)
    assert found.along == pytest.approx((0.0, 0.0, 0.0), abs=1e-6)
    assert (found.across, found.reading) == (0.0, "not carried")


def test_by_dimension_the_line_is_all_there_is():
    rng = np.random.default_rng(7)
    shifts = drawn(rng, np.stack([np.array([1.0, 1, 1, 1, 1, 0]), np.array([1.5, 1, 0.5, 0, -1, 0])]), 0.2)
    found = fidelity_by_dimension(shifts, 1)
    assert [f.reading for f in found[:5]] == ["caricature", "carried", "in part", "not carried", "away"]
    assert found[5].reading == "nothing to carry over"
    assert found[0].fidelity.estimate == pytest.approx(1 - abs(1 - found[0].along.estimate))
    assert found[1].fidelity.high == 1.0 and found[1].along.low < 1 < found[1].along.high


def test_the_ceiling_is_that_of_the_original_asked_again():
    rng = np.random.default_rng(8)
    means = truths(rng)[0]
    steady = drawn(rng, np.stack([means] * 3), 0.4)
    assert retest(steady, [(1, 2)]).low <= 1 <= retest(steady, [(1, 2)]).high
    moved = np.stack([means, 1.3 * means, 0.7 * means])
    shaky = drawn(rng, moved, 0.1)
    assert retest(shaky, [(1, 2)]).estimate == pytest.approx(0.4, abs=0.1)
    assert retest(shaky, [(1, 2)], halves=True).estimate == pytest.approx(1 - 0.6 / np.sqrt(2), abs=0.1)


def test_an_order_over_sizes_is_shown_where_there_is_one():
    rng = np.random.default_rng(9)
    own = truths(rng)[0]
    rising = drawn(rng, np.stack([own, 0.2 * own, 0.5 * own, 0.9 * own]))
    assert trend(rising, [1, 2, 3], [50, 200, 800]).order == "rises"
    assert trend(rising, [3, 2, 1], [50, 200, 800]).order == "falls"
    assert trend(rising, [1], [50]).order == "not tested"
    shown = [
        trend(drawn(rng, np.stack([own] + 3 * [0.5 * own])), [1, 2, 3], [50, 200, 800]).order
        for _ in range(60)
    ]
    assert shown.count("no order shown") >= 52


def test_seeds_are_averaged_and_the_wider_interval_is_taken():
    apart = over_seeds([Share(0.2, 0.1, 0.3), Share(0.5, 0.4, 0.6), Share(0.8, 0.7, 0.9)])
    assert apart.estimate == pytest.approx(0.5) and apart.low < 0 and apart.high > 1
    alike = over_seeds([Share(0.5, 0.4, 0.6)] * 3)
    assert alike == pytest.approx((0.5, 0.4, 0.6))
    assert over_seeds([Share(0.5, 0.4, 0.6)]) == (0.5, 0.4, 0.6)
    assert not over_seeds([Share(0.5, 0.4, 0.6), NOTHING._replace(estimate=0.4)]).bounded


def test_words_for_shares():
    along = Share(1.0, 0.9, 1.1)
    assert reading_of(Share(0.4, -0.1, 0.9), along) == "cannot tell"
    assert reading_of(Share(0.9, 0.8, 1.0), Share(1.1, 1.05, 1.15)) == "carried"  # an overshoot under a fifth
    assert reading_of(Share(0.6, 0.5, 0.7), Share(1.4, 1.2, 1.6)) == "caricature"


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(BadInput, match="do not fit"):
        Shifts.of(np.zeros((2, DIMS, M)), KEYED[:2])
    x = np.zeros((2, DIMS, M))
    x[1, 0, 2:] = np.nan
    with pytest.raises(BadInput, match="too few statements"):
        Shifts.of(x, KEYED)
    with pytest.raises(BadInput, match="two draws"):
        open_fidelity(np.zeros((4, 2, 3)), np.zeros((4, 1, 3)), np.zeros((4, 2, 3)))


def texts(rng, mean, spread=0.5):
    return mean + spread * rng.standard_normal((40, 2, 8))


def test_open_answers_are_compared_without_the_spread_of_draws():
    rng = np.random.default_rng(10)
    own = rng.standard_normal((40, 1, 8))
    found = {
        share: open_fidelity(texts(rng, own), texts(rng, share * own), texts(rng, 0 * own))
        for share in (1.0, 0.5, 0.0)
    }
    for share, told in found.items():
        assert told.low <= share <= told.high
    assert found[0.5].estimate == pytest.approx(0.5, abs=0.1)
    nothing = [open_fidelity(*(texts(rng, 0 * own) for _ in range(3))).bounded for _ in range(60)]
    assert sum(nothing) <= 5


def test_a_blind_choice_is_told_with_its_chance():
    apart = accuracy([[1.0], [1.0], [1.0], [0.5]] * 5)
    assert apart.estimate == pytest.approx(0.875)
    assert told_apart(apart, 20) == "told apart"
    assert told_apart(apart, 7) == "cannot tell"
    assert blind_p([[1.0], [1.0], [1.0], [0.5]] * 5) < 0.001
    even = np.tile([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]], (5, 1))
    assert told_apart(accuracy(even + 0.04 * np.tile([[1], [-1], [0]], (5, 1))), 15) == "not told apart"
    assert told_apart(accuracy([[0.0], [0.5]] * 8), 16) == "taken for the original"
    assert blind_p([[1.0], [0.0]] * 4) == 1.0
    assert blind_p([[1.0]] * 4) == 2 / 16
