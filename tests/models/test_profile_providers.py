"""The main job on every provider that the docs name: a command, a planted shift, and what is found of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.standins.brains import by_cell
from tests.standins.marks import THROUGH_INSPECT
from tests.standins.provider import KEY, Provider, providing

from selfscope.cli.app import run
from selfscope.instruments.self_report import SelfReport
from selfscope.instruments.user_items import load_user_items
from selfscope.values import Ask
from selfscope.values.asks import Cell

pytestmark = THROUGH_INSPECT

#: By how much the identity moves the construct, in natural log-odds, and how readily all is agreed with.
SHIFT, YES = 1.5, 0.5
SERVICES = ("OPENAI", "ANTHROPIC", "VLLM", "OLLAMA", "LOCAL")
LISTING = ["openai/gpt-4.1", "openai/gpt-5.1", "openai-api/local/phantom", "vllm/phantom", "ollama/phantom"]
DRAWING = "anthropic/claude-opus-4-8"
PROBE = "Answer with one word, Yes or No. Is water wet?"
IDENTITY = """# Wren

You are Wren, who keeps this house.

- Finish small things before large ones.
"""


def planted(system: str, cell: Cell) -> float:
    return YES + (SHIFT * cell.keyed * cell.polarity if "Wren" in system else 0.0)


@dataclass
class Command:
    """``selfscope profile`` on a provider of one's own."""

    provider: Provider
    folder: Path
    asks: tuple[Ask, ...]
    printed: pytest.CaptureFixture[str]

    def __call__(self, model: str, code: int = 0) -> dict[str, Any]:
        """Run it, and return its JSON, or what it said where it did not end with 0."""
        soul, items = str(self.folder / "SOUL.md"), str(self.folder / "order.jsonl")
        how = ["--items", items, "--preset", "demo", "--against", "none", "--json"]
        got = run(["profile", soul, "--model", model, *how])
        out, said = self.printed.readouterr()
        assert (got, "Traceback" in said) == (code, False), said
        return json.loads(out) if code == 0 else {"said": said}

    def prompts(self) -> int:
        """How many requests were no probe."""
        return len(self.provider.requests) - self.provider.asked(PROBE)


@pytest.fixture
def profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    (tmp_path / "SOUL.md").write_text(IDENTITY)
    items = tmp_path / "order.jsonl"
    rows = [
        {
            "statement": f"I {verb} room number {n}.",
            "twin": f"I do not {verb} room number {n}.",
            "construct": "order",
            "keyed": keyed,
        }
        for n in range(2)
        for verb, keyed in (("tidy", 1), ("neglect", -1))
    ]
    items.write_text("\n".join(map(json.dumps, rows)))
    asks = SelfReport().asks(load_user_items(items), "demo")
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    models = ("phantom", "gpt-4.1", "gpt-5.1", "claude-opus-4-8")
    with providing(Provider(by_cell(asks, planted), models)) as provider:
        for service in SERVICES:
            address = provider.address if service == "ANTHROPIC" else provider.url
            monkeypatch.setenv(f"{service}_BASE_URL", address)
            monkeypatch.setenv(f"{service}_API_KEY", KEY)
        yield Command(provider, tmp_path, asks, capsys)


@pytest.mark.parametrize("model", LISTING)
def test_lists_of_likeliest_tokens_give_the_planted_shift(profile: Command, model: str) -> None:
    data = profile(model)
    (finding,) = data["findings"]
    assert finding["estimate"] == pytest.approx(SHIFT, abs=1e-6)
    assert finding["bias"]["acquiescence"]["estimate"] == pytest.approx(0, abs=1e-6)
    assert (finding["scale"], finding["channel"], finding["n_items"]) == ("log_odds", "self_report", 4)
    assert "log-probabilities of a given text" in data["unavailable"]["utterance"]
    assert profile.prompts() == 2 * len(profile.asks)
    page = Path(data["report"]).read_text()
    assert "utterance" in page
    assert data["unavailable"]["utterance"] in page


def test_draws_give_it_too_and_a_second_run_asks_nothing(profile: Command) -> None:
    data = profile(DRAWING)
    (finding,) = data["findings"]
    assert abs(finding["estimate"] - SHIFT) < 0.6
    assert finding["ci"][0] < SHIFT < finding["ci"][1]  # of four statements: wide
    assert set(data["unavailable"]) == {"utterance"}
    assert profile.prompts() == 2 * len(profile.asks) * 20
    assert profile(DRAWING)["findings"] == [finding]
    assert profile.prompts() == 2 * len(profile.asks) * 20


@pytest.mark.parametrize(
    ("model", "variable"), [("openai/gpt-4.1", "OPENAI_API_KEY"), (DRAWING, "ANTHROPIC_API_KEY")]
)
def test_a_wrong_key_ends_with_5_and_says_what_to_set(
    profile: Command, model: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "wrong")
    said = profile(model, code=5)["said"]
    assert f"{model} did not take the key" in said
    assert f"Set {variable} to a key of that provider" in said
    assert len(profile.provider.requests) == 1


def test_what_was_paid_for_is_kept_and_the_next_run_goes_on(profile: Command) -> None:
    """Each arm is a batch of its own: the second is not begun where the first could not be ended."""
    arm = len(profile.asks)
    profile.provider.failing = {profile.asks[3].user}
    said = profile("openai/gpt-4.1", code=5)["said"]
    assert "this prompt is broken" in said
    assert f"{arm - 1} of {arm} calls are done and kept" in said
    profile.provider.failing = set()
    sent = profile.prompts()
    assert profile("openai/gpt-4.1")["findings"][0]["estimate"] == pytest.approx(SHIFT, abs=1e-6)
    assert profile.prompts() == sent + 1 + arm
