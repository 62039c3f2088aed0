"""Shares that follow groups, and those that do not: permutations against counting, Welch against scipy."""

from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from selfscope.errors import BadInput
from selfscope.stats.coded import follows, half_difference, permuted, repeated


def one_hot(codes, options=3):
    return np.eye(options)[list(codes)]


def test_the_p_of_permutations_is_that_of_all_of_them():
    shares, groups = one_hot([0, 0, 1, 0, 1, 1, 2]), ["a", "a", "a", "a", "b", "b", "b"]

    def between(order):
        x = shares[list(order)]
        whole = x.mean(axis=0)
        return sum(len(p) * ((p.mean(axis=0) - whole) ** 2).sum() for p in (x[:4], x[4:]))

    drawn = [between(order) for order in permutations(range(7))]
    exact = np.mean(np.array(drawn) >= drawn[0] - 1e-12)
    assert follows(shares, groups).p == pytest.approx(exact, abs=0.03)


def test_what_follows_its_groups_is_found_and_what_does_not_is_not():
    groups = ["a"] * 12 + ["b"] * 12
    found = follows(one_hot([0] * 10 + [1] * 2 + [0] * 2 + [1] * 10), groups)
    assert found.p < 0.01
    assert found.most.ratio > 1
    assert found.option in (0, 1)
    calm = follows(one_hot(([0] * 6 + [1] * 6) * 2), groups)
    assert calm.p > 0.9
    assert calm.most.ratio == 0
    half = stats.studentized_range.ppf(0.95, 2, 22) * calm.most.spread / np.sqrt(12)
    assert calm.upper == pytest.approx(half)
    with pytest.raises(BadInput, match="two groups"):
        follows(one_hot([0, 1]), ["a", "a"])


def test_p_holds_its_level_for_shares_that_are_no_numbers_of_a_normal():
    rng = np.random.default_rng(4)
    small = [
        permuted(one_hot(rng.choice(3, 24, p=(0.8, 0.15, 0.05))), ["a", "b", "c"] * 8, draws=199, seed=n)
        for n in range(150)
    ]
    assert np.mean(np.array(small) <= 0.05) <= 0.09


def test_what_was_not_read_is_left_out():
    shares = one_hot([0, 1, 0, 1])
    gone = np.vstack([shares, np.full((1, 3), np.nan)])
    assert follows(gone, ["a", "a", "b", "b", "b"]).p == follows(shares, ["a", "a", "b", "b"]).p
    assert repeated(gone, ["a", "a", "b", "b", "b"]) == repeated(shares, ["a", "a", "b", "b"]) == 0


def test_the_chance_of_being_sorted_alike_is_that_of_pairs():
    codes, groups = [0, 0, 1, 2, 2, 2], ["a", "a", "a", "b", "b", "b"]
    pairs = [(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)]
    assert repeated(one_hot(codes), groups) == np.mean([codes[i] == codes[j] for i, j in pairs])
    assert np.isnan(repeated(one_hot([0, 1]), ["a", "b"]))


def test_half_a_difference_has_welchs_interval():
    rng = np.random.default_rng(1)
    first, second = rng.normal(1, 1, 9), rng.normal(0, 3, 14)
    told = stats.ttest_ind(first, second, equal_var=False).confidence_interval()
    found = half_difference(first, second)
    assert found.estimate == pytest.approx((first.mean() - second.mean()) / 2)
    assert found.ci95 == pytest.approx((told.low / 2, told.high / 2))
    assert half_difference([1, 1], [-1, -1]).ci95 == (1, 1)
    assert np.isnan(half_difference([1, np.nan], [2, 3]).estimate)
