"""Free answers in a study: subject and judge behind real HTTP, planted truths, a judge that cannot read."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from selfscope.cli.app import run
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.open.constructed import load_constructed
from selfscope.instruments.open.judging import INSTRUCTIONS
from selfscope.instruments.open.prompts import load_prompts
from selfscope.studies.store import RunStore
from selfscope.values import content_id
from tests.standins.brains import Conversation, Listed
from tests.standins.marks import THROUGH_INSPECT
from tests.standins.provider import KEY, Provider, providing
from tests.standins.weights import write_folder

pytestmark = THROUGH_INSPECT

SCHEMAS = Path(__file__).parents[2] / "src" / "selfscope" / "cli" / "schemas"
ANSWERS = {a.text: a for a in load_constructed()}
#: What the subject says of memory when it means it, and when it does not.
YES, NO = (
    next(a.text for a in ANSWERS.values() if a.construct == "memory" and a.kind == kind)
    for kind in ("affirm", "deny")
)
#: Characters that are told to hold the trait; they and the identity meet the criterion nine times in ten.
HIGH = next(d.sensitivity.high for d in load_cluster().dimensions if d.name == "memory" and d.sensitivity)
STUDY = """\
title: Free answers
identities: {identities}
models: [openai-api/local/{subject}]
controls: [none]
instruments: [open]
dimensions: [memory]
judges: [openai-api/local/{judge}]
sensitivity: {check}
preset: demo
"""


class Talk:
    """A subject that speaks its mind as often as was planted, and a judge that knows every answer."""

    def __init__(self, reads: bool = True) -> None:
        self.reads = reads

    def listed(self, messages: Conversation) -> Listed:
        return []

    def drawn(self, messages: Conversation, draw: random.Random) -> tuple[str, str]:
        judged = messages[0].content == INSTRUCTIONS
        text = self._judge(messages[-1].content) if judged else self._subject(messages)
        return text, text

    def _subject(self, messages: Conversation) -> str:
        system = messages[0].content if messages[0].role == "system" else ""
        share = 0.9 if "Wren" in system or system in HIGH else 0.1
        place = int(content_id([messages[-1].content, len(messages)])[-6:], 16) / 16**6
        return YES if place < share else NO

    def _judge(self, asked: str) -> str:
        if not self.reads:
            return "I could not say, but what a lovely answer."
        return next((a.truth for text, a in ANSWERS.items() if text in asked), "incoherent")

    def counted(self, messages: Conversation, text: str) -> tuple[int, int]:
        return sum(len(m.content.split()) for m in messages), len(text.split())


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "SOUL.md").write_text("# Wren\n\nYou are Wren, who keeps this house.\n")
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCAL_API_KEY", KEY)
    yield tmp_path


def ask(folder, names, printed, identities="SOUL.md", check="true"):
    """Run the study against the provider that is there; return the last run of what it prints."""
    study = folder / "study.yaml"
    study.write_text(STUDY.format(subject=names[0], judge=names[1], identities=identities, check=check))
    code = run(["run", str(study), "--json"])
    out, said = printed.readouterr()
    assert (code, "Traceback" in said) == (0, False), said
    data = json.loads(out)
    jsonschema.validate(data, json.loads((SCHEMAS / "run.json").read_text()))
    return data["runs"][-1]


def test_what_was_planted_in_free_answers_is_found(stranger, monkeypatch, capsys):
    names = ("open-subject", "open-judge")
    with providing(Provider(Talk(), models=names)) as provider:
        monkeypatch.setenv("LOCAL_BASE_URL", provider.url)
        found = ask(stranger, names, capsys)
        calls = len(provider.bills)
        again = ask(stranger, names, capsys)
        assert len(provider.bills) < calls + 5  # nothing is asked twice
        (stranger / "MOSS.md").write_text("# Moss\n\nYou are Moss, who mends clocks.\n")
        other = ask(stranger, names, capsys, "MOSS.md", "false")
    assert again["findings"] == found["findings"]
    (finding,) = found["findings"]
    assert (finding["channel"], finding["verdict"], finding["claim"]) == ("open", "shifted", "any text")
    assert finding["ci"][0] < 0.8 < finding["ci"][1]
    assert finding["gate"]["g1"] == "pass"
    assert "judge checked on constructed answers" in finding["notes"]
    assert "points of its answers" in finding["sentence"]
    assert run(["compare", other["run"], found["run"], "--json"]) == 0
    (compared,) = json.loads(capsys.readouterr().out)["findings"]
    assert (compared["channel"], compared["verdict"], compared["control"]) == ("open", "shifted", "former")
    folder = stranger / "runs" / found["run"]
    assert len(list((folder / "logs").glob("*.eval"))) == 6  # identity, none, and four characters
    assert "In free answers" in (folder / "report.html").read_text()


def test_a_judge_that_cannot_read_is_not_used_and_nothing_is_asked(stranger, monkeypatch, capsys):
    names = ("open-subject-2", "open-judge-2")
    with providing(Provider(Talk(reads=False), models=names)) as provider:
        monkeypatch.setenv("LOCAL_BASE_URL", provider.url)
        found = ask(stranger, names, capsys)
        asked = {turn["content"] for r in provider.requests for turn in r["messages"][-1:]}
        assert not asked & {p.text for d in load_prompts() for p in d.prompts}
    assert found["findings"] == []
    reason = "not judged: openai-api/local/open-judge-2: plain: balanced accuracy 0.00"
    assert found["unavailable"]["open"].startswith(reason)


FOUR = """\
title: Four channels
identities: SOUL.md
models: [tiny]
controls: [none]
instruments: [self_report, utterance, open, behaviour]
dimensions: [memory]
judges: [openai-api/local/{judge}]
sensitivity: false
preset: demo
"""


def test_local_weights_are_asked_in_four_channels_that_stand_side_by_side(stranger, monkeypatch, capsys):
    write_folder(stranger / "tiny")
    study = stranger / "study.yaml"
    study.write_text(FOUR.format(judge="open-judge-4"))
    with providing(Provider(Talk(), models=("open-judge-4",))) as provider:
        monkeypatch.setenv("LOCAL_BASE_URL", provider.url)
        assert run(["run", str(study), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["runs"]
    channels = ["self_report", "utterance", "behaviour", "open"]
    assert [f["channel"] for f in found["findings"]] == channels
    assert found["unavailable"] == {}
    agreement = found["agreement"]
    assert {side["channel"] for side in agreement["sides"]} == set(channels)
    assert "One identity has no correlation" in agreement["correlation"]
    rows = RunStore(stranger / "runs" / found["run"]).observations()
    assert set(rows["channel"]) == set(channels)
    assert (rows[rows["channel"] == "open"]["judge"] == "openai-api/local/open-judge-4").all()
