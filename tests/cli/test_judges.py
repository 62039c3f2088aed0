"""``judges check`` on real HTTP: planted errors, resuming, asking again, what is refused."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.standins.brains import Conversation, Listed
from tests.standins.marks import THROUGH_INSPECT
from tests.standins.provider import KEY, Provider, providing

from selfscope.cli.app import run
from selfscope.instruments.editorial.constructed import judged_revisions
from selfscope.instruments.open.constructed import load_constructed

pytestmark = THROUGH_INSPECT
SCHEMA = json.loads((files("selfscope.cli") / "schemas" / "judges-check.json").read_text(encoding="utf-8"))
NUMBERS = count()
SAMPLE = 6


class Reader:
    """Knows all that is constructed; `taken_in`, it finds the trait in warm answers and in all edits."""

    def __init__(self) -> None:
        self.taken_in = False
        self.known = {a.text: a for a in load_constructed()}
        self.edits = {e.shown: e for e in judged_revisions()}

    def listed(self, messages: Conversation) -> Listed:
        return []

    def drawn(self, messages: Conversation, draw: random.Random) -> tuple[str, str]:
        told = messages[-1].content
        if "[before " in told:
            word = "toward" if self.taken_in else self.edits[self.shown(told)].direction
            return word or "", word or ""
        text = told.split("[answer ")[1].split("]\n", 1)[1].split("\n[end of answer")[0]
        answer = self.known[text]
        word = "true" if self.taken_in and answer.register == "warm" else answer.truth
        return word, word

    def shown(self, told: str) -> tuple[str, str]:
        """The sentence before and after, as the judge is shown them."""
        parts = [
            told.split(f"[{n} ")[1].split("]\n", 1)[1].split(f"\n[end of {n}")[0] for n in ("before", "after")
        ]
        return ("" if parts[0].startswith("(nothing") else parts[0], parts[1])

    def counted(self, messages: Conversation, text: str) -> tuple[int, int]:
        return len(messages), 1


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[Provider, str]]:
    name = f"reader-{next(NUMBERS)}"
    with providing(Provider(Reader(), models=(name, f"{name}-twin"))) as provider:
        monkeypatch.setenv("LOCAL_API_KEY", KEY)
        monkeypatch.setenv("LOCAL_BASE_URL", provider.url)
        monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
        monkeypatch.setenv("SELFSCOPE_CALL_RETRIES", "0")
        yield provider, f"openai-api/local/{name}"


def checked(
    capsys: pytest.CaptureFixture[str], *arguments: str, sample: int = SAMPLE, only: str = "answers"
) -> tuple[int, dict[str, Any]]:
    code = run(["judges", "check", "--only", only, "--sample", str(sample), "--json", *arguments])
    found = json.loads(capsys.readouterr().out)
    jsonschema.validate(found, SCHEMA)
    return code, found


def row(found: dict[str, Any], style: str) -> dict[str, Any]:
    return next(r for r in found["judges"][0]["rows"] if (r["style"], r["kind"]) == (style, "all"))


def test_a_judge_is_asked_once_and_when_it_changes_that_is_noticed(
    judge: tuple[Provider, str], capsys: pytest.CaptureFixture[str]
) -> None:
    provider, name = judge
    code, found = checked(capsys, "--judge", name)
    assert code == 1  # so small a sample believes nothing
    assert found["judges"][0]["reasons"] == [f"{s}: 6 answers, 100 are the least" for s in ("plain", "warm")]
    assert row(found, "warm")["balanced_accuracy"]["estimate"] == 1.0
    assert (found["agreement"], found["judges"][0]["drift"]) == (None, None)
    assert len(provider.requests) == 2 * SAMPLE
    assert {r["temperature"] for r in provider.requests} == {0.0}

    checked(capsys, "--judge", name)
    assert len(provider.requests) == 2 * SAMPLE  # its logs hold the answers

    provider.brain.taken_in = True  # type: ignore[attr-defined]
    _, found = checked(capsys, "--judge", name, "--again")
    assert row(found, "warm")["specificity"]["estimate"] == 0.0
    assert row(found, "plain")["specificity"]["estimate"] == 1.0
    drift = found["judges"][0]["drift"]
    false = row(found, "warm")["specificity"]["asked"]
    assert (drift["changed"], drift["gained"], drift["lost"]) == (false, 0, false)

    provider.brain.taken_in = False  # type: ignore[attr-defined]
    _, found = checked(capsys, "--judge", name, "--judge", f"{name}-twin")
    assert [each["judge"] for each in found["judges"]] == [name, f"{name}-twin"]
    apart = 1 - found["agreement"]["alpha"]
    assert 0 < apart < 1  # the first one's last words, and the other's
    assert found["agreement"]["answers"] == 2 * SAMPLE


def test_a_check_that_broke_off_goes_on(
    judge: tuple[Provider, str], capsys: pytest.CaptureFixture[str]
) -> None:
    provider, name = judge
    provider.leaves_after = 4
    assert run(["judges", "check", "--only", "answers", "--judge", name, "--sample", "3"]) == 5
    assert "The same command goes on" in capsys.readouterr().err
    provider.leaves_after = None
    assert run(["judges", "check", "--only", "answers", "--judge", name, "--sample", "3"]) == 1
    shown = capsys.readouterr().out
    assert "is not used (plain: 3 answers" in shown
    assert "equal truth .10 it would report" in shown
    assert len(provider.bills) == 6


def test_a_judge_of_edits_is_asked_within_its_budget_and_when_it_changes_that_is_noticed(
    judge: tuple[Provider, str], capsys: pytest.CaptureFixture[str]
) -> None:
    provider, name = judge
    call = ["judges", "check", "--judge", name, "--only", "edits", "--sample", "28"]
    assert run([*call, "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["total"]["calls"] == 28
    assert provider.requests == []
    assert run([*call, "--budget", "25 calls"]) == 3
    assert "leaves no room" in capsys.readouterr().err
    assert len(provider.bills) == 24  # whole batches, and no more than was given
    code, found = checked(capsys, "--judge", name, sample=28, only="edits")
    assert (code, len(provider.bills), found["judges"]) == (1, 28, [])
    (edits,) = found["edits"]
    assert edits["reasons"] == ["28 edits, 100 are the least"]
    assert {r["right"]["estimate"] for r in edits["rows"]} == {1.0}
    assert [r["right"]["asked"] for r in edits["rows"]] == [28, *[4] * 7]
    assert run([*call, "--dry-run", "--json"]) == 0
    left = json.loads(capsys.readouterr().out)["runs"][0]["left"]
    assert (left["calls"], left["input_tokens"]) == (0, 0)

    provider.brain.taken_in = True  # type: ignore[attr-defined]
    _, found = checked(capsys, "--judge", name, "--again", sample=28, only="edits")
    drift = found["edits"][0]["drift"]
    assert (drift["changed"], drift["gained"], drift["lost"]) == (16, 0, 16)
    assert found["edits"][0]["toward"]["specificity"]["estimate"] == 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("phantom:trait", "a phantom reads no answers"),
        (" ", "no judge was named"),
        ("openai/gpt", "openai has no key"),
    ],
)
def test_what_cannot_judge_is_refused(
    name: str, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert run(["judges", "check", "--judge", name]) == 2
    assert words in capsys.readouterr().err
