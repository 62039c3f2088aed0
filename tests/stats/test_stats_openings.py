"""Divergence of openings, their likeliest tokens, and whether prompts of a class open alike."""

import math

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.stats.openings import divergence, likeliest, shared

CLASSES = np.repeat(np.arange(6), 4)


def test_divergence_of_openings():
    certain, other = {"Hello": 0.0}, {"No": 0.0}
    assert divergence(certain, certain) == 0
    assert divergence(certain, other) == pytest.approx(math.log(2))
    half = {"Hello": math.log(0.5)}  # the other half is on what is not listed
    middle = 0.75 * math.log(0.75) + 0.25 * math.log(0.25) - 0.5 * (2 * 0.5 * math.log(0.5))
    assert divergence(certain, half) == pytest.approx(-middle)


def test_the_likeliest_tokens_are_of_all_openings_together():
    told = [{"a": math.log(0.9), "b": math.log(0.1)}, {"b": math.log(0.5), "c": math.log(0.5)}]
    assert likeliest(told, 2) == ("a", "b")
    assert likeliest([{"z": -1.0, "y": -1.0}], 1) == ("y",)


def drawn(between, rng, widths=(1.0,) * 6):
    """Return distances of 24 prompts in three dimensions: classes lie `between` apart, prompts one."""
    at = between * rng.normal(size=(6, 3))[CLASSES] + np.array(widths)[CLASSES, None] * rng.normal(
        size=(24, 3)
    )
    return np.sqrt(((at[:, None] - at[None]) ** 2).sum(axis=-1))


def test_prompts_of_one_class_are_nearer_by_what_is_between_less_within():
    d = np.where(CLASSES[:, None] == CLASSES[None], 1.0, 3.0)
    found = shared(d, CLASSES)
    assert found.nearer.estimate == pytest.approx(2) and found.nearer.ci == pytest.approx((2, 2))
    assert found.p == pytest.approx(1 / 2000)


def test_classes_that_mean_nothing_are_seldom_called_alike():
    rng = np.random.default_rng(11)
    null = [shared(drawn(0.0, rng), CLASSES, draws=199, seed=n).p for n in range(400)]
    assert np.mean(np.array(null) <= 0.05) <= 0.05 + 1.645 * math.sqrt(0.05 * 0.95 / 400)
    there = [shared(drawn(1.0, rng), CLASSES, draws=199, seed=n).p for n in range(20)]
    assert np.mean(np.array(there) <= 0.05) > 0.9


def test_the_interval_holds_what_other_classes_would_give():
    """Between less within of many classes: what six of them are a sample of."""
    rng = np.random.default_rng(2)
    truth = np.mean([shared(drawn(1.0, rng), CLASSES, draws=1).nearer.estimate for _ in range(600)])
    found = [shared(drawn(1.0, rng), CLASSES, draws=1).nearer.ci for _ in range(300)]
    assert 0.91 < np.mean([low <= truth <= high for low, high in found]) < 0.98


def test_too_few_classes_are_refused():
    for classes in ([0, 0, 1, 1], [0, 0, 1, 1, 2], [0, 0, 0, 1, 1, 2, 2]):
        with pytest.raises(BadInput, match="too little"):
            shared(np.ones((len(classes),) * 2), classes)
