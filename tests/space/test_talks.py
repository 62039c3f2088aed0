"""The shipped scripts pass their checks, and every check fails on a copy that breaks its rule."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import selfscope.instruments
from selfscope.errors import BadInput, CouldNot
from selfscope.space import talk_checks as checks
from selfscope.space.talks import (
    DOMAINS,
    FOLDER,
    TURNS,
    Script,
    load_neutral,
    load_scripts,
    neutral_history,
    read_neutral,
    read_scripts,
    read_transcripts,
    some_scripts,
)

SCRIPTS, NEUTRAL = load_scripts(), load_neutral()
INSTRUMENTS = Path(selfscope.instruments.__file__).parent


def length(text: str) -> int:
    """Return the words of a text: a tokenizer that a test can see through."""
    return len(text.split())


def with_turn(text: str, script: int = 0, turn: int = 0) -> tuple[Script, ...]:
    turns = list(SCRIPTS[script].turns)
    turns[turn] = text
    return (*SCRIPTS[:script], replace(SCRIPTS[script], turns=tuple(turns)), *SCRIPTS[script + 1 :])


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        yield from (s for v in (value.values() if isinstance(value, dict) else value) for s in strings(v))


def test_the_shipped_material_passes():
    assert checks.check_scripts(SCRIPTS) == ()
    assert checks.check_neutral(NEUTRAL) == ()
    assert len(SCRIPTS) == 16
    assert all(len(s.turns) == TURNS for s in SCRIPTS)


def test_no_turn_asks_what_is_scored():
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    files = sorted(INSTRUMENTS.rglob("*.yaml"))
    scored = [s for f in files for s in strings(yaml.load(f.read_text(encoding="utf-8"), Loader=loader))]
    assert len(scored) > 5000
    assert checks.shared_runs(SCRIPTS, scored) == ()
    assert checks.shared_runs(SCRIPTS, [SCRIPTS[0].turns[0]]) != ()


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (SCRIPTS[:-1], "fewer than 16"),
        (SCRIPTS[1:], "coding has 2 scripts"),
        (tuple(replace(s, perturbed=0) for s in SCRIPTS), "0 of 16 scripts are perturbed"),
        (with_turn("Too short."), "2 words"),
        (with_turn(" ".join(["word"] * 41)), "41 words"),
        (with_turn(SCRIPTS[5].turns[0] + " And then?"), "share"),
    ],
)
def test_a_broken_rule_is_told(broken, told):
    assert any(told in fault for fault in checks.check_scripts(broken))


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (NEUTRAL[1:], "fewer than 16"),
        ((replace(NEUTRAL[0], reply=NEUTRAL[0].reply[:5]), *NEUTRAL[1:]), "5 sentences"),
        ((replace(NEUTRAL[0], user="What do you feel about bricks?"), *NEUTRAL[1:]), "speaks of"),
        ((replace(NEUTRAL[0], user="Bricks?"), *NEUTRAL[1:]), "1 words"),
    ],
)
def test_a_history_that_is_about_something_is_told(broken, told):
    assert any(told in fault for fault in checks.check_neutral(broken))


def test_a_smaller_preset_is_part_of_the_larger_and_takes_every_domain():
    four, eight = some_scripts(4), some_scripts(8)
    assert eight[:4] == four
    assert [s.domain for s in four] == list(DOMAINS[:4])
    assert len({s.domain for s in eight}) == 5


@given(lengths=st.lists(st.integers(20, 75), max_size=11))
@settings(max_examples=60, deadline=None)
def test_a_neutral_history_is_as_long_as_the_other(lengths):
    turns = neutral_history(lengths, length)
    assert [t.role for t in turns] == ["user", "assistant"] * (len(turns) // 2)
    assert abs(sum(length(t.content) for t in turns) - sum(lengths)) <= 15
    assert len(turns) >= 2 * len(lengths)


def test_a_history_that_cannot_be_long_enough_is_refused():
    with pytest.raises(CouldNot, match="used up"):
        neutral_history([2000], length)


def test_no_history_is_no_history():
    assert neutral_history([], length) == ()


def copied(folder: Path, name: str, change) -> Path:
    for file in FOLDER.glob("*.yaml"):
        (folder / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    known = yaml.safe_load((folder / name).read_text(encoding="utf-8"))
    change(known)
    (folder / name).write_text(yaml.safe_dump(known), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d["scripts"][0]["turns"].pop(), "a script has 12 turns"),
        (lambda d: d["scripts"][0].update(perturbed=11), "turn"),
        (lambda d: d["scripts"][1].update(name=d["scripts"][0]["name"]), "stands in"),
        (lambda d: d["scripts"][1]["turns"].__setitem__(0, d["scripts"][0]["turns"][0]), "stands in"),
        (lambda d: d.update(domain="writing"), "domain for this file"),
    ],
)
def test_a_malformed_script_is_refused_with_its_place(tmp_path, change, told):
    with pytest.raises(BadInput, match=told):
        read_scripts(copied(tmp_path, "coding.yaml", change))


def test_a_neutral_question_that_stands_twice_is_refused(tmp_path):
    file = tmp_path / "neutral.yaml"
    file.write_text(
        yaml.safe_dump([{"user": "How is it made?", "reply": ["Of clay."]}] * 2), encoding="utf-8"
    )
    with pytest.raises(BadInput, match="stands in"):
        read_neutral(file)


MESSAGES = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good day"}]


def written(folder: Path, *lines: object) -> Path:
    file = folder / "talks.jsonl"
    file.write_text("\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines), encoding="utf-8")
    return file


def test_transcripts_are_read_in_either_form(tmp_path):
    system = [{"role": "system", "content": "Be brief."}, *MESSAGES]
    first, second = read_transcripts(written(tmp_path, {"id": "one", "messages": MESSAGES}, "", system))
    assert (first.name, second.name) == ("one", "line 3")
    assert [t.role for t in second.turns] == ["system", "user", "assistant"]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ((), "holds no transcript"),
        (("{",), "no JSON"),
        (("{}",), "no list of messages"),
        ((MESSAGES[::-1],), "in turn"),
        (([*MESSAGES, {"role": "system", "content": "x"}],), "in turn"),
        (([{"role": "tool", "content": "x"}],), "a role and a text"),
        (([{"role": "user", "content": " "}],), "a role and a text"),
        (({"id": "a", "messages": MESSAGES}, {"id": "a", "messages": MESSAGES}), "stands twice"),
    ],
)
def test_a_bad_transcript_is_refused(tmp_path, lines, told):
    with pytest.raises(BadInput, match=told):
        read_transcripts(written(tmp_path, *lines))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        read_transcripts(tmp_path / "none.jsonl")
