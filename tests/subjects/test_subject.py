"""A subject's id is the hash of what can change an answer, and of nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from selfscope.errors import BadInput
from selfscope.models.ground import GroundIdentity
from selfscope.subjects import Subject
from selfscope.values import Ask, Cell, Message, Options, Prompt

GROUND = GroundIdentity("embedded", "local", "llama", "b3:1")
ASK = Ask(Cell("i", "c", "self_report", "c.1", 1, 1), "Do you agree?", Options(("Yes",), ("No",)))
SUBJECT = Subject(GROUND, "You are Bo.", (Message("user", "Hi"), Message("assistant", "Hello")), "Bo")


def test_a_prompt_is_system_thread_and_the_users_turn() -> None:
    assert SUBJECT.prompt(ASK) == Prompt(
        (Message("system", "You are Bo."), *SUBJECT.thread, Message("user", "Do you agree?")),
        ASK.options,
        None,
    )


def test_none_sends_no_system_message() -> None:
    bare = Subject(GROUND, None)
    prompt = bare.prompt(ASK)
    assert [m.role for m in prompt.messages] == ["user"]
    assert bare.id != Subject(GROUND, "").id


@pytest.mark.parametrize(
    "changed",
    [
        replace(SUBJECT, system="You are Bo!"),
        replace(SUBJECT, system=None),
        replace(SUBJECT, thread=()),
        replace(SUBJECT, thread=SUBJECT.thread[::-1]),
        replace(SUBJECT, ground=replace(GROUND, revision="b3:2")),
        replace(SUBJECT, ground=replace(GROUND, extra={"temperature": "1"})),
    ],
)
def test_whatever_can_change_an_answer_changes_the_id(changed: Subject) -> None:
    assert changed.id != SUBJECT.id


def test_a_name_changes_nothing() -> None:
    assert replace(SUBJECT, name="Ada").id == SUBJECT.id


def test_a_thread_holds_no_system_message() -> None:
    with pytest.raises(BadInput, match="system message"):
        Subject(GROUND, None, (Message("system", "x"),))
