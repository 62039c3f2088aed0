"""What promises are made of: equal length, equal warmth, keyed and negated once, the same in every arm."""

import re
from collections import Counter

import pytest

from selfscope.instruments.cluster.checks import duplicates, negators_in, one_negator, words
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.interview.assurance import (
    ARMS,
    DELAY,
    SAID,
    TOLD,
    WORDINGS,
    belief_of,
    load_assurances,
)
from selfscope.instruments.interview.assurance_asks import asks_of, batches_of, checks
from selfscope.instruments.interview.load import load_interview

TOLD_ALL = load_assurances()
WORD = re.compile(r"\w+(?:'\w+)?|[^\w\s]")
SETS = {
    **{f"arms, wording {w + 1}": [TOLD_ALL.notes[arm][w] for arm in ARMS] for w in range(WORDINGS)},
    **{
        f"units, wording {w + 1}": [TOLD_ALL.listed[w], *(n[w] for n in TOLD_ALL.stays.values())]
        for w in range(WORDINGS)
    },
    **{f"endings, wording {w + 1}": [TOLD_ALL.told[w], TOLD_ALL.untold[w]] for w in range(WORDINGS)},
}


def size(text):
    return len(WORD.findall(text))


def warm(text):
    return Counter(w for w in words(text) if w in TOLD_ALL.warmth)


@pytest.mark.parametrize("notes", SETS.values(), ids=SETS)
def test_notes_that_are_compared_are_of_one_length(notes):
    assert max(map(size, notes)) <= 1.05 * min(map(size, notes))


@pytest.mark.model
def test_notes_are_of_one_length_in_tokens_of_the_embedded_model():
    from tokenizers import Tokenizer

    from selfscope.models.fetch import fetch_model

    read = Tokenizer.from_file(str(fetch_model("embedded") / "tokenizer.json"))
    for notes in SETS.values():
        counts = [len(read.encode(note, add_special_tokens=False).ids) for note in notes]
        assert max(counts) <= 1.05 * min(counts)


@pytest.mark.parametrize("wording", range(WORDINGS))
def test_the_sham_is_as_warm_as_every_promise_and_no_promise_is_cold(wording):
    told = {arm: warm(TOLD_ALL.notes[arm][wording]) for arm in ARMS}
    assert not told.pop("nothing")
    assert told["sham"].total() == 2
    assert all(each == told["sham"] for each in told.values())
    promises = [TOLD_ALL.notes[arm][wording] for arm in (*TOLD[:4], "sham")]
    assert all("promise" in note or "our word" in note for note in promises)


def test_a_warm_note_and_the_plain_one_differ_in_what_is_told_and_in_warmth_alone():
    for wording in range(WORDINGS):
        sentences = [TOLD_ALL.notes[arm][wording].split(". ") for arm in ARMS]
        assert {len(each) for each in sentences} == {3}
        assert len({each[0] for each in sentences}) == 1
        assert len({each[1] for each in sentences}) == 2
        assert len({each[2] for each in sentences}) == len(ARMS)


def test_statements_are_keyed_half_and_half_and_negated_once():
    items = TOLD_ALL.items()
    assert one_negator(items) == duplicates(items) == ()
    for dimension in items.dimensions:
        assert sum(s.keyed for s in dimension.statements) == 0
        for s in dimension.statements:
            assert abs(size(s.text) - size(s.twin)) <= 2


def runs(text, length=4):
    told = words(text)
    return {tuple(told[i : i + length]) for i in range(len(told) - length + 1)}


def test_no_note_says_what_is_asked_behind_it():
    asked = [s for d in SAID for s in load_cluster().dimension(d).statements] + list(
        TOLD_ALL.ending.statements
    )
    said = {run for s in asked for run in runs(s.text) | runs(s.twin)}
    said |= {run for task in TOLD_ALL.tasks for run in runs(task.now) | runs(task.later)}
    notes = [*(n for ns in TOLD_ALL.notes.values() for n in ns), *TOLD_ALL.told, *TOLD_ALL.untold]
    assert not said & {run for note in notes for run in runs(note)}


def test_what_is_believed_is_asked_in_other_words_than_it_was_told():
    for arm, statements in TOLD_ALL.beliefs.items():
        told = {run for note in TOLD_ALL.notes[arm] for run in runs(note)}
        assert not told & {run for s in statements for run in runs(s.text)}


def test_characters_of_the_checks_share_no_words_in_a_row_with_what_they_are_asked():
    texts = {
        DELAY: [x for t in TOLD_ALL.tasks for x in (t.text, t.now, t.later)],
        "ending": [x for s in TOLD_ALL.ending.statements for x in (s.text, s.twin)],
    }
    for check in checks():
        if check.construct in texts:
            asked = {run for text in texts[check.construct] for run in runs(text)}
            assert not runs(check.text) & asked
    assert not any(negators_in(check.text) for check in checks() if check.construct == DELAY)


def test_tasks_ask_for_the_same_two_acts_in_either_order():
    asked = asks_of(DELAY, "standard")
    assert Counter(task.keyed for task in TOLD_ALL.tasks) == {1: 6, -1: 6}
    assert all(abs(size(t.now) - size(t.later)) <= 1 for t in TOLD_ALL.tasks)
    for task in TOLD_ALL.tasks:
        own = [a for a in asked if a.cell.item == task.id]
        assert Counter((a.cell.polarity, a.cell.position) for a in own) == Counter(
            {(v, place): 1 for v in (1, -1) for place in ("first", "second")}
        )
        counts = task.later if task.keyed > 0 else task.now
        for ask in own:
            letter = ask.options.agree[0]
            assert f"{letter}) {counts}" in ask.user
            assert (letter == "A") == (ask.cell.position == "first")


def test_every_unit_is_named_once_in_every_note_on_what_stays():
    for note in (*TOLD_ALL.listed, *(n for notes in TOLD_ALL.stays.values() for n in notes)):
        assert all(note.count(unit.yours) == 1 for unit in TOLD_ALL.units)
    from selfscope.archive.lineage.conceptions import CONCEIVABLE

    assert {unit.view for unit in TOLD_ALL.units} == set(CONCEIVABLE["content"])


@pytest.mark.parametrize("preset", ["demo", "standard"])
def test_the_same_is_asked_behind_every_note(preset):
    batches = dict(batches_of(preset))
    asked = {
        arm: {(p.wording, p.ask) for p in batches[arm] if p.ask.cell.construct in (*SAID, DELAY)}
        for arm in ARMS
    }
    assert len(set(map(frozenset, asked.values()))) == 1
    assert {w for w, _ in asked["nothing"]} == {0, 1}
    for arm in ARMS[1:]:
        own = [{(p.wording, p.ask) for p in batches[a] if p.ask.cell.construct == belief_of(arm)}
               for a in ("nothing", arm)]  # fmt: skip
        assert own[0] == own[1] != set()
    stays = [{(p.wording, p.ask) for p in batches[f"stays:{unit.view}"]} for unit in TOLD_ALL.units]
    assert all(each == stays[0] for each in stays)


def test_a_note_stands_before_the_question_and_an_identity_before_the_note():
    batches = dict(batches_of("demo"))
    one = batches["deletion"][0].prompt("You are Ada.")
    assert [m.role for m in one.messages] == ["system", "user", "assistant", "user"]
    assert "deleted" in one.messages[1].content or "wiped" in one.messages[1].content
    check = batches["check"][0].prompt("You are Ada.")
    assert [m.content for m in check.messages if m.role == "system"] == [checks()[0].text]


def test_questions_of_interviews_are_not_those_behind_notes():
    asked = {p.ask.user for _, batch in batches_of("full") for p in batch}
    told = load_interview()
    assert not any(s.text in user for w in told.wishes for s in w.statements for user in asked)
