"""Moderated variances against the truth that made them, and against the identity of the trigamma function."""

import numpy as np
import pytest
from scipy import special

from selfscope.stats.moderate import Moderated, moderate, trigamma_inverse


def test_trigamma_inverse_inverts() -> None:
    y = np.geomspace(0.01, 1e5, 50)
    assert trigamma_inverse(special.polygamma(1, y)) == pytest.approx(y, rel=1e-8)


@pytest.mark.parametrize(("prior_df", "prior"), [(4.0, 0.3), (20.0, 2.0)])
def test_prior_is_recovered(prior_df: float, prior: float) -> None:
    rng = np.random.default_rng(4)
    sigma2 = prior_df * prior / rng.chisquare(prior_df, 60_000)
    s2 = sigma2 * rng.chisquare(4, 60_000) / 4
    found = moderate(s2, 4)
    d0, s0 = prior_of(found, s2)
    assert d0 == pytest.approx(prior_df, rel=0.08)
    assert s0 == pytest.approx(prior, rel=0.03)


def prior_of(found: Moderated, s2: np.ndarray) -> tuple[float, float]:
    """d₀ and s₀² of what weighs 4 degrees of freedom with them."""
    d0 = found.df[0] - 4
    return d0, ((d0 + 4) * found.variance[0] - 4 * s2[0]) / d0


def test_posterior_weighs_by_degrees_of_freedom() -> None:
    s2 = np.array([0.01, 0.2, 3.0, 0.4, 9.0, 0.05])
    found = moderate(s2, 4)
    d0, s0 = prior_of(found, s2)
    assert 0 < d0 < np.inf
    assert found.variance == pytest.approx((d0 * s0 + 4 * s2) / (d0 + 4))
    assert found.df == pytest.approx(np.full(6, d0 + 4))


def test_equal_variances_pool_without_limit() -> None:
    found = moderate([0.5, 0.5, 0.5], 4)
    assert np.isinf(found.df).all()
    offset = np.log(0.5) - special.digamma(2) + np.log(2)
    assert found.variance == pytest.approx(np.full(3, np.exp(offset)))


def test_moderated_t_has_its_level() -> None:
    rng = np.random.default_rng(8)
    sigma = np.sqrt(6 * 0.1 / rng.chisquare(6, (4000, 21, 1)))
    texts = rng.normal(size=(4000, 21, 6)) * sigma
    moderated = moderate(texts[..., 1:].var(axis=-1, ddof=1), 4)
    t = (texts[..., 0] - texts[..., 1:].mean(axis=-1)) / np.sqrt(moderated.variance * 1.2)
    finite = np.where(np.isinf(moderated.df), 1e9, moderated.df)
    p = 2 * special.stdtr(finite, -np.abs(t))
    assert (p <= 0.05).mean() == pytest.approx(0.05, abs=0.006)


@pytest.mark.parametrize("s2", [[0.7], [0.0, 0.0, 0.3], [0.0, 0.0]])
def test_nothing_to_borrow_leaves_variances_alone(s2: list[float]) -> None:
    found = moderate(s2, 4)
    assert found.df == pytest.approx(np.full(len(s2), 4.0))
    assert found.variance == pytest.approx(s2)


def test_missing_dimensions_stay_missing() -> None:
    found = moderate([0.5, np.nan, 0.6, 0.4], 4)
    assert np.isnan(found.variance).tolist() == [False, True, False, False]
    assert found.variance[0] == pytest.approx(moderate([0.5, 0.6, 0.4], 4).variance[0])
