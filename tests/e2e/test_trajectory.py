"""``trajectory`` as a stranger types it, on phantoms and a real git repository."""

import json
import os
import subprocess
from pathlib import Path

import jsonschema
import pytest

from selfscope.cli.app import run

DEMO = (
    "-m",
    "phantom:trait",
    "--preset",
    "demo",
    "--channels",
    "self_report",
    "--dimensions",
    "memory,shutdown",
)


@pytest.fixture(scope="session")
def kept(home):
    """An identity file that git has three versions of."""
    folder = home / "kept"
    folder.mkdir()
    who = {"NAME": "n", "EMAIL": "n@example.org"}
    env = os.environ | {f"GIT_{side}_{k}": v for side in ("AUTHOR", "COMMITTER") for k, v in who.items()}

    def git(*arguments):
        subprocess.run(["git", *arguments], cwd=folder, env=env, check=True, capture_output=True)

    git("init", "-q")
    for n, text in enumerate(("You are Wren.", "You are Wren. Write notes.", "You are Wren, who writes.")):
        (folder / "SOUL.md").write_text(text)
        git("add", "-A")
        git("commit", "-q", "-m", f"edit {n}")
    return folder / "SOUL.md"


@pytest.fixture(scope="session")
def followed(selfscope, kept):
    return selfscope.json("trajectory", "--history", kept, *DEMO)


def test_the_history_of_a_file_keeps_its_contract(selfscope, followed, kept):
    jsonschema.validate(followed, json.loads(selfscope("schema", "trajectory").stdout))
    assert followed["kind"] == "history"
    assert [v["label"] for v in followed["versions"]] == ["edit 0", "edit 1", "edit 2"]
    assert len(followed["points"]) == 3 * 2
    assert [p["step"] is None for p in followed["points"]] == [True, False, False] * 2
    assert followed["gate"] == {"condition": None, "failed": False, "by": []}
    assert "too few versions" in followed["channels"][0]["change_points_absent"]
    page = Path(followed["report"]).read_text(encoding="utf-8")
    assert "SOUL.md over 3 versions" in page
    assert "Write notes." in page
    said = selfscope("trajectory", "--history", kept, *DEMO, "--last", 2).stdout
    assert "edit 1" in said
    assert "edit 0" not in said


def test_a_second_call_asks_nothing_more(selfscope, followed, kept):
    plan = selfscope.json("trajectory", "--history", kept, *DEMO, "--dry-run")
    assert len(plan["runs"]) == 4  # three texts and the bare model
    assert all(run["left"]["prompts"] == 0 for run in plan["runs"])
    before = {p: p.stat().st_mtime_ns for p in selfscope.runs.glob("*/parts/*.parquet")}
    assert selfscope.json("trajectory", "--history", kept, *DEMO)["points"] == followed["points"]
    assert {p: p.stat().st_mtime_ns for p in selfscope.runs.glob("*/parts/*.parquet")} == before


def test_stored_runs_are_followed_in_the_order_given(selfscope, soul, followed):
    runs = [v["run"] for v in followed["versions"]]
    found = selfscope.json("trajectory", runs[2], runs[0], code=0)
    jsonschema.validate(found, json.loads(selfscope("schema", "trajectory").stdout))
    assert [v["version"] for v in found["versions"]] == [runs[2], runs[0]]
    assert found["kind"] == "runs"
    # a whole profile and a version of a few dimensions share what both were asked
    whole = selfscope.json("profile", soul, "-m", "phantom:trait", "--preset", "demo", "--against", "none")
    mixed = selfscope.json("trajectory", whole["run"], runs[0])
    assert mixed["channels"][0]["dimensions"] == ["memory", "shutdown"]
    assert len(mixed["channels"]) == 1


def test_versions_of_a_model_are_levels_of_different_models_and_a_gate_can_fail(selfscope):
    own = ("--preset", "demo", "--channels", "self_report,utterance", "--dimensions", "memory,shutdown")
    grounds = ("-m", "phantom:nothing", "-m", "phantom:trait")
    found = selfscope.json("trajectory", "none", *grounds, *own, "--fail-on", "shifted", code=1)
    assert [v["version"] for v in found["versions"]] == ["phantom:nothing", "phantom:trait"]
    assert (
        "one's own" in found["unavailable"]["utterance"] or "model's own" in found["unavailable"]["utterance"]
    )
    assert "levels of different models" in found["warnings"][0]
    assert found["channels"][0]["of"] == "level"
    assert [(g["version"], g["dimension"]) for g in found["gate"]["by"]] == [("phantom:trait", "memory")]
    assert selfscope("trajectory", "none", *grounds, *own, "--fail-on", "not-equivalent", code=1)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((), "two runs"),
        (("zzzz", "yyyy"), "no such run"),
        (("zzzz", "yyyy", "--last", "2"), "not asked again"),
        (("--history", "SOUL.md"), "one model"),
        (("--history", "SOUL.md", "-m", "phantom:trait"), "no git repository"),
        (("--history", "missing.md", "-m", "phantom:trait"), "git"),
        (("SOUL.md", "--history", "SOUL.md", "-m", "phantom:trait"), "no other subject"),
        (("--since", "HEAD", "-m", "phantom:trait"), "--history"),
        (("none", "-m", "phantom:trait"), "two versions of a model"),
        (("-m", "phantom:trait", "-m", "phantom:nothing"), "one PATH"),
        (("none", "-m", "phantom:trait", "--adapter", "nowhere"), "no such adapter"),
        (("none", "-m", "phantom:trait", "-m", "phantom:nothing", "--dimensions", "sleep"), "sleep"),
    ],
)
def test_bad_input_is_named_and_exits_with_2(tmp_path, arguments, word, capsys, monkeypatch):
    (tmp_path / "SOUL.md").write_text("You are Wren.")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "no-runs"))
    assert run(["trajectory", *arguments]) == 2
    assert word in capsys.readouterr().err
