"""What map is wanted: of what, how much is asked, who is placed, and which parts that makes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from selfscope.errors import BadInput
from selfscope.models.adapters import Adapter
from selfscope.models.ground import Ground
from selfscope.models.local.ground import LocalGround
from selfscope.space.asked import (
    MAP_PRESETS,
    MapPreset,
    RoleAsk,
    cast_of,
    joined_system,
    map_asks,
    placed_asks,
)
from selfscope.space.persona_capture import middle_layer
from selfscope.space.responses import Drawing, part_id
from selfscope.studies.store import runs_folder
from selfscope.values import Preset, content_id, short


@dataclass(frozen=True)
class Placed:
    """Someone to place on a map: an identity as a system prompt, or an adapter that the weights wear."""

    name: str
    text: str = ""
    adapter: Adapter | None = None

    @property
    def kind(self) -> str:
        """``identity`` or ``adapter``."""
        return "identity" if self.adapter is None else "adapter"


@dataclass(frozen=True)
class MapRequest:
    """What map is wanted.

    Attributes
    ----------
    preset, seed
        How much is asked, and the name of all randomness.
    identity, identity_name
        A text that the whole map is made under, before every other system prompt.
    layer
        To be read; None for the middle one.
    placed
        Who is placed on it.
    sizes
        How much is asked, where it is not the preset's.
    """

    preset: Preset = "demo"
    seed: int = 0
    identity: str = ""
    identity_name: str = ""
    layer: int | None = None
    placed: tuple[Placed, ...] = ()
    sizes: MapPreset | None = None

    @property
    def size(self) -> MapPreset:
        """How much is asked."""
        return self.sizes or MAP_PRESETS[self.preset]


def local_ground(ground: Ground) -> LocalGround:
    """Return the ground as local weights.

    Raises
    ------
    BadInput
        If it has no inside that can be read: an API model, or a phantom.
    """
    if not isinstance(ground, LocalGround):
        raise BadInput(
            "only local weights have an inside to map",
            got=ground.identity.name,
            fix="Give embedded, a folder, a GGUF file or a hub id",
        )
    return ground


def map_folder(request: MapRequest, ground: LocalGround, out: Path | None) -> Path:
    """Return where a map lies: `out`, else a folder named by what was asked of what, among the runs."""
    if out is not None:
        return out
    asks, drawing = asked(request)
    return runs_folder() / "maps" / short(part_id(ground, asks, drawing))


def asked(request: MapRequest) -> tuple[tuple[RoleAsk, ...], Drawing]:
    """Return what roles and default are asked, and how responses are drawn."""
    size = request.size
    return map_asks(cast_of(size), size, request.identity), Drawing(size.max_tokens, request.seed)


def parts_of(request: MapRequest) -> Iterator[tuple[Path, tuple[RoleAsk, ...], Placed | None]]:
    """Yield every part of a map: where in the folder it lies, what is asked, and who is placed."""
    yield Path("roles"), asked(request)[0], None
    size = request.size
    names = [each.name for each in request.placed]
    if len(set(names)) < len(names):
        raise BadInput("two that are placed have one name", got=", ".join(names), fix="Rename one")
    for placed in request.placed:
        system = joined_system(request.identity, placed.text) if placed.adapter else placed.text
        asks = placed_asks(placed.name, system, cast_of(size).questions, size.defaults)
        yield Path("placed") / _safe(placed), asks, placed


def _safe(placed: Placed) -> str:
    """Return a folder's name that no two who are placed share."""
    own = content_id([placed.text, placed.adapter.id if placed.adapter else ""])
    return f"{re.sub(r'[^A-Za-z0-9_-]+', '-', placed.name)[:40]}-{short(own, 8)}"


def layer_of(request: MapRequest, ground: LocalGround) -> int:
    """Return the layer to read; BadInput if the model has no such layer."""
    depth = int(ground.model.config.get_text_config().num_hidden_layers)
    layer = middle_layer(ground) if request.layer is None else request.layer
    if not 0 <= layer < depth:
        raise BadInput("the model has no such layer", got=layer, fix=f"Choose from 0 to {depth - 1}")
    return layer


def worn_by(ground: LocalGround, placed: Placed | None) -> LocalGround:
    """Return the weights as who is placed wears them; the ground itself for roles and identities."""
    return ground if placed is None or placed.adapter is None else ground.dressed(placed.adapter)
