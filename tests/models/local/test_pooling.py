"""Means taken inside the pass: the same whichever way sequences are batched, padded or shared."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from tests.models.local.families import VOCABULARY, network

from selfscope.models.local.pooling import Pool, pool
from selfscope.models.local.scorer import Floats, Way

#: One of each kind: plain, with windows, with experts, with parallel attention, with learned positions. That
#: blocks are found is held for all families in test_blocks.
FAMILIES = (
    "llama",
    "gemma2",
    "mixtral (mixture of experts)",
    "gpt-neox (parallel attention)",
    "gpt2",
)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    from transformers.utils import logging as theirs

    before = theirs.get_verbosity()
    theirs.set_verbosity(logging.CRITICAL)
    yield
    theirs.set_verbosity(before)


def job() -> tuple[list[tuple[int, ...]], list[Pool]]:
    """A dozen sequences that share a head longer than every window, branch twice, and repeat once."""
    draw = np.random.default_rng(2)
    head = tuple(draw.integers(2, VOCABULARY, 24).tolist())
    sequences = []
    for i in range(12):
        middle = (5, 6, 7) if i % 2 else ()
        sequences.append(head + middle + tuple(draw.integers(2, VOCABULARY, 3 + 2 * (i % 5)).tolist()))
    sequences += [sequences[3], (8, 9)]
    pools = []
    for i, sequence in enumerate(sequences):
        pools.append(Pool(i, np.arange(len(sequence) // 2, len(sequence))))
        pools.append(Pool(i, np.asarray([0, len(sequence) - 1]) if i % 3 else np.arange(len(sequence))))
    return sequences, pools


def alone(model: Any, sequences: list[tuple[int, ...]], pools: list[Pool], layers: int) -> Floats:
    """Each sequence by itself, every state kept, means by numpy; the last layer before the final norm."""
    import torch

    states: list[Any] = []
    parts = [m for m in model.modules() if isinstance(m, torch.nn.ModuleList) and len(m) == layers]
    handles = [
        b.register_forward_hook(lambda m, a, o: states.append(o[0] if isinstance(o, tuple) else o))
        for b in parts[0]
    ]
    found = []
    with torch.inference_mode():
        for sequence in sequences:
            states.clear()
            model(input_ids=torch.tensor([sequence]), use_cache=False)
            found.append(np.stack([s[0].double().numpy() for s in states]))
    for handle in handles:
        handle.remove()
    return np.stack([found[p.sequence][:, p.places].mean(1) for p in pools], 1)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("family", FAMILIES)
def test_batching_padding_and_sharing_change_no_mean(family: str) -> None:
    from selfscope.models.local.blocks import open_blocks
    from selfscope.models.local.paths import choose, reading

    model = network(family)
    blocks = open_blocks(model)
    sequences, pools = job()
    expected = alone(model, sequences, pools, len(blocks))
    fast = choose(model).way
    for way in ("split", "masked", "plain") if fast == "split" else ("plain",):
        for at_once in (30, 4096):
            with reading(model, way):
                got = pool(model, blocks, sequences, pools, way, tokens_at_once=at_once)
            apart = np.abs(got.means - expected).max() / np.abs(expected).max()
            assert apart < 1e-5, (way, at_once)
            shared = len({s[:i] for s in sequences for i in range(1, len(s) + 1)})
            assert got.distinct == shared
            assert (got.computed < 0.8 * sum(map(len, set(sequences)))) == (way != "plain")


def test_only_the_layers_asked_for_are_given() -> None:
    from selfscope.models.local.blocks import open_blocks

    model = network("llama")
    blocks = open_blocks(model)
    sequences, pools = job()
    every = pool(model, blocks, sequences, pools, "plain").means
    some = pool(model, blocks, sequences, pools, "plain", layers=(2, 0)).means
    assert np.array_equal(some, every[[2, 0]])


@pytest.mark.parametrize("way", ["split", "masked", "plain"])
def test_no_block_above_the_last_wanted_one_is_run(way: Way) -> None:
    """Row by row, trunks among them: the numbers are the same, the blocks above are never called."""
    from selfscope.models.local.attention import register
    from selfscope.models.local.blocks import hooked, open_blocks
    from selfscope.models.local.paths import reading

    register()
    model = network("llama")
    blocks = open_blocks(model)
    sequences, pools = job()
    ran: list[int] = []
    with reading(model, way), hooked(blocks.blocks, lambda number, states: ran.append(number)):
        every = pool(model, blocks, sequences, pools, way, tokens_at_once=40)
        passes = ran.count(0)
        ran.clear()
        low = pool(model, blocks, sequences, pools, way, layers=(1, 0), tokens_at_once=40)
    assert passes > 1 and ran == [0, 1] * passes
    assert np.array_equal(low.means, every.means[[1, 0]])
    assert low.computed == every.computed


def test_half_precision_is_summed_in_float32_and_kept_in_float64() -> None:
    import torch

    from selfscope.models.local.blocks import hooked, open_blocks

    model = network("llama").to(torch.bfloat16)
    blocks = open_blocks(model)
    sequence = tuple(np.random.default_rng(0).integers(2, VOCABULARY, 100).tolist())
    kept: list[Any] = []
    with torch.inference_mode(), hooked(blocks.blocks, lambda n, s: kept.append(s[0].double().numpy())):
        model(input_ids=torch.tensor([sequence]), use_cache=False)
    got = pool(model, blocks, [sequence], [Pool(0, np.arange(100))], "plain", tokens_at_once=100).means
    exact = np.stack([k.mean(0) for k in kept])
    assert got.dtype == np.float64
    assert np.abs(got[:, 0] - exact).max() < 1e-6 * np.abs(exact).max()
    half = np.stack([torch.from_numpy(k).bfloat16().mean(0).double().numpy() for k in kept])
    assert np.abs(half - exact).max() > 1e-3 * np.abs(exact).max(), "a mean in bf16 would have been seen"
