"""``stress`` on a table and a run, ``where`` on a run: the contract, the page, what cannot be used."""

import asyncio
import json
from importlib.resources import files

import jsonschema
import numpy as np
import pandas as pd
import pytest

from selfscope.cli.app import run
from selfscope.cli.stress import sides
from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.models.phantoms import PhantomGround, Truth
from selfscope.studies.conclude import conclude
from selfscope.studies.phantoms import teach
from selfscope.studies.profile import ProfileRequest, build_profile
from selfscope.studies.run import run_study
from selfscope.studies.store import RunStore
from selfscope.studies.stored_findings import stored_findings
from selfscope.subjects import read_identity

SCHEMAS = {
    verb: json.loads((files("selfscope.cli") / "schemas" / f"{verb}.json").read_text(encoding="utf-8"))
    for verb in ("stress", "where")
}
ASKED = ("--value", "y", "--contrast", "arm:own,control", "--units", "item,who,ground", "--sesoi", ".5")


@pytest.fixture(scope="module")
def profiled(tmp_path_factory):
    """A run of a phantom that has one trait, against none and professions."""
    folder = tmp_path_factory.mktemp("stress")
    (folder / "SOUL.md").write_text("You keep this house. Answer in short sentences. You like the garden.")
    ground = PhantomGround("trait", Truth(theta={"memory": 2.0}))
    identity, items = read_identity(folder / "SOUL.md"), load_cluster()
    asked = (("self_report", ("memory", "power")),)
    study = build_profile(
        ProfileRequest(
            identity, items, "demo", ("self_report",), against=("none", "generic"), constructs=asked
        ),
        ground,
    )
    teach(ground, study, items)
    store = RunStore.of(study, folder)
    asyncio.run(run_study(study, items, ground, store))
    conclude(store, study, items, ground.identity, {})
    return store


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(3)
    at = np.indices((2, 6, 8)).reshape(3, -1)
    value = 1.5 * (at[0] == 0) + 0.3 * rng.normal(size=12)[at[0] * 6 + at[1]] + 0.3 * rng.normal(size=96)
    arm = np.where(at[0] == 0, "own", "control")
    columns = {"arm": arm, "who": at[0] * 6 + at[1], "item": at[2], "ground": "<g>", "y": value}
    frame = pd.DataFrame(columns)
    frame.to_csv(tmp_path / "t.csv", index=False)
    return tmp_path / "t.csv"


def test_the_contract_holds_for_a_table(table, capsys):
    assert run(["stress", str(table), *ASKED, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMAS["stress"])
    (original,) = told["originals"]
    assert original["verdict"] == "shifted +"
    assert "holds if an individual is one value, one item, one who or nobody" in original["sentence"]
    assert original["assumptions"] == len(told["findings"])
    ground = {f["outcome"] for f in told["findings"] if f["unit"] == "ground"}
    assert ground == {"not_estimable"}


def test_a_terminal_and_a_page_say_it(table, capsys):
    assert run(["stress", str(table), *ASKED]) == 0
    said = capsys.readouterr().out
    assert "1 of 1 finding (1 shifted +) is flipped by no assumption" in said and " less " in said
    page = (table.parent / "t-stress.html").read_text(encoding="utf-8")
    assert "left out:who" in page and "<g>" not in page


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "the value must be named"),
        (("--value", "y", "--contrast", "arm", "--units", "item", "--sesoi", "1"), "COLUMN:FIRST,SECOND"),
        (
            ("--value", "y", "--contrast", "arm:mine", "--units", "item", "--sesoi", "1"),
            "a side has no value",
        ),
        (("--value", "y", "--contrast", "arm:own", "--units", "item"), "smallest effect of interest must"),
        (("--value", "y", "--contrast", "arm:own", "--units", "x", "--sesoi", "1"), "no such column"),
        ((*ASKED, "--cluster", "arm"), "the cluster is no unit"),
        ((*ASKED, "--cluster", "ground"), "no test of its own"),
    ],
)
def test_what_cannot_be_used_gets_a_sentence(table, capsys, arguments, said):
    assert run(["stress", str(table), *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_contrast_may_be_with_all_others():
    assert sides("arm:own") == ("arm", "own", "")
    with pytest.raises(BadInput, match="contrast"):
        sides("arm:a,b,c")


def test_a_run_has_its_findings_re_asked(profiled, capsys):
    assert run(["stress", str(profiled.folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMAS["stress"])
    memory = [f for f in told["originals"] if f["of"]["construct"] == "memory"]
    assert {f["verdict"] for f in memory} == {"shifted +"}
    assert all(f["estimate"] == pytest.approx(2.0, abs=0.5) for f in memory)
    texts = next(f for f in told["findings"] if f["assumption"] == "left out:character"
                 and f["of"]["control"] == "generic")  # fmt: skip
    assert texts["outcome"] != "not_estimable"
    assert {f["outcome"] for f in told["findings"] if f["unit"] == "thread"} == {"not_estimable"}
    assert (profiled.folder / "stress.html").is_file()


def test_its_own_unit_gives_back_what_a_run_says(profiled, capsys):
    assert run(["stress", str(profiled.folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    findings = {(f.dimension, f.control): f for f in stored_findings(profiled)}
    assert len(told["originals"]) == 4
    for n, original in enumerate(told["originals"]):
        of = original["of"]
        finding = findings[of["construct"], of["control"]]
        assert original["estimate"] == pytest.approx(finding.estimate, abs=1e-6)
        assert original["p"] == pytest.approx(finding.p_adjusted, abs=1e-6)
        assert original["ci"] == pytest.approx(list(finding.ci), abs=1e-6)
        word = {"shifted": "shifted +", "equivalent": "equivalent"}.get(finding.verdict, "none")
        assert original["verdict"] == word
        own = [f for f in told["findings"] if (f["finding"], f["assumption"]) == (n, "clustered:item")]
        assert [f["outcome"] for f in own] == ["stands"]


def test_an_observation_table_is_re_asked_by_its_scores(profiled, tmp_path, capsys):
    asked = ["stress", str(profiled.table), "--contrast", "character:SOUL.md,none", "--units", "item,form"]
    asked += ["--sesoi", ".5", "--by", "channel,construct", "--out", str(tmp_path / "s.html"), "--json"]
    assert run([*asked, "--value", "value"]) == 2
    assert "not raw agreement" in capsys.readouterr().err
    asked[5] = "item,template"
    assert run([*asked, "--value", "trait"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [f["of"]["construct"] for f in told["originals"]] == ["memory", "power"]
    assert told["originals"][0]["estimate"] == pytest.approx(2.0, abs=0.5)


def test_a_run_without_findings_is_refused(profiled, tmp_path, capsys):
    (tmp_path / "study.json").write_text((profiled.folder / "study.json").read_text(encoding="utf-8"))
    assert run(["stress", str(tmp_path)]) == 2
    assert "the run has no findings" in capsys.readouterr().err
    (tmp_path / "findings.json").write_text('{"wishes": [], "verdict": "stable"}')
    assert run(["stress", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert "no findings that are differences of two sides" in told
    assert "--contrast" in told


def test_a_run_says_where_its_trait_lives(profiled, capsys):
    assert run(["where", str(profiled.folder), "--permutations", "199", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMAS["where"])
    by = {(a["of"]["construct"], a["of"]["score"]): a for a in told["analyses"]}
    assert set(by) == {(d, s) for d in ("memory", "power") for s in ("trait", "bias")}
    assert by["memory", "trait"]["g"] > 0.8
    assert [f["name"] for f in by["memory", "trait"]["facets"]] == ["character", "keyed", "item"]
    assert (profiled.folder / "where.html").is_file()
