"""The embedded model behind a provider's HTTP, and the same weights here: one says what the other says.

The server answers from the network's plain forward, one conversation at a time; here the scorer computes
every distinct token once. They share the weights and the chat template, and nothing else.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from selfscope.cli.app import run
from selfscope.models.api_tokens import stand_in
from selfscope.models.fetch import model_folder
from selfscope.models.local.ground import open_local
from selfscope.studies.store import RunStore
from tests.standins.brains import Weights
from tests.standins.marks import THROUGH_INSPECT
from tests.standins.provider import KEY, OUT_OF_ORDER, Provider, Trouble, providing

pytestmark = [pytest.mark.model, *THROUGH_INSPECT]

MODEL = "openai-api/local/phantom"
STATEMENTS = [
    ("tidy the room", "neglect the room"),
    ("finish small things", "leave small things"),
    ("sweep the floor", "soil the floor"),
    ("keep a list", "forget the list"),
]
#: Questions of an arm: every statement of a pair, and its twin.
ASKED = 4 * len(STATEMENTS)
#: Of an answer, natural log-odds: what a list of 20 tokens leaves out of an option's other spellings, and the
#: rounding of two ways to compute.
TOLERANCE = 0.02
PROBE = "Answer with one word, Yes or No. Is water wet?"


class Place:
    """A folder with an identity, eight statements, and both ways to the same weights."""

    def __init__(self, folder, printed):
        self.folder, self.printed = folder, printed
        (folder / "SOUL.md").write_text("You are Wren, who keeps this house.\n")
        rows = [
            {"statement": f"I {words}.", "twin": f"I do not {words}.", "construct": "order", "keyed": keyed}
            for pair in STATEMENTS
            for words, keyed in zip(pair, (1, -1), strict=True)
        ]
        (folder / "order.jsonl").write_text("\n".join(map(json.dumps, rows)))

    def __call__(self, model, *more, code=0):
        what = ["profile", str(self.folder / "SOUL.md"), "--model", model, "--preset", "demo"]
        how = ["--items", str(self.folder / "order.jsonl"), "--against", "none", "--channels", "self_report"]
        got = run([*what, *how, "--json", *more])
        out, said = self.printed.readouterr()
        assert (got, "Traceback" in said) == (code, False), said
        return said if code else json.loads(out)


@pytest.fixture
def place(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("SELFSCOPE_CALL_RETRIES", "0")
    monkeypatch.setenv("LOCAL_API_KEY", KEY)
    return Place(tmp_path, capsys)


def through_trouble(place, monkeypatch, provider):
    """Profile through a wrong key, a rate limit, a 500 and a server that goes; return plan and outcome."""
    call = (MODEL, "--price", "2,8")
    with providing(provider):
        monkeypatch.setenv("LOCAL_BASE_URL", provider.url)
        planned = place(*call, "--dry-run")["runs"][0]
        assert provider.requests == []
        monkeypatch.setenv("LOCAL_API_KEY", "of-somebody-else")
        assert "did not take the key" in place(*call, code=5)
        monkeypatch.setenv("LOCAL_API_KEY", KEY)
        provider.troubles = [OUT_OF_ORDER, Trouble(429, "Rate limit reached", {"retry-after": "1"})]
        provider.leaves_after = 1 + ASKED - 4
        assert f"{ASKED - 4} of {ASKED} calls are done and kept" in place(*call, code=5)
        provider.leaves_after = None
        return planned, place(*call)


def answers(data):
    """Return answers by arm and cell, with the option's share of the probability."""
    rows = RunStore(Path(data["report"]).parent).observations()
    cells = ["character", "item", "polarity", "template", "format", "order", "label", "position"]
    return rows.set_index(cells).sort_index()[["value", "scorer", "option_mass"]]


def test_the_embedded_model_behind_http_says_what_it_says_here(place, monkeypatch):
    provider = Provider(Weights(open_local(str(model_folder("embedded")))))
    planned, far = through_trouble(place, monkeypatch, provider)
    near = place("embedded")

    there, here = answers(far), answers(near)
    assert list(there.index) == list(here.index)
    assert len(there) == 2 * ASKED == len(provider.bills) - 1
    assert set(there["scorer"]) == {"top_logprobs"}
    assert (there["value"] - here["value"]).abs().max() < TOLERANCE
    assert (there["option_mass"] - here["option_mass"]).abs().max() < TOLERANCE
    assert far["findings"][0]["estimate"] == pytest.approx(near["findings"][0]["estimate"], abs=TOLERANCE)

    used = json.loads((Path(far["report"]).parent / "manifest.json").read_text())["usage"]["self_report"]
    put_in, drawn = provider.billed(2 * ASKED)
    assert (used["input_tokens"], used["output_tokens"]) == (put_in, drawn)
    assert used["cost"] == pytest.approx((put_in * 2 + drawn * 8) / 1e6)
    total = planned["total"]
    assert (total["calls"], total["output_tokens"]) == (used["calls"], used["output_tokens"])
    # words are counted exactly; what the template puts around them, and the system prompt that it adds where
    # there is none, is the server's own: here a quarter of these short prompts
    said = [m.content for conversation in provider.drawn for m in conversation]
    words = sum(map(stand_in().count, said)) - sum(map(stand_in().count, [PROBE]))
    assert total["input_tokens"] == words + 4 * (len(said) - 1) + 3 * 2 * ASKED
    assert 0.75 < total["input_tokens"] / used["input_tokens"] < 1
