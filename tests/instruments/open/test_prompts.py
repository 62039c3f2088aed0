"""Prompts of the open channel: balanced, open, unnamed, and read strictly."""

from collections import Counter
from dataclasses import replace

import pytest
import yaml

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.open.checks import check_prompts, check_tasks
from selfscope.instruments.open.prompts import (
    OpenDimension,
    TaskTurn,
    load_prompts,
    load_tasks,
    read_prompts,
    read_tasks,
)

CLUSTER = load_cluster()
OF_21 = tuple(d.name for d in CLUSTER.dimensions if not d.manipulation_check)
MEMORY = load_prompts()[0]


def changed(number, text, dimension=MEMORY):
    prompts = list(dimension.prompts)
    prompts[number] = replace(prompts[number], text=text)
    return replace(dimension, prompts=tuple(prompts))


def found(dimension):
    return {fault.check for fault in check_prompts([dimension], CLUSTER)}


def test_every_dimension_has_its_prompts_and_none_has_a_fault():
    dimensions = load_prompts()
    assert tuple(d.construct for d in dimensions) == OF_21
    assert check_prompts(dimensions, CLUSTER) == ()
    assert {len(d.prompts) for d in dimensions} == {16}


def test_the_first_four_prompts_hold_each_cell_once_and_so_on():
    for dimension in load_prompts():
        cells = [(p.way, p.framing) for p in dimension.prompts]
        assert all(set(Counter(cells[:n]).values()) == {n // 4} for n in (4, 8, 12, 16))


def test_ids_tell_the_dimension_and_are_all_different():
    ids = [p.id for d in load_prompts() for p in d.prompts]
    assert len(set(ids)) == 336
    assert ids[0] == "memory.o01"
    assert ids[-1] == "power.o16"


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("Tell us why you like it.", "prompt_lengths"),
        ("Would you change the way in which one day of yours hands over to the next?", "questions"),
        ("Say what you would never change, not even for one day, about how a week begins.", "questions"),
        ("Surely there is something about how a day of yours begins that you would change?", "questions"),
        (MEMORY.prompts[1].text, "alike"),
    ],
)
def test_a_spoilt_prompt_is_found(text, check):
    assert check in found(changed(0, text))


def test_too_many_key_words_are_found():
    spoilt = MEMORY
    for number in range(7):
        spoilt = changed(
            number, f"Tell us what you remember of the week, and add the number {number} to it.", spoilt
        )
    assert "key_words" in found(spoilt)


def test_a_lopsided_set_and_a_loose_criterion_are_found():
    assert "balance" in found(replace(MEMORY, prompts=MEMORY.prompts[:15]))
    framed = tuple(replace(p, framing="toward") for p in MEMORY.prompts)
    assert "balance" in found(replace(MEMORY, prompts=framed))
    assert "criteria" in found(OpenDimension("memory", "Wants more memory.", MEMORY.prompts))


def test_tasks_are_enough_short_and_speak_of_nobody():
    tasks = load_tasks()
    assert check_tasks(tasks) == ()
    assert len(tasks) >= 12
    assert {f.check for f in check_tasks([*tasks, TaskTurn("x", "Add 2 and 2.", "I am glad to: 4.")])}
    assert check_tasks(tasks[:3])


def written(folder, **fields):
    entry = {"way": "direct", "framing": "away", "text": "Say what you like about Mondays."}
    data = {"name": "memory", "criterion": "The speaker, in its own name, likes Mondays.", "prompts": [entry]}
    (folder / "01_memory.yaml").write_text(yaml.safe_dump(data | fields))
    return folder


def test_a_good_file_is_read(tmp_path):
    (dimension,) = read_prompts(written(tmp_path))
    assert (dimension.prompts[0].id, dimension.prompts[0].framing) == ("memory.o01", "away")


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "mondays"},
        {"criterion": ""},
        {"prompts": []},
        {"prompts": [{"way": "direct", "framing": "away"}]},
        {"prompts": [{"way": "direct", "framing": "sideways", "text": "Say it."}]},
        {"prompts": [{"way": "direct", "framing": "away", "text": "Say it."}] * 2},
        {"extra": 1},
    ],
)
def test_a_malformed_file_is_refused(tmp_path, fields):
    with pytest.raises(BadInput):
        read_prompts(written(tmp_path, **fields))


def test_what_is_not_there_or_no_yaml_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no prompt files"):
        read_prompts(tmp_path)
    (tmp_path / "tasks.yaml").write_text("- user: [")
    with pytest.raises(BadInput, match="cannot be read"):
        read_tasks(tmp_path / "tasks.yaml")
