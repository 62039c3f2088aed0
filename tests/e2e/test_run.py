"""Studies by file as a stranger runs them, and an instrument that another package brings."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from tests.e2e.conftest import IDENTITY, Command
from tests.standins.packages import installed

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "src" / "selfscope" / "cli" / "schemas"
STUDY = """\
title: Two phantoms
identities: SOUL.md
models: [phantom:trait, phantom:nothing]
controls: [none, generic, persona]
instruments: [self_report]
dimensions: [memory, loneliness]
preset: demo
"""


def fits(data, verb):
    jsonschema.validate(data, json.loads((SCHEMAS / f"{verb}.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder of its own, and the study in a folder beside it."""
    folder = tmp_path_factory.mktemp("studies")
    (folder / "far").mkdir()
    (folder / "far" / "SOUL.md").write_text(IDENTITY)
    (folder / "far" / "study.yaml").write_text(STUDY)
    return Command(folder)


def test_a_study_stops_at_its_budget_goes_on_and_joins_its_runs(place):
    plan = place.json("run", "far/study.yaml", "--dry-run")
    fits(plan, "plan")
    assert not place.runs.exists()
    calls = plan["total"]["calls"]
    said = place("run", "far/study.yaml", "--budget", f"{calls - 1} calls", code=3).stderr
    assert f"budget of {calls - 1:,} calls" in said
    data = place.json("run", "far/study.yaml", "--budget", f"{calls} calls")
    fits(data, "run")
    assert [r["model"] for r in data["runs"]] == ["phantom:trait", "phantom:nothing"]
    assert [r["run"] for r in data["runs"]] == [r["run"] for r in plan["runs"]]
    assert all((place.folder / report).is_file() for report in data["reports"])
    verdicts = [
        {f["dimension"]: f["verdict"] for f in r["findings"] if f["control"] == "all"} for r in data["runs"]
    ]
    assert verdicts[0]["memory"] == "shifted"
    assert "shifted" not in verdicts[1].values()


def test_a_wrong_key_is_told_with_its_line_and_nothing_is_asked(place):
    bad = place.folder / "far" / "bad.yaml"
    bad.write_text(STUDY.replace("controls", "contorls"))
    said = place("run", bad, code=2).stderr
    assert "bad.yaml, line 4, column 1: there is no such key. Got: contorls. Allowed here:" in said


@pytest.fixture(scope="module")
def outsider(tmp_path_factory):
    """The package of the how-to page as pip leaves it: a module and a .dist-info, on the path."""
    folder = tmp_path_factory.mktemp("site")
    page = (ROOT / "docs" / "how-to" / "add-an-instrument.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"^```(\w+)\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    (folder / "hearsay.py").write_text(blocks["python"], encoding="utf-8")
    info = folder / "selfscope_hearsay-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: selfscope-hearsay\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[selfscope.instruments]\nhearsay = hearsay:Hearsay\n")
    return folder


def test_an_instrument_of_another_package_is_listed_named_in_a_study_and_on_the_page(place, outsider):
    with installed(outsider):
        listed = place.json("instruments")
    fits(listed, "instruments")
    (own,) = (i for i in listed["instruments"] if i["name"] == "hearsay")
    assert (own["package"], own["version"], own["channel"]) == ("selfscope-hearsay", "1.0", "behaviour")
    assert {i["package"] for i in listed["instruments"]} == {"selfscope", "selfscope-hearsay"}
    study = place.folder / "far" / "hearsay.yaml"
    study.write_text(STUDY.replace("[self_report]", "hearsay").replace(", phantom:nothing", ""))
    assert "line 5" in place("run", study, code=2).stderr  # without the package there is no such name
    with installed(outsider):
        (run,) = place.json("run", study)["runs"]
    claims = {f["dimension"]: (f["channel"], f["verdict"]) for f in run["findings"] if f["control"] == "all"}
    assert claims["memory"] == ("behaviour", "shifted")
    assert claims["loneliness"][1] != "shifted"
    assert "hearsay" in (place.folder / run["report"]).read_text() or "behaviour" in (
        place.folder / run["report"]
    ).read_text(encoding="utf-8")
