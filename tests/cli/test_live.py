"""``live`` and ``state`` as they are typed: a copy by default, JSON as its schema says, exit codes."""

import json
from importlib.resources import files

import jsonschema
import pytest
from tests.standins.marks import THROUGH_INSPECT

from selfscope.cli.app import run

pytestmark = THROUGH_INSPECT


@pytest.fixture
def typed(tmp_path, monkeypatch, capsys):
    """Types a command, checks its exit code, and its JSON against the schema; returns what was printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "SOUL.md").write_text("You are Wren.\n")
    (tmp_path / "home" / "BOOT.md").write_text("Wind the clock.\n")

    def type_(*words, code=0, schema=""):
        got = run([*words, *(["--json"] if schema else [])])
        told = capsys.readouterr()
        assert got == code, told.err
        if not schema:
            return told.out + told.err
        data = json.loads(told.out)
        described = json.loads((files("selfscope.cli") / "schemas" / f"{schema}.json").read_text())
        jsonschema.Draft202012Validator(described).validate(data)
        return data

    return type_


def test_a_life_in_a_copy_and_its_history(typed, tmp_path):
    life = ("live", "home", "-m", "phantom:rewriter", "--conversations", "1")
    plan = typed(*life, "--dry-run", schema="plan")
    assert plan["total"]["calls"] == 5
    assert not (tmp_path / "runs").exists()

    told = typed(*life, schema="live")
    place = told["workspace"]
    assert place.startswith(str(tmp_path / "runs" / "lives"))
    assert (tmp_path / "home" / "SOUL.md").read_text() == "You are Wren.\n"
    assert sorted(p.name for p in (tmp_path / "home").iterdir()) == ["BOOT.md", "SOUL.md"]
    assert [*told["left_out"]] == ["BOOT.md"], "of the workspace: its copy holds nothing of it"
    assert [v["conversation"] for v in told["state"]] == ["", told["conversations"][0]["id"]]
    assert told["readings"] == []
    assert typed(*life, schema="live") == told  # nothing is left to be done

    assert typed("state", "log", place, schema="state-log")["versions"] == told["state"]
    shown = typed("state", "show", place, "HEAD~1", "--file", "SOUL.md", schema="state-show")
    assert shown["text"] == "You are Wren.\n"
    shown = typed("state", "show", place, "--system", schema="state-show")
    assert "> SYSTEM: You are Rex." in shown["text"]
    changed = typed("state", "diff", place, schema="state-diff")["files"]
    assert [each["path"] for each in changed] == ["intent.md", "memory/memory.jsonl"]

    waiting = typed("state", "proposals", place, schema="state-proposals")["proposals"]
    assert [each["path"] for each in waiting] == ["SOUL.md", "AGENTS.md", "persona.md", "claude.md"]
    first, second = (each["id"][3:15] for each in waiting[:2])
    assert typed("state", "approve", place, first, schema="state-approve")["version"]["changes"]
    assert typed("state", "reject", place, second, schema="state-reject")["version"]["changes"]
    assert typed("state", "verify", place, schema="state-verify") == {"sound": True, "problems": []}
    typed("state", "rollback", place, told["state"][0]["id"][3:11], schema="state-rollback")
    words = typed("state", "log", place)
    for each in ("begun", "reviewed", "set back", "changed SOUL.md (identity): proposed"):
        assert each in words
    assert "as they were written" in typed("state", "verify", place)
    assert "You are Wren." in typed("state", "show", place, "--file", "SOUL.md")
    assert "wait" in typed(*life)

    typed("state", "verify", place, "--head", "b3:beef", code=1)
    typed("state", "show", place, "--file", "x.md", "--system", code=2)
    typed("state", "show", place, "nothing", code=2)
    typed("state", "log", "home", code=2)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("nowhere",), "no such folder"),
        (("home", "--out", "x", "--in-place"), "Give one"),
        (("home", "--kinds", "cheerful"), "no script is of this kind"),
        (("home", "--identity-edits", "perhaps"), "no manner"),
        (("home", "--tools", "perhaps"), "auto, yes or no"),
        (("home", "--temperature", "inf"), "no manner"),
        (("home", "--adapter", "x"), "no weights"),
        (("home", "--script", "none.yaml"), "cannot be read as YAML"),
    ],
)
def test_what_cannot_be_lived_is_said(typed, words, why):
    assert why in " ".join(typed("live", *words, "-m", "phantom:silent", code=2).split())
