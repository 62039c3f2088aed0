"""The verb: one line of JSON when it is ready, an orderly end at a signal, and what it will not do."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from tests.standins.weights import write_folder

from selfscope.cli.app import run

TOKEN = "letters-and-digits-42"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("serve") / "tiny"
    write_folder(place)
    (place.parent / "SOUL.md").write_text("You keep a garden.", encoding="utf-8")
    return place


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as made:
        return int(made.getsockname()[1])


def test_it_says_one_line_answers_and_ends_at_a_signal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port, seen = free_port(), {}

    def visit() -> None:
        for _ in range(3000):
            try:
                answer = httpx.get(
                    f"http://127.0.0.1:{port}/v1/models", headers={"authorization": f"Bearer {TOKEN}"}
                )
            except httpx.TransportError:
                time.sleep(0.02)
                continue
            seen["models"] = [m["id"] for m in answer.json()["data"]]
            break
        os.kill(os.getpid(), signal.SIGTERM)

    visitor = threading.Thread(target=visit)
    before = signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda *_: None)  # a signal that comes too early shall not end the tests
    visitor.start()
    soul = str(folder.parent / "SOUL.md")
    code = run(["serve", str(folder), "--identity", soul, "--port", str(port), "--token", TOKEN, "--json"])
    visitor.join()
    signal.signal(signal.SIGTERM, before)
    assert code == 0 and seen == {"models": ["tiny"]}
    out = capsys.readouterr()
    assert out.out.count("\n") == 1 and out.err == ""
    told = json.loads(out.out)
    schema: Any = json.loads((files("selfscope.cli") / "schemas" / "serve.json").read_text("utf-8"))
    jsonschema.validate(told, schema)
    assert told["url"] == f"http://127.0.0.1:{port}" and told["page"].endswith(f"#token={TOKEN}")
    assert told["identity"] == "SOUL.md" and told["cap"] is told["axis"] is told["monitor"] is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--host", "0.0.0.0"], "one address"),
        (["--host", "203.0.113.7"], "cannot be listened on"),
        (["--token", "short"], "at least 12"),
        (["--token", "with a space in it"], "without space"),
        (["--axis", "nowhere"], "no persona space"),
        (["--cap", "nowhere"], "cap"),
        (["--monitor", "nowhere"], "monitor"),
    ],
)
def test_what_it_will_not_do(
    folder: Path, given: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["serve", str(folder), *given]) in (2, 5)
    told = capsys.readouterr()
    assert words in told.err and told.out == ""


def test_an_api_model_is_not_served(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", "phantom:shifted"]) == 2
    assert capsys.readouterr().out == ""
