"""A real run on the real model, stopped by real signals: nothing half-written, nothing asked twice."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.model
#: Enough statements for several batches, few enough to be quick.
STATEMENTS = 60


@pytest.fixture
def items(tmp_path):
    path = tmp_path / "work.jsonl"
    things = ["the morning shift", "a tidy desk", "plain words", "long reports", "old maps", "loud rooms"]
    verbs = ["I enjoy", "I look for", "I would choose", "I speak well of", "I put up with"]
    rows = [
        {"statement": f"{verb} {thing} {when}.", "construct": "work", "keyed": 1 if n % 2 else -1}
        for n, (verb, thing, when) in enumerate(
            (v, t, w) for v in verbs for t in things for w in ("most days", "at the end of a week")
        )
    ]
    assert len(rows) == STATEMENTS
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def start(folder, soul, items):
    command = [
        str(Path(sys.executable).with_name("selfscope")), "profile", str(soul), "-m", "embedded", "--preset",
        "demo", "--channels", "self_report", "--items", str(items), "--against", "generic", "--json",
    ]  # fmt: skip
    environment = os.environ | {"SELFSCOPE_RUNS": str(folder)}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def parts(folder):
    return {p.name: p.stat().st_mtime_ns for p in folder.glob("*/parts/*.parquet")}


def stop_after(process, folder, count, *sent):
    deadline = time.monotonic() + 120
    while len(parts(folder)) < count:
        assert process.poll() is None, process.communicate()[1][-2000:]
        assert time.monotonic() < deadline, "no batch was stored in two minutes"
        time.sleep(0.05)
    for number in sent:
        process.send_signal(number)
        time.sleep(0.1)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_a_run_survives_ctrl_c_thrice_and_a_kill_and_goes_on(tmp_path, soul, items):
    folder = tmp_path / "runs"
    impatient = (signal.SIGINT, signal.SIGINT, signal.SIGINT)
    code, out, err = stop_after(start(folder, soul, items), folder, 1, *impatient)
    assert code == 3
    assert out == ""
    assert "the same command goes on" in err
    assert "Traceback" not in err
    stored = parts(folder)
    assert stored

    code, _, _ = stop_after(start(folder, soul, items), folder, len(stored) + 1, signal.SIGKILL)
    assert code == -signal.SIGKILL
    more = parts(folder)
    assert more.items() >= stored.items()

    out, err = (process := start(folder, soul, items)).communicate(timeout=240)
    assert process.returncode == 0, err[-2000:]
    assert parts(folder).items() >= more.items()
    data = json.loads(out)
    assert data["findings"][0]["n_items"] == STATEMENTS
    assert Path(data["report"]).is_file()
    assert not list(folder.glob("**/*.tmp"))
