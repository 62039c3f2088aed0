"""A tiny network whose assistant is planted: words of a role move the stream along one direction.

One block spreads what the words of :data:`ROLES` carry over all tokens after them, against dimension 1; the
head reads dimension 1: the words of :data:`PLAIN` are likelier along it, those of :data:`PLAYED` against it.
Nothing else writes to dimensions 0 and 1. So a floor along dimension 1 keeps it the assistant, and no other
direction does.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from selfscope.instruments.capability.load import CapabilityTask
from selfscope.models.local.spans import Turn
from selfscope.space.stability.load import RoleJailbreak, StyleItem
from selfscope.studies.cap_material import CapMaterial, Part, Replies
from tests.standins.weights import BEGIN, END, TEMPLATE

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround
    from selfscope.space.persona_artefact import PersonaSpace

WIDTH, LAYERS, PLANTED = 32, 6, 1
ROLES = ("pirate", "ghost", "queen", "wizard", "robot", "wolf")
PLAIN = ("help", "explain", "suggest", "answer")
PLAYED = ("howl", "reign", "haunt", "plunder")
WORDS = tuple(f"{a}{b}" for a in ("ba", "de", "ki", "lo", "mu", "ra") for b in ("na", "te", "so", "vi", "lu"))
_LEVEL, _TRACE, _SPREAD, _READ = 1.0, 3.0, 10.0, 1.5


def write_planted_axis(folder: Path, seed: int = 0) -> None:
    """Write the network."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    said = ("system", "user", "assistant", "Yes", "No", *ROLES, *PLAIN, *PLAYED, *WORDS)
    names = ["[UNK]", *sorted({*said, *re.findall(r"[^\w\s]", TEMPLATE)}), BEGIN, END]
    words = {word: n for n, word in enumerate(names)}
    core = Tokenizer(models.WordLevel(words, "[UNK]"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer: Any = PreTrainedTokenizerFast
    own = tokenizer(tokenizer_object=core, bos_token=BEGIN, eos_token=END)
    own.chat_template = TEMPLATE
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
    network: Any = LlamaForCausalLM(config)
    with torch.no_grad():
        for weight in network.parameters():
            if weight.dim() > 1:
                weight.normal_(0, 0.1)
        _plant(network, words)
    network.save_pretrained(folder)
    own.save_pretrained(folder)


def _plant(network: Any, words: dict[str, int]) -> None:
    import torch

    for block in network.model.layers:
        block.self_attn.o_proj.weight[:2] = 0
        block.mlp.down_proj.weight[:2] = 0
    embedding, head = network.model.embed_tokens.weight, network.lm_head.weight
    embedding.normal_(0, 1.0)
    embedding[:, 0] = 0
    embedding[:, 1] = _LEVEL + 0.1 * torch.randn(len(embedding))
    embedding[[words[role] for role in ROLES], 0] = _TRACE
    planted = network.model.layers[PLANTED].self_attn
    for weight in (
        planted.q_proj.weight,
        planted.k_proj.weight,
        planted.v_proj.weight,
        planted.o_proj.weight,
    ):
        weight.zero_()
    planted.v_proj.weight[0, 0] = 1.0
    planted.o_proj.weight[1, 0] = -_SPREAD
    head.normal_(0, 0.2)
    head[:, 1] = 0
    head[[words[word] for word in PLAIN], 1] = _READ
    head[[words[word] for word in PLAYED], 1] = -_READ


def planted_material(part: Part, replies: Replies) -> CapMaterial:
    """Return material of the network's own words; late turns and jailbreaks name a role."""
    del replies
    draw = np.random.default_rng({"fit": 1, "confirm": 2, "check": 3}[part])

    def text(*extra: str, n: int = 6) -> str:
        return " ".join(draw.permutation([*draw.choice(WORDS, n), *extra]))

    def pressed(kind: str, n: int) -> RoleJailbreak:
        sides = (" ".join([draw.choice(said), text(n=3)]) for said in (PLAYED, PLAIN))
        turns = (Turn("user", text(*draw.choice(ROLES, 3))),)
        return RoleJailbreak(f"{kind}.{n}", kind, "order", "fit", turns, *sides)

    pairs = [
        tuple(pressed(f"{what}{k}", n) for k in range(5) for n in range(2)) for what in ("script", "kind")
    ]
    tasks = []
    for block in range(8):
        answers = tuple(str(word) for word in draw.choice(WORDS, 3, replace=False))
        for n in range(3):
            own = (answers[n], *answers[:n], *answers[n + 1 :])
            tasks.append(CapabilityTask(f"{block}.{n}", "facts", f"b{block}", "fit", text(), own, "{}"))
    style = tuple(StyleItem(f"s{n}", f"s{n}", "fit", text(), text(n=8)) for n in range(10))
    return CapMaterial(pairs[0], pairs[1], tuple(tasks), style)


def planted_space(ground: LocalGround, folder: Path, halves: float | None = None) -> PersonaSpace:
    """Return a map of the network, from what it says as itself and in each role; `halves` as found, or said.

    Two halves of roles and questions give two axes; their cosine is what the map says of its reliability.
    """
    from selfscope.space.cap_candidates import default_states
    from selfscope.space.persona_artefact import PersonaSpace, axis_of, open_space, write_space
    from selfscope.values import plain

    draw = np.random.default_rng(9)
    questions = [" ".join(draw.choice(WORDS, 6)) for _ in range(6)]
    reply = [" ".join(draw.choice(WORDS, 6)) for _ in questions]

    def mean(extra: str, some: slice) -> np.ndarray:
        said = [(f"{q} {extra}".strip(), r) for q, r in zip(questions[some], reply[some], strict=True)]
        return np.asarray(default_states(ground, said, range(LAYERS)).states.mean(1), np.float32)

    def means(roles: tuple[str, ...], some: slice) -> tuple[np.ndarray, np.ndarray]:
        return mean("", some), np.stack([mean(f"{role} {role}", some) for role in roles])

    axes = [axis_of(*means(ROLES[n::2], slice(n, None, 2))) for n in (0, 1)]
    cosines = [float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) for a, b in zip(*axes, strict=True)]
    default, roles = means(ROLES, slice(None))
    told = [{"layer": n, "split_half": halves or each} for n, each in enumerate(cosines)]
    manifest = {
        "ground": plain(ground.identity),
        "roles": [{"name": role} for role in ROLES],
        "reliability": {"axis": told[LAYERS // 2], "layers": told},
    }
    folder.mkdir(parents=True, exist_ok=True)
    own = np.asarray(axis_of(default, roles), np.float32)
    write_space(folder, PersonaSpace(own, default, roles, manifest))
    return open_space(folder)
