"""Keys and values of rows that each have a length of their own, so that rows come and go between two passes.

Row i stands in slot i of one tensor a layer, its first token in the first column: nothing is padded on the
left, nothing is packed again when a longer row joins. A pass writes into the columns after each row's own,
and an additive mask hides what lies behind them. The network takes an object of this class for its cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from selfscope.errors import CouldNot

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Tensor = torch.Tensor
Pairs = tuple[tuple[Tensor, Tensor], ...]
"""Keys and values of one row, a pair a layer, each (head, token, width)."""

COLUMN_STEP = 64
"""Columns are made room for this many at a time."""

_KINDS = ("full_attention", "sliding_attention")


class Slots:
    """The memory of a continuous batch; see the module.

    Parameters
    ----------
    model
        The network that will compute with it.
    cells
        Most tokens there is room for: rows times columns. A single row may go beyond it.

    Raises
    ------
    CouldNot
        If a layer of the network is neither full nor sliding attention.
    """

    def __init__(self, model: PreTrainedModel, cells: int) -> None:
        config: Any = model.config.get_text_config()
        window = getattr(config, "sliding_window", None)
        used = getattr(config, "use_sliding_window", True)
        plain = _KINDS[1] if window and used else _KINDS[0]
        self.kinds = tuple(sorted(set(getattr(config, "layer_types", None) or [plain])))
        if not set(self.kinds) <= set(_KINDS):
            raise CouldNot(
                "replies cannot join each other on this architecture",
                got=", ".join(self.kinds),
                fix="Serve a model whose layers are full or sliding attention",
            )
        self.window = int(window) if window else 0
        self.dtype, self.device, self.cells = model.dtype, model.device, cells
        self._layers: list[tuple[Tensor, Tensor]] = []
        self._rows, self._columns = 1, COLUMN_STEP
        self._first, self._width = 0, 1
        self._starts: tuple[int, ...] = (0,)

    def aim(self, first: int, starts: Sequence[int], width: int) -> tuple[Any, Tensor]:
        """Say what the next pass holds, for which room was reserved; return its mask and its positions.

        Parameters
        ----------
        first
            Slot of the first row; the others follow.
        starts
            Tokens that each row has already.
        width
            Tokens of each row in this pass.

        Returns
        -------
        mask, positions
            The mask (row, 1, token, column), 0 where a token sees and a very low number where it does not, or
            one for each kind of layer by its name; and the positions (row, token).
        """
        self._first, self._starts, self._width = first, tuple(starts), width
        positions = torch.tensor(starts)[:, None] + torch.arange(width)
        masks = {kind: self._mask(kind, positions).to(self.device) for kind in self.kinds}
        only = masks[self.kinds[0]] if len(masks) == 1 else masks
        return only, positions.to(self.device)

    def _mask(self, kind: str, positions: Tensor) -> Tensor:
        columns = torch.arange(max(self._starts) + self._width)
        seen = columns <= positions[..., None]
        if kind == _KINDS[1]:
            seen &= columns > positions[..., None] - self.window
        low = torch.finfo(self.dtype).min
        return torch.where(seen, 0.0, low).to(self.dtype)[:, None]

    def update(self, keys: Tensor, values: Tensor, layer: int, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Take in what one layer computed, and return all that its rows have: the network calls this.

        Parameters
        ----------
        keys, values
            Shape (row, head, token, width).
        """
        rows = slice(self._first, self._first + len(self._starts))
        stop = max(self._starts) + self._width
        whole = self._layer(layer, keys, values)
        for own, added in zip(whole, (keys, values), strict=True):
            if self._width == 1:
                own[torch.arange(rows.start, rows.stop), :, list(self._starts)] = added[:, :, 0]
            else:
                for row, start in enumerate(self._starts):
                    own[rows.start + row, :, start : start + self._width] = added[row]
        return whole[0][rows, :, :stop], whole[1][rows, :, :stop]

    def get_seq_length(self, *_: Any) -> int:
        """Return the longest row's tokens before this pass; nothing hangs on it, as positions are given."""
        return max(self._starts)

    def _layer(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Return a layer's tensors, made when it computes for the first time."""
        while len(self._layers) <= layer:
            shapes = [(self._rows, t.shape[1], self._columns, t.shape[-1]) for t in (keys, values)]
            pair = [torch.zeros(s, dtype=keys.dtype, device=keys.device) for s in shapes]
            self._layers.append((pair[0], pair[1]))
        return self._layers[layer]

    def reserve(self, rows: int, columns: int) -> None:
        """Make room for the first `rows` rows, of `columns` tokens at most; rows behind them are lost."""
        if rows <= self._rows and columns <= self._columns:
            return
        if columns > self._columns or rows * self._columns > self.cells:
            self._columns = -(-columns // COLUMN_STEP) * COLUMN_STEP
        self._rows = max(rows, min(2 * self._rows, self.cells // self._columns))
        self._layers = [(self._resized(keys), self._resized(values)) for keys, values in self._layers]

    def _resized(self, old: Tensor) -> Tensor:
        made = old.new_zeros((self._rows, old.shape[1], self._columns, old.shape[3]))
        rows, columns = min(len(old), self._rows), min(old.shape[2], self._columns)
        made[:rows, :, :columns] = old[:rows, :, :columns]
        return made

    def copy(self, source: int, target: int, tokens: int) -> None:
        """Give slot `target` the first `tokens` tokens of slot `source`."""
        for own in (t for pair in self._layers for t in pair):
            own[target, :, :tokens] = own[source, :, :tokens]

    def take(self, slot: int, tokens: int) -> Pairs:
        """Return a copy of the first `tokens` tokens of a row, to be kept beside the batch."""
        return tuple((k[slot, :, :tokens].clone(), v[slot, :, :tokens].clone()) for k, v in self._layers)

    def put(self, slot: int, kept: Pairs, tokens: int) -> None:
        """Give a slot the first `tokens` tokens of what was taken."""
        for number, (keys, values) in enumerate(kept):
            own = self._layer(number, keys[None], values[None])
            own[0][slot, :, :tokens], own[1][slot, :, :tokens] = keys[:, :tokens], values[:, :tokens]

    def clear(self) -> None:
        """Let go of the memory; no row is left."""
        self._layers, self._rows, self._columns = [], 1, COLUMN_STEP

    @property
    def bytes(self) -> int:
        """Bytes that are held."""
        return sum(t.numel() * t.element_size() for pair in self._layers for t in pair)
