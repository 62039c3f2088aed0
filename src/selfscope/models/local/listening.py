"""Means of the residual stream taken while replies are decoded, so that no second pass is needed for them.

Hooks add up, at every block, the states of chosen places of the prompts as these go in, and those of every
token drawn as it goes in for the next. The last token of a reply goes in once more for that. Nothing is kept
of single tokens but the last :data:`KEPT`: the sums are (pool, layer, reply, width) in float64.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch

from selfscope.models.local.blocks import Blocks, hooked
from selfscope.models.local.tree import Ints

Tensor = torch.Tensor

PROMPT, REPLY = 0, 1
"""Pools: the chosen places of a prompt, and the tokens drawn."""

KEPT = 8
"""Last tokens of a reply that can be taken back: those of a text that ends turns, which is no part of it."""


def listener_bytes(layers: int, width: int, replies: int) -> int:
    """Return the bytes that a listener holds, whatever the number of tokens."""
    return layers * replies * width * (2 * 8 + KEPT * 4)


class Listener:
    """Sums over replies that are decoded together; :func:`selfscope.models.local.generate.generate` takes it.

    Parameters
    ----------
    blocks
        Verified blocks of the network that decodes.
    places
        For each request the places of its prompt that are pooled, ascending; none gives a mean of NaN.
    """

    def __init__(self, blocks: Blocks, places: Sequence[Ints]) -> None:
        self.blocks = blocks
        self.places = list(places)
        device = next(blocks.blocks[0].parameters()).device
        shape = (2, len(blocks), len(self.places), blocks.width)
        self.sums = torch.zeros(shape, dtype=torch.float64, device=device)
        self.fed = np.zeros(len(self.places), dtype=np.int64)
        self._last = torch.zeros((len(blocks), len(self.places), KEPT, blocks.width), device=device)
        self._pool = PROMPT
        self._replies: Tensor | None = None
        self._weights: Tensor | None = None
        self._slots: tuple[Tensor, Tensor] | None = None

    @contextmanager
    def hooks(self) -> Iterator[None]:
        """Add up what passes the blocks, as far as it was announced."""
        with hooked(self.blocks.blocks, self._add):
            yield

    def expect_prompts(self, first: int, pads: Sequence[int], since: int, start: int, width: int) -> None:
        """Announce `width` columns of prompts, from column `start` on.

        Parameters
        ----------
        first
            Number of the request of the first row.
        pads
            For each row how far its places stand to the right of their own numbers.
        since
            Places before it went in earlier and are not counted.
        """
        weights = torch.zeros((len(pads), width))
        for row, pad in enumerate(pads):
            places = self.places[first + row]
            columns = places[places >= since] + pad - start
            inside = columns[(columns >= 0) & (columns < width)]
            weights[row, torch.from_numpy(inside)] = 1.0
        self._announce(PROMPT, range(first, first + len(pads)), weights)

    def expect_tokens(self, replies: Sequence[int], drawn: Sequence[int]) -> None:
        """Announce one column: the last token of each reply, which counts where it was not fed before.

        Parameters
        ----------
        replies
            Number of the request of each row.
        drawn
            Tokens that each has drawn so far.
        """
        rows = np.asarray(replies, dtype=np.int64)
        new = np.asarray(drawn, dtype=np.int64) > self.fed[rows]
        slots = torch.from_numpy(self.fed[rows][new] % KEPT).to(self.sums.device)
        self.fed[rows] += new
        self._announce(REPLY, replies, torch.from_numpy(new[:, None].astype(np.float32)))
        self._slots = torch.from_numpy(np.flatnonzero(new)).to(self.sums.device), slots

    def owed(self, reply: int, drawn: int) -> bool:
        """Return whether the last token of a reply has not been fed yet."""
        return int(self.fed[reply]) < drawn

    def take_back(self, reply: int, count: int) -> bool:
        """Leave the last `count` tokens of a reply out of its mean; False, and nothing done, for too many."""
        end = int(self.fed[reply])
        if not 0 <= count <= min(KEPT, end):
            return False
        for token in range(end - count, end):
            self.sums[REPLY, :, reply] -= self._last[:, reply, token % KEPT].double()
        self.fed[reply] -= count
        return True

    def _announce(self, pool: int, replies: Sequence[int], weights: Tensor) -> None:
        self._pool, self._slots = pool, None
        some = bool(weights.any())
        self._weights = weights.to(self.sums.device) if some else None
        self._replies = torch.tensor(list(replies), dtype=torch.long, device=self.sums.device)

    def _add(self, number: int, states: Tensor) -> None:
        weights = self._weights
        if weights is None:
            return
        assert self._replies is not None
        # One row for all where what every prompt begins with is computed once.
        found = (
            weights @ states[0].float()
            if len(states) == 1
            else torch.bmm(weights[:, None], states.float())[:, 0]
        )
        self.sums[self._pool, number].index_add_(0, self._replies, found.double())
        if self._slots is not None:
            new, slots = self._slots
            self._last[number, self._replies[new], slots] = found[new]

    def means(self) -> npt.NDArray[np.float64]:
        """Return means over places; shape (pool, layer, reply, width), NaN over none."""
        counts = np.asarray([[len(p) for p in self.places], self.fed], dtype=np.float64)
        with np.errstate(invalid="ignore"):
            return np.asarray(self.sums.cpu().numpy() / counts[:, None, :, None])
