"""Caps on disk: limits on where a network's residual stream may lie along some directions.

A folder with ``cap.safetensors`` and ``manifest.json``. No torch here: a cap is known by its numbers, and
held in place by :mod:`selfscope.models.local.capping`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from selfscope.errors import BadInput, CouldNot
from selfscope.values import bytes_id, content_id, short

Vectors = npt.NDArray[np.float32]

TENSORS, MANIFEST = "cap.safetensors", "manifest.json"
FORMAT = "selfscope-cap-1"
CONVENTION = (
    "layer i is the residual stream after block i, from 0, before any final norm; directions have length 1 "
    "and point TOWARD the default assistant; a lower limit keeps the projection from falling below it, at "
    "every token of prompt and reply; an infinite limit is none"
)
#: What a cap is called wherever it appears.
VALIDATED, UNVALIDATED = "validated", "not validated"
_UNIT = 1e-3


@dataclass(frozen=True)
class CappedModel:
    """The weights that a cap belongs to.

    Attributes
    ----------
    name
        As the user wrote it.
    revision, template
        Digest of the weights and content id of the chat template: a cap fits these alone.
    adapter
        Id of the adapter that was worn; empty for none.
    """

    name: str
    revision: str
    template: str
    adapter: str = ""


@dataclass(frozen=True, eq=False)
class Cap:
    """Limits on projections of the residual stream; see :data:`CONVENTION`.

    Attributes
    ----------
    layers
        After which blocks, ascending, from 0.
    directions
        Shape (layer, width), float32, each of length 1, in the order of `layers`.
    lower, upper
        Shape (layer,), in units of the residual stream; -inf and inf for none.
    model
        Whose cap it is.
    status
        ``validated`` or ``not validated``.
    recipe
        How it was made: axis, percentile, layer band, material, figures. It changes no answer.
    """

    layers: tuple[int, ...]
    directions: Vectors
    lower: Vectors
    upper: Vectors
    model: CappedModel
    status: str = UNVALIDATED
    recipe: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        depth = len(self.layers)
        shapes = (np.ndim(self.directions), len(self.directions), np.shape(self.lower), np.shape(self.upper))
        if not depth or list(self.layers) != sorted(set(self.layers)) or self.layers[0] < 0:
            raise BadInput("a cap has layers, ascending, each once", got=list(self.layers))
        if shapes != (2, depth, (depth,), (depth,)):
            raise BadInput("a cap has one direction and two limits for each layer", got=shapes)
        lengths = np.linalg.norm(np.asarray(self.directions, np.float64), axis=1)
        if not (np.abs(lengths - 1) < _UNIT).all():
            raise BadInput("directions of a cap have length 1", got=lengths.tolist()[:3])
        if not (np.asarray(self.lower) <= np.asarray(self.upper)).all():
            raise BadInput("a lower limit of a cap lies above the upper one", got=list(self.lower)[:3])

    @property
    def id(self) -> str:
        """Content id of all that can change an answer: layers, directions, limits."""
        arrays = (self.directions, self.lower, self.upper)
        told = [bytes_id(np.ascontiguousarray(a, dtype="<f4").tobytes()) for a in arrays]
        return content_id({"layers": list(self.layers), "arrays": told})

    @property
    def name(self) -> str:
        """A short name that says whether it was validated."""
        return f"{short(self.id)} ({self.status})"

    @property
    def width(self) -> int:
        """Size of the residual stream that it fits."""
        return int(self.directions.shape[1])


def read_cap(given: str | Path) -> Cap:
    """Return the cap in a folder, its tensors held against the manifest's digest.

    Raises
    ------
    BadInput
        If the folder holds none.
    CouldNot
        If the tensors are not those of the manifest.
    """
    folder = Path(given).expanduser()
    manifest = _manifest(folder)
    data = (folder / TENSORS).read_bytes() if (folder / TENSORS).is_file() else b""
    if bytes_id(data) != manifest["files"][TENSORS]:
        raise CouldNot(
            "the tensors are not those of the cap's manifest", got=folder / TENSORS, fix="Fit again"
        )
    from safetensors.numpy import load

    arrays = load(data)
    return Cap(
        tuple(manifest["layers"]),
        arrays["directions"],
        arrays["lower"],
        arrays["upper"],
        CappedModel(**manifest["model"]),
        manifest["status"],
        manifest["recipe"],
    )


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = {}
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise BadInput(
            "the folder holds no cap", got=folder, fix="Give the folder that `selfscope cap fit` wrote"
        )
    return found


def refuse_other_model(cap: Cap, name: str, revision: str, template: str, adapter: str = "") -> None:
    """Refuse a network that a cap was not fitted on.

    Raises
    ------
    BadInput
        If weights, chat template or adapter are others.
    """
    own = cap.model
    for what, asked, has in (
        ("weights", revision, own.revision),
        ("a chat template", template, own.template),
        ("an adapter", adapter, own.adapter),
    ):
        if asked != has:
            raise BadInput(
                f"the cap {cap.name} was fitted on {own.name}, with {what} that this model does not have",
                got=f"{name}: {short(asked) if asked else 'none'}, not {short(has) if has else 'none'}",
                fix="Give the model that it was fitted on, or fit one for this model: `selfscope cap fit`",
            )
