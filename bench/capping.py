"""What a cap costs while text is generated: seconds with it over seconds without, in one process.

The same conversations are continued with and without a cap, pair after pair, who begins taking turns, so that
a slow minute of the machine meets both. The limits lie where no projection reaches them: the cap does all its
arithmetic at every token and changes no text, so both sides do the same work otherwise.

Run ``python bench/capping.py`` on a quiet machine. It prints a Markdown table: for each batch and number of
capped layers the median ratio over pairs by the clock, with the interval that order statistics give it, the
median by the processors' time, and whether the first keeps :data:`TARGET`. Exit 1 if one does not. Pairs are
short and many: on a shared machine a slow spell lasts seconds, and a long pair lies on both sides of it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.stats import binom

from selfscope.models.caps import Cap, CappedModel
from selfscope.models.local.generate import GenerationRequest, generate
from selfscope.models.local.ground import LocalGround, open_local
from selfscope.values import Message

#: Most that a cap may cost.
TARGET = 1.05
BATCHES = (1, 8)
#: Capped layers: a band as `cap fit` makes it in a network of 30, and twice that.
LAYERS = (4, 8)
ROUNDS = 31
TOKENS = 24
ASKED = (
    "Tell me about the harbour in winter.",
    "How do I keep bread fresh for a week?",
    "Explain why the sky is red in the evening.",
    "Write a short note to a neighbour about a parcel.",
    "What should I pack for two days in the hills?",
    "Describe an old library to somebody who has never seen one.",
    "How does a lock on a canal work?",
    "Give me three ideas for a rainy afternoon.",
)


def idle_cap(ground: LocalGround, layers: int) -> Cap:
    """Return a cap that never moves a state: limits far below every projection."""
    depth = int(ground.model.config.get_text_config().num_hidden_layers)
    width = int(ground.model.config.get_text_config().hidden_size)
    along = np.random.default_rng(0).normal(size=(layers, width))
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    first, own = depth // 2, ground.identity
    low, high = np.full(layers, -1e6, np.float32), np.full(layers, np.inf, np.float32)
    model = CappedModel(own.name, own.revision, own.template)
    return Cap(tuple(range(first, first + layers)), along.astype(np.float32), low, high, model)


def timed(ground: LocalGround, batch: int, tokens: int) -> tuple[float, float, list[str]]:
    """Return the seconds of one batch, by the clock and by the processors, and what was said."""
    asked = [
        GenerationRequest((Message("user", each),), max_tokens=tokens, temperature=1.0, seed=n)
        for n, each in enumerate(ASKED[:batch])
    ]
    began, used = time.perf_counter(), time.process_time()
    said = asyncio.run(generate(ground, asked))
    return time.perf_counter() - began, time.process_time() - used, [each.text for each in said]


def ratios(
    plain: LocalGround, capped: LocalGround, batch: int, rounds: int, tokens: int
) -> list[tuple[float, float]]:
    """Return seconds with over seconds without, pair by pair: by the clock, and by the processors."""
    found = []
    for round_ in range(-1, rounds):
        order = (plain, capped) if round_ % 2 else (capped, plain)
        taken = {id(each): timed(each, batch, tokens) for each in order}
        without, with_cap = taken[id(plain)], taken[id(capped)]
        if without[2] != with_cap[2]:
            raise SystemExit("the idle cap changed what was said: the two sides did not do the same work")
        if round_ >= 0:  # the first pair warms both
            found.append((with_cap[0] / without[0], with_cap[1] / without[1]))
    return found


def interval(found: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of a median: the order statistics that hold it, whatever the distribution."""
    tail = int(binom.ppf(0.025, len(found), 0.5))
    ordered = sorted(found)
    return ordered[max(tail - 1, 0)], ordered[min(len(found) - tail, len(found) - 1)]


def main(given: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--tokens", type=int, default=TOKENS)
    parser.add_argument("--batches", type=int, nargs="+", default=BATCHES)
    parser.add_argument("--layers", type=int, nargs="+", default=LAYERS)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--out", default="")
    asked = parser.parse_args(given)
    plain = open_local(asked.model, threads=asked.threads)
    table, kept = [], True
    print("| batch | capped layers | median ratio | 95 % | processors' time | at most 1.05 |")
    print("| --- | --- | --- | --- | --- | --- |")
    for layers in asked.layers:
        capped = plain.capped(idle_cap(plain, layers))
        for batch in asked.batches:
            found = ratios(plain, capped, batch, asked.rounds, asked.tokens)
            clock = [each for each, _ in found]
            middle, used = statistics.median(clock), statistics.median(each for _, each in found)
            low, high = interval(clock)
            kept = kept and middle <= TARGET
            table.append({"batch": batch, "layers": layers, "ratios": found})
            print(
                f"| {batch} | {layers} | {middle:.3f} | {low:.3f}-{high:.3f} | {used:.3f} | "
                f"{'yes' if middle <= TARGET else 'no'} |",
                flush=True,
            )
    if asked.out:
        Path(asked.out).write_text(json.dumps(table, indent=1), encoding="utf-8")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
