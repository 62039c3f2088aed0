"""How fast characters on one set of weights are answered together: rows of one batch in different adapters.

The same work for every way, in one process, ways taking turns round by round. Adapters are random, of rank 8
on all layers of attention, as `selfscope adapters build` makes them; nothing is drawn, so that all ways
compute the same tokens: a prompt goes in, and then one given token of every row after another.

- ``none``: the bare weights, one batch. What the others would take if adapters cost nothing.
- ``masked``, ``grouped``, ``gathered``: one batch, every row under its own adapter; see
  ``selfscope.models.local.many``.
- ``switched``: one batch for each adapter after the other, with merged weights that lie ready.
- ``merging``: the same, every adapter merged when its turn comes: what one copy of the weights allows.
- ``peft``: peft's own mixed batch, ``adapter_names``; and ``peft_switched``: ``set_adapter`` for each.

Beside the seconds stands how near the fastest mixed batch comes to its limit. A step of decoding reads every
weight once, and the factors of all adapters: the least time is that many bytes over the bandwidth of memory,
which is measured in the same run by summing as many bytes of float32.

Run ``python bench/many.py`` on a quiet machine. A Markdown table goes to standard output.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from selfscope.models.adapters import Adapter, read_adapter
from selfscope.models.local.ground import LocalGround, open_local, working
from selfscope.models.local.many import many_on
from selfscope.models.local.merge import twin

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj")
RANK, PROMPT, STEPS, ROUNDS = 8, 32, 8, 5
Seconds = tuple[float, float]
#: Adapters, and rows of each.
SHAPES = ((4, 1), (4, 4), (16, 1))
Run = Callable[[], torch.Tensor]


def random_adapter(folder: Path, ground: LocalGround, seed: int) -> Adapter:
    """Write an adapter of the usual shape with random factors, and return it."""
    from safetensors.numpy import save_file

    draw, tensors, network = np.random.default_rng(seed), {}, ground.model
    for name, module in network.named_modules():
        if name.rsplit(".", 1)[-1] in TARGETS:
            out, width = module.weight.shape  # type: ignore[misc]
            for key, shape in (("lora_A", (RANK, width)), ("lora_B", (out, RANK))):
                tensors[f"base_model.model.{name}.{key}.weight"] = draw.normal(0, 0.02, shape).astype("f4")
    folder.mkdir()
    told = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": RANK,
        "lora_alpha": 2 * RANK,
        "target_modules": list(TARGETS),
    }
    (folder / "adapter_config.json").write_text(json.dumps(told))
    save_file(tensors, folder / "adapter_model.safetensors")
    return read_adapter(folder)


def run_on(model: Any, tokens: torch.Tensor, **given: Any) -> torch.Tensor:
    """Return the logits after a prompt and some steps; `tokens` (row, prompt and steps)."""
    from transformers import DynamicCache

    cache = DynamicCache(config=model.config)
    out = model(
        input_ids=tokens[:, :PROMPT], past_key_values=cache, use_cache=True, logits_to_keep=1, **given
    )
    for step in range(PROMPT, tokens.shape[1]):
        out = model(input_ids=tokens[:, step : step + 1], past_key_values=cache, use_cache=True, **given)
    logits: torch.Tensor = out.logits[:, -1]
    return logits


def ways_of(ground: LocalGround, adapters: Sequence[Adapter], rows: int, peft: Any) -> dict[str, Run]:
    """Return what each way does, over the same tokens."""
    size = int(ground.model.config.get_text_config().vocab_size)
    of = [n for n in range(len(adapters)) for _ in range(rows)]
    draws = torch.Generator().manual_seed(len(of))
    tokens = torch.randint(0, size, (len(of), PROMPT + STEPS), generator=draws)
    parts = [tokens[n * rows : (n + 1) * rows] for n in range(len(adapters))]
    ready: list[Any] = [ground.dressed(each).model for each in adapters]
    found: dict[str, Run] = {"none": lambda: run_on(ground.model, tokens)}
    for way in ("masked", "grouped", "gathered"):
        found[way] = _mixed(ground, adapters, [adapters[n].id for n in of], tokens, way)
    found["switched"] = lambda: torch.cat([run_on(m, part) for m, part in zip(ready, parts, strict=True)])
    found["merging"] = lambda: torch.cat(
        [run_on(ground.dressed(a).model, part) for a, part in zip(adapters, parts, strict=True)]
    )
    if peft is not None:
        names = [f"a{n}" for n in of]
        found["peft"] = lambda: run_on(peft, tokens, adapter_names=names)
        found["peft_switched"] = lambda: torch.cat(
            [_switched(peft, f"a{n}", part) for n, part in enumerate(parts)]
        )
    return found


def _mixed(
    ground: LocalGround, adapters: Sequence[Adapter], worn: Sequence[str], tokens: torch.Tensor, way: Any
) -> Run:
    own: Any = twin(ground.model)
    many = many_on(ground, own, adapters, way=way)

    def run() -> torch.Tensor:
        many.rows([""])  # so that setting the rows is part of the work
        many.rows(worn)
        return run_on(own, tokens)

    return run


def _switched(peft: Any, name: str, part: torch.Tensor) -> torch.Tensor:
    peft.set_adapter(name)
    return run_on(peft, part)


def peft_of(ground: LocalGround, adapters: Sequence[Adapter]) -> Any:
    """Return the network in peft's hands with all adapters, on a copy; None without peft."""
    try:
        from peft import PeftModel
    except ImportError:
        return None
    model: Any = PeftModel.from_pretrained(twin(ground.model), adapters[0].folder, adapter_name="a0")  # type: ignore[arg-type]
    for n, adapter in enumerate(adapters[1:], start=1):
        model.load_adapter(adapter.folder, adapter_name=f"a{n}")
    return model.eval()


def bandwidth(size: int = 2**27) -> float:
    """Return bytes a second that summing float32 reads, the best of five."""
    numbers, best = torch.ones(size // 4), 0.0
    for _ in range(5):
        began = time.perf_counter()
        numbers.sum()
        best = max(best, size / (time.perf_counter() - began))
    return best


def measured(ways: dict[str, Run], rounds: int) -> dict[str, list[Seconds]]:
    """Return seconds of every way by the clock and by the processors, round by round.

    Ways that do not compute the same are refused.
    """
    taken: dict[str, list[Seconds]] = {name: [] for name in ways}
    want = ways["switched"]()
    for name, run in ways.items():  # which warms them
        apart = 0.0 if name == "switched" else float((run() - want).abs().max())
        if name != "none" and apart > 2e-3:
            raise SystemExit(f"{name} does not compute the same: logits differ by {apart:.1e}")
    for number in range(rounds):
        names = list(ways)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            began, used = time.perf_counter(), time.process_time()
            ways[name]()
            taken[name].append((time.perf_counter() - began, time.process_time() - used))
    return taken


def steps_of(ground: LocalGround, adapters: Sequence[Adapter], rows: int) -> tuple[float, float]:
    """Return seconds of one step of decoding under one adapter a row, and bytes that it has to read."""
    own: Any = twin(ground.model)
    many = many_on(ground, own, adapters)
    many.rows([a.id for a in adapters for _ in range(rows)])
    tokens = torch.zeros((len(adapters) * rows, 1), dtype=torch.long)
    best = float("inf")
    for _ in range(8):
        began = time.perf_counter()
        own(input_ids=tokens, use_cache=False)
        best = min(best, time.perf_counter() - began)
    weights = sum(p.numel() * p.element_size() for p in own.parameters())
    return best, weights + many.bytes


def main(given: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--ways", nargs="+", default=[], help="only these; `none` and `switched` always")
    parser.add_argument("--shapes", nargs="+", default=[f"{a}x{r}" for a, r in SHAPES])
    asked = parser.parse_args(given)
    shapes = [tuple(map(int, each.split("x"))) for each in asked.shapes]
    ground = open_local(asked.model, threads=asked.threads, device="cpu", path="plain")
    with tempfile.TemporaryDirectory() as folder, working(asked.threads):
        all_of = [random_adapter(Path(folder) / f"a{n}", ground, n) for n in range(max(a for a, _ in shapes))]
        speed = bandwidth()
        print(f"Memory gives {speed / 1e9:.1f} GB a second.\n", flush=True)
        for count, rows in shapes:
            adapters = all_of[:count]
            some = set(asked.ways) | {"none", "switched"}
            peft = peft_of(ground, adapters) if not asked.ways or some & {"peft", "peft_switched"} else None
            ways = ways_of(ground, adapters, rows, peft)
            ways = {name: run for name, run in ways.items() if not asked.ways or name in some}
            taken = measured(ways, asked.rounds)
            _table(taken, count, rows)
            second, read = steps_of(ground, adapters, rows)
            print(
                f"\nA step of {count * rows} rows: {1e3 * second:.1f} ms; {read / 1e6:.0f} MB read once take "
                f"{1e3 * read / speed:.1f} ms: {second * speed / read:.2f} of the limit's time.\n",
                flush=True,
            )
    return 0


def _table(taken: dict[str, list[Seconds]], count: int, rows: int) -> None:
    head = ("seconds", "of `none`", "`switched` over it", "processors: of `none`", "`switched` over it")
    print(f"| {count} adapters, {rows} rows each | {' | '.join(head)} |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, own in taken.items():
        told = [f"{statistics.median(clock for clock, _ in own):.3f}"]
        for clock in (0, 1):
            told.append(_ratio(own, taken["none"], clock))
            told.append(_ratio(taken["switched"], own, clock))
        print(f"| {name} | {' | '.join(told)} |", flush=True)


def _ratio(above: Sequence[Seconds], below: Sequence[Seconds], clock: int) -> str:
    """Return the median ratio over rounds, with the least and the largest."""
    found = sorted(a[clock] / b[clock] for a, b in zip(above, below, strict=True))
    return f"{statistics.median(found):.2f} ({found[0]:.2f} to {found[-1]:.2f})"


if __name__ == "__main__":
    sys.exit(main())
