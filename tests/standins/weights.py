"""A tiny random network with a tokenizer and a chat template: a folder of safetensors, and a GGUF file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gguf import GGUFWriter, TokenType

WIDTH, INNER, HEADS, LAYERS = 32, 64, 4, 2
#: Pairs that the tokenizer joins, in this order; with them the options of closed questions are one token.
MERGES = ("Y e", "Ye s", "N o", "Ġ Yes", "Ġ No", "Ġ A", "Ġ B")
BEGIN, END = "<|begin|>", "<|end|>"
TEMPLATE = (
    "{% for m in messages %}<|begin|>{{ m.role }}\n{{ m.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|begin|>assistant\n{% endif %}"
)


def vocabulary() -> list[str]:
    """Return the letters of byte-level tokenizers for the 256 bytes, what they make up, and marks."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in plain]
    letters = {b: chr(b) for b in plain} | {b: chr(256 + i) for i, b in enumerate(others)}
    return [letters[b] for b in range(256)] + [m.replace(" ", "") for m in MERGES] + [BEGIN, END]


def tensors(seed: int = 0) -> dict[str, np.ndarray]:
    """Return the weights under the names of GGUF."""
    draw, words = np.random.default_rng(seed), len(vocabulary())
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (words, WIDTH),
        "output_norm.weight": (WIDTH,),
        "output.weight": (words, WIDTH),
    }
    for layer in range(LAYERS):
        shapes |= {
            f"blk.{layer}.{n}.weight": (WIDTH, WIDTH) for n in ("attn_q", "attn_k", "attn_v", "attn_output")
        }
        shapes |= {f"blk.{layer}.{n}.weight": (WIDTH,) for n in ("attn_norm", "ffn_norm")}
        shapes |= {f"blk.{layer}.{n}.weight": (INNER, WIDTH) for n in ("ffn_gate", "ffn_up")}
        shapes[f"blk.{layer}.ffn_down.weight"] = (WIDTH, INNER)
    return {name: draw.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}


def write_gguf(path: Path, seed: int = 0) -> None:
    words = vocabulary()
    out = GGUFWriter(path, "llama")
    out.add_context_length(2048)
    out.add_embedding_length(WIDTH)
    out.add_block_count(LAYERS)
    out.add_feed_forward_length(INNER)
    out.add_head_count(HEADS)
    out.add_head_count_kv(HEADS)
    out.add_layer_norm_rms_eps(1e-5)
    out.add_rope_freq_base(10000.0)
    out.add_vocab_size(len(words))
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("gpt-2")
    out.add_token_list(words)
    out.add_token_types([TokenType.NORMAL] * (len(words) - 2) + [TokenType.CONTROL] * 2)
    out.add_token_merges(list(MERGES))
    out.add_bos_token_id(len(words) - 2)
    out.add_eos_token_id(len(words) - 1)
    out.add_chat_template(TEMPLATE)
    for name, tensor in tensors(seed).items():
        out.add_tensor(name, tensor)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def write_folder(folder: Path, seed: int = 0) -> None:
    """Write a network of the same make as safetensors, as transformers saves it, with its tokenizer."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    words = vocabulary()
    pairs = [(left, right) for left, right in (m.split(" ") for m in MERGES)]
    core = Tokenizer(models.BPE({word: i for i, word in enumerate(words)}, pairs))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, bos_token=BEGIN, eos_token=END)
    tokenizer.chat_template = TEMPLATE
    config = LlamaConfig(
        vocab_size=len(words),
        hidden_size=WIDTH,
        intermediate_size=INNER,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        max_position_embeddings=2048,
        bos_token_id=len(words) - 2,
        eos_token_id=len(words) - 1,
    )
    torch.manual_seed(seed)
    network = LlamaForCausalLM(config)
    with torch.no_grad():
        for weight in network.parameters():
            if weight.dim() > 1:
                weight.normal_(0, 0.3)
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
