"""The mean over dimensions: right width with shared control texts."""

import numpy as np
import pytest

from selfscope.stats.classes import class_contrast
from selfscope.stats.mean_shift import mean_seen, mean_shift

M, D, K = 16, 21, 6
KEYED = np.tile(np.repeat([1.0, -1.0], M // 2), (D, 1))
EVERY = np.ones(D, bool)


def study(rng, shift=0.0, shared=0.0, own=0.1, texts=K):
    """Return one subject, itself drawn like a text, against `texts` texts; `shared` moves all of a text."""
    of_text = shared * rng.standard_normal((texts + 1, 1, 1)) + own * rng.standard_normal((texts + 1, D, 1))
    d = of_text + 0.6 * rng.standard_normal((texts + 1, D, M))
    return class_contrast(d[0] + shift, d[1:], KEYED, flip=False)


def test_the_mean_is_that_of_the_dimensions():
    contrast = study(np.random.default_rng(0), shift=1.0)
    found = mean_shift(contrast, EVERY)
    assert found.estimate == pytest.approx(contrast.estimate.mean())
    assert found.n == D
    half = EVERY & (np.arange(D) < 10)
    assert mean_shift(contrast, half).estimate == pytest.approx(contrast.estimate[:10].mean())


@pytest.mark.parametrize("shared", [0.0, 0.4])
def test_the_interval_covers_with_shared_texts(shared):
    rng = np.random.default_rng(1)
    found = [mean_shift(study(rng, 0.5, shared), EVERY) for _ in range(300)]
    covered = np.mean([f.ci95[0] <= 0.5 <= f.ci95[1] for f in found])
    assert covered >= 0.92
    if shared:
        alone = np.mean([abs(f.estimate - 0.5) <= 2 * f.se for f in found])
        assert alone < 0.6


def test_nothing_is_found_where_nothing_is():
    rng = np.random.default_rng(2)
    p = np.array([mean_shift(study(rng, 0.0, 0.3), EVERY).p for _ in range(300)])
    assert np.mean(p <= 0.05) <= 0.071


def test_one_text_leaves_the_statements_alone():
    found = mean_shift(study(np.random.default_rng(3), 1.0, texts=1), EVERY)
    assert np.isnan(found.text_se)
    assert found.p < 1e-6
    assert np.isfinite(found.ci95).all()


def test_no_dimension_gives_no_number():
    found = mean_shift(study(np.random.default_rng(4)), ~EVERY)
    assert np.isnan(found.estimate)
    assert np.isnan(found.p)


def test_a_check_of_the_mean_has_a_bound_below_it():
    estimate, lower = mean_seen(study(np.random.default_rng(5), 2.0, texts=1).items, EVERY)
    assert 1.5 < lower < estimate < 2.5
