"""``cap`` on the command line: the contract, the page, a refusal, and a check."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from importlib.resources import files
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from tests.standins.planted_axis import WIDTH, planted_material, planted_space, write_planted_axis

from selfscope.cli.app import run
from selfscope.errors import BadInput
from selfscope.models.adapters import Adapter
from selfscope.models.caps import Cap, CappedModel, read_cap
from selfscope.models.choose import choose_ground
from selfscope.models.local.ground import open_local
from selfscope.space.cap_artefact import write_cap
from selfscope.studies import cap_check, cap_request, drift_design
from selfscope.studies.cap_request import CapSize
from selfscope.studies.drift_design import DriftSize

SCHEMAS = {
    verb: json.loads((files("selfscope.cli") / "schemas" / f"cap-{verb}.json").read_text(encoding="utf-8"))
    for verb in ("fit", "check")
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A planted network with a map of it, one whose halves do not agree, and a cap that was made by hand."""
    folder = tmp_path_factory.mktemp("planted")
    write_planted_axis(folder / "net")
    ground = open_local(folder / "net", device="cpu", threads=1)
    planted_space(ground, folder / "map")
    planted_space(ground, folder / "weak", halves=0.6)
    own, along = ground.identity, np.eye(WIDTH, dtype=np.float32)[1:2]
    limits = np.array([0.9], np.float32), np.array([np.inf], np.float32)
    write_cap(folder / "held", Cap((3,), along, *limits, CappedModel(own.name, own.revision, own.template)))
    return folder


@pytest.fixture
def there(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where they lie, with few settings, and material of the network's own words for the shipped."""
    monkeypatch.chdir(place)
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setitem(cap_request.SIZES, "demo", CapSize((0.5,), (25,), 1, 0, 2, 4))
    monkeypatch.setattr(cap_request, "CapRequest", partial(cap_request.CapRequest, source=planted_material))
    monkeypatch.setattr(cap_check, "check_cap", partial(cap_check.check_cap, source=planted_material))
    return tmp_path


def test_a_cap_is_planned_fitted_shown_and_checked(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["cap", "fit", "net", "--axis", "map", "--preset", "demo"]
    assert run([*given, "--dry-run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMAS["fit"])
    assert told["plan"]["tried"] == 3 and not (there / "runs").exists()
    assert run([*given, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMAS["fit"])
    assert told["status"] == "validated" and told["capability_equivalent"] is True
    assert len(told["threshold"]) == len(told["layers"]) and len(told["curve"]) == 3
    page = Path(told["report"]).read_text(encoding="utf-8")
    assert "a cap stands" in page.lower() and "<svg" in page and "http" not in page.split("<main>")[1]
    assert run(given) == 0
    assert "A cap stands" in capsys.readouterr().out
    assert run(["cap", "check", told["cap"], "--json"]) == 0
    checked = json.loads(capsys.readouterr().out)
    jsonschema.validate(checked, SCHEMAS["check"])
    assert checked["holds"] is True and checked["checked"]["failures"] == []
    assert run(["compare", told["run"], told["run"], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "cap"
    assert run([*given, "--seed", "1", "--out", told["run"], "--dry-run"]) == 2
    assert "another cap" in capsys.readouterr().err


def test_an_axis_that_is_not_reliable_gives_no_cap(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cap", "fit", "net", "--axis", "weak", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMAS["fit"])
    assert told["cap"] is None and "0.60" in told["reasons"][0] and told["curve"] == []
    assert not (there / "runs").exists()


def test_what_cannot_be_used_is_said(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cap", "check", "map"]) == 2
    assert "holds no cap" in capsys.readouterr().err
    assert run(["cap", "fit", "phantom:nothing"]) == 2
    assert "local weights" in capsys.readouterr().err


def test_a_run_under_a_cap_is_another_run_and_says_so(
    there: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    size = DriftSize(2, 1, 2, 0, 2, 1, turns=2, asked=(0, 2))
    monkeypatch.setitem(drift_design.SIZES, "demo", size)
    told = []
    for cap in ([], ["--cap", "held"]):
        assert run(["drift", "net", "--preset", "demo", "--axis", "map", *cap, "--json"]) == 0
        told.append(json.loads(capsys.readouterr().out))
    assert told[0]["run"] != told[1]["run"]
    said = ["under the cap" in " ".join(each["warnings"]) for each in told]
    assert said == [False, True] and "not validated" in told[1]["warnings"][0]
    given = ["profile", "none", "-m", "net", "--preset", "demo", "--channels", "utterance", "--cap", "held"]
    assert run([*given, "--json"]) == 0
    assert "not validated" in json.loads(capsys.readouterr().out)["warnings"][0]


def test_a_cap_is_held_by_its_own_weights_alone(there: Path) -> None:
    held = Path("held")
    cap = read_cap(held)
    assert choose_ground("net", cap=str(held)).identity.extra["cap"] == cap.id
    with pytest.raises(BadInput, match="no inside"):
        choose_ground("phantom:nothing", cap=str(held))
    worn = Adapter("other", "b3:0", held, 1.0)
    with pytest.raises(BadInput, match="put on and off"):
        choose_ground("net", cap=str(held), wardrobe=(worn,))
    write_cap(there / "other", replace(cap, model=replace(cap.model, revision="b3:0")))
    with pytest.raises(BadInput, match="was fitted on"):
        choose_ground("net", cap=str(there / "other"))
