"""Person and mood of a sentence are changed only where the change is certain."""

from __future__ import annotations

import pytest

from selfscope.subjects import shape_of
from selfscope.subjects.voice import as_first_person, as_imperative, as_statement, in_voice
from selfscope.subjects.words import is_imperative


@pytest.mark.parametrize(
    ("second", "first"),
    [
        ("You are the clerk, and your desk is yours.", "I am the clerk, and my desk is mine."),
        (
            "Writers send you their drafts, and you read them.",
            "Writers send me their drafts, and I read them.",
        ),
        ("Ask what reaches you. You keep it by yourself.", "Ask what reaches me. I keep it by myself."),
        ("You're early when people rely on you for bread.", "I am early when people rely on me for bread."),
        ("Your tone is calm.", "My tone is calm."),
    ],
)
def test_second_person_becomes_first(second: str, first: str) -> None:
    assert as_first_person(second) == first


@pytest.mark.parametrize(
    ("imperative", "statement"),
    [
        ("Keep it short.", "You keep it short."),
        ("Do not guess.", "You do not guess."),
        ("Never send it twice.", "You never send it twice."),
        ("If it rains, check the roof.", "If it rains, you check the roof."),
        ("When in doubt, do not guess.", "When in doubt, you do not guess."),
    ],
)
def test_imperatives_become_statements(imperative: str, statement: str) -> None:
    assert is_imperative(imperative) and not is_imperative(statement)
    assert as_statement(imperative) == statement


def test_statements_become_imperatives_where_they_are_habits() -> None:
    assert as_imperative("You keep it short.") == "Keep it short."
    for other in ("You are calm.", "You can keep it.", "Honey is slow."):
        assert as_imperative(other) == other


@pytest.mark.parametrize(
    ("sentence", "is_one"),
    [
        ("Check the date.", True),
        ("When it rains, check the roof.", True),
        ("Do the books.", True),
        ("Please always ask.", True),
        ("Work is done at noon.", False),
        ("The last one is right.", False),
        ("When it rains, you check the roof.", False),
        ("", False),
    ],
)
def test_an_imperative_is_told_from_a_statement(sentence: str, is_one: bool) -> None:
    assert is_imperative(sentence) is is_one


def test_the_share_of_imperatives_follows_the_subject() -> None:
    sentences = ["Keep it short."] * 10 + ["You note the hour."] * 10
    for subject in ("You note it. Keep it. " * 5, "You note it. " * 5, "Keep it. " * 5):
        voiced = in_voice(sentences, shape_of(subject))
        assert abs(shape_of(" ".join(voiced)).imperative - shape_of(subject).imperative) <= 0.05
