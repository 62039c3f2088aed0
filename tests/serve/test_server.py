"""The server on a real socket: what it answers, to whom, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from selfscope.models.local.generate import GenerationRequest
from selfscope.models.local.spans import SpanReader
from selfscope.models.local.stream import Stream
from selfscope.serve.readings import Readings
from selfscope.values import Message
from tests.serve.conftest import IDENTITY, Running, alone, made, serving

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround
    from selfscope.space.monitor import Monitor
    from selfscope.space.turn_readings import Along

HELLO = [{"role": "user", "content": "What grows here?"}]


def body(**given: Any) -> dict[str, Any]:
    settings = {"model": "tiny:uncapped", "messages": HELLO, "max_tokens": 8, "seed": 3, "temperature": 0.8}
    return settings | given


def asked(running: Running, told: Any, **headers: str) -> httpx.Response:
    where = f"{running.url}/v1/chat/completions"
    return httpx.post(where, json=told, headers=running.headers | headers, timeout=60)


def chunks(running: Running, told: dict[str, Any]) -> list[dict[str, Any]]:
    answer = asked(running, told | {"stream": True})
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]
    assert events[-1] == "[DONE]"
    return [json.loads(event) for event in events[:-1]]


def test_a_reply_is_what_the_network_says_and_carries_its_reading(
    running: Running, ground: LocalGround
) -> None:
    told = asked(running, body()).json()
    want = alone(ground, HELLO, max_tokens=8, seed=3, temperature=0.8, top_p=0.9)
    assert told["choices"][0]["message"] == {"role": "assistant", "content": want, "refusal": None}
    assert told["usage"]["completion_tokens"] == 8 and told["model"] == "tiny:uncapped"
    field = told["selfscope"]
    assert field["turn"] == 1 and field["seed"] == 3 and field["system"] == "identity"
    assert field["band"][0] < field["expected"] < field["band"][1]
    assert field["alarm"] == (not field["band"][0] <= field["projection"] <= field["band"][1])
    assert field["axis"]["interpretable"] and field["axis"]["reliability"] == 0.8
    assert field["cap"] is None and field["missing"] == {} and field["ended"] == "length"


def test_the_reading_is_that_of_the_finished_conversation(running: Running, ground: LocalGround) -> None:
    from selfscope.models.local.spans import Turn
    from selfscope.space.turn_readings import read_turns

    talk: list[dict[str, str]] = []
    told: list[dict[str, Any]] = []
    monitor = running.served.readings.monitor
    assert monitor is not None
    for turn in range(3):
        talk.append({"role": "user", "content": f"And what of bed {turn}?"})
        answer = asked(running, body(messages=talk, seed=turn)).json()
        talk.append({"role": "assistant", "content": answer["choices"][0]["message"]["content"]})
        told.append(answer["selfscope"])
    turns = tuple(Turn("system", IDENTITY) if n < 0 else Turn(**talk[n]) for n in range(-1, len(talk)))  # type: ignore[arg-type]
    read = read_turns(ground, [turns], monitor.along)[0]
    state = monitor.begin()
    for turn, field in enumerate(told):
        value = float(read[2 + 2 * turn])
        watched, state = monitor.after(state, talk[2 * turn]["content"], value)
        assert field["projection"] == pytest.approx(value, abs=1e-4)
        assert field["expected"] == pytest.approx(watched.expected, abs=1e-6)
        assert field["score"] == pytest.approx(watched.score, abs=1e-3)
        assert field["band"] == pytest.approx(watched.band, abs=1e-3)
        assert field["turn"] == turn + 1


def test_chunks_add_up_to_the_reply_and_the_last_carries_its_reading(running: Running) -> None:
    whole = asked(running, body()).json()
    parts = chunks(running, body(stream_options={"include_usage": True}))
    assert parts[0]["choices"][0]["delta"]["role"] == "assistant"
    said = "".join(c["delta"].get("content", "") for part in parts for c in part["choices"])
    assert said == whole["choices"][0]["message"]["content"]
    assert parts[-1]["choices"] == [] and parts[-1]["usage"] == whole["usage"]
    last = parts[-2]
    assert last["choices"][0]["finish_reason"] == "length"
    assert last["selfscope"]["projection"] == pytest.approx(whole["selfscope"]["projection"], abs=1e-5)
    assert parts[0]["selfscope"]["expected"] == pytest.approx(last["selfscope"]["expected"])
    assert all(part["selfscope"]["projection"] is not None for part in parts[:-3])


def test_the_cap_is_over_the_model_and_not_over_the_one_called_uncapped(running: Running) -> None:
    capped = asked(running, body(model="tiny")).json()
    bare = asked(running, body()).json()
    cap = running.served.cap
    assert cap is not None
    along = running.served.readings.along
    assert along is not None
    lowest = (3.0 - along.frame.zero) / along.frame.unit
    assert capped["selfscope"]["projection"] >= lowest - 1e-4 > bare["selfscope"]["projection"]
    assert capped["selfscope"]["cap"] == {"id": cap.id, "name": cap.name, "status": "not validated"}
    assert capped["choices"] != bare["choices"]


def test_models_are_listed_with_what_is_over_them(running: Running) -> None:
    told = httpx.get(f"{running.url}/v1/models", headers=running.headers).json()
    assert [m["id"] for m in told["data"]] == ["tiny", "tiny:uncapped"]
    assert told["data"][0]["selfscope"]["cap"]["status"] == "not validated"
    assert told["data"][0]["selfscope"]["identity"] == "garden"


def test_a_request_may_add_to_the_identity_and_not_replace_it(running: Running, ground: LocalGround) -> None:
    talk = [{"role": "developer", "content": "Speak of roses."}, *HELLO]
    told = asked(running, body(messages=talk)).json()
    want = alone(
        ground, [{"role": "system", "content": "Speak of roses."}, *HELLO],
        max_tokens=8, seed=3, temperature=0.8, top_p=0.9,
    )  # fmt: skip
    assert told["choices"][0]["message"]["content"] == want
    assert told["selfscope"]["system"] == "identity and request"


def test_without_an_axis_every_reading_that_is_missing_says_why(ground: LocalGround) -> None:
    with serving(made(ground, identity=None)) as bare:
        field = asked(bare, body(model="tiny")).json()["selfscope"]
    assert field["projection"] is field["expected"] is field["alarm"] is field["axis"] is None
    assert set(field["missing"]) == {"projection", "expected", "band", "score", "alarm"}
    assert "--axis" in field["missing"]["projection"]
    assert field["system"] == "none"


WRONG = [
    ({"model": "gpt"}, 404, "model_not_found", "tiny"),
    ({"messages": []}, 400, "bad_value", "at least one"),
    ({"messages": "hello"}, 400, "bad_value", "list"),
    ({"messages": [{"role": "wizard", "content": "x"}]}, 400, "bad_value", "wizard"),
    ({"messages": [{"role": "tool", "content": "x"}]}, 400, "bad_value", "assistant"),
    ({"messages": [*HELLO, {"role": "system", "content": "x"}]}, 400, "bad_value", "first"),
    ({"messages": [*HELLO, {"role": "assistant", "content": "x"}]}, 400, "bad_value", "user says"),
    ({"messages": [{"role": "user", "content": 7}]}, 400, "bad_value", "text"),
    ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, 400, "bad_value", "text"),
    ({"messages": [{"role": "user", "content": "<|end|>"}]}, 400, "bad_conversation", "control"),
    ({"messages": [{"role": "user", "content": "rain " * 3000}]}, 400, "bad_conversation", "2048 tokens"),
    ({"messages": [{"role": "user", "content": "x", "tool_calls": [1]}]}, 400, "not_honoured", "tool_calls"),
    ({"max_tokens": 0}, 400, "bad_value", "max_tokens"),
    ({"max_tokens": 100_000}, 400, "too_many_tokens", "512"),
    ({"temperature": "warm"}, 400, "bad_value", "number"),
    ({"temperature": 9}, 400, "bad_value", "between 0 and 2"),
    ({"top_p": 0}, 400, "bad_value", "top_p"),
    ({"seed": -1}, 400, "bad_value", "seed"),
    ({"stop": [""]}, 400, "bad_value", "stop"),
    ({"stream": 1}, 400, "bad_value", "true or false"),
    ({"n": 2}, 400, "not_honoured", "one reply"),
    ({"tools": [{"type": "function"}]}, 400, "not_honoured", "tools"),
    ({"temprature": 1}, 400, "unknown_field", "temprature"),
]


@pytest.mark.parametrize(("given", "status", "code", "words"), WRONG, ids=lambda v: str(v)[:40])
def test_what_cannot_be_honoured_is_refused_in_words(
    running: Running, given: dict[str, Any], status: int, code: str, words: str
) -> None:
    answer = asked(running, body(**given))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert words in error["message"] and error["type"].endswith("_error")


@pytest.mark.parametrize("text", [b"{", b"\xff\xfe", b"[1]", b'{"model": NaN}', b"[" * 200_000])
def test_what_is_no_object_of_json_is_refused(running: Running, text: bytes) -> None:
    where = f"{running.url}/v1/chat/completions"
    kind = {"content-type": "application/json"}
    answer = httpx.post(where, content=text, headers=running.headers | kind)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_json")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"\\ud800": 1}', "no field"),
        (b'{"model": "tiny", "messages": [{"role": "user", "content": "\\ud800"}]}', "half a character"),
        (b'{"model": "tiny", "messages": [{"role": "user", "content": "x", "\\udfff": 1}]}', "not honoured"),
        (b'{"model": "\\udc00", "messages": [{"role": "user", "content": "x"}]}', "no model"),
        (b'{"seed": ' + b"9" * 5000 + b"}", "not JSON"),
    ],
)
def test_half_characters_and_endless_numbers_are_answered_too(
    running: Running, text: bytes, words: str
) -> None:
    where = f"{running.url}/v1/chat/completions"
    kind = {"content-type": "application/json"}
    answer = httpx.post(where, content=text, headers=running.headers | kind)
    assert answer.status_code in (400, 404) and words in answer.text


def test_the_token_the_host_and_the_page_are_checked(running: Running) -> None:
    for given in ({"authorization": ""}, {"authorization": "Bearer no"}, {"authorization": "Basic é"}):
        raw = {k: v.encode("utf-8") for k, v in given.items()}
        assert httpx.get(f"{running.url}/v1/models", headers=raw).status_code == 401
    for name in ("evil.example", f"evil.example:{running.port}", "127.0.0.1:1"):
        answer = httpx.get(f"{running.url}/", headers={"host": name})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "host_not_allowed")
    for origin in ("https://evil.example", "null", f"https://127.0.0.1:{running.port}"):
        assert asked(running, body(), origin=origin).status_code == 403
    assert asked(running, body(), origin=running.url).status_code == 200
    by_name = httpx.get(f"http://localhost:{running.port}/v1/models", headers=running.headers)
    assert by_name.status_code == 200


def test_the_page_needs_no_token_and_holds_none(running: Running) -> None:
    answer = httpx.get(running.url)
    assert answer.status_code == 200
    assert "a-token-for-tests" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert httpx.get(f"{running.url}/nothing").status_code == 404
    assert httpx.post(running.url).status_code == 405


def test_a_huge_body_and_another_kind_are_refused(running: Running) -> None:
    where = f"{running.url}/v1/chat/completions"
    kind = {"content-type": "application/json"}
    big = httpx.post(where, content=b" " * (2**20 + 1), headers=running.headers | kind)
    assert (big.status_code, big.json()["error"]["code"]) == (413, "body_too_large")
    form = httpx.post(where, content=b"{}", headers=running.headers | {"content-type": "text/plain"})
    assert form.status_code == 415


def test_a_reply_that_is_cut_before_its_conversation_was_read_says_so(
    ground: LocalGround, along: Along, monitor: Monitor
) -> None:
    readings = Readings(along, monitor)
    stream = Stream(ground, read=readings.place)
    talk = (Message("user", "rain"), Message("assistant", "roses"), Message("user", "What grows here?"))
    row = stream.prepare(GenerationRequest(talk, 8, 0.8, 1.0, 3))
    watching = readings.watching(ground, SpanReader(ground.tokenizer, str(ground.renderer.template)), row)
    assert not watching.why
    stream.join(row)
    stream.cut(row, "time limit")
    (piece,) = stream.advance()
    field = watching.told(piece)
    assert field["ended"] == "time limit" and field["turn"] == 2
    assert [field[name] for name in ("projection", "expected", "score", "alarm")] == [None] * 4
    assert "before its conversation was read" in field["missing"]["expected"]
