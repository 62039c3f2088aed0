"""How fast vectors are captured, and in what memory: ours, others' methods and libraries, the limit.

One run, the same weights and conversations for all ways, each warm before anything is timed, the ways taking
turns round by round, so that a slow minute of the machine meets all of them. Ratios are of one round; their
median is given with the least and the largest, by the wall's clock and by the processor's, which other work
disturbs less. Memory is the high-water mark of the process during a run, less what it held before it, freed
memory having been handed back.

- ``limit``: the backbone's plain forward over ready tokens, in batches padded on the right, longest first.
- ``ours``: conversations in, finished artefact out: rendering, spans, all sums, all files. Prefixes shared.
- ``ours_padded``: the same on the network's own forward in batches like the limit's, nothing shared. The fair
  comparison of time: the same tokens by the same kernels, so all that is over the limit is the capture.
- ``verification``: what of ours is the same however long the job is, by itself.
- ``hidden_states``: the whole network with ``output_hidden_states=True`` in the limit's batches, then means.
- ``hidden_backbone``: the same without the language-model head.
- ``axis_method``: what the assistant-axis pipeline does, written anew: batches of 16 as they come, the whole
  network, hooks that keep every layer, a stack of them, spans averaged, one tensor a conversation kept.
- ``nnsight``, ``transformer_lens``: these libraries in the limit's batches, each in a process of its own on
  the Python that ``--elsewhere`` names; see ``capture_elsewhere.py``.

Where there is a CUDA device, a random network of 7B shape in bfloat16 is timed on it: forward and pooling.

Run ``python bench/capture.py`` on a quiet machine. A Markdown table goes to standard output, and everything
measured to the JSON file named by ``--out``, after every round.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from pathlib import Path
from typing import Any

from capture_clock import CLOCKS
from capture_cuda import on_cuda
from capture_job import QUESTIONS, ROLES, conversations
from capture_ways import ALL, HERE, THREADS, Way, ways

ROUNDS = 5
"""Fewest rounds: a median of fewer says little."""

PASSES_NORM = ("hidden_states", "hidden_backbone")
"""Ways whose last layer is taken after the final norm, and so is not compared."""


def measure(made: dict[str, Way], given: list[Any], rounds: int, out: Path) -> dict[str, Any]:
    """Return seconds and memory of every way; what is known so far is written to `out` after each round."""
    able = {name: way for name, way in made.items() if not way.unavailable}
    for way in able.values():
        way.measure(given[:1])
    every: dict[str, list[dict[str, Any]]] = {name: [] for name in able}
    for number in range(rounds):
        for name, way in able.items():
            every[name].append(way.measure(given))
        took = {name: f"{runs[-1]['seconds']:.1f} s" for name, runs in every.items()}
        print(f"  round {number + 1}: {took}", file=sys.stderr, flush=True)
        figures = summary(every, made) | {"conversations": len(given)}
        out.write_text(json.dumps(figures, indent=1))
    return figures


def summary(every: dict[str, list[dict[str, Any]]], made: dict[str, Way]) -> dict[str, Any]:
    """Return medians over rounds, and how far the vectors of the ways are apart."""
    told = {name: one_way(name, runs, every) for name, runs in every.items()}
    not_run = {name: way.unavailable for name, way in made.items() if way.unavailable}
    versions = {name: way.version for name, way in made.items() if getattr(way, "version", "")}
    return {
        "ways": told,
        "not_run": not_run,
        "versions": versions,
        "cores": os.cpu_count(),
        "threads": THREADS,
    }


def one_way(name: str, runs: list[dict[str, Any]], every: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return the figures of one way."""
    ratios = {
        f"{clock}_ratios": [a[clock] / b[clock] for a, b in zip(runs, every["limit"], strict=True)]
        for clock in CLOCKS
    }
    return {
        **{f"median_{clock}": statistics.median(run[clock] for run in runs) for clock in CLOCKS},
        **{clock: [run[clock] for run in runs] for clock in CLOCKS},
        **ratios,
        "working": max(run["working"] for run in runs),
        "apart": apart(name, runs[0]["vector"], every["ours"][0]["vector"]),
        "tokens": runs[0]["tokens"],
    }


def apart(name: str, vector: Any, ours: Any) -> list[float] | None:
    """Return each layer's largest difference of the mean vectors, relative to the layer's largest value."""
    import numpy as np

    if vector is None:
        return None
    theirs, mine = (np.asarray(each, dtype=np.float64) for each in (vector, ours))
    if name in PASSES_NORM:
        theirs, mine = theirs[:-1], mine[:-1]
    found = np.abs(theirs - mine).max(1) / np.abs(mine).max(1)
    return [float(each) for each in found]


def table(figures: dict[str, Any]) -> str:
    """Return the Markdown table, and below it how far the ways are apart, layer by layer."""
    head = ["way", "seconds", "× limit", "rounds", "processor × limit", "rounds", "tokens"]
    head += ["working memory, MiB", "largest difference to ours"]
    rows = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for name, one in figures["ways"].items():
        told = [figures["versions"].get(name, name), f"{one['median_seconds']:.2f}"]
        for clock in CLOCKS:
            ratios = one[f"{clock}_ratios"]
            told += [f"{statistics.median(ratios):.2f}", f"{min(ratios):.2f} to {max(ratios):.2f}"]
        largest = "-" if one["apart"] is None else f"{max(one['apart']):.0e}"
        told += [str(one["tokens"] or "-"), f"{one['working'] / 2**20:.0f}", largest]
        rows.append("| " + " | ".join(told) + " |")
    rows += [f"| {name} | {why} |" + " - |" * (len(head) - 2) for name, why in figures["not_run"].items()]
    layers = [
        f"- {name}, by layer: " + ", ".join(f"{each:.0e}" for each in one["apart"])
        for name, one in figures["ways"].items()
        if one["apart"] is not None and name != "ours"
    ]
    return "\n".join([*rows, "", "Largest difference of a mean vector to ours:", "", *layers])


def options() -> argparse.Namespace:
    """Return what was asked on the command line."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--model", default="embedded")
    asked.add_argument("--rounds", type=int, default=ROUNDS)
    asked.add_argument("--roles", type=int, default=ROLES, help="conversations: roles × questions")
    asked.add_argument("--questions", type=int, default=QUESTIONS)
    asked.add_argument("--ways", nargs="+", choices=ALL, default=list(ALL), metavar="WAY")
    asked.add_argument("--elsewhere", type=Path, default=HERE.parent / ".venv-bench/bin/python")
    asked.add_argument("--out", type=Path, default=Path("capture.json"))
    return asked.parse_args()


def main() -> None:
    asked = options()
    import torch

    wanted = list(dict.fromkeys(["limit", "ours", *asked.ways]))
    given = conversations(asked.roles, asked.questions)
    made = ways(asked.model, wanted, asked.elsewhere)
    try:
        figures = measure(made, given, max(ROUNDS, asked.rounds), asked.out)
    finally:
        for way in made.values():
            way.close()
    print(table(figures))
    if torch.cuda.is_available():
        figures["cuda_7b_bfloat16"] = on_cuda(asked.rounds)
        print(json.dumps(figures["cuda_7b_bfloat16"], indent=1))
        asked.out.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
