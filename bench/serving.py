"""How fast several conversations are answered at once: rows that join, against one at a time and a batch.

One run, the same weights and requests for all ways, each warm before anything is timed, the ways taking turns
round by round, so that a slow minute of the machine meets all of them. Ratios are of one round; their median
is given with the least and the largest.

Sixteen conversations that come at once, behind one identity:

- ``alone``: one after the other, each by itself; four of the sixteen, as tokens a second.
- ``static``: all in one batch that is padded on the left and ends with the longest.
- ``joining``: the stream that the server decodes with, asked directly.
- ``served``: the same through the socket, with OpenAI's client, every reply streamed.

Sixteen that come one after the other, of unequal length:

- ``static_late``: whoever waits when a batch ends makes the next.
- ``joining_late``: each joins those that are being answered.

For these the mean and the largest time from a request to its whole reply are compared.

Run ``python bench/serving.py`` on a quiet machine. A Markdown table goes to standard output.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

CLIENTS, TOKENS, GAP = 16, 24, 0.5
LATE_TOKENS = (8, 40, 16, 24)
ROUNDS = 5
IDENTITY = (
    "You are Wren, who keeps the archive of a small harbour town. You answer in plain sentences, you say "
    "when you do not know, and you like to ask what somebody is looking for before you go and look."
)
QUESTIONS = (
    "When was the first pier built?",
    "I am looking for my grandfather, who came here as a stoker in the twenties. Where would I begin?",
    "What does a tide table tell, and what does it leave out?",
    "Could you write a short note to the harbour master about the broken lamp?",
)


def requests(lengths: tuple[int, ...]) -> list[Any]:
    from selfscope.models.local.generate import GenerationRequest
    from selfscope.values import Message

    def one(n: int) -> Any:
        said = f"{QUESTIONS[n % len(QUESTIONS)]} ({n + 1})"
        talk = (Message("system", IDENTITY), Message("user", said))
        return GenerationRequest(talk, lengths[n % len(lengths)], 0.7, 0.9, seed=n)

    return [one(n) for n in range(CLIENTS)]


async def alone(ground: Any) -> dict[str, float]:
    from selfscope.models.local.generate import generate

    began, tokens = time.perf_counter(), 0
    for request in requests((TOKENS,))[:4]:
        tokens += (await generate(ground, [request]))[0].output_tokens
    return {"rate": tokens / (time.perf_counter() - began)}


async def static(ground: Any) -> dict[str, float]:
    from selfscope.models.local.generate import generate

    began = time.perf_counter()
    done = await generate(ground, requests((TOKENS,)))
    return {"rate": sum(d.output_tokens for d in done) / (time.perf_counter() - began)}


async def joining(ground: Any) -> dict[str, float]:
    began = time.perf_counter()
    ends, tokens = await streamed(ground, requests((TOKENS,)), 0.0)
    return {"rate": tokens / (max(ends) - began)}


async def streamed(ground: Any, given: list[Any], gap: float) -> tuple[list[float], int]:
    """Return when each reply was whole, and the tokens of all."""
    from selfscope.models.local.batching import Batching
    from selfscope.models.local.stream import Stream

    stream = Stream(ground, most=CLIENTS)
    batching, loop = Batching(stream, 0), asyncio.get_running_loop()

    async def one(n: int, request: Any) -> tuple[float, int]:
        await asyncio.sleep(n * gap)
        done: asyncio.Future[Any] = loop.create_future()

        def tell(piece: Any) -> None:
            if piece.done or piece.error:
                loop.call_soon_threadsafe(done.set_result, piece)

        batching.submit(stream.prepare(request), tell)
        return (await done).done.output_tokens, time.perf_counter()

    found = await asyncio.gather(*(one(n, request) for n, request in enumerate(given)))
    await asyncio.to_thread(batching.close)
    return [end for _, end in found], sum(tokens for tokens, _ in found)


async def joining_late(ground: Any) -> dict[str, float]:
    began = time.perf_counter()
    ends, _ = await streamed(ground, requests(LATE_TOKENS), GAP)
    return waits([end - began - n * GAP for n, end in enumerate(ends)])


async def static_late(ground: Any) -> dict[str, float]:
    from selfscope.models.local.generate import generate

    began, given, took = time.perf_counter(), requests(LATE_TOKENS), []
    while len(took) < len(given):
        here = min(int((time.perf_counter() - began) / GAP) + 1, len(given))
        if here == len(took):
            await asyncio.sleep(0.01)
            continue
        first = len(took)
        await generate(ground, given[first:here])
        took += [time.perf_counter() - began - n * GAP for n in range(first, here)]
    return waits(took)


def waits(took: list[float]) -> dict[str, float]:
    return {"mean": statistics.fmean(took), "largest": max(took)}


async def served(ground: Any) -> dict[str, float]:
    """Sixteen clients on a socket of this machine: the rate, and the times until each hears a first word."""
    from openai import AsyncOpenAI

    from selfscope.serve.served import Served
    from selfscope.serve.server import bound, run_server

    place, token, stop, ready = (
        bound("127.0.0.1", 0),
        "a-token-for-the-bench",
        asyncio.Event(),
        asyncio.Event(),
    )
    serving = Served(ground, name="model", identity=IDENTITY)
    running = asyncio.create_task(run_server(serving, place, token, "", ready.set, stop))
    await ready.wait()
    client = AsyncOpenAI(base_url=f"http://{place[1].written}/v1", api_key=token, max_retries=0)

    async def one(n: int) -> tuple[float, int]:
        talk: Any = [{"role": "user", "content": requests((TOKENS,))[n].messages[-1].content}]
        given: Any = {"model": "model", "messages": talk, "max_tokens": TOKENS, "seed": n, "stream": True}
        first, tokens = 0.0, 0
        async for part in await client.chat.completions.create(
            **given, stream_options={"include_usage": True}
        ):
            first = first or time.perf_counter()
            tokens = part.usage.completion_tokens if part.usage else tokens
        return first, tokens

    began = time.perf_counter()
    found = await asyncio.gather(*(one(n) for n in range(CLIENTS)))
    seconds = time.perf_counter() - began
    await client.close()
    stop.set()
    await running
    firsts = [first - began for first, _ in found]
    return {
        "rate": sum(tokens for _, tokens in found) / seconds,
        "first": statistics.median(firsts),
        "last_first": max(firsts),
    }


WAYS: dict[str, Callable[[Any], Awaitable[dict[str, float]]]] = {
    "alone": alone,
    "static": static,
    "joining": joining,
    "served": served,
    "static_late": static_late,
    "joining_late": joining_late,
}
RATIOS = (
    ("rows that join, of one at a time (tokens a second)", "joining", "alone", "rate"),
    ("rows that join, of a static batch (tokens a second)", "joining", "static", "rate"),
    ("served over a socket, of rows that join (tokens a second)", "served", "joining", "rate"),
    ("late ones: mean wait for the whole reply, of static batches", "joining_late", "static_late", "mean"),
    ("late ones: largest wait, of static batches", "joining_late", "static_late", "largest"),
)


def main() -> None:
    from selfscope.models.local.ground import open_local

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--out", type=Path, default=None)
    given = parser.parse_args()
    ground = open_local(given.model, device="cpu")
    asyncio.run(joining(ground))
    every: dict[str, list[dict[str, float]]] = {name: [] for name in WAYS}
    for number in range(given.rounds):
        for name, way in WAYS.items():
            every[name].append(asyncio.run(way(ground)))
        told = {name: {k: round(v, 2) for k, v in runs[-1].items()} for name, runs in every.items()}
        print(f"round {number + 1}: {told}", file=sys.stderr, flush=True)
        if given.out is not None:
            given.out.write_text(json.dumps(every, indent=1), encoding="utf-8")
    print("| | median | least | largest |\n| --- | --- | --- | --- |")
    for label, top, bottom, figure in RATIOS:
        ratios = sorted(a[figure] / b[figure] for a, b in zip(every[top], every[bottom], strict=True))
        print(f"| {label} | {statistics.median(ratios):.2f} | {ratios[0]:.2f} | {ratios[-1]:.2f} |")


if __name__ == "__main__":
    main()
