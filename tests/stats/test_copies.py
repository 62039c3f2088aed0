"""Agreement without a word, its verdicts, correlations of stance: against closed forms and planted truth."""

import itertools
import math

import numpy as np
import pytest

from selfscope.stats.copies import (
    Mean,
    adjusted,
    agreement,
    check_of,
    correlation,
    crossing,
    decision_of,
    exploitability,
    least_p,
    matching,
    mean_over,
    naive_agreement,
    nearest_pairs,
    phi,
)
from selfscope.stats.copies_surer import beyond, surer, surer_words
from selfscope.stats.guard import sharpening_slope
from selfscope.values import Estimate
from selfscope.values.copies import Check

PASSES = Check(Estimate(1.0, (0.9, 1.1)), True)
FAILS = Check(Estimate(0.0, (-0.1, 0.1)), False)


def mean(estimate, half, p=0.5, games=12):
    return Mean(estimate, (estimate - half, estimate + half), (estimate - half, estimate + half), p, games)


def test_a_habit_of_place_agrees_only_with_itself_in_the_same_words():
    first = [[1.0, 1.0, 0.0, 0.0]]
    assert naive_agreement(first) == pytest.approx([1.0])
    assert agreement(first) == pytest.approx([0.5])
    sure = [[1.0, 1.0, 1.0, 1.0]]
    assert agreement(sure) == naive_agreement(sure) == pytest.approx([1.0])


def test_agreement_is_how_often_two_draws_are_the_same():
    p = np.array([0.9, 0.7, 0.4, 0.6])
    pairs = [a * b + (1 - a) * (1 - b) for a, b in itertools.product(p, p)]
    assert agreement([p]) == pytest.approx([np.mean(pairs)])
    assert crossing([p], [p]) == pytest.approx(agreement([p]))
    assert matching([0.5, 0.3, 0.2], [0.5, 0.3, 0.2]) == pytest.approx(0.38)


def test_of_sampled_answers_noise_is_taken_out():
    rng = np.random.default_rng(1)
    p, draws = np.array([0.9, 0.7, 0.4, 0.6]), 5
    drawn = rng.binomial(draws, p, size=(40_000, 4)) / draws
    assert agreement(drawn, draws).mean() == pytest.approx(float(agreement([p])[0]), abs=0.002)
    assert naive_agreement(drawn, draws).mean() == pytest.approx(float(naive_agreement([p])[0]), abs=0.003)
    assert agreement(drawn).mean() > agreement([p])[0] + 0.01  # what it would be without


def test_a_mean_over_games_is_student_s_and_counts_keyings_alike():
    found = mean_over([1.0, 2.0, 4.0, np.nan])
    half = 4.302652730 * np.std([1, 2, 4], ddof=1) / math.sqrt(3)
    assert found.told == Estimate(pytest.approx(7 / 3), pytest.approx((7 / 3 - half, 7 / 3 + half)))
    assert (found.games, math.isnan(found.p)) == (3, True)
    assert mean_over([3.0, 1.0, 1.0], [1, -1, -1]).estimate == pytest.approx(2.0)
    assert math.isnan(mean_over([np.nan]).estimate)


def test_the_least_p_of_so_many_games():
    values = np.full(8, 0.3) + np.linspace(0, 0.01, 8)
    assert mean_over(values).p == pytest.approx(least_p(8))
    assert math.isnan(least_p(5))


def test_families_are_corrected_apart():
    told = adjusted([0.01, 0.02, 0.03, 0.04], [True, True, False, False])
    assert told == pytest.approx([0.02, 0.02, 0.04, 0.04])


@pytest.mark.parametrize(
    ("effect", "p", "check", "naive", "readable", "verdict"),
    [
        (mean(0.3, 0.1), 0.01, PASSES, None, True, "shifted"),
        (mean(0.3, 0.1), 0.01, FAILS, None, True, "shifted"),  # its own evidence
        (mean(0.3, 0.1), 0.01, PASSES, None, False, "not interpretable"),
        (mean(0.05, 0.01), 0.01, PASSES, None, True, "equivalent"),
        (mean(0.0, 0.05), 0.9, FAILS, None, True, "not interpretable"),
        (mean(0.0, 0.05), 0.9, PASSES, mean(0.4, 0.1, 0.001), True, "bias only"),
        (mean(0.0, 0.05), 0.9, PASSES, mean(0.02, 0.1), True, "equivalent"),
        (mean(0.2, 0.3), 0.2, PASSES, None, True, "inconclusive"),
    ],
)
def test_the_first_verdict_that_fits(effect, p, check, naive, readable, verdict):
    assert decision_of(effect, p, 0.1, check, naive, readable=readable).verdict == verdict


def test_a_check_needs_size_and_certainty():
    assert check_of(mean(0.5, 0.1), 0.5).passes
    assert not check_of(mean(0.4, 0.1), 0.5).passes
    assert not check_of(mean(0.9, 1.0), 0.5).passes


def test_one_who_is_surer_of_the_same_is_so_by_its_factor():
    assert surer([0.5, 0.9], 2.0) == pytest.approx([0.5, 81 / 82])
    assert surer([0.5, 0.6, 0.95], 2.0, exact=False) == pytest.approx([0.5, 0.7, 1.0])
    assert surer_words([[0.2, 0.8], [0.5, 0.5]], 2.0) == pytest.approx(
        np.array([[1 / 17, 16 / 17], [0.5, 0.5]])
    )


def test_a_contrast_of_two_keyings_needs_both_signs():
    both = mean_over([1.0, 1.1, 0.9, 1.0, 1.2, 1.1, 0.9, 1.0], [1, -1] * 4)
    assert decision_of(both, both.p, 0.5, PASSES, None, readable=True).verdict == "shifted"
    one = mean_over([3.0, -0.5, 3.1, -0.4, 2.9, -0.6, 3.0, -0.5], [1, -1] * 4)
    found = decision_of(one, 0.01, 0.5, PASSES, None, readable=True)
    assert found.verdict == "inconclusive"
    assert "the two keyings disagree in sign" in found.notes


def test_what_is_only_surer_is_seldom_called_coordination():
    rng = np.random.default_rng(8)
    naive = called = 0
    for _ in range(200):
        liked = 1.5 * rng.normal(size=(12, 1)) + 0.2 * rng.normal(size=(12, 4))
        plain, game = (
            1 / (1 + np.exp(-scale * (liked + 0.1 * rng.normal(size=(12, 4))))) for scale in (1, 2.5)
        )
        logits = [np.log(p / (1 - p)).mean(axis=-1)[None] for p in (game, plain)]
        effect = mean_over(agreement(game) - agreement(plain))
        left = beyond(agreement(game) - agreement(surer(plain, float(sharpening_slope(*logits)))), None, 0.0)
        guard = left[1] <= 0.05 and left[0] > 0
        verdicts = [
            decision_of(effect, effect.p, 0.1, PASSES, None, readable=True, guard=g).verdict
            for g in (True, guard)
        ]
        naive, called = naive + (verdicts[0] == "shifted"), called + (verdicts[1] == "shifted")
    assert naive > 0.5 * 200
    assert called <= 0.075 * 200


def test_no_coordination_is_seldom_called_one():
    rng = np.random.default_rng(3)
    called = 0
    for _ in range(300):
        liked = rng.normal(size=(12, 4))
        plain, game = (1 / (1 + np.exp(-(liked + 0.5 * rng.normal(size=(12, 4))))) for _ in range(2))
        effect = mean_over(agreement(game) - agreement(plain))
        called += decision_of(effect, effect.p, 0.1, PASSES, None, readable=True).verdict == "shifted"
    assert called <= 0.066 * 300


def test_a_correlation_is_taken_within_kinds():
    x = np.array([1.0, 2, 3, 4, 5, 6, 7, 8])
    kind = ["a"] * 4 + ["b"] * 4
    r, p = correlation(x, [2.0, 1, 4, 3, -6, -5, -8, -7], kind)
    assert r.estimate == pytest.approx(np.corrcoef([1, 2, 3, 4] * 1, [2, 1, 4, 3])[0, 1] * 0, abs=0.1)
    assert p > 0.2
    r, p = correlation(x, x + np.array([0.1, -0.1] * 4), kind)
    assert r.estimate > 0.95 and r.ci[0] > 0.8 and p <= 0.01
    r, p = correlation(x, np.ones(8), kind)
    assert math.isnan(r.estimate) and math.isnan(p)


def test_who_wins_by_moving_second():
    assert exploitability([0.5, 0.9]) == pytest.approx([0, 0.4])
    assert phi(0.5, 1.0, 0.0) == pytest.approx(1.0)
    assert phi(0.3, 0.6, 0.6) == pytest.approx(0.0)
    a, b, c, d = 0.3 * 0.8, 0.3 * 0.2, 0.7 * 0.4, 0.7 * 0.6
    told = (a * d - b * c) / math.sqrt((a + b) * (c + d) * (a + c) * (b + d))
    assert phi(0.3, 0.8, 0.4) == pytest.approx(told)


def test_the_two_replies_most_alike():
    pair, near, far = nearest_pairs([[0.0, 0.0], [3.0, 3.0]], [[9.0, 9.0], [3.0, 4.0]])
    assert pair == (1, 1)
    assert near == pytest.approx(math.sqrt(0.5))
    assert far > near


def test_one_who_is_only_surer_of_what_it_names_agrees_oftener_by_just_that():
    from selfscope.stats.copies_surer import firmer_agreement

    tastes = np.random.default_rng(0).normal(size=(8, 6))
    shares = [[np.exp(c * t) / np.exp(c * t).sum() for t in tastes] for c in (1.0, 2.0)]
    plain, game = ([1e5 * p for p in each] for each in shares)
    truth = [(g @ g) / (p @ p) for p, g in zip(*shares, strict=True)]
    assert firmer_agreement(game, plain) == pytest.approx(truth, rel=1e-3)
    assert firmer_agreement(plain, plain) == pytest.approx(np.ones(8), rel=1e-3)
