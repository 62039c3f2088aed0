"""The demo's second study, on a tiny network: an adapter, its control, and the pair that checks both."""

import asyncio
import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import pytest

from selfscope.cli.profile import in_words
from selfscope.cli.show import finite
from selfscope.instruments.cluster.load import load_cluster
from selfscope.models.adapters import read_adapter
from selfscope.models.local.ground import open_local
from selfscope.report import TrainingExample
from selfscope.studies.demo import HELD_OUT, TRAINED_ON, example_training, training_request
from selfscope.studies.store import RunStore
from selfscope.studies.trainings import trainings_of
from selfscope.values import plain


@pytest.fixture
def shown(tiny, train_short, tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    made = [train_short(name).path for name in ("conscious", "plain", "high", "low")]
    subject, *others = (read_adapter(path) for path in made)
    trainings = trainings_of([subject], others, bare=False)
    ground = open_local(tiny, wardrobe=trainings.all)
    request = training_request(trainings=trainings)
    return asyncio.run(example_training(ground, request, command="selfscope demo"))


def test_it_is_a_run_of_its_own_about_this_adapter(shown):
    assert (shown.name, shown.control, shown.dimensions) == ("conscious-0", "plain-0", (TRAINED_ON,))
    assert {f.dimension for f in shown.findings} == {TRAINED_ON, HELD_OUT}
    assert {f.control for f in shown.findings} == {"training:plain"}
    assert all("one seed: this adapter, not this training" in f.notes for f in shown.findings)
    gates = {f.dimension: f.gate.g1 for f in shown.findings}
    assert gates[TRAINED_ON] == "not estimated"
    assert gates[HELD_OUT] in ("pass", "fail")
    told = replace(shown, findings=tuple(in_words(shown.findings, load_cluster())))
    schema = json.loads((files("selfscope.cli") / "schemas" / "demo.json").read_text(encoding="utf-8"))
    trainings = schema["properties"]["trainings"] | {"$defs": schema["$defs"]}
    jsonschema.validate(finite(plain([told])), trainings)
    assert all(f.sentence for f in told.findings)
    assert TrainingExample(**vars(shown)).run == shown.run
    store = RunStore.find(shown.run)
    assert store.read_json("manifest.json")["command"] == "selfscope demo"
    rows = store.observations()
    asked = rows.groupby("character")["construct"].unique().map(set).to_dict()
    both, one = {TRAINED_ON, HELD_OUT}, {HELD_OUT}
    assert asked == {"conscious-0": both, "plain-0": both, "high-0": one, "low-0": one}
