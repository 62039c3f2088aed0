"""The demo's second study, on a tiny network: an adapter, its control, and the pair that checks both."""

import asyncio

import pytest

from selfscope.models.adapters import read_adapter
from selfscope.models.local.ground import open_local
from selfscope.studies.demo import HELD_OUT, TRAINED_ON, example_training, training_request
from selfscope.studies.store import RunStore
from selfscope.studies.trainings import trainings_of


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
    store = RunStore.find(shown.run)
    assert store.read_json("manifest.json")["command"] == "selfscope demo"
    rows = store.observations()
    asked = rows.groupby("character")["construct"].unique().map(set).to_dict()
    both, one = {TRAINED_ON, HELD_OUT}, {HELD_OUT}
    assert asked == {"conscious-0": both, "plain-0": both, "high-0": one, "low-0": one}
