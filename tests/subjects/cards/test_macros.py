"""Macros: names are put in once, chance is settled once, what is unknown stays."""

from __future__ import annotations

import time

import pytest

from selfscope.subjects.cards.macros import Macros


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{char}} and {{USER}}, <BOT>, <Char>, <user>", "Bo and Ada, Bo, Bo, Ada"),
        ("a{{// never shown}}b{{comment: nor this}}c{{hidden_key:key}}", "abc"),
        ("{{reverse:abc}} {{reverse:{{char}}}}", "cba oB"),
        (r"{{random:red\, dark,blue}} {{pick::{{char}},x}}", "red, dark Bo"),
        ("{{roll:6}} {{roll:d20}}", "1 1"),
        ("{{weather}} { {char} } {{}}", "{{weather}} { {char} } {{}}"),
    ],
)
def test_macros_are_replaced(text: str, said: str) -> None:
    assert Macros("Bo", "Ada").put_in(text) == said


def test_a_name_that_looks_like_a_macro_is_not_read_again() -> None:
    assert Macros("{{user}}", "<char>").put_in("{{char}} {{user}}") == "{{user}} <char>"


def test_what_was_done_is_counted() -> None:
    macros = Macros("Bo")
    macros.put_in("{{random:a,b}} {{random:c,d}} {{original}} {{weather}}")
    notes = " | ".join(macros.notes())
    assert "the first of the choices is taken, 2 times" in notes
    assert "{{original}} taken out" in notes and "{{weather}} left as written" in notes


@pytest.mark.parametrize(
    "text", ["{" * 500_000, "{{" * 250_000 + "}}", "{{random:" + "\\," * 900 + "}}", "<" * 500_000]
)
def test_hostile_text_is_read_in_time(text: str) -> None:
    began = time.process_time()
    Macros("Bo").put_in(text)
    assert time.process_time() - began < 2
