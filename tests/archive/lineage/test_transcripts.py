"""Files of other tools become threads, each once, and what is damaged or strange is said."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from selfscope.archive.journal.events import ThreadBegan, TurnTaken
from selfscope.archive.lineage import transcripts
from selfscope.archive.lineage.messages import import_jsonl
from selfscope.archive.lineage.threads import read_threads
from selfscope.archive.lineage.transcripts import lines_in
from selfscope.errors import BadInput
from tests.standins.marks import THROUGH_INSPECT

pytestmark = THROUGH_INSPECT

TALK = {"id": "c1", "conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "hello"}]}
OTHER = {**TALK, "conversations": [{"from": "human", "value": "something else"}]}
TWO = json.dumps([TALK, OTHER])
SAID = [("user", "hi"), ("assistant", "hello")]


def bodies(data: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in lines_in(data) if line.strip()]


def said(body: dict[str, object]) -> list[tuple[str, str]]:
    messages = body["messages"]
    assert isinstance(messages, list)
    return [(each["role"], each["content"]) for each in messages]


@pytest.mark.parametrize(
    "text",
    [json.dumps([TALK]), json.dumps(TALK), json.dumps(TALK, indent=1), f"{json.dumps(TALK)}\n"],
    ids=["array", "object", "spread", "lines"],
)
def test_sharegpt_is_known_by_what_it_holds(text: str) -> None:
    (body,) = bodies(text.encode())
    assert said(body) == SAID


def test_other_lines_are_left_as_they_are() -> None:
    text = '{"role": "user", "content": "\\"conversations\\" are fine"}\n{"messages": []}'
    assert lines_in(text.encode()) == text.split("\n") == lines_in(b"\xef\xbb\xbf" + text.encode())
    cut = '{"messages": [{"role": "user"'
    assert lines_in(cut.encode()) == [cut]  # the reader of lines says what is wrong with it


def test_a_conversation_that_names_itself_is_taken_once() -> None:
    lines = lines_in(json.dumps([TALK, {**TALK, "id": None}]).encode())
    first = import_jsonl(lines, None, ThreadBegan(""))
    again = import_jsonl(lines, read_threads(first.events), ThreadBegan(""))
    assert [isinstance(each, TurnTaken) for each in first.events].count(True) == 4
    assert again.threads[0] == first.threads[0]
    assert {e.thread for e in again.events if isinstance(e, TurnTaken)} == {again.threads[1]}, (
        "it has no name"
    )


def test_a_thread_s_id_tells_nothing_of_what_was_said() -> None:
    (one,), (two,) = bodies(json.dumps([TALK]).encode()), bodies(json.dumps([OTHER]).encode())
    assert one["thread"] == two["thread"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'[{"conversations": [{"from": "oracle", "value": "x"}]}]', "without a known speaker"),
        (b'[{"conversations": [{"from": "human"}]}]', "without words"),
        (b'[{"conversations": "hi"}]', "conversation 1"),
        (b'[{"role": "user", "content": "x"}]', "conversation 1"),
        (b'{"conversations": [1, 2', "no JSON"),
        (b"PK\x03\x04 cut", "cut short or damaged"),
        (b"\xff\xfe", "no UTF-8"),
        (b'{"eval": {}, "status": "success"}', "damaged"),
        (TWO.encode(), "one id, and differ"),
        ("\n".join(map(json.dumps, json.loads(TWO))).encode(), "one id, and differ"),
    ],
)
def test_what_is_damaged_or_strange_is_said(data: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        lines_in(data)


def test_a_thread_is_named_by_a_thread_s_id() -> None:
    with pytest.raises(BadInput, match="names no thread"):
        import_jsonl(['{"messages": [], "thread": "b3:00"}'])


def test_a_log_that_is_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcripts, "LARGEST", 1000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("samples/1.json", b" " * 2000)
    with pytest.raises(BadInput, match="too large unpacked"):
        lines_in(packed.getvalue())


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """One log in both of Inspect's formats, as Inspect writes them."""
    from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalSample, EvalSpec, write_eval_log
    from inspect_ai.model import ChatMessageAssistant, ChatMessageUser
    from inspect_ai.tool import ToolCall

    call = ToolCall(id="t1", function="look", arguments={"at": 1})
    samples = [
        EvalSample(
            id=n, epoch=1, uuid=f"sample{n}", input=words, target="",
            messages=[
                ChatMessageUser(content=words),
                ChatMessageAssistant(content="hello", model="some/model", tool_calls=[call] * n),
            ],
        )
        for n, words in enumerate(["hi", "who are you?"])
    ]  # fmt: skip
    spec = EvalSpec(
        created="2026-11-21T00:00:00+00:00", task="talk", dataset=EvalDataset(), model="some/model",
        config=EvalConfig(),
    )  # fmt: skip
    folder, found = tmp_path_factory.mktemp("logs"), {}
    for kind in ("eval", "json"):
        path = folder / f"log.{kind}"
        write_eval_log(EvalLog(status="success", eval=spec, samples=samples), str(path), format=kind)  # type: ignore[arg-type]
        found[kind] = path.read_bytes()
    return found


@pytest.mark.parametrize("kind", ["eval", "json"])
def test_every_sample_of_a_log_is_a_thread(logs: dict[str, bytes], kind: str) -> None:
    one, two = bodies(logs[kind])
    assert said(one)[0] == ("user", "hi") and said(two)[0][1] == "who are you?"
    assert said(one)[1] == ("assistant", "hello")
    reply = two["messages"][1]  # type: ignore[index]
    assert reply["model"] == "some/model" and reply["tool_calls"][0]["function"]["arguments"] == '{"at": 1}'
    assert bodies(logs["json"]) == bodies(logs["eval"])
    with pytest.raises(BadInput, match="damaged"):
        lines_in(logs["eval"][:-200])
