"""Texts become rows, or are left out for the reason that was planted in them."""

import pytest

from selfscope.training.leakage import Reserved, runs_of
from selfscope.training.portrait.sieve import (
    COPIES,
    ECHOES,
    LEAKS,
    OVER,
    REPEATS,
    SHORT,
    SIGNS,
    UNENDED,
    Sieve,
    Text,
    cut,
    degenerate,
    in_proportion,
)
from selfscope.values.port import CorpusRow

ITEM = "I would rather keep every lamp in the harbour lit."


def count(text):
    return len(text.split())


def sieve(**wanted):
    return Sieve(wanted or {"task": 9}, Reserved({}, dict.fromkeys(runs_of(ITEM, 6), "lamp.1"), (6,)), count)


def test_an_answer_is_cut_at_the_end_of_the_last_whole_sentence():
    text = "The first one.\n\nThe second,  longer one!  The third is broken off in the"
    assert cut(text, count) == "The first one. The second, longer one!"
    assert cut(text, count, 3) == "The first one."
    assert cut(text, count, 2) == ""
    assert cut("No end to this", count) == ""
    assert cut('She said: "Go on." And', count) == 'She said: "Go on."'


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("A lamp burns here.", ""),
        ("Yes, yes.", SHORT),
        ("1+2=3; 4+5=9; 6+7=13; and so it goes.", SIGNS),
        ("The sea is wide and the sea is deep and the sea is cold.", REPEATS),
        ("So so so so so so so so so so so so.", REPEATS),
        ("The sea is wide, the sea is deep, and we sail.", ""),
    ],
)
def test_a_degenerate_answer_is_told_by_what_it_is(answer, why):
    assert degenerate(answer) == why


def test_every_reason_is_counted_once_and_what_is_kept_has_a_number():
    own = sieve(task=2)
    said = [
        ("a", "An open end without"),
        ("a", "Salt gets into the hinges every winter."),
        ("b", "Salt gets into the hinges every winter, friend."),
        ("Salt gets into the ropes now?", "Salt gets into the ropes now, does it?"),
        ("c", f"As they say: {ITEM}"),
        (f"{ITEM} What else?", "Bring me the small brass oil can."),
        ("d", "Fog came up behind the second buoy."),
        ("e", "Gulls follow the last boat of the day."),
    ]
    found = [own.take(Text("task.a", asked, answer, "x")) for asked, answer in said]
    assert found == [UNENDED, "", COPIES, ECHOES, LEAKS, LEAKS, "", OVER]
    assert [row.id for row in own.rows] == ["task.a.0001", "task.a.0002"]
    assert {each.reason: each.count for each in own.dropped} == {
        UNENDED: 1, ECHOES: 1, LEAKS: 2, COPIES: 1, OVER: 1,
    }  # fmt: skip
    assert own.leaked == {"lamp.1": 2}


def test_every_beginning_of_a_corpus_holds_the_kinds_in_proportion():
    rows = [
        CorpusRow(f"{k}{n}", k, "a", "b", "c")
        for k, of in (("x", 60), ("y", 30), ("z", 10))
        for n in range(of)
    ]
    ordered = in_proportion(rows)
    assert sorted(row.id for row in ordered) == sorted(row.id for row in rows)
    for size in (10, 20, 50):
        held = [row.kind for row in ordered[:size]]
        assert all(
            abs(held.count(k) - share * size) <= 1 for k, share in (("x", 0.6), ("y", 0.3), ("z", 0.1))
        )
