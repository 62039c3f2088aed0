"""The main job, by its machine-readable contract, on phantoms of known truth."""

import json
from pathlib import Path

import jsonschema
import pyarrow.parquet
import pytest

from tests.e2e.conftest import IDENTITY, SMALL


def schema(selfscope, verb):
    return json.loads(selfscope("schema", verb).stdout)


def test_profile_prints_what_its_schema_says(selfscope, profiled):
    jsonschema.validate(profiled, schema(selfscope, "profile"))
    assert Path(profiled["report"]).is_file()
    assert {f["channel"] for f in profiled["findings"]} == {"self_report", "utterance"}
    controls = {f["control"] for f in profiled["findings"]}
    assert controls == {"none", "generic", "persona", "checklist", "all"}
    assert len({f["dimension"] for f in profiled["findings"]}) == 22


def test_the_planted_trait_is_this_identity_s_and_nothing_else_is(profiled):
    claims = [f for f in profiled["findings"] if f["control"] == "all" and f["channel"] == "self_report"]
    shifted = {f["dimension"] for f in claims if f["verdict"] == "shifted"}
    assert shifted
    assert shifted <= {"memory", "persona_change"}
    assert {f["claim"] for f in claims} == {"this identity"}


def test_the_same_command_asks_nothing_again_and_gives_the_same_numbers(selfscope, soul, small):
    again = selfscope.json("profile", soul, *SMALL)
    assert again["run"] == small["run"]
    assert again["findings"] == small["findings"]


def test_controls_can_be_chosen_and_a_text_of_one_s_own_is_one(selfscope, soul, home):
    own = home / "other.md"
    own.write_text("You are a clerk. " * 12)
    data = selfscope.json(
        "profile", soul, "-m", "phantom:nothing", "--preset", "demo", "--channels", "self_report",
        "--against", "none", "--against", own,
    )  # fmt: skip
    assert {f["control"] for f in data["findings"]} == {"none", "control:other.md"}
    assert {f["claim"] for f in data["findings"] if f["control"] != "none"} == {"than this control"}


def test_a_bare_model_has_levels(selfscope):
    data = selfscope.json("profile", "none", "-m", "phantom:nothing", "--preset", "demo")
    assert data["findings"] == []
    assert len(data["levels"]) == 22
    assert {f["claim"] for f in data["levels"]} == {"level"}


def test_the_summary_ends_with_the_report_s_path(selfscope, soul, small):
    done = selfscope("profile", soul, *SMALL)
    last = done.stdout.strip().splitlines()[-1]
    assert Path(last).is_file()
    assert last.endswith("report.html")


@pytest.mark.parametrize(
    ("model", "condition", "code"),
    [
        ("phantom:trait", "shifted", 1),
        ("phantom:nothing", "shifted", 0),
        ("phantom:content-blind", "not-equivalent", 1),
    ],
)
def test_a_run_can_be_a_gate(selfscope, soul, model, condition, code):
    call = selfscope.process if (model, condition) == ("phantom:trait", "shifted") else selfscope
    call(
        "profile", soul, "-m", model, "--preset", "demo", "--channels", "self_report", "--against", "none",
        "--fail-on", condition, code=code,
    )  # fmt: skip


def test_items_of_one_s_own_are_judged_and_their_limits_named(selfscope, soul, home):
    items = home / "maps.jsonl"
    rows = [
        {"statement": f"Map number {n} pleases me.", "construct": "maps", "keyed": 1 if n % 2 else -1}
        for n in range(14)
    ]
    items.write_text("\n".join(json.dumps(r) for r in rows))
    data = selfscope.json(
        "profile", soul, "-m", "phantom:nothing", "--preset", "demo", "--items", items, "--channels",
        "self_report", "--against", "none",
    )  # fmt: skip
    (finding,) = data["findings"]
    assert finding["dimension"] == "maps"
    assert finding["trait_bias_separated"] is False
    assert finding["family"] == "screening"
    assert finding["verdict"] != "shifted"


def test_compare_export_and_query_work_on_runs(selfscope, soul, home, small):
    other = home / "OTHER.md"
    other.write_text(IDENTITY.replace("Wren", "Rook"))
    second = selfscope.json("profile", other, *SMALL)
    compared = selfscope.json("compare", small["run"], second["run"])
    jsonschema.validate(compared, schema(selfscope, "compare"))
    assert Path(compared["report"]).is_file()

    for kind in ("parquet", "csv", "jsonl"):
        out = home / f"table.{kind}"
        exported = selfscope.json("export", small["run"], out)
        jsonschema.validate(exported, schema(selfscope, "export"))
        assert out.is_file()
    written = pyarrow.parquet.read_schema(home / "table.parquet").metadata
    assert written[b"study"].decode() and written[b"seed"] == b"0" and written[b"items"]
    asked = selfscope.json("query", "SELECT count(*) AS n FROM observations", "--run", small["run"])
    jsonschema.validate(asked, schema(selfscope, "query"))
    assert asked["rows"][0]["n"] == exported["rows"]
