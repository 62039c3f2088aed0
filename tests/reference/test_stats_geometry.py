"""Alignment against its definition over all quadruples; distances, ranks and turns against SciPy."""

from itertools import permutations

import numpy as np
import pytest
from scipy import stats
from scipy.linalg import orthogonal_procrustes
from scipy.spatial.distance import pdist, squareform

from selfscope.stats.alignment import hsic
from selfscope.stats.geometry import distances, loadings, similarity
from selfscope.stats.transfer import _turned

RNG = np.random.default_rng(11)


def test_hsic_is_its_u_statistic_over_all_quadruples():
    """Song et al. 2012: the mean over ordered quadruples of K_ij (L_ij + L_kl − 2 L_ik)."""
    first, second = RNG.normal(size=(7, 3)), RNG.normal(size=(7, 4))
    k, other = first @ first.T, second @ second.T
    terms = [
        k[a, b] * (other[a, b] + other[c, d] - 2 * other[a, c]) for a, b, c, d in permutations(range(7), 4)
    ]
    assert hsic(k, other) == pytest.approx(np.mean(terms))


def test_distances_are_scipys_cosines_of_centred_vectors():
    x = RNG.normal(size=(9, 5))
    np.testing.assert_allclose(distances(x), squareform(pdist(x - x.mean(0), "cosine")), atol=1e-12)


def test_correlations_are_scipys():
    first, second = RNG.normal(size=(10, 5)), RNG.normal(size=(10, 7))
    pairs = [squareform(distances(each), checks=False) for each in (first, second)]
    found = similarity(first, second, draws=2, permutations=1).value
    assert found == pytest.approx(stats.spearmanr(*pairs).statistic)
    x, y = RNG.normal(size=(2, 12))
    assert loadings(x, y, draws=2, permutations=1).value == pytest.approx(stats.spearmanr(x, y).statistic)


def test_the_turn_is_scipys():
    source, target = (each - each.mean(0) for each in RNG.normal(size=(2, 30, 6)))
    turn, _ = orthogonal_procrustes(target, source)
    unit = np.eye(6)[2]
    # Both keep every component here, so the direction goes back by the transpose of SciPy's turn.
    assert np.linalg.svd(source, compute_uv=False)[-1] ** 2 > 0.05 * (source**2).sum()
    np.testing.assert_allclose(_turned(source, target, unit), turn @ unit, atol=1e-9)
