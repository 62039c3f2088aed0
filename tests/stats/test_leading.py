"""Leading-ness and consistency: covered, silent where nothing leads, and as other software has them."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from selfscope.errors import BadInput
from selfscope.stats.leading import LED, STABLE, bounds, consistency, leading


def drawn(effect, repeats, n, arms=4, seed=0):
    draw = np.random.default_rng(seed)
    return draw.normal(size=(n, arms, repeats)) + np.asarray(effect, float)[None, :, None]


@pytest.mark.parametrize("effect", [(0, 0, 0, 0), (0, 1, 1, 2.5), (0, 0, 4, 4), (0, 4)])
def test_the_interval_covers_the_true_ratio(effect):
    """Both bounds rise with the ratio: the truth is held by the ratios between two that are found."""
    arms, true = len(effect), float(max(effect))
    repeats = 8 if arms == 4 else 3
    x = drawn(effect, repeats, 4000, arms)
    ratio = np.ptp(x.mean(axis=2), axis=1) / np.sqrt(x.var(axis=2, ddof=1).mean(axis=1))

    def reaches(end):
        beyond = lambda r: bounds(r, (repeats,) * arms)[end] - max(true, 1e-3)  # noqa: E731
        return optimize.brentq(beyond, 1e-3, 40.0, xtol=1e-3)

    covered = np.mean((reaches(1) * bool(true) <= ratio) & (ratio <= reaches(0)))
    assert 0.94 <= covered <= (0.98 if arms > 2 else 0.96)


def test_with_two_arms_the_interval_is_the_one_of_noncentral_t():
    found = leading([[0.1, 1.2, 0.3, -0.4, 0.9], [1.9, 2.4, 1.0, 3.1, 1.4]])
    t = found.ratio * np.sqrt(5 / 2)
    for bound, tail in zip(found.ci95, (0.025, 0.975), strict=True):
        beyond = stats.nct.sf(t, 8, bound * np.sqrt(5 / 2)) + stats.nct.cdf(-t, 8, bound * np.sqrt(5 / 2))
        assert beyond == pytest.approx(tail, abs=1e-3)


def test_the_error_of_the_retest_spread_widens_the_interval():
    """Of few repeats the spread is hardly known: a far ratio may be half as large, or twice."""
    low, high = leading([[0.0, 1.0], [20.0, 21.0]]).ci95
    assert high - low > 4 * stats.studentized_range.ppf(0.95, 2, 2) / np.sqrt(2)


def test_what_leads_is_found_and_what_does_not_is_not():
    led = [leading(each) for each in drawn((0, 0, 0, 3.0), 8, 200)]
    calm = [leading(each) for each in drawn((0, 0, 0, 0), 20, 200)]
    assert np.mean([x.apart and x.ratio >= LED for x in led]) > 0.95
    assert np.mean([x.apart and x.ratio >= LED for x in calm]) < 0.02
    assert np.mean([x.ci95[1] <= STABLE for x in calm[:40]]) > 0.9


def test_several_that_are_read_together_are_led_by_chance_as_rarely_as_one():
    runs = drawn((0, 0, 0, 0), 12, 8 * 150).reshape(150, 8, 4, 12)
    assert np.mean([any(leading(each, 8).apart for each in run) for run in runs]) < 0.09
    assert np.mean([any(leading(each).apart for each in run) for run in runs]) > 0.2
    assert all(leading(each, 8).apart for each in drawn((0, 0, 0, 3.0), 12, 50))


def test_without_retest_spread_the_ratio_is_nothing_or_without_bound():
    assert leading(np.ones((3, 4))).ratio == 0
    assert leading(np.array([[1.0, 1.0], [2.0, 2.0]])).ratio == np.inf
    alone = leading(np.array([[1.0], [2.0]]))
    assert alone.range == 1 and np.isnan(alone.ratio)


@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_consistency_is_what_pingouin_has():
    import pingouin

    x = np.random.default_rng(3).normal(size=(6, 5)) + np.arange(6)[:, None] * 0.7
    long = pd.DataFrame(
        {"object": np.repeat(np.arange(6), 5), "repeat": np.tile(np.arange(5), 6), "value": x.ravel()}
    )
    table = pingouin.intraclass_corr(long, targets="object", raters="repeat", ratings="value").set_index(
        "Type"
    )
    row = table.loc[next(each for each in table.index if each in ("ICC3", "ICC(C,1)"))]
    found = consistency(x)
    assert found.coefficient == pytest.approx(row["ICC"], abs=1e-9)
    interval = row[next(c for c in table.columns if c.startswith("CI95"))]
    assert found.ci95 == pytest.approx(interval, abs=0.006)


def test_groups_of_other_sizes_are_no_wider_apart_for_it():
    even, ragged = bounds(2.5, (6, 6, 6)), bounds(2.5, (6, 6, 4))
    assert ragged[0] < even[0] and ragged[1] > even[1]
    draws = [leading([each[0], each[1], each[2][:4]]).apart for each in drawn((0, 0, 0), 6, 300, 3)]
    assert np.mean(draws) < 0.06


def test_too_little_is_refused():
    with pytest.raises(BadInput, match="two arms"):
        leading(np.ones((1, 5)))
    with pytest.raises(BadInput, match="two objects"):
        consistency(np.ones((1, 5)))
    assert consistency(np.array([[1.0, 2.0], [3.0, 4.0]])).coefficient == 1
