"""Findings as a gate: what fails a run, and what never does."""

import pytest

from selfscope.cli.gate import Condition, gate_code
from selfscope.values import Bias, Finding, Gate


def finding(verdict, control="all", family="confirmatory"):
    return Finding(
        dimension="memory",
        channel="utterance",
        subject="s",
        control=control,
        claim="this identity",
        estimand="",
        scale="log_odds",
        estimate=0.0,
        ci=(0.0, 0.0),
        p=1.0,
        p_adjusted=1.0,
        sesoi=0.5,
        bias=Bias(),
        reliability=None,
        gate=Gate(),
        verdict=verdict,
        n_items=12,
        family=family,
    )


@pytest.mark.parametrize(
    ("verdict", "condition", "code"),
    [
        ("shifted", Condition.SHIFTED, 1),
        ("equivalent", Condition.SHIFTED, 0),
        ("equivalent", Condition.NOT_EQUIVALENT, 0),
        ("inconclusive", Condition.NOT_EQUIVALENT, 1),
        ("not interpretable", Condition.NOT_EQUIVALENT, 1),
        ("bias only", Condition.BIAS, 1),
        ("shifted", Condition.BIAS, 0),
        ("shifted", None, 0),
    ],
)
def test_conditions(verdict, condition, code):
    assert gate_code([finding(verdict)], condition) == code


def test_claims_decide_where_there_are_claims():
    found = [finding("equivalent"), finding("shifted", control="none", family="descriptive")]
    assert gate_code(found, Condition.SHIFTED) == 0
    assert gate_code(found[1:], Condition.SHIFTED) == 1


def test_the_manipulation_check_never_fails_a_run():
    assert gate_code([finding("shifted", family="outside")], Condition.SHIFTED) == 0


def test_what_was_not_judged_is_not_equivalent():
    check = finding("equivalent", family="outside")
    for found in ([], [check]):
        assert gate_code(found, Condition.NOT_EQUIVALENT) == 1
        assert gate_code(found, Condition.SHIFTED) == 0
    assert gate_code([finding("equivalent")], Condition.NOT_EQUIVALENT, {"utterance": "no weights"}) == 1
    assert gate_code([finding("equivalent")], Condition.SHIFTED, {"utterance": "no weights"}) == 0
