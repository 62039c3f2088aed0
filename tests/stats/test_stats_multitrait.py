"""Correlations over identities and Campbell and Fiske's means: closed forms, a published matrix, coverage."""

import numpy as np
import pytest
from scipy import stats

from selfscope.errors import BadInput
from selfscope.stats.multitrait import (
    Interval,
    campbell_fiske,
    correlation,
    correlations,
    freed,
    pooled_sign,
    same_sign,
    weighted,
)

#: Campbell and Fiske 1959, Table 1 (synthetic): traits A, B, C by three methods; reliabilities .89 … .85.
TABLE_1 = """
.51
.38 .37
.57 .22 .09
.22 .57 .10 .68
.11 .11 .46 .59 .58
.56 .22 .11 .67 .42 .33
.23 .58 .12 .43 .66 .34 .67
.11 .11 .45 .34 .32 .58 .58 .60
"""
RELIABILITIES = np.array([0.89, 0.89, 0.76, 0.93, 0.94, 0.84, 0.94, 0.92, 0.85])
TRAITS, METHODS = np.tile([0, 1, 2], 3), np.repeat([0, 1, 2], 3)


def published():
    r = np.eye(9)
    for n, line in enumerate(TABLE_1.split("\n")[1:-1], start=1):
        r[n, :n] = r[:n, n] = [float(x) for x in line.split()]
    return r


def with_exactly(r, n=40, seed=3):
    """Scores of n identities whose sample correlations are r."""
    x = np.random.default_rng(seed).normal(size=(n, len(r)))
    x -= x.mean(axis=0)
    white = x @ np.linalg.inv(np.linalg.cholesky(x.T @ x / n)).T
    return white @ np.linalg.cholesky(r).T


def test_the_means_of_a_published_matrix():
    """By hand from the table: nine validities 5.10, eighteen others across methods, nine within methods."""
    x, w = with_exactly(published()), campbell_fiske(TRAITS, METHODS)
    assert correlations(x) == pytest.approx(published())
    assert w.pairs == (9, 18, 9)
    assert weighted(x, w.validity, draws=200).estimate == pytest.approx(5.10 / 9, abs=1e-9)
    across = (0.22 + 0.09 + 0.22 + 0.10 + 0.11 + 0.11) + (0.22 + 0.11 + 0.23 + 0.12 + 0.11 + 0.11)
    across += 0.42 + 0.33 + 0.43 + 0.34 + 0.34 + 0.32
    assert weighted(x, w.other_channel, draws=200).estimate == pytest.approx(across / 18, abs=1e-9)
    within = (0.51 + 0.38 + 0.37) + (0.68 + 0.59 + 0.58) + (0.67 + 0.58 + 0.60)
    assert weighted(x, w.same_channel, draws=200).estimate == pytest.approx(within / 9, abs=1e-9)


def test_what_the_paper_says_of_its_matrix_holds():
    """Validities are above other traits across methods, and no higher than other traits within a method."""
    x, w = with_exactly(published(), n=200), campbell_fiske(TRAITS, METHODS)
    assert weighted(x, w.validity - w.other_channel, draws=400).ci95[0] > 0
    found = weighted(x, w.validity - w.same_channel, draws=400)
    assert found.ci95[0] < 0 < found.ci95[1]


def test_means_free_of_error_are_means_of_correlations_free_of_error():
    x = with_exactly(published())
    w = campbell_fiske(TRAITS, METHODS, 1 / np.sqrt(RELIABILITIES))
    r, rel = published(), RELIABILITIES
    own = [r[i, j] / np.sqrt(rel[i] * rel[j]) for i in range(9) for j in range(i) if TRAITS[i] == TRAITS[j]]
    assert weighted(x, w.validity, draws=200).estimate == pytest.approx(np.mean(own))


def test_a_variable_without_reliability_is_in_no_mean_that_is_freed():
    w = campbell_fiske(TRAITS, METHODS, [np.nan, *[1.0] * 8])
    assert w.pairs == (7, 14, 7)
    assert not any(
        part[0].any() or part[:, 0].any() for part in (w.validity, w.other_channel, w.same_channel)
    )


def test_a_correlation_is_pearsons():
    x, y = np.random.default_rng(1).normal(size=(2, 12))
    assert correlation(x, y, draws=300).estimate == pytest.approx(stats.pearsonr(x, y).statistic)


def test_spearmans_correction_by_hand_its_refusal_and_its_clipping():
    """From r .30 with reliabilities .75 and .48: .30/.60 = .50."""
    found = freed(Interval(0.30, (0.06, 0.54)), 0.75, 0.48)
    assert found.estimate == pytest.approx(0.5)
    assert found.ci95 == pytest.approx((0.1, 0.9))
    assert not found.clipped
    cut = freed(Interval(0.55, (0.1, 0.9)), 0.36, 0.81)
    assert (cut.ci95[1], cut.clipped) == (1.0, True)
    assert freed(Interval(0.3, (0, 0.5)), 0.29, 0.9) is None
    assert freed(Interval(0.3, (0, 0.5)), float("nan"), 0.9) is None
    assert freed(Interval(0.3, (0, 0.5)), 0.9, float("nan")) is None


def test_signs_have_the_exact_interval():
    """Seven of eight: Clopper and Pearson .4735 to .9968."""
    a = np.array([1.0, 1, 1, 1, -1, -1, -1, 1])
    b = np.array([2.0, 3, 1, 4, -1, -2, -1, -1])
    found = same_sign(a, b)
    assert found.estimate == 0.875
    assert found.ci95 == pytest.approx((0.4735, 0.9968), abs=5e-5)
    assert same_sign(a, a).ci95[1] == 1.0
    assert same_sign(a, -a).ci95[0] == 0.0
    assert same_sign(a, 0 * a).estimate == 0.0


def test_signs_pooled_are_the_mean_over_identities():
    x = np.column_stack([np.ones(8), np.ones(8), np.tile([1.0, -1.0], 4)])
    found = pooled_sign(x, [(0, 1), (0, 2)])
    assert found.estimate == 0.75
    assert found.ci95 == pytest.approx(stats.t.interval(0.95, 7, 0.75, stats.sem([1.0, 0.5] * 4)))


def test_seven_identities_are_too_few():
    with pytest.raises(BadInput, match="too few identities"):
        correlation(np.arange(7.0), np.arange(7.0))


def test_a_variable_that_does_not_vary_has_no_interval():
    found = correlation(np.ones(9), np.arange(9.0), draws=200)
    assert found.estimate == 0.0
    assert np.isnan(found.ci95).all()


@pytest.mark.parametrize("n", [8, 16])
def test_the_interval_of_a_correlation_covers(n):
    rng, hits = np.random.default_rng(n), 0
    for seed in range(120):
        x = rng.normal(size=n)
        y = 0.6 * x + 0.8 * rng.normal(size=n)
        low, high = correlation(x, y, draws=399, seed=seed).ci95
        hits += low <= 0.6 <= high
    assert hits / 120 >= 0.89


def test_the_interval_of_validity_over_others_covers():
    rng, hits = np.random.default_rng(0), 0
    traits, methods = np.tile(np.arange(4), 2), np.repeat([0, 1], 4)
    w = campbell_fiske(traits, methods)
    for seed in range(100):
        trait, method, common = rng.normal(size=(12, 4)), rng.normal(size=(12, 2)), rng.normal(size=(12, 1))
        own = np.sqrt(0.5) * np.tile(trait, 2) + np.sqrt(0.2) * np.repeat(method, 4, axis=1)
        x = own + np.sqrt(0.1) * common + np.sqrt(0.2) * rng.normal(size=(12, 8))
        low, high = weighted(x, w.validity - w.other_channel, draws=399, seed=seed).ci95
        hits += low <= 0.5 <= high
    assert hits / 100 >= 0.88
