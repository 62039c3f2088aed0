"""Low-rank changes of linear layers, and the two files in which peft keeps them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional

from selfscope.errors import BadInput
from selfscope.training.recipe import Recipe

if TYPE_CHECKING:
    from transformers import PreTrainedModel

#: What peft puts before the names of the network's own modules.
PREFIX = "base_model.model."


class LowRank(nn.Module):
    """A frozen linear layer and its change: y = W x + b + (alpha / rank) B A x.

    `down` is A, shape (rank, in), drawn uniformly within 1/sqrt(in), as peft draws it; `up` is B, shape
    (out, rank), all zeros, so that training begins at the network itself.
    """

    def __init__(self, layer: nn.Linear, recipe: Recipe, drawn: torch.Generator) -> None:
        super().__init__()
        self.layer = layer
        self.scale = recipe.alpha / recipe.rank
        bound = 1 / math.sqrt(layer.in_features)
        start = torch.empty(recipe.rank, layer.in_features).uniform_(-bound, bound, generator=drawn)
        where = layer.weight.device
        self.down = nn.Parameter(start.to(where))
        self.up = nn.Parameter(torch.zeros(layer.out_features, recipe.rank, device=where))

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Return the changed layer's output, shape (..., out)."""
        change = functional.linear(functional.linear(states, self.down), self.up)
        return self.layer(states) + self.scale * change  # type: ignore[no-any-return]


def attach(model: PreTrainedModel, recipe: Recipe, seed: int) -> dict[str, LowRank]:
    """Freeze the network and put low-rank changes on the recipe's modules, in the order of their names.

    Returns
    -------
    The changes, by the full names of the layers that they change.

    Raises
    ------
    BadInput
        If the network has no such layers, or some of them are not plain linear layers.
    """
    network: Any = model
    network.requires_grad_(False)
    drawn = torch.Generator().manual_seed(seed)
    names = [n for n, _ in network.named_modules() if n.rsplit(".", 1)[-1] in recipe.modules]
    if not names or any(type(network.get_submodule(n)) is not nn.Linear for n in names):
        raise BadInput(
            "the model's attention has not the linear layers that the recipe changes",
            got=f"{type(model).__name__} and {', '.join(recipe.modules)}",
            fix="Use a model of the Llama, Gemma, Qwen or Mistral kind",
        )
    changes: dict[str, LowRank] = {}
    for name in names:
        parent, _, last = name.rpartition(".")
        changes[name] = LowRank(network.get_submodule(name), recipe, drawn)
        setattr(network.get_submodule(parent), last, changes[name])
    return changes


def tensors_of(changes: dict[str, LowRank], recipe: Recipe) -> dict[str, torch.Tensor]:
    """Return the changes under peft's names, in the precision that is stored."""
    kind: torch.dtype = getattr(torch, recipe.precision)
    found = {}
    for name, change in changes.items():
        found[f"{PREFIX}{name}.lora_A.weight"] = change.down.detach().cpu().to(kind).contiguous()
        found[f"{PREFIX}{name}.lora_B.weight"] = change.up.detach().cpu().to(kind).contiguous()
    return found


def peft_config(recipe: Recipe, model: str, revision: str) -> dict[str, Any]:
    """Return what ``adapter_config.json`` says, so that peft reads the adapter as it is."""
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": model,
        "revision": revision,
        "r": recipe.rank,
        "lora_alpha": recipe.alpha,
        "lora_dropout": 0.0,
        "target_modules": list(recipe.modules),
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "use_dora": False,
        "use_rslora": False,
        "modules_to_save": None,
    }
