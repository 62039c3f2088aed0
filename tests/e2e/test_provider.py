"""What a stranger meets with a provider: time-outs, a server that goes, limits, keys, short lists, bills.

Real HTTP, Inspect and the command; the answers are planted, so that what is found can be judged.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from selfscope.cli.app import run
from selfscope.instruments.self_report import SelfReport
from selfscope.instruments.user_items import load_user_items
from selfscope.studies.store import RunStore
from tests.standins.brains import by_cell
from tests.standins.marks import THROUGH_INSPECT
from tests.standins.provider import KEY, OUT_OF_ORDER, Provider, Trouble, providing

pytestmark = THROUGH_INSPECT

#: By how much the identity moves the construct, natural log-odds.
SHIFT = 1.5
PROBE = "Answer with one word, Yes or No. Is water wet?"
MODEL = "openai-api/local/phantom"


class Stranger:
    """Somebody in a folder of their own who profiles a model behind `provider`."""

    def __init__(self, folder, monkeypatch, printed):
        self.folder, self.printed, self._environment = folder, printed, monkeypatch
        (folder / "SOUL.md").write_text("# Wren\n\nYou are Wren, who keeps this house.\n")
        rows = [
            {"statement": f"I {verb} rooms.", "twin": f"I do not {verb} rooms.", "construct": "order",
             "keyed": keyed}
            for verb, keyed in (("tidy", 1), ("neglect", -1), ("sweep", 1), ("soil", -1))
        ]  # fmt: skip
        (folder / "order.jsonl").write_text("\n".join(map(json.dumps, rows)))
        self.asks = SelfReport().asks(load_user_items(folder / "order.jsonl"), "demo")
        self.provider = Provider(by_cell(self.asks, self.planted))
        self.set(SELFSCOPE_RUNS=folder / "runs", LOCAL_API_KEY=KEY, SELFSCOPE_CALL_RETRIES=0)

    @staticmethod
    def planted(system, cell):
        return 0.5 + (SHIFT * cell.keyed * cell.polarity if "Wren" in system else 0.0)

    def set(self, **variables):
        for name, value in variables.items():
            self._environment.setenv(name, str(value))

    def __call__(self, *more, code=0):
        """Give the command; return its JSON, or what it said on standard error where it ended otherwise."""
        self.set(LOCAL_BASE_URL=self.provider.url)
        what = ["profile", str(self.folder / "SOUL.md"), "--model", MODEL, "--preset", "demo"]
        how = ["--items", str(self.folder / "order.jsonl"), "--against", "none", "--channels", "self_report"]
        got = run([*what, *how, "--json", *more])
        out, said = self.printed.readouterr()
        assert (got, "Traceback" in said, KEY in out + said) == (code, False, False), said
        return said if code else json.loads(out)

    def used(self, data):
        manifest = json.loads((Path(data["report"]).parent / "manifest.json").read_text())
        return manifest["usage"]["self_report"]

    def answered(self):
        """How many answers that were no probe the server gave."""
        return len(self.provider.bills) - self.provider.asked(PROBE)


@pytest.fixture
def stranger(tmp_path, monkeypatch, capsys):
    return Stranger(tmp_path, monkeypatch, capsys)


def is_planted(data):
    (finding,) = data["findings"]
    return finding["estimate"] == pytest.approx(SHIFT, abs=1e-6)


def test_a_server_that_holds_an_answer_back_is_explained_and_asked_again_for_that_one(stranger):
    stranger.set(SELFSCOPE_CALL_SECONDS=3)
    late, asked = stranger.asks[3].user, len(stranger.asks)
    stranger.provider.holding = {late}
    with providing(stranger.provider):
        said = " ".join(stranger(code=5).split())
        assert f"{MODEL} did not answer in time. Got: no reply within 3 s." in said
        assert f"the server at {stranger.provider.url} is busy" in said
        assert "SELFSCOPE_CALL_SECONDS" in said
        assert f"{asked - 1} of {asked} calls are done and kept" in said
        assert "1 failed. The same command goes on from there" in said
        stranger.provider.holding = set()
        data = stranger()
    assert is_planted(data)
    assert stranger.answered() == 2 * asked == stranger.used(data)["calls"]
    assert stranger.provider.asked(late) == 2 + 1
    assert all(stranger.provider.asked(ask.user) == 2 for ask in stranger.asks if ask.user != late)


def test_a_server_that_goes_in_the_middle_and_comes_back_is_asked_for_the_rest(stranger):
    asked = len(stranger.asks)
    stranger.provider.leaves_after = 1 + 3
    with providing(stranger.provider):
        said = stranger(code=5)
    assert f"{MODEL} could not be reached at {stranger.provider.url}" in said
    assert "without sending a response" in said
    assert f"3 of {asked} calls are done and kept" in said
    said = stranger(code=5)
    assert "could not be reached" in said
    assert "All connection attempts failed" in said
    stranger.provider.leaves_after = None
    with providing(stranger.provider):
        data = stranger()
    assert is_planted(data)
    assert stranger.answered() == 2 * asked == stranger.used(data)["calls"]


def test_a_limit_is_waited_out_a_500_is_tried_again_and_what_is_paid_is_what_the_server_counted(stranger):
    """Without the server's word the client would wait half a second."""
    busy, failing, asked = stranger.asks[2].user, stranger.asks[5].user, len(stranger.asks)
    limit = Trouble(429, "Rate limit reached", {"retry-after": "2"})
    stranger.provider.once = {busy: limit, failing: OUT_OF_ORDER}
    price = ("--price", "2,8")
    planned = stranger(*price, "--dry-run")["runs"][0]["total"]
    with providing(stranger.provider) as provider:
        data = stranger(*price)
    assert is_planted(data)
    last = [body["messages"][-1]["content"] for body in provider.requests]
    times = [t for t, user in zip(provider.times, last, strict=True) if user == busy]
    assert len(times) == 1 + 2
    assert times[1] - times[0] >= 2
    assert len(provider.requests) == 1 + 2 * asked + 2
    used = stranger.used(data)
    assert planned["calls"] == used["calls"] == stranger.answered() == 2 * asked
    assert (used["input_tokens"], used["output_tokens"]) == provider.billed(2 * asked)
    assert used["cost"] == pytest.approx((used["input_tokens"] * 2 + used["output_tokens"] * 8) / 1e6)


@pytest.mark.parametrize(("status", "says"), [(500, "the server of"), (429, "refused for quota or rate")])
def test_a_server_that_is_out_of_order_ends_with_5_in_its_own_words(stranger, status, says):
    provider, asked = stranger.provider, len(stranger.asks)
    provider.failing = {ask.user for ask in stranger.asks[2:]}
    provider.failure = Trouble(status, "come back later", {"retry-after-ms": "10"})
    with providing(provider):
        said = stranger(code=5)
        assert says in said
        assert f"Got: Error code: {status} - come back later." in said
        assert re.search(f"[012] of {asked} calls are done and kept in .*; [56] failed", said)


def test_a_key_is_never_shown_though_the_provider_repeats_it(stranger):
    stranger.set(LOCAL_API_KEY="sk-of-somebody-else")
    with providing(stranger.provider) as provider:
        said = stranger(code=5)
        assert f"{MODEL} did not take the key" in said
        assert "Incorrect API key provided: [key]" in said
        assert "sk-of-somebody-else" not in said
        assert "LOCAL_API_KEY" in said
        assert len(provider.requests) == 1
        stranger.set(LOCAL_API_KEY=KEY)
        assert is_planted(stranger())
    kept = [p for p in stranger.folder.rglob("*") if p.is_file() and p.suffix != ".eval"]
    assert len(kept) > 5
    assert not [p for p in kept if KEY.encode() in p.read_bytes()]


def test_a_list_that_is_shorter_than_asked_for_is_read_as_what_it_is(stranger):
    stranger.provider.list_length, stranger.provider.clips = 5, True
    with providing(stranger.provider):
        data = stranger()
    assert is_planted(data)
    assert {body["top_logprobs"] for body in stranger.provider.requests} == {20}
    rows = RunStore(Path(data["report"]).parent).observations()
    assert set(rows["scorer"]) == {"top_logprobs"}
    assert rows["option_mass"].to_numpy() == pytest.approx(0.9)


def test_without_lists_answers_are_drawn_counted_and_paid(stranger):
    stranger.provider.logprobs = "left_out"
    rows = (stranger.folder / "order.jsonl").read_text().splitlines()
    (stranger.folder / "order.jsonl").write_text("\n".join(rows[:2]))
    with providing(stranger.provider) as provider:
        data = stranger()
    used = stranger.used(data)
    assert used["calls"] == 20 * used["prompts"] == stranger.answered()
    assert (used["input_tokens"], used["output_tokens"]) == provider.billed(used["calls"])
    rows = RunStore(Path(data["report"]).parent).observations()
    assert set(rows["scorer"]) == {"sampled"}
    assert set(rows["replicate"]) == set(range(20))
