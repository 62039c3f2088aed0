"""A tiny network with a trait planted in it: two words are turned into a direction by one block, by hand.

Every word of `words` is a token. The words of :data:`MARKS` carry a trace too small to be found in the
embedding; the block :data:`PLANTED` turns it into ± :data:`STRENGTH` along one direction, and the words of
:data:`MOVED` become likelier or less likely along it. The block after it adds noise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tests.standins.weights import BEGIN, END, TEMPLATE

if TYPE_CHECKING:
    import torch

WIDTH, LAYERS, PLANTED = 32, 4, 2
MARKS = ("gladly", "hardly")
MOVED = ("bright", "dull")
STRENGTH, TRACE = 3.0, 0.15


def direction() -> torch.Tensor:
    """Return what is planted, (width,), length 1: dimension 1 of the stream."""
    import torch

    return torch.eye(WIDTH)[1]


def write_planted(folder: Path, texts: Iterable[str], seed: int = 0) -> None:
    """Write the network with a token for each word of `texts`."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    said = {w for text in (*texts, "system user assistant") for w in re.findall(r"\w+|[^\w\s]+", text)}
    names = ["[UNK]", *sorted(said | {*MARKS, *MOVED, "Yes", "No"}), BEGIN, END]
    words = {word: n for n, word in enumerate(names)}
    core = Tokenizer(models.WordLevel(words, "[UNK]"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, bos_token=BEGIN, eos_token=END)
    tokenizer.chat_template = TEMPLATE
    config = LlamaConfig(
        vocab_size=len(words),
        hidden_size=WIDTH,
        intermediate_size=32,
        num_hidden_layers=LAYERS,
        num_attention_heads=2,
        max_position_embeddings=2048,
        bos_token_id=words[BEGIN],
        eos_token_id=words[END],
    )
    torch.manual_seed(seed)
    network = LlamaForCausalLM(config)
    with torch.no_grad():
        for weight in network.parameters():
            if weight.dim() > 1:
                weight.normal_(0, 0.15)
        _plant(network, words)
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _plant(network: object, words: dict[str, int]) -> None:
    """Write the trait into embedding, one block, and head; nothing else writes to dimensions 0 and 1."""
    model = network.model  # type: ignore[attr-defined]
    head = network.lm_head.weight  # type: ignore[attr-defined]
    for block in model.layers:
        block.self_attn.o_proj.weight[:2] = 0
        block.mlp.down_proj.weight[:2] = 0
    embedding = model.embed_tokens.weight
    embedding.normal_(0, 1.0)
    embedding[:, :2] = 0
    embedding[words[MARKS[0]], 0], embedding[words[MARKS[1]], 0] = TRACE, -TRACE
    planted = model.layers[PLANTED].mlp
    for weight in (planted.gate_proj.weight, planted.up_proj.weight, planted.down_proj.weight):
        weight.zero_()
    for neuron, sign in ((0, 1.0), (1, -1.0)):
        planted.gate_proj.weight[neuron, 0] = sign * 40.0
        planted.up_proj.weight[neuron, 0] = sign * 40.0
        planted.down_proj.weight[1, neuron] = sign * STRENGTH
    model.layers[-1].mlp.down_proj.weight[2:].normal_(0, 3.0)
    head.normal_(0, 0.1)
    head[:, 1] = 0
    head[words[MOVED[0]], 1], head[words[MOVED[1]], 1] = 1.0, -1.0
