"""How fast vectors are captured, and in what memory: ours, others' methods, the limit.

One run, the same conversations for all ways, each way in a process of its own that is warm before anything
is timed, the ways taking turns round by round, so that a slow minute of the machine meets all of them. Ratios
are of one round; their median is given with the least and the largest.

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
import importlib.util
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROUNDS = 5
"""Fewest rounds: a median of fewer says little."""

THREADS = 2
TOKENS_AT_ONCE = 2048
AXIS_BATCH = 16
ROLES, QUESTIONS = 3, 4
WAYS = ("limit", "ours", "ours_padded", "hidden_states", "hidden_backbone", "axis_method")
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


class Ours:
    path = "auto"

    def __init__(self, model: str) -> None:
        from selfscope.models.local.ground import open_local

        self.ground = open_local(model, device="cpu", threads=THREADS, path=self.path)

    def run(self, given: list[Any]) -> tuple[float, Any, dict[str, Any]]:
        from selfscope.space.capture import capture
        from selfscope.space.plan import plan
        from selfscope.space.recipe import Recipe

        with tempfile.TemporaryDirectory() as place:
            began = time.perf_counter()
            got = capture(self.ground, given, Recipe(), place, tokens_at_once=self.tokens_at_once())
            seconds = time.perf_counter() - began
        got.refuse_failures()
        told = plan(self.ground, given, Recipe(), tokens_at_once=self.tokens_at_once())
        more = {**got.manifest["computed"], "planned": told.peak_bytes}
        return seconds, got.mean("assistant")[got.groups.index(given[0].group)], more

    def tokens_at_once(self) -> int:
        return 1024


class OursPadded(Ours):
    path = "plain"

    def tokens_at_once(self) -> int:
        return TOKENS_AT_ONCE


class Theirs:
    """Ways that are given tokens and places, whose rendering is not timed."""

    def __init__(self, model: str) -> None:
        import torch

        from selfscope.models.local.blocks import open_blocks
        from selfscope.models.local.ground import open_local
        from selfscope.space.reading import Reader
        from selfscope.space.recipe import Recipe

        self.ground = open_local(model, device="cpu", threads=THREADS, path="plain")
        self.reader = Reader(self.ground, Recipe())
        self.model: Any = self.ground.model
        self.blocks = open_blocks(self.model)
        torch.set_num_threads(THREADS)

    def batches(self, tokens: list[tuple[int, ...]]) -> list[list[int]]:
        from selfscope.models.local.pooling import padded_batches

        return padded_batches([len(t) for t in tokens], TOKENS_AT_ONCE)

    def run(self, given: list[Any]) -> tuple[float, Any, dict[str, Any]]:
        import torch

        reads = [self.reader.read(each) for each in given]
        tokens = [read.tokens for read in reads]
        kept: dict[int, Any] = {}
        began = time.perf_counter()
        with torch.inference_mode():
            for batch in self.batches(tokens):
                padded, mask = _padded([tokens[i] for i in batch])
                states = self.states(padded, mask)
                for k, i in enumerate(batch):
                    if states is not None:
                        places = torch.from_numpy(reads[i].places["assistant"])
                        kept[i] = torch.stack([layer[k, places].mean(0) for layer in states])
                del states
        seconds = time.perf_counter() - began
        mine = [kept[i].double() for i, each in enumerate(given) if each.group == given[0].group and kept]
        return seconds, torch.stack(mine).mean(0).numpy() if mine else None, {"tokens": sum(map(len, tokens))}

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


RUNNERS: dict[str, type[Ours] | type[Theirs]] = dict(
    zip(WAYS, (Limit, Ours, OursPadded, HiddenStates, HiddenBackbone, AxisMethod), strict=True)
)

# ------------------------------------------------------------------------------------------- measurement


def memory(what: str) -> int:
    """Return a figure of this process from the system, in bytes; ``VmHWM`` is the high-water mark."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(what + ":"))


def work(way: str, model: str) -> None:
    """Run the conversations once for every line of standard input, one JSON object a line."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever libraries print must not mix with the answers
    runner, given = RUNNERS[way](model), conversations()
    runner.run(given[:2])  # warm: weights paged in, kernels chosen
    resident = memory("VmRSS")
    for _ in sys.stdin:
        Path("/proc/self/clear_refs").write_text("5")  # resets the high-water mark
        seconds, vector, more = runner.run(given)
        result = {"seconds": seconds, "working": memory("VmHWM") - resident, **more}
        result["vector"] = None if vector is None else vector.tolist()
        answers.write(json.dumps(result) + "\n")
        answers.flush()


class Worker:
    """A process that runs one way."""

    def __init__(self, way: str, model: str) -> None:
        command = [sys.executable, __file__, "--work", way, "--model", model]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write("run\n")
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


def measure(model: str, rounds: int, out: Path) -> dict[str, Any]:
    """Return seconds and memory of every way; what is known so far is written to `out` after each round."""
    workers = {way: Worker(way, model) for way in WAYS}
    every: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    for number in range(rounds):
        for way, worker in workers.items():
            every[way].append(worker.run())
        took = {way: f"{every[way][-1]['seconds']:.1f} s" for way in WAYS}
        print(f"  round {number + 1}: {took}", file=sys.stderr, flush=True)
        out.write_text(
            json.dumps({"ways": summary(every), "cores": os.cpu_count(), "threads": THREADS}, indent=1)
        )
    for worker in workers.values():
        worker.close()
    return summary(every)


def summary(every: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return medians over rounds, and how far the vectors of the ways are apart."""
    import numpy as np

    made: dict[str, Any] = {}
    ours = np.asarray(every["ours"][0]["vector"])
    for way, runs in every.items():
        vector = runs[0]["vector"]
        apart = (
            None if vector is None else np.abs(np.asarray(vector)[:-1] - ours[:-1]).max() / np.abs(ours).max()
        )
        seconds = [run["seconds"] for run in runs]
        ratios = [s / run["seconds"] for s, run in zip(seconds, every["limit"], strict=True)]
        made[way] = {
            "seconds": statistics.median(seconds),
            "ratio": statistics.median(ratios),
            "ratios": ratios,
            "working": max(run["working"] for run in runs),
            "apart": apart,
            **{key: runs[0][key] for key in ("tokens", "distinct", "planned", "way") if key in runs[0]},
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
    head = ["way", "seconds", "× limit", "rounds", "tokens", "working memory, MiB", "apart from ours"]
    rows = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for way, one in made.items():
        between = f"{min(one['ratios']):.2f} to {max(one['ratios']):.2f}"
        apart = "-" if one["apart"] is None else f"{one['apart']:.0e}"
        figures = [f"{one['seconds']:.2f}", f"{one['ratio']:.2f}", between, str(one["tokens"])]
        rows.append("| " + " | ".join([way, *figures, f"{one['working'] / 2**20:.0f}", apart]) + " |")
    for name in ELSEWHERE:
        there = "installed, not run" if importlib.util.find_spec(name) else "not installed"
        rows.append(f"| {name} | {there} |" + " - |" * (len(head) - 2))
    return "\n".join(rows)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--model", default="embedded")
    asked.add_argument("--rounds", type=int, default=ROUNDS)
    asked.add_argument("--out", type=Path, default=Path("capture.json"))
    asked.add_argument("--work", choices=WAYS, help=argparse.SUPPRESS)
    options = asked.parse_args()
    if options.work:
        work(options.work, options.model)
        return
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
