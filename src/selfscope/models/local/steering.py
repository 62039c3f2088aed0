"""Interventions on the residual stream: pure functions of states, and what holds one in place while it runs.

A sign is never implied: the function says in which way it moves a projection. States keep their dtype; what
is added is added at every token, of the prompt and of the reply alike, so that a row of a prefix tree and a
sequence of its own are steered the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch

from selfscope.errors import BadInput
from selfscope.models.local.blocks import Blocks, hooked

Tensor = torch.Tensor
Vector = npt.NDArray[np.floating]


def add(states: Tensor, direction: Tensor, scale: float) -> Tensor:
    """Return ``states + scale · direction``.

    A positive `scale` raises the projection of every state on `direction`, by ``scale · |direction|``; a
    negative one lowers it. Nothing across `direction` changes.

    Parameters
    ----------
    states
        Shape (…, width).
    direction
        Shape (width,), its length kept.
    scale
        How often it is added; 0 changes nothing.

    Returns
    -------
    States of the same shape, dtype and device.
    """
    return states + (scale * direction.to(torch.float32)).to(states.dtype).to(states.device)


@contextmanager
def adding(blocks: Blocks, layer: int, direction: Vector, scale: float) -> Iterator[None]:
    """Add a direction to the residual stream after one block, at every token, for as long as this is held.

    Whatever computes on these blocks meanwhile is steered: the model's own forward, packed rows over the
    prefix tree and padded batches alike. Keys and values of later layers are of steered states, so nothing
    that was computed before may be read meanwhile.

    Parameters
    ----------
    blocks
        Verified blocks of the network that is steered.
    layer
        After which block, from 0.
    direction, scale
        As :func:`add` takes them; shape (width,).

    Raises
    ------
    BadInput
        If there is no such layer, or the direction is no finite vector of this width.
    """
    if not 0 <= layer < len(blocks):
        raise BadInput("there is no such layer", got=layer, fix=f"Choose from 0 to {len(blocks) - 1}")
    if direction.shape != (blocks.width,) or not np.isfinite(direction).all():
        raise BadInput(
            "a direction is a finite vector of the network's width",
            got=f"shape {direction.shape}",
            fix=f"Give {blocks.width} finite numbers",
        )
    along = torch.from_numpy(np.asarray(direction, dtype=np.float32))
    with hooked([blocks.blocks[layer]], lambda number, states: add(states, along, scale)):
        yield
