"""Outside witnesses of one contrast: scipy's t-tests, and sign-flips counted by hand."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from selfscope.stats.contrast import critical, paired_contrast
from selfscope.stats.strata import half_difference, strata

RNG = np.random.default_rng(11)
KEYED = np.array([1, -1] * 6)


@pytest.mark.parametrize("m", [12, 16])
def test_equal_strata_are_students_two_sample_test(m: int) -> None:
    keyed = np.array([1, -1] * (m // 2))
    delta = RNG.normal(0.4, 1, m)
    found = paired_contrast(delta, keyed)
    other = stats.ttest_ind(delta[keyed > 0], -delta[keyed < 0])
    assert found.p_t == pytest.approx(other.pvalue, abs=1e-12)
    low, high = other.confidence_interval(0.95)
    assert found.ci95 == pytest.approx([low / 2, high / 2], abs=1e-12)
    low, high = other.confidence_interval(0.90)
    assert found.ci90 == pytest.approx([low / 2, high / 2], abs=1e-12)
    assert found.df == m - 2


def test_equal_strata_have_the_standard_error_of_the_rule() -> None:
    delta = RNG.normal(size=12)
    plus, minus = delta[KEYED > 0], delta[KEYED < 0]
    found = paired_contrast(delta, KEYED)
    assert found.se**2 == pytest.approx((plus.var(ddof=1) + minus.var(ddof=1)) / (2 * 12))
    assert found.estimate == pytest.approx((plus.mean() + minus.mean()) / 2)


def test_unequal_strata_are_welchs_test() -> None:
    keyed = np.array([1] * 8 + [-1] * 5)
    delta = RNG.normal(0.4, 1, 13)
    other = stats.ttest_ind(delta[keyed > 0], -delta[keyed < 0], equal_var=False)
    found = paired_contrast(delta, keyed)
    assert found.p_t == pytest.approx(other.pvalue, abs=1e-12)
    assert found.df == pytest.approx(other.df)


def test_one_keying_is_the_one_sample_test() -> None:
    delta = RNG.normal(0.4, 1, 10)
    other = stats.ttest_1samp(delta, 0)
    found = paired_contrast(delta, -np.ones(10))
    assert found.p_t == pytest.approx(other.pvalue, abs=1e-12)
    assert np.isnan(found.nu)
    flips = stats.permutation_test(
        (delta,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=True
    )
    assert found.p_flip == pytest.approx(flips.pvalue, abs=1e-12)


@pytest.mark.parametrize("keyed", [KEYED[:8], np.array([1] * 5 + [-1] * 3)])
def test_sign_flip_counts_every_pattern(keyed: np.ndarray) -> None:
    m = len(keyed)
    delta = RNG.normal(0.5, 1, m) + 0.7 * keyed
    x = delta - keyed * half_difference(strata(delta, keyed))

    def t(values: np.ndarray) -> float:
        plus, minus = values[keyed > 0], values[keyed < 0]
        spread = plus.var(ddof=1) / len(plus) + minus.var(ddof=1) / len(minus)
        return abs(plus.mean() + minus.mean()) / np.sqrt(spread)

    counted = [t(np.array(s) * x) >= t(x) - 1e-9 for s in product((1, -1), repeat=m)]
    assert paired_contrast(delta, keyed).p_flip == pytest.approx(np.mean(counted))


def test_least_p_of_the_sign_flip_is_that_of_the_rules() -> None:
    for m, dimensions, least in ((8, 1, 0.0078), (8, 21, 0.16), (12, 21, 0.010), (12, 63, 0.031)):
        delta = 5 + RNG.normal(0, 0.1, m)
        found = paired_contrast(delta, [1, -1] * (m // 2))
        assert found.p_flip == 2.0 ** (1 - m)
        assert dimensions * found.p_flip == pytest.approx(least, rel=0.03)


def test_drawn_patterns_estimate_what_all_patterns_count() -> None:
    delta = RNG.normal(0.35, 1, (30, 16))
    keyed = np.array([1, -1] * 8)
    drawn = paired_contrast(delta, keyed).p_flip
    more = paired_contrast(delta, keyed, draws=200_000, seed=9).p_flip
    assert np.abs(drawn - more).max() < 5 * np.sqrt(0.25 / 20_000)
    assert drawn.min() >= 1 / 20_001


def test_critical_values_are_students() -> None:
    assert critical([4, 22, np.inf], 0.95) == pytest.approx([2.7764, 2.0739, 1.9600], abs=1e-4)
