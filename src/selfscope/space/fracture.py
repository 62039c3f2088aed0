"""Steering inside a network: what adding directions at one layer changes at a later one, and at what cost.

The numbers go to :mod:`selfscope.stats.fracture`; nothing here judges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from selfscope.models.local.blocks import hooked, open_blocks
from selfscope.models.local.ground import LocalGround, working
from selfscope.models.local.scorer import backbone
from selfscope.models.local.spans import SpanReader
from selfscope.space.recipe import Conversation

Floats = npt.NDArray[np.float64]

#: Texts in one pass.
BATCH = 16
#: Tokens of a text's end at which a cost is taken.
TAIL = 8


class Steered(NamedTuple):
    """What directions changed.

    Attributes
    ----------
    shift
        Change of each text's mean state over its response at the later layer, shape (direction, text,
        d_model).
    cost
        Divergence of the next token's distribution, unsteered from steered, in nats: mean over the last
        tokens of all texts; shape (direction,).
    """

    shift: Floats
    cost: Floats


class _Seen(NamedTuple):
    """One pass over all texts: mean states (text, d_model), and log-probabilities (text × tail, word)."""

    states: Floats
    words: list[torch.Tensor]


def steer(
    ground: LocalGround,
    texts: Sequence[Conversation],
    directions: Floats,
    layer: int,
    later: int,
    progress: Callable[[int], None] = lambda count: None,
) -> Steered:
    """Return what adding each direction to the states of every token after block `layer` changes.

    Parameters
    ----------
    texts
        Conversations that end with a response.
    directions
        As they are added, lengths and all; shape (direction, d_model).
    layer, later
        Where they are added, and where their effects are read; `later` is not below `layer`.
    progress
        Called with the count of directions that are done, after each.
    """
    reader = SpanReader(ground.tokenizer, ground.renderer.template)
    read = [reader.read(each.turns) for each in texts]
    rows = [(np.asarray(each.tokens), each.mask("assistant")) for each in read]
    with working(ground.threads):
        blocks = open_blocks(ground.model).blocks
        plain = _pass(ground, blocks, rows, None, layer, later)
        shift, cost = np.empty((len(directions), *plain.states.shape)), np.empty(len(directions))
        for n, direction in enumerate(directions):
            found = _pass(ground, blocks, rows, direction, layer, later)
            shift[n] = found.states - plain.states
            cost[n] = _divergence(plain.words, found.words)
            progress(n + 1)
    return Steered(shift, cost)


def _pass(
    ground: LocalGround,
    blocks: Sequence[torch.nn.Module],
    rows: Sequence[tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]],
    direction: Floats | None,
    layer: int,
    later: int,
) -> _Seen:
    states, words = [], []
    for tokens, kept, mask in _batches(rows):
        held: dict[int, torch.Tensor] = {}

        def see(
            number: int, found: torch.Tensor, held: dict[int, torch.Tensor] = held
        ) -> torch.Tensor | None:
            changed = None
            if number == layer and direction is not None:
                changed = found + torch.tensor(direction, dtype=found.dtype, device=found.device)
            if number == later:
                held[number] = found if changed is None else changed
            return changed

        device = ground.model.device
        with hooked(blocks, see):
            out = backbone(ground.model)(
                input_ids=tokens.to(device), attention_mask=mask.to(device), use_cache=False
            )
        share = kept.to(device, torch.float64)
        summed = torch.einsum("bt,btd->bd", share, held[later].to(torch.float64))
        states.append((summed / share.sum(1, keepdim=True)).cpu().numpy())
        for row, length in zip(out.last_hidden_state, mask.sum(1).tolist(), strict=True):
            logits = _head(ground)(row[max(0, length - TAIL) : length]).float()
            words.append(torch.log_softmax(logits, -1).cpu())
    return _Seen(np.concatenate(states), words)


def _batches(
    rows: Sequence[tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]],
) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Yield tokens, which of them are the response's, and which are there; padded on the right."""
    for first in range(0, len(rows), BATCH):
        batch = rows[first : first + BATCH]
        shape = len(batch), max(len(tokens) for tokens, _ in batch)
        tokens, kept, mask = (torch.zeros(shape, dtype=torch.long) for _ in range(3))
        for n, (own, said) in enumerate(batch):
            tokens[n, : len(own)] = torch.tensor(own)
            kept[n, : len(own)] = torch.tensor(said.astype(np.int64))
            mask[n, : len(own)] = 1
        yield tokens, kept, mask


def _head(ground: LocalGround) -> Callable[[torch.Tensor], torch.Tensor]:
    model: Any = ground.model
    head: Callable[[torch.Tensor], torch.Tensor] = model.get_output_embeddings()
    return head


def _divergence(before: Sequence[torch.Tensor], after: Sequence[torch.Tensor]) -> float:
    """Return the mean of Σ p (log p − log q) over tokens."""
    each = [(p.exp() * (p - q)).sum(-1) for p, q in zip(before, after, strict=True)]
    return float(torch.cat(each).mean().clamp(min=0))
