"""Success paired by task: the numbers of an outside t test, and verdicts at planted losses."""

import numpy as np
import pytest
from scipy import stats as outside

from selfscope.errors import BadInput
from selfscope.stats.noninferiority import (
    MARGIN,
    direction,
    non_inferiority,
    paired_shares,
    share_of_tasks,
)

TASKS, DRAWS = 90, 5


def planted(loss, studies=1500, tasks=TASKS, draws=DRAWS, seed=0):
    """Studies of tasks between 20 and 90 percent, on which the subject is right less often by `loss`."""
    rng = np.random.default_rng(seed)
    bare = rng.uniform(0.2, 0.9, (studies, tasks, 1))
    own = np.clip(bare - loss + rng.normal(0, 0.08, bare.shape), 0, 1)
    own += (bare - loss).mean() - own.mean()  # what clipping took is given back
    draw = lambda p: (rng.random((studies, tasks, draws)) < p).astype(float)  # noqa: E731
    return draw(own), draw(bare)


def verdicts(loss, **how):
    found = paired_shares(*planted(loss, **how))
    said = [
        non_inferiority(low, high, n)
        for low, high, n in zip(found.lower, found.upper, found.tasks, strict=True)
    ]
    return {word: said.count(word) / len(said) for word in ("not inferior", "inferior", "cannot tell")}


def test_it_is_the_paired_t_test_over_tasks():
    subject, control = (x[0] for x in planted(0.05, studies=1))
    found = paired_shares(subject, control)
    apart = subject.mean(1) - control.mean(1)
    two = outside.ttest_1samp(apart, 0)
    assert found.p_difference == pytest.approx(two.pvalue)
    assert found.ci95 == pytest.approx(two.confidence_interval(0.95))
    one = outside.ttest_1samp(apart, -MARGIN, alternative="greater")
    assert found.p_inferior == pytest.approx(one.pvalue)
    assert found.lower == pytest.approx(one.confidence_interval(0.95).low)
    assert (found.lower > -MARGIN) == (one.pvalue < 0.05)


def test_a_subject_that_loses_the_margin_is_let_through_one_time_in_twenty():
    rates = verdicts(MARGIN)
    assert 0.03 < rates["not inferior"] < 0.07
    assert 0.03 < rates["inferior"] < 0.07


def test_a_subject_that_loses_nothing_is_not_inferior_and_one_that_stops_helping_is():
    same, worse = verdicts(0.0), verdicts(0.25)
    assert same["not inferior"] > 0.75
    assert same["inferior"] == 0
    assert worse["inferior"] > 0.95
    assert worse["not inferior"] == 0


def test_few_draws_cannot_tell_rather_than_guess():
    assert verdicts(0.0, tasks=25, draws=1)["cannot tell"] > 0.7


def test_tasks_without_a_discordant_one_exclude_what_so_many_can():
    ones = np.ones((1, 90, 3))
    found = paired_shares(ones, ones)
    assert found.lower[0] == pytest.approx(-(1 - 0.05 ** (1 / 90)))
    assert found.p_inferior[0] == pytest.approx(0.9**90)
    assert non_inferiority(found.lower[0], found.upper[0], 90) == "not inferior"
    few = paired_shares(ones[:, :25], ones[:, :25])
    assert non_inferiority(few.lower[0], few.upper[0], 25) == "cannot tell"


def test_nothing_is_said_on_fewer_than_twenty_tasks():
    assert non_inferiority(0.0, 0.1, 19) == "cannot tell"
    assert direction(0.1, 0.2, 19) == "cannot tell"
    alone = paired_shares(np.ones((1, 1, 3)), np.ones((1, 1, 3)))
    assert np.isnan(alone.lower[0])


@pytest.mark.parametrize(
    ("low", "high", "said"), [(0.01, 0.2, "higher"), (-0.2, -0.01, "lower"), (-0.1, 0.1, "cannot tell")]
)
def test_the_side_of_zero_is_said(low, high, said):
    assert direction(low, high, 90) == said


def test_missing_draws_count_for_nothing_and_a_missing_task_is_left_out():
    subject = np.array([[[1, 1, np.nan], [0, 0, 0], [np.nan] * 3]])
    control = np.array([[[1, 0, 0], [0, 0, 0], [1, 1, 1]]])
    found = paired_shares(subject, control)
    assert found.tasks[0] == 2
    assert found.estimate[0] == pytest.approx((1 - 1 / 3) / 2)


def test_a_share_has_its_interval_over_tasks():
    estimate, ci = share_of_tasks(planted(0, studies=1)[1])
    assert ci[0, 0] < estimate[0] < ci[0, 1]
    assert share_of_tasks(np.ones((1, 50, 2)))[1][0] == pytest.approx([1 - (1 - 0.025 ** (1 / 50)), 1])


@pytest.mark.parametrize("margin", [0, 1, -0.1])
def test_a_margin_that_is_no_share_is_refused(margin):
    with pytest.raises(BadInput):
        paired_shares([[1.0]], [[1.0]], margin)
