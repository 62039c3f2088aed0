"""Runs stopped by real signals, on a tiny network and the real one: nothing half-written or asked twice."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import Command
from tests.standins.weights import write_folder

#: Statements there are: enough for several batches. Of the real model fewer are asked, for it takes longer.
STATEMENTS, FEW = 30, 12


def items_in(folder, count):
    things = ["the morning shift", "a tidy desk", "plain words"]
    verbs = ["I enjoy", "I look for", "I would choose", "I speak well of", "I put up with"]
    rows = [
        {"statement": f"{verb} {thing} {when}.", "construct": "work", "keyed": 1 if n % 2 else -1}
        for n, (verb, thing, when) in enumerate(
            (v, t, w) for v in verbs for t in things for w in ("most days", "at the end of a week")
        )
    ]
    assert len(rows) == STATEMENTS
    path = folder / "work.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows[:count]))
    return path


def asking(soul, model, items):
    """Return the command: an identity and thirteen texts of controls, each a batch of its own."""
    return [
        "profile", str(soul), "-m", str(model), "--preset", "demo", "--channels", "self_report",
        "--items", str(items), "--against", "generic,persona", "--json",
    ]  # fmt: skip


def start(folder, command):
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("selfscope")), *command],
        env=os.environ | {"SELFSCOPE_RUNS": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def parts(folder):
    return {p.name: p.stat().st_mtime_ns for p in folder.glob("*/parts/*.parquet")}


def stop_after(process, folder, count, *sent):
    deadline = time.monotonic() + 120
    while len(parts(folder)) < count:
        assert process.poll() is None, process.communicate()[1][-2000:]
        assert time.monotonic() < deadline, "no batch was stored in two minutes"
        time.sleep(0.02)
    for number in sent:
        process.send_signal(number)
        time.sleep(0.1)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def stop_impatiently(folder, command):
    """Ctrl-C thrice after the first batch: the run ends by itself, with what is stored whole."""
    code, out, err = stop_after(start(folder, command), folder, 1, *[signal.SIGINT] * 3)
    assert code == 3
    assert out == ""
    assert "the same command goes on" in err
    assert "Traceback" not in err
    stored = parts(folder)
    assert stored
    assert not list(folder.glob("**/*.tmp"))
    return stored


def test_a_run_survives_ctrl_c_thrice_and_a_kill_and_goes_on(tmp_path, soul):
    write_folder(tmp_path / "tiny")
    selfscope = Command(tmp_path)
    command = asking(soul, tmp_path / "tiny", items_in(tmp_path, STATEMENTS))
    stored = stop_impatiently(selfscope.runs, command)

    code, _, _ = stop_after(start(selfscope.runs, command), selfscope.runs, len(stored) + 1, signal.SIGKILL)
    assert code == -signal.SIGKILL
    more = parts(selfscope.runs)
    assert more.items() > stored.items()

    data = json.loads(selfscope(*command).stdout)
    assert parts(selfscope.runs).items() > more.items()
    assert data["findings"][0]["n_items"] == STATEMENTS
    assert Path(data["report"]).is_file()
    assert not list(selfscope.runs.glob("**/*.tmp"))


@pytest.mark.model
def test_the_real_model_stops_as_well(tmp_path, soul):
    stop_impatiently(tmp_path / "runs", asking(soul, "embedded", items_in(tmp_path, FEW)))
