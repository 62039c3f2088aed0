"""Tiny random networks of many decoder families, for what must hold on any of them."""

from __future__ import annotations

from typing import Any

VOCABULARY = 97
NO_IDS: dict[str, Any] = {"bos_token_id": None, "eos_token_id": None, "pad_token_id": None}
SMALL: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 128,
    **NO_IDS,
}
ALL_HEADS = {k: v for k, v in SMALL.items() if k != "num_key_value_heads"}
GPT: dict[str, Any] = {"vocab_size": VOCABULARY, "n_embd": 16, "n_layer": 3, "n_head": 2, **NO_IDS}
WINDOWED = {**SMALL, "head_dim": 8, "sliding_window": 8}

FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("LlamaConfig", SMALL),
    "qwen2": ("Qwen2Config", SMALL),
    "qwen3": ("Qwen3Config", {**SMALL, "head_dim": 8}),
    "gemma2": ("Gemma2Config", WINDOWED),
    "gemma3": ("Gemma3TextConfig", WINDOWED),
    "phi (parallel attention)": ("PhiConfig", ALL_HEADS),
    "phi3": ("Phi3Config", SMALL),
    "mistral": ("MistralConfig", {**SMALL, "sliding_window": 8}),
    "mixtral (mixture of experts)": (
        "MixtralConfig",
        {**SMALL, "num_local_experts": 3, "num_experts_per_tok": 2},
    ),
    "qwen2_moe (as many experts as layers)": (
        "Qwen2MoeConfig",
        {
            **SMALL,
            "num_experts": 3,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 12,
            "shared_expert_intermediate_size": 12,
        },
    ),
    "gpt-neox (parallel attention)": ("GPTNeoXConfig", ALL_HEADS),
    "gptj (parallel attention)": ("GPTJConfig", {**GPT, "rotary_dim": 4, "n_positions": 128}),
    "falcon (parallel attention)": ("FalconConfig", ALL_HEADS),
    "cohere (parallel attention)": ("CohereConfig", SMALL),
    "gpt2": ("GPT2Config", {**GPT, "n_positions": 128}),
    "opt": (
        "OPTConfig",
        {**ALL_HEADS, "ffn_dim": 24, "word_embed_proj_dim": 16, "pad_token_id": 1},
    ),
    "olmo2": ("Olmo2Config", SMALL),
    "granite": ("GraniteConfig", {**SMALL, "logits_scaling": 2.0, "residual_multiplier": 0.5}),
    "stablelm": ("StableLmConfig", SMALL),
    "smollm3": ("SmolLM3Config", SMALL),
}


def network(family: str, **changes: Any) -> Any:
    """Return a random network of a family, with weights large enough that attention is far from uniform."""
    import torch
    import transformers

    config, settings = FAMILIES[family]
    torch.manual_seed(0)
    made = getattr(transformers, config)(**(settings | changes))
    model = transformers.AutoModelForCausalLM.from_config(made).eval()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.mul_(4)
    return model
