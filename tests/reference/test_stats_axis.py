"""Components, shrinkage and whitening against scikit-learn; halves against a closed form."""

import numpy as np
import pytest

from selfscope.stats.axis import principal
from selfscope.stats.halves import full_length, split_half
from selfscope.stats.whitened import ledoit_wolf


def test_components_are_scikit_learns():
    from sklearn.decomposition import PCA

    x = np.random.default_rng(1).normal(size=(12, 30)) * np.linspace(3, 1, 30)
    theirs, ours = PCA(11).fit(x), principal(x)
    np.testing.assert_allclose(ours.shares, theirs.explained_variance_ratio_)
    np.testing.assert_allclose(np.abs((ours.directions * theirs.components_).sum(1)), 1)


def test_shrinkage_is_scikit_learns():
    from sklearn.covariance import ledoit_wolf as theirs

    for seed, scales in enumerate((np.ones(8), np.geomspace(1, 20, 8))):
        x = np.random.default_rng(seed).normal(size=(40, 8)) * scales
        covariance, shrinkage = theirs(x, assume_centered=True)
        found, variance = ledoit_wolf(x)
        assert found == pytest.approx(shrinkage)
        assert variance == pytest.approx(np.trace(covariance) / 8)


def test_halves_of_long_vectors_meet_the_closed_form():
    """Independent noise in many directions: cosine = |μ|² / (|μ|² + noise of a half)."""
    rng, width, roles, questions = np.random.default_rng(3), 4000, 8, 8
    own, noise = 1.0, 1.5
    default = np.full(width, 0.5) + noise * rng.normal(size=(questions, width))
    cells = own * rng.normal(size=(roles, 1, width)) + noise * rng.normal(size=(roles, questions, width))

    def expected(share: float) -> float:
        error = own**2 / (roles * share) + noise**2 / (questions * share)
        error += noise**2 / (roles * questions * share**2)
        return 0.25 / (0.25 + error)

    found = split_half(cells[None], default[None])[0]
    assert found == pytest.approx(expected(0.5), abs=0.03)
    # The noise of single cells falls with the square of the material, so the whole does a little better.
    assert full_length(found) == pytest.approx(expected(1.0), abs=0.04)
    assert full_length(np.asarray(expected(0.5))) < expected(1.0)
