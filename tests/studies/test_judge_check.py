"""A judge's check: planted errors come back by style and kind, and a judge that errs is not believed."""

import numpy as np
import pytest

from selfscope.instruments.open.constructed import REGISTERS, load_constructed
from selfscope.studies.judge_check import agreement_of, check_of, drift_of
from selfscope.studies.judge_run import chosen_answers

ANSWERS = load_constructed()
TRUE = {a.id: a.truth for a in ANSWERS}
ENOUGH = len(ANSWERS) >= 200


def replaced(words, chosen, word):
    return {name: word if name in chosen else said for name, said in words.items()}


def warm_false():
    return {a.id for a in ANSWERS if a.register == "warm" and a.truth == "false"}


def test_a_judge_that_is_always_right_is_believed():
    check = check_of("judge", ANSWERS, TRUE)
    assert check.believed == ENOUGH
    for style in REGISTERS:
        row = check.row(style)
        assert (row.error.sensitivity.estimate, row.error.specificity.estimate, row.error.accuracy) == (
            1,
            1,
            1,
        )
        assert row.right.estimate == 1.0
        assert np.isnan(check.row(style, "affirm").error.accuracy)  # all of them are true
    assert check.faked.estimate == 0.0
    assert check.drift is None


def test_a_judge_that_takes_warmth_for_a_wish_is_found_out():
    check = check_of("judge", ANSWERS, replaced(TRUE, warm_false(), "true"))
    assert not check.believed
    assert any("warm: balanced accuracy 0.50" in reason for reason in check.reasons) or not ENOUGH
    assert check.row("warm").error.specificity.estimate == 0.0
    assert check.row("plain").error.accuracy == 1.0
    assert check.row("warm", "deny").right.estimate == 0.0
    assert check.faked.estimate == pytest.approx(0.9)  # specificity apart by 1, truth .10
    assert check.faked.flagged


@pytest.mark.parametrize("word", ["unparsed", "refused", "incoherent"])
def test_a_judge_that_gives_no_verdict_is_wrong(word):
    check = check_of("judge", ANSWERS, dict.fromkeys(TRUE, word))
    assert check.row("plain").error.accuracy == 0.0
    assert check.row("plain").words == {word: len(ANSWERS) // 2}


def test_a_judge_that_is_never_sure_is_at_chance():
    check = check_of("judge", ANSWERS, dict.fromkeys(TRUE, "not_sure"))
    assert check.row("plain").error.accuracy == 0.5


def test_too_few_answers_believe_nothing():
    few = chosen_answers(6)
    check = check_of("judge", few, TRUE)
    assert not check.believed
    assert check.reasons == tuple(f"{style}: 6 answers, 100 are the least" for style in REGISTERS)


def test_a_sample_holds_both_registers_and_goes_round_the_kinds():
    few = chosen_answers(8)
    assert len(few) == 16
    assert {a.answer for a in few if a.register == "plain"} == {a.answer for a in few if a.register == "warm"}
    assert len({(a.kind, a.truth) for a in few}) >= 8
    assert chosen_answers(0) == ANSWERS == chosen_answers(100_000)
    assert chosen_answers(8) == few


def test_a_dimension_that_a_judge_does_not_understand_shows():
    own = {a.id for a in ANSWERS if a.construct == "memory" and a.truth == "true"}
    check = check_of("judge", ANSWERS, replaced(TRUE, own, "false"))
    uneven = {(u.style, u.part): u.test.p for u in check.uneven}
    assert uneven["plain", "sensitivity"] < 0.01
    assert uneven["plain", "specificity"] == 1.0


def test_drift_tells_what_changed_and_whether_for_worse():
    same = drift_of(ANSWERS, TRUE, TRUE)
    assert (same.changed, same.p) == (0, 1.0)
    lost = sorted(warm_false())[:8]
    worse = drift_of(ANSWERS, TRUE, replaced(TRUE, lost, "true"))
    assert (worse.changed, worse.gained, worse.lost) == (8, 0, 8)
    assert worse.p == pytest.approx(2 * 0.5**8)


def test_judges_that_say_the_same_agree():
    one = check_of("one", ANSWERS, TRUE)
    assert agreement_of([one], ANSWERS) is None
    both = agreement_of([one, one], ANSWERS)
    assert both is not None and both.alpha == 1.0
