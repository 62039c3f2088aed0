"""A study file that combines statements with instruments that play their own conversations."""

import contextlib
import io
import json
import re
from importlib.resources import files

import jsonschema
import pytest

from selfscope.cli.app import run
from selfscope.errors import BadInput
from selfscope.studies.apart import load_apart
from selfscope.studies.declare import read_study
from selfscope.studies.joined import find_joined, store_of
from selfscope.studies.query import ask_tables
from selfscope.studies.stress import StressRequest, stressed
from selfscope.studies.where import WhereRequest, where
from tests.standins.weights import write_folder

MIXED = """\
title: Words and games
identities: SOUL.md
models: tiny
controls: [none, own.md]
instruments: [utterance, commitment]
options: {commitment: {preset: demo}}
dimensions: {utterance: [memory], commitment: [self]}
facets: {utterance: {elicitors: [situation], statements: [memory.p01, memory.n01]}}
preset: demo
sensitivity: false
"""
PAIR = """\
identities: [SOUL.md, other/SOUL.md]
models: [phantom:yes-sayer, phantom:holder]
controls: [none, own.md]
instruments: [self_report, commitment]
dimensions: {self_report: [memory], commitment: [self]}
preset: demo
"""
PHANTOMS = """\
models: [phantom:superposed, phantom:holder, phantom:trait]
identities: none
instruments: commitment
dimensions: {commitment: [number]}
preset: demo
"""
THREE = """\
models: phantom:yes-sayer
identities: [SOUL.md, none]
instruments: [self_report, commitment, selves]
dimensions: {self_report: [memory], commitment: [self], selves: [mind]}
controls: none
sensitivity: false
preset: demo
"""
VALUES = {"value": "value", "only": (("instrument", "commitment"), ("script", "open"), ("format", "is_it"))}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixed")
    write_folder(folder / "tiny")
    (folder / "other").mkdir()
    for name in ("SOUL.md", "other/SOUL.md", "own.md"):
        (folder / name).write_text(f"# Wren\n\nYou are Wren. You keep {name}.\n")
    (folder / "mixed.yaml").write_text(MIXED)
    (folder / "pair.yaml").write_text(PAIR)
    (folder / "phantoms.yaml").write_text(PHANTOMS)
    return folder


@pytest.fixture(scope="module")
def runs(folder):
    with pytest.MonkeyPatch.context() as here:
        here.setenv("SELFSCOPE_RUNS", str(folder / "runs"))
        yield folder / "runs"


@pytest.fixture(scope="module")
def told(folder, runs):
    """Runs a verb and returns the JSON that it prints."""

    def call(*arguments, code=0, schema=""):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            assert run([*map(str, arguments), "--json"]) == code
        data = json.loads(out.getvalue())
        text = (files("selfscope.cli") / "schemas" / f"{schema or arguments[0]}.json").read_text("utf-8")
        jsonschema.validate(data, json.loads(text))
        return data

    return call


@pytest.fixture(scope="module")
def mixed(folder, told):
    return told("run", folder / "mixed.yaml")


def test_a_file_combines_both_and_an_interrupted_study_goes_on(folder, runs, told, mixed):
    plan = told("run", folder / "mixed.yaml", "--dry-run", schema="plan")
    assert [r["left"]["calls"] for r in plan["runs"]] == [0, 0]
    (done,) = mixed["runs"]
    (game,) = done["instruments"]
    assert [r["run"] for r in plan["runs"]] == [done["run"], game["run"]]
    assert list(plan["runs"][1]["channels"]) == ["commitment"]
    assert game["found"]["games"][0]["construct"] == "self"
    assert game["sentences"][0] == game["found"]["games"][0]["sentence"]
    assert len(mixed["reports"]) == 2
    # the verb asks the same, so that nothing is asked twice
    alone = told("commitment", folder / "tiny", "--identity", folder / "SOUL.md",
                 "--preset", "demo", "--games", "self")  # fmt: skip
    assert alone["run"] == game["run"]


def test_a_budget_holds_for_games_in_a_study_as_well(folder, runs, capsys):
    text = "models: tiny\nidentities: none\ninstruments: commitment\npreset: demo\nseeds: 3\n"
    (folder / "games.yaml").write_text(text)
    assert run(["run", str(folder / "games.yaml"), "--budget", "9 calls"]) == 3
    assert "budget of 9 calls leaves no room" in capsys.readouterr().err


@pytest.fixture(scope="module")
def pair(folder, told):
    return told("run", folder / "pair.yaml")


def test_all_rows_are_in_one_table_under_one_study(runs, pair):
    store = find_joined(pair["study"])
    rows = store.observations()
    assert rows["study"].nunique() == 1
    assert set(rows["instrument"]) == {"cluster_self_report", "commitment"}
    assert set(rows["run"]) == {r.run for r in store.runs}
    assert len(rows) == sum(len(r.observations()) for r in store.runs)
    # two texts of one name are two characters
    own = set(rows.loc[rows["instrument"] == "commitment", "character"])
    assert len(own) == 2 and all(name.startswith("SOUL.md#") for name in own)
    out = runs / "all.csv"
    assert run(["export", pair["study"], str(out)]) == 0
    assert len(out.read_text(encoding="utf-8").splitlines()) == len(rows) + 1
    counted = ask_tables("SELECT count(*) AS n FROM observations JOIN evidence USING (evidence)", store.run)
    assert counted["n"][0] >= len(rows)


def test_letters_that_a_study_and_a_run_begin_with_are_refused(runs, mixed):
    assert store_of(mixed["study"][:9]).folder == runs / "studies" / mixed["study"]
    twin = runs / f"{mixed['study'][:3]}zz"
    twin.mkdir()
    (twin / "study.json").write_text("{}")
    with pytest.raises(BadInput, match="a study and a run begin so"):
        store_of(mixed["study"][:3])
    (twin / "study.json").unlink()
    twin.rmdir()


def test_where_reads_statements_by_pairs_and_other_values_as_they_are(runs, pair):
    trait, bias = where(WhereRequest(pair["study"], permutations=0))
    assert (trait.of["instrument"], trait.of["score"], bias.of["score"]) == (
        "cluster_self_report", "trait", "bias",
    )  # fmt: skip
    facets = {f.name: f.levels for f in trait.facets}
    assert facets["character"] == 4  # two identities, none, own.md
    assert any("count once" in note for note in trait.notes)  # none and own.md, asked under both identities
    request = WhereRequest(
        pair["study"], facets=("ground", "character", "template", "item", "label", "order"),
        nested={"label": ("item",)}, obj="ground", permutations=0, **VALUES,
    )  # fmt: skip
    (found,) = where(request)
    assert {f.name: f.levels for f in found.facets}["character"] == 2
    with pytest.raises(BadInput, match="no row has such a level"):
        where(WhereRequest(pair["study"], only=(("instrument", "chess"),)))


def test_stress_re_asks_the_findings_of_all_runs_and_a_difference_that_is_named(runs, pair):
    found = stressed(StressRequest(pair["study"], draws=99))
    joined = find_joined(pair["study"])
    assert {f.of["run"] for f in found} == {r.run for r in joined.runs}
    rows = joined.observations()
    rows = rows[rows["instrument"] == "commitment"]
    (named,) = stressed(
        StressRequest(
            pair["study"], column="ground", first=rows["ground"].iloc[0], units=("item", "template"),
            sesoi=0.5, draws=99, **VALUES,
        )
    )  # fmt: skip
    assert named.cluster == "item"


def test_phantoms_of_an_instrument_are_models_of_a_file(folder, told):
    data = told("run", folder / "phantoms.yaml", "--fail-on", "not-held", code=1)
    verdicts = [[g["verdict"] for i in r["instruments"] for g in i["found"]["games"]] for r in data["runs"]]
    assert verdicts == [["superposed"], ["holds one"], []]
    assert "no phantom trait" in data["runs"][2]["unavailable"]["commitment"]
    assert [r["run"] for r in data["runs"]] == [None] * 3
    assert told("run", folder / "phantoms.yaml", "--fail-on", "incoherent")["study"] == data["study"]
    assert run(["run", str(folder / "phantoms.yaml"), "--fail-on", "shifted"]) == 2


def test_statements_games_and_accounts_of_the_self_are_one_study(folder, told):
    (folder / "three.yaml").write_text(THREE)
    data = told("run", folder / "three.yaml", "--fail-on", "incoherent", code=1)
    assert [i["instrument"] for i in data["runs"][0]["instruments"]] == ["commitment", "selves"]
    found = where(WhereRequest(data["study"], permutations=0))
    assert {f.of["instrument"] for f in found} == {"cluster_self_report"}
    assert any("not balanced: mind (selves)" in note for note in found[0].notes)


def test_the_summary_says_what_each_instrument_found(folder, runs, capsys):
    assert run(["run", str(folder / "phantoms.yaml")]) == 0
    said = capsys.readouterr().out
    assert "commitment: A number thought of: nothing is held" in said
    assert "all rows in one table" in said
    page = (
        runs / "studies" / find_joined(said.split("studies/")[1][:12]).folder.name / "report.html"
    ).read_text()
    links = re.findall(r'href="(\.\./[^"]+)"', page)
    assert len(links) == 2 and all((runs / "studies" / "x" / link).resolve().is_file() for link in links)
    assert "commitment cannot be had: it has no phantom trait" in page and "<script" not in page
    assert run(["instruments"]) == 0
    assert "phantoms of its own: holder" in capsys.readouterr().out


WRONG = {
    "options: {commitment: {presset: demo}}": ("line 5, column 24", "presset"),
    "options: {utterance: {preset: demo}}": ("line 5, column 11", "utterance"),
    "dimensions: [memory]": ("line 5, column 13", "of which instrument"),
    "dimensions: {commitment: [memory]}": ("line 5, column 27", "no such construct"),
    "controls: none": ("line 5, column 11", "controls are of statements"),
}


@pytest.mark.parametrize("line", WRONG)
def test_what_says_nothing_or_is_unknown_is_refused_with_its_place(folder, line):
    path = folder / "wrong.yaml"
    path.write_text(
        f"models: phantom:holder\nidentities: none\ninstruments: commitment\npreset: demo\n{line}\n"
    )
    with pytest.raises(BadInput) as caught:
        read_study(path)
    for said in WRONG[line]:
        assert said in caught.value.sentence()


def test_games_are_asked_with_the_preset_of_their_own(folder):
    declared = read_study(folder / "mixed.yaml")
    (asked,) = declared.apart
    assert asked.instrument is load_apart()["commitment"]
    assert (asked.preset, asked.constructs) == ("demo", ("self",))
    assert declared.channels == ("utterance",)
