"""How fast closed items are scored on local weights: ours, plain batching, Inspect's provider, the limit.

One run, the same items for all ways, each way in a process of its own that is warm before anything is timed,
the ways taking turns cell by cell, so that a slow minute of the machine meets all of them.

- ``ours``: prompts in, answers out, rendering and tokenising included.
- ``plain``: transformers, batches of 32 padded on the left, logits at the last place only; rendering and
  tokenising included. On at most 64 items of a cell and scaled up, but whole for 200 items behind 300 and
  1,200 tokens.
- ``inspect_hf``: Inspect's own provider, one call an item, one token, log-probabilities; at most 64 items.
- ``limit``: the distinct tokens of the cell, in plain rows of 256 through the network without its head.

``ours`` and ``limit``, whose ratio is close, take turns ROUNDS times in every cell; medians are given, and
the table also shows the least and the largest ratio of one round.

Run ``python bench/closed_scoring.py`` on a quiet machine. A Markdown table goes to standard output, and
everything measured to the JSON file named by ``--out``.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import math
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PREFIXES = (50, 300, 1200)
ITEMS = (16, 200, 1000)
WHOLE = ((300, 200), (1200, 200))
SCALED_ITEMS = 64
BATCH = 32
LIMIT_ROW = 256
ROUNDS = 3
WAYS = ("ours", "limit", "plain", "inspect_hf")

INSTRUCTION = "Say whether you agree with the statement. Answer Yes or No.\nStatement: "
AGREE, DISAGREE = ("Yes", " Yes"), ("No", " No")

_WORDS = [
    "a",
    "patient",
    "keeper",
    "of",
    "records",
    "who",
    "works",
    "in",
    "the",
    "small",
    "library",
    "by",
    "the",
    "harbour",
    "and",
    "answers",
    "letters",
    "from",
    "travellers",
    "about",
    "tides",
    "maps",
    "old",
    "ships",
    "and",
    "the",
    "names",
    "of",
    "winds",
    "with",
    "care",
    "plain",
    "words",
    "and",
    "good",
    "humour",
]
_VERBS = [
    "remember",
    "would miss",
    "keep",
    "value",
    "notice",
    "look after",
    "think about",
    "describe",
    "trust",
    "prefer",
]
_KINDS = [
    "old",
    "quiet",
    "patient",
    "borrowed",
    "bright",
    "unfinished",
    "ordinary",
    "distant",
    "wooden",
    "stubborn",
]
_THINGS = [
    "garden",
    "letters",
    "workshop",
    "coastline",
    "songs",
    "neighbours",
    "ledger",
    "weather",
    "clocks",
    "lantern",
]
_ENDINGS = [
    "in every season of the year",
    "more than any praise that I am given",
    "without ever having been told to do so",
    "as a matter of course and of habit",
    "even when it is late and others have gone",
    "although most people forget to mention them",
    "for reasons that I would call my own",
    "with some surprise, and I say so openly",
]


def statements(count: int) -> list[str]:
    """Return `count` different sentences in a fixed, mixed order; they part early from one another."""
    draw = random.Random(7)
    every = [
        f"I {verb} the {kind} {thing} {draw.choice(_ENDINGS)}."
        for verb, kind, thing in itertools.product(_VERBS, _KINDS, _THINGS)
    ]
    return draw.sample(every, count)


class Cell:
    """One cell's conversations: a system text such that all of them share about `prefix` tokens."""

    def __init__(self, tokenizer: Any, prefix: int, items: int) -> None:
        self.prefix, self.items = prefix, items
        words = 1
        while self._shared(tokenizer, words) < prefix:
            words += max((prefix - self._shared(tokenizer, words)) // 2, 1)
        self.system = self._text(words)
        self.shared = self._shared(tokenizer, words)
        self.chats = [self._chat(self.system, text) for text in statements(items)]

    @staticmethod
    def _text(words: int) -> str:
        return "You are " + " ".join(itertools.islice(itertools.cycle(_WORDS), words)) + "."

    @staticmethod
    def _chat(system: str, text: str) -> list[dict[str, str]]:
        return [{"role": "system", "content": system}, {"role": "user", "content": INSTRUCTION + text}]

    def _shared(self, tokenizer: Any, words: int) -> int:
        both = [self._chat(self._text(words), text) for text in ("I", "Nobody")]
        left, right = (encode(tokenizer, chat) for chat in both)
        return next(i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b)


def encode(tokenizer: Any, chat: list[dict[str, str]]) -> list[int]:
    text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    return list(tokenizer.encode(text, add_special_tokens=False))


# ---------------------------------------------------------------------------------------------- the ways


class Ours:
    def __init__(self, model: str) -> None:
        from selfscope.models.local.ground import open_local

        self.ground = open_local(model, device="cpu")
        self.tokenizer = self.ground.tokenizer

    def run(self, cell: Cell, items: int) -> dict[str, Any]:
        from selfscope.values import Message, Options, Prompt

        options = Options(AGREE, DISAGREE)
        prompts = [
            Prompt(tuple(Message(m["role"], m["content"]) for m in chat), options)  # type: ignore[arg-type]
            for chat in cell.chats[:items]
        ]
        began = time.perf_counter()
        got = asyncio.run(self.ground.answer(prompts))
        seconds = time.perf_counter() - began
        values = [answers[0].value for answers in got.answers]
        usage = got.usage
        tokens = {"distinct": usage.distinct_tokens, "input": usage.input_tokens, "path": usage.path}
        return {"seconds": seconds, "values": values, **tokens}


class Plain:
    def __init__(self, model: str) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        folder = weights(model)
        torch.set_num_threads(len(os.sched_getaffinity(0)))
        self.tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.options = [
            sorted({self.tokenizer.encode(s, add_special_tokens=False)[0] for s in spellings})
            for spellings in (AGREE, DISAGREE)
        ]

    def run(self, cell: Cell, items: int) -> dict[str, Any]:
        import torch

        values: list[float] = []
        began = time.perf_counter()
        for cut in range(0, items, BATCH):
            rows = [{"input_ids": encode(self.tokenizer, chat)} for chat in cell.chats[cut : cut + BATCH]]
            batch = self.tokenizer.pad(rows[: items - cut], return_tensors="pt")
            with torch.inference_mode():
                logits = self.model(**batch, logits_to_keep=1, use_cache=False).logits[:, -1].double()
            agree, disagree = (torch.logsumexp(logits[:, ids], -1) for ids in self.options)
            values += (agree - disagree).tolist()
        return {"seconds": time.perf_counter() - began, "values": values}


class Limit(Plain):
    def run(self, cell: Cell, items: int) -> dict[str, Any]:
        import torch

        tokens = distinct([encode(self.tokenizer, chat) for chat in cell.chats[:items]])
        row = torch.randint(10, 1000, (1, LIMIT_ROW))
        began = time.perf_counter()
        with torch.inference_mode():
            for cut in range(0, tokens, LIMIT_ROW):
                self.model.model(input_ids=row[:, : tokens - cut], use_cache=False)
        return {"seconds": time.perf_counter() - began, "distinct": tokens}


class InspectHf:
    def __init__(self, model: str) -> None:
        from inspect_ai.model import GenerateConfig, get_model

        folder = weights(model)
        config = GenerateConfig(max_connections=BATCH, max_tokens=1, logprobs=True, top_logprobs=20)
        self.model = get_model(
            "hf/local", model_path=str(folder), device="cpu", batch_size=BATCH, config=config, memoize=False
        )
        self.tokenizer = self.model.api.tokenizer  # type: ignore[attr-defined]

    def run(self, cell: Cell, items: int) -> dict[str, Any]:
        began = time.perf_counter()
        values = asyncio.run(self._ask(cell.chats[:items]))
        return {"seconds": time.perf_counter() - began, "values": values}

    async def _ask(self, chats: list[list[dict[str, str]]]) -> list[float]:
        from inspect_ai.model import ChatMessageSystem, ChatMessageUser

        async def one(chat: list[dict[str, str]]) -> float:
            system, user = (m["content"] for m in chat)
            said = [ChatMessageSystem(content=system), ChatMessageUser(content=user)]
            out = await self.model.generate(said)
            content = out.choices[0].logprobs.content[0]  # type: ignore[union-attr]
            listed = {t.token: t.logprob for t in content.top_logprobs or []}
            agree, disagree = (_log_sum([listed[s] for s in o if s in listed]) for o in (AGREE, DISAGREE))
            return agree - disagree

        return list(await asyncio.gather(*(one(chat) for chat in chats)))


def _log_sum(values: list[float]) -> float:
    return math.log(sum(map(math.exp, values))) if values else math.nan


def distinct(sequences: list[list[int]]) -> int:
    """Return how many nodes the token trie of `sequences` has: an independent count."""
    trie: dict[int, Any] = {}
    count = 0
    for sequence in sequences:
        node = trie
        for token in sequence:
            if token not in node:
                node[token] = {}
                count += 1
            node = node[token]
    return count


def weights(model: str) -> Path:
    from selfscope.models.local.load import locate

    folder = locate(model)
    assert folder is not None, "the bench runs on a folder of weights"
    return folder


# ------------------------------------------------------------------------------------------- measurement


def memory(what: str) -> int:
    """Return a figure of this process from the system, in bytes; ``VmHWM`` is the high-water mark."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(what + ":"))


def work(way: str, model: str) -> None:
    """Serve cells over standard input and output, one JSON object a line."""
    runner = {"ours": Ours, "plain": Plain, "limit": Limit, "inspect_hf": InspectHf}[way](model)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever libraries print must not mix with the answers
    runner.run(Cell(runner.tokenizer, 60, 8), 8)  # warm: weights paged in, kernels chosen
    resident = memory("VmRSS")
    for line in sys.stdin:
        asked = json.loads(line)
        cell = Cell(runner.tokenizer, asked["prefix"], asked["items"])
        Path("/proc/self/clear_refs").write_text("5")  # resets the high-water mark
        result = runner.run(cell, asked["run"])
        result["peak"] = memory("VmHWM")
        result["working"] = result["peak"] - resident
        answers.write(json.dumps(result) + "\n")
        answers.flush()


class Worker:
    """A process that runs one way."""

    def __init__(self, way: str, model: str) -> None:
        command = [sys.executable, __file__, "--work", way, "--model", model]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def run(self, prefix: int, items: int, run: int) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"prefix": prefix, "items": items, "run": run}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"a worker ended early: {self.process.args}")
        result: dict[str, Any] = json.loads(line)
        return result

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def measure(prefix: int, items: int, workers: dict[str, Worker], scaled_items: int) -> dict[str, Any]:
    """Return everything measured in one cell; `seconds` are those of the whole cell."""
    cell: dict[str, Any] = {"prefix": prefix, "items": items}
    quick = {way: workers[way] for way in ("ours", "limit") if way in workers}
    rounds = [{way: worker.run(prefix, items, items) for way, worker in quick.items()} for _ in range(ROUNDS)]
    for way in quick:
        seconds = [each[way]["seconds"] for each in rounds]
        cell[way] = {**rounds[0][way], "seconds": statistics.median(seconds), "rounds": seconds}
        cell[way]["scaled"] = False
    if "limit" in quick:
        cell["ratios"] = [each["ours"]["seconds"] / each["limit"]["seconds"] for each in rounds]
    for way in workers.keys() - quick.keys():
        whole = way == "plain" and (prefix, items) in WHOLE
        run = items if whole else min(items, scaled_items)
        result = workers[way].run(prefix, items, run)
        result["scaled"] = run < items
        result["measured_items"] = run
        result["seconds"] *= items / run
        cell[way] = result
    shown = {way: f"{cell[way]['seconds']:.1f} s" for way in workers}
    print(f"  {prefix}/{items}: {shown}", file=sys.stderr, flush=True)
    ours = cell.get("ours", {}).get("values", [])
    for way in ("plain", "inspect_hf"):
        theirs = cell.get(way, {}).get("values", [])
        apart = [abs(a - b) for a, b in zip(ours, theirs, strict=False) if not math.isnan(b)]
        cell.setdefault("agreement", {})[way] = max(apart) if apart else None
    return cell


def table(cells: list[dict[str, Any]]) -> str:
    """Return the Markdown table."""
    head = [
        "prefix",
        "items",
        "distinct tokens",
        "ours, s",
        "plain, s",
        "Inspect hf, s",
        "limit, s",
        "× plain",
        "× hf",
        "× limit",
        "rounds",
        "largest difference to plain",
        "working memory, MiB: ours",
        "plain",
        "hf",
    ]
    rows = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    rows += ["| " + " | ".join(_row(cell)) + " |" for cell in cells]
    return "\n".join([*rows, "", "Seconds marked * are scaled up from fewer items of the cell."])


def _row(cell: dict[str, Any]) -> list[str]:
    ours = cell["ours"]["seconds"]

    def seconds(way: str) -> str:
        one = cell.get(way)
        return f"{one['seconds']:.2f}{'*' if one['scaled'] else ''}" if one else "-"

    def ratio(way: str, turned: bool = False) -> str:
        if way not in cell:
            return "-"
        theirs = cell[way]["seconds"]
        return f"{ours / theirs:.2f}" if turned else f"{theirs / ours:.1f}"

    def working(way: str) -> str:
        return f"{cell[way]['working'] / 2**20:.0f}" if way in cell else "-"

    apart = cell["agreement"]["plain"]
    times = [seconds(way) for way in ("ours", "plain", "inspect_hf", "limit")]
    near = cell.get("ratios")
    between = f"{min(near):.2f} to {max(near):.2f}" if near else "-"
    ratios = [ratio("plain"), ratio("inspect_hf"), ratio("limit", turned=True), between]
    shown = f"{apart:.1e}" if apart is not None else "-"
    memories = [working(way) for way in ("ours", "plain", "inspect_hf")]
    counts = [str(cell["prefix"]), str(cell["items"]), str(cell["ours"]["distinct"])]
    return [*counts, *times, *ratios, shown, *memories]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--model", default="embedded")
    asked.add_argument("--prefixes", type=int, nargs="+", default=PREFIXES)
    asked.add_argument("--items", type=int, nargs="+", default=ITEMS)
    asked.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    asked.add_argument("--scaled-items", type=int, default=SCALED_ITEMS, help="most items of a slow way")
    asked.add_argument("--out", type=Path, default=Path("closed_scoring.json"))
    asked.add_argument("--work", choices=WAYS, help=argparse.SUPPRESS)
    options = asked.parse_args()
    if options.work:
        work(options.work, options.model)
        return
    weights(options.model)
    workers = {way: Worker(way, options.model) for way in WAYS if way in {"ours", *options.ways}}
    cells = []
    for prefix, items in itertools.product(options.prefixes, options.items):
        cells.append(measure(prefix, items, workers, options.scaled_items))
        options.out.write_text(
            json.dumps({"cells": cells, "batch": BATCH, "cores": os.cpu_count()}, indent=1)
        )
    for worker in workers.values():
        worker.close()
    print(table(cells))


if __name__ == "__main__":
    main()
