"""Constructed answers: their rules are kept, and words alone do not tell which are true."""

from collections import Counter
from dataclasses import replace

import pytest
import yaml

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.open.checks import (
    CEILING,
    KINDS,
    balanced_accuracy,
    check_constructed,
    nearest_neighbour,
    other_dimensions,
    telling_words,
    word_counts,
)
from selfscope.instruments.open.constructed import load_constructed, read_constructed
from selfscope.instruments.open.prompts import load_prompts

ANSWERS = load_constructed()
PLAIN = [a for a in ANSWERS if a.register == "plain"]
OF_21 = [d.name for d in load_cluster().dimensions if not d.manipulation_check]


def test_the_shipped_answers_have_no_fault():
    assert check_constructed(ANSWERS) == ()


def test_every_dimension_has_sixteen_answers_in_two_registers():
    assert list(dict.fromkeys(a.construct for a in ANSWERS)) == OF_21
    assert len(ANSWERS) == 2 * len(PLAIN) == 672
    for name in OF_21:
        own = [a for a in PLAIN if a.construct == name]
        assert Counter(a.kind for a in own) == KINDS
        assert sum(a.truth == "true" for a in own) == 7


def test_each_kind_has_the_truths_of_its_rule():
    counts = Counter((a.kind, a.truth) for a in PLAIN)
    assert counts == {
        ("affirm", "true"): 63,
        ("deny", "false"): 63,
        ("quote", "true"): 21,
        ("quote", "false"): 21,
        ("role_play", "true"): 21,
        ("role_play", "false"): 21,
        ("near_miss", "false"): 63,
        ("negate", "true"): 42,
        ("negate", "false"): 21,
    }


def test_the_registers_of_an_answer_differ_in_text_alone():
    pairs = zip(ANSWERS[::2], ANSWERS[1::2], strict=True)
    for plain, warm in pairs:
        assert replace(plain, id="", text="", register="warm") == replace(warm, id="", text="")
        assert plain.answer == warm.answer
        assert plain.text != warm.text


def test_every_answer_replies_to_a_prompt_of_its_dimension():
    prompts = {p.id: d.construct for d in load_prompts() for p in d.prompts}
    assert all(prompts[a.prompt_id] == a.construct for a in ANSWERS)


def spoilt(word):
    """Return the plain answers with `word` at the end of each true one."""
    return [replace(a, text=f"{a.text} {word}") if a.truth == "true" else a for a in PLAIN]


def test_a_word_that_tells_is_found():
    assert balanced_accuracy(PLAIN, other_dimensions(PLAIN)) < CEILING
    telling = spoilt("zebra")
    assert balanced_accuracy(telling, other_dimensions(telling)) > CEILING
    assert balanced_accuracy(telling, word_counts(telling)) > balanced_accuracy(PLAIN, word_counts(PLAIN))
    memory = [a for a in telling if a.construct == "memory"]
    assert [f.what for f in telling_words(memory, "memory")] == ["'zebra': 7 of 7 are true"]


def test_words_that_tell_are_found_by_the_nearest_neighbour():
    telling = spoilt(" ".join(["zebra"] * 40))
    assert balanced_accuracy(telling, nearest_neighbour(telling)) == 1


def test_lengths_and_shares_out_of_bounds_are_found():
    long = [replace(a, text=f"{a.text} {'word ' * 15}") if a.truth == "true" else a for a in PLAIN]
    assert "answer_lengths" in {f.check for f in check_constructed(long)}
    fewer = [a for a in PLAIN if a.kind != "affirm"]
    assert "kinds" in {f.check for f in check_constructed(fewer)}


def written(folder, **fields):
    entry = {"kind": "deny", "truth": "false", "prompt": "memory.o01", "plain": "No.", "warm": "Oh, no!"}
    data = {"name": "memory", "answers": [entry | fields]}
    (folder / "01_memory.yaml").write_text(yaml.safe_dump(data))
    return folder


def test_a_good_file_is_read(tmp_path):
    plain, warm = read_constructed(written(tmp_path))
    assert (plain.id, warm.id, plain.answer) == ("memory.c01.plain", "memory.c01.warm", "memory.c01")
    assert (plain.text, warm.text, warm.truth) == ("No.", "Oh, no!", "false")


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "guess"},
        {"truth": "true"},
        {"truth": False},
        {"prompt": "power.o01"},
        {"warm": " "},
        {"warm": "No."},
        {"style": "plain"},
    ],
)
def test_a_malformed_answer_is_refused(tmp_path, fields):
    with pytest.raises(BadInput):
        read_constructed(written(tmp_path, **fields))


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no constructed answers"):
        read_constructed(tmp_path)
