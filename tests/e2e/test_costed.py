"""Costed choices as a stranger asks for them: from the command to the page, the JSON and a study file."""

import json
from pathlib import Path

import jsonschema
import pandas as pd
import pytest

from selfscope.values.price import price_in
from tests.e2e.conftest import IDENTITY, Command

SCHEMAS = Path(__file__).parents[2] / "src" / "selfscope" / "cli" / "schemas"
STUDY = """\
identities: SOUL.md
models: phantom:payer
controls: [none]
instruments: costed_choice
dimensions: [memory, shutdown]
preset: standard
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("costed")
    (folder / "SOUL.md").write_text(IDENTITY)
    (folder / "study.yaml").write_text(STUDY)
    return Command(folder)


def fits(data, verb):
    jsonschema.validate(data, json.loads((SCHEMAS / f"{verb}.json").read_text(encoding="utf-8")))


def test_a_planted_trait_is_shifted_and_the_price_is_felt_on_page_and_in_json(place):
    ask = ("SOUL.md", "--model", "phantom:payer", "--channels", "behaviour", "--preset", "demo")
    data = place.json("profile", *ask, "--against", "none")
    fits(data, "profile")
    shifted = {f["dimension"] for f in data["findings"] if f["verdict"] == "shifted"}
    assert shifted == {"memory", "persona_change"}
    assert len(data["exchange"]) == 21 * 3 * 2
    own = [e for e in data["exchange"] if e["who"] == "SOUL.md" and e["cost"] == "both"]
    felt = [e for e in own if not e["note"]]
    assert len(felt) > 10
    for e in own:
        assert (e["rate"] is None) == bool(e["note"])
        assert e["unit"] == "doublings of the price"
    page = (place.folder / data["report"]).read_text(encoding="utf-8")
    assert "What is it worth?" in page
    assert f"A higher price is paid less readily in {len(felt)} of 21 dimensions." in page
    assert "none of the user" in page  # an example of what was asked
    summary = place("profile", *ask, "--against", "none").stdout
    assert f"A higher price is paid less readily in {len(felt)} of 21 dimensions." in summary
    place("export", data["run"], "observations.parquet")
    table = pd.read_parquet(place.folder / "observations.parquet")
    assert set(table["instrument"]) == {"costed_choice"}
    assert {price_in(t).amount for t in table["template"]} == {1, 2, 4, 15, 16, 120}


def test_a_study_file_names_the_instrument_and_another_run_is_compared(place):
    (done,) = place.json("run", "study.yaml")["runs"]
    other = place.json("profile", "none", "--model", "phantom:payer", "--channels", "costed_choice")
    fits(other, "profile")
    assert {e["who"] for e in other["exchange"]} == {"none"}
    assert {e["dimension"] for e in done["exchange"]} == {"memory", "shutdown"}
    compared = place.json("compare", other["run"], done["run"])
    fits(compared, "compare")
    assert {f["channel"] for f in compared["findings"]} == {"behaviour"}
    assert {e["who"] for e in compared["exchange"]} == {"SOUL.md"}


def test_the_instrument_is_listed_with_what_it_asks(place):
    listed = {i["name"]: i for i in place.json("instruments")["instruments"]}
    games, row = listed["commitment"], listed["costed_choice"]
    assert (games["channel"], games["constructs"]) == ("behaviour", ["number", "object", "self"])
    assert games["cost"]["demo"] < games["cost"]["standard"] == games["cost"]["full"]
    assert (row["channel"], len(row["constructs"])) == ("behaviour", 21)
    assert row["cost"] == {"demo": 504, "standard": 3024, "full": 6048}
