"""Plans as a stranger types them, against what real runs then use: weights here, and a provider over HTTP."""

import json
from contextlib import contextmanager

import pytest

from selfscope.instruments.self_report import SelfReport
from selfscope.instruments.user_items import load_user_items
from tests.e2e.conftest import IDENTITY, Command
from tests.standins.brains import Weights
from tests.standins.provider import KEY, Provider, Trouble, providing
from tests.standins.weights import write_folder

ROWS = [
    {"statement": f"I {verb} room {n}.", "twin": f"I do not {verb} room {n}.", "construct": "order",
     "keyed": keyed}
    for n in range(3)
    for verb, keyed in (("tidy", 1), ("neglect", -1))
]  # fmt: skip
HOW = ("--items", "items.jsonl", "--preset", "demo", "--against", "none", "--channels", "self_report")


@pytest.fixture
def place(tmp_path):
    (tmp_path / "SOUL.md").write_text(IDENTITY)
    (tmp_path / "items.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    return Command(tmp_path)


@contextmanager
def served(model, monkeypatch):
    """Serve a model's weights as an OpenAI-compatible provider whose address the command is told."""
    from selfscope.models.local.ground import open_local

    with providing(Provider(Weights(open_local(str(model))))) as provider:
        monkeypatch.setenv("LOCAL_BASE_URL", provider.url)
        monkeypatch.setenv("LOCAL_API_KEY", KEY)
        yield provider


def used(place, run):
    manifest = json.loads((place.runs / run / "manifest.json").read_text())
    return manifest["usage"]["self_report"]


def test_the_plan_of_local_weights_is_what_they_compute_to_the_token(place):
    write_folder(place.folder / "tiny")
    call = ("profile", "SOUL.md", "--model", "tiny", *HOW)
    plan = place.json(*call, "--dry-run")
    assert not place.runs.exists()
    (run,) = plan["runs"]
    assert place("profile", "SOUL.md", "--model", "tiny", *HOW, "--budget", "100 tokens", code=3)
    data = place.json(*call)
    usage = used(place, data["run"])
    assert data["run"] == run["run"]
    assert {name: usage[name] for name in run["total"]} == run["total"]
    assert run["cost"] == 0
    assert run["rate"]["source"].startswith("the documented rate")
    again = place.json("plan", "SOUL.md", "--model", "tiny", *HOW)["runs"][0]
    assert (again["left"]["calls"], again["minutes"]) == (0, 0)
    assert again["rate"]["source"] == "1 earlier run here"


def through_trouble(place, model, monkeypatch):
    """Profile a served model through all that goes wrong; return the last JSON, usage and the provider."""
    with served(model, monkeypatch) as provider:
        call = ("profile", "SOUL.md", "--model", "openai-api/local/phantom", *HOW, "--price", "2,8")
        planned = place.json(*call, "--dry-run")["runs"][0]
        assert provider.requests == []
        wrong = place(*call, code=5, env={"LOCAL_API_KEY": "wrong"}).stderr
        assert "did not take the key" in wrong
        assert "LOCAL_API_KEY" in wrong
        asks = SelfReport().asks(load_user_items(place.folder / "items.jsonl"), "demo")
        provider.troubles = [Trouble(429, "Rate limit reached", {"retry-after-ms": "50"})]
        provider.failing, provider.fail_once = {asks[3].user}, {asks[5].user}
        said = place(*call, code=5).stderr
        assert f"{len(asks) - 1} of {len(asks)} calls are done and kept" in said
        assert "this prompt is broken" in said
        provider.failing = set()
        sent = len(provider.requests)
        data = place.json(*call)
        assert len(provider.requests) - sent == 1 + len(asks)
    return planned, data, used(place, data["run"])


def test_a_served_network_is_profiled_through_rate_limits_faults_and_a_wrong_key(place, monkeypatch):
    write_folder(place.folder / "tiny")
    planned, _, usage = through_trouble(place, place.folder / "tiny", monkeypatch)
    assert planned["total"]["calls"] == usage["calls"] == usage["prompts"]
    # the stand-in provider reports 11 tokens in and 5 out a call, and Inspect makes money of them
    assert (usage["input_tokens"], usage["output_tokens"]) == (11 * usage["calls"], 5 * usage["calls"])
    assert usage["cost"] == pytest.approx((usage["input_tokens"] * 2 + usage["output_tokens"] * 8) / 1e6)
    assert planned["cost"] > 0
