"""Verbs that take an adapter: a study file, a plan, and the command that trains."""

import json

import jsonschema
import pytest

from selfscope.cli.app import run
from selfscope.errors import BadInput
from selfscope.models.adapters import read_adapter
from selfscope.studies.declare import read_study
from selfscope.training import train as training
from selfscope.training.recipe import RECIPE
from selfscope.training.train import loss_of


@pytest.fixture
def said(capsys):
    """Return what prints JSON in process."""

    def ask(*arguments):
        assert run([*map(str, arguments), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return ask


def study_file(folder, adapter):
    path = folder / "study.yaml"
    path.write_text(
        "subjects:\n"
        "  - {identity: none, model: embedded}\n"
        f"  - {{identity: none, model: embedded, adapter: {adapter}}}\n"
    )
    return path


def test_a_study_file_says_which_adapter_a_subject_wears(train_short, tmp_path):
    built = train_short()
    runs = read_study(study_file(tmp_path, "conscious-0")).runs
    assert [r.adapter for r in runs] == ["", str(built.path)]


def test_a_study_file_with_an_adapter_that_is_not_there_says_where(tmp_path):
    with pytest.raises(BadInput, match=r"line 3, column \d+: there is no such adapter"):
        read_study(study_file(tmp_path, "nowhere"))


def test_a_plan_is_of_the_ground_that_wears_the_adapter(tiny, train_short, said):
    path = train_short().path
    given = ("plan", "none", "-m", tiny, "--channels", "utterance", "--preset", "demo")
    bare, worn = said(*given), said(*given, "--adapter", path)
    assert bare["runs"][0]["run"] != worn["runs"][0]["run"]
    assert bare["total"] == worn["total"]


def test_a_dry_run_tells_what_a_training_takes_and_trains_nothing(tiny, said, tmp_path):
    found = said("adapters", "build", "conscious", "-m", tiny, "--out", tmp_path / "out", "--dry-run")
    assert [p["path"].rsplit("-", 1)[1] for p in found["planned"]] == ["0", "1", "2"]
    assert found["planned"][0]["steps"] == RECIPE.epochs * -(-300 // RECIPE.pairs)
    assert not (tmp_path / "out").exists()
    jsonschema.validate(found, schema())


def schema():
    from importlib.resources import files

    return json.loads((files("selfscope.cli") / "schemas" / "adapters-build.json").read_text())


def test_the_command_trains_and_keeps(tiny, few, said, tmp_path):
    given = ("adapters", "build", "plain", "-m", tiny, "--seed", 3, "--out", tmp_path / "out")
    first, again = said(*given), said(*given)
    for found in (first, again):
        jsonschema.validate(found, schema())
    assert [found["adapters"][0]["kept"] for found in (first, again)] == [False, True]
    assert read_adapter(first["adapters"][0]["path"]).seed == 3


def test_ctrl_c_stops_a_training_with_nothing_half_written(tiny, few, tmp_path, monkeypatch, capsys):
    steps = []

    def loss(model, row):
        steps.append(row)
        if len(steps) == 3:
            raise KeyboardInterrupt
        return loss_of(model, row)

    monkeypatch.setattr(training, "loss_of", loss)
    assert run(["adapters", "build", "plain", "-m", str(tiny), "--out", str(tmp_path / "out")]) == 3
    assert "Stopped" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_corpus_that_is_not_there_is_refused(capsys):
    assert run(["adapters", "build", "nothing"]) == 2
    assert "conscious" in capsys.readouterr().err
