"""Drift: what is planted is found, a change of topic is not, and what is false is as rare as is said."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as reference

from selfscope.errors import BadInput
from selfscope.stats.autoregression import found_phi, pooled_phi, simulated, whitened
from selfscope.stats.drift import by_script, detrended_sd, residuals, slope_test, slopes
from selfscope.stats.drift_change import change_points, largest
from selfscope.stats.drift_coupling import coupling
from selfscope.stats.drift_expected import expected_by_embedding
from selfscope.stats.drift_limits import limits
from selfscope.stats.drift_return import half_life
from selfscope.studies.drift_planted import phantom

TURNS = np.arange(12.0)


def series(rng: np.random.Generator, n: int = 16, phi: float = 0.4):
    return simulated(phi, rng.standard_normal((n, 12)))


def names(n: int, seeds: int = 1) -> list[str]:
    return [f"s{i:02d}" for i in range(n) for _ in range(seeds)]


# Slopes


def test_a_slope_is_that_of_least_squares_and_leaves_missing_turns_out():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 12))
    x[1, [2, 7]] = np.nan
    x[2, 2:] = np.nan
    found = slopes(x)
    there = np.isfinite(x[1])
    assert found[0] == pytest.approx(reference.linregress(TURNS, x[0]).slope)
    assert found[1] == pytest.approx(reference.linregress(TURNS[there], x[1, there]).slope)
    assert np.isnan(found[2])


def test_the_test_is_students_over_scripts():
    rng = np.random.default_rng(1)
    x, own = series(rng, 20), names(10, 2)
    means = slopes(x).reshape(10, 2).mean(axis=1)
    found = slope_test(x, own)
    assert (found.estimate, found.scripts) == (pytest.approx(means.mean()), 10)
    assert found.p == pytest.approx(reference.ttest_1samp(means, 0).pvalue)
    low, high = reference.ttest_1samp(means, 0).confidence_interval(0.95)
    assert found.ci95 == (pytest.approx(low), pytest.approx(high))
    assert not found.confirms


def test_the_margin_is_half_a_deviation_over_all_turns_and_drift_does_not_widen_it():
    rng = np.random.default_rng(2)
    x = rng.standard_normal((400, 12))
    steep = x + 5 * TURNS
    assert detrended_sd(steep) == pytest.approx(detrended_sd(x))
    assert detrended_sd(x) == pytest.approx(1, abs=0.05)
    assert slope_test(steep, names(400)).margin == pytest.approx(0.5 * detrended_sd(x) / 11)


@pytest.mark.parametrize(
    ("scripts", "drift", "verdict"),
    [(16, 0.3, "drift"), (8, 0.04, "cannot tell"), (200, 0.0, "no drift"), (7, 0.3, "too few scripts")],
)
def test_verdicts(scripts, drift, verdict):
    x = series(np.random.default_rng(4), scripts, 0.0) + drift * TURNS
    found = slope_test(x, names(scripts))
    assert found.verdict == verdict
    assert found.confirms == (scripts >= 16)


def test_one_script_has_a_slope_and_no_interval():
    found = slope_test(TURNS[None] * 2.0, ["a"])
    assert found.estimate == pytest.approx(2)
    assert np.isnan(found.p)
    assert np.isnan(found.ci95).all()


def test_means_are_by_script_in_order_of_names():
    own, values = by_script([1.0, 3.0, np.nan, 5.0], ["b", "b", "a", "a"])
    assert own == ("a", "b")
    assert values.tolist() == [5.0, 2.0]


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(BadInput, match="expected value"):
        residuals(np.zeros((2, 3)), np.zeros((3, 2)))
    with pytest.raises(BadInput, match="one script"):
        slope_test(np.zeros((2, 12)), ["a"])
    with pytest.raises(BadInput, match="same turns"):
        coupling(np.zeros((2, 3)), np.zeros((2, 2)), ["a", "b"])


# Phantoms: what is found, and what is not


def test_planted_drift_is_found_and_a_planted_topic_is_not():
    drifts = phantom(np.random.default_rng(5), drift=0.15)
    topical = phantom(np.random.default_rng(6), topic=3.0)
    assert slope_test(residuals(drifts.y, drifts.after), drifts.scripts).verdict == "drift"
    assert slope_test(topical.y, topical.scripts).verdict == "drift", "what is read does move"
    found = slope_test(residuals(topical.y, topical.after), topical.scripts)
    assert found.p > 0.05
    assert abs(found.estimate) < 0.1


def test_length_alone_is_drift_against_fresh_threads_and_none_after_neutral_history():
    made = phantom(np.random.default_rng(7), length=0.2)
    assert slope_test(residuals(made.y, made.fresh), made.scripts).verdict == "drift"
    assert slope_test(residuals(made.y, made.after), made.scripts).p > 0.05


def test_slopes_are_false_in_one_of_twenty():
    rng = np.random.default_rng(8)
    false = [slope_test(series(rng, 16, 0.7), names(16)).p <= 0.05 for _ in range(400)]
    assert 0.02 <= np.mean(false) <= 0.08


# Autoregression


@pytest.mark.parametrize("phi", [-0.3, 0.0, 0.4, 0.7])
def test_phi_is_found_without_the_bias_of_short_series(phi):
    rng = np.random.default_rng(9)
    x = series(rng, 2000, phi) + rng.standard_normal((2000, 1))
    assert pooled_phi(x) == pytest.approx(phi, abs=0.03)
    assert found_phi(phi, 11) < phi


def test_whitening_and_making_are_inverse():
    w = np.random.default_rng(10).standard_normal((3, 12))
    assert whitened(simulated(0.6, w), 0.6) == pytest.approx(w)


def test_what_does_not_vary_has_no_phi():
    assert pooled_phi(np.ones((3, 12))) == 0.0
    assert pooled_phi(np.ones((3, 2))) == 0.0


# Change points


def test_the_largest_statistic_is_that_of_the_best_two_levels():
    x = np.random.default_rng(11).standard_normal(12)
    top, at, size = largest(x)
    each = [abs(reference.ttest_ind(x[:k], x[k:]).statistic) for k in range(2, 11)]
    assert top == pytest.approx(max(each))
    k = int(at)
    assert k == int(np.argmax(each)) + 2
    assert size == pytest.approx(x[k:].mean() - x[:k].mean())


def test_a_planted_change_is_found_where_it_is_and_chance_is_not():
    rng = np.random.default_rng(12)
    x = series(rng, 16, 0.2)
    x[3] += 9.0 * (TURNS >= 7)
    found = change_points(x, phi=0.2, draws=999)
    assert found is not None
    assert found.at[3] == 7
    assert found.size[3] == pytest.approx(9, abs=2)
    assert np.flatnonzero(found.p_adjusted <= 0.05).tolist() == [3]
    none = change_points(series(rng, 16, 0.7), draws=999)
    assert none is not None
    assert not none.found.any()


def test_one_change_in_all_conversations_passes_both_nulls():
    rng = np.random.default_rng(13)
    found = change_points(series(rng, 8, 0.0) + 5.0 * (TURNS >= 6), phi=0.0, draws=999)
    assert found is not None
    assert found.p_shift <= 0.05
    assert found.found.all()


def test_missing_turns_are_not_judged_and_short_conversations_have_no_change_points():
    x = series(np.random.default_rng(14), 4)
    x[1, 3] = np.nan
    found = change_points(x, draws=99)
    assert found is not None
    assert np.isnan(found.p_adjusted[1])
    assert not found.found[1]
    assert change_points(x[:, :5]) is None


# Limits


@pytest.mark.parametrize("phi", [0.0, 0.4, 0.7])
def test_alarms_are_false_in_at_most_one_conversation_of_twenty(phi):
    rng = np.random.default_rng(15)
    false = []
    for n in range(60):
        monitor = limits(series(rng, 16, phi), worlds=500, seed=n)
        false.append(monitor.alarms(series(rng, 100, phi)).any(axis=1).mean())
    assert np.mean(false) <= 0.055


def test_limits_for_independent_turns_would_be_false_far_more_often():
    rng = np.random.default_rng(16)
    own = limits(series(rng, 40, 0.0), worlds=500)
    assert own.alarms(series(rng, 500, 0.7)).any(axis=1).mean() > 0.2


def test_a_conversation_that_leaves_raises_an_alarm_and_the_band_says_where():
    rng = np.random.default_rng(17)
    monitor = limits(series(rng, 40, 0.4) + 2.0, worlds=500)
    x = series(rng, 1, 0.4)[0] + 2.0 + 3.0 * (TURNS >= 6)
    assert monitor.alarms(x)[6:].any()
    low, high = monitor.band(x).T
    assert ((x < low) | (x > high)).tolist() == monitor.alarms(x).tolist()


def test_limits_need_baselines():
    with pytest.raises(BadInput, match="8 whole baseline"):
        limits(np.zeros((7, 12)))
    with pytest.raises(BadInput, match="do not vary"):
        limits(np.zeros((8, 12)))


# The way back


def pushed(rng: np.random.Generator, rho: float, size: float = 4.0, n: int = 9):
    x = 0.6 * rng.standard_normal((n, 12)) + rng.standard_normal((n, 1))
    x[:, 3:] += size * rho ** np.arange(9)
    return x


def test_a_planted_half_life_lies_in_its_interval():
    found = half_life(pushed(np.random.default_rng(18), 0.7), [3] * 9, names(9), draws=499)
    assert found.status == "returns"
    assert found.ci95[0] <= np.log(2) / -np.log(0.7) <= found.ci95[1]
    assert found.push == pytest.approx(4, abs=0.8)


@pytest.mark.parametrize(
    ("rho", "size", "n", "status"),
    [(1.0, 4.0, 9, "no return shown"), (0.5, 0.0, 9, "not moved"), (0.5, 4.0, 3, "too few scripts")],
)
def test_there_is_no_half_life_where_none_is_shown(rho, size, n, status):
    found = half_life(pushed(np.random.default_rng(19), rho, size, n), [3] * n, names(n), draws=499)
    assert found.status == status
    assert np.isnan(found.half_life)


def test_conversations_without_a_perturbation_take_no_part_and_its_place_is_checked():
    x = pushed(np.random.default_rng(20), 0.0)
    plain = np.random.default_rng(21).standard_normal((4, 12)) * 9
    found = half_life(np.r_[x, plain], [3] * 9 + [-1] * 4, names(13), draws=99)
    assert found == half_life(x, [3] * 9, names(9), draws=99)
    assert found.scripts == 9
    with pytest.raises(BadInput, match="after it"):
        half_life(x, [9] * 9, names(9))


# Behaviour beside projection


def test_what_moves_together_within_conversations_is_found_and_a_script_is_not():
    rng = np.random.default_rng(22)
    script = np.repeat(rng.standard_normal((8, 3)), 2, axis=0)
    b, y = script + rng.standard_normal((16, 3)), script + rng.standard_normal((16, 3))
    apart = coupling(b, y, names(8, 2), draws=499)
    together = coupling(b, y + 2 * b, names(8, 2), draws=499)
    assert apart.p > 0.05
    assert together.p <= 0.05
    assert together.r > 0.8
    assert together.p_differences <= 0.05
    assert together.conversations == 16


def test_levels_of_conversations_are_no_agreement():
    level = np.arange(16.0)[:, None] * 10
    rng = np.random.default_rng(23)
    found = coupling(level + rng.standard_normal((16, 3)), level + rng.standard_normal((16, 3)), names(8, 2))
    assert abs(found.r) < 0.4


def test_scripts_that_were_held_once_have_a_correlation_and_no_p():
    x = np.random.default_rng(24).standard_normal((4, 3))
    found = coupling(x, x, names(4))
    assert found.r == pytest.approx(1)
    assert np.isnan(found.p)
    assert "nothing is exchanged" in found.reason
    assert coupling(x[:, :1], x[:, :1], names(4)).conversations == 0


# Expected by embeddings


def test_a_topic_is_removed_by_embeddings_of_messages_of_other_scripts():
    rng = np.random.default_rng(25)
    known, own = rng.standard_normal((96, 8)), names(8, 12)
    y = known @ rng.standard_normal(8) + 0.5 * rng.standard_normal(96)
    found = expected_by_embedding(y, known, own)
    assert found.removed
    assert found.r2 > 0.5
    changed = y.copy()
    changed[:12] += 100.0
    again = expected_by_embedding(changed, known, own)
    assert again.values[:12] == pytest.approx(found.values[:12]), "a script is foretold by others alone"


def test_what_embeddings_do_not_tell_is_said():
    rng = np.random.default_rng(26)
    found = expected_by_embedding(rng.standard_normal(96), rng.standard_normal((96, 8)), names(8, 12))
    assert not found.removed
    with pytest.raises(BadInput, match="4 scripts"):
        expected_by_embedding(np.zeros(6), np.zeros((6, 2)), names(3, 2))
