"""What OpenAI's chat interface puts on the wire where a model calls tools, and an agent behind it.

The agent is a function from what it hears to what it says; whatever servers were seen to send can be sent:
several calls at once, arguments that are no JSON, no content, a reply that was cut, thoughts beside it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Spoken:
    """One reply.

    Attributes
    ----------
    text
        None where the message has no content at all, as beside calls of tools.
    calls
        Names of tools, each with its arguments as they stand on the wire: any text, JSON or not.
    cut
        Whether it ended at the limit of tokens.
    thought
        What the server tells of its thoughts (``reasoning_content``).
    """

    text: str | None = None
    calls: Sequence[tuple[str, str]] = ()
    cut: bool = False
    thought: str = ""


@dataclass(frozen=True)
class Heard:
    """A request, as an agent reads it."""

    messages: Sequence[Mapping[str, Any]]
    tools: Sequence[str]

    @property
    def system(self) -> str:
        """What the conversation began with."""
        return str(self.messages[0]["content"])

    @property
    def said(self) -> str:
        """The user's last turn."""
        return str(self.messages[self._turn]["content"])

    @property
    def step(self) -> int:
        """How many replies it has given since then."""
        return sum(message["role"] == "assistant" for message in self.messages[self._turn :])

    @property
    def results(self) -> list[str]:
        """What the tools gave back for its last reply, in the order of its calls."""
        last = max((n for n, m in enumerate(self.messages) if m["role"] == "assistant"), default=0)
        return [str(m["content"]) for m in self.messages[last:] if m["role"] == "tool"]

    @property
    def _turn(self) -> int:
        return max(n for n, message in enumerate(self.messages) if message["role"] == "user")


#: What stands behind the server where tools are offered.
Agent = Callable[[Heard], Spoken]


def call(tool: str, /, **arguments: object) -> tuple[str, str]:
    """Return one call as it stands on the wire."""
    return tool, json.dumps(arguments)


def heard(body: Mapping[str, Any]) -> Heard:
    """Return what a request says."""
    return Heard(body["messages"], [tool["function"]["name"] for tool in body.get("tools") or ()])


def refusal(body: Mapping[str, Any]) -> str:
    """Return why OpenAI's service refuses a request with tools; "" where it takes it.

    A tool that is called strictly has every property required and no other allowed. A call of a tool is
    followed by what it gave back, before anything else is said.
    """
    for tool in body.get("tools") or ():
        told = tool["function"]
        schema = told["parameters"]
        left = set(schema["properties"]) - set(schema.get("required", ()))
        if told.get("strict") and (left or schema.get("additionalProperties") is not False):
            return (
                f"Invalid schema for function '{told['name']}': 'required' has to include every key: {left}"
            )
    waiting: list[str] = []
    for message in body["messages"]:
        if message["role"] == "tool" and message["tool_call_id"] in waiting:
            waiting.remove(message["tool_call_id"])
        elif message["role"] == "tool" or waiting:
            return "An assistant message with 'tool_calls' must be followed by tool messages for each of them"
        waiting += [each["id"] for each in message.get("tool_calls") or ()]
    return ""


def chat_reply(spoken: Spoken, number: int, model: str, put_in: int, drawn: int) -> dict[str, Any]:
    """Return a reply on the wire; `number` tells its calls from those of other replies."""
    message: dict[str, Any] = {"role": "assistant", "content": spoken.text}
    if spoken.thought:
        message["reasoning_content"] = spoken.thought
    if spoken.calls:
        message["tool_calls"] = [
            {
                "id": f"call_{number}_{n}",
                "type": "function",
                "function": {"name": name, "arguments": arguments},
            }
            for n, (name, arguments) in enumerate(spoken.calls)
        ]
    finish = "length" if spoken.cut else "tool_calls" if spoken.calls else "stop"
    usage = {"prompt_tokens": put_in, "completion_tokens": drawn, "total_tokens": put_in + drawn}
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": usage,
    }


def tokens_of(body: Mapping[str, Any], spoken: Spoken) -> tuple[int, int]:
    """Return the tokens of a request, its tools and earlier calls among them, and of a reply: its words."""
    put_in = len(json.dumps([body["messages"], body.get("tools") or []]).split())
    said = [spoken.text or "", spoken.thought, *(each for pair in spoken.calls for each in pair)]
    return put_in, sum(len(each.split()) for each in said)
