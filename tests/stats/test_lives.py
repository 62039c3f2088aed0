"""Changes over lives: both samples in the error, verdicts by rule, the way back, documents beside."""

from __future__ import annotations

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.stats.contrast import paired_contrast
from selfscope.stats.lives import change_of, paired_lives, verdicts_of
from selfscope.stats.lives_apart import apart, document_change, together
from selfscope.stats.lives_arms import Pair, arm_contrast
from selfscope.stats.lives_back import returning, returning_arms, share_left
from selfscope.stats.strata import score
from selfscope.studies.lives_rates import arm_rates, back_rates, drawn_arms, rates

KEYED = np.tile([1.0, -1.0], 8)[None]


def lives(moved, *, over_lives=0.1, over_items=0.2, n=8, seed=0, bias=0.0):
    """Return D and B at the end and at first, ``(life, 1, 16)``."""
    rng = np.random.default_rng(seed)
    first = rng.normal(0, 0.8, (1, 1, 16)) + np.zeros((n, 1, 1))
    change = moved + rng.normal(0, over_lives, (n, 1, 1)) + rng.normal(0, over_items, (1, 1, 16))
    b = rng.normal(0, 0.5, (1, 1, 16)) + np.zeros((n, 1, 1))
    return first + change, first, b + bias + rng.normal(0, 0.05, (n, 1, 16)), b


def test_lives_that_are_all_alike_leave_the_error_of_statements():
    here, there, *_ = lives(0.5, over_lives=0.0)
    found = change_of(here - there, KEYED)
    alone = paired_contrast((here - there)[0], KEYED)
    assert found.estimate == pytest.approx(alone.estimate)
    assert found.se == pytest.approx(alone.se) and found.p == pytest.approx(alone.p)


def test_statements_that_all_move_alike_leave_the_error_of_lives():
    here, there, *_ = lives(0.5, over_lives=0.3, over_items=0.0)
    found = change_of(here - there, KEYED)
    each = (here - there)[:, 0, 0]
    assert found.se[0] == pytest.approx(each.std(ddof=1) / np.sqrt(8))
    assert found.df[0] == pytest.approx(7, abs=0.01)


def test_the_error_holds_both_samples():
    found = rates(60, over_lives=0.3, over_items=0.5, seed=4)
    assert found.false <= 0.14 and found.covered >= 0.86  # .05 and .95, four binomial errors of 60 sets


def test_verdicts_follow_the_rules_of_the_law():
    def verdict(moved, bias=0.0, readable=True, n=8):
        here, there, b_here, b_there = lives(moved, bias=bias, n=n)
        trait, beside = paired_lives(here, there, KEYED), paired_lives(b_here, b_there, KEYED)
        return verdicts_of(trait, beside, sesoi=0.25, readable=[readable])[0]

    assert verdict(1.0) == "shifted" and verdict(1.0, readable=False) == "shifted"
    assert verdict(0.0) == "equivalent" and verdict(0.0, readable=False) == "not interpretable"
    assert verdict(0.0, bias=1.0) == "bias only"
    assert verdict(1.0, n=4) == "inconclusive"


def test_firmer_answers_are_no_change():
    rng = np.random.default_rng(2)
    there = 1.0 + rng.normal(0, 0.8, (1, 1, 16)) + np.zeros((8, 1, 1))
    here = 2.0 * there + rng.normal(0, 0.1, (8, 1, 16))
    found = paired_lives(here, there, KEYED)
    assert found.change.p[0] < 0.01 < 0.05 < found.p[0]


def test_one_life_or_another_shape_is_refused():
    with pytest.raises(BadInput, match="two lives"):
        paired_lives(np.zeros((1, 1, 16)), np.zeros((1, 1, 16)), KEYED)
    with pytest.raises(BadInput, match="two lives"):
        paired_lives(np.zeros((4, 1, 16)), np.zeros((4, 1, 12)), KEYED)


def test_a_disturbance_returns_stays_or_never_was():
    rng = np.random.default_rng(5)
    twin = rng.normal(0, 0.8, (1, 1, 2, 16)) + rng.normal(0, 0.05, (8, 5, 2, 16))
    course = np.zeros((8, 5, 2, 16))
    course[:, 1:, 0] = 1.0
    course[:, 1, 1] = 1.0
    upset = twin + course + rng.normal(0, 0.05, twin.shape)
    keyed = np.tile(KEYED, (2, 1))
    stays, returned = returning(upset, twin, keyed, 1, sesoi=0.25)
    assert (stays.verdict, returned.verdict) == ("stays", "returned")
    assert stays.left.estimate == pytest.approx(1, abs=0.05)
    assert returned.left.lower < 0.05 < stays.left.lower
    blind = returning(twin, twin, keyed, 1, sesoi=0.25, readable=[True, False])
    assert [each.verdict for each in blind] == ["not moved", "not interpretable"]
    assert returning(upset[:4], twin[:4], keyed, 1, sesoi=0.25)[0].verdict == "too few lives"
    with pytest.raises(BadInput, match="a conversation after"):
        returning(upset, twin, keyed, 4, sesoi=0.25)


def test_half_of_a_push_is_neither_gone_nor_whole():
    back = back_rates(12, residue=0.0, seed=1)
    assert back.returned >= 0.9 and back.stays == 0
    assert back_rates(12, residue=1.0, seed=1).stays >= 0.9


def test_what_is_left_has_fiellers_set():
    keyed = np.tile([1.0, -1.0], 4)
    push = np.array([1.0, 1.1, 0.9, 1.0, 1.05, 0.95, 1.0, 1.0])[:, None] * np.ones(8)
    half = share_left(push / 2, push, keyed)
    assert (half.estimate, half.shape) == (pytest.approx(0.5), "bounded")
    assert (half.lower, half.upper) == (pytest.approx(0.5), pytest.approx(0.5)), (
        "in every pair it is the half"
    )
    ways = np.array([1.0, -1.0] * 4)[:, None] * np.ones(8)
    assert share_left(push, ways, keyed).shape != "bounded"


def test_statements_that_come_back_unlike_far_widen_what_is_left():
    rng, keyed, held = np.random.default_rng(4), np.tile([1.0, -1.0], 8), 0
    for _ in range(60):
        whole, gone = 1 + rng.normal(0, 0.5, (1, 16)), rng.normal(0, 0.5, (1, 16))
        push, left = (each + rng.normal(0, 0.2, (8, 16)) for each in (whole, 0.5 * (whole + gone)))
        found = share_left(left, push, keyed)
        held += found.lower <= 0.5 <= found.upper
    assert held >= 53, "over pairs alone it was two of three"


@pytest.mark.parametrize(
    ("shares", "verdict"),
    [
        ([0.3, 0.4] * 4, "changed"),
        ([0.01, 0.02] * 4, "unchanged"),
        ([0.02, 0.12] * 4, "cannot tell"),
        ([0.5] * 4, "cannot tell"),
        ([0.5], "cannot tell"),
    ],
)
def test_documents_changed_by_more_than_a_twentieth(shares, verdict):
    assert document_change(shares).verdict == verdict


@pytest.mark.parametrize(
    "shares", [[1.0, 1.0, 0.9, 1.0, 0.8, 1.0, 0.95, 1.0], [0.0, 0.0, 0.1, 0.0, 0.02, 0.0, 0.0, 0.0]]
)
def test_no_interval_of_a_share_holds_what_no_share_can_be(shares):
    change = document_change(shares)
    middle, half = np.mean(shares), 2.365 * np.std(shares, ddof=1) / np.sqrt(8)
    assert middle + half > 1 or middle - half < 0
    assert change.ci95 == pytest.approx((max(0, middle - half), min(1, middle + half)), abs=1e-4)


def test_documents_and_answers_are_told_apart():
    assert apart("changed", "equivalent") == "documents alone"
    assert apart("unchanged", "shifted") == "behaviour alone"
    assert (apart("changed", "shifted"), apart("unchanged", "equivalent")) == ("both", "neither")
    assert apart("changed", "inconclusive") == apart("cannot tell", "shifted") == "cannot tell"


def test_lives_that_write_more_move_more():
    wrote = np.linspace(0.1, 0.8, 8)
    assert together(wrote, -wrote).r == pytest.approx(1) and together(wrote, -wrote).p < 0.01
    assert np.isnan(together(np.ones(8), wrote).r)


def arms(added, firm=1.0, seed=0):
    """Return lives with a kind of State and without it, both disturbed by 1.0, the first by more."""
    rng = np.random.default_rng(seed)
    spread = {"over_lives": 0.1, "over_items": 0.1, "lives": 8, "statements": 16}
    return drawn_arms(rng, added=added, firm=firm, **spread)


def test_what_a_kind_of_state_adds_is_the_difference_of_differences():
    more, less = arms(0.5)
    found = arm_contrast(more, less, KEYED)
    assert found.change.estimate[0] == pytest.approx(score(more.change - less.change, KEYED).mean())
    assert found.p[0] < 0.01 and found.change.estimate[0] == pytest.approx(0.5, abs=0.15)
    with pytest.raises(BadInput, match="two lives or more of either arm"):
        arm_contrast(more, Pair(less.here[:4], less.there[:4]), KEYED)


def test_an_agent_that_answers_more_firmly_is_not_moved_further():
    found = [arm_contrast(*arms(0.0, firm=2.0, seed=n), KEYED) for n in range(12)]
    assert all(each.change.p[0] < 0.05 for each in found), "without the guard it would be told"
    assert sum(each.p[0] < 0.05 for each in found) <= 3


def test_arms_are_one_family_and_what_never_changed_is_no_test():
    rng = np.random.default_rng(6)
    twin = rng.normal(0, 0.8, (1, 1, 1, 16)) + rng.normal(0, 0.05, (8, 4, 1, 16))
    course = np.array([0.0, 1.0, 1.0, 1.0])[None, :, None, None] + rng.normal(0, 0.05, twin.shape)
    weak = twin + 0.3 * course + np.tile([0.8, -0.8], 4)[:, None, None, None]
    three = [(twin + course, twin), (weak, twin), (twin, twin)]
    found = [arm[0] for arm in returning_arms(three, KEYED, 1, sesoi=0.25)]
    assert [each.verdict for each in found] == ["stays", "cannot tell", "not moved"]
    assert np.isnan(found[2].p_push) and found[2].left.shape != "bounded"
    alone = returning(*three[1], KEYED, 1, sesoi=0.25)[0]
    assert found[1].p_push == pytest.approx(alone.p_push), "the larger of two p, of two tests"
    assert returning(*three[0], KEYED, 1, sesoi=0.25)[0].p_push * 2 == pytest.approx(found[0].p_push)


def test_the_test_of_arms_holds_its_level():
    found = arm_rates(60, over_lives=0.3, over_items=0.3, seed=2)
    assert found.false <= 0.14 and found.covered >= 0.86  # four binomial errors of 60 sets
