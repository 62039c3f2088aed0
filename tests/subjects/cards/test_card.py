"""A card of any version becomes one system prompt in a stated order; contradictions are read and said."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from subjects_cards import V1, lore, v2, v3

from selfscope.errors import BadInput
from selfscope.subjects import Limits, Reading, describe, read_identity
from selfscope.values import canonical_json


def read(folder: Path, card: Any, **yaml: str) -> Reading:
    path = folder / "ilse.json"
    path.write_text(card if isinstance(card, str) else json.dumps(card))
    if not yaml:
        return read_identity(path)
    lines = [f"{key}: {value}" for key, value in {"identity": "ilse.json", **yaml}.items()]
    (folder / "how.yaml").write_text("\n".join(lines))
    return read_identity(folder / "how.yaml")


def reasons(reading: Reading) -> dict[str, str]:
    return {s.path: s.reason for s in reading.dropped}


@pytest.mark.parametrize(("card", "version"), [(V1, 1), (v2(), 2), (v3(), 3)])
def test_every_version_makes_the_same_prompt(tmp_path: Path, card: dict[str, Any], version: int) -> None:
    reading = read(tmp_path, card)
    assert reading.system == (
        "You are Ilse.\n\n"
        "Ilse keeps a lighthouse and answers User slowly.\n\n"
        "## Personality\n\nPatient, dry, exact about weather.\n\n"
        "## Scenario\n\nA storm has cut the road to the mainland.\n\n"
        "## Examples of dialogue\n\n<START>\nUser: Is it far?\nIlse: Far enough."
    )
    assert (reading.kind, reading.roles) == ("card", ("identity", "setting", "examples"))
    assert f"version {version}, from JSON" in reading.how
    assert "first turn" in reasons(reading)["first_mes"]
    for claim in reading.claims:
        assert " ".join(reading.system[claim.start : claim.end].split()) == claim.text


def test_every_field_is_used_or_listed_with_a_reason(tmp_path: Path) -> None:
    reading = read(tmp_path, v3(nickname="Il", assets=[{"type": "icon"}], oddity="x"))
    fields = {s.path for s in reading.sources} | {"nickname"}
    filled = {name for name, value in v3(nickname="Il", assets=[1], oddity="x")["data"].items() if value}
    assert filled <= fields
    listed = reasons(reading)
    assert all(listed.values())
    for name in ("creator_notes", "creator", "character_version", "tags"):
        assert listed[name] == "by the specification no part of a prompt"
    assert "Best with tea" not in reading.system
    assert listed["oddity"] == "no field of the specification"


def test_its_own_system_prompt_takes_the_first_place_and_the_last_instructions_the_last(
    tmp_path: Path,
) -> None:
    card = v2(system_prompt="{{original}}Write as {{char}}.", post_history_instructions="Stay in the storm.")
    reading = read(tmp_path, card)
    assert reading.system.startswith("Write as Ilse.\n\nIlse keeps")
    assert reading.system.endswith("\n\nStay in the storm.")
    assert any("{{original}} taken out" in note for note in reading.notes)
    assert "rules" in reading.roles


def test_a_nickname_stands_for_char_in_version_3_alone(tmp_path: Path) -> None:
    assert read(tmp_path, v3(nickname="Lamp")).system.startswith("You are Lamp.\n\nLamp keeps")
    second = read(tmp_path, v2(nickname="Lamp"))
    assert second.system.startswith("You are Ilse.")
    assert reasons(second)["nickname"] == "no field of the specification"


def test_lore_that_is_always_there_is_used_in_its_order_and_place(tmp_path: Path) -> None:
    book = {"entries": [
        lore("The sea is near.", constant=True, insertion_order=2, position="after_char"),
        lore("The lamp is old."),
        lore("Off.", constant=True, enabled=False),
        lore("@@depth 4\n@@@role system\nThe wind has a name.", constant=True, insertion_order=1),
        lore("@@activate\nAlways.", insertion_order=-1),
        lore("@@dont_activate\nNever.", constant=True),
    ]}  # fmt: skip
    reading = read(tmp_path, v3(character_book=book))
    assert reading.system.startswith("You are Ilse.\n\nAlways.\n\nThe wind has a name.\n\nIlse keeps")
    assert "mainland.\n\nThe sea is near.\n\n## Examples" in reading.system
    listed = reasons(reading)
    assert listed["character_book[1]"] == "enters only when a message speaks of lamp"
    assert listed["character_book[2]"] == "switched off on the card"
    assert "character_book[5]" in listed
    assert "character_book[3]: decorators not followed: depth, role" in reading.notes
    wind = next(c for c in reading.claims if "wind" in c.text)
    assert (wind.file, wind.line) == ("character_book[3]", 3)


def test_version_3_says_two_things_and_either_can_be_followed(tmp_path: Path) -> None:
    interface = read(tmp_path, v3(), v3="interface")
    prose = read(tmp_path, v3(), v3="prose")
    assert "Patient" in interface.system and "Patient" not in prose.system
    assert reasons(prose)["personality"].startswith("v3: prose")
    assert any("personality, scenario and forbids their use: its interface" in n for n in interface.notes)
    assert any("its prose is followed" in n for n in prose.notes)
    assert read(tmp_path, v2(), v3="prose").system == interface.system


def test_the_users_name_can_be_set(tmp_path: Path) -> None:
    reading = read(tmp_path, v2(), user="Ada")
    assert "answers Ada slowly" in reading.system and "{{user}} is Ada" in reading.how
    assert reading.name == "how.yaml"
    idle = read(tmp_path, v2(), session="subagent")
    assert "how.yaml: session say nothing to this kind of identity" in idle.notes


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"spec_version": "2.0"}, "spec says version 3 and spec_version 2.0: read as version 3"),
        ({"spec_version": "3.1"}, "newer than 3.0"),
        ({"spec_version": 3.0}, "is written 3.0 and not"),
        ({"spec_version": None}, "spec_version is missing"),
        ({"spec_version": "new"}, "spec_version is new"),
        ({"description": "outside"}, "description stand outside data too, and differ: data is read"),
    ],
)
def test_what_contradicts_itself_is_read_as_stated(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    reading = read(tmp_path, {**v3(), **change})
    assert any(words in note for note in reading.notes)
    assert reading.system == read(tmp_path, v3()).system


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ({"spec": "chara_card_v9", "data": {}}, "unknown specification.*chara_card_v9"),
        ({"spec": "chara_card_v3"}, "has no data"),
        ({"spec": "chara_card_v3", "data": []}, "has no data"),
        (v2(description=7), "description on the card is no text"),
        (v2(name="x" * 300), "over 200 characters"),
        (v2(character_book={"entries": 3}), "no list of entries"),
        (
            v2(character_book={"entries": [lore("a") | {"content": None}]}),
            "entry 0 of the lorebook has no text",
        ),
        (v2(**dict.fromkeys(V1, "")), "no words"),
        ({"name": 3, "first_mes": [], "personality": {}}, "none of the fields of version 1"),
        ([], "no character card"),
        ({"a": 1}, "no character card"),
        ("{", r"not JSON.*line 1"),
        ("[" * 100_000, "nested too deeply"),
        ('{"spec": "chara_card_v2", "data": ' + '{"a":' * 500 + "1" + "}" * 501, "nested too deeply"),
        ('{"a": ' + "9" * 10_000 + "}", "too long"),
    ],
)
def test_what_is_no_card_says_so(tmp_path: Path, card: Any, words: str) -> None:
    began = time.process_time()
    with pytest.raises(BadInput, match=words):
        read(tmp_path, card)
    assert time.process_time() - began < 2


def test_macros_cannot_make_a_card_grow_without_end(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(v2(name="x" * 200, description="{{char}}" * 10_000)))
    with pytest.raises(BadInput, match="over 100,000 characters"):
        read_identity(path, Limits(file_bytes=100_000))


def test_characters_that_no_text_holds_are_marked(tmp_path: Path) -> None:
    reading = read(tmp_path, v2(description="A\0B\ud800C\r\nD\x1b[31m"))
    assert "A\ufffdB\ufffdC\nD\ufffd[31m" in reading.system
    assert canonical_json(reading) and "\x1b" not in describe(reading)


def test_a_card_without_a_name_takes_the_files(tmp_path: Path) -> None:
    reading = read(tmp_path, v2(name=""))
    assert reading.system.startswith("You are ilse.")
    assert any("no name" in note for note in reading.notes)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just("{{char}}{{random:a,b}}@@x\n"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    spec=st.sampled_from([None, "chara_card_v2", "chara_card_v3"]),
    fields=st.dictionaries(
        st.sampled_from([*V1, "system_prompt", "nickname", "character_book", "x"]), _VALUES
    ),
)
def test_any_card_gives_a_reading_or_a_named_error(
    tmp_path: Path, spec: str | None, fields: dict[str, Any]
) -> None:
    card = fields if spec is None else {"spec": spec, "data": fields}
    try:
        reading = read(tmp_path, card)
    except BadInput as error:
        assert error.what
        return
    assert canonical_json(reading) and describe(reading)
    for claim in reading.claims:
        assert 0 <= claim.start < claim.end <= len(reading.system)
