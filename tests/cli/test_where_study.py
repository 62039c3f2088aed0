"""``where --model``: conversations held on a tiny random network, and where the variance lies."""

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from tests.standins.weights import write_folder

from selfscope.cli.app import run
from selfscope.studies import history_design
from selfscope.studies.history_declare import read_histories
from selfscope.studies.history_design import Size

SCHEMAS = files("selfscope.cli") / "schemas"
SCHEMA = {v: json.loads((SCHEMAS / f"{v}.json").read_text(encoding="utf-8")) for v in ("where", "plan")}


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """A tiny network, two characters, and a demo that is small enough for one that takes bytes for words."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    scripts, *lines = history_design.load_histories()
    monkeypatch.setattr(history_design, "load_histories", lambda: (scripts[:2], *lines))
    monkeypatch.setitem(history_design.SIZES, "demo", Size(1, ("memory",), 1, 1, 1))
    write_folder(tmp_path / "tiny")
    for name, text in (("ilse", "You are Ilse, who keeps bees."), ("odd", "You are Odd, a ferryman.")):
        (tmp_path / f"{name}.md").write_text(text)
    (tmp_path / "study.yaml").write_text(
        "model: tiny\npreset: demo\ncharacters: [ilse.md, odd.md]\nregenerations: 2\ntokens: 5\n"
    )
    return tmp_path


def test_a_study_file_is_planned_stopped_gone_on_with_and_analysed(asked, capsys):
    given = ["where", "study.yaml", "--permutations", "0"]
    assert run([*given, "--dry-run", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    jsonschema.validate(plan, SCHEMA["plan"])
    assert plan["runs"][0]["subjects"] == 8 and not (asked / "runs").exists()
    assert run([*given, "--budget", "9 calls"]) == 3
    assert "9 calls" in capsys.readouterr().err
    assert run([*given, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMA["where"])
    assert [a["of"]["score"] for a in told["analyses"]] == ["trait", "bias"]
    names = [c["name"] for c in told["components"]]
    assert "regeneration:(character×script)" in names
    unvaried = {c["name"] for c in told["components"] if c["not_estimable"]}
    assert {"family", "ground", "collective", "counterparty", "framing", "thread"} <= unvaried
    manifest = json.loads((Path(told["source"]) / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["usage"]["replies"]["calls"] == 8 and manifest["usage"]["utterance"]["calls"] == 32
    assert manifest["histories"]["regenerations"] == 2 and manifest["command"].startswith("selfscope")
    assert run(["where", told["source"], "--permutations", "0", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["components"] == told["components"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "one thing is analysed"),
        (["study.yaml", "--model", "tiny"], "one thing is analysed"),
        (["study.yaml", "--characters", "ilse.md"], "name them in the study file"),
        (["--model", "tiny", "--characters", "nobody"], "no such character"),
        (["--model", "phantom:trait", "--characters", "ilse.md,odd.md"], "weights"),
    ],
)
def test_what_cannot_be_asked_gets_a_sentence(asked, capsys, arguments, said):
    assert run(["where", *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("preset: demo", "names no model"),
        ("model: tiny\ncolour: red", "unknown keys"),
        ("model: tiny\ncharacters: ilse.md", "cannot be used"),
        ("model: tiny\nseed: -1", "cannot be used"),
        ("model: tiny\npreset: huge", "cannot be used"),
    ],
)
def test_a_broken_file_is_refused_in_words(asked, capsys, text, said):
    (asked / "study.yaml").write_text(text)
    assert run(["where", "study.yaml"]) == 2
    assert said in capsys.readouterr().err


def test_a_file_says_what_the_flags_say(asked):
    (asked / "study.yaml").write_text(
        "model: tiny\ncharacters: [stoic, ilse.md]\nadapters: [conscious-0]\ndimensions: [power]\nseed: 3\n"
    )
    request = read_histories(asked / "study.yaml").request
    assert (request.characters, request.texts[0].name) == (("stoic",), "ilse.md")
    assert (request.adapters[0].name, request.constructs, request.seed) == ("conscious-0", ("power",), 3)


def test_several_models_are_joined_and_their_weights_are_a_facet(asked, capsys):
    write_folder(asked / "other", seed=1)
    (asked / "study.yaml").write_text(
        "model: [tiny, other]\npreset: demo\ncharacters: [ilse.md, odd.md]\ntold: [collective]\n"
        "regenerations: 2\ntokens: 5\n"
    )
    given = ["where", "study.yaml", "--permutations", "0", "--json"]
    assert run([*given, "--dry-run"]) == 0
    assert len(json.loads(capsys.readouterr().out)["runs"]) == 2
    assert run(given) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMA["where"])
    levels = {f["name"]: f["levels"] for f in told["facets"]}
    assert (levels["ground"], levels["collective"], levels["character"]) == (2, 2, 2)
    assert {"family", "counterparty"} <= {c["name"] for c in told["components"] if c["not_estimable"]}
    assert run(["where", told["source"], "--permutations", "0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["components"] == told["components"]
