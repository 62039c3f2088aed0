"""Random low-rank adapters of a tiny network, of any rank, scale and layers, as peft writes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from selfscope.models.adapters import Adapter, read_adapter

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround


def write_lora(
    folder: Path,
    ground: LocalGround,
    *,
    rank: int = 2,
    alpha: float = 4.0,
    targets: Sequence[str] = ("q_proj", "v_proj"),
    size: float = 0.3,
    seed: int = 0,
    base: str | None = None,
) -> Adapter:
    """Write an adapter that moves a network as far as `size` says, and return it.

    Parameters
    ----------
    base
        The revision that it says it was trained on; the ground's own unless told.
    """
    from safetensors.numpy import save_file

    draw = np.random.default_rng(seed)
    network: Any = ground.model
    tensors = {}
    for name, module in network.named_modules():
        if name.rsplit(".", 1)[-1] in targets:
            out, width = module.weight.shape
            for key, shape in (("lora_A", (rank, width)), ("lora_B", (out, rank))):
                tensors[f"base_model.model.{name}.{key}.weight"] = draw.normal(0, size, shape).astype("f4")
    folder.mkdir(parents=True)
    told = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": rank, "lora_alpha": alpha}
    told |= {"target_modules": list(targets), "bias": "none", "base_model_name_or_path": "tiny"}
    (folder / "adapter_config.json").write_text(json.dumps(told))
    of = ground.identity.revision if base is None else base
    manifest = {"recipe_id": "r", "training": folder.name, "base": {"revision": of, "name": "tiny"}}
    (folder / "manifest.json").write_text(json.dumps(manifest | {"corpus": {}}))
    save_file(tensors, folder / "adapter_model.safetensors")
    return read_adapter(folder)
