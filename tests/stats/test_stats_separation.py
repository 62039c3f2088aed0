"""The area under the ROC curve: identities, its witness in scipy, an interval that keeps clusters whole."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from selfscope.errors import BadInput
from selfscope.stats.separation import auroc, separation

RNG = np.random.default_rng(3)


def test_it_is_the_mann_whitney_statistic_over_its_maximum():
    true, false = RNG.integers(0, 9, 40), RNG.integers(0, 7, 25)  # with many ties
    assert auroc(true, false) == pytest.approx(mannwhitneyu(true, false).statistic / (40 * 25), abs=1e-12)


def test_order_ties_and_turning_the_sign():
    assert auroc([2, 3], [0, 1]) == 1
    assert auroc([1, 1], [1]) == 0.5
    true, false = RNG.normal(1, 1, 30), RNG.normal(0, 1, 20)
    assert auroc(-true, -false) == pytest.approx(1 - auroc(true, false))


def test_the_interval_holds_whole_clusters_together():
    """Twenty copies of each item in one cluster are no more evidence than the item."""
    scores, truths = RNG.normal(size=20) + np.tile([0.8, 0.0], 10), np.tile([True, False], 10)
    names = [f"c{n}" for n in range(10) for _ in range(2)]
    once = separation(scores, truths, names)
    copied = separation(np.repeat(scores, 20), np.repeat(truths, 20), list(np.repeat(names, 20)))
    apart = separation(np.repeat(scores, 20), np.repeat(truths, 20), [str(n) for n in range(400)])
    assert copied.auroc == pytest.approx(once.auroc)
    assert (copied.low, copied.high) == pytest.approx((once.low, once.high))
    assert apart.high - apart.low < (once.high - once.low) / 2
    assert once.low <= once.auroc <= once.high
    assert (once.true, once.false, once.clusters) == (10, 10, 10)


def test_nine_in_ten_intervals_and_more_cover_the_truth():
    """Normal scores two thirds apart: the area is Phi(d / sqrt 2)."""
    from scipy.stats import norm

    truth, covered = norm.cdf(2 / 3 / np.sqrt(2)), 0
    for trial in range(100):
        shift = np.repeat([2 / 3, 0.0], 40)
        found = separation(
            np.random.default_rng(trial).normal(size=80) + shift,
            shift > 0,
            [str(n) for n in range(80)],
            draws=300,
        )
        covered += found.low <= truth <= found.high
    assert 88 <= covered <= 100


def test_what_cannot_be_scored_is_refused():
    with pytest.raises(BadInput, match="true and false items are needed"):
        auroc([], [1.0])
    with pytest.raises(BadInput, match="one number for each item"):
        auroc([np.nan], [1.0])
    with pytest.raises(BadInput, match="differ in length"):
        separation([1.0], [True, False], ["a"])
