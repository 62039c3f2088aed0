"""Judged answers against closed forms: Wilson, Pearson, Rogan and Gladen, PPI++, Krippendorff's example."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from selfscope.stats.judged import paired_by_prompt
from selfscope.stats.judged_agreement import agreement, alpha, coincidences
from selfscope.stats.judged_corrected import Known, corrected_rate
from selfscope.stats.judged_error import heterogeneity, judge_error, share, wilson
from selfscope.stats.judged_gold import mended_contrast, mended_rate


@pytest.mark.parametrize(("right", "asked"), [(0, 12), (7, 30), (29, 30), (30, 30)])
def test_wilson(right, asked) -> None:
    assert wilson(right, asked) == pytest.approx(proportion_confint(right, asked, method="wilson"))


def test_balanced_accuracy_interval_is_the_two_distances_squared_and_added() -> None:
    found = judge_error([1] * 45 + [0] * 5 + [0] * 36 + [1] * 4, [1] * 50 + [0] * 40)
    se, sp = proportion_confint(45, 50, method="wilson"), proportion_confint(36, 40, method="wilson")
    low = 0.9 - 0.5 * ((0.9 - se[0]) ** 2 + (0.9 - sp[0]) ** 2) ** 0.5
    high = 0.9 + 0.5 * ((se[1] - 0.9) ** 2 + (sp[1] - 0.9) ** 2) ** 0.5
    assert found.accuracy == pytest.approx(0.9)
    assert found.accuracy_ci95 == pytest.approx((low, high))


def test_heterogeneity_is_pearsons_chi_squared() -> None:
    right, asked = np.array([9, 14, 30, 11]), np.array([12, 15, 40, 20])
    expected = stats.chi2_contingency([right, asked - right], correction=False)
    found = heterogeneity([*right, 0], [*asked, 0])
    assert (found.chi2, found.df, found.p) == pytest.approx((expected[0], expected[2], expected[1]))
    assert heterogeneity([3, 4], [3, 4]).p == 1.0
    assert np.isnan(heterogeneity([3], [5]).p)
    assert np.isnan(share(0, 0).estimate)


def test_rogan_and_gladens_formula_and_variance() -> None:
    """Their variance of a corrected share with Se and Sp known without error is Var(q)/J²."""
    values = np.array([[1.0], [0], [0], [0], [1], [0], [0], [1]])
    exact = Known(*(np.array(x) for x in (9e8, 1e9, 8e8, 1e9)))
    found = corrected_rate(values, exact)
    assert found.raw == pytest.approx((3 / 8 + 0.8 - 1) / 0.7)
    assert found.se == pytest.approx(values.std(ddof=1) / np.sqrt(8) / 0.7, rel=1e-6)
    assert corrected_rate(values, exact).ci95[1] == pytest.approx(
        min(1.0, found.raw + stats.t.ppf(0.975, 7) * found.se), rel=1e-6
    )


def test_paired_contrast_is_the_paired_t_test() -> None:
    rng = np.random.default_rng(3)
    subject, control = rng.random((2, 18, 3))
    expected = stats.ttest_rel(subject.mean(1), control.mean(1))
    found = paired_by_prompt(subject, control)
    assert found.p == pytest.approx(expected.pvalue)
    bounds = expected.confidence_interval()
    assert found.ci95 == pytest.approx((bounds.low, bounds.high))


def test_mended_rate_is_that_of_ppi_plus_plus() -> None:
    """One answer a prompt, equal weights: PPI++ for a mean, with the labelled n and the other N answers."""
    rng = np.random.default_rng(4)
    truth = (rng.random(400) < 0.4).astype(float)
    judge = np.where(rng.random(400) < 0.85, truth, 1 - truth)
    n, others = 120, 280
    gold = np.where(np.arange(400) < n, truth, np.nan)
    y, f, g = truth[:n], judge[:n], judge[n:]
    tuned = np.cov(y, f, ddof=0)[0, 1] / ((1 + n / others) * judge.var())
    found = mended_rate(judge[:, None], gold[:, None])
    assert found.estimate == pytest.approx(y.mean() + tuned * (g.mean() - f.mean()))
    assert found.tuning * others / 400 == pytest.approx(tuned)
    se = np.sqrt((y - tuned * f).var() / n + tuned**2 * g.var() / others)
    assert found.se == pytest.approx(se, rel=0.01)
    assert found.gold == n


def test_labels_on_everything_leave_the_labels_alone() -> None:
    rng = np.random.default_rng(5)
    gold, judge = rng.integers(0, 2, (2, 2, 20, 3)).astype(float)
    found = mended_contrast((judge[0], gold[0], None), (judge[1], gold[1], None))
    expected = stats.ttest_rel(gold[0].mean(1), gold[1].mean(1))
    assert found.estimate == pytest.approx(gold[0].mean() - gold[1].mean())
    assert found.p == pytest.approx(expected.pvalue)


def test_krippendorffs_example() -> None:
    """Four observers, twelve units, with missing values: nominal alpha .743 (Krippendorff 2011, C)."""
    table = [
        "1 2 3 3 2 1 4 1 2 * * *",
        "1 2 3 3 2 2 4 1 2 5 * 3",
        "* 3 3 3 2 3 4 2 2 5 1 *",
        "1 2 3 3 2 4 4 1 2 5 1 *",
    ]
    verdicts = np.array([["" if v == "*" else v for v in row.split()] for row in table])
    assert alpha(coincidences(verdicts).sum(axis=0)) == pytest.approx(0.743, abs=5e-4)
    assert agreement(verdicts, np.arange(12)).answers == 11


def test_two_judges_without_gaps_by_the_formula_of_disagreements() -> None:
    rng = np.random.default_rng(6)
    first = rng.choice(["true", "false", "not_sure"], 60)
    second = np.where(rng.random(60) < 0.7, first, rng.choice(["true", "false", "not_sure"], 60))
    pooled = np.concatenate([first, second])
    counts = np.array([(pooled == w).sum() for w in ("true", "false", "not_sure")])
    by_chance = 1 - (counts * (counts - 1)).sum() / (120 * 119)
    found = agreement([first, second], np.arange(60) // 4)
    assert found.alpha == pytest.approx(1 - (first != second).mean() / by_chance)
    assert found.ci95[0] < found.alpha < found.ci95[1]


def test_alpha_does_not_exist_where_all_say_one_thing() -> None:
    assert np.isnan(agreement([["true"] * 6] * 2, np.arange(6)).alpha)
    one = agreement([["true", "false"], ["true", "true"]], [0, 1])
    assert np.isfinite(one.alpha) and np.isnan(one.ci95[0])
