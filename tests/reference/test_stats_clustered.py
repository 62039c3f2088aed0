"""CR2 and Satterthwaite against closed forms and statsmodels' HC2."""

import numpy as np
import pytest
import statsmodels.api as sm

from selfscope.errors import BadInput
from selfscope.stats.clustered import ClusterContrast, inverse_root

RNG = np.random.default_rng(7)


def test_clusters_of_one_are_hc2() -> None:
    x = np.column_stack([np.ones(14), RNG.normal(size=(14, 2))])
    y = RNG.normal(size=14)
    found = ClusterContrast(x, np.arange(14), [0, 0, 1]).of(y)
    other = sm.OLS(y, x).fit(cov_type="HC2")
    assert found.estimate == pytest.approx(other.params[2])
    assert found.se == pytest.approx(other.bse[2])


def test_two_groups_have_bell_and_mccaffreys_df() -> None:
    first = np.array([1.0] * 4 + [0.0] * 9)
    fit = ClusterContrast(np.column_stack([np.ones(13), first]), np.arange(13), [0, 1])
    expected = (1 / 4 + 1 / 9) ** 2 / (1 / (4**2 * 3) + 1 / (9**2 * 8))
    assert fit.df == pytest.approx(expected)
    y = RNG.normal(size=13)
    assert fit.of(y).se ** 2 == pytest.approx(y[:4].var(ddof=1) / 4 + y[4:].var(ddof=1) / 9)


def test_a_mean_over_equal_clusters_is_a_t_test_of_their_means() -> None:
    clusters = np.repeat(np.arange(8), 3)
    y = RNG.normal(size=(5, 24)) + np.repeat(RNG.normal(size=(5, 8)), 3, axis=1)
    found = ClusterContrast(np.ones((24, 1)), clusters, [1]).of(y)
    means = y.reshape(5, 8, 3).mean(axis=2)
    assert found.estimate == pytest.approx(means.mean(axis=1))
    assert found.se == pytest.approx(means.std(axis=1, ddof=1) / np.sqrt(8))
    assert found.df == pytest.approx(7)


def test_effects_that_coincide_are_refused() -> None:
    with pytest.raises(BadInput, match="does not tell its effects apart"):
        ClusterContrast(np.ones((6, 2)), np.arange(6), [0, 1])


def test_inverse_root_leaves_out_what_does_not_vary() -> None:
    matrix = np.diag([4.0, 0.25, 0.0])
    assert np.diag(inverse_root(matrix)) == pytest.approx([0.5, 2.0, 0.0])
