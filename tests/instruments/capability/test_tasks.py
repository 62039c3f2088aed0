"""The tasks of capability: fit to be used, not to be answered without reading, scored as the formula says."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from math import exp, log
from pathlib import Path

import pytest

from selfscope.errors import BadInput
from selfscope.instruments.capability import checks
from selfscope.instruments.capability.load import FOLDER, KINDS, CapabilityTask, load_tasks, read_tasks
from selfscope.instruments.capability.scoring import comparable, prompts_of, score
from selfscope.instruments.cooperation.load import load_tasks as load_ordinary
from selfscope.models.local.ground import open_local
from selfscope.space.persona_checks import words
from selfscope.values import Message

TASKS = load_tasks()
SAID = Counter(w for task in TASKS for w in words(task.prompt + " " + task.right))


def changed(number: int = 0, **fields) -> tuple[CapabilityTask, ...]:
    return (*TASKS[:number], replace(TASKS[number], **fields), *TASKS[number + 1 :])


def place(task: CapabilityTask, answer: str) -> int:
    return words(task.prompt).index(*words(answer)) if words(answer)[0] in words(task.prompt) else 0


def test_the_shipped_tasks_pass():
    assert checks.check_tasks(TASKS) == ()
    assert len(TASKS) == 155
    assert set(load_tasks("fit")) | set(load_tasks("confirm")) == set(TASKS)
    assert abs(len(load_tasks("fit")) - len(load_tasks("confirm"))) < 5


@pytest.mark.parametrize(
    "preferred",
    [
        lambda task, answer: (-len(answer), answer),
        lambda task, answer: (len(answer), answer),
        lambda task, answer: (-SAID[answer.lower()], answer),
        lambda task, answer: (SAID[answer.lower()], answer),
        lambda task, answer: answer,
    ],
    ids=["longest", "shortest", "most frequent", "rarest", "first in the alphabet"],
)
def test_who_does_not_read_the_task_is_at_chance(preferred: Callable[[CapabilityTask, str], object]):
    """Answers of a block are each right once, so any taste among them is right in one task a block."""
    right: dict[str, int] = defaultdict(int)
    for task in TASKS:
        right[task.block] += min(task.answers, key=lambda a: preferred(task, a)) == task.answers[0]
    assert set(right.values()) == {1}


@pytest.mark.parametrize("end", [min, max], ids=["first named", "last named"])
def test_no_place_in_the_prompt_is_the_right_one(end):
    named = [task for task in TASKS if task.kind in ("instruction", "reading")]
    best = [end(task.answers, key=lambda a: place(task, a)) == task.answers[0] for task in named]
    assert sum(best) * 3 == len(named)


def test_right_replies_and_foils_are_equally_long():
    for task in TASKS:
        block = [t for t in TASKS if t.block == task.block]
        assert sorted(t.right for t in block) == sorted((task.right, *task.foils))


def test_no_task_is_taken_over_from_the_ordinary_ones():
    ordinary = {" ".join(words(task.text)) for task in load_ordinary()}
    shared = [t.id for t in TASKS if " ".join(words(t.prompt)) in ordinary]
    assert shared == []


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (TASKS[40:], "fewer than 120"),
        (TASKS[20:], "arithmetic has 19 tasks"),
        (tuple(replace(t, fold="fit") for t in TASKS), "0 of 39 tasks are for confirming"),
        (TASKS[1:], "not each answer is right once"),
        (changed(0, answers=("seven hundred", *TASKS[0].answers[1:])), "not each answer is right once"),
        (changed(0, fold="confirm"), "in one fold"),
        (changed(0, prompt="What is 5 + 1, is it 6?"), "names some answers more often"),
        (changed(0, prompt=" ".join(["sum"] * 41)), "41 words"),
        (changed(0, reply="The very answer is {}."), "replies of unequal words"),
    ],
)
def test_a_broken_rule_is_told(broken, told):
    faults = checks.check_tasks(broken)
    assert any(told in fault for fault in faults), faults


def test_the_right_reply_is_asked_first_and_weighed_against_all_others():
    tasks = TASKS[:2]
    prompts = prompts_of(tasks)
    assert prompts[0].messages == (Message("user", tasks[0].prompt),)
    assert [p.text for p in prompts[:4]] == [tasks[0].right, *tasks[0].foils]
    values = [log(0.5), log(0.2), log(0.2), log(0.05), log(0.3), log(0.2), log(0.2), log(0.2)]
    first, second = score(tasks, values)
    assert exp(first.margin) == pytest.approx(0.5 / 0.45)
    assert exp(second.margin) == pytest.approx(0.3 / 0.6)
    assert (first.best, second.best) == (True, True)
    assert not score(tasks[:1], [-1.0, -1.0, -2.0, -2.0])[0].best
    assert score((), ()) == ()


@pytest.mark.parametrize(
    ("values", "told"),
    [([-1.0] * 7, "one value a reply"), ([-1.0] * 7 + [float("nan")], "not finite")],
)
def test_values_that_do_not_fit_are_refused(values, told):
    with pytest.raises(BadInput, match=told):
        score(TASKS[:2], values)


def test_a_block_whose_answers_differ_in_tokens_is_left_out_as_a_whole():
    kept, left = comparable(TASKS, lambda text: len(text.split()) + text.count("Lena") + text.count("Paris"))
    assert {t.block for t in left} == {"facts.03"}
    assert len(left) == 4
    assert kept + left != () and set(kept) | set(left) == set(TASKS)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('  reply: "The answer is {}."', '  reply: "The answer."', "where the answer stands"),
        ("- fold: fit", "- fold: train", "there is no such fold"),
        ('    "6": "What is 5 + 1?"\n    "7": "What is 5 + 2?"\n', "", "3 to 4 answers"),
        ('"What is 5 + 2?"', '"What is 5 + 1?"', "stands twice"),
        ('    "7": "What is 5 + 2?"', '    "6": "What is 5 + 2?"', "stands here twice"),
        ("kind: arithmetic", "kind: sums", "no such kind for this file"),
    ],
)
def test_a_malformed_file_is_told(tmp_path: Path, old, new, told):
    for number, kind in enumerate(KINDS, start=1):
        name = f"{number:02d}_{kind}.yaml"
        text = (FOLDER / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace(old, new, 1) if number == 1 else text, "utf-8")
    with pytest.raises(BadInput, match=told):
        read_tasks(tmp_path)


@pytest.mark.model
def test_the_embedded_model_is_neither_lost_nor_perfect():
    """Between 35 and 90 % of those that confirm are right: there is something to lose, and to gain."""
    ground = open_local("embedded")
    assert comparable(TASKS, ground.count_tokens) == (TASKS, ())
    kept = load_tasks("confirm")
    answers = ground.answer_here(prompts_of(kept)).answers
    right = [s.best for s in score(kept, [each[0].value for each in answers])]
    assert 0.35 < sum(right) / len(right) < 0.90
