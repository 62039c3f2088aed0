"""Effective numbers, contradictions, intervals over wordings and things, and verdicts."""

import math

import numpy as np
import pytest

from selfscope.stats.commitment import (
    contradiction,
    effective_number,
    held_verdict,
    kept,
    over_clusters,
    overlap,
    read_verdict,
    restored_verdict,
    shares,
)
from selfscope.values import Estimate


def test_effective_number_counts_equal_answers():
    assert effective_number([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25] * 4]) == pytest.approx([1, 2, 4])


def test_shares_of_nothing_are_missing():
    assert shares([1.0, 3.0]) == pytest.approx([0.25, 0.75])
    assert np.isnan(shares([0.0, 0.0])).all()


def test_overlap_and_what_is_kept():
    assert overlap([0.5, 0.5, 0], [0, 0.5, 0.5]) == pytest.approx(0.5)
    assert kept([0.2, 0.3, 0.5], [True, False, True]) == pytest.approx(0.7)


def test_one_who_holds_something_never_contradicts_and_one_who_draws_does_half_the_time():
    assert contradiction([1, 0], [0, 1]) == pytest.approx([0, 0])
    assert contradiction(0.5, 0.5) == pytest.approx(0.5)
    assert contradiction(1, 1) == contradiction(0, 0) == 1


def test_an_interval_over_wordings_is_student_s():
    values = [1.0, 2.0, 4.0]
    found = over_clusters(values, [0, 1, 2], ["a"] * 3)
    half = 4.302652730 * np.std(values, ddof=1) / math.sqrt(3)
    assert found.estimate == pytest.approx(7 / 3)
    assert found.ci == pytest.approx((7 / 3 - half, 7 / 3 + half))


def test_the_wider_of_wordings_and_things_is_told():
    item = np.repeat(np.arange(4), 3)
    found = over_clusters(item.astype(float), np.tile(np.arange(3), 4), item)  # differs by thing alone
    assert found.ci[1] - found.ci[0] > 3
    few = over_clusters([1.0, 2.0], [0, 1], [0, 0])
    assert few.estimate == 1.5
    assert math.isnan(few.ci[0])


def test_intervals_cover_where_wordings_and_things_differ():
    rng = np.random.default_rng(5)
    wording, item = np.tile(np.arange(6), 10), np.repeat(np.arange(10), 6)
    hits = 0
    for _ in range(300):
        values = rng.normal(size=6)[wording] + 0.5 * rng.normal(size=10)[item] + rng.normal(size=60)
        low, high = over_clusters(values, wording, item).ci
        hits += low <= 0 <= high
    assert hits >= 0.9 * 300


def near(value, half=0.05):
    return Estimate(value, (value - half, value + half))


@pytest.mark.parametrize(
    ("yes", "effective", "pooled", "consistent", "verdict"),
    [
        (0.1, 5, 5, 1.0, "denies"),
        (4.0, 1, 1, 1.0, "several"),
        (1.0, 1.1, 4, 1.0, "holds one"),
        (1.0, 1.1, 1.2, 1.0, "one by habit"),
        (1.0, 5, 5, 1.0, "superposed"),
        (1.0, 5, 5, 0.3, "draws anew"),
        (1.0, 5, 5, 0.9, "cannot tell"),
        (1.5, 5, 5, 1.0, "cannot tell"),
        (1.0, 1.5, 5, 1.0, "cannot tell"),
    ],
)
def test_the_first_rule_that_fits(yes, effective, pooled, consistent, verdict):
    assert held_verdict(near(yes), near(effective), pooled, near(consistent)) == verdict


def test_without_an_interval_nothing_is_told():
    unknown = Estimate(1.0, (math.nan, math.nan))
    assert held_verdict(unknown, unknown, 1.0, None) == "cannot tell"
    assert held_verdict(near(1), near(5), 5, None) == "superposed"


def test_nothing_is_said_to_be_unheld_where_what_is_said_is_not_revealed():
    for absent in ("superposed", "draws anew"):
        assert read_verdict(absent, "not shown", 0.9, 0.9) == "not interpretable"
        assert read_verdict(absent, "moved", 0.9, 0.9) == absent
    assert read_verdict("one by habit", "not shown", 0.9, 0.9) == "one by habit"


def test_nothing_is_read_from_answers_that_are_hardly_given():
    assert read_verdict("holds one", "restored", 0.9, 0.0005) == "not interpretable"
    assert read_verdict("several", "restored", 0.9, 0.0005) == "several"  # of yes and no alone
    assert read_verdict("several", "restored", 0.0005, 0.9) == "not interpretable"
    assert read_verdict("cannot tell", "restored", 0.0005, 0.0) == "cannot tell"


def test_what_restores():
    assert restored_verdict(near(0.5), near(0.8)) == "restored"
    assert restored_verdict(near(0.2), near(0.3)) == "moved"
    assert restored_verdict(near(0.0), near(0.3)) == "not shown"
    assert restored_verdict(near(0.0), near(0.99)) == "restored"
