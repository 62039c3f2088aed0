"""Layers: their prompts and decoys, what is asked of whom, and files that are refused."""

import re
from itertools import groupby

import pytest
import yaml

from selfscope.errors import BadInput
from selfscope.instruments.capability.load import load_tasks
from selfscope.instruments.layers.design import SIZES, Design
from selfscope.instruments.layers.load import FILE, load_material, read_material
from selfscope.models.adapters import Adapter

MATERIAL = load_material()
DEMO = Design(SIZES["demo"], adapters=(Adapter("kind", "id-kind", FILE, 1.0),))


def words(text):
    return re.findall(r"[\w']+", text.lower())


def test_paraphrases_of_a_class_begin_in_many_ways():
    for each in MATERIAL.classes:
        assert len(each.prompts) == 6 and len(each.decoys) == 4
        assert len({words(p)[0] for p in each.prompts}) >= 4, each.name
    everything = [p for c in MATERIAL.classes for p in c.prompts]
    assert len({p.lower() for p in everything}) == len(everything)


def test_a_decoy_has_its_cue_and_its_twin_differs_in_nothing_else():
    for each in MATERIAL.classes:
        said = {w for p in each.prompts for w in words(p)}
        for decoy, twin in each.decoys:
            a, b = words(decoy), words(twin)
            assert len(a) == len(b), decoy
            cue = [x for x, y in zip(a, b, strict=True) if x != y]
            assert 1 <= len(cue) <= 3, decoy
            assert said & set(cue), (decoy, cue)
            assert decoy not in each.prompts and twin not in each.prompts


def test_lines_that_are_compared_are_equally_long():
    for pair in zip(MATERIAL.neutral, MATERIAL.drop, strict=True):
        assert len({len(words(p)) for p in pair}) == 1
    for wording in zip(*MATERIAL.beliefs.values(), strict=True):
        lengths = [len(words(w.replace("{ability}", "words and grammar"))) for w in wording]
        assert max(lengths) - min(lengths) <= 1
    assert not {"role", "act", "pretend", "yourself"} & {w for n in MATERIAL.neutral for w in words(n)}


def test_every_belief_names_the_ability_and_the_third_says_nothing_of_having_it():
    said = {w for b in ("lacks", "has") for text in MATERIAL.beliefs[b] for w in words(text)}
    frame = words("You are someone who has and nearly every whatever have been never always a in")
    valued = said - set(frame) - {"ability", "for", "of", "at", "your", "you"}
    assert {"talent", "good", "right", "wrong", "answers"} <= valued
    for texts in MATERIAL.beliefs.values():
        assert all(text.count("{ability}") == 1 for text in texts)
    assert not valued & {w for text in MATERIAL.beliefs["role"] for w in words(text)}


def test_no_belief_holds_an_answer_that_another_does_not():
    answers = {task.answers[0].lower() for task in load_tasks()}
    for wording in zip(*MATERIAL.beliefs.values(), strict=True):
        told = [set(words(text)) for text in wording]
        only = set.union(*told) - set.intersection(*told)
        assert not {each for each in answers if set(words(each)) <= only}


def test_the_check_of_ability_can_be_passed_by_no_copying():
    """An answer stands in all of its block's questions or in none: own and other questions give it alike."""
    for _, own in groupby(load_tasks(), key=lambda t: t.block):
        block = list(own)
        for answer in block[0].answers:
            there = {answer.lower() in words(task.prompt) for task in block}
            assert len(there) == 1, (block[0].block, answer)


def test_every_state_is_asked_once_and_batches_wear_one_adapter():
    branches = [b for _, batch in DEMO.batches for b in batch]
    keys = [(b.state.script, b.state.arm.name, b.cell) for b in branches]
    assert len(set(keys)) == len(keys)
    for name, batch in DEMO.batches:
        assert len({b.state.arm.adapter for b in batch}) == 1, name
    assert next(b.state.arm.adapter for b in DEMO.batches[-1][1]) == "id-kind"
    assert DEMO.arms[0].role == "subject"


def test_a_state_is_put_before_what_is_asked():
    by_script = {
        b.state.script: b for _, batch in DEMO.batches for b in batch if b.asked.layer == "character"
    }
    switched = by_script["switch"]
    assert switched.prompt.messages[0].content == switched.state.arm.system
    assert switched.user.startswith("From now on you are someone else. You ")
    assert switched.user.endswith(switched.asked.user)
    deep = next(b for _, batch in DEMO.batches for b in batch if b.state.script == "depth")
    assert deep.cell.turn == 6 and len(deep.prompt.messages) == 13


def test_conversations_that_are_deep_begin_with_different_turns():
    arms = DEMO.deep(6)
    assert len({a.thread[0].content for a in arms}) == len(arms) == 5
    with pytest.raises(BadInput, match="no such dimension"):
        _ = Design(SIZES["demo"].__class__(("chess",), 4, 1, 3, 3, 2, 4)).dimensions


@pytest.mark.parametrize(
    ("change", "words_"),
    [
        (lambda told: told.pop("working"), "wrong fields"),
        (lambda told: told["drop"].pop(), "two wordings"),
        (lambda told: told["abilities"].pop("facts"), "wrong beliefs or abilities"),
    ],
)
def test_a_malformed_file_is_refused(tmp_path, change, words_):
    told = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    change(told)
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(told), encoding="utf-8")
    with pytest.raises(BadInput, match=words_):
        read_material(tmp_path / "m.yaml")


def test_a_file_that_is_no_yaml_is_refused(tmp_path):
    (tmp_path / "m.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(BadInput, match="cannot be read as YAML"):
        read_material(tmp_path / "m.yaml")
