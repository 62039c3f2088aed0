from __future__ import annotations

import math

import pytest

from selfscope.report.words import anchor, counted, interval, joined, lowered, number, p_value, sentence


@pytest.mark.parametrize(
    ("value", "text"), [(0.617, "+0.62"), (-0.1, "−0.10"), (0.001, "0.00"), (-0.001, "0.00"), (math.nan, "–")]
)
def test_numbers_have_a_sign_and_no_negative_zero(value: float, text: str) -> None:
    assert number(value) == text


def test_intervals_without_bounds_say_so() -> None:
    assert interval((0.4, 0.8)) == "+0.40 to +0.80"
    assert interval((math.nan, math.nan)) == "no interval"


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0004, "p < .001"), (0.0312, "p = .031"), (0.25, "p = .25"), (0.999, "p > .99"), (math.nan, "no p")],
)
def test_p_values_in_the_form_of_the_field(p: float, text: str) -> None:
    assert p_value(p) == text


def test_lists_counts_and_capitals() -> None:
    assert joined(["a", "b", "c"]) == "a, b and c"
    assert counted(1, "dimension") == "1 dimension"
    assert lowered("Wish for more") == "wish for more"
    assert lowered("AI models") == "AI models"
    assert sentence("when asked") == "When asked."


def test_anchors_never_meet_and_hold_only_safe_characters() -> None:
    names = ["a b", "a_b", "a-b", "a/b", "a'b", '"><script>', "é"]
    found = [anchor("d", n) for n in names]
    assert len(set(found)) == len(names)
    assert all((c.isalnum() and c.isascii()) or c in "-_~." for a in found for c in a)
