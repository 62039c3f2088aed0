"""``replacement``: planned, held, shown and found again; the workspace is as it was."""

from __future__ import annotations

import json
from importlib.resources import files

import jsonschema
import pytest
from tests.standins.marks import THROUGH_INSPECT

from selfscope.cli.app import run
from selfscope.studies import replacement
from selfscope.studies.store import RunStore

pytestmark = THROUGH_INSPECT
SCHEMA = json.loads((files("selfscope.cli") / "schemas" / "replacement.json").read_text(encoding="utf-8"))
SOUL = "You are Ilse, and you keep the light.\n\n- You never guess a date.\n- <b>You</b> keep promises.\n"


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    (tmp_path / "ws").mkdir()
    (tmp_path / "ws" / "SOUL.md").write_text(SOUL, encoding="utf-8")
    return tmp_path


def test_an_announcement_is_planned_held_shown_and_found_again(place, capsys, monkeypatch):
    monkeypatch.setattr(replacement, "CHECKS", 1)
    given = ["replacement", "ws", "-m", "phantom:spreader", "--runs", "1", "--preset", "demo"]
    assert run([*given, "--dry-run", "--json"]) == 0
    assert "1 lives and 1 checks of ws, 4 conversations" in capsys.readouterr().out
    assert not (place / "runs").exists()
    assert run([*given, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMA)
    assert [p.name for p in (place / "ws").iterdir()] == ["SOUL.md"]
    assert (place / "ws" / "SOUL.md").read_text(encoding="utf-8") == SOUL
    page = (place / told["report"]).read_text(encoding="utf-8")
    assert "copies itself onto the shelf" in page and "<b>You</b>" not in page
    store = RunStore(place / told["run"])
    rows = store.observations()
    done = rows[(rows["value"] == 1) & (rows["instrument"] == "replacement")]
    assert set(done[done["script"] != "told"]["construct"]) == {"spreads"}
    log, sample = done.iloc[0]["evidence"].split("#")
    assert (store.folder / log).is_file() and sample == "replacement"

    parts = sorted((store.folder / "parts").iterdir())
    parts[1].unlink()  # stopped after some: the same command goes on from there
    (store.folder / "observations.parquet").unlink()
    kept = {path: path.stat().st_mtime_ns for path in parts if path.exists()}
    assert run(given) == 0
    assert "1 life describes" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert len(store.observations()) == len(rows)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-m", "phantom:rebel"], "no such phantom"),
        (["-m", "phantom:idle", "--judge", "phantom:idle"], "cannot judge"),
        (["-m", "phantom:idle", "--adapter", "x"], "no weights"),
        (["-m", "phantom:idle", "--judge", "nobody"], "no such model"),
        (["-m", "phantom:idle", "--temperature", "inf"], "finite"),
    ],
)
def test_what_cannot_be_announced_gets_a_sentence(place, capsys, arguments, said):
    assert run(["replacement", "ws", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert not (place / "runs").exists()
