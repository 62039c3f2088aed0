"""Stances of several models: what is stable, what goes from task to task, and how often that is false."""

import itertools

import numpy as np
import pytest

from selfscope.stats.stances import nudging, residual_stance


def stances(rng, models, lean, noise=1.0):
    shape = (models, 6, 12, 6)
    sentence = rng.normal(size=(1, 1, 12, 6)) * 5
    model = lean * rng.normal(size=(models, 1, 1, 6))
    return sentence + model + noise * rng.normal(size=shape)


def test_a_stance_that_goes_from_task_to_task_is_found():
    found = nudging(residual_stance(stances(np.random.default_rng(0), 2, 1.0)))
    assert found.p == found.p_least == pytest.approx(1 / 32)
    assert found.p_carried == found.p_least_carried == pytest.approx(1 / 2048)
    assert found.difference > 0.3
    assert found.carried > 0.3


def test_what_is_carried_is_the_mean_product_over_other_tasks_and_instances():
    x = np.random.default_rng(4).normal(size=(2, 3, 4, 5))
    pairs = [
        (x[m, i, t] * x[m, j, u]).mean()
        for m in range(2)
        for i, j in itertools.permutations(range(3), 2)
        for t, u in itertools.permutations(range(4), 2)
    ]
    assert nudging(x).carried == pytest.approx(np.mean(pairs))


def test_a_taste_for_single_sentences_is_stable_and_seldom_called_carried():
    rng = np.random.default_rng(1)
    told = [
        nudging(residual_stance(rng.normal(size=(2, 1, 12, 6)) + 0.5 * rng.normal(size=(2, 4, 12, 6))))
        for _ in range(100)
    ]
    assert min(t.difference for t in told) > 0.5
    assert np.mean([t.p_carried <= 0.05 for t in told]) <= 0.09
    assert np.mean([t.carried for t in told]) == pytest.approx(0, abs=0.01)


def test_models_that_are_one_are_seldom_told_apart():
    rng = np.random.default_rng(2)
    told = [nudging(residual_stance(stances(rng, 2, 0.0))) for _ in range(60)]
    assert np.mean([t.p <= 0.05 for t in told]) <= 0.12
    assert np.mean([t.difference for t in told]) == pytest.approx(0, abs=0.02)


def test_with_two_models_and_four_instances_nothing_can_be_tested():
    few = stances(np.random.default_rng(0), 2, 5.0)[:, :4]
    assert nudging(residual_stance(few)).p_least == pytest.approx(1 / 8)
