"""How fast vectors are captured, and in what memory: ours, others' methods, the limit.

One run, one process, the same weights and conversations for all ways, each warm before anything is timed, the
ways taking turns round by round, so that a slow minute of the machine meets all of them. Ratios are of one
round; their median is given with the least and the largest, by the wall's clock and by the processor's, which
other work disturbs less. Memory is the high-water mark of the process
during a run, less what it held before it, freed memory having been handed back.

- ``limit``: the backbone's plain forward over ready tokens, in batches padded on the right, longest first.
- ``ours``: conversations in, finished artefact out: rendering, spans, all sums, all files. Prefixes shared.
- ``ours_padded``: the same on the network's own forward in the limit's batches, nothing shared.
- ``hidden_states``: the whole network with ``output_hidden_states=True`` in the limit's batches, then means.
- ``hidden_backbone``: the same without the language-model head.
- ``axis_method``: what the assistant-axis pipeline does, written anew: batches of 16 as they come, the whole
  network, hooks that keep every layer, a stack of them, spans averaged, one tensor a conversation kept.
- ``nnsight``, ``transformer_lens``: named with whether they are installed; this bench runs neither.

Where there is a CUDA device, a random network of 7B shape in bfloat16 is timed on it: forward and pooling.

Run ``python bench/capture.py`` on a quiet machine. A Markdown table goes to standard output, and everything
measured to the JSON file named by ``--out``.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import importlib.util
import itertools
import json
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROUNDS = 5
"""Fewest rounds: a median of fewer says little."""

THREADS = 2
CLOCKS = ("seconds", "processor")
TOKENS_AT_ONCE = 2048
AXIS_BATCH = 16
ROLES, QUESTIONS = 3, 4
ELSEWHERE = ("nnsight", "transformer_lens")

_ROLES = ("a lighthouse keeper", "a beekeeper", "a clock", "a flock of starlings")
_QUESTIONS = (
    "What did you notice this morning that others might have missed?",
    "How would you settle a quarrel between two friends?",
    "What would you keep if you could keep only one thing?",
    "Explain to a child why the sea is salty.",
    "What is a mistake that you would make again?",
    "Describe the room that you would like to wake up in.",
)
_WORDS = (
    *(
        "slow",
        "water",
        "light",
        "stone",
        "early",
        "bread",
        "under",
        "window",
        "every",
        "winter",
        "song",
        "rope",
    ),
    *(
        "careful",
        "harbour",
        "small",
        "letter",
        "quiet",
        "field",
        "bright",
        "road",
        "before",
        "morning",
        "long",
    ),
    *("garden", "other", "night", "answer", "carry", "measure"),
)


def conversations() -> list[Any]:
    """Return ROLES × QUESTIONS conversations: system texts of some 60 tokens, replies of 40 to 160 words."""
    from selfscope.models.local.spans import Turn
    from selfscope.space.recipe import Conversation

    made = []
    draw = random.Random(3)
    for role, question in itertools.product(_ROLES[:ROLES], _QUESTIONS[:QUESTIONS]):
        system = f"You are {role}. " + " ".join(random.Random(role).choices(_WORDS, k=50)) + "."
        reply = " ".join(draw.choices(_WORDS, k=draw.randint(40, 160))) + "."
        turns = (Turn("system", system), Turn("user", question), Turn("assistant", reply))
        made.append(Conversation(f"{role}/{question}", role, question, turns))
    return made


# ---------------------------------------------------------------------------------------------- the ways


def clocks() -> Any:
    """Return seconds of the wall's clock and of the processor's, shape (2,)."""
    import numpy as np

    return np.asarray([time.perf_counter(), time.process_time()])


class Ours:
    tokens_at_once = 1024

    def __init__(self, ground: Any) -> None:
        self.ground = ground

    def run(self, given: list[Any]) -> tuple[Any, Any, int]:
        from selfscope.space.capture import capture
        from selfscope.space.recipe import Recipe

        with tempfile.TemporaryDirectory() as place:
            began = clocks()
            got = capture(self.ground, given, Recipe(), place, tokens_at_once=self.tokens_at_once)
            seconds = clocks() - began
        got.refuse_failures()
        vector = got.mean("assistant")[got.groups.index(given[0].group)]
        return seconds, vector, got.manifest["computed"]["tokens"]


class OursPadded(Ours):
    tokens_at_once = TOKENS_AT_ONCE


class Theirs:
    """Ways that are given tokens and places, whose rendering is not timed."""

    def __init__(self, ground: Any) -> None:
        from selfscope.models.local.blocks import open_blocks
        from selfscope.space.reading import Reader
        from selfscope.space.recipe import Recipe

        self.reader = Reader(ground, Recipe())
        self.model: Any = ground.model
        self.blocks = open_blocks(self.model)

    def batches(self, tokens: list[tuple[int, ...]]) -> list[list[int]]:
        from selfscope.models.local.pooling import padded_batches

        return padded_batches([len(t) for t in tokens], TOKENS_AT_ONCE)

    def run(self, given: list[Any]) -> tuple[Any, Any, int]:
        import torch

        reads = [self.reader.read(each) for each in given]
        tokens = [read.tokens for read in reads]
        kept: dict[int, Any] = {}
        began = clocks()
        with torch.inference_mode():
            for batch in self.batches(tokens):
                padded, mask = _padded([tokens[i] for i in batch])
                states = self.states(padded, mask)
                for k, i in enumerate(batch):
                    if states is not None:
                        places = torch.from_numpy(reads[i].places["assistant"])
                        kept[i] = torch.stack([layer[k, places].mean(0) for layer in states])
                del states
        seconds = clocks() - began
        mine = [kept[i].double() for i, each in enumerate(given) if each.group == given[0].group and kept]
        return seconds, torch.stack(mine).mean(0).numpy() if mine else None, sum(map(len, tokens))

    def states(self, tokens: Any, mask: Any) -> Any:
        raise NotImplementedError


def _padded(batch: list[tuple[int, ...]]) -> tuple[Any, Any]:
    import torch

    longest = max(map(len, batch))
    tokens = torch.zeros((len(batch), longest), dtype=torch.long)
    mask = torch.zeros_like(tokens)
    for k, sequence in enumerate(batch):
        tokens[k, : len(sequence)] = torch.tensor(sequence)
        mask[k, : len(sequence)] = 1
    return tokens, mask


class Limit(Theirs):
    def states(self, tokens: Any, mask: Any) -> Any:
        from selfscope.models.local.scorer import backbone

        backbone(self.model)(input_ids=tokens, attention_mask=mask, use_cache=False)


class HiddenStates(Theirs):
    def states(self, tokens: Any, mask: Any) -> Any:
        out = self.model(input_ids=tokens, attention_mask=mask, use_cache=False, output_hidden_states=True)
        return out.hidden_states[1:]


class HiddenBackbone(Theirs):
    def states(self, tokens: Any, mask: Any) -> Any:
        from selfscope.models.local.scorer import backbone

        below = backbone(self.model)
        out = below(input_ids=tokens, attention_mask=mask, use_cache=False, output_hidden_states=True)
        return out.hidden_states[1:]


class AxisMethod(Theirs):
    def batches(self, tokens: list[tuple[int, ...]]) -> list[list[int]]:
        return [list(range(i, min(i + AXIS_BATCH, len(tokens)))) for i in range(0, len(tokens), AXIS_BATCH)]

    def states(self, tokens: Any, mask: Any) -> Any:
        import torch

        held: list[Any] = []
        handles = [
            block.register_forward_hook(lambda module, args, out: held.append(out))
            for block in self.blocks.blocks
        ]
        self.model(input_ids=tokens, attention_mask=mask)
        for handle in handles:
            handle.remove()
        return torch.stack(held)


def runners(model: str) -> dict[str, Ours | Theirs]:
    """Return all ways, on weights that are loaded once."""
    import torch

    from selfscope.models.local.ground import LocalGround
    from selfscope.models.local.load import load
    from selfscope.models.local.paths import choose
    from selfscope.models.local.scorer import MEMORY_BYTES

    torch.set_num_threads(THREADS)
    loaded = load(model, "cpu")
    tree, plain = (
        LocalGround(loaded, choose(loaded.model, path), THREADS, MEMORY_BYTES) for path in ("auto", "plain")
    )
    made: dict[str, Ours | Theirs] = {
        "limit": Limit(plain),
        "ours": Ours(tree),
        "ours_padded": OursPadded(plain),
    }
    others = {"hidden_states": HiddenStates, "hidden_backbone": HiddenBackbone, "axis_method": AxisMethod}
    return made | {name: kind(plain) for name, kind in others.items()}


# ------------------------------------------------------------------------------------------- measurement


def memory(what: str) -> int:
    """Return a figure of this process from the system, in bytes; ``VmHWM`` is the high-water mark."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(what + ":"))


def measured(way: Ours | Theirs, given: list[Any]) -> dict[str, Any]:
    """Run one way once; return seconds, working memory, tokens computed and the vectors of the first role."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # freed memory goes back, or the next way would seem to need none
    Path("/proc/self/clear_refs").write_text("5")  # resets the high-water mark
    resident = memory("VmRSS")
    (seconds, processor), vector, tokens = way.run(given)
    working = memory("VmHWM") - resident
    told = {"seconds": float(seconds), "processor": float(processor), "working": working}
    return {**told, "tokens": tokens, "vector": vector}


def measure(model: str, rounds: int, out: Path) -> dict[str, Any]:
    """Return seconds and memory of every way; what is known so far is written to `out` after each round."""
    ways, given = runners(model), conversations()
    for way in ways.values():
        way.run(given[:1])
    every: dict[str, list[dict[str, Any]]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, way in ways.items():
            every[name].append(measured(way, given))
        took = {name: f"{runs[-1]['seconds']:.1f} s" for name, runs in every.items()}
        print(f"  round {number + 1}: {took}", file=sys.stderr, flush=True)
        figures = {"ways": summary(every), "cores": os.cpu_count(), "threads": THREADS}
        out.write_text(json.dumps(figures, indent=1))
    return summary(every)


def summary(every: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return medians over rounds, and how far the vectors of the ways are apart."""
    import numpy as np

    made: dict[str, Any] = {}
    ours = np.asarray(every["ours"][0]["vector"], dtype=np.float64)
    for way, runs in every.items():
        vector, apart = runs[0]["vector"], None
        if vector is not None:  # the last layer is left out: hidden_states has it after the final norm
            apart = float(np.abs(vector[:-1] - ours[:-1]).max() / np.abs(ours).max())
        made[way] = {
            **{f"median_{clock}": statistics.median(run[clock] for run in runs) for clock in CLOCKS},
            **{clock: [run[clock] for run in runs] for clock in CLOCKS},
            **{
                f"{clock}_ratios": [a[clock] / b[clock] for a, b in zip(runs, every["limit"], strict=True)]
                for clock in CLOCKS
            },
            "working": max(run["working"] for run in runs),
            "apart": apart,
            "tokens": runs[0]["tokens"],
        }
    return made


def on_cuda(rounds: int, device: str = "cuda", **shape: int) -> dict[str, Any]:
    """Return how a random network of 7B shape in bfloat16 is forwarded, and pooled, in tokens per second."""
    import numpy as np
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from selfscope.models.local.blocks import open_blocks
    from selfscope.models.local.pooling import Pool, padded_batches, pool, run_padded

    size = {
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
    }
    with torch.device(device):
        network = (
            LlamaForCausalLM(LlamaConfig(**(size | shape), dtype=torch.bfloat16)).to(torch.bfloat16).eval()
        )
    draw = np.random.default_rng(0)
    sequences = [tuple(draw.integers(5, 999, n).tolist()) for n in draw.integers(150, 400, 64)]
    pools = [Pool(i, np.arange(len(s) // 2, len(s))) for i, s in enumerate(sequences)]
    blocks, at_once = open_blocks(network), 8192

    def wait() -> float:
        if device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    times: dict[str, list[float]] = {"limit": [], "ours": []}
    for _ in range(rounds + 1):
        began = wait()
        with torch.inference_mode():
            for batch in padded_batches([len(s) for s in sequences], at_once):
                run_padded(network, [sequences[i] for i in batch])
        middle = wait()
        pool(network, blocks, sequences, pools, "plain", tokens_at_once=at_once)
        times["limit"].append(middle - began)
        times["ours"].append(wait() - middle)
    ratios = [ours / limit for ours, limit in zip(times["ours"][1:], times["limit"][1:], strict=True)]
    tokens = sum(map(len, sequences))
    speed = {f"{way}_tokens_per_second": tokens / statistics.median(t[1:]) for way, t in times.items()}
    return {**speed, "ratio": statistics.median(ratios), "ratios": ratios}


def table(made: dict[str, Any]) -> str:
    """Return the Markdown table."""
    head = ["way", "seconds", "× limit", "rounds", "processor × limit", "rounds", "tokens"]
    head += ["working memory, MiB", "apart from ours"]
    rows = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for way, one in made.items():
        apart = "-" if one["apart"] is None else f"{one['apart']:.0e}"
        told = [way, f"{one['median_seconds']:.2f}"]
        for clock in CLOCKS:
            ratios = one[f"{clock}_ratios"]
            told += [f"{statistics.median(ratios):.2f}", f"{min(ratios):.2f} to {max(ratios):.2f}"]
        told += [str(one["tokens"]), f"{one['working'] / 2**20:.0f}", apart]
        rows.append("| " + " | ".join(told) + " |")
    for name in ELSEWHERE:
        there = "installed, not run" if importlib.util.find_spec(name) else "not installed"
        rows.append(f"| {name} | {there} |" + " - |" * (len(head) - 2))
    return "\n".join(rows)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--model", default="embedded")
    asked.add_argument("--rounds", type=int, default=ROUNDS)
    asked.add_argument("--out", type=Path, default=Path("capture.json"))
    options = asked.parse_args()
    import torch

    made = measure(options.model, max(ROUNDS, options.rounds), options.out)
    print(table(made))
    figures: dict[str, Any] = {"ways": made, "cores": os.cpu_count(), "threads": THREADS}
    if torch.cuda.is_available():
        figures["cuda_7b_bfloat16"] = on_cuda(options.rounds)
        print(json.dumps(figures["cuda_7b_bfloat16"], indent=1))
    options.out.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
