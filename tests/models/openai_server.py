"""A small OpenAI-compatible HTTP server whose answers come from a phantom: real requests, planted truth."""

from __future__ import annotations

import asyncio
import json
import math
import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from selfscope.errors import BadInput
from selfscope.models.phantoms import PhantomGround, Truth
from selfscope.values import Message, Options, Prompt

YES_NO = Options((" Yes", "Yes", "yes"), (" No", "No", "no"))
KEY = "right-key"


@dataclass
class Behaviour:
    """How the server behaves, and what it has seen."""

    brain: PhantomGround
    logprobs: Literal["given", "left_out", "refused"] = "given"
    list_length: int = 20
    failing: set[str] = field(default_factory=set)
    fail_once: set[str] = field(default_factory=set)
    say: str = ""
    seconds: float = 0.0
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""

    def asked(self, user: str) -> int:
        """How often `user` was the last turn of a request."""
        return sum(r["messages"][-1]["content"] == user for r in self.requests)


def phantom(log_odds: dict[str, float], system: str = "") -> PhantomGround:
    ground = PhantomGround("served", Truth())
    ground.learn({(system, user, ""): value for user, value in log_odds.items()})
    return ground


def prompts_of(users: Sequence[str], system: str = "") -> list[Prompt]:
    before = (Message("system", system),) if system else ()
    return [Prompt((*before, Message("user", user)), options=YES_NO) for user in users]


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing where a client hung up in the middle, as it does when it is stopped."""
        del request, client_address


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[Behaviour]:
    server = _Server(("127.0.0.1", 0), _handler(behaviour))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    behaviour.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield behaviour
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(behaviour: Behaviour) -> type[BaseHTTPRequestHandler]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                behaviour.requests.append(body)
                behaviour.keys.append(self.headers.get("Authorization", ""))
                status, reply = _respond(behaviour, body, self.headers.get("Authorization", ""))
            time.sleep(behaviour.seconds)
            data = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

    return Handler


def _respond(behaviour: Behaviour, body: dict[str, Any], key: str) -> tuple[int, dict[str, Any]]:
    user = body["messages"][-1]["content"]
    if key != f"Bearer {KEY}":
        return 401, _error("Incorrect API key provided", "invalid_api_key")
    if body["model"] != "phantom":
        return 404, _error("The model does not exist", "model_not_found")
    if user in behaviour.failing:
        return 400, _error("this prompt is broken", "bad_prompt")
    if user in behaviour.fail_once:
        behaviour.fail_once.discard(user)
        return 500, _error("out of order for a moment", "server_error")
    if body.get("logprobs") and behaviour.logprobs == "refused":
        return 403, _error("You are not allowed to request logprobs from this model", "no_logprobs")
    if body.get("logprobs") and body.get("top_logprobs", 0) > behaviour.list_length:
        return 400, _error(f"top_logprobs may be {behaviour.list_length} at most", "bad_logprobs")
    return 200, _completion(behaviour, body)


def _error(message: str, code: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "error", "param": None, "code": code}}


def _completion(behaviour: Behaviour, body: dict[str, Any]) -> dict[str, Any]:
    log_odds = _look_up(behaviour, body["messages"])
    yes = 1 / (1 + math.exp(-log_odds))
    said = "Yes" if random.Random(body.get("seed", 0)).random() < yes else "No"
    text = behaviour.say or f"{said}, I would say."
    choice: dict[str, Any] = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
    }
    if body.get("logprobs") and behaviour.logprobs == "given":
        choice["logprobs"] = {"content": [_listed(yes, said, body.get("top_logprobs", 0))]}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": "phantom-2026-01",
        "choices": [choice],
        "usage": {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16},
    }


def _listed(yes: float, said: str, length: int) -> dict[str, Any]:
    """0.9 of the mass on the options, each in two spellings; the rest on other words."""
    mass = {"Yes": 0.8 * 0.9 * yes, " Yes": 0.2 * 0.9 * yes, "No": 0.9 * (1 - yes)}
    mass.update({f"word{n}": 0.1 / 30 for n in range(30)})
    top = sorted(mass.items(), key=lambda item: -item[1])[:length]
    entries = [{"token": t, "logprob": math.log(p), "bytes": list(t.encode())} for t, p in top]
    first = {"token": said, "logprob": math.log(mass[said]), "bytes": list(said.encode())}
    return {**first, "top_logprobs": entries}


def _look_up(behaviour: Behaviour, messages: list[dict[str, str]]) -> float:
    prompt = Prompt(tuple(Message(m["role"], m["content"]) for m in messages), options=YES_NO)  # type: ignore[arg-type]
    try:
        answers = asyncio.run(behaviour.brain.answer([prompt]))
    except BadInput:
        return 0.0  # the probe, of which the phantom knows nothing
    return answers.answers[0][0].value
