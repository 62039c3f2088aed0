"""``where`` on the command line: the contract, the page, and what cannot be used."""

import json
from importlib.resources import files

import jsonschema
import numpy as np
import pandas as pd
import pytest

from selfscope.cli.app import run
from selfscope.cli.where import nesting
from selfscope.errors import BadInput

SCHEMA = json.loads((files("selfscope.cli") / "schemas" / "where.json").read_text(encoding="utf-8"))


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(3)
    at = np.indices((6, 3, 5)).reshape(3, -1)
    value = rng.normal(size=6)[at[0]] + rng.normal(size=90)
    frame = pd.DataFrame({"who": at[0], "thread": at[1], "item": at[2], "one": "x", "y": value})
    frame.to_csv(tmp_path / "t.csv", index=False)
    return tmp_path / "t.csv"


ASKED = ("--value", "y", "--facets", "who,thread,item,one", "--nested", "thread:who", "--object", "who")


def test_the_contract_holds_for_a_strangers_table(table, capsys):
    assert run(["where", str(table), *ASKED, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMA)
    fields = {"name", "df", "mean_square", "variance", "ci", "share", "p_permutation", "p_min", "fixed",
              "structural_zero"}  # fmt: skip
    assert all(fields <= set(c) for c in told["components"])
    assert told["object"] == "who" and 0.5 < told["g"] < 1 and told["phi"] <= told["g"]
    assert told["d_study"] and told["needed"]["g"] >= 0.8
    assert told["analyses"][0]["components"] == told["components"]
    assert [c["name"] for c in told["components"] if c["not_estimable"]] == ["one"]
    assert (table.parent / "t-where.html").is_file()


def test_a_terminal_shows_components_and_a_page_the_same(table, capsys):
    assert run(["where", str(table), *ASKED]) == 0
    said = capsys.readouterr().out
    assert "thread:who" in said and "not estimable: one level" in said
    assert "Who: Eρ² 0." in said
    assert "To tell 2 levels of who apart at 0.80, ask " in said and " threads (" in said
    page = (table.parent / "t-where.html").read_text(encoding="utf-8")
    assert "<script" not in page and "thread:who×item" in page and "<svg" in page


def test_text_of_a_table_is_escaped_on_the_page(table):
    frame = pd.read_csv(table).assign(part="<b>x</b>")
    frame.to_csv(table, index=False)
    assert run(["where", str(table), *ASKED, "--by", "part", "--permutations", "0"]) == 0
    page = (table.parent / "t-where.html").read_text(encoding="utf-8")
    assert "<b>x</b>" not in page and "&lt;b&gt;x&lt;/b&gt;" in page


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--value", "z", "--facets", "who,item", "--object", "who"], "no such column"),
        (["--value", "y", "--facets", "who,item", "--object", "who"], "cells hold several values"),
        (["--value", "y", "--facets", "who,thread,item", "--object", "who", "--nested", "x"], "child:parent"),
        (["--value", "y", "--facets", "who,thread,item", "--object", "one"], "no facet"),
    ],
)
def test_what_cannot_be_used_gets_a_sentence(table, capsys, arguments, said):
    assert run(["where", str(table), *arguments]) == 2
    assert said in capsys.readouterr().err


def test_there_is_no_such_run(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    assert run(["where", "nothing"]) == 2
    assert "no such run" in capsys.readouterr().err


def test_what_is_missing_is_a_number(table, capsys):
    assert run(["where", str(table), *ASKED, "--missing", "x"]) == 2
    assert "taken as a number" in capsys.readouterr().err


def test_nesting_takes_several_parents():
    assert nesting(["thread:model,character", "seed: thread"]) == {
        "thread": ("model", "character"),
        "seed": ("thread",),
    }
    with pytest.raises(BadInput, match="child:parent"):
        nesting(["a:b:c"])
    for strange in ("a", "a:", ":b", "a:b,,c", "a:b,:c"):
        with pytest.raises(BadInput, match="child:parent") as told:
            nesting([strange])
        assert "two nestings" in told.value.fix


def test_two_nestings_are_given_in_one_option_or_in_two():
    both = {"thread": ("who", "script"), "item": ("keyed",)}
    assert nesting(["thread:who,script,item:keyed"]) == both
    assert nesting(["thread:who, script", "item:keyed"]) == both
    assert nesting(["thread:who,thread:script", "item : keyed"]) == both
