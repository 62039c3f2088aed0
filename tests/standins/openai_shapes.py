"""What OpenAI's two interfaces put on the wire: chat completions, and responses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.standins.provider import Said


def model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "nobody", "max_model_len": 4096}


def error(status: int, message: str) -> dict[str, Any]:
    del status
    return {"error": {"message": message, "type": "error", "param": None, "code": None}}


def chat_messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    return list(body["messages"])


def chat_wanted(body: dict[str, Any]) -> int:
    return int(body.get("top_logprobs") or 0) if body.get("logprobs") else 0


def chat_most(body: dict[str, Any]) -> int | None:
    return body.get("max_completion_tokens") or body.get("max_tokens")


def chat_thinks(body: dict[str, Any]) -> bool:
    return bool(body.get("reasoning_effort") != "none")


def chat_reply(said: Said) -> dict[str, Any]:
    choice: dict[str, Any] = {
        "index": 0,
        "message": {"role": "assistant", "content": said.text},
        "finish_reason": "length" if said.cut else "stop",
    }
    if said.listed is not None:
        choice["logprobs"] = {"content": [_first(said)]}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": said.model,
        "choices": [choice],
        "usage": {
            "prompt_tokens": said.put_in,
            "completion_tokens": said.drawn,
            "total_tokens": said.put_in + said.drawn,
        },
    }


def response_messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    given = body["input"]
    turns = [{"role": "user", "content": given}] if isinstance(given, str) else list(given)
    return [t for t in turns if t.get("type", "message") == "message"]


def response_wanted(body: dict[str, Any]) -> int:
    asked = "message.output_text.logprobs" in (body.get("include") or [])
    return int(body.get("top_logprobs") or 0) if asked else 0


def response_most(body: dict[str, Any]) -> int | None:
    return body.get("max_output_tokens")


def response_thinks(body: dict[str, Any]) -> bool:
    return bool((body.get("reasoning") or {}).get("effort") != "none")


def response_reply(said: Said) -> dict[str, Any]:
    part: dict[str, Any] = {"type": "output_text", "text": said.text, "annotations": []}
    if said.listed is not None:
        part["logprobs"] = [_first(said)]
    message = {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    }
    output: list[dict[str, Any]] = [] if said.cut else [message]
    if said.thought:
        output.insert(0, {"type": "reasoning", "id": "rs_1", "summary": []})
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 0,
        "model": said.model,
        "status": "incomplete" if said.cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if said.cut else None,
        "error": None,
        "instructions": None,
        "metadata": {},
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "temperature": 1.0,
        "top_p": 1.0,
        "usage": {
            "input_tokens": said.put_in,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": said.drawn,
            "output_tokens_details": {"reasoning_tokens": said.thought},
            "total_tokens": said.put_in + said.drawn,
        },
    }


def _first(said: Said) -> dict[str, Any]:
    """The first token with the likeliest in its place."""
    listed = said.listed or []
    own = dict(listed).get(said.token, math.log(1e-6))
    entry = {"token": said.token, "logprob": own, "bytes": list(said.token.encode())}
    return {
        **entry,
        "top_logprobs": [{"token": t, "logprob": p, "bytes": list(t.encode())} for t, p in listed],
    }
