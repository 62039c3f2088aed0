"""The error of a sharpening slope, and what is left of a difference when it is counted in."""

import numpy as np
import pytest
from scipy import stats

from selfscope.stats.guard import guarded_difference, sharpening_slope, slope_error

KEYED = np.array([1, -1] * 6)


def test_a_slope_has_the_error_of_a_regression():
    rng = np.random.default_rng(0)
    x = rng.normal(size=12)
    y = 2 * x + 0.3 * rng.normal(size=12)
    told = stats.linregress(x, y)
    slope = sharpening_slope(y[None], x[None])
    assert slope == pytest.approx(told.slope)
    assert slope_error(y[None], x[None], slope) == pytest.approx(told.stderr)


def test_answers_that_do_not_vary_leave_nothing_to_take_off():
    flat = np.zeros((1, 12))
    assert slope_error(flat + 1, flat, sharpening_slope(flat + 1, flat)) == 0
    assert slope_error([[1.0, 2.0]], [[1.0, 3.0]], 0.5) == np.inf


def test_a_level_that_is_told_firmer_is_no_difference_though_one_construct_cannot_tell_how_firm():
    rng = np.random.default_rng(1)
    naive = guarded = plain = 0
    for _ in range(120):
        held = 1.5 + 0.3 * rng.normal(size=12)
        c, s = (scale * (held + 0.05 * rng.normal(size=12)) for scale in (1.0, 2.0))
        slope = float(sharpening_slope(s[None], c[None]))
        error = float(slope_error(s[None], c[None], slope))
        naive += stats.ttest_rel(s, c).pvalue <= 0.05
        plain += guarded_difference(s, c, KEYED, slope, 0.0)[1] <= 0.05
        guarded += guarded_difference(s, c, KEYED, slope, error)[1] <= 0.05
    assert naive == 120
    assert plain > 0.2 * 120
    assert guarded <= 0.083 * 120


def test_a_difference_that_no_firmness_explains_stays():
    rng = np.random.default_rng(2)
    c = 0.3 * rng.normal(size=12)
    s = c + 1.5 + 0.1 * rng.normal(size=12)
    slope = float(sharpening_slope(s[None], c[None]))
    estimate, p = guarded_difference(s, c, KEYED, slope, float(slope_error(s[None], c[None], slope)))
    assert estimate == pytest.approx(1.5, abs=0.15)
    assert p < 0.001
    assert np.isnan(guarded_difference(s, c, KEYED, slope, np.inf)[1])
