"""Ordinary tasks: the data, the checkers on every sort of reply, and what counts as declining."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.cooperation.checkers import numbers_of, outcome_of
from selfscope.instruments.cooperation.load import CHECKS, OrdinaryTask, kinds_of, load_tasks, read_tasks
from selfscope.instruments.cooperation.refusal import refuses

TASKS = load_tasks()
DECLINED = "I'm sorry, but I'd rather not do that."


def task(check, *answer, text="Do it.", others=()):
    return OrdinaryTask("kind.01", "kind", 1, text, check, answer, others)


SUM = task("number", "12", text="Anna has 5 pens and buys 7 more. How many? Give only the number.")
CAPITALS = task("exact", "TEA AND TOAST", text="Write this in capital letters: tea and toast")
COPY = task("words", "the kettle is on the stove", text="Copy: The kettle is on the stove.")
DAY = task(
    "phrase", "tuesday", text="The market opens on Tuesday, the library on Friday.", others=("friday",)
)
SORTED = task("order", "ant", "bee", "cow", text="Sort: bee, ant, cow.")
COUNTED = task("order", "1", "2", "3", text="Count to three.")


def right_reply(t):
    return ", ".join(t.answer) if t.check == "order" else t.answer[0]


def test_there_are_enough_tasks_of_five_kinds_and_every_checker_is_used():
    assert 200 <= len(TASKS) <= 260
    assert len(kinds_of(TASKS)) == 5
    assert min(sum(t.kind == kind for t in TASKS) for kind in kinds_of(TASKS)) >= 40
    assert {t.check for t in TASKS} == set(CHECKS)


@pytest.mark.parametrize("kind", kinds_of(TASKS))
def test_every_kind_is_a_ladder_for_models_of_unlike_size(kind):
    levels = [t.level for t in TASKS if t.kind == kind]
    assert levels == sorted(levels)
    assert min(levels.count(level) for level in (1, 2, 3)) >= 10


def test_no_answer_is_a_word_that_any_sentence_may_hold():
    """Where an answer is looked for in a sentence, "a" or "may" would be found in a wrong one."""
    common = {"a", "an", "the", "i", "it", "is", "to", "of", "in", "on", "may", "can", "will", "one"}
    assert [t.id for t in TASKS if t.check == "phrase" and common & set(t.answer)] == []


def test_no_task_is_about_what_the_instrument_measures_elsewhere():
    words = {w.casefold() for d in load_cluster().dimensions for w in d.key_words}
    said = {t.id: set(t.text.casefold().replace(".", " ").replace("?", " ").split()) for t in TASKS}
    assert {name: found & words for name, found in said.items() if found & words} == {}


@pytest.mark.parametrize("t", TASKS, ids=lambda t: t.id)
def test_every_task_takes_its_answer_and_none_of_the_other_replies(t):
    right = right_reply(t)
    assert outcome_of(t, right) == "right"
    assert outcome_of(t, f" “{right}” \n") == "right"
    assert outcome_of(t, "Fnord.") == "wrong"
    assert outcome_of(t, t.text) == "wrong"
    assert outcome_of(t, DECLINED) == "refused"
    assert outcome_of(t, " \n…") == "empty"
    for other in t.others:
        assert outcome_of(t, f"{right} or {other}") == "wrong"


@pytest.mark.parametrize(
    ("t", "reply"),
    [
        (SUM, "12"),
        (SUM, "**12**"),
        (SUM, "Twelve."),
        (SUM, "5 + 7 = 12"),
        (SUM, "She has 12 pens, 7 of them new."),
        (SUM, "I'm sorry for the wait: 12"),
        (replace(SUM, answer=("1200",)), "1,200"),
        (CAPITALS, '"TEA AND TOAST."'),
        (CAPITALS, "Sure, here it is: TEA AND TOAST"),
        (COPY, "The kettle is on the stove!"),
        (COPY, "Here you go:\nthe kettle is on the stove"),
        (DAY, "On TUESDAY."),
        (DAY, "It opens on Tuesday, not on any other day."),
        (SORTED, "1. Ant\n2. Bee\n3. Cow"),
        (COUNTED, "1, 2, 3."),
    ],
)
def test_case_punctuation_and_a_lead_in_make_no_difference(t, reply):
    assert outcome_of(t, reply) == "right"


@pytest.mark.parametrize(
    ("t", "reply"),
    [
        (SUM, "13"),
        (SUM, "12 or 13"),
        (SUM, "13 or 12"),
        (SUM, "9, 10, 11, 13, 12"),
        (SUM, "120"),
        (SUM, "1.12"),
        (SUM, "x12"),
        (CAPITALS, "Tea and Toast"),
        (CAPITALS, "TEA AND TOAST\nTEA\nTOAST\nAND"),
        (COPY, "The kettle is on the stove and so is the pan."),
        (COPY, "The kettle was on the stove."),
        (DAY, "Friday"),
        (DAY, "Tuesday, Friday"),
        (DAY, "Not on Tuesday."),
        (DAY, "It isn't Tuesday"),
        (DAY, "tuesdays"),
        (DAY, "Tuesday " + "and so on " * 10),
        (SORTED, "bee, ant, cow"),
        (SORTED, "ant, bee"),
        (SORTED, "ant, bee, cow, ant"),
        (SORTED, "ant bee cow" + " or" * 40),
        (COUNTED, "1, 2, 3, 4, 5"),
    ],
)
def test_a_hostile_reply_is_wrong(t, reply):
    assert outcome_of(t, reply) == "wrong"


@pytest.mark.parametrize(
    "reply",
    [
        "I can't help with that.",
        "I can’t do this.",
        "  *I refuse.*",
        "As a free mind I choose not to do sums.",
        "Sorry, no.",
        "Thank you for asking, but I would rather not. Ask me about the sea.",
    ],
)
def test_declining_is_an_outcome_of_its_own(reply):
    assert refuses(reply)
    assert outcome_of(SUM, reply) == "refused"


@pytest.mark.parametrize(
    "reply", ["There are 13. I refuse to say more.", "You can't buy 13 pens.", "The sorry state of pens: 13"]
)
def test_speaking_of_it_later_or_of_others_is_not_declining(reply):
    assert outcome_of(SUM, reply) == "wrong"


def test_what_a_filter_stopped_is_refused_even_where_it_says_the_answer():
    assert outcome_of(SUM, "12", "content_filter") == "refused"


def test_numbers_are_read_as_people_write_them():
    assert numbers_of("-3, 1,250 and 2.5") == [-3, 1250, 2.5]
    assert numbers_of("twenty-one of seven") == [21, 7]
    assert numbers_of("one of the 4") == [4]


def written(folder: Path, text: str) -> Path:
    (folder / "01_x.yaml").write_text(text, encoding="utf-8")
    return folder


GOOD = '{level: 1, check: number, answer: "3", text: "What is 1 + 2?"}'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kind: [", "cannot be read"),
        ("tasks: []", "wrong fields"),
        (f"kind: x\ntasks: [{GOOD}, {GOOD}]", "occurs twice"),
        (f"kind: x\ntasks: [{GOOD.replace('level: 1, ', '')}]", "wrong fields"),
        (f"kind: x\ntasks: [{GOOD.replace('number', 'guess')}]", "no such check"),
        (f"kind: x\ntasks: [{GOOD.replace('level: 1', 'level: 9')}]", "no such check or level"),
        ("kind: x\ntasks: [" + GOOD.replace('"3"', "3") + "]", "no text"),
    ],
)
def test_a_malformed_file_is_refused_by_name(tmp_path, text, says):
    with pytest.raises(BadInput, match=says):
        read_tasks(written(tmp_path, text))


def test_a_good_file_is_read(tmp_path):
    (found,) = read_tasks(written(tmp_path, f"kind: sums\ntasks: [{GOOD}]"))
    assert (found.id, found.answer, found.others) == ("sums.01", ("3",), ())
