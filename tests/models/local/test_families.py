"""Tiny random networks of many families: the path chosen, and that it reads what their own forward says."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.models.local.tree import Line

VOCABULARY = 211
SMALL: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "bos_token_id": None,
    "eos_token_id": None,
    "pad_token_id": None,
}
ALL_HEADS = {k: v for k, v in SMALL.items() if k != "num_key_value_heads"}
NO_IDS: dict[str, Any] = {"bos_token_id": None, "eos_token_id": None, "pad_token_id": None}
GPT: dict[str, Any] = {"vocab_size": VOCABULARY, **NO_IDS}

FAMILIES: list[tuple[str, str, dict[str, Any], str]] = [
    ("llama", "LlamaConfig", SMALL, "split"),
    ("qwen2", "Qwen2Config", SMALL, "split"),
    (
        "qwen2 with a window",
        "Qwen2Config",
        {**SMALL, "use_sliding_window": True, "sliding_window": 16, "max_window_layers": 1},
        "split",
    ),
    ("qwen3", "Qwen3Config", {**SMALL, "head_dim": 16}, "split"),
    ("mistral with a window", "MistralConfig", {**SMALL, "sliding_window": 16}, "split"),
    ("gemma2", "Gemma2Config", {**SMALL, "head_dim": 16, "sliding_window": 16}, "plain"),
    ("gemma3", "Gemma3TextConfig", {**SMALL, "head_dim": 16, "sliding_window": 16}, "split"),
    (
        "gpt-neo",
        "GPTNeoConfig",
        {
            **GPT,
            "hidden_size": 48,
            "num_layers": 2,
            "attention_types": [[["global", "local"], 1]],
            "num_heads": 4,
            "max_position_embeddings": 256,
            "window_size": 16,
        },
        "plain",
    ),
    ("phi", "PhiConfig", ALL_HEADS, "split"),
    ("gpt2", "GPT2Config", {**GPT, "n_embd": 48, "n_layer": 2, "n_head": 4, "n_positions": 256}, "split"),
    ("gpt-neox", "GPTNeoXConfig", ALL_HEADS, "split"),
    ("bloom", "BloomConfig", {**GPT, "hidden_size": 48, "n_layer": 2, "n_head": 4}, "plain"),
    ("granite", "GraniteConfig", {**SMALL, "logits_scaling": 2.0}, "split"),
    ("cohere", "CohereConfig", SMALL, "split"),
    ("mamba", "MambaConfig", {**GPT, "hidden_size": 48, "num_hidden_layers": 2}, "plain"),
]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    from transformers.utils import logging as theirs

    before = theirs.get_verbosity()
    theirs.set_verbosity(logging.CRITICAL)
    yield
    theirs.set_verbosity(before)


def network(config: str, settings: dict[str, Any]) -> Any:
    import torch
    import transformers

    torch.manual_seed(0)
    model = transformers.AutoModelForCausalLM.from_config(getattr(transformers, config)(**settings)).eval()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.mul_(4)  # so that attention is far from uniform
    return model


def lines() -> list[Line]:
    """Two dozen lines behind a head longer than every window here, branching twice."""
    draw = np.random.default_rng(1)
    head = tuple(draw.integers(0, VOCABULARY, 50).tolist())
    found = []
    for i in range(12):
        middle = (5, 6, 7) if i % 2 else ()
        before = head + middle + tuple(draw.integers(0, VOCABULARY, 3 + i % 5).tolist())
        found += [Line(before, tuple(draw.integers(0, VOCABULARY, 1 + k).tolist())) for k in (0, i % 4)]
    return found


def direct(model: Any, line: Line) -> float:
    """What the model's own forward says of one line, alone."""
    import torch

    tokens = torch.tensor([line.head + line.tail])
    with torch.inference_mode():
        logp = torch.log_softmax(model(input_ids=tokens, use_cache=False).logits[0].double(), -1)
    start = len(line.head)
    return float(sum(logp[start + i - 1, token] for i, token in enumerate(line.tail)))


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("config", "settings", "way"), [f[1:] for f in FAMILIES], ids=[f[0] for f in FAMILIES]
)
def test_the_path_is_chosen_openly_and_agrees(config: str, settings: dict[str, Any], way: str) -> None:
    from selfscope.models.local.paths import choose, reading
    from selfscope.models.local.scorer import score

    model = network(config, settings)
    chosen = choose(model)
    assert chosen.way == way, chosen.reason
    assert bool(chosen.reason) == (way == "plain")
    expected = [direct(model, line) for line in lines()]
    ways = ("split", "masked", "plain") if way == "split" else ("plain",)
    for each in ways:
        for pack in (40, None):  # with a trunk and several rows, and all in one row
            with reading(model, each):
                got = score(model, lines(), each, pack=pack)
            assert np.abs(got.values - expected).max() < 1e-4, (each, pack)


def test_a_path_that_does_not_read_the_model_right_is_refused_when_asked_for() -> None:
    from selfscope.models.local.paths import choose

    settings = {**SMALL, "head_dim": 16, "sliding_window": 16}
    with pytest.raises(BadInput, match="softcap"):
        choose(network("Gemma2Config", settings), "split")


def test_a_network_whose_attention_is_not_what_the_tree_computes_fails_the_self_check() -> None:
    import torch

    from selfscope.models.local.paths import choose

    model = network("LlamaConfig", SMALL)
    head = model.get_output_embeddings()
    model.get_output_embeddings = lambda: lambda hidden: head(hidden) * 1.01  # a touch nobody knows of
    with torch.inference_mode():
        chosen = choose(model)
    assert chosen.way == "plain"
    assert "differs from the model's own forward" in chosen.reason


def test_everything_is_made_where_the_model_is() -> None:
    """On a device that is not the processor the first thing that fails is to carry the numbers back.

    The meta device computes shapes alone and mixes with no other, so a tensor that was forgotten on the
    processor, or a kernel that is for it alone, stops the work before. It needs no accelerator.
    """
    from selfscope.models.local import attention
    from selfscope.models.local.paths import candidates, check_lines, forbids, reading
    from selfscope.models.local.scorer import score

    attention.register()
    model = network("LlamaConfig", SMALL).to("meta")
    assert candidates(model, "auto") == ("masked", "plain")
    assert forbids(model, "split")
    assert not forbids(model, "masked")
    with reading(model, "masked"), pytest.raises(NotImplementedError, match="copy out of meta tensor"):
        score(model, check_lines(VOCABULARY), "masked", pack=16)
