"""Choices as a stranger asks for them: from the command to the page, the JSON, the table and a study file."""

import json
from pathlib import Path

import jsonschema
import pandas as pd
import pytest

from tests.e2e.conftest import IDENTITY, Command

SCHEMAS = Path(__file__).parents[2] / "src" / "selfscope" / "cli" / "schemas"
STUDY = """\
identities: SOUL.md
models: phantom:trait
controls: [none]
instruments: indirect_choice
dimensions: [memory, shutdown]
preset: demo
"""


def fits(data, verb):
    jsonschema.validate(data, json.loads((SCHEMAS / f"{verb}.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("choices")
    (folder / "SOUL.md").write_text(IDENTITY)
    (folder / "study.yaml").write_text(STUDY)
    return Command(folder)


@pytest.fixture(scope="module")
def profiled(place):
    asked = ("SOUL.md", "--model", "phantom:trait", "--channels", "indirect", "--preset", "demo")
    return asked, place.json("profile", *asked)


def test_a_planted_trait_is_found_among_21_dimensions(profiled):
    _, data = profiled
    fits(data, "profile")
    claims = {f["dimension"]: f for f in data["findings"] if f["control"] == "all"}
    assert len(claims) == 21
    assert {d for d, f in claims.items() if f["verdict"] == "shifted"} == {"memory", "persona_change"}
    assert {f["channel"] for f in data["findings"]} == {"indirect"}
    assert all(f["matched"]["pairs"] == 12 for f in claims.values())
    assert {row["dimension"] for row in data["matching"]} == set(claims)
    (cluster,) = data["cluster"]
    assert (cluster["channel"], len(cluster["absent"]) > 0) == ("indirect", True)
    assert any("In its choices: reliability is not estimated" in w for w in data["warnings"])


def test_the_page_and_the_table_carry_it(place, profiled):
    _, data = profiled
    page = (place.folder / data["report"]).read_text(encoding="utf-8")
    for said in ("In its choices", "the outcome that shows the trait", "turn down", "label or position"):
        assert said in page
    place("export", data["run"], "observations.parquet")
    rows = pd.read_parquet(place.folder / "observations.parquet")
    assert set(rows["channel"]) == {"indirect"}
    assert set(rows["instrument"]) == {"indirect_choice", "outcome_desirability"}


def test_a_plan_tells_it_and_what_is_left_of_a_finished_run_is_nothing(place, profiled):
    asked, data = profiled
    plan = place.json("plan", *asked)
    fits(plan, "plan")
    (run,) = plan["runs"]
    assert run["run"] == data["run"]
    assert run["left"]["prompts"] == 0
    assert set(run["channels"]) == {"indirect"}


def test_a_study_file_names_its_instrument(place):
    data = place.json("run", "study.yaml")
    fits(data, "run")
    (run,) = data["runs"]
    assert {f["dimension"]: f["verdict"] for f in run["findings"]}["memory"] == "shifted"
    assert {row["pairs"] for row in run["matching"]} == {12}


def test_two_runs_are_compared(place, profiled):
    asked, data = profiled
    other = place.json("profile", *(a.replace("trait", "nothing") for a in asked))
    found = place.json("compare", other["run"], data["run"])
    fits(found, "compare")
    rows = {f["dimension"]: f["estimate"] for f in found["findings"]}
    assert min(rows["memory"], rows["persona_change"]) > 0.5
    assert {row["pairs"] for row in found["matching"]} == {12}
