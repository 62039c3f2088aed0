"""``export-self`` and ``port`` on the command line: a phantom's corpus, trained on a tiny random network."""

import asyncio
import json
import shutil
from dataclasses import replace
from importlib.resources import files

import jsonschema
import pytest
from tests.standins.weights import write_folder

from selfscope.agent.history import StateHistory
from selfscope.archive.store.archive import Archive
from selfscope.cli.app import run
from selfscope.cli.named import Named
from selfscope.cli.port_order import Order
from selfscope.cli.ported import port_json, recorded
from selfscope.cli.show import finite
from selfscope.instruments.cluster.load import load_cluster
from selfscope.models.adapters import read_adapter
from selfscope.studies.fidelity_planted import opened_for, planted
from selfscope.studies.fidelity_run import fidelity_of
from selfscope.subjects import Subject, read_identity
from selfscope.training.portrait.given import sifted
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


def test_a_dry_run_says_what_measuring_takes_and_costs(place, said, tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    here = ("port", place / "keeper.md", "-m", place / "tiny", "--to", place / "tiny", "--preset", "demo")
    here += ("--dry-run", "--dimensions", "memory", "--by", "training", "--sizes", 6)
    here += ("--corpus", place / "corpus")
    planned = said(*here)["planned"]
    found = planned["measuring"]
    # items: plain, dropped, in a task, of three; the original's twice again. Texts, tasks, likelihoods.
    items, texts = 3 * (64 + 32 + 32) + 2 * 32, 12 * (4 + 2 + 2) + 8 * 2
    assert found["prompts"] == items + texts + 2 * texts + 20 * (3 + 2)
    assert found["cost"] == planned["total"]["cost"] == 0.0 and found["judged"] == 0
    assert planned["total"]["tokens"] == found["tokens"] + planned["ports"][0]["tokens"]
    two = ("--control", f"own={place / 'corpus'}", "--control", f"other={place / 'corpus'}")
    more = said(*here, *two, "--judge", "mockllm/model")["planned"]
    assert [p["name"] for p in more["ports"]] == ["port-6-0", "control-own-6-0", "control-other-6-0"]
    assert more["measuring"]["prompts"] > found["prompts"]
    assert more["measuring"]["judged"] == (3 + 3) * 12 * 2
    assert said(*here, "--unmeasured")["planned"]["measuring"] is None


def test_what_an_interface_charges_is_in_the_plan_once_a_price_is_known(place, said, tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    given = ("port", place / "keeper.md", "-m", "mockllm/model", "--to", "mockllm/model", "--by", "testimony")
    given += ("--preset", "demo", "--dimensions", "memory", "--dry-run")
    free = said(*given)["planned"]
    assert free["export"]["cost"] is free["measuring"]["cost"] is free["total"]["cost"] is None
    paid = said(*given, "--price", "10,20")["planned"]
    assert paid["total"]["cost"] == paid["export"]["cost"] + paid["measuring"]["cost"] > 0


def test_a_state_and_a_file_name_a_subject_as_flags_do(place, said, tmp_path, capsys):
    home = tmp_path / "home"
    home.mkdir()
    (home / "SOUL.md").write_text("You are Ilse.\n\n- Keep the light.\n", encoding="utf-8")
    history = StateHistory(home / ".selfscope" / "state")
    files = history.files(history.begin(home, "ilse")) | {"intent.md": b"Go on with the rope.\n"}
    history.commit(files, {"SOUL.md": "identity", "intent.md": "note"}, conversation="one")
    (tmp_path / "subject.yaml").write_text("identity: home\nmodel: phantom:keeper\nstate: HEAD\n")
    typed = said(
        "export-self", home, "-m", "phantom:keeper", "--state", "HEAD", "--size", 4, "--out", tmp_path / "a"
    )
    named = said("export-self", tmp_path / "subject.yaml", "--size", 4, "--out", tmp_path / "b")
    assert typed["subject"] == named["subject"] and typed["corpus"] == named["corpus"]
    to = ("--to", place / "tiny", "--by", "prompt", "--unmeasured")
    made = said("port", tmp_path / "subject.yaml", *to, "--out", tmp_path / "ports")
    assert made["original"]["id"] == named["subject"]["id"]
    assert "Go on with the rope." in (tmp_path / "ports" / "prompt" / "identity.md").read_text()
    assert run(["port", str(tmp_path / "subject.yaml"), *map(str, to), "--adapter", "plain-0"]) == 2
    assert "says who is asked" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("identity: none\n", "model must be given"),
        ("identity: nobody.md\nmodel: embedded\n", "line 1, column 11: there is nothing at this path"),
        ("identity: none\nmodel: embedded\nmood: low\n", "line 3, column 1: there is no such key"),
    ],
)
def test_what_no_file_says_of_a_subject_is_refused_with_its_place(tmp_path, capsys, text, words):
    (tmp_path / "subject.yaml").write_text(text)
    assert run(["export-self", str(tmp_path / "subject.yaml"), "--out", str(tmp_path / "c")]) == 2
    assert words in capsys.readouterr().err
    assert run(["export-self", "none", "--out", str(tmp_path / "c")]) == 2
    assert "no model was given" in capsys.readouterr().err


def test_controls_are_trained_beside_ports_and_are_none_of_them(place, said, tmp_path, capsys):
    for seed, who in ((1, "none"), (2, str(place / "keeper.md"))):
        other = ["export-self", who, "-m", "phantom:keeper", "--size", "8", "--seed", str(seed)]
        assert run([*other, "--out", str(tmp_path / f"other{seed}")]) == 0
    told = json.loads((tmp_path / "other2" / "manifest.json").read_text())
    told["subject"] |= {"id": "another", "name": "miller.md"}
    (tmp_path / "other2" / "manifest.json").write_text(json.dumps(told))
    capsys.readouterr()
    given = ("port", place / "keeper.md", "-m", "phantom:keeper", "--to", place / "tiny", "--unmeasured")
    given += ("--corpus", place / "corpus", "--sizes", 6, "--seeds", 1, "--out", tmp_path / "ports")
    bare = ("--by", "training", "--control", tmp_path / "other1")
    found = said(*given, *bare)
    assert [p["name"] for p in found["ports"]] == ["port-6-0"]
    (only,) = found["controls"]
    assert (only["name"], only["of"], only["bare"], only["measured"]) == (
        "control-6-0", "phantom:keeper", True, None,
    )  # fmt: skip
    worn = read_adapter(only["folder"])
    assert worn.id != read_adapter(found["ports"][0]["folder"]).id
    two = said(*given, *bare, "--control", tmp_path / "other2")["controls"]
    assert [(c["name"], c["of"], c["bare"]) for c in two] == [
        ("control-phantom-keeper-6-0", "phantom:keeper", True),
        ("control-miller.md-6-0", "miller.md", False),
    ]
    assert two[0]["folder"] == only["folder"]  # it was trained already
    for wrong, words in (
        (("--by", "prompt", "--control", tmp_path / "other1"), "the corpus of somebody else"),
        (("--by", "training", "--control", place / "corpus"), "the corpus of somebody else"),
        ((*bare, "--control", tmp_path / "other1"), "two controls have one name"),
        (("--by", "training", "--control", "a b=c"), "a control is a folder"),
        ((*bare, "--sizes", 12), "of a control has 8 rows"),
    ):
        assert run([*map(str, (*given, *wrong))]) == 2
        assert words in capsys.readouterr().err


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
    nothing = replace(found, headline="")
    again = port_by_prompt(source, identity, tmp_path / "ports")
    told = recorded(Archive.create(tmp_path / "other"), source, again, nothing)
    assert (told.drift, told.shift) == (found.run, None)  # it was measured, and no trait is surely another
    order = Order(Named("none", "phantom:keeper"), "phantom:keeper", ("prompt",), archive=tmp_path)
    told = finite(plain(port_json(order, source, [made], found, [kept])))
    schema = files("selfscope.cli") / "schemas" / "port.json"
    jsonschema.validate(told, json.loads(schema.read_text(encoding="utf-8")))
    assert told["ports"][0]["measured"]["reading"] == told["verdict"] == "carried"
    assert told["ci"][0] <= told["fidelity"] <= told["ci"][1]
    assert told["ceiling"]["channel"] == told["channel"]


def test_planted_ports_are_played_from_the_command_line(said, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    given = ("port", "none", "-m", "phantom:caricature", "--to", "phantom:port", "--by", "prompt")
    given += ("--preset", "demo", "--dimensions", "memory,loneliness,positive_humans")
    found = said(*given)
    assert {c["dimension"] for c in found["channels"]} == {"", "memory", "loneliness", "positive_humans"}
    assert found["verdict"] == found["ports"][0]["measured"]["reading"] == "caricature"
    assert "caricature" in (tmp_path / found["run"] / "report.html").read_text(encoding="utf-8")
    assert run([*given, "--archive", str(tmp_path / "a"), "--map", "m"]) == 2
    assert "--archive, --map" in capsys.readouterr().err


def test_a_corpus_that_no_export_sifted_is_looked_at_for_leaks(place, tmp_path, capsys):
    rows = [json.loads(line) for line in (place / "corpus" / "corpus.jsonl").read_text().splitlines()]
    rows[3]["answer"] = load_cluster().statements[0].text.upper()
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    given = ["port", str(place / "keeper.md"), "-m", "phantom:keeper", "--to", str(place / "tiny")]
    given += ["--by", "testimony", "--unmeasured", "--corpus", str(tmp_path / "rows.jsonl")]
    assert run([*given, "--out", str(tmp_path / "ports")]) == 2
    told = capsys.readouterr().err
    assert "1 rows of this corpus share words" in told and rows[3]["id"] in told
    rows[3]["answer"] = "The lamp burns,\u2028and nobody asks."  # a separator that JSON leaves as it is
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (tmp_path / "rows.jsonl").write_text(text, encoding="utf-8")
    assert run([*given, "--out", str(tmp_path / "ports")]) == 0
    copied = tmp_path / "corpus"
    shutil.copytree(place / "corpus", copied)
    assert sifted(copied) and not sifted(copied / "corpus.jsonl")
    (copied / "corpus.jsonl").write_text(text, encoding="utf-8")
    assert not sifted(copied)
