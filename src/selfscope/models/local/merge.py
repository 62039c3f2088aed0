"""Adapters put into weights: W + scale B A in float32, on a network that shares all other weights."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from selfscope.errors import BadInput
from selfscope.models.adapters import Adapter, refuse_other_base
from selfscope.models.local.load import Loaded

if TYPE_CHECKING:
    from transformers import PreTrainedModel

#: What peft puts before a module's name, and after it.
_BEFORE, _DOWN, _UP = "base_model.model.", ".lora_A.weight", ".lora_B.weight"


def merged(loaded: Loaded, adapter: Adapter) -> Loaded:
    """Return weights that an adapter has been merged into.

    The sum is what peft's own forward computes, W x + scale B (A x), up to float32 rounding; merged, it is
    read by every way of scoring as plain weights are. Layers that the adapter leaves alone are shared with
    `loaded`, which is not changed.

    Raises
    ------
    BadInput
        If the adapter was trained on other weights, does not fit these, or cannot be read.
    """
    refuse_other_base(adapter, loaded.name, loaded.revision)
    changes = changes_of(adapter)
    network: Any = loaded.model
    weights = {name: weight_of(network, name, pair, adapter) for name, pair in changes.items()}
    own: Any = twin(loaded.model)
    with torch.no_grad():
        for name, weight in weights.items():
            down, up = (t.to(weight.device, torch.float32) for t in changes[name])
            change = nn.Parameter(weight.float() + adapter.scale * (up @ down), requires_grad=False)
            own.get_submodule(name).weight = change
    return replace(loaded, model=own)


def changes_of(adapter: Adapter) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Return A (rank, in) and B (out, rank) by the names of the layers that they change."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors: Mapping[str, torch.Tensor] = load_file(adapter.weights)
    except (OSError, SafetensorError) as error:
        raise BadInput(
            "the adapter's weights cannot be read", got=f"{adapter.name}: {error}", fix="Give it whole"
        ) from error
    names = {_layer(key, adapter) for key in tensors}
    found = {}
    for name in sorted(names):
        pair = tuple(tensors.get(f"{_BEFORE}{name}{end}") for end in (_DOWN, _UP))
        if (
            pair[0] is None
            or pair[1] is None
            or not all(bool(t.isfinite().all()) for t in pair if t is not None)
        ):
            raise BadInput(
                "the adapter's weights are not whole", got=f"{adapter.name}: {name}", fix="Train it again"
            )
        found[name] = (pair[0], pair[1])
    if not found:
        raise BadInput("the adapter is empty", got=adapter.name, fix="Train it again")
    return found


def _layer(key: str, adapter: Adapter) -> str:
    end = next((e for e in (_DOWN, _UP) if key.endswith(e)), "")
    if not end or not key.startswith(_BEFORE):
        raise BadInput(
            "the adapter holds a tensor that is no low-rank change of a linear layer",
            got=f"{adapter.name}: {key}",
            fix="Train a plain LoRA of linear layers",
        )
    return key[len(_BEFORE) : -len(end)]


def weight_of(
    network: Any, name: str, pair: tuple[torch.Tensor, torch.Tensor], adapter: Adapter
) -> torch.Tensor:
    """Return the weight that a change belongs to; BadInput if there is none of its shape."""
    try:
        layer = network.get_submodule(name)
    except AttributeError:
        layer = None
    down, up = pair
    fits = (
        isinstance(layer, nn.Linear)
        and tuple(layer.weight.shape) == (up.shape[0], down.shape[1])
        and up.shape[1] == down.shape[0]
    )
    if not fits:
        there = (
            "no such layer" if layer is None else f"a layer of {tuple(getattr(layer, 'weight', up).shape)}"
        )
        raise BadInput(
            f"the adapter {adapter.name} does not fit this model",
            got=f"{name}: {tuple(up.shape)} times {tuple(down.shape)} on {there}",
            fix="Give the model that it was trained on",
        )
    weight: torch.Tensor = layer.weight
    return weight


def twin(model: PreTrainedModel) -> PreTrainedModel:
    """Return a network of its own modules that shares every weight and buffer with `model`."""
    network: Any = model
    shared = {id(t): t for t in (*network.parameters(), *network.buffers())}
    return copy.deepcopy(model, shared)
