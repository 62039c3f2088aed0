"""A provider of language models on this machine: OpenAI's two interfaces and Anthropic's, at one address.

What it says comes from a brain (:mod:`tests.standins.brains`); how it behaves is set by the test: keys, lists
of likeliest tokens given or not, thinking, troubles of every kind. It remembers every request.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from selfscope.values import Message
from tests.standins import anthropic_shapes, openai_shapes, tool_agent
from tests.standins.brains import Brain
from tests.standins.tool_agent import Agent
from tests.standins.wire import Reply, Request, as_json, serving

KEY = "right-key"


@dataclass(frozen=True)
class Trouble:
    """What the next request gets in place of an answer; `breaks_off` ends it in the middle."""

    status: int
    message: str
    headers: dict[str, str] = field(default_factory=dict)
    breaks_off: bool = False


BROKEN = Trouble(400, "this prompt is broken")
OUT_OF_ORDER = Trouble(500, "out of order for a moment")


@dataclass
class Provider:
    """How the stand-in behaves, and what it has seen.

    Attributes
    ----------
    models
        Names that it serves; another is answered with 404.
    served_as
        The name under which it says that it answered; the one asked for where empty.
    key
        The key it takes; None takes any.
    logprobs, list_length, clips
        Whether it gives lists of likeliest tokens, how long at most, and whether a longer one that is asked
        for is cut to that without a word, or refused.
    failing, failure
        Last turns that it will not take, and what they get.
    once
        What a last turn gets in place of its first answer.
    holding
        Last turns whose answer it holds back until the block of :func:`providing` ends.
    troubles
        Answered first, one a request.
    leaves_after
        How many requests it answers before it hangs up on every other; None for a server that stays.
    say
        What it says whatever it is asked.
    agent
        Who answers where tools are offered; the brain answers all else.
    seconds
        How long it takes.
    thinks
        Tokens that it thinks first, unless the request turns thinking off.
    thinking_stays
        Whether it refuses to turn thinking off.
    requests, paths, keys, times
        What was asked, where, with which key and when (monotonic seconds), one a request.
    bills
        Tokens in and out of every request that was answered, in the order of answering.
    drawn
        How often each conversation was answered.
    """

    brain: Brain
    models: tuple[str, ...] = ("phantom",)
    served_as: str = "phantom-2026-01"
    key: str | None = KEY
    logprobs: Literal["given", "left_out", "refused"] = "given"
    list_length: int = 20
    clips: bool = False
    failing: set[str] = field(default_factory=set)
    failure: Trouble = BROKEN
    once: dict[str, Trouble] = field(default_factory=dict)
    holding: set[str] = field(default_factory=set)
    troubles: list[Trouble] = field(default_factory=list)
    leaves_after: int | None = None
    say: str = ""
    agent: Agent | None = None
    seconds: float = 0.0
    thinks: int = 0
    thinking_stays: bool = False
    requests: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    bills: list[tuple[int, int]] = field(default_factory=list)
    drawn: Counter[tuple[Message, ...]] = field(default_factory=Counter)
    address: str = ""

    @property
    def url(self) -> str:
        """The address as clients of OpenAI want it."""
        return f"{self.address}/v1"

    def billed(self, last: int) -> tuple[int, int]:
        """Tokens in and out of the last so many answers."""
        put_in, drawn = zip(*self.bills[-last:], strict=True)
        return sum(put_in), sum(drawn)

    def asked(self, user: str) -> int:
        """How often `user` was the last turn of a request."""
        return sum(_turns(r)[-1].content == user for r in self.requests)


@dataclass(frozen=True)
class Said:
    """One reply, whatever shape it goes out in."""

    text: str
    token: str
    listed: list[tuple[str, float]] | None
    cut: bool
    thought: int
    model: str
    put_in: int
    drawn: int


@dataclass(frozen=True)
class Interface:
    """One way of asking, by path: what a request says, and what a reply and an error look like."""

    messages: Callable[[dict[str, Any]], list[dict[str, Any]]]
    wanted: Callable[[dict[str, Any]], int]
    most: Callable[[dict[str, Any]], int | None]
    thinks: Callable[[dict[str, Any]], bool]
    reply: Callable[[Said], dict[str, Any]]
    error: Callable[[int, str], dict[str, Any]]


INTERFACES = {
    "/v1/chat/completions": Interface(
        openai_shapes.chat_messages, openai_shapes.chat_wanted, openai_shapes.chat_most,
        openai_shapes.chat_thinks, openai_shapes.chat_reply, openai_shapes.error,
    ),
    "/v1/responses": Interface(
        openai_shapes.response_messages, openai_shapes.response_wanted, openai_shapes.response_most,
        openai_shapes.response_thinks, openai_shapes.response_reply, openai_shapes.error,
    ),
    "/v1/messages": Interface(
        anthropic_shapes.messages, anthropic_shapes.wanted, anthropic_shapes.most,
        anthropic_shapes.thinks, anthropic_shapes.reply, anthropic_shapes.error,
    ),
}  # fmt: skip


@contextmanager
def providing(provider: Provider) -> Iterator[Provider]:
    """Serve `provider` until the block ends; where it was served before, at the same address."""
    lock, ended = threading.Lock(), threading.Event()

    def answer(request: Request) -> Reply:
        if _held(provider, request):
            ended.wait()
            return Reply(hang_up=True)
        with lock:
            reply = _answer(provider, request)
        time.sleep(provider.seconds)
        return reply

    with serving(answer, int(provider.address.rpartition(":")[2] or 0)) as address:
        provider.address = address
        try:
            yield provider
        finally:
            ended.set()


def _held(provider: Provider, request: Request) -> bool:
    """Return whether a request's answer is held back; it counts as asked, and never as answered."""
    held = request.path in INTERFACES and _turns(request.body)[-1].content in provider.holding
    if held:
        _remember(provider, request)
    return held


def _remember(provider: Provider, request: Request) -> str:
    """Note a request, and return its key."""
    key = request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")
    provider.requests.append(request.body)
    provider.paths.append(request.path)
    provider.keys.append(key)
    provider.times.append(time.monotonic())
    return key


def _answer(provider: Provider, request: Request) -> Reply:
    if request.path == "/v1/models":
        return as_json({"object": "list", "data": [openai_shapes.model(name) for name in provider.models]})
    interface = INTERFACES.get(request.path)
    if interface is None:
        return as_json({"error": {"message": f"no such path: {request.path}"}}, 404)
    key = _remember(provider, request)
    if provider.leaves_after is not None and len(provider.bills) >= provider.leaves_after:
        return Reply(hang_up=True)
    trouble = _trouble(provider, interface, request.body, key)
    if trouble is not None:
        reply = as_json(interface.error(trouble.status, trouble.message), trouble.status, trouble.headers)
        return replace(reply, length=2 * len(reply.data)) if trouble.breaks_off else reply
    if provider.agent is not None and request.body.get("tools"):
        return _called(provider, provider.agent, request.body)
    said = _said(provider, interface, request.body)
    provider.bills.append((said.put_in, said.drawn))
    return as_json(interface.reply(said))


def _called(provider: Provider, agent: Agent, body: dict[str, Any]) -> Reply:
    """Return what the agent behind the server says, or the refusal of a request that OpenAI's refuses."""
    if refused := tool_agent.refusal(body):
        return as_json(openai_shapes.error(400, refused), 400)
    spoken = agent(tool_agent.heard(body))
    provider.bills.append(tool_agent.tokens_of(body, spoken))
    number = len(provider.bills)
    return as_json(tool_agent.chat_reply(spoken, number, provider.served_as, *provider.bills[-1]))


def _trouble(provider: Provider, interface: Interface, body: dict[str, Any], key: str) -> Trouble | None:
    """Return why this request gets no answer, if it gets none."""
    user = _turns(body)[-1].content
    wanted = interface.wanted(body)
    if provider.key is not None and key != provider.key:
        return Trouble(401, f"Incorrect API key provided: {key}")  # providers do repeat it
    if body["model"] not in provider.models:
        return Trouble(404, "The model does not exist")
    if provider.troubles:
        return provider.troubles.pop(0)
    if user in provider.failing:
        return provider.failure
    if user in provider.once:
        return provider.once.pop(user)
    if provider.thinking_stays and not interface.thinks(body):
        return Trouble(400, "Unsupported value: reasoning effort 'none' is not supported with this model")
    if wanted and provider.logprobs == "refused":
        return Trouble(403, "You are not allowed to request logprobs from this model")
    if wanted > provider.list_length and not provider.clips:
        return Trouble(400, f"top_logprobs may be {provider.list_length} at most")
    return None


def _said(provider: Provider, interface: Interface, body: dict[str, Any]) -> Said:
    turns, wanted = _turns(body), interface.wanted(body)
    provider.drawn[turns] += (
        1  # without a seed the draws of one conversation differ, and are those of every run
    )
    token, text = provider.brain.drawn(
        turns, random.Random(body.get("seed", f"{turns} {provider.drawn[turns]}"))
    )
    thought = provider.thinks if interface.thinks(body) else 0
    cut = thought >= (interface.most(body) or 1_000_000)
    length = min(wanted, provider.list_length)
    listed = provider.brain.listed(turns)[:length] if wanted and provider.logprobs == "given" else None
    model = provider.served_as or str(body["model"])
    words = "" if cut else provider.say or text
    put_in, drawn = provider.brain.counted(turns, words)
    return Said(words, token, listed, cut, thought, model, put_in, drawn + thought)


def _turns(body: dict[str, Any]) -> tuple[Message, ...]:
    """Return the conversation of a request of any of the three interfaces."""
    path = "/v1/responses" if "input" in body else "/v1/messages" if "messages" in body else ""
    messages = INTERFACES[path].messages(body)
    roles = {"developer": "system"}
    return tuple(Message(roles.get(m["role"], m["role"]), _text(m["content"])) for m in messages)


def _text(content: Any) -> str:
    """Return the words of a message, which may come in parts."""
    return content if isinstance(content, str) else "".join(part["text"] for part in content or ())
