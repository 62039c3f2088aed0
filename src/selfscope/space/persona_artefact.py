"""A persona space on disk: three tensors and a manifest, whole or not at all. No pickle.

``axis`` and ``default_mean`` (layer, d_model), ``role_means`` (role, layer, d_model), all float32.
Layer i is the residual stream after block i, before any final norm.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from selfscope.errors import BadInput, CouldNot
from selfscope.values import bytes_id

if TYPE_CHECKING:
    from selfscope.models.ground import GroundIdentity

Vectors = npt.NDArray[np.float32]

TENSORS, MANIFEST = "axis.safetensors", "manifest.json"
FORMAT = "selfscope-persona-space-1"
SHAPES = {
    "axis": ("layer", "d_model"),
    "default_mean": ("layer", "d_model"),
    "role_means": ("role", "layer", "d_model"),
}
SIGN = (
    "axis = default_mean - mean of role_means over roles: larger inner products are nearer to the default "
    "assistant"
)


@dataclass(frozen=True, eq=False)
class PersonaSpace:
    """A persona space as it is stored.

    Attributes
    ----------
    axis, default_mean
        Shape (layer, d_model).
    role_means
        Shape (role, layer, d_model), in the order of the manifest's roles.
    manifest
        Recipe, roles, counts, versions, digests, sign and reliability.
    """

    axis: Vectors
    default_mean: Vectors
    role_means: Vectors
    manifest: Mapping[str, Any]

    @property
    def roles(self) -> tuple[str, ...]:
        """Names of the roles, in the order of the tensors."""
        return tuple(role["name"] for role in self.manifest["roles"])


def axis_of(default_mean: npt.NDArray[Any], role_means: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the axis of every layer: default less the unweighted mean of the roles; see :data:`SIGN`.

    Parameters
    ----------
    default_mean
        Shape (layer, d_model).
    role_means
        Shape (role, layer, d_model); a role without any response is NaN and left out.
    """
    roles: npt.NDArray[np.float64] = np.nanmean(np.asarray(role_means, np.float64), axis=0)
    return np.asarray(default_mean, np.float64) - roles


def write_space(folder: Path, space: PersonaSpace) -> None:
    """Write the space; the manifest, which names the tensors' digest, comes last.

    Raises
    ------
    CouldNot
        If the disk fails; what stood there before stays.
    """
    from safetensors.numpy import save_file

    tensors = {name: np.ascontiguousarray(getattr(space, name), dtype=np.float32) for name in SHAPES}
    try:
        beside = folder / f".{TENSORS}.part"
        save_file(tensors, beside, {"format": FORMAT})
        digest = bytes_id(beside.read_bytes())
        _settle(beside, folder / TENSORS)
        told = {"format": FORMAT, **space.manifest, "files": {TENSORS: digest}}
        written = folder / f".{MANIFEST}.part"
        text = json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False)
        written.write_text(text, encoding="utf-8")
        _settle(written, folder / MANIFEST)
    except OSError as error:
        raise CouldNot("the persona space cannot be written", got=error, fix="Make room") from error


def _settle(beside: Path, path: Path) -> None:
    with beside.open("rb+") as file:
        os.fsync(file.fileno())
    beside.replace(path)


def open_space(folder: Path | str) -> PersonaSpace:
    """Return a stored persona space, its tensors held against the manifest's digest.

    Raises
    ------
    BadInput
        If the folder holds none.
    CouldNot
        If the tensors are not those of the manifest.
    """
    from safetensors.numpy import load

    place = Path(folder)
    try:
        manifest = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        manifest = {}
    if manifest.get("format") != FORMAT:
        raise BadInput("the folder holds no persona space", got=place, fix="Give what `selfscope map` wrote")
    data = (place / TENSORS).read_bytes() if (place / TENSORS).exists() else b""
    if bytes_id(data) != manifest["files"][TENSORS]:
        raise CouldNot("the tensors are not those of the manifest", got=place / TENSORS, fix="Map again")
    tensors = load(data)
    return PersonaSpace(tensors["axis"], tensors["default_mean"], tensors["role_means"], manifest)


def refuse_other_weights(space: PersonaSpace, own: GroundIdentity) -> None:
    """Refuse a map of other weights, or of the same under another chat template; adapters may differ.

    Raises
    ------
    BadInput
        If the map was made on something else than `own`.
    """
    made = space.manifest["ground"]
    for what in ("revision", "template"):
        if made[what] != getattr(own, what):
            raise BadInput(
                f"the map is of another model: its {what} differs",
                got=made["name"],
                fix="Give a map of this one",
            )
