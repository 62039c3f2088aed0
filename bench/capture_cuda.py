"""How fast a random network of 7B shape in bfloat16 is forwarded, and captured, on a CUDA device."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

SHAPE = {
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
}
TOKENS_AT_ONCE = 8192
SEQUENCES = 64


def on_cuda(rounds: int, device: str = "cuda", **shape: int) -> dict[str, Any]:
    """Return tokens per second and working memory of the plain forward and of pooling, in turns.

    Parameters
    ----------
    rounds
        After one that warms up and is not counted.
    device
        ``cpu`` with a small `shape` tests the code itself.
    shape
        Fields of a Llama configuration that take the place of those of :data:`SHAPE`.
    """
    import torch

    from selfscope.models.local.blocks import open_blocks
    from selfscope.models.local.pooling import padded_batches, pool, run_padded

    network = _network(device, SHAPE | shape)
    sequences, pools = _job()
    blocks = open_blocks(network)
    batches = padded_batches([len(s) for s in sequences], TOKENS_AT_ONCE)

    def forward() -> None:
        with torch.inference_mode():
            for batch in batches:
                run_padded(network, [sequences[i] for i in batch])

    def ours() -> None:
        pool(network, blocks, sequences, pools, "plain", tokens_at_once=TOKENS_AT_ONCE)

    ran: dict[str, list[tuple[float, int]]] = {"limit": [], "ours": []}
    for _ in range(rounds + 1):
        for way, run in (("limit", forward), ("ours", ours)):
            ran[way].append(_timed(run, device))
    seconds = {way: [each[0] for each in runs[1:]] for way, runs in ran.items()}
    ratios = [ours / limit for ours, limit in zip(seconds["ours"], seconds["limit"], strict=True)]
    tokens = sum(map(len, sequences))
    return {
        **{f"{way}_tokens_per_second": tokens / statistics.median(each) for way, each in seconds.items()},
        **{f"{way}_working": max(each[1] for each in runs) for way, runs in ran.items()},
        "ratio": statistics.median(ratios),
        "ratios": ratios,
        "tokens": tokens,
    }


def _timed(run: Callable[[], None], device: str) -> tuple[float, int]:
    """Return seconds of a run, and bytes of a CUDA device that it needed at most; 0 elsewhere."""
    import torch

    if device != "cuda":
        began = time.perf_counter()
        run()
        return time.perf_counter() - began, 0
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    held, began = torch.cuda.memory_allocated(), time.perf_counter()
    run()
    torch.cuda.synchronize()
    return time.perf_counter() - began, torch.cuda.max_memory_allocated() - held


def _network(device: str, shape: dict[str, int]) -> Any:
    """Return a random network made on the device, in bfloat16 from the first, so that it is held once."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device(device):
            return LlamaForCausalLM(LlamaConfig(**shape)).eval()  # type: ignore[arg-type]
    finally:
        torch.set_default_dtype(before)


def _job() -> tuple[list[tuple[int, ...]], list[Any]]:
    """Return sequences of 150 to 400 tokens, none alike, and a pool over the second half of each."""
    import numpy as np

    from selfscope.models.local.pooling import Pool

    draw = np.random.default_rng(0)
    sequences = [tuple(draw.integers(5, 999, n).tolist()) for n in draw.integers(150, 400, SEQUENCES)]
    return sequences, [Pool(i, np.arange(len(s) // 2, len(s))) for i, s in enumerate(sequences)]
