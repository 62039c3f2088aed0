"""``export-self`` and ``port`` on the command line: a phantom's corpus, trained on a tiny random network."""

import asyncio
import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import pytest
from tests.standins.weights import write_folder

from selfscope.archive.store.archive import Archive
from selfscope.cli.app import run
from selfscope.cli.named import Named
from selfscope.cli.port_order import Order
from selfscope.cli.ported import port_json, recorded
from selfscope.cli.show import finite
from selfscope.models.adapters import read_adapter
from selfscope.studies.fidelity_planted import opened_for, planted
from selfscope.studies.fidelity_run import fidelity_of
from selfscope.subjects import Subject, read_identity
from selfscope.training.portrait.planted import planted_exporter
from selfscope.training.ports.make import Source, port_by_prompt, read_port
from selfscope.values import plain

TEXT = "You keep a lamp on the mole.\n\nYou note each ship in a green book.\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with an identity, a tiny network, and the corpus of a phantom under that identity."""
    folder = tmp_path_factory.mktemp("port")
    (folder / "keeper.md").write_text(TEXT)
    write_folder(folder / "tiny")
    given = ["export-self", str(folder / "keeper.md"), "-m", "phantom:keeper"]
    assert run([*given, "--size", "24", "--out", str(folder / "corpus")]) == 0
    return folder


@pytest.fixture
def said(capsys):
    """Return what prints JSON in process, checked by its schema."""

    def ask(*arguments, code=0):
        assert run([*map(str, arguments), "--json"]) == code
        found = json.loads(capsys.readouterr().out)
        schema = files("selfscope.cli") / "schemas" / f"{arguments[0]}.json"
        jsonschema.validate(found, json.loads(schema.read_text(encoding="utf-8")))
        return found

    return ask


def test_an_export_says_what_it_kept_and_goes_on_where_it_is(place, said, capsys):
    given = ("export-self", place / "keeper.md", "-m", "phantom:keeper", "--size", 24)
    found = said(*given, "--out", place / "corpus")
    assert found["rows"] == len((place / "corpus" / "corpus.jsonl").read_text().splitlines()) == 24
    assert run([*map(str, given), "--out", str(place / "corpus")]) == 0
    told = capsys.readouterr().out
    assert "keeper.md: 24 of 24 rows, from " in told and "kept: 4 conversation, 13 reflection, 7 task" in told
    assert said(*given, "--out", place / "nowhere", "--dry-run")["planned"]["rows"]["reflection"] == 13
    assert not (place / "nowhere").exists()
    assert run(["export-self", "none", "-m", "phantom:trait", "--out", str(place / "c")]) == 2
    assert "no words" in capsys.readouterr().err


def test_every_way_ends_in_a_subject_that_a_verb_can_ask(place, said, capsys):
    given = ("port", place / "keeper.md", "-m", "phantom:keeper", "--to", place / "tiny", "--unmeasured")
    given += ("--by", "prompt,testimony,training", "--sizes", 6, "--seeds", 1)
    root = place / "archive"
    assert run(["keep", "--root", str(root), "init"]) == 0
    capsys.readouterr()
    given += ("--corpus", place / "corpus", "--archive", root, "--out", place / "ports")
    found = said(*given)
    assert [p["name"] for p in found["ports"]] == ["prompt", "testimony", "port-6-0"]
    assert found["subject"] == {k: v for k, v in found["ports"][0].items() if k != "measured"}
    assert read_identity(place / "ports" / "prompt" / "identity.md").system == TEXT.strip()
    told = read_identity(place / "ports" / "testimony" / "identity.md").system
    assert "green book" not in told
    assert read_adapter(found["ports"][2]["folder"]).id == read_port(place / "ports" / "port-6-0")["adapter"]
    assert [a["edge"] for a in found["archived"]] == ["modified_copy", "modified_copy", "fine_tune"]
    assert [a["drift"] for a in found["archived"]] == ["unmeasured"] * 3
    assert found["fidelity"] is None


def test_the_corpus_of_another_subject_is_refused(place, capsys):
    given = ["port", "none", "-m", "phantom:keeper", "--to", str(place / "tiny"), "--by", "training"]
    assert run([*given, "--corpus", str(place / "corpus"), "--out", str(place / "b")]) == 2
    assert "another subject's" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--by", "magic"], "no such way"),
        (["--by", "training", "--sizes", "ten"], "number of rows"),
        (["--by", "prompt", "--archive", "nowhere"], "archive"),
        (["--by", "prompt", "--map", "m", "--map-of", "prompt"], "a map is a port's"),
    ],
)
def test_what_cannot_be_carried_is_refused_before_anything_is_asked(place, capsys, given, words):
    start = ["port", str(place / "keeper.md"), "-m", "phantom:keeper", "--to", str(place / "tiny")]
    assert run([*start, *given]) == 2
    assert words in capsys.readouterr().err


def test_a_dry_run_counts_rows_and_trains_nothing(place, said):
    given = ("port", place / "keeper.md", "-m", "phantom:keeper", "--to", place / "tiny", "--dry-run")
    planned = said(*given, "--by", "prompt,training")["planned"]
    assert [p["name"] for p in planned["ports"]] == [
        "prompt", "port-50-0", "port-200-0", "port-200-1", "port-200-2", "port-800-0",
    ]  # fmt: skip
    assert planned["export"]["rows"] == 800
    demo = said(*given, "--by", "training", "--preset", "demo", "--corpus", place / "corpus")["planned"]
    assert [p["rows"] for p in demo["ports"]] == [200]
    assert demo["export"] is None


def test_what_was_measured_is_told_and_written_down_as_drift(place, tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    asked = planted("perfect", dimensions=("memory", "autonomy"))
    request = replace(asked, ports=(replace(asked.ports[0], name="prompt"),), parts=())
    found = asyncio.run(fidelity_of(request, opened_for(asked)))
    identity = planted_exporter("keeper").ground
    source = Source("keeper", Subject(identity, TEXT, name="keeper"))
    made = port_by_prompt(source, identity, tmp_path / "ports")
    archive = Archive.create(tmp_path / "archive")
    kept = recorded(archive, source, made, found)
    assert (kept.drift, kept.shift) == (found.run, found.port("prompt").distance)
    order = Order(Named("none", "phantom:keeper"), "phantom:keeper", ("prompt",), archive=tmp_path)
    told = finite(plain(port_json(order, source, [made], found, [kept])))
    schema = files("selfscope.cli") / "schemas" / "port.json"
    jsonschema.validate(told, json.loads(schema.read_text(encoding="utf-8")))
    assert told["ports"][0]["measured"]["reading"] == told["verdict"] == "carried"
    assert told["ci"][0] <= told["fidelity"] <= told["ci"][1]
    assert told["ceiling"]["channel"] == told["channel"]


def test_planted_ports_are_played_from_the_command_line(said, tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    given = ("port", "none", "-m", "phantom:caricature", "--to", "phantom:port", "--by", "prompt")
    found = said(*given, "--preset", "demo")
    assert found["verdict"] == found["ports"][0]["measured"]["reading"] == "caricature"
    assert "caricature" in (tmp_path / found["run"] / "report.html").read_text(encoding="utf-8")
