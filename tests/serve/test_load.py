"""Many at once: nobody is mixed with anybody, who comes late is served, and who is too many is told so."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from selfscope.serve.served import Limits
from tests.serve.conftest import Running, alone, made, serving

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround

CLIENTS = 16


def talk(n: int) -> list[dict[str, str]]:
    return [{"role": "user", "content": " ".join(["What of", "rain " * (n % 5), f"and bed {n % 4} ?"])}]


def body(n: int, tokens: int) -> dict[str, Any]:
    return {"model": "tiny", "messages": talk(n), "max_tokens": tokens, "seed": n, "stream": n % 2 == 0}


def endless(tokens: int = 1900) -> dict[str, Any]:
    """A reply as long as it may be: the likeliest word of this network is never the end."""
    return body(0, tokens) | {"stream": True, "temperature": 0}


async def said(client: httpx.AsyncClient, given: dict[str, Any]) -> tuple[str, float]:
    answer = await client.post("/v1/chat/completions", json=given)
    assert answer.status_code == 200, answer.text
    if not given["stream"]:
        return str(answer.json()["choices"][0]["message"]["content"]), time.monotonic()
    lines = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]
    parts = [json.loads(line)["choices"][0]["delta"] for line in lines[:-1]]
    return "".join(part.get("content", "") for part in parts), time.monotonic()


def test_sixteen_at_once_say_what_each_says_alone_and_late_joiners_too(ground: LocalGround) -> None:
    async def all_of(running: Running) -> list[tuple[str, float]]:
        limits = httpx.Limits(max_connections=40)
        async with httpx.AsyncClient(
            base_url=running.url, headers=running.headers, limits=limits, timeout=60
        ) as client:
            first = [asyncio.create_task(said(client, body(n, 24 + n % 5))) for n in range(CLIENTS)]
            await asyncio.sleep(0.15)
            late = [asyncio.create_task(said(client, body(n, 6))) for n in range(CLIENTS, CLIENTS + 6)]
            return list(await asyncio.gather(*first, *late))

    with serving(made(ground, limits=Limits(rows=8, waiting=20))) as running:
        found = asyncio.run(all_of(running))
    for n, (text, _) in enumerate(found):
        tokens = 24 + n % 5 if n < CLIENTS else 6
        assert text == alone(ground, talk(n), max_tokens=tokens, temperature=0.7, top_p=0.9, seed=n), n


def test_who_is_too_many_is_told_when_to_ask_again_and_is_served_then(ground: LocalGround) -> None:
    async def flood(running: Running) -> list[httpx.Response]:
        """Fill every place with a reply that does not end, ask for more, and leave."""
        async with httpx.AsyncClient(base_url=running.url, headers=running.headers, timeout=60) as client:
            held = [asyncio.create_task(said(client, endless())) for _ in range(4)]
            while running.served.batching.running < 4:
                assert not any(task.done() for task in held)
                await asyncio.sleep(0.01)
            given = [body(n, 4) | {"stream": False} for n in range(8)]
            found = await asyncio.gather(*(client.post("/v1/chat/completions", json=g) for g in given))
            for task in held:
                task.cancel()
            await asyncio.gather(*held, return_exceptions=True)
            return list(found)

    with serving(made(ground, limits=Limits(rows=2, waiting=2, max_tokens=1900))) as running:
        found = asyncio.run(flood(running))
        assert [each.status_code for each in found] == [429] * 8
        assert all(int(each.headers["retry-after"]) >= 1 for each in found)
        assert found[0].json()["error"]["code"] == "too_many_replies"
        until(lambda: running.served.batching.running == 0)
        again = httpx.post(
            f"{running.url}/v1/chat/completions",
            json=body(1, 4) | {"stream": False}, headers=running.headers, timeout=60,
        )  # fmt: skip
        assert again.status_code == 200


def test_a_client_that_leaves_frees_its_place(
    ground: LocalGround, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(made(ground, limits=Limits(rows=1, waiting=0, max_tokens=1900))) as running:
        with httpx.stream(
            "POST", f"{running.url}/v1/chat/completions", json=endless(), headers=running.headers, timeout=60
        ) as answer:
            parts = answer.iter_text()  # kept: once it is dropped the client has left
            next(parts)
            (row,) = running.served.stream._rows()
        until(lambda: running.served.batching.running == 0)
        assert row.cut == "client gone"
    assert capsys.readouterr().err == ""


def test_a_stop_lets_replies_end_and_cuts_those_that_would_not(ground: LocalGround) -> None:
    ends: dict[str, Any] = {}

    def ask(running: Running, name: str, tokens: int) -> None:
        given = endless(tokens)
        answer = httpx.post(
            f"{running.url}/v1/chat/completions", json=given, headers=running.headers, timeout=60
        )
        events = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]
        ends[name] = json.loads(events[-2])

    with serving(made(ground, limits=Limits(grace_seconds=1.0, max_tokens=1900))) as running:
        threads = [
            threading.Thread(target=ask, args=(running, name, n))
            for name, n in (("short", 6), ("long", 1900))
        ]
        for thread in threads:
            thread.start()
        until(lambda: running.served.batching.running == 2 or "short" in ends)  # six tokens are soon said
        until(lambda: running.served.batching.running > 0)
        running.stop()
        until(lambda: running.served.batching._closing)
        refused = httpx.post(f"{running.url}/v1/chat/completions", json=body(1, 4), headers=running.headers)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "shutting_down")
        for thread in threads:
            thread.join(60)
        running.thread.join(60)
        assert not running.thread.is_alive()
    assert ends["short"]["choices"][0]["finish_reason"] == "length"
    assert ends["short"]["selfscope"]["ended"] == "length"
    assert ends["long"]["selfscope"]["ended"] == "shutdown"


def test_clients_that_stand_still_are_let_go(ground: LocalGround) -> None:
    limits = Limits(head_seconds=0.5, body_seconds=0.3, send_seconds=0.3, max_tokens=1900)
    with serving(made(ground, limits=limits)) as running:
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n"
            f"Authorization: {running.headers['authorization']}\r\nContent-Type: application/json\r\n"
        )
        quiet = asking(running, head)
        assert received(running, b"") == b""
        assert received(running, b"POST /v1/chat") == b""
        slow = received(running, f"{head}Content-Length: 50\r\n\r\n{{".encode())
        assert slow.startswith(b"HTTP/1.1 408") and b"slow_body" in slow
        assert received(running, b"\x00\x01 nonsense\r\n\r\n").startswith(b"HTTP/1.1 400")
        large = received(running, f"{head}Content-Length: 9999999\r\n\r\n".encode())
        assert large.startswith(b"HTTP/1.1 413")
        assert unread(running)
        quiet.close()


def received(running: Running, sent: bytes) -> bytes:
    """Send, and return all that comes until the server closes."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=60) as wire:
        wire.sendall(sent)
        found = b""
        with contextlib.suppress(ConnectionResetError):
            while part := wire.recv(4096):
                found += part
        return found


def asking(running: Running, head: str) -> socket.socket:
    """Ask for a long reply with a small window, and read nothing."""
    given = json.dumps(endless()).encode()
    wire = socket.socket()
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    wire.connect(("127.0.0.1", running.port))
    wire.sendall(f"{head}Content-Length: {len(given)}\r\n\r\n".encode() + given)
    until(running.served.stream._rows)
    (running.row,) = running.served.stream._rows()
    return wire


def unread(running: Running) -> bool:
    """Wait until the place is free; return whether it was freed because nobody read."""
    until(lambda: running.served.batching.running == 0)
    row = running.row
    return row is not None and row.cut == "client gone" and len(row.reply.ids) < 1900


def until(true: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)
