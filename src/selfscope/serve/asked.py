"""A request for a chat completion, read strictly: what cannot be honoured is refused, not left out."""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from selfscope.serve.wrong import Wrong
from selfscope.values import Message

TEMPERATURE, TOP_P = 0.7, 0.9
"""Where the request says nothing: those by which the conversations of ``drift`` are drawn, on which limits
of alarms rest."""

MOST_MESSAGES, MOST_STOPS = 512, 4

ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}

#: Fields that say nothing about the reply.
_NO_MATTER = frozenset({"user", "metadata", "store", "safety_identifier", "prompt_cache_key", "service_tier"})
#: Values that ask for nothing.
_NOTHING: tuple[Any, ...] = (None, [], {}, False, 0, 0.0, "none", "auto", "text", ["text"], {"type": "text"})
_HONOURED = frozenset(
    {
        "model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens",
        "temperature", "top_p", "seed", "stop", "n",
    }
)  # fmt: skip
#: Known to clients, and not honoured here.
_REFUSED = frozenset(
    {
        "tools", "tool_choice", "functions", "function_call", "parallel_tool_calls", "response_format",
        "frequency_penalty", "presence_penalty", "logit_bias", "logprobs", "top_logprobs", "modalities",
        "audio", "prediction", "reasoning_effort", "verbosity", "web_search_options",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What a request asks for.

    Attributes
    ----------
    model
        By its name.
    messages
        As they were given, roles in our words; the last is the user's.
    max_tokens
        0 where nothing was said.
    stream, usage
        Whether the reply comes in pieces, and whether the last of these tells what was used.
    """

    model: str
    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float
    top_p: float
    seed: int
    stop: tuple[str, ...]
    stream: bool
    usage: bool

    @property
    def system(self) -> str:
        """The request's own system message, "" without one."""
        return self.messages[0].content if self.messages[0].role == "system" else ""

    @property
    def talk(self) -> tuple[Message, ...]:
        """What user and assistant said."""
        return tuple(m for m in self.messages if m.role != "system")


def read_asked(body: bytes) -> Asked:
    """Return what a body asks for.

    Raises
    ------
    Wrong
        With the field that is wrong, and what it may be.
    """
    given = _parsed(body)
    _refuse_fields(given)
    options = given.get("stream_options")
    if options is not None and not isinstance(options, dict):
        raise _bad("stream_options", "must be an object", options)
    return Asked(
        model=_text(given, "model"),
        messages=_messages(given.get("messages")),
        max_tokens=_tokens(given),
        temperature=_number(given, "temperature", TEMPERATURE, 0.0, 2.0),
        top_p=_number(given, "top_p", TOP_P, 1e-6, 1.0),
        seed=_seed(given.get("seed")),
        stop=_stops(given.get("stop")),
        stream=_flag(given, "stream"),
        usage=bool((options or {}).get("include_usage")),
    )


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        given = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except RecursionError:
        raise Wrong(400, "The body is nested too deeply.", "bad_json") from None
    except ValueError as error:
        raise Wrong(400, f"The body is not JSON in UTF-8: {error}.", "bad_json") from None
    if not isinstance(given, dict):
        raise Wrong(400, f"The body must be one JSON object. Got: {type(given).__name__}.", "bad_json")
    return given


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _refuse_fields(given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if name in _REFUSED and not any(value == each for each in _NOTHING):
            raise Wrong(400, f"{name} is not honoured here. Leave it out.", "not_honoured", name)
        if name not in _REFUSED | _HONOURED | _NO_MATTER:
            raise Wrong(
                400, f"There is no field {name!r:.60} in a chat completion.", "unknown_field", name[:60]
            )
    if given.get("n") not in (None, 1):
        raise Wrong(
            400, "One request gets one reply: n must be 1. Ask as often as you like.", "not_honoured", "n"
        )


def _messages(given: Any) -> tuple[Message, ...]:
    if not isinstance(given, list) or not given:
        raise _bad("messages", "must be a list of at least one message", given)
    if len(given) > MOST_MESSAGES:
        raise _bad("messages", f"has more than {MOST_MESSAGES} messages", len(given))
    messages = tuple(_message(each, f"messages[{n}]") for n, each in enumerate(given))
    late = next((n for n, m in enumerate(messages) if n and m.role == "system"), None)
    if late is not None:
        raise _bad(
            f"messages[{late}].role", "is system; a system message stands first or not at all", "system"
        )
    if messages[-1].role != "user":
        raise _bad("messages", "must end with what the user says", messages[-1].role)
    return messages


def _message(given: Any, where: str) -> Message:
    if not isinstance(given, dict):
        raise _bad(where, "must be an object with role and content", given)
    role = given.get("role")
    if not isinstance(role, str) or role not in ROLES:
        raise _bad(f"{where}.role", "must be system, developer, user or assistant", role)
    extra = [k for k, v in given.items() if k not in ("role", "content", "name") and v not in (None, [])]
    if extra:
        raise Wrong(400, f"{where}.{extra[0]:.60} is not honoured here. Leave it out.", "not_honoured", where)
    return Message(ROLES[role], _content(given.get("content"), where))  # type: ignore[arg-type]


def _content(given: Any, where: str) -> str:
    if isinstance(given, list) and all(isinstance(p, dict) and p.get("type") == "text" for p in given):
        given = "".join(str(part.get("text", "")) for part in given)
    if not isinstance(given, str):
        raise _bad(f"{where}.content", "must be text, or parts of type text", given)
    if any("\ud800" <= c <= "\udfff" for c in given):
        raise _bad(f"{where}.content", "holds half a character (a lone surrogate)", "")
    return given


def _tokens(given: Mapping[str, Any]) -> int:
    found = {}
    for name in ("max_tokens", "max_completion_tokens"):
        value = given.get(name)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise _bad(name, "must be a whole number from 1", value)
        found[name] = value
    return min(found.values(), default=0)


def _number(given: Mapping[str, Any], name: str, default: float, low: float, high: float) -> float:
    value = given.get(name)
    if value is None:
        return default
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        raise _bad(name, "must be a number", value)
    if not low <= value <= high:
        raise _bad(name, f"must lie between {low:g} and {high:g}", value)
    return float(value)


def _seed(value: Any) -> int:
    if value is None:
        return secrets.randbits(31)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise _bad("seed", "must be a whole number from 0 and under 2^63", value)
    return value


def _stops(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    stops: Sequence[Any] = [value] if isinstance(value, str) else value if isinstance(value, list) else [None]
    if len(stops) > MOST_STOPS or not all(isinstance(s, str) and 0 < len(s) <= 100 for s in stops):
        raise _bad("stop", f"must be up to {MOST_STOPS} texts of 1 to 100 characters", value)
    return tuple(stops)


def _flag(given: Mapping[str, Any], name: str) -> bool:
    value = given.get(name)
    if value not in (None, True, False) or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        raise _bad(name, "must be true or false", value)
    return bool(value)


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise _bad(name, "must name a model; GET /v1/models lists them", value)
    return value


def _bad(where: str, what: str, got: Any) -> Wrong:
    shown = repr(got)
    shown = shown if len(shown) <= 80 else shown[:79] + "…"
    return Wrong(400, f"{where} {what}. Got: {shown}.", "bad_value", where)
