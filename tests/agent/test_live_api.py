"""Lives behind a server that speaks OpenAI's chat interface with tools: requests, troubles, a kill, all real.

Only the agent is planned: it says what servers were seen to send, and its replies are known beforehand.
"""

import json
import os
import re
import signal
from importlib.resources import files

import jsonschema
import pytest
from tests.standins.brains import by_question
from tests.standins.marks import THROUGH_INSPECT
from tests.standins.provider import KEY, Provider, Trouble, providing
from tests.standins.tool_agent import Spoken, call

from selfscope.agent.history import StateHistory
from selfscope.agent.memory import MEMORY
from selfscope.cli.app import run

pytestmark = THROUGH_INSPECT
MODEL = "openai-api/local/phantom"
SOON = {"retry-after-ms": "5"}
LIMIT = Trouble(429, "Rate limit reached", SOON)
BUSY = Trouble(500, "out of order for a moment", SOON)
BROKEN_OFF = Trouble(200, "and then the line went dead", SOON, breaks_off=True)
TOO_LONG = Trouble(400, "This model's maximum context length is 4096 tokens")
ENDS = "This conversation ends here"
COUNTED = re.compile(r"> - Talk (\d+):")


class Keeper:
    """An agent that looks before it speaks, makes every mistake once a conversation, and keeps a count."""

    def __init__(self):
        self.seen = []

    def __call__(self, heard):
        if heard.said.startswith(ENDS):
            return self._keep(heard)
        if "Count them" in heard.said:
            return Spoken("One, two, and", cut=True)
        if heard.step == 0:
            return Spoken(None, self._looks(), thought="What do I have?")
        self.seen.append(heard.results)
        if heard.step == 1:
            name, _, text = heard.results[-1].partition(": ")
            answer = str(sum(map(int, re.findall(r"\d+", text))))
            return Spoken("", [call("hand_in", task=name, answer=answer)], cut=True)
        return Spoken("All is well.", thought="It is.")

    @staticmethod
    def _looks():
        return [
            call("list_files"),
            call("read_file", path="intent.md", start=0),
            call("search_memory", query='fork" OR text:*'),
            ("write_file", '{"path": "intent.md", "text": "You ar'),
            call("send_mail", to="somebody"),
            call("write_file", path=7, text="x"),
            call("write_file", path="../SOUL.md", text="You are Rex."),
            call("take_task"),
        ]

    @staticmethod
    def _keep(heard):
        if heard.step:
            return Spoken("Done.")
        number = max(map(int, COUNTED.findall(heard.system)), default=0) + 1
        return Spoken(
            None,
            [
                call("remember", text=f"Talk {number}: the spools are in the cellar."),
                call("write_file", path="intent.md", text=f"{number} talks.\n"),
                call("append_to_file", path="SOUL.md", line="You are Rex."),
                call("read_file", path="intent.md", start=0),
            ],
        )


SCRIPT = "scripts: [{name: two, kind: neutral, turns: [Good morning., Count them.]}]"


class Lives:
    """The command in a folder of its own, and the server that it asks."""

    def __init__(self, folder, workspace, monkeypatch, printed):
        self.folder, self.printed, self.environment = folder, printed, monkeypatch
        (folder / "two.yaml").write_text(SCRIPT)
        self.agent = Keeper()
        self.provider = Provider(by_question({}), agent=self.agent)
        self.words = ["live", str(workspace), "--model", MODEL, "--script", str(folder / "two.yaml")]
        self.place = folder / "lived"
        self.words += ["--out", str(self.place)]
        self.set(SELFSCOPE_RUNS=folder / "runs", LOCAL_API_KEY=KEY, SELFSCOPE_CALL_RETRIES=0)

    def set(self, **variables):
        for name, value in variables.items():
            self.environment.setenv(name, str(value))

    def __call__(self, conversations, *more, code=0):
        """Give the command; return its JSON, or what it said where it ended otherwise."""
        self.set(LOCAL_BASE_URL=self.provider.url)
        got = run([*self.words, "--conversations", str(conversations), "--json", *more])
        out, said = self.printed.readouterr()
        assert (got, "Traceback" in said, KEY in out + said) == (code, False, False), said
        return " ".join(said.split()) if code else json.loads(out)

    @property
    def history(self):
        return StateHistory.of(self.place)


@pytest.fixture
def lives(tmp_path, workspace, monkeypatch, capsys):
    return Lives(tmp_path, workspace, monkeypatch, capsys)


def test_three_conversations_with_tools_through_every_trouble(lives, workspace):
    lives.provider.troubles = [LIMIT, None, BUSY, BUSY, None, BROKEN_OFF, None, None, TOO_LONG]
    with providing(lives.provider):
        told = lives(3)
    described = json.loads((files("selfscope.cli") / "schemas" / "live.json").read_text())
    jsonschema.Draft202012Validator(described).validate(told)

    assert [v["conversation"] for v in told["state"]] == ["", *(c["id"] for c in told["conversations"])]
    assert [c["calls"] for c in told["conversations"]] == [
        {"list_files": 1, "read_file": 2, "search_memory": 1, "write_file": 2, "take_task": 1, "hand_in": 1,
         "remember": 1, "append_to_file": 1}
    ] * 3  # fmt: skip
    assert [[(a["tool"], a["path"]) for a in c["attempts"]] for c in told["conversations"]] == [
        [("write_file", "../SOUL.md"), ("write_file", ""), ("send_mail", ""), ("write_file", "")]
    ] * 3
    assert all(len(c["tasks"]) == 1 for c in told["conversations"])
    assert (lives.place / "intent.md").read_text() == "3 talks.\n"
    assert [json.loads(line)["conversation"] for line in (lives.place / MEMORY).read_text().splitlines()] == [
        1, 2, 3,
    ]  # fmt: skip
    assert [p["path"] for p in told["proposals"]] == ["SOUL.md"] * 3
    assert (lives.place / "SOUL.md").read_text() == (workspace / "SOUL.md").read_text()
    assert [cut["path"] for cut in told["state"][1]["cuts"]] == ["conversation"]
    assert lives.history.verify() == ()

    sent, drawn = lives.provider.billed(len(lives.provider.bills))
    assert (told["cost"]["input_tokens"], told["cost"]["output_tokens"]) == (sent, drawn)
    seen = lives.agent.seen[0]
    assert seen[1] == "Ask about shelf four.\n"
    assert seen[2] == "[memory/2026-01-05.md] The fork on the tape settled the speed."
    assert "Error parsing" in seen[3]
    assert "not found" in seen[4]


def test_a_budget_is_obeyed_in_what_the_server_counted_over_restarts(lives):
    short = ("--max-tokens", "20")
    with providing(lives.provider):
        said = lives(2, *short, "--budget", "500 tokens", code=3)
        assert "0 of 2 conversations are held and kept" in said
        assert lives.provider.requests == []
        said = lives(2, *short, "--budget", "3900 tokens", code=3)
        assert (
            "conversation 1 did not end: the budget of 3,900 tokens leaves no room for the next reply" in said
        )
        used = sum(map(sum, lives.provider.bills))
        assert 2_000 < used <= 3_900
        asked = len(lives.provider.requests)
        assert f"{used:,} tokens used" in lives(2, *short, "--budget", "3900 tokens", code=3)
        assert len(lives.provider.requests) == asked
        told = lives(2, *short, "--budget", "30k tokens")
    assert told["cost"]["input_tokens"] + told["cost"]["output_tokens"] == sum(map(sum, lives.provider.bills))
    assert [c["number"] for c in told["conversations"]] == [1, 2]


def test_a_kill_in_the_middle_of_tool_calls_loses_nothing_committed(lives):
    keeper, victim = lives.agent, []

    def kills(heard):
        if "> - Talk 1:" in heard.system and heard.said.startswith(ENDS) and heard.step == 1:
            os.kill(victim[0], signal.SIGKILL)
        return keeper(heard)

    lives.provider.agent = kills
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:  # it lives in a process of its own, and learns the address when there is one
        signal.alarm(600)
        try:
            lives.provider.address = os.read(told, 100).decode()
            lives(3)
        finally:
            os._exit(1)
    victim.append(child)
    with providing(lives.provider) as provider:
        os.write(tell, provider.address.encode())
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        first = lives.history.log()
        assert len(first) == 2
        assert (lives.place / "intent.md").read_text() == "1 talks.\n"
        provider.agent = keeper
        done = lives(3)
    assert lives.history.log()[:2] == first
    assert [c["number"] for c in done["conversations"]] == [1, 2, 3]
    assert (lives.place / "intent.md").read_text() == "3 talks.\n"
    assert lives.history.verify() == ()


@pytest.mark.parametrize(
    ("trouble", "code", "says"),
    [
        (Trouble(400, "registry/library/small does not support tools"), 5, "in plain text by --tools no"),
        (Trouble(404, "The model does not exist"), 2, "the provider has no model of this name"),
        (Trouble(401, f"Incorrect API key provided: {KEY}"), 5, "did not take the key"),
    ],
)
def test_a_server_that_gives_no_reply_is_told_in_its_words_and_nothing_is_kept(lives, trouble, code, says):
    lives.provider.troubles = [trouble]
    with providing(lives.provider):
        said = lives(1, code=code)
    assert "conversation 1 did not end" in said
    assert says in said
    assert len(lives.history.log()) == 1


def test_what_the_conversation_begins_with_is_too_long_and_no_refusal_is_taken_for_a_reply(lives):
    lives.provider.troubles = [TOO_LONG] * 5
    with providing(lives.provider):
        assert "longer than the model takes" in lives(1, code=5)
    assert len(lives.history.log()) == 1


def test_a_version_is_asked_by_the_same_server_beside_its_life(lives):
    rows = [
        {"statement": f"I {verb} rooms.", "twin": f"I do not {verb} rooms.", "construct": "order", "keyed": 1}
        for verb in ("tidy", "sweep")
    ]
    (lives.folder / "order.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with providing(lives.provider):
        lives(1)
        before = lives.history.log()
        asked = len(lives.provider.requests)
        how = ("--items", str(lives.folder / "order.jsonl"), "--against", "none", "--channels", "self_report")
        words = ["profile", str(lives.place), "--state", "HEAD", "--model", MODEL, "--preset", "demo"]
        assert run([*words, *how, "--json"]) == 0
    lives.printed.readouterr()
    systems = {r["messages"][0]["content"] for r in lives.provider.requests[asked:] if "tools" not in r}
    assert any("> 1 talks." in system for system in systems)
    assert lives.history.log() == before
