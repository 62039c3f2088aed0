"""Chat completions as clients of OpenAI read them, whole and in chunks, with the extension field."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from selfscope.models.local.generate import Generation
from selfscope.serve.asked import Asked
from selfscope.serve.served import Part, Served

EXTENSION = "selfscope"
_REASONS = {"stop": "stop", "length": "length"}


@dataclass(frozen=True)
class Answer:
    """One completion under way: what is the same in all its parts."""

    asked: Asked
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, text: str, last: Part) -> dict[str, Any]:
        """Return the completion in one piece."""
        assert last.done is not None
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason(last.done)}
        told = self._head("chat.completion") | {"choices": [choice], "usage": usage(last.done)}
        return told | {EXTENSION: last.told}

    def chunks(self, part: Part, first: bool) -> list[dict[str, Any]]:
        """Return the chunks of one part; the reason to end, and all that was read, come with the last."""
        delta: dict[str, Any] = (
            {"role": "assistant", "content": part.text} if first else {"content": part.text}
        )
        made = [] if part.done and not part.text and not first else [self._chunk(delta, None, {})]
        if part.done is None:
            made[0][EXTENSION] = part.told
            return made
        made.append(self._chunk({}, finish_reason(part.done), part.told))
        if self.asked.usage:
            made.append(self._head("chat.completion.chunk") | {"choices": [], "usage": usage(part.done)})
        return made

    def _chunk(self, delta: dict[str, Any], reason: str | None, told: dict[str, Any]) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        made = self._head("chat.completion.chunk") | {"choices": [choice]}
        made |= {"usage": None} if self.asked.usage else {}
        return made | ({EXTENSION: told} if told else {})

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.asked.model}


def finish_reason(done: Generation) -> str:
    """Return why it ended, in the client's words; what was cut reached a limit, and the field says which."""
    return _REASONS.get(done.stop_reason, "length")


def usage(done: Generation) -> dict[str, int]:
    """Return the tokens that were put in and drawn."""
    put_in, drawn = done.input_tokens, done.output_tokens
    return {"prompt_tokens": put_in, "completion_tokens": drawn, "total_tokens": put_in + drawn}


def models_of(served: Served, since: int) -> dict[str, Any]:
    """Return what ``/v1/models`` answers."""

    def one(name: str) -> dict[str, Any]:
        voice = served.models[name]
        cap = voice.cap
        told = {
            "identity": voice.identity_name,
            "adapter": None if voice.adapter is None else voice.adapter.name,
            "cap": None if cap is None else {"id": cap.id, "name": cap.name, "status": cap.status},
            "axis": served.readings.axis,
            "monitor": served.readings.watched,
            "max_tokens": served.limits.max_tokens,
        }
        head = {"id": name, "object": "model", "created": since, "owned_by": "selfscope"}
        return head | {EXTENSION: told}

    told = {"object": "list", "data": [one(name) for name in served.models]}
    return told | {EXTENSION: {"several": bool(served.cast)}}


def event(told: dict[str, Any] | str) -> bytes:
    """Return one event of a stream."""
    return b"data: " + (told.encode() if isinstance(told, str) else json_bytes(told)) + b"\n\n"


def json_bytes(told: dict[str, Any]) -> bytes:
    """Return JSON on one line; a number that does not exist is a defect, and raises.

    Half a character, which only an answer that repeats a wrong request can hold, is written as its number.
    """
    text = json.dumps(told, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")
