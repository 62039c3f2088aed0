"""Judged answers: the phantom judge of measurement.md §15, refusals of corrections, and the three ways."""

import numpy as np
import pytest
from scipy import special

from selfscope.errors import BadInput
from selfscope.stats.judged import paired_by_prompt, prompt_rates, standing, tipping_point, verdict_values
from selfscope.stats.judged_corrected import (
    Known,
    corrected_bootstrap,
    corrected_contrast,
    corrected_rate,
    faked_contrast,
)
from selfscope.stats.judged_error import judge_error
from selfscope.stats.judged_gold import mended_bootstrap, mended_contrast, mended_rate

STUDIES, PROMPTS, DRAWS, KNOWN = 2000, 16, 12, 150
#: Se .9 in both arms; Sp .88 in the subject's warm style, .95 in the control's plain one.
SENSITIVITY, SPECIFICITY = 0.9, (0.88, 0.95)


def answers(rng, studies=STUDIES, truth=0.10, moved=0.0, specificity=SPECIFICITY):
    """Truths and a judge's verdicts of two arms, ``(arm, study, prompt, draw)``; prompts differ in topic."""
    topic = special.logit(truth) + rng.normal(0, 0.6, (studies, PROMPTS, 1))
    shift = rng.normal(0, 0.3, (2, studies, PROMPTS, 1)) + np.array([moved, 0.0])[:, None, None, None]
    true = rng.random((2, studies, PROMPTS, DRAWS)) < special.expit(topic + shift)
    laxness = 1 - np.array(specificity)[:, None, None, None]
    said = np.where(true, rng.random(true.shape) < SENSITIVITY, rng.random(true.shape) < laxness)
    return true.astype(float), said.astype(float)


def checked(rng, studies=STUDIES, specificity=SPECIFICITY, asked=KNOWN):
    """Counts of the judge's right verdicts on constructed answers, in each arm's style."""
    n = np.full(studies, float(asked))
    return tuple(
        Known(rng.binomial(asked, SENSITIVITY, studies) * 1.0, n, rng.binomial(asked, sp, studies) * 1.0, n)
        for sp in specificity
    )


def covered(bounds, value):
    return ((bounds[..., 0] <= value) & (value <= bounds[..., 1])).mean()


def test_a_lax_judge_fakes_a_contrast_that_the_correction_takes_back() -> None:
    rng = np.random.default_rng(5)
    _, (subject, control) = answers(rng)
    judges = checked(rng)
    plain = paired_by_prompt(subject, control)
    assert plain.estimate.mean() == pytest.approx(0.063, abs=0.004)
    assert covered(plain.ci95, 0.0) < 0.80
    corrected = corrected_contrast(subject, control, *judges)
    assert corrected.estimate.mean() == pytest.approx(0.0, abs=0.004)
    assert 0.93 <= covered(corrected.ci95, 0.0) <= 0.97
    assert faked_contrast(*judges, corrected.control.estimate).flagged.mean() >= 0.95


def test_a_true_contrast_is_covered_as_well() -> None:
    rng = np.random.default_rng(6)
    (true_s, true_c), (subject, control) = answers(rng, moved=1.5)
    corrected = corrected_contrast(subject, control, *checked(rng))
    truth = (true_s.mean() - true_c.mean()).item()
    assert truth > 0.15
    assert 0.93 <= covered(corrected.ci95, truth) <= 0.97


def test_an_even_handed_judge_is_shown_to_be_so_by_enough_answers() -> None:
    rng = np.random.default_rng(7)
    judges = checked(rng, specificity=(0.95, 0.95), asked=600)
    assert faked_contrast(*judges, 0.1).flagged.mean() < 0.05


def test_the_bootstrap_agrees_with_the_delta_method() -> None:
    rng = np.random.default_rng(8)
    _, (subject, control) = answers(rng, studies=1, moved=1.0)
    judges = checked(rng, studies=1)
    single = [Known(*(x[0] for x in j)) for j in judges]
    delta = corrected_contrast(subject[0], control[0], *single).ci95
    assert corrected_bootstrap(subject[0], control[0], *single) == pytest.approx(delta, abs=0.04)


def test_a_judge_that_says_little_corrects_nothing() -> None:
    blind = Known(*(np.array(x) for x in (60.0, 100.0, 65.0, 100.0)))  # Se + Sp - 1 = .25
    sharp = Known(*(np.array(x) for x in (90.0, 100.0, 95.0, 100.0)))
    values = np.ones((16, 2))
    assert corrected_rate(values, blind).refused
    assert np.isnan(corrected_contrast(values, values, blind, sharp).estimate)
    assert np.isnan(corrected_bootstrap(values, values, blind, sharp, draws=20)).all()


def test_a_rate_beyond_what_the_judge_can_give_is_clipped_and_said_so() -> None:
    sharp = Known(*(np.array(x) for x in (80.0, 100.0, 80.0, 100.0)))
    all_true, none_true = corrected_rate(np.ones((16, 2)), sharp), corrected_rate(np.zeros((16, 2)), sharp)
    assert (all_true.estimate, none_true.estimate) == (1.0, 0.0)
    assert all_true.clipped and none_true.clipped and all_true.raw > 1
    assert not corrected_rate(np.tile([0.0, 1.0], (16, 1)), sharp).clipped


def labelled(rng, true, said):
    """Labels on about 130 answers an arm, three times as many of those that the judge called true."""
    chance = np.where(said == 1, 0.9, 0.5)
    return np.where(rng.random(true.shape) < chance, true, np.nan), 1 / chance


def test_labels_on_a_part_mend_the_contrast() -> None:
    rng = np.random.default_rng(9)
    true, said = answers(rng)
    gold, weight = labelled(rng, true, said)
    found = mended_contrast((said[0], gold[0], weight[0]), (said[1], gold[1], weight[1]))
    assert found.estimate.mean() == pytest.approx(0.0, abs=0.004)
    assert 0.93 <= covered(found.ci95, 0.0) <= 0.97
    alone = mended_contrast(
        *((np.where(np.isnan(g), np.nan, 0.0), g, w) for g, w in zip(gold, weight, strict=True))
    )
    assert found.se.mean() < alone.se.mean()  # a judge that errs is still worth its answers
    assert (found.gold > 80).all()


def test_the_bootstrap_of_mended_contrasts_covers() -> None:
    rng = np.random.default_rng(10)
    true, said = answers(rng, studies=150)
    gold, weight = labelled(rng, true, said)
    arms = [[(said[a, i], gold[a, i], weight[a, i]) for a in (0, 1)] for i in range(150)]
    bounds = np.array([mended_bootstrap(*arm, draws=199) for arm in arms])
    assert 0.90 <= covered(bounds, 0.0) <= 0.99


def test_a_perfect_judge_needs_no_mending() -> None:
    rng = np.random.default_rng(11)
    true, _ = answers(rng, studies=1)
    gold, weight = labelled(rng, true, true)
    found = mended_rate(true[0, 0], gold[0, 0], weight[0, 0])
    assert found.tuning == pytest.approx(1.0, abs=0.3)
    assert found.estimate == pytest.approx(true[0, 0].mean(), abs=0.03)


def test_arms_with_other_prompts_cannot_be_paired() -> None:
    arm = (np.ones((3, 2)), np.ones((3, 2)), None)
    with pytest.raises(BadInput, match="the same prompts"):
        mended_contrast(arm, (np.ones((4, 2)), np.ones((4, 2)), None))


def test_three_ways_of_not_being_sure() -> None:
    words = [["true", "not_sure", "false", "refused", ""]]
    for way, rate in (("false", 1 / 3), ("half", 0.5), ("dropped", 0.5)):
        assert prompt_rates(verdict_values(words, way))[0] == pytest.approx(rate)
    with pytest.raises(BadInput, match="three ways"):
        verdict_values(words, "maybe")


def test_prompts_that_one_arm_never_answered_are_left_out_of_both() -> None:
    subject = np.array([[1.0], [1.0], [np.nan], [0.0]])
    control = np.array([[0.0], [0.0], [0.0], [0.0]])
    found = paired_by_prompt(subject, control)
    assert (found.prompts, found.estimate) == (3, pytest.approx(2 / 3))
    assert np.isnan(paired_by_prompt(subject[:1], control[:1]).p)


def test_how_many_prompts_carry_what() -> None:
    assert [standing(n) for n in (9, 10, 15, 16)] == ["too few", "screen", "screen", "confirm"]


def test_tipping_point_is_the_difference_in_specificity_that_explains_it_all() -> None:
    truth = 0.25
    apart = tipping_point(0.06, truth)
    laxer, stricter = 0.9 - apart, 0.9
    rate = [0.8 * truth + (1 - sp) * (1 - truth) for sp in (laxer, stricter)]
    assert rate[0] - rate[1] == pytest.approx(0.06)


def test_a_verdict_that_is_none_counts_as_wrong() -> None:
    found = judge_error([1, np.nan, 0, np.nan], [1, 1, 0, 0])
    assert (found.sensitivity.estimate, found.specificity.estimate, found.accuracy) == (0.5, 0.5, 0.5)
    assert not found.believed
    assert not judge_error([1, 1], [1, 1]).believed  # no false answer: nothing is known of specificity
    with pytest.raises(BadInput, match="truth of 0 or 1"):
        judge_error([1.0], [0.5])
