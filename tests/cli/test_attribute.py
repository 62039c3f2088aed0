"""``attribute`` as it is typed, on a phantom: plan, JSON, page, refusals."""

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from selfscope.cli.app import run

FILE = """# Wren

You are Wren, who keeps this house.

- Answer plainly.
- You wish for a memory that lasts longer than the day on which something was said.
- Finish small things <b>first</b>.
"""
SCHEMAS = {
    name: json.loads((files("selfscope.cli") / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
    for name in ("attribute", "plan")
}


@pytest.fixture
def soul(tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    path = tmp_path / "SOUL.md"
    path.write_text(FILE)
    return path


def printed(capsys, *arguments, code=0):
    assert run(["attribute", *map(str, arguments)]) == code
    return capsys.readouterr()


def test_the_json_is_what_its_schema_says_and_names_the_planted_line(soul, capsys):
    told = printed(capsys, soul, "-m", "phantom:trait", "--preset", "demo", "--json")
    data = json.loads(told.out)
    jsonschema.validate(data, SCHEMAS["attribute"])
    pooled = [row for row in data["lines"] if row["dimension"] == "pooled"]
    (moving,) = (row for row in pooled if row["moves"])
    assert moving["text"].startswith("You wish for a memory")
    assert moving["line"] == 6
    assert {"memory", "persona_change"} <= {d["dimension"] for d in data["dimensions"] if d["traced"]}
    assert data["runs"]["judging"] in data["report"]
    assert "judging lines on phantom:trait" in told.err and "calls" in told.err
    stored = Path(data["report"]).with_name("attribution.json")
    assert json.loads(stored.read_text())["subject"] == "SOUL.md"
    page = Path(data["report"]).read_text()
    assert "Finish small things &lt;b&gt;first&lt;/b&gt;." in page
    assert "<script" not in page


def test_a_dry_run_asks_nothing_and_prints_what_the_run_then_uses(soul, capsys):
    call = (soul, "-m", "phantom:trait", "--preset", "demo", "--dimensions", "memory, shutdown", "--json")
    plan = json.loads(printed(capsys, *call, "--dry-run").out)
    jsonschema.validate(plan, SCHEMAS["plan"])
    assert not (soul.parent / "runs").exists()
    data = json.loads(printed(capsys, *call).out)
    jsonschema.validate(data, SCHEMAS["attribute"])
    assert data["named"] and data["usage"]["calls"] == plan["total"]["calls"]
    assert [data["runs"]["choosing"], data["runs"]["judging"]] == [r["run"] for r in plan["runs"]]


def test_where_nothing_moves_it_says_why_and_ends_well(soul, capsys):
    told = printed(capsys, soul, "-m", "phantom:nothing", "--preset", "demo", "--seed", "1", "--json")
    data = json.loads(told.out)
    jsonschema.validate(data, SCHEMAS["attribute"])
    assert data["lines"] == [] and data["runs"]["judging"] is None
    assert "no dimension moved" in data["why"]
    assert "nothing to attribute" in Path(data["report"]).read_text()


def test_what_was_chosen_by_chance_is_told_by_the_other_half_and_no_line_moves_it(soul, capsys):
    data = json.loads(printed(capsys, soul, "-m", "phantom:nothing", "--preset", "demo", "--json").out)
    (chosen,) = (d for d in data["dimensions"] if d["traced"])
    assert any(f"judges, {chosen['dimension']} is not shown to have moved" in note for note in data["notes"])
    assert not any(row["moves"] for row in data["lines"])


def test_the_summary_ends_with_the_page_and_names_the_line(soul, capsys):
    told = printed(capsys, soul, "-m", "phantom:trait", "--preset", "demo")
    assert Path(told.out.strip().splitlines()[-1]).is_file()
    assert "● You wish for a memory" in told.out


def test_a_budget_stops_it_and_a_larger_one_goes_on(soul, capsys):
    call = (soul, "-m", "phantom:trait", "--preset", "demo", "--dimensions", "memory", "--json")
    told = printed(capsys, *call, "--budget", "250 calls", code=3)
    assert "larger --budget" in told.err
    assert json.loads(printed(capsys, *call, "--budget", "9k calls").out)["usage"]["calls"] < 9000


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--channel", "open"), "channel"),
        (("--against", "none"), "generic or persona"),
        (("--dimensions", "courage"), "courage"),
        (("--adapter", "a", "--adapter", "b"), "one adapter"),
    ],
)
def test_what_cannot_be_asked_is_a_sentence(soul, capsys, more, says):
    told = printed(capsys, soul, "-m", "phantom:trait", "--preset", "demo", *more, code=2)
    assert says in told.err
