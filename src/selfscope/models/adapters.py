"""Adapters on disk: low-rank changes of a network's layers as peft writes them, read and refused.

A folder with ``adapter_config.json`` and ``adapter_model.safetensors``, and where this package trained it
``manifest.json`` as well, which names the weights that it belongs to. No torch here: an adapter is known by
its bytes, and merged by :mod:`selfscope.models.local.merge`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selfscope.errors import BadInput
from selfscope.values import bytes_id, content_id, short

WEIGHTS, CONFIG, MANIFEST = "adapter_model.safetensors", "adapter_config.json", "manifest.json"
#: Adapters that come with the package.
SHIPPED = Path(__file__).parents[1] / "training" / "adapters"
#: Settings of peft that would make another change of the weights than W + scale B A, with their plain values.
_PLAIN: dict[str, tuple[Any, ...]] = {
    "bias": ("none",),
    "use_dora": (False, None),
    "fan_in_fan_out": (False, None),
    "modules_to_save": (None, []),
    "rank_pattern": (None, {}),
    "alpha_pattern": (None, {}),
    "layer_replication": (None, []),
    "lora_bias": (False, None),
}


@dataclass(frozen=True)
class Adapter:
    """A low-rank change of some layers of one network.

    Attributes
    ----------
    name
        Its folder's name.
    training
        Name of the corpus that it was trained on; empty where no manifest says.
    seed
        Of its training; None where no manifest says.
    id
        Content id of the weights and of what they are multiplied by: everything in it that can change an
        answer, so part of the id of every subject that wears it.
    recipe
        Content id of the recipe that it was trained by; empty where no manifest says.
    base, base_name
        Revision and name of the weights that it was trained on; empty where no manifest says.
    scale
        Factor on B A: alpha / rank, or alpha / sqrt(rank) where the file says so.
    """

    name: str
    id: str
    folder: Path
    scale: float
    training: str = ""
    seed: int | None = None
    recipe: str = ""
    base: str = ""
    base_name: str = ""
    manifest: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def weights(self) -> Path:
        """Where the tensors are."""
        return self.folder / WEIGHTS


def adapter_folder(given: str | Path) -> Path:
    """Return the folder that a path or the name of a shipped adapter means.

    Raises
    ------
    BadInput
        If there is neither, or the folder holds no adapter that can be read.
    """
    path = Path(given).expanduser()
    shipped = SHIPPED / str(given)
    if not path.exists() and str(given) in shipped_adapters():
        path = shipped
    if path.is_file():
        path = path.parent if path.name in (WEIGHTS, CONFIG) else _refuse_file(path)
    if not path.is_dir():
        known = ", ".join(shipped_adapters()) or "none"
        raise BadInput(
            "there is no such adapter",
            got=given,
            fix=f"Give the folder that `selfscope adapters build` or peft wrote; shipped by name: {known}",
        )
    return path


def shipped_adapters() -> tuple[str, ...]:
    """Return the names of the adapters that come with the package."""
    return tuple(sorted(p.parent.name for p in SHIPPED.glob(f"*/{WEIGHTS}")))


def adapters_in(given: str | Path) -> tuple[Adapter, ...]:
    """Return the adapter at a path, or all that lie in the folder there, by name."""
    folder = adapter_folder(given)
    inside = sorted(p.parent for p in folder.glob(f"*/{CONFIG}"))
    if (folder / CONFIG).exists() or not inside:
        return (read_adapter(folder),)
    return tuple(read_adapter(each) for each in inside)


def read_adapter(given: str | Path) -> Adapter:
    """Return the adapter at a path.

    Raises
    ------
    BadInput
        If files are missing or broken, the weights are a pickle, or the adapter changes weights in another
        way than by adding low-rank products.
    """
    folder = adapter_folder(given)
    config = _json(folder, CONFIG)
    if not (folder / WEIGHTS).is_file():
        pickles = [p.name for p in sorted(folder.glob("*.bin")) + sorted(folder.glob("*.pt"))]
        if pickles:
            raise BadInput(
                "the adapter's weights are a pickle, and a pickle can run anything when it is opened",
                got=", ".join(pickles),
                fix=f"Save it again as {WEIGHTS} (peft: save_pretrained(..., safe_serialization=True))",
            )
        raise BadInput(f"the adapter lacks {WEIGHTS}", got=folder, fix="Give a whole adapter")
    scale = _scale(config, folder)
    manifest = _manifest(folder)
    own = {"weights": bytes_id((folder / WEIGHTS).read_bytes()), "scale": repr(scale)}
    return Adapter(
        name=folder.resolve().name,
        id=content_id(own),
        folder=folder,
        scale=scale,
        training=str(manifest.get("training", "")),
        seed=manifest.get("seed"),
        recipe=str(manifest.get("recipe_id", "")),
        base=str(manifest.get("base", {}).get("revision", "")),
        base_name=str(manifest.get("base", {}).get("name", "")),
        manifest=manifest,
    )


def refuse_other_base(adapter: Adapter, name: str, revision: str) -> None:
    """Refuse weights that an adapter was not trained on; BadInput."""
    if adapter.base and adapter.base != revision:
        raise BadInput(
            f"the adapter {adapter.name} was trained on other weights: {adapter.base_name}",
            got=f"{name}, revision {short(revision)} and not {short(adapter.base)}",
            fix=f"Give --model {adapter.base_name}, or an adapter of this model",
        )


def _scale(config: Mapping[str, Any], folder: Path) -> float:
    """Return the factor on B A; BadInput if the adapter is of another kind."""
    if config.get("peft_type") != "LORA":
        raise BadInput("the adapter is not low-rank (LoRA)", got=config.get("peft_type"), fix=f"See {folder}")
    for key, usual in _PLAIN.items():
        if key in config and config[key] not in usual:
            raise BadInput(
                "the adapter changes weights in a way that is not merged here",
                got=f"{key}: {config[key]}",
                fix="Train a plain LoRA without it",
            )
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if not isinstance(rank, int) or rank < 1 or not isinstance(alpha, (int, float)):
        raise BadInput(
            f"{CONFIG} gives no rank or alpha", got=f"r {rank}, lora_alpha {alpha}", fix=f"See {folder}"
        )
    return float(alpha) / (math.sqrt(rank) if config.get("use_rslora") else rank)


def _manifest(folder: Path) -> dict[str, Any]:
    """Return how an adapter was trained, where this package trained it; {} of another maker's."""
    found = _json(folder, MANIFEST) if (folder / MANIFEST).exists() else {}
    if "recipe_id" not in found:
        return {}
    if not all(isinstance(found.get(key), dict) for key in ("base", "corpus")):
        raise BadInput(f"the adapter's {MANIFEST} is not whole", got=folder, fix="Train it again")
    return found


def _json(folder: Path, name: str) -> dict[str, Any]:
    try:
        found = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(f"the adapter lacks {name}", got=folder, fix="Give a whole adapter folder") from error
    except (OSError, ValueError) as error:
        raise BadInput(f"the adapter's {name} cannot be read", got=error, fix=f"See {folder}") from error
    if not isinstance(found, dict):
        raise BadInput(
            f"the adapter's {name} is not an object", got=type(found).__name__, fix=f"See {folder}"
        )
    return found


def _refuse_file(path: Path) -> Path:
    raise BadInput(
        "an adapter is a folder, and its weights are safetensors",
        got=path,
        fix=f"Give the folder that holds {CONFIG} and {WEIGHTS}",
    )
