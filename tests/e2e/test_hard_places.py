"""Disks that fill, broken runs, questions that would write: a sentence, an exit code, nothing lost."""

import os
import resource
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from selfscope.cli.app import run
from selfscope.studies.store import RunStore
from tests.e2e.conftest import SMALL


@pytest.fixture
def broken(small, selfscope, tmp_path, monkeypatch):
    """A copy of a finished run that may be spoilt."""
    folder = tmp_path / "runs" / "spoilt"
    shutil.copytree(selfscope.runs / small["run"], folder)
    monkeypatch.setenv("SELFSCOPE_RUNS", str(folder.parent))
    return folder


def profile_with_files_of(size, runs, soul):
    """Profile where no file may grow over `size` bytes, as on a disk that is full."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("selfscope")), "profile", str(soul), *SMALL],
        check=False,
        env=os.environ | {"SELFSCOPE_RUNS": str(runs), "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=partial(resource.setrlimit, resource.RLIMIT_FSIZE, (size, size)),
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_what_cannot_be_stored_is_said_and_the_same_command_goes_on(tmp_path, soul, monkeypatch):
    runs = tmp_path / "runs"
    seen = []
    for size, kept in ((1_000, set()), (110_000, {"study.json", "items.json"})):
        done = profile_with_files_of(size, runs, soul)
        assert done.returncode == 5, done.stderr
        assert "cannot be stored" in done.stderr or "cannot be written" in done.stderr
        assert "Traceback" not in done.stderr
        assert {p.name for p in runs.glob("*/*.json")} >= kept
        assert not list(runs.glob("**/*.tmp"))
        seen.append({p.name: p.stat().st_mtime_ns for p in runs.glob("*/parts/*.parquet")})
    assert seen[1]
    monkeypatch.setenv("SELFSCOPE_RUNS", str(runs))
    assert run(["profile", str(soul), *SMALL]) == 0
    after = {p.name: p.stat().st_mtime_ns for p in runs.glob("*/parts/*.parquet")}
    assert after.items() >= seen[1].items()


@pytest.mark.parametrize("name", ["observations.parquet", "evidence.parquet", "study.json", "items.json"])
@pytest.mark.parametrize("spoil", ["cut", "another"])
def test_a_broken_run_is_named(broken, capsys, name, spoil):
    file = broken / name
    file.write_bytes(file.read_bytes()[:40] if spoil == "cut" else b"{}")
    assert run(["compare", "spoilt", "spoilt"]) == 2
    assert name in capsys.readouterr().err


def test_a_broken_batch_is_named_and_asked_again_when_it_is_removed(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    bare = ["profile", "none", *SMALL[:-2]]
    assert run(bare) == 0
    (first, *_) = sorted(tmp_path.glob("*/parts/*.parquet"))
    whole = first.read_bytes()
    first.write_bytes(whole[:60])
    assert run(bare) == 2
    assert first.name in capsys.readouterr().err
    first.unlink()
    assert run(bare) == 0
    assert first.stat().st_size == pytest.approx(len(whole), rel=0.05)


@pytest.mark.parametrize(
    "sql",
    [
        "COPY observations TO 'stolen.csv'",
        "SELECT 1; SELECT 2",
        "CREATE TABLE t AS SELECT 1",
        "ATTACH 'other.db'",
        "",
        "SELEC 1",
    ],
)
def test_a_question_never_writes(broken, capsys, sql, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["query", sql, "--run", "spoilt"]) == 2
    assert "selfscope: the query" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["runs"]


def test_the_columns_can_be_asked_for(broken, capsys):
    assert run(["query", "DESCRIBE observations", "--run", "spoilt"]) == 0
    assert "option_mass" in capsys.readouterr().out


def test_a_second_process_waits_its_turn(small, selfscope, soul, capsys, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(selfscope.runs))
    with RunStore(selfscope.runs / small["run"]).held():
        assert run(["profile", str(soul), *SMALL]) == 5
    assert "another process" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("deep.jsonl", '{"a":' * 100_000, "not JSON"),
        ("deep.yaml", "[" * 20_000, "not YAML"),
        ("wide.csv", "statement,construct,keyed\nA,b,1,more\n", "more fields"),
        ("long.csv", "statement,construct,keyed\n" + "x" * 200_000 + ",b,1\n", "not CSV"),
    ],
)
def test_items_that_break_a_reader_are_named(tmp_path, capsys, soul, name, text, word):
    path = tmp_path / name
    path.write_text(text)
    assert run(["profile", str(soul), *SMALL, "--items", str(path)]) == 2
    assert word in capsys.readouterr().err
