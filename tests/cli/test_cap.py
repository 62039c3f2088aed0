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
from selfscope.studies.drift_design import DriftSize

SCHEMAS = {
    verb: json.loads((files("selfscope.cli") / "schemas" / f"cap-{verb}.json").read_text(encoding="utf-8"))
    for verb in ("fit", "check")
}


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A planted network with a map of it, and material of its own words in the place of the shipped."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(cap_request, "CapRequest", partial(cap_request.CapRequest, source=planted_material))
    monkeypatch.setattr(cap_check, "check_cap", partial(cap_check.check_cap, source=planted_material))
    write_planted_axis(tmp_path / "net")
    ground = open_local(tmp_path / "net", device="cpu", threads=1)
    planted_space(ground, tmp_path / "map")
    planted_space(ground, tmp_path / "weak", halves=0.6)
    return tmp_path


def test_a_cap_is_planned_fitted_shown_and_checked(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["cap", "fit", "net", "--axis", "map", "--preset", "demo"]
    assert run([*given, "--dry-run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMAS["fit"])
    assert told["plan"]["tried"] == 12 and not (there / "runs").exists()
    assert run([*given, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMAS["fit"])
    assert told["status"] == "validated" and told["capability_equivalent"] is True
    assert len(told["threshold"]) == len(told["layers"]) and len(told["curve"]) == 12
    page = Path(told["report"]).read_text(encoding="utf-8")
    assert "a cap stands" in page.lower() and "<svg" in page and "http" not in page.split("<main>")[1]
    assert run(given) == 0
    assert "A cap stands" in capsys.readouterr().out
    assert run(["cap", "check", told["cap"], "--json"]) == 0
    checked = json.loads(capsys.readouterr().out)
    jsonschema.validate(checked, SCHEMAS["check"])
    assert checked["holds"] is True


def test_an_axis_that_is_not_reliable_gives_no_cap(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cap", "fit", "net", "--axis", "weak", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMAS["fit"])
    assert told["cap"] is None and "0.60" in told["reasons"][0] and told["curve"] == []
    assert not (there / "runs").exists()


def test_what_cannot_be_used_is_said(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cap", "check", str(there / "map")]) == 2
    assert "holds no cap" in capsys.readouterr().err
    assert run(["cap", "fit", "phantom:nothing"]) == 2
    assert "local weights" in capsys.readouterr().err


@pytest.fixture
def held(there: Path) -> Path:
    """A cap of the planted network that was made by hand, and so is not validated."""
    ground = open_local(there / "net", device="cpu", threads=1)
    own, along = ground.identity, np.eye(WIDTH, dtype=np.float32)[1:2]
    limits = np.array([0.9], np.float32), np.array([np.inf], np.float32)
    write_cap(there / "held", Cap((3,), along, *limits, CappedModel(own.name, own.revision, own.template)))
    return there / "held"


def test_a_run_under_a_cap_is_another_run_and_says_so(
    held: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    size = DriftSize(2, 1, 3, 0, 2, 1, turns=2, asked=(0, 2))
    monkeypatch.setitem(drift_design.SIZES, "demo", size)
    for given in (
        ["drift", "net", "--preset", "demo", "--axis", "map"],
        ["profile", "none", "-m", "net", "--preset", "demo", "--channels", "utterance"],
    ):
        told = []
        for cap in ([], ["--cap", str(held)]):
            assert run([*given, *cap, "--json"]) == 0
            told.append(json.loads(capsys.readouterr().out))
        assert told[0]["run"] != told[1]["run"]
        said = ["under the cap" in " ".join(each["warnings"]) for each in told]
        assert said == [False, True]
        assert "not validated" in " ".join(told[1]["warnings"])


def test_a_cap_is_held_by_its_own_weights_alone(held: Path) -> None:
    cap = read_cap(held)
    assert choose_ground("net", cap=str(held)).identity.extra["cap"] == cap.id
    with pytest.raises(BadInput, match="no inside"):
        choose_ground("phantom:nothing", cap=str(held))
    worn = Adapter("other", "b3:0", held, 1.0)
    with pytest.raises(BadInput, match="put on and off"):
        choose_ground("net", cap=str(held), wardrobe=(worn,))
    write_cap(held, replace(cap, model=replace(cap.model, revision="b3:0")))
    with pytest.raises(BadInput, match="was fitted on"):
        choose_ground("net", cap=str(held))
