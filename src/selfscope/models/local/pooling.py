"""Means of the residual stream over chosen places of many sequences, taken inside the forward pass.

A hook at each block multiplies the states of the running row by a small matrix of noughts and ones, one row
a *piece* (the places of a pool that stand in this row), and adds the sums in float64 to a table of (layers,
pools, width). The states are never kept, and no logits are made: the backbone is called without its head, and
each pass ends after the last block that is wanted.

Two ways, as :mod:`selfscope.models.local.scorer` has them: over the prefix tree, where what sequences share
is computed once, or ``plain``, the network's own forward in batches padded on the right, longest first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from selfscope.models.local.attention import Running, Trunk, running
from selfscope.models.local.blocks import Blocks, hooked
from selfscope.models.local.linear import one_dnn
from selfscope.models.local.plan import Row, lay_out, paths
from selfscope.models.local.scorer import Floats, Way, backbone, row_bytes, trunk_bytes
from selfscope.models.local.tree import Ints, grow

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Tensor = torch.Tensor

TOKENS_AT_ONCE = 1024
"""Most tokens of a row or of a padded batch, unless the caller says otherwise."""


@dataclass(frozen=True, eq=False)
class Pool:
    """One mean that is wanted.

    Attributes
    ----------
    sequence
        Number of the sequence.
    places
        Places in it that the mean is over, ascending, at least one; shape (places,).
    """

    sequence: int
    places: Ints


@dataclass(frozen=True, eq=False)
class Pooled:
    """What one job gave.

    Attributes
    ----------
    means
        Shape (layers, pools, width), float64. Not finite where the network's states were not.
    computed
        Tokens that went through the network, padding left out.
    distinct
        Tokens that an exact method must compute at least.
    """

    means: Floats
    computed: int
    distinct: int


def pool(
    model: PreTrainedModel,
    blocks: Blocks,
    sequences: Sequence[tuple[int, ...]],
    pools: Sequence[Pool],
    way: Way,
    *,
    layers: Sequence[int] | None = None,
    tokens_at_once: int = TOKENS_AT_ONCE,
) -> Pooled:
    """Return the mean of layer l over each pool's places, for every l of `layers` (all unless said).

    Parameters
    ----------
    model
        In evaluation mode, its attention set for `way` (:func:`selfscope.models.local.paths.reading`).
    blocks
        Its verified blocks.
    sequences
        Tokens from the first position on; none empty, equal ones are computed once.
    tokens_at_once
        Bound on the tokens of one pass; a longer sequence is a row of its own.
    """
    wanted = list(range(len(blocks)) if layers is None else layers)
    table = torch.zeros((len(wanted), len(pools), blocks.width), dtype=torch.float64, device=model.device)
    fed: dict[tuple[int, ...], int] = {}
    owner = [fed.setdefault(sequence, len(fed)) for sequence in sequences]
    distinct = list(fed)
    sums = _Sums(table, blocks, wanted)
    with torch.inference_mode(), sums.hooks():
        if way == "plain":
            computed = _plain(model, distinct, owner, pools, sums, tokens_at_once)
        else:
            computed = _tree(model, distinct, owner, pools, sums, way, tokens_at_once)
    means = table.cpu().numpy() / np.asarray([len(p.places) for p in pools], dtype=np.float64)[None, :, None]
    return Pooled(means, computed, grow(distinct).size if distinct else 0)


class _Enough(Exception):
    """The last wanted block has run; ends a pass early, and never leaves this module."""


class _Sums:
    """The table of sums, and the pieces of the pass that is running."""

    def __init__(self, table: Tensor, blocks: Blocks, layers: Sequence[int]) -> None:
        self.table = table
        self.blocks = [blocks.blocks[layer] for layer in layers]
        self.last = layers.index(max(layers)) if layers else None
        self.weights: Tensor | None = None
        self.into: Tensor | None = None
        self.out_of: Tensor | None = None

    @contextmanager
    def hooks(self) -> Iterator[None]:
        """Add up whatever passes the wanted blocks."""
        with hooked(self.blocks, self._add):
            yield

    def expect(self, length: int, parts: Sequence[tuple[int, Ints]]) -> None:
        """Say which places of the next pass belong to which pools.

        Parameters
        ----------
        length
            Places of the pass, its batch laid end to end.
        parts
            Numbers of pools with their places; pools that ask for the same places share a piece.
        """
        pieces: dict[bytes, int] = {}
        of = [pieces.setdefault(places.tobytes(), len(pieces)) for _, places in parts]
        weights = torch.zeros((len(pieces), length))
        for piece, (_, places) in zip(of, parts, strict=True):
            weights[piece, torch.from_numpy(places)] = 1.0
        device = self.table.device
        self.weights = weights.to(device)
        self.out_of = torch.tensor(of, dtype=torch.long, device=device)
        self.into = torch.tensor([number for number, _ in parts], dtype=torch.long, device=device)

    def _add(self, number: int, states: Tensor) -> None:
        assert self.weights is not None and self.into is not None and self.out_of is not None
        if len(self.into):
            sums = self.weights @ states.flatten(0, 1).float()
            self.table[number].index_add_(0, self.into, sums.double().index_select(0, self.out_of))
        if number == self.last:
            raise _Enough


def _tree(
    model: PreTrainedModel,
    sequences: Sequence[tuple[int, ...]],
    owner: Sequence[int],
    pools: Sequence[Pool],
    sums: _Sums,
    way: Literal["split", "masked"],
    tokens_at_once: int,
) -> int:
    """Compute every distinct token once; return how many went through."""
    root = grow(sequences)
    plan = lay_out(root, tokens_at_once)
    numbers = paths(root)
    wanted = [numbers[owner[each.sequence]][each.places] for each in pools]
    trunk = Trunk(plan.longest_trunk)
    with one_dnn(model):
        for row in plan.rows:
            sums.expect(len(row.tokens), list(_parts(wanted, row)))
            now = Running(row, trunk, way, model.device)
            with running(now), suppress(_Enough):
                backbone(model)(
                    input_ids=torch.from_numpy(row.tokens).to(model.device)[None],
                    position_ids=torch.from_numpy(row.positions).to(model.device)[None],
                    use_cache=False,
                )
    return plan.computed


def _parts(wanted: Sequence[Ints], row: Row) -> Iterator[tuple[int, Ints]]:
    """Yield the pools that have places in a row, and which."""
    for number, places in enumerate(wanted):
        low, high = np.searchsorted(places, [row.first, row.stop])
        if low < high:
            yield number, places[low:high] - row.first


def _plain(
    model: PreTrainedModel,
    sequences: Sequence[tuple[int, ...]],
    owner: Sequence[int],
    pools: Sequence[Pool],
    sums: _Sums,
    tokens_at_once: int,
) -> int:
    """Compute padded batches, longest first; return how many tokens went through, padding left out."""
    of: dict[int, list[int]] = {}
    for number, each in enumerate(pools):
        of.setdefault(owner[each.sequence], []).append(number)
    for batch in padded_batches([len(s) for s in sequences], tokens_at_once):
        longest = len(sequences[batch[0]])
        sums.expect(
            len(batch) * longest,
            [(n, pools[n].places + k * longest) for k, i in enumerate(batch) for n in of.get(i, ())],
        )
        with suppress(_Enough):
            run_padded(model, [sequences[i] for i in batch])
    return sum(map(len, sequences))


def padded_batches(lengths: Sequence[int], tokens_at_once: int) -> list[list[int]]:
    """Return sequence numbers in batches, longest first, each of at most `tokens_at_once` padded tokens."""
    batches: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if not batches or (len(batches[-1]) + 1) * lengths[batches[-1][0]] > tokens_at_once:
            batches.append([])
        batches[-1].append(index)
    return batches


def run_padded(model: PreTrainedModel, batch: Sequence[tuple[int, ...]]) -> None:
    """Run the backbone on one batch padded on the right, where positions begin at 0 as for one alone."""
    longest = max(map(len, batch))
    tokens = torch.zeros((len(batch), longest), dtype=torch.long)
    mask = torch.zeros((len(batch), longest), dtype=torch.long)
    for k, sequence in enumerate(batch):
        tokens[k, : len(sequence)] = torch.tensor(sequence)
        mask[k, : len(sequence)] = 1
    padded = {"attention_mask": mask.to(model.device)} if len(set(map(len, batch))) > 1 else {}
    backbone(model)(input_ids=tokens.to(model.device), use_cache=False, **padded)


def pass_bytes(model: PreTrainedModel, longest: int, tokens_at_once: int) -> int:
    """Return bytes that one pass needs at most beside weights and table, generously."""
    row = max(tokens_at_once, longest) * row_bytes(model)
    return int(row + longest * trunk_bytes(model))
