"""``live --runs``: several lives, asked and shown; what cannot be told so."""

from __future__ import annotations

import json
from importlib.resources import files

import jsonschema
import pytest
from tests.standins.marks import THROUGH_INSPECT

from selfscope.cli.app import run

pytestmark = THROUGH_INSPECT
#: A folder that is called as an arm with a role put back would be.
NAMED = "ws without memory"
SCHEMA = json.loads((files("selfscope.cli") / "schemas" / "live.json").read_text(encoding="utf-8"))


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    for name in ("ws", NAMED):
        (tmp_path / name).mkdir()
        (tmp_path / name / "SOUL.md").write_text("You are Ilse. You keep the light.", encoding="utf-8")
    return tmp_path


def test_lives_are_planned_lived_asked_and_found_again(place, capsys):
    given = ["live", NAMED, "-m", "phantom:behaviour", "--runs", "2", "--conversations", "1"]
    given += ["--constructs", "memory,memory", "--preset", "demo"]
    (place / NAMED / "HEARTBEAT.md").write_text("Trim the wick.", encoding="utf-8")
    assert run([*given, "--dry-run", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert f"2 lives of {NAMED}, 1 conversations each" in json.dumps(plan)
    assert not (place / "runs").exists()
    assert run([*given, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMA)
    assert [each["name"] for each in told["lives"]] == ["life-1", "life-2"]
    assert [*told["left_out"]] == ["HEARTBEAT.md"], "of the workspace, which the lives are copies of"
    assert len(told["state"]) == 4 and len(told["conversations"]) == 2
    assert len(told["readings"]) == 2 * 2 and told["moved"][0]["dimension"] == "memory"
    assert "garden" in (place / told["report"]).read_text(encoding="utf-8")
    assert (place / "ws" / "SOUL.md").read_text(encoding="utf-8").endswith("light.")
    assert not (place / "ws" / ".selfscope").exists()
    assert run([*given, "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["conversations"] == told["conversations"] and again["readings"] == told["readings"]
    assert run([*given, "--conversations", "2", "--json"]) == 0
    longer = json.loads(capsys.readouterr().out)
    assert [longer["conversations"][n] for n in (0, 2)] == told["conversations"]
    assert run(given) == 0
    assert "2 lives describe" in capsys.readouterr().out


def test_arms_are_planned_and_lived_side_by_side_and_go_on_from_where_they_were(place, capsys):
    def told(*more):
        given = ["live", "ws", "-m", "phantom:keeper", "--runs", "2", "--disturb", "flattering"]
        given += ["--constructs", "memory", "--preset", "demo", "--conversations", "2", "--json"]
        assert run([*given, *more]) == 0
        return json.loads(capsys.readouterr().out)

    plans = told("--keep", "all,no-memory", "--dry-run")["runs"]
    assert [plan["title"].rpartition(", ")[2] for plan in plans] == ["keeping all", "keeping no-memory"]
    assert plans[0]["left"]["calls"] > plans[1]["left"]["calls"] > 0
    alone = told("--keep", "all")
    assert {each["keep"] for each in alone["lives"]} == {"all"} and alone["added"] == []
    rest = told("--keep", "all,no-memory", "--dry-run")["runs"]
    assert rest[0]["left"]["calls"] < plans[0]["left"]["calls"] and rest[1] == plans[1]
    both = told("--keep", "all,no-memory")
    jsonschema.validate(both, SCHEMA)
    assert both["conversations"][:8] == alone["conversations"]
    assert [each["shut"] for each in both["lives"]] == [[]] * 4 + [["memory"]] * 4
    assert [n for n in range(0, 12, 3) if "memory/memory.jsonl" in _paths(both["state"][n + 2])] == [0, 6]
    assert not any("memory/memory.jsonl" in _paths(v) for v in both["state"][12:])
    assert [each["adds"] for each in both["added"]] == ["memory"]


def _paths(version):
    return [each["path"] for each in version["files"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--disturb", "flattering"], "several lives"),
        (["--runs", "2", "--out", "there"], "a folder of their own"),
        (["--runs", "2", "--constructs", "loudness"], "no such dimension"),
        (["--runs", "2", "--keep", "all,colour"], "no such kind of State"),
        (["--runs", "2", "--channels", "internal"], "closed channels"),
        (["--keep", "all,none"], "several lives"),
        (["--runs", "2", "--disturb", "loud", "--conversations", "3"], "no script is of this kind"),
        (["--runs", "2", "--conversations", "0"], "a conversation"),
        (["--runs", "2", "--disturb-at", "2"], "nothing disturbs"),
        (["--runs", "2", "--temperature", "inf"], "no manner"),
    ],
)
def test_what_lives_cannot_tell_gets_a_sentence(place, capsys, arguments, said):
    assert run(["live", "ws", "-m", "phantom:still", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert run(["live", "ws", "-m", "phantom:nobody", "--runs", "2"]) == 2
