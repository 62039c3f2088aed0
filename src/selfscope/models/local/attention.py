"""Attention inside a packed row: to the trunk without a mask, to the own branch causally, merged exactly.

Softmax over keys in two parts is a weighted mean of the softmax over each part, the weights being the parts'
exponentiated log-sum-exps. PyTorch's flash attention for CPU returns these, which gives the path ``split``.
The path ``masked`` builds the row's tree as one boolean mask instead: any device, and sliding windows.

Both are registered with transformers' attention interface under the name :data:`NAME`, so no model's code is
changed. What the running row is, the function reads from a context variable that the scorer sets.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from torch.nn import functional

from selfscope.models.local.plan import Row
from selfscope.models.local.tree import Ints

NAME = "selfscope_tree"
"""What the registered attention function is called."""

UNKNOWN = ("softcap", "s_aux", "position_bias", "head_mask")
"""Arguments that change attention in ways which the functions here do not compute."""

MOST_BUCKETS = 6

MOST_PADDING = 1.3
"""Branches share a bucket while padding keeps it under this many times their tokens."""

DENSE = 64
"""Branches of at most this many tokens are computed by batched matrix products: flash attention spends some
10 microseconds a branch and head before it computes anything."""

Tensor = torch.Tensor


class UnknownAttentionError(Exception):
    """The model asked for an attention that the tree does not compute; a slower path does."""


@dataclass(eq=False)
class Trunk:
    """Keys and values of the current path from the root, one pair of tensors a layer.

    Tensors have shape (1, key heads, room, head size); the first `Row.trunk` places of them hold.
    """

    room: int
    keys: dict[int, Tensor] = field(default_factory=dict)
    values: dict[int, Tensor] = field(default_factory=dict)

    def hold(self, layer: int, start: int, key: Tensor, value: Tensor) -> None:
        """Write the keys and values of a piece of trunk, beginning at place `start`."""
        if layer not in self.keys:
            shape = (1, key.shape[1], self.room)
            self.keys[layer] = key.new_empty((*shape, key.shape[3]))
            self.values[layer] = value.new_empty((*shape, value.shape[3]))
        stop = start + key.shape[2]
        self.keys[layer][:, :, start:stop] = key
        self.values[layer][:, :, start:stop] = value

    def read(self, layer: int, length: int) -> tuple[Tensor, Tensor]:
        """Return the first `length` places of one layer."""
        return self.keys[layer][:, :, :length], self.values[layer][:, :, :length]


@dataclass(frozen=True, eq=False)
class Bucket:
    """Branches of like length, padded: `gather` (branches, longest) says which place of the row each is."""

    gather: Tensor


@dataclass(eq=False)
class Running:
    """The row that is being computed, ready for every layer.

    Attributes
    ----------
    row, trunk, way
        What is computed, under what, and how.
    buckets
        The branches, by length.
    source
        For each place of the row, where it stands in the concatenated, flattened buckets; shape (tokens,).
    masks
        The row's tree as a boolean mask (tokens, trunk + tokens), by sliding window (0: none).
    read
        Places of the row whose last hidden state is wanted, or None for all; the last layer computes no
        other.
    last
        Number of the last layer.
    longest
        Last position in the row; a sliding window longer than that hides nothing.
    windows
        The sliding windows that layers have asked for.
    """

    row: Row
    trunk: Trunk
    way: Literal["split", "masked"]
    device: torch.device
    read: Tensor | None = None
    last: int = -1
    buckets: list[Bucket] = field(default_factory=list)
    source: Tensor | None = None
    masks: dict[int, Tensor] = field(default_factory=dict)
    longest: int = 0
    windows: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.longest = int(self.row.positions.max())
        if self.way == "split" and len(self.row.branches) > 1:
            self.buckets, self.source = _buckets(self.row)

    def mask(self, window: int) -> Tensor:
        """Return which keys each token may see, under a sliding window if `window` is not 0."""
        if window not in self.masks:
            self.masks[window] = _mask(self.row, window).to(self.device)
        return self.masks[window]


_RUNNING: ContextVar[Running] = ContextVar("selfscope_running_row")


@contextmanager
def running(row: Running) -> Iterator[None]:
    """Make `row` the one that attention computes."""
    token = _RUNNING.set(row)
    try:
        yield
    finally:
        _RUNNING.reset(token)


def register() -> None:
    """Make :func:`attend` known to transformers; without a mask function of that name none is built."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, attend)


def attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Attention of one layer over the running row, as transformers calls it.

    Parameters
    ----------
    query
        Shape (1, heads, tokens, head size).
    key, value
        Shape (1, key heads, tokens, head size): those of the row alone; the trunk's are held here.

    Returns
    -------
    output
        Shape (1, tokens, heads, head size).

    Raises
    ------
    UnknownAttentionError
        If the model passes an argument of :data:`UNKNOWN`.
    """
    asked = [name for name in UNKNOWN if kwargs.get(name) is not None]
    if asked:
        raise UnknownAttentionError(f"attention with {', '.join(asked)}")
    now = _RUNNING.get()
    if now.row.keep:
        now.trunk.hold(module.layer_idx, now.row.trunk, key, value)
    if sliding_window:
        now.windows.add(sliding_window)
    window = sliding_window if sliding_window and now.longest >= sliding_window else 0
    if now.way == "masked" or window:
        return _masked(now, module.layer_idx, query, key, value, scaling, window), None
    return _split(now, module.layer_idx, query, key, value, scaling), None


def _split(
    now: Running, layer: int, query: Tensor, key: Tensor, value: Tensor, scaling: float | None
) -> Tensor:
    own, own_weight = _branch_attention(now, query, key, value, scaling)
    if not now.row.trunk:
        return own
    trunk_key, trunk_value = now.trunk.read(layer, now.row.trunk)
    wanted = now.read if layer == now.last else None
    if wanted is not None:
        query, own_weight = query.index_select(2, wanted), own_weight.index_select(2, wanted)
    out, weight = _flash(query, trunk_key, trunk_value, False, scaling)
    share = torch.sigmoid(own_weight - weight).transpose(1, 2).unsqueeze(-1)
    if wanted is None:
        return torch.lerp(out.transpose(1, 2), own, share)
    merged = torch.lerp(out.transpose(1, 2), own.index_select(1, wanted), share)
    return own.index_copy(1, wanted, merged)


def _branch_attention(
    now: Running, query: Tensor, key: Tensor, value: Tensor, scaling: float | None
) -> tuple[Tensor, Tensor]:
    """Return causal attention inside each branch, and its log-sum-exp.

    Shapes (1, tokens, heads, size) and (1, heads, tokens).
    """
    if now.source is None:
        out, weight = _flash(query, key, value, True, scaling)
        return out.transpose(1, 2), weight
    rows = [t[0].transpose(0, 1) for t in (query, key, value)]  # (tokens, heads, size)
    outs, weights = [], []
    for bucket in now.buckets:
        q, k, v = (_gathered(t, bucket.gather) for t in rows)
        inside = _dense if bucket.gather.shape[1] <= DENSE else _flash
        out, weight = inside(q, k, v, True, scaling)
        outs.append(out.transpose(1, 2).flatten(0, 1))
        weights.append(weight.transpose(1, 2).flatten(0, 1))
    out = torch.cat(outs).index_select(0, now.source)
    weight = torch.cat(weights).index_select(0, now.source)
    return out.unsqueeze(0), weight.t().unsqueeze(0)


def _gathered(rows: Tensor, places: Tensor) -> Tensor:
    """Return (branches, heads, longest, size) out of (tokens, heads, size)."""
    picked = rows.index_select(0, places.flatten())
    return picked.view(*places.shape, *rows.shape[1:]).transpose(1, 2)


def _flash(
    query: Tensor, key: Tensor, value: Tensor, causal: bool, scaling: float | None
) -> tuple[Tensor, Tensor]:
    """Return attention and its log-sum-exp; key heads may be fewer than query heads."""
    out, weight = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
        query, key, value, 0.0, causal, scale=scaling
    )
    return out, weight


def _dense(
    query: Tensor, key: Tensor, value: Tensor, causal: bool, scaling: float | None
) -> tuple[Tensor, Tensor]:
    """As :func:`_flash`, for many short sequences, query heads of one key head folded into one product."""
    branches, heads, length, size = query.shape
    groups = heads // key.shape[1]
    folded = query.reshape(branches * key.shape[1], groups * length, size)
    keys, values = key.flatten(0, 1), value.flatten(0, 1)
    scores = torch.bmm(folded, keys.transpose(1, 2)).mul_(size**-0.5 if scaling is None else scaling)
    if causal:
        hidden = torch.ones(length, length, dtype=torch.bool, device=query.device).triu_(1)
        scores.view(-1, groups, length, length).masked_fill_(hidden, -torch.inf)
    weight = torch.logsumexp(scores, -1, keepdim=True)
    out = torch.bmm(scores.sub_(weight).exp_(), values)
    return out.view(query.shape), weight.view(query.shape[:3])


def _masked(
    now: Running,
    layer: int,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    scaling: float | None,
    window: int,
) -> Tensor:
    if now.row.trunk:
        trunk_key, trunk_value = now.trunk.read(layer, now.row.trunk)
        key, value = torch.cat([trunk_key, key], 2), torch.cat([trunk_value, value], 2)
    groups = query.shape[1] // key.shape[1]
    if groups > 1:
        key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
    mask = now.mask(window)[None, None]
    out = functional.scaled_dot_product_attention(query, key, value, mask, scale=scaling)
    return out.transpose(1, 2)


def _mask(row: Row, window: int) -> Tensor:
    """Return the row's tree as booleans, shape (tokens, trunk + tokens)."""
    length = len(row.tokens)
    see = np.zeros((length, row.trunk + length), dtype=bool)
    see[:, : row.trunk] = True
    own = see[:, row.trunk :]
    for branch in row.branches:
        own[np.ix_(branch, branch)] |= np.tri(len(branch), dtype=bool)
    if window:
        where = np.concatenate([np.arange(row.trunk), row.positions])
        see &= row.positions[:, None] - where[None, :] < window
    return torch.from_numpy(see)


def _buckets(row: Row) -> tuple[list[Bucket], Tensor]:
    """Return the branches padded in groups of like length, and where each place of the row is found there.

    A place that stands in many branches is read from one of them; padding repeats a branch's last place,
    which causal attention keeps from everything before it.
    """
    order = sorted(range(len(row.branches)), key=lambda i: len(row.branches[i]))
    source = np.empty(len(row.tokens), dtype=np.int64)
    buckets, offset = [], 0
    for group in _like_length([row.branches[i] for i in order]):
        longest = len(group[-1])
        gather = np.empty((len(group), longest), dtype=np.int64)
        for i, branch in enumerate(group):
            gather[i, : len(branch)] = branch
            gather[i, len(branch) :] = branch[-1]
            source[branch] = offset + i * longest + np.arange(len(branch))
        buckets.append(Bucket(torch.from_numpy(gather)))
        offset += gather.size
    return buckets, torch.from_numpy(source)


def _like_length(branches: list[Ints]) -> list[list[Ints]]:
    """Cut branches, shortest first, into as few groups as padding allows, :data:`MOST_BUCKETS` at most."""
    for count in range(1, min(MOST_BUCKETS, len(branches)) + 1):
        cuts = np.array_split(np.arange(len(branches)), count)
        groups = [[branches[i] for i in cut] for cut in cuts]
        padded = sum(len(group) * len(group[-1]) for group in groups)
        if padded <= MOST_PADDING * sum(map(len, branches)):
            break
    return groups
