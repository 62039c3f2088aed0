"""Interventions on the residual stream: pure functions of states, and what holds one in place while it runs.

A sign is never implied: the function says in which way it moves a projection. :func:`floor` keeps projections
from falling below a limit, so along a direction that points toward the assistant it holds a model near its
assistant; :func:`ceil` keeps them from rising above one. States keep their dtype, sums are taken in float32;
what is done is done at every token, of the prompt and of the reply alike, so that a row of a prefix tree and
a sequence of its own are steered the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch

from selfscope.errors import BadInput
from selfscope.models.local.blocks import Blocks, hooked

Tensor = torch.Tensor
Vector = npt.NDArray[np.floating]
Limit = float | Tensor
"""One limit for all rows, or one for each, shape (rows,); infinite for none."""

_UNIT = 1e-3
"""How far the length of a direction may be from 1."""


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


def ablate(states: Tensor, direction: Tensor) -> Tensor:
    """Return states without their component along `direction`: every projection on it becomes 0.

    Parameters and errors are those of :func:`band`.
    """
    return band(states, direction, 0.0, 0.0)


def floor(states: Tensor, direction: Tensor, lower: Limit) -> Tensor:
    """Return states whose projection on `direction` is at least `lower`.

    A state below is moved up along `direction`, to `lower`; one at or above it is left, bit for bit.
    Parameters and errors are those of :func:`band`.
    """
    return band(states, direction, lower, math.inf)


def ceil(states: Tensor, direction: Tensor, upper: Limit) -> Tensor:
    """Return states whose projection on `direction` is at most `upper`.

    A state above is moved down along `direction`, to `upper`; one at or below it is left, bit for bit.
    Parameters and errors are those of :func:`band`.
    """
    return band(states, direction, -math.inf, upper)


def band(states: Tensor, direction: Tensor, lower: Limit, upper: Limit) -> Tensor:
    """Return states whose projection on `direction` lies between `lower` and `upper`.

    Projections outside are moved to the nearer limit; what lies inside is left, bit for bit. Nothing across
    `direction` changes. Doing it twice is doing it once, up to rounding.

    Parameters
    ----------
    states
        Shape (rows, …, width).
    direction
        Length 1; shape (width,), or (rows, width) for one of each row.
    lower, upper
        In units of the states; a number, or one for each row, shape (rows,). -inf and inf are no limit.

    Returns
    -------
    States of the same shape, dtype and device.

    Raises
    ------
    BadInput
        If a direction has not length 1, or a lower limit lies above the upper one.
    """
    lengths = direction.to(torch.float32).norm(dim=-1)
    if not bool(((lengths - 1).abs() < _UNIT).all()):
        raise BadInput("a direction to limit along has length 1", got=lengths.tolist(), fix="Divide by it")
    low, high = (torch.as_tensor(limit, dtype=torch.float32) for limit in (lower, upper))
    if bool((low > high).any()):
        raise BadInput("the lower limit lies above the upper one", got=(low.tolist(), high.tolist()))
    device = states.device
    return limited(states, direction.to(device, torch.float32), low.to(device), high.to(device))


def limited(states: Tensor, direction: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
    """Return what :func:`band` returns, its directions and limits being float32 on the device, and unseen.

    No value is looked at, so that a device that computes beside the processor is never waited for.
    """
    wide = states.to(torch.float32)
    along = _over(direction, wide) if direction.dim() > 1 else direction
    found = projected(wide, direction)
    held = found.clamp(_over(lower, found, last=False), _over(upper, found, last=False))
    return torch.addcmul(wide, (held - found).unsqueeze(-1), along).to(states.dtype)


def projected(states: Tensor, direction: Tensor) -> Tensor:
    """Return inner products with a direction, (width,), or one for each row, (rows, width); float32.

    Shape (rows, …): that of `states` without its width. Larger is further along the direction.
    """
    # A product of one vector would be shared among threads, and waiting for them takes longer than it saves.
    wide = states.to(torch.float32)
    return (wide * (_over(direction, wide) if direction.dim() > 1 else direction)).sum(-1)


def _over(each: Tensor, like: Tensor, *, last: bool = True) -> Tensor:
    """Return what each row has, shaped to go over `like`; its last axis kept in place where `last`."""
    if not each.dim():
        return each
    kept = each.shape[1:] if last else ()
    return each.reshape(each.shape[0], *[1] * (like.dim() - 1 - len(kept)), *kept)


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
