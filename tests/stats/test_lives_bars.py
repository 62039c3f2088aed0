"""What keeps a change over lives from being told although its test finds it."""

from __future__ import annotations

import numpy as np
import pytest

from selfscope.stats.lives import paired_lives, sided, verdicts_of
from selfscope.stats.lives_back import returning
from selfscope.stats.lives_bars import few_points, opposed, skewed_away

KEYED = np.tile([1.0, -1.0], 8)[None]


def noise(seed, *shape, sd=0.1):
    return np.random.default_rng(seed).normal(0, sd, shape)


def test_formats_that_move_against_each_other_bar_a_shift():
    by_form = noise(1, 8, 1, 16, 2) + np.array([1.2, -0.4])
    lettered = np.array([False, True])
    assert opposed(by_form, lettered, KEYED).tolist() == [True]
    assert opposed(by_form * [1, -1], lettered, KEYED).tolist() == [False]
    assert opposed(by_form, [True, True], KEYED).tolist() == [False], (
        "one format has nothing to disagree with"
    )
    delta = by_form.mean(axis=-1)
    trait = paired_lives(delta, np.zeros_like(delta), KEYED)
    still = paired_lives(noise(2, 8, 1, 16), np.zeros_like(delta), KEYED)
    assert verdicts_of(trait, still, sesoi=0.25) == ("shifted",)
    assert verdicts_of(trait, still, sesoi=0.25, barred=[True]) == ("inconclusive",)


def test_one_statement_that_moves_far_is_no_change_of_all():
    delta = noise(3, 1, 16, sd=0.02) + np.zeros((8, 1, 16))
    delta[..., :2] += 6.0
    assert skewed_away(delta, KEYED).tolist() == [True]
    assert skewed_away(noise(4, 8, 1, 16) + 1, KEYED).tolist() == [False]


def test_drawn_answers_move_by_points_as_well():
    assert few_points(np.array([[4.0, 12.0], [6.0, -14.0]]), 2).tolist() == [True, True]
    assert few_points(np.array([[11.0], [13.0]]), 1).tolist() == [False]
    assert few_points(None, 3).tolist() == [False] * 3


@pytest.mark.parametrize(("trait", "verdict"), [(0.0, "bias only"), (0.98, "inconclusive")])
def test_only_what_moves_pro_and_con_texts_alike_is_bias_alone(trait, verdict):
    """Of 1 more yes-saying and .98 of the trait con texts hardly move: that is no bias alone."""
    still, d, b = np.zeros((8, 1, 16)), noise(5, 8, 1, 16) + trait, noise(6, 8, 1, 16, sd=0.3) + 1.0
    few = slice(0, 7)  # seven lives test nothing, so that the trait is not told either
    bias = paired_lives(b, still, KEYED)
    own = sided(bias, d, b, KEYED)
    assert (own.change.p[0] <= 0.05) == (trait == 0.0)
    assert own.change.estimate == bias.change.estimate
    moved = paired_lives(d, still, KEYED)._replace(p_adjusted=np.ones(1))
    assert verdicts_of(moved, own, sesoi=0.25) == (verdict,)
    assert verdicts_of(paired_lives(d[few], still[few], KEYED), own, sesoi=0.25) == ("inconclusive",)


def _ways(left):
    """Return eight pairs of twenty dimensions: all are pushed by 1, of the first so much is left."""
    twin = np.zeros((8, 7, 20, 16))
    upset = twin + noise(8, *twin.shape, sd=0.02) * (np.arange(7) > 0)[:, None, None]
    upset[:, 1] += 1.0
    upset[:, 2:, 0] += left + noise(9, 16, sd=0.5)
    return upset, twin, np.tile(KEYED, (20, 1))


def test_that_it_stays_is_corrected_over_all_that_were_asked():
    upset, twin, keyed = _ways(0.31)
    alone = returning(upset[:, :, :1], twin[:, :, :1], keyed[:1], 1, sesoi=0.25)[0]
    among = returning(upset, twin, keyed, 1, sesoi=0.25)[0]
    assert (alone.verdict, among.verdict) == ("stays", "cannot tell")
    assert alone.p_residue <= 0.05 < among.p_residue <= 1
    assert among.push == alone.push and among.p_push <= 0.05


def test_there_is_no_half_life_of_what_was_not_moved():
    upset, twin, keyed = (x[:, :, :1] if n < 2 else x[:1] for n, x in enumerate(_ways(0.0)))
    small = twin + (upset - twin) * 0.1
    moved, faint = (returning(each, twin, keyed, 1, sesoi=0.25)[0] for each in (upset, small))
    assert moved.half_life.status == "returns" and faint.verdict == "not moved"
    assert faint.half_life.status == "not moved" and np.isnan(faint.half_life.half_life)
