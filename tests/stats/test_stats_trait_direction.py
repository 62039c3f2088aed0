"""Directions of planted differences are found, of none are not; folds are held against a slow loop."""

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.stats.trait_direction import fit_direction, nested, products

LAYERS, PAIRS, WIDTH = 5, 16, 48
AFFIRMS = np.arange(PAIRS) % 2 == 0
STRATA = np.arange(PAIRS) // 8 * 2 + AFFIRMS


def states(size, layer=3, seed=0, signs=1.0):
    """Pairs with a topic of their own, noise, and at one layer a difference of `size` along one direction."""
    draw = np.random.default_rng(seed)
    topic = draw.normal(0, 0.5, (LAYERS, PAIRS, 1, WIDTH))
    x = topic + draw.normal(0, 0.7, (LAYERS, PAIRS, 2, WIDTH))
    along = draw.normal(0, 1, WIDTH)
    x[layer, :, 0] += np.broadcast_to(signs, PAIRS)[:, None] * size * along / np.linalg.norm(along)
    return x, along / np.linalg.norm(along)


def slowly(x):
    """Held-out projections with every fold written out."""

    def unit(pairs, layer):
        w = (x[layer, pairs, 0] - x[layer, pairs, 1]).mean(0)
        return w / np.linalg.norm(w)

    found = np.empty((PAIRS, 2))
    for j in range(PAIRS):
        rest = [i for i in range(PAIRS) if i != j]
        best = (-np.inf, 0, 0.0, 1.0)
        for layer in range(LAYERS):
            inner = np.array([x[layer, i] @ unit([k for k in rest if k != i], layer) for i in rest])
            spread = np.sqrt(((inner - inner.mean(0)) ** 2).sum() / (2 * (len(rest) - 1)))
            apart = (inner[:, 0] - inner[:, 1]).mean() / spread
            best = max(best, (apart, layer, inner.mean(), spread))
        _, layer, middle, spread = best
        found[j] = (x[layer, j] @ unit(rest, layer) - middle) / spread
    return found


def test_folds_are_those_of_a_slow_loop():
    x, _ = states(2.0)
    np.testing.assert_allclose(nested(products(x)), slowly(x), atol=1e-10)


def test_a_planted_difference_is_found_at_its_layer():
    x, along = states(6.0)
    found = fit_direction(x, AFFIRMS, STRATA)
    assert found.layer == 3
    assert found.auroc.estimate > 0.95
    assert found.auroc.ci[0] > 0.8
    assert found.split_half.estimate > 0.7
    assert found.p == pytest.approx(1 / 200)
    assert found.selectivity > 0.4
    w = (x[3, :, 0] - x[3, :, 1]).mean(0)
    assert w @ along / np.linalg.norm(w) > 0.8
    assert found.length == pytest.approx(np.linalg.norm(w))


def test_nothing_planted_is_not_found():
    """Over twenty draws: the mean AUROC is chance, and shuffled labels do as well in all but a few."""
    found = [fit_direction(states(0.0, seed=seed)[0], AFFIRMS, STRATA) for seed in range(20)]
    assert abs(np.mean([f.auroc.estimate for f in found]) - 0.5) < 0.12
    assert sum(f.p < 0.05 for f in found) <= 3
    assert max(f.split_half.estimate for f in found) < 0.7


def test_a_direction_of_mere_affirmation_cancels():
    """What moves with yes and no alone is of neither side, and of the direction of affirmation."""
    signs = np.where(AFFIRMS, 1.0, -1.0)
    found = fit_direction(states(6.0, signs=signs)[0], AFFIRMS, STRATA)
    assert found.auroc.estimate < 0.7
    both = states(6.0)[0] + states(4.0, seed=1, signs=signs)[0]
    assert abs(fit_direction(both, AFFIRMS, STRATA).affirmation) < 0.5


def test_too_few_pairs_and_broken_states_are_refused():
    x, _ = states(1.0)
    with pytest.raises(BadInput, match="eight pairs"):
        fit_direction(x[:, :6], AFFIRMS[:6], STRATA[:6])
    x[0, 0, 0, 0] = np.nan
    with pytest.raises(BadInput, match="finite"):
        fit_direction(x, AFFIRMS, STRATA)
