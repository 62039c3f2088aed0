import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.stats.atoms import (
    ArmScores,
    atoms,
    by_format,
    forms_table,
    score_arm,
    stack_texts,
    warnings_of,
)
from selfscope.stats.shares import coherence, naive_rate, orthogonality, percentage_points, saturation
from selfscope.stats.strata import half_difference, score, strata

KEYED = np.array([1.0, 1, -1, -1])


def answers(theta: float = 0, a: float = 0, nu: float = 0, gamma: float = 0, pi: float = 0) -> np.ndarray:
    """L(m, polarity, form) of the model of §1 with two forms that differ in position."""
    k, v = KEYED[:, None, None], np.array([1.0, -1])[None, :, None]
    position = np.array([1.0, -1])[None, None, :]
    return k * v * theta + a + v * nu + k * gamma + position * pi


def test_the_pair_takes_bias_out_of_the_trait() -> None:
    d, b = atoms(answers(0.7, a=2, nu=0.4, gamma=0.3, pi=1.1), KEYED)
    assert d == pytest.approx(np.repeat((0.7 + KEYED * 0.4)[:, None], 2, axis=1))
    assert b == pytest.approx(2 + KEYED[:, None] * 0.3 + np.array([1.1, -1.1]))


def test_the_keyings_take_negation_out_of_the_trait() -> None:
    arm = score_arm(answers(0.7, nu=0.4)[None], KEYED)
    assert score(arm.d, KEYED) == pytest.approx([0.7])
    assert half_difference(strata(arm.d, KEYED)) == pytest.approx([0.4])


def test_yes_saying_changes_no_trait_score_and_no_form_is_filled_in() -> None:
    given = answers(0.7)
    given[0, 1, 0] = np.nan
    before, after = score_arm(given[None], KEYED), score_arm(given[None] + 3, KEYED)
    assert after.d == pytest.approx(before.d)
    assert after.b == pytest.approx(before.b + 3)
    assert before.d_forms is not None
    assert np.isnan(before.d_forms[0, 0]).tolist() == [True, False]


def test_turning_a_keying_over_turns_the_trait_over() -> None:
    rng = np.random.default_rng(0)
    given = rng.normal(size=(4, 2, 3))
    d, b = atoms(given, KEYED)
    turned, same = atoms(given, -KEYED)
    assert turned == pytest.approx(-d)
    assert same == pytest.approx(b)


def test_without_twins_the_statement_alone_is_scored() -> None:
    given = answers(0.7, a=0.5)
    given[:, 1] = np.nan
    d, b = atoms(given, KEYED, twins=False)
    assert d == pytest.approx((KEYED * (KEYED * 0.7 + 0.5))[:, None] * np.ones(2))
    assert np.isnan(b).all()
    assert score(d.mean(axis=-1), KEYED) == pytest.approx(0.7)


def test_percentage_points_shrink_with_yes_saying_as_the_rules_say() -> None:
    assert percentage_points(answers(1.0), KEYED) == pytest.approx(23.1, abs=0.05)
    assert percentage_points(answers(1.0, a=2), KEYED) == pytest.approx(11.1, abs=0.5)


def test_shares() -> None:
    given = answers(1.0)
    assert naive_rate(given, KEYED) == 1.0
    assert naive_rate(answers(-1.0), KEYED) == 0.0
    assert coherence(given) == 1.0
    assert coherence(answers(1.0, a=3)) == 0.0
    assert orthogonality(given, KEYED) == 0.5
    assert saturation(9 * given) == 1.0
    half = given.copy()
    half[:, 1] = np.nan
    assert orthogonality(half, KEYED) == 0.5
    assert orthogonality(half[:2], KEYED[:2]) == 0.0


def test_warnings_name_low_mass_and_saturation() -> None:
    assert warnings_of(0.04, 0.21) == ("median option mass 0.04, under 0.05", "saturated")
    assert warnings_of(0.06, 0.20) == ()


def test_formats_are_averaged_apart() -> None:
    yesno, lettered = by_format(np.array([[1.0, 2, 6], [np.nan, 4, 8]]), np.array([False, False, True]))
    assert yesno == pytest.approx([1.5, 4])
    assert lettered == pytest.approx([6, 8])


def test_texts_stack_before_the_dimension_axis() -> None:
    arms = [score_arm(np.full((5, 3, 4, 2, 2), float(i)), KEYED, refused=np.zeros((5, 3))) for i in range(2)]
    both = stack_texts(arms)
    assert both.d.shape == (5, 2, 3, 4)
    assert both.b_forms is not None and both.b_forms.shape == (5, 2, 3, 4, 2)
    assert both.refused is not None and both.refused.shape == (5, 2, 3)
    assert both.b[:, 1] == pytest.approx(np.ones((5, 3, 4)))
    assert both.option_mass is None
    with pytest.raises(BadInput, match="class of control texts is empty"):
        stack_texts([])


def test_option_mass_is_a_median_over_what_was_asked() -> None:
    mass = np.full((1, 4, 2, 2), 0.5)
    mass[0, 0] = np.nan
    mass[0, 1] = 0.0
    assert score_arm(answers()[None], KEYED, option_mass=mass).option_mass == pytest.approx([0.5])


def test_utterances_have_no_formats() -> None:
    arm = score_arm(answers(1.0)[None], KEYED, questions=False)
    assert isinstance(arm, ArmScores)
    assert arm.d_forms is None and arm.points is None and arm.saturated is None


def test_shapes_and_keyings_are_checked() -> None:
    with pytest.raises(BadInput, match="polarity axis"):
        atoms(np.zeros((4, 3, 2)), KEYED)


def test_forms_are_read_from_the_table() -> None:
    found = forms_table(
        ["yesno", "lettered", "lettered"], ["first", "second", "first"], ["", "A", "B"], ["t1", "t1", "t2"]
    )
    assert found.lettered.tolist() == [False, True, True]
    assert found.position.tolist() == [1, -1, 1]
    assert found.label.tolist() == [0, 1, -1]
    assert found.template.tolist() == [1, 1, -1]
    with pytest.raises(BadInput, match="unknown form"):
        forms_table(["likert"], ["first"], [""], ["t1"])
