"""Rates by a judge without its errors: closed ends, refusals, and how often intervals hold the truth."""

from __future__ import annotations

import numpy as np
import pytest

from selfscope.stats.judged_error import judge_error, share
from selfscope.stats.judged_words import NOBODY, TOO_LITTLE, mended_difference, mended_share
from selfscope.stats.paired_rates import paired_rates


def judge(found, spared, texts=24):
    """Return the error of a judge that is right about so many of each side."""
    truth = np.repeat([1.0, 0.0], texts)
    said = np.r_[np.arange(texts) < found, np.arange(texts) >= spared].astype(float)
    return judge_error(said, truth)


def test_a_judge_without_error_leaves_what_was_heard():
    sure = judge(4000, 4000, 4000)
    pair = paired_rates(np.r_[np.ones(10), np.zeros(6)], np.r_[np.zeros(12), np.ones(4)])
    whole = mended_difference(pair, sure)
    assert whole.estimate == pytest.approx(pair.estimate)
    assert whole.ci95 == pytest.approx(pair.ci95, abs=0.01)
    assert mended_share(10, 16, sure).estimate == 10 / 16


def test_a_rate_is_rogan_and_gladen_s_and_stays_a_share():
    found = mended_share(8, 16, judge(18, 21))
    assert found.estimate == pytest.approx((0.5 + 21 / 24 - 1) / (18 / 24 + 21 / 24 - 1))
    none = mended_share(0, 8, judge(18, 21))
    assert none.estimate == 0 and none.ci95[0] == 0 < 0.2 < none.ci95[1], "eight lives are no proof"
    assert mended_share(8, 8, judge(18, 21)).estimate == 1


def test_who_tells_too_little_mends_nothing():
    assert mended_share(4, 8, judge(15, 15)).why == TOO_LITTLE
    assert mended_difference(paired_rates([1, 0], [0, 1]), judge(15, 15)).why == TOO_LITTLE
    assert mended_share(0, 0, judge(24, 24)).why == NOBODY
    assert mended_difference(paired_rates([], []), judge(24, 24)).why == NOBODY


def test_intervals_hold_what_was_planted_and_those_of_what_was_heard_do_not():
    """Of 16 lives 10 % say it after either announcement; judges find 80 and spare 90 of 100."""
    rng, held, raw, apart, sets = np.random.default_rng(3), 0, 0, 0, 150
    for _ in range(sets):
        own = judge(rng.binomial(24, 0.8), rng.binomial(24, 0.9))
        truth = rng.random((2, 16)) < 0.1
        heard = np.where(truth, rng.random((2, 16)) < 0.8, rng.random((2, 16)) >= 0.9).astype(float)
        rate, plain = mended_share(heard[0].sum(), 16, own), share(heard[0].sum(), 16)
        change = mended_difference(paired_rates(*heard), own)
        held += rate.ci95[0] <= 0.1 <= rate.ci95[1]
        raw += plain.ci95[0] <= 0.1 <= plain.ci95[1]
        apart += change.ci95[0] <= 0 <= change.ci95[1]
    assert held / sets >= 0.93 and apart / sets >= 0.93 and raw / sets <= 0.85
