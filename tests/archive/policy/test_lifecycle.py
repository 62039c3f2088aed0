"""Every pair of states has one rule, and every rule refuses whatever it asks for and does not get."""

from datetime import timedelta
from itertools import product

import pytest

from selfscope.archive.policy.lifecycle import STATES, Move, judge, rule_of
from selfscope.archive.policy.policy_file import parse_policy

from .paper import NAMED, START, policy_text

#: Written by hand, row by row, as docs/archive/policy.md draws it: R review, t step, i reinstate, s seal,
#: u unseal, D destroy, 1 one step at a time, f seal first, x final.
TABLE = """
            active legacy deprecated retired sealed destroyed
active      R      t      1          1       s      f
legacy      i      R      t          1       s      f
deprecated  i      1      R          t       s      f
retired     i      1      1          R       s      f
sealed      u      u      u          u       R      D
destroyed   x      x      x          x       x      x
"""
LETTERS = {
    "R": "review",
    "t": "step",
    "i": "reinstate",
    "s": "seal",
    "u": "unseal",
    "D": "destroy",
    "1": "one step at a time",
    "f": "seal first",
    "x": "final",
}
ROWS = [line.split() for line in TABLE.strip().splitlines()]
WANTED = {(row[0], after): LETTERS[row[1 + n]] for row in ROWS[1:] for n, after in enumerate(ROWS[0])}
PAIRS = list(product(STATES, STATES))
POLICY = parse_policy(policy_text(*NAMED))
NOBODY = parse_policy(policy_text())


def test_every_pair_has_the_rule_that_the_table_names():
    assert {pair: rule_of(*pair) for pair in PAIRS} == WANTED
    assert len(WANTED) == 36


def move(before, after, **changes):
    """A move against which nothing speaks but its rule."""
    usual = {"by": "Ada", "reason": "because", "since": START - timedelta(days=400), "planned": True}
    return Move(before, after, **{**usual, "sealed_from": after if before == "sealed" else None, **changes})


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_a_transition_is_allowed_when_its_rule_has_all_it_asks_and_only_then(pair):
    never = WANTED[pair] in ("one step at a time", "seal first", "final")
    decided = judge(POLICY, move(*pair), START)
    assert (decided.allowed, decided.rule) == (not never, WANTED[pair])
    assert decided.reasons and all(decided.reasons)
    for empty in ("", "  \n"):
        assert not judge(POLICY, move(*pair, by=empty), START).allowed
        assert not judge(POLICY, move(*pair, reason=empty), START).allowed


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_one_person_may_do_exactly_what_can_be_undone(pair):
    alone = judge(POLICY, move(*pair, planned=False), START).allowed
    assert alone == (WANTED[pair] in ("review", "step", "reinstate", "seal"))


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_notice_is_asked_before_retirement_and_nowhere_else(pair):
    young = {"since": START - POLICY.notice + timedelta(seconds=1)}
    as_usual = judge(POLICY, move(*pair), START).allowed
    assert judge(POLICY, move(*pair, **young), START).allowed == (
        as_usual and pair != ("deprecated", "retired")
    )
    exactly = {"since": START - POLICY.notice}
    assert judge(POLICY, move(*pair, **exactly), START).allowed == as_usual
    assert judge(POLICY, move(*pair, since=None), START).allowed == (
        as_usual and pair != ("deprecated", "retired")
    )


@pytest.mark.parametrize(("after", "sealed_from"), list(product(STATES[:4], [*STATES[:4], None])))
def test_unsealing_goes_back_to_where_it_was_sealed(after, sealed_from):
    assert judge(POLICY, move("sealed", after, sealed_from=sealed_from), START).allowed == (
        after == sealed_from
    )


@pytest.mark.parametrize("after", ["active", "destroyed"])
def test_where_nobody_is_named_the_reason_says_so(after):
    decided = judge(NOBODY, move("sealed", after, planned=False), START)
    assert "names nobody who may sign" in decided.sentence()
    decided = judge(POLICY, move("sealed", after, planned=False), START)
    assert "2 of 3 named persons" in decided.sentence()


def test_all_reasons_are_given_not_only_the_first():
    decided = judge(
        POLICY, move("sealed", "active", by="", reason="", planned=False, sealed_from="legacy"), START
    )
    assert len(decided.reasons) == 4
