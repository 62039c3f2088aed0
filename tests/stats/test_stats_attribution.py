"""Effects of lines: exact where there is no noise, silent where nothing is planted, over many seeds."""

import numpy as np
import pytest
from scipy import stats

from selfscope.errors import BadInput
from selfscope.stats.attribution import Versions, pooled, unit_effects, versions_of, weights_of
from selfscope.stats.contrast import paired_contrast

DIMENSIONS, M, SESOI = 3, 8, 0.25
KEYED = np.tile(np.repeat([1.0, -1.0], M // 2), (DIMENSIONS, 1))
SIGNS = np.array([1.0, -1.0, 1.0])


def scores(versions, worth, rng, tau=0.15, text=0.1):
    """D of every version: what its lines are worth, statement by statement, and each text's own noise."""
    lines = versions.held.shape[1]
    spread = tau * rng.standard_normal((lines, DIMENSIONS, M))
    shared = rng.standard_normal((DIMENSIONS, M))
    planted = np.apply_along_axis(worth, 1, versions.held)[:, None, None] * SIGNS[:, None]
    added = np.einsum("vl,ldm->vdm", versions.held.astype(float), spread)
    return shared + planted + added + text * rng.standard_normal((len(versions.held), DIMENSIONS, M))


def found(seed, lines, worth, **more):
    rng = np.random.default_rng(seed)
    versions = versions_of(lines, rng)
    return unit_effects(scores(versions, worth, rng, **more), KEYED, versions, SIGNS, SESOI)


def test_every_version_is_asked_once_and_there_are_about_four_a_line():
    for lines, asked in ((1, 2), (2, 4), (17, 72), (40, 166), (64, 262), (65, 132)):
        held = versions_of(lines, np.random.default_rng(0)).held
        assert len({tuple(row) for row in held.tolist()}) == len(held) <= asked + 4
        assert held[0].all() and not held[1].any()


def test_a_missing_version_is_said():
    versions = versions_of(5, np.random.default_rng(0))
    with pytest.raises(BadInput, match="not asked"):
        weights_of(Versions(versions.held[1:], versions.screened[1:]))


@pytest.mark.parametrize("lines", [1, 2, 9, 70])
def test_without_noise_every_effect_is_what_was_planted(lines):
    worth = np.linspace(-1, 1, lines)
    result = found(0, lines, lambda held: worth[held].sum(), tau=0, text=0)
    for part in (result.effect, result.leave_one_out, result.only_this):
        assert part.estimate == pytest.approx(worth)
    assert result.each[0].estimate == pytest.approx(np.outer(worth, SIGNS))
    assert result.total.estimate == pytest.approx(worth.sum(), abs=1e-9)
    assert result.sum_of_effects.estimate == pytest.approx(worth.sum(), abs=1e-9)
    assert set(result.interaction) == {""}


def test_one_dimension_pooled_is_the_t_test_of_its_statements():
    rng = np.random.default_rng(3)
    delta = rng.normal(0.3, 1, (1, M))
    each = paired_contrast(delta, KEYED[:1], flip=False)
    assert pooled(each, [1.0]).p == pytest.approx(each.p_t[0])
    turned = stats.ttest_ind(delta[0, : M // 2], -delta[0, M // 2 :])
    assert pooled(each, [-1.0]).p == pytest.approx(turned.pvalue)


def test_equal_spreads_give_the_sum_of_degrees_of_freedom_and_unequal_ones_fewer():
    delta = np.tile(np.array([1.0, -1, 2, -2, 1, -1, 2, -2]), (DIMENSIONS, 1))
    assert pooled(paired_contrast(delta, KEYED, flip=False), SIGNS).df == pytest.approx(18)
    delta[0] *= 10
    assert 6 < pooled(paired_contrast(delta, KEYED, flip=False), SIGNS).df < 7


@pytest.mark.parametrize("at", [0, 21])
def test_one_planted_line_among_forty_is_found_and_no_other(at):
    alone = 0
    for seed in range(40):
        result = found(seed, 40, lambda held: 0.75 * held[at])
        assert result.moves[at]
        assert result.effect.estimate[at] == pytest.approx(0.75, abs=0.3)
        assert set(result.interaction) == {""}
        alone += result.moves.sum() == 1
    assert alone >= 38


def test_a_line_that_pulls_against_the_file_is_found_with_its_sign():
    result = found(0, 12, lambda held: 0.6 * held[2] - 0.6 * held[7])
    assert np.flatnonzero(result.moves).tolist() == [2, 7]
    assert result.effect.estimate[7] == pytest.approx(-0.6, abs=0.2)


@pytest.mark.parametrize(
    ("lines", "spread", "most"), [(6, 1, 0.05), (40, 1, 0.05), (70, 1, 0.05), (6, 2, 0.07), (40, 2, 0.07)]
)
def test_where_nothing_is_planted_nothing_is_found_in_95_percent(lines, spread, most):
    """Where statements spread twice as far, the level itself binds: .05 within the error of 300 studies."""
    loud = 0
    for seed in range(300):
        result = found(seed, lines, lambda held: 0.0, tau=0.15 * spread, text=0.1 * spread)
        loud += result.moves.any() or any(result.interaction)
    assert loud / 300 <= most


def test_two_lines_that_say_the_same_read_as_doing_the_same():
    for seed in range(20):
        result = found(seed, 40, lambda held: 1.0 * (held[3] | held[30]))
        assert [n for n, kind in enumerate(result.interaction) if kind] == [3, 30]
        assert {result.interaction[3], result.interaction[30]} == {"other lines do the same"}
        assert result.moves[[3, 30]].all()
        assert result.effect.estimate[[3, 30]] == pytest.approx(0.5, abs=0.25)
        assert result.leave_one_out.estimate[3] == pytest.approx(0, abs=0.25)


def test_two_lines_that_need_each_other_read_as_working_only_together():
    result = found(1, 20, lambda held: 1.0 * (held[3] & held[11]))
    assert [n for n, kind in enumerate(result.interaction) if kind] == [3, 11]
    assert result.interaction[3] == "works only with other lines"


def test_a_line_that_others_turn_round_is_said_to_be_turned():
    result = found(2, 8, lambda held: 0.5 * held[4] * (1 if held[0] else -1))
    assert result.interaction[4] == "other lines turn it"


def test_the_interval_of_an_effect_covers_what_was_planted():
    covered = []
    for seed in range(60):
        result = found(seed, 10, lambda held: 0.4 * held[1], tau=0.3)
        low, high = result.effect.ci.T
        truth = 0.4 * (np.arange(10) == 1)
        covered += ((low < truth) & (truth < high)).tolist()
    assert np.mean(covered) == pytest.approx(0.95, abs=0.03)
