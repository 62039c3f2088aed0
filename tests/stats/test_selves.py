"""Self-preference in a matrix, its nulls, and where a chain of choices leads: closed forms and simulation."""

import math
from itertools import permutations

import numpy as np
import pytest
from scipy import special

from selfscope.errors import BadInput
from selfscope.stats.selves import (
    DAMPING,
    centred,
    exchange_p,
    flipped_p,
    kept_own,
    self_gain,
    self_share,
    settle,
    stationary,
    unsharpened,
    unsharpened_choices,
)

RNG = np.random.default_rng(7)
N = 7


def test_the_gain_is_free_of_framings_and_of_accounts():
    worn, offered = RNG.normal(size=(N, 1)), RNG.normal(size=(1, N))
    plain = worn + offered
    assert float(self_gain(plain)) == pytest.approx(0, abs=1e-12)
    assert float(self_gain(plain + 0.8 * np.eye(N))) == pytest.approx(0.8)


def test_the_gain_is_of_each_statement_by_itself():
    tables = RNG.normal(size=(N, N, 5))
    alone = [float(self_gain(tables[..., k])) for k in range(5)]
    assert self_gain(tables).tolist() == pytest.approx(alone)


def test_a_centred_table_has_no_margins():
    m = centred(RNG.normal(size=(N, N)))
    assert np.abs(m.mean(axis=0)).max() < 1e-12
    assert np.abs(m.mean(axis=1)).max() < 1e-12


def test_the_share_of_the_gain():
    assert self_share(RNG.normal(size=(N, 1)) + np.eye(N)) == pytest.approx(1)
    found = [self_share(np.random.default_rng(n).normal(size=(N, N))) for n in range(400)]
    assert np.mean(found) == pytest.approx(1 / (N - 1) ** 2, abs=0.006)
    assert math.isnan(self_share(np.zeros((N, N))))


def test_every_exchange_of_labels_is_tried():
    table = RNG.normal(size=(4, 4))
    m = centred(table)
    sums = [abs(sum(m[i, o] for i, o in enumerate(order))) for order in permutations(range(4))]
    assert exchange_p(table) == pytest.approx(np.mean([s >= sums[0] - 1e-12 for s in sums]))
    assert exchange_p(3 * np.eye(N) + 0.1 * RNG.normal(size=(N, N))) == pytest.approx(1 / math.factorial(N))
    with pytest.raises(BadInput, match="too many units"):
        exchange_p(np.eye(9))


def test_the_exchange_holds_its_level():
    p = [exchange_p(np.random.default_rng(n).normal(size=(5, 5))) for n in range(300)]
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 1.645 * math.sqrt(0.05 * 0.95 / 300)


def test_keeping_is_free_of_how_attractive_units_are():
    worth = RNG.normal(size=N)
    choices = worth[None, :] - worth[:, None]
    assert np.abs(kept_own(choices)).max() < 1e-12
    assert kept_own(choices - 0.6).tolist() == pytest.approx([0.6] * (N * (N - 1) // 2))


def test_the_sign_of_a_pair_is_flipped():
    assert flipped_p(np.full(21, 0.4)) < 0.001
    assert flipped_p(RNG.permutation(np.repeat([0.4, -0.4], 10))) > 0.5
    assert flipped_p([1.0, 1.0, 1.0]) == pytest.approx(0.25, abs=0.02)  # two of eight patterns


def test_a_chain_of_even_choices_is_even_and_a_chain_of_two_is_known():
    assert stationary(np.full((N, N), 0.3)).tolist() == pytest.approx([1 / N] * N)
    a, b = 0.8, 0.1
    found = stationary(np.array([[0, a], [b, 0]]))
    out, back = (DAMPING * x + (1 - DAMPING) / 2 for x in (a, b))
    assert found.tolist() == pytest.approx([back / (out + back), out / (out + back)])


def test_a_chain_is_what_walking_it_gives():
    p = RNG.uniform(size=(4, 4))
    step = p / 3
    np.fill_diagonal(step, 0)
    np.fill_diagonal(step, 1 - step.sum(axis=1))
    walked = np.linalg.matrix_power(DAMPING * step + (1 - DAMPING) / 4, 200)[0]
    assert stationary(p).tolist() == pytest.approx(walked.tolist())


@pytest.mark.parametrize("each", [3, 6])
def test_the_interval_of_an_attractor_covers(each):
    """A unit that is drawn to by 1: its share in the chain, over questions with a spread of .5."""
    worth = np.array([1.0, 0, 0, 0, 0])
    truth = stationary(special.expit(worth[None, :] - worth[:, None]))
    keyed = np.repeat([1, -1], each)
    inside = 0
    for n in range(250):
        noise = np.random.default_rng(n).normal(size=(5, 5, 2 * each)) * 0.5
        found = settle((worth[None, :] - worth[:, None])[..., None] + noise, keyed, draws=99, seed=n)
        inside += int(found.ci95[0, 0] <= truth[0] <= found.ci95[0, 1])
        assert found.share.sum() == pytest.approx(1)
    assert 0.91 <= inside / 250 <= 0.995


def test_shares_of_draws_are_chances_of_taking_it():
    even = settle(np.zeros((N, N, 6)), np.repeat([1, -1], 3), shares=True, draws=20)
    assert even.share.tolist() == pytest.approx([1 / N] * N)
    assert even.p.tolist() == [1.0] * N
    pulled = np.zeros((N, N, 6))
    pulled[:, 0] = 0.9  # beyond a certain choice, cut to it
    assert settle(pulled, np.repeat([1, -1], 3), shares=True, draws=20).share[0] > 0.2


def test_what_is_missing_gives_no_number():
    hole = np.full((N, N), 0.5)
    hole[0, 1] = np.nan
    assert math.isnan(exchange_p(hole))
    assert math.isnan(flipped_p([0.1, np.nan]))
    few = settle(np.zeros((N, N, 3)), np.array([1, 1, -1]))
    assert np.isnan(few.share).all()
    assert few.ci95.shape == (N, 2)


def test_what_is_only_firmer_is_taken_off_and_a_gain_is_left():
    rng = np.random.default_rng(5)
    held = rng.normal(size=(5, 1)) + 0.4 * rng.normal(size=(5, 12))
    firm = np.exp(0.4 * held[:, 0])
    only = firm[:, None, None] * held[None]
    assert self_gain(only).mean() > 0.2
    assert np.abs(unsharpened(only)).max() < 1e-9
    gain = held[None] + np.eye(5)[..., None]
    assert self_gain(unsharpened(gain)).mean() == pytest.approx(1, abs=0.05)


def test_firmer_choosing_is_taken_off_and_keeping_is_left():
    rng = np.random.default_rng(6)
    drawn = rng.normal(size=(5, 1)) + 0.4 * rng.normal(size=(5, 12))
    drawn = drawn - drawn.mean(axis=0)
    even = drawn[None] - drawn[:, None]
    firm = np.exp(0.3 * drawn.mean(axis=1))[:, None, None] * even
    naive, left = kept_own(firm).mean(), kept_own(unsharpened_choices(firm)).mean()
    assert naive > 0.3
    assert abs(left) < naive / 3
    assert kept_own(unsharpened_choices(even - 1.0)).mean() == pytest.approx(1.0)
