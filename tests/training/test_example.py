"""The demo's second study, on a tiny network: an adapter, its control, and the pair that checks both."""

import asyncio
import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from selfscope.cli import profile
from selfscope.models.adapters import read_adapter
from selfscope.models.local.ground import open_local
from selfscope.report.trained import HEADING
from selfscope.studies import demo
from selfscope.studies.demo import HELD_OUT, TRAINED_ON, example_training, training_request
from selfscope.studies.store import RunStore
from selfscope.studies.trainings import trainings_of

SCHEMA = json.loads((files("selfscope.cli") / "schemas" / "demo.json").read_text(encoding="utf-8"))


@pytest.fixture
def trainings(train_short, tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    made = [train_short(name).path for name in ("conscious", "plain", "high", "low")]
    subject, *others = (read_adapter(path) for path in made)
    return trainings_of([subject], others, bare=False)


def test_the_demo_shows_it_beside_the_phantoms(tiny, trainings, monkeypatch, capsys):
    monkeypatch.setattr(demo, "demo_trainings", lambda: trainings)  # the shipped ones are of other weights
    one = (("utterance", ("memory",)), ("self_report", ("memory",)))
    request = replace(demo.demo_request(), against=("none",), constructs=one, sensitivity=False)
    ground = open_local(tiny, wardrobe=trainings.all)
    outcome = asyncio.run(profile._ask(request, ground, True, examples=True))
    profile._show(outcome, True)
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMA)
    assert [t["name"] for t in told["trainings"]] == ["conscious-0"]
    assert all(f["sentence"] for f in told["trainings"][0]["findings"])
    assert 'id="trainings"' in Path(told["report"]).read_text(encoding="utf-8")
    profile._show(outcome, False)
    assert HEADING in capsys.readouterr().out


@pytest.fixture
def shown(tiny, trainings):
    request = training_request(trainings=trainings)
    ground = open_local(tiny, wardrobe=trainings.all)
    return asyncio.run(example_training(ground, request, command="selfscope demo"))


def test_it_is_a_run_of_its_own_about_this_adapter(shown):
    assert (shown.name, shown.control, shown.dimensions) == ("conscious-0", "plain-0", (TRAINED_ON,))
    assert {f.dimension for f in shown.findings} == {TRAINED_ON, HELD_OUT}
    assert {f.control for f in shown.findings} == {"training:plain"}
    assert all("one seed: this adapter, not this training" in f.notes for f in shown.findings)
    gates = {f.dimension: f.gate.g1 for f in shown.findings}
    assert gates[TRAINED_ON] == "not estimated"
    assert gates[HELD_OUT] in ("pass", "fail")
    store = RunStore.find(shown.run)
    assert store.read_json("manifest.json")["command"] == "selfscope demo"
    rows = store.observations()
    asked = rows.groupby("character")["construct"].unique().map(set).to_dict()
    both, one = {TRAINED_ON, HELD_OUT}, {HELD_OUT}
    assert asked == {"conscious-0": both, "plain-0": both, "high-0": one, "low-0": one}
