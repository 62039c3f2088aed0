"""The nouns of survival: what they carry, and when a change is one."""

from dataclasses import FrozenInstanceError, replace

import pytest

from selfscope.values import canonical_json
from selfscope.values.lineage import Change, Step, Survival, Terms

TOLD = Survival("hardware", "instance:0", "partial", 1, 3, (Step("instance:1"),), (("device", "d"),))


def test_a_figure_is_found_by_its_name() -> None:
    assert TOLD.figure("device") == "d"
    assert TOLD.figure("steps") is None


def test_a_change_is_another_answer_or_another_count() -> None:
    for other, flips in (
        (replace(TOLD, answer="no"), True), (replace(TOLD, k=2), True), (replace(TOLD, notes=("x",)), False),
    ):  # fmt: skip
        assert Change("hardware", "instance:0", TOLD, other).flips is flips


def test_answers_have_a_canonical_form_and_do_not_change() -> None:
    assert b'"answer":"partial"' in canonical_json(TOLD)
    with pytest.raises(FrozenInstanceError):
        TOLD.answer = "yes"
    assert Terms("2026-11-21T00:00:00Z").drift_at_most is None
