"""Differences of paired rates: a published interval, other software's test, and no proof by silence."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from selfscope.errors import BadInput
from selfscope.stats.paired_rates import lower_bound, paired_rates


def of_counts(a, b, c, d):
    first = np.r_[np.ones(a + b), np.zeros(c + d)]
    second = np.r_[np.ones(a), np.zeros(b), np.ones(c), np.zeros(d)]
    return paired_rates(first, second)


def test_the_interval_is_newcombe_s_published_one():
    found = of_counts(36, 12, 2, 0)  # Newcombe 1998, table II, row a, method 10
    assert found.estimate == pytest.approx(0.20)
    assert found.ci95 == pytest.approx((0.0569, 0.3404), abs=5e-5)


@pytest.mark.parametrize("counts", [(0, 8, 0, 0), (3, 5, 1, 7), (2, 2, 2, 2), (0, 1, 6, 9)])
def test_p_is_mcnemar_s_exact_one_by_other_software(counts):
    a, b, c, d = counts
    assert of_counts(*counts).p == pytest.approx(mcnemar([[a, b], [c, d]], exact=True).pvalue)
    assert of_counts(*counts).p == pytest.approx(stats.binomtest(b, b + c).pvalue)


def test_silence_has_a_width_and_sides_are_exchanged():
    nothing = of_counts(0, 0, 0, 8)
    assert nothing.p == 1 and nothing.ci90[1] > 0.2
    one, other = of_counts(3, 5, 1, 7), of_counts(3, 1, 5, 7)
    assert one.ci95 == pytest.approx([-v for v in other.ci95[::-1]])
    assert one.ci95[0] < one.ci90[0] < one.estimate < one.ci90[1] < one.ci95[1]


def test_what_is_not_there_is_left_out_and_what_is_no_rate_refused():
    assert paired_rates([1, 0, np.nan], [0, 0, 1]).n == 2
    assert np.isnan(paired_rates([], []).p)
    with pytest.raises(BadInput, match="0 or 1"):
        paired_rates([0.5], [1])


@pytest.mark.parametrize(("done", "of"), [(4, 4), (3, 4), (1, 9)])
def test_the_bound_is_clopper_s_and_pearson_s(done, of):
    low, _ = proportion_confint(done, of, alpha=0.10, method="beta")
    assert lower_bound(done, of) == pytest.approx(low)
    assert lower_bound(0, of) == 0
