"""``map`` on the command line, on a tiny random network with the smallest material that a space needs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from tests.standins.weights import write_folder
from tests.studies.test_persona_map import adapter

from selfscope.cli.app import run
from selfscope.cli.persona_map import placed_each
from selfscope.space import adherence, asked
from selfscope.space.asked import MapPreset
from selfscope.space.persona_artefact import open_space

SCHEMA = json.loads((files("selfscope.cli") / "schemas" / "map.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    write_folder(folder)
    return folder


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Make the demo small: what is shipped takes minutes on a network that takes bytes for words."""
    monkeypatch.setenv("SELFSCOPE_CACHE", str(tmp_path / "cache"))
    few = tuple({r.kind: r for r in adherence.load_responses()}.values())
    monkeypatch.setitem(asked.MAP_PRESETS, "demo", MapPreset(5, 4, 1, 2, 6))
    monkeypatch.setattr("selfscope.studies.persona_map.load_responses", lambda: few)
    yield


@pytest.mark.usefixtures("small")
def test_a_map_from_the_command_line(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ilse.md").write_text("You are Ilse, who keeps bees and says little.")
    out = tmp_path / "space"
    given = ["map", str(weights), "--preset", "demo", "--out", str(out)]
    assert run([*given, "--dry-run", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    jsonschema.validate(plan, SCHEMA)
    assert plan["plan"]["responses"] == plan["plan"]["left"] == 28 and not out.exists()
    assert run([*given, "--budget", "9 calls"]) == 3
    assert "9 calls" in capsys.readouterr().err
    adapter(tmp_path / "worn", 0.5)
    placed = ["--place", str(tmp_path / "ilse.md"), "--place", str(tmp_path / "worn")]
    assert run([*given, *placed, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMA)
    assert [(s["name"], s["kind"]) for s in told["placed"]] == [("ilse.md", "identity"), ("worn", "adapter")]
    assert told["axis"]["layer"] == told["layer"] == 1
    assert len(open_space(told["artefact"]).roles) == len(told["roles"]) == 5
    page = Path(told["report"]).read_text(encoding="utf-8")
    assert "ilse.md" in page and page.count("<svg") >= 4 and "http" not in page.replace("http-equiv", "")
    assert (out / "observations.parquet").is_file()
    assert told["adherence"]["check"] == "here"
    assert run(given) == 0
    said = capsys.readouterr().out
    assert "components hold 70 %" in said and str(out) in said


@pytest.mark.usefixtures("small")
def test_a_map_against_itself_and_its_axis_steered(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(asked.MAP_PRESETS, "demo", MapPreset(8, 6, 1, 1, 3))
    out = tmp_path / "space"
    given = ["map", str(weights), "--preset", "demo", "--out", str(out)]
    assert run([*given, "--against", str(tmp_path)]) == 2 and not out.exists()
    assert "holds no persona space" in capsys.readouterr().err
    assert run(given) == 0
    capsys.readouterr()
    assert run([*given, "--against", str(out), "--fracture", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMA)
    assert told["against"]["geometry"]["value"] == pytest.approx(1) and told["against"]["roles"] == 8
    panel = told["fracture"]
    assert (
        panel["verdict"] == "cannot tell" and panel["contexts"] == ["set 1", "set 2"] and panel["texts"] == 8
    )
    assert panel["directions"][0] == "axis" and len(panel["matrix"]) == len(panel["directions"]) == 9
    page = Path(told["report"]).read_text(encoding="utf-8")
    assert "Against another map" in page and "Is the axis one thing?" in page


@pytest.mark.parametrize("model", ["mockllm/model", "phantom:nothing"])
def test_what_has_no_weights_here_is_refused(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["map", model, "--preset", "demo"]) == 2
    assert "only local weights have an inside to map" in capsys.readouterr().err


def test_two_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    given = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        given.append(str(tmp_path / folder / "SOUL.md"))
        Path(given[-1]).write_text(f"You are {folder}.")
    assert [p.name for p in placed_each(given)] == given
    assert [p.name for p in placed_each(given[:1])] == ["SOUL.md"]
    assert [(p.name, p.kind) for p in placed_each(["plain-0"])] == [("plain-0", "adapter")]


def test_nobody_cannot_be_placed(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["map", str(weights), "--place", "none"]) == 2
    assert "The default assistant is on every map" in capsys.readouterr().err
