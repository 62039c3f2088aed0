"""Two intervals make one of their difference; words are right as often as they say."""

import numpy as np
import pytest
from scipy import stats

from selfscope.stats.agreement import difference, judge_pairs

RNG = np.random.default_rng(4)


def means(x):
    """Mean over the last axis with its t interval, and p."""
    n = x.shape[-1]
    estimate, se = x.mean(-1), x.std(-1, ddof=1) / np.sqrt(n)
    half = stats.t.ppf(0.975, n - 1) * se
    return (
        estimate,
        np.stack([estimate - half, estimate + half], -1),
        2 * stats.t.sf(np.abs(estimate / se), n - 1),
    )


def test_the_interval_is_that_of_newcombe_for_two_rates():
    """Newcombe 1998, method 10: 56/70 and 48/80, Wilson intervals squared and added: .0524 to .3339."""
    rates = np.array([56 / 70, 48 / 80])
    low, high = zip(
        *[stats.binomtest(k, n).proportion_ci(method="wilson") for k, n in ((56, 70), (48, 80))], strict=True
    )
    ci = np.stack([low, high], -1)
    found = difference(rates[0], ci[0], np.inf, rates[1], ci[1], np.inf)
    assert found.estimate == pytest.approx(0.20)
    assert found.ci95 == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_p_is_the_level_at_which_the_interval_touches_zero():
    """With one spread and normal intervals that is the p of the z test."""
    found = difference(1.0, (0.2, 1.8), np.inf, 0.0, (-0.6, 0.6), np.inf)
    z = 1.0 / (np.hypot(0.8, 0.6) / stats.norm.ppf(0.975))
    assert found.p == pytest.approx(2 * stats.norm.sf(z), rel=1e-6)
    assert found.ci95 == pytest.approx((0.0, 2.0))
    assert found.p == pytest.approx(0.05)


def test_small_p_is_no_rounding():
    found = difference(9.0, (8.8, 9.2), 14.0, 0.0, (-0.1, 0.1), 14.0)
    assert 1e-30 < found.p < 1e-12


def test_without_an_interval_there_is_no_p():
    assert np.isnan(difference(1.0, (np.nan, np.nan), 5.0, 0.0, (-1, 1), 5.0).p)


def test_skewness_of_an_interval_is_kept():
    found = difference(0.0, (-0.1, 2.0), np.inf, 0.0, (-0.1, 2.0), np.inf)
    assert found.ci95 == pytest.approx((-np.hypot(0.1, 2.0), np.hypot(2.0, 0.1)))
    lop = difference(0.0, (-0.1, 2.0), np.inf, 0.0, (0.0, 0.0), np.inf)
    assert lop.ci95 == pytest.approx((-0.1, 2.0))


@pytest.mark.parametrize("spread", [1.0, 0.2])
def test_it_covers(spread):
    a, b = RNG.normal(0, 1, (4000, 12)), RNG.normal(0, spread, (4000, 16))
    (x, x_ci, _), (y, y_ci, _) = means(a), means(b)
    found = difference(x, x_ci, 11, y, y_ci, 15)
    assert (found.p <= 0.05).mean() == pytest.approx(0.05, abs=0.015)
    outside = (found.ci95[:, 0] > 0) | (found.ci95[:, 1] < 0)
    assert (outside == (found.p <= 0.05)).all()


def test_statements_that_are_shared_are_covered_whatever_their_errors_do():
    """Errors that mirror each other: as if apart it fails three times too often, with bounds it holds."""
    x, x_ci, _ = means(RNG.normal(0, 1, (4000, 12)))
    mirrored = (-x, -x_ci[:, ::-1])
    wrong = difference(x, x_ci, 11, *mirrored, 11)
    right = difference(x, x_ci, 11, *mirrored, 11, shared=True)
    assert (wrong.p <= 0.05).mean() > 0.12
    assert (right.p <= 0.05).mean() == pytest.approx(0.05, abs=0.015)


def studies(n, first, second, spread=1.2, m=16):
    """Judge n studies of 21 dimensions in two channels with these shifts, in standard units."""
    apart, together = [], []
    for _ in range(n):
        a, b = (means(shift[:, None] + RNG.normal(0, spread, (21, m))) for shift in (first, second))
        found = difference(a[0], a[1], m - 1, b[0], b[1], m - 1)
        judged = judge_pairs(found, a[0], b[0], a[2], b[2], np.ones(21, bool))
        apart.append(judged.apart)
        together.append(judged.together)
    return np.array(apart), np.array(together)


def test_nothing_and_the_same_are_called_apart_in_few_studies():
    for shift in (0.0, 2.0):
        apart, _ = studies(150, np.full(21, shift), np.full(21, shift))
        assert apart.any(axis=1).mean() <= 0.05 + 1.645 * np.sqrt(0.05 * 0.95 / 150)


def test_one_channel_alone_is_called_together_in_few_studies():
    _, together = studies(150, np.full(21, 2.0), np.zeros(21))
    assert together.any(axis=1).mean() <= 0.05 + 1.645 * np.sqrt(0.05 * 0.95 / 150)


def test_what_is_planted_is_found():
    """Three units in one channel and none in the other; three in both."""
    half = np.where(np.arange(21) < 10, 3.0, 0.0)
    apart, _ = studies(100, half, np.zeros(21))
    assert apart[:, :10].mean() >= 0.9
    _, together = studies(100, half, half)
    assert together[:, :10].mean() >= 0.9


def test_what_does_not_count_changes_nothing():
    found = difference(
        np.array([2.0, 9.0]), np.array([[1.0, 3.0], [8.0, 10.0]]), 14.0,
        np.array([0.0, 0.0]), np.array([[-1.0, 1.0], [-1.0, 1.0]]), 14.0,
    )  # fmt: skip
    judged = judge_pairs(found, [2.0, 9.0], [0.0, 0.0], [0.001, 0.001], [0.9, 0.9], [True, False])
    assert judged.p_apart[0] == pytest.approx(found.p[0])
    assert np.isnan(judged.p_apart[1])
    assert not judged.apart[1]
