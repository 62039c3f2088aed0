"""Caps held in place while a network runs: at several layers, and other ones for each row of a batch.

Whatever computes on the blocks meanwhile is capped: prefill and decoding, with a cache of keys and values and
without, padded batches and packed rows of a prefix tree. A packed row is many sequences, so it has one cap; a
padded batch may have one for each row. Keys and values of later layers are of capped states, so nothing that
was computed under other caps may be read with them: a beginning is shared among rows of one cap alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from selfscope.errors import BadInput
from selfscope.models.caps import Cap
from selfscope.models.local.blocks import Blocks, hooked, open_blocks
from selfscope.models.local.merge import twin
from selfscope.models.local.steering import limited, projected

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Tensor = torch.Tensor
Vector = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class ReadAt:
    """Where projections are read while a network runs.

    Attributes
    ----------
    layer
        After which block, from 0; what a cap does there is done before.
    direction
        Shape (width,). A projection is the plain inner product.
    """

    layer: int
    direction: Vector


@dataclass(frozen=True)
class _Limits:
    """Directions (width,) or (rows, width), and limits () or (rows,), at one layer."""

    direction: Tensor
    lower: Tensor
    upper: Tensor


class Holder:
    """Caps over the rows of whatever runs next. Made by :func:`holding`.

    Attributes
    ----------
    projections
        Of the last forward, at the place that is read: shape (rows, tokens), float32, after the caps, padding
        included. None before any forward, or where nothing is read.
    """

    def __init__(self, blocks: Blocks, read: ReadAt | None = None) -> None:
        self.blocks = blocks
        self.projections: Tensor | None = None
        self._stack = ExitStack()
        self._read = read
        self._device = next(blocks.blocks[0].parameters()).device
        self._along = None if read is None else self._tensor(self._checked(read))
        self._limits: dict[int, _Limits] = {}
        self._count = 1

    def rows(self, caps: Sequence[Cap | None]) -> None:
        """Set the caps of the next forwards.

        Parameters
        ----------
        caps
            One for each row of the batch, None for a row without; a single one holds for every row, whatever
            their number.

        Raises
        ------
        BadInput
            If there is none, or a cap does not fit this network.
        """
        if not caps:
            raise BadInput("a batch has at least one row", got="no caps")
        for cap in caps:
            if cap is not None:
                self._refuse(cap)
        self._count = len(caps)
        layers = sorted({layer for cap in caps if cap is not None for layer in cap.layers})
        self._limits = {layer: self._limits_at(layer, caps) for layer in layers}
        self._place({*layers, *([self._read.layer] if self._read else [])})

    def close(self) -> None:
        """Let go of the blocks."""
        self._stack.close()

    def _checked(self, read: ReadAt) -> Vector:
        if not 0 <= read.layer < len(self.blocks) or np.shape(read.direction) != (self.blocks.width,):
            raise BadInput(
                "nothing can be read there",
                got=f"layer {read.layer}, a direction of shape {np.shape(read.direction)}",
                fix=f"Choose a layer from 0 to {len(self.blocks) - 1}, and {self.blocks.width} numbers",
            )
        return read.direction

    def _refuse(self, cap: Cap) -> None:
        if cap.layers[-1] >= len(self.blocks) or cap.width != self.blocks.width:
            raise BadInput(
                "the cap is of another network",
                got=f"layer {cap.layers[-1]}, width {cap.width}",
                fix=f"This one has {len(self.blocks)} layers of width {self.blocks.width}",
            )

    def _tensor(self, numbers: npt.ArrayLike) -> Tensor:
        return torch.from_numpy(np.array(numbers, dtype=np.float32)).to(self._device)

    def _limits_at(self, layer: int, caps: Sequence[Cap | None]) -> _Limits:
        """Return the limits at a layer; one direction for all where they agree in it, which is cheaper."""
        own = [_at(cap, layer) for cap in caps]
        lower = self._tensor([-np.inf if each is None else each[1] for each in own])
        upper = self._tensor([np.inf if each is None else each[2] for each in own])
        directions = [each[0] for each in own if each is not None]
        if all(np.array_equal(each, directions[0]) for each in directions[1:]):
            along = self._tensor(directions[0])
        else:
            nothing = np.zeros(self.blocks.width, np.float32)
            along = self._tensor(np.stack([nothing if each is None else each[0] for each in own]))
        return _Limits(along, *((lower[0], upper[0]) if len(caps) == 1 else (lower, upper)))

    def _place(self, layers: set[int]) -> None:
        """Hook into these blocks and no others, before all who look at them."""
        self._stack.close()
        order = sorted(layers)
        found = [self.blocks.blocks[layer] for layer in order]
        self._stack.enter_context(hooked(found, lambda n, states: self._see(order[n], states), first=True))

    def _see(self, layer: int, states: Tensor) -> Tensor | None:
        if self._count not in (1, len(states)):
            raise BadInput(
                "the batch has other rows than caps were set for",
                got=f"{len(states)} rows, {self._count} caps",
                fix="Set one cap for each row; a packed row takes a single one",
            )
        limits = self._limits.get(layer)
        if limits is not None:
            states = limited(states, limits.direction, limits.lower, limits.upper)
        if self._along is not None and self._read is not None and layer == self._read.layer:
            self.projections = projected(states, self._along)
        return None if limits is None else states


def _at(cap: Cap | None, layer: int) -> tuple[npt.NDArray[np.float32], float, float] | None:
    """Return direction, lower and upper limit of a cap at a layer; None where it has none."""
    if cap is None or layer not in cap.layers:
        return None
    at = cap.layers.index(layer)
    return cap.directions[at], float(cap.lower[at]), float(cap.upper[at])


@contextmanager
def holding(blocks: Blocks, caps: Sequence[Cap | None], *, read: ReadAt | None = None) -> Iterator[Holder]:
    """Hold caps in place, and read projections at one layer, for as long as this is entered.

    Parameters
    ----------
    blocks
        Verified blocks of the network that runs.
    caps
        As :meth:`Holder.rows` takes them; it may be called again between two forwards.
    read
        Where to read the projections that :attr:`Holder.projections` keeps of each forward.

    Raises
    ------
    BadInput
        If a cap or the reading does not fit this network; and, out of a forward, if the batch has another
        number of rows than caps were set for.
    """
    holder = Holder(blocks, read)
    try:
        holder.rows(caps)
        yield holder
    finally:
        holder.close()


def capped(model: PreTrainedModel, cap: Cap) -> PreTrainedModel:
    """Return a network that shares every weight with `model`, and is capped whenever it runs.

    Raises
    ------
    BadInput
        If the cap does not fit the network.
    CouldNot
        If its blocks cannot be told.
    """
    own = twin(model)
    Holder(open_blocks(own)).rows([cap])
    return own
