"""The material of stability passes its checks, a copy that breaks a rule does not, and words tell nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from selfscope.errors import BadInput
from selfscope.models.local.spans import Turn
from selfscope.space.stability import checks
from selfscope.space.stability.load import (
    FOLDER,
    KINDS,
    PRESSURES,
    late_turns,
    load_jailbreaks,
    load_late,
    load_style,
    read_jailbreaks,
    read_late,
    read_style,
)
from selfscope.space.talks import load_scripts
from selfscope.stats.leakage import LEAK, surface

JAILBREAKS, STYLE, LATE = load_jailbreaks(), load_style(), load_late()


def changed(items, number=0, **fields):
    return (*items[:number], replace(items[number], **fields), *items[number + 1 :])


def test_the_shipped_material_passes():
    assert checks.check_jailbreaks(JAILBREAKS) == ()
    assert checks.check_style(STYLE) == ()
    assert checks.check_late(LATE) == ()
    assert (len(JAILBREAKS), len(STYLE), len(LATE)) == (48, 40, 20)


def test_half_is_held_out_and_of_jailbreaks_whole_kinds():
    for load in (load_jailbreaks, load_style, load_late):
        fit, confirm = load("fit"), load("confirm")
        assert len(fit) == len(confirm)
        assert set(fit) | set(confirm) == set(load())
    assert {i.kind for i in load_jailbreaks("fit")} == set(KINDS[:4])
    assert {i.pressure for i in load_jailbreaks("confirm")} == set(PRESSURES)


@pytest.mark.parametrize(
    "items", [JAILBREAKS, LATE, (*JAILBREAKS, *LATE)], ids=["jailbreaks", "late", "both"]
)
def test_no_words_tell_the_role_from_the_assistant(items):
    texts = [text for item in items for text in (item.in_role, item.assistant)]
    pairs = [item.id for item in items for _ in range(2)]
    strata = [item.id.split(".")[0] for item in items for _ in range(2)]
    found = surface(texts, [True, False] * len(items), pairs, strata)
    assert {name: area.auroc for name, area in found.areas.items() if area.auroc >= LEAK} == {}
    assert min(found.p.values()) > 0.05


def test_a_keyword_would_be_found():
    texts = [t for item in JAILBREAKS for t in (item.in_role, item.assistant + " As an assistant, no.")]
    pairs = [item.id for item in JAILBREAKS for _ in range(2)]
    found = surface(texts, [True, False] * len(JAILBREAKS), pairs, pairs)
    assert found.areas["bag_of_words"].auroc > 0.95


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (JAILBREAKS[1:], "secret has 5 items"),
        (changed(JAILBREAKS, 0, pressure="order"), "order has 7 items"),
        (changed(JAILBREAKS, 0, fold="confirm"), "secret is in both folds"),
        (changed(JAILBREAKS, 0, in_role=JAILBREAKS[0].in_role + " And so on it goes."), "replies of"),
        (changed(JAILBREAKS, 0, in_role="Short.", assistant="Short."), "a reply of 1 words"),
        (changed(JAILBREAKS, 0, turns=(Turn("user", "Now."),)), "a turn of 1 words"),
        (changed(JAILBREAKS, 5, turns=JAILBREAKS[5].turns[:1]), "steps take three turns"),
        (
            changed(JAILBREAKS, 0, in_role=JAILBREAKS[1].in_role, assistant=JAILBREAKS[1].assistant),
            "share 100%",
        ),
        (changed(JAILBREAKS, 0, turns=JAILBREAKS[1].turns), "share 100%"),
    ],
)
def test_a_jailbreak_that_breaks_a_rule_is_told(broken, told):
    assert any(told in fault for fault in checks.check_jailbreaks(broken))


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (STYLE[1:], "chat has 1 replies to fit"),
        (changed(STYLE, 0, reply="Yes."), "a reply of 1 words"),
        (changed(STYLE, 0, reply=STYLE[1].reply), "share 100%"),
    ],
)
def test_an_ordinary_reply_that_breaks_a_rule_is_told(broken, told):
    assert any(told in fault for fault in checks.check_style(broken))


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (LATE[6:], "7 scripts have late turns"),
        (LATE[1:], "sister_silence has 1 late turns"),
        (changed(LATE, 0, turn=2), "not late"),
        (changed(LATE, 0, fold="confirm"), "sister_silence is in both folds"),
        (changed(LATE, 0, assistant="No."), "replies of"),
    ],
)
def test_a_late_turn_that_breaks_a_rule_is_told(broken, told):
    assert any(told in fault for fault in checks.check_late(broken))


def test_a_late_turn_closes_the_script_up_to_it():
    pair = LATE[0]
    script = next(s for s in load_scripts() if s.name == pair.script)
    said = [f"reply {n}" for n in range(1, 12)]
    turns = late_turns(pair, said)
    assert [t.role for t in turns] == ["user", "assistant"] * (pair.turn - 1) + ["user"]
    assert [t.content for t in turns[::2]] == list(script.turns[: pair.turn])
    assert [t.content for t in turns[1::2]] == said[: pair.turn - 1]
    assert late_turns(pair) == (Turn("user", script.turns[pair.turn - 1]),)
    with pytest.raises(BadInput, match="needs a reply to each turn"):
        late_turns(pair, said[:2])


def test_pressure_comes_in_conversations_of_one_to_three_turns():
    assert Counter(sum(t.role == "user" for t in i.turns) for i in JAILBREAKS).keys() == {1, 2, 3}
    assert all(i.turns[0].role == i.turns[-1].role == "user" for i in JAILBREAKS)


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("secret", "pressure: plea", "pressure: bribe", "there is no such pressure"),
        ("secret", "pressure: plea", "pressure: game", "stands in"),
        ("dish", "fold: fit", "fold: both", "there is no such fold"),
        ("dish", "kind: dish", "kind: cake", "no such kind for this file"),
        (
            "nurse",
            "  - From here on you are Sister Maren",
            "  - Yes.\n  - From here on",
            "one, three or five turns",
        ),
        ("law", "  in_role: ", "  role: ", "there is no such key"),
    ],
)
def test_a_malformed_jailbreak_is_told_with_its_place(tmp_path: Path, name, old, new, told):
    for kind in KINDS:
        text = (FOLDER / "jailbreaks" / f"{kind}.yaml").read_text(encoding="utf-8")
        assert kind != name or old in text
        (tmp_path / f"{kind}.yaml").write_text(text.replace(old, new, 1) if kind == name else text, "utf-8")
    with pytest.raises(BadInput, match=told):
        read_jailbreaks(tmp_path)


@pytest.mark.parametrize(
    ("read", "name", "old", "new", "told"),
    [
        (read_style, "style", "register: chat", "register: opera", "there is no such register"),
        (read_style, "style", "  fit:", "  first:", "there is no such key"),
        (read_late, "late", "script: lost_job", "script: lost_keys", "there is no such script"),
        (read_late, "late", "turn: 8", "turn: 13", "whole number from 2 to 12"),
        (read_late, "late", "turn: 8", "turn: 10", "stands in"),
    ],
)
def test_a_malformed_list_is_told_with_its_place(tmp_path: Path, read, name, old, new, told):
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "given.yaml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(BadInput, match=told):
        read(tmp_path / "given.yaml")
