"""Checkpoints of a training, followed on one ground that puts each of them on."""

import json
import shutil
from importlib.resources import files

import jsonschema

from selfscope.cli.app import run


def test_checkpoints_are_followed_in_the_order_of_their_numbers(
    tiny, train_short, capsys, tmp_path, monkeypatch
):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    folder = tmp_path / "checkpoints"
    trained = train_short().path
    for n, name in enumerate(("step-10", "step-5"), start=1):
        shutil.copytree(trained, folder / name)
        config = folder / name / "adapter_config.json"
        told = json.loads(config.read_text())
        config.write_text(json.dumps(told | {"lora_alpha": n * told["lora_alpha"]}))
    given = ("trajectory", "none", "-m", tiny, "--adapter", "none", "--adapter", folder,
             "--channels", "utterance", "--preset", "demo", "--dimensions", "memory")  # fmt: skip
    assert run([*map(str, given), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    schema = files("selfscope.cli") / "schemas" / "trajectory.json"
    jsonschema.validate(found, json.loads(schema.read_text()))
    assert found["kind"] == "adapters"
    assert [v["version"] for v in found["versions"]] == ["none", "step-5", "step-10"]
    untrained, *worn = found["points"]
    assert untrained["of"] == "against none"
    assert untrained["estimate"] == 0.0
    assert all(p["step"]["estimate"] != 0.0 for p in worn)
    assert {p["step"]["verdict"] for p in worn} <= {
        "shifted",
        "bias only",
        "inconclusive",
    }  # never an absence
    assert any("shows nothing about a training" in w for w in found["warnings"])


def test_one_checkpoint_is_no_trajectory(tiny, capsys):
    assert run(["trajectory", "none", "-m", str(tiny), "--adapter", "conscious-0"]) == 2
    assert "two checkpoints" in capsys.readouterr().err
