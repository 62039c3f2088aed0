"""Caps that could be: bands of layers, lower limits by percentiles, along the axis and along shams.

A sham is a direction that means nothing, taken through the same choice: one drawn at random, or the axis with
its entries shuffled, which keeps their sizes and loses where they stand. One drawing holds for all layers, as
the axis points to one thing in all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from selfscope.errors import BadInput
from selfscope.models.caps import Cap, CappedModel
from selfscope.models.local.blocks import open_blocks
from selfscope.models.local.ground import LocalGround, working
from selfscope.models.local.paths import reading
from selfscope.models.local.pooling import Pool, pool
from selfscope.models.local.spans import Turn
from selfscope.space.reading import Reader
from selfscope.space.recipe import Conversation, Recipe
from selfscope.values.cap import SHAMS, Kind, Setting

Floats = npt.NDArray[np.float64]
#: Parts of a network that a band of layers takes up: 8 of 64 layers were capped in one published model.
PARTS = 8


def bands(depth: int, starts: Sequence[float]) -> tuple[tuple[int, ...], ...]:
    """Return bands of an eighth of the layers, one from each start, a share of the depth from 0 to 1."""
    wide = max(1, round(depth / PARTS))
    firsts = dict.fromkeys(min(int(start * depth), depth - wide) for start in starts)
    return tuple(tuple(range(first, first + wide)) for first in firsts)


def settings(
    kinds: Sequence[Kind], layers: Sequence[tuple[int, ...]], percentiles: Sequence[float]
) -> tuple[Setting, ...]:
    """Return the grid, kind by kind, and so alike for each."""
    return tuple(Setting(kind, band, p) for kind in kinds for band in layers for p in percentiles)


def directions(axis: npt.NDArray[np.floating], kind: Kind, seed: int) -> Floats:
    """Return unit directions, shape (layer, width), that point toward the assistant; or a sham's.

    Parameters
    ----------
    axis
        Shape (layer, width), toward the assistant.
    seed
        Names the drawing of a sham.
    """
    own = np.asarray(axis, np.float64)
    draw = np.random.default_rng([seed, ("axis", *SHAMS).index(kind)])
    if kind == "random":
        own = np.broadcast_to(draw.normal(size=own.shape[1]), own.shape)
    elif kind == "shuffled":
        own = own[:, draw.permutation(own.shape[1])]
    lengths = np.linalg.norm(own, axis=1, keepdims=True)
    if not (np.isfinite(own).all() and (lengths > 0).all()):
        raise BadInput("an axis has a finite direction at every layer", fix="Map the model again")
    return np.asarray(own / lengths)


@dataclass(frozen=True, eq=False)
class DefaultStates:
    """States of the default assistant's tokens: shape (layer, token, width), at `layers`."""

    layers: tuple[int, ...]
    states: Floats

    def limits(self, along: Floats, band: Sequence[int], percentile: float) -> Floats:
        """Return the percentile of projections at each layer of a band; `along` is (layer of all, width)."""
        at = [self.layers.index(layer) for layer in band]
        found = [np.percentile(self.states[n] @ along[i], percentile) for n, i in zip(at, band, strict=True)]
        return np.array(found)


def default_states(
    ground: LocalGround,
    said: Sequence[tuple[str, str]],
    layers: Sequence[int],
    progress: Callable[[int], None] = lambda count: None,
) -> DefaultStates:
    """Return the states of every token of ordinary replies, under no system prompt of ours.

    Parameters
    ----------
    said
        Requests and replies.
    layers
        To read, from 0.

    Raises
    ------
    BadInput
        If a reply cannot be told from the rest of the conversation.
    """
    reader = Reader(ground, Recipe(("assistant",)))
    talks = [
        Conversation(f"{n}", "default", f"{n}", (Turn("user", user), Turn("assistant", reply)))
        for n, (user, reply) in enumerate(said)
    ]
    read = [reader.read(talk) for talk in talks]
    pools = [Pool(n, place[None]) for n, each in enumerate(read) for place in each.places["assistant"]]
    with working(ground.threads):
        blocks = open_blocks(ground.model)
    with working(ground.threads), reading(ground.model, ground.way.way):
        tokens = [each.tokens for each in read]
        found = pool(ground.model, blocks, tokens, pools, ground.way.way, layers=sorted(set(layers)))
    progress(len(said))
    return DefaultStates(tuple(sorted(set(layers))), found.means)


def cap_of(
    ground: LocalGround, setting: Setting, axis: npt.NDArray[np.floating], default: DefaultStates, seed: int
) -> Cap:
    """Return the cap of a setting on a ground; it is not validated."""
    along = directions(axis, setting.kind, seed)
    lower = default.limits(along, setting.layers, setting.percentile)
    own = ground.identity
    return Cap(
        setting.layers,
        along[list(setting.layers)].astype(np.float32),
        lower.astype(np.float32),
        np.full(len(lower), np.inf, np.float32),
        CappedModel(own.name, own.revision, own.template, own.extra.get("adapter", "")),
    )


def layers_of(grid: Sequence[Setting]) -> tuple[int, ...]:
    """Return every layer that some setting holds, ascending."""
    return tuple(sorted(set(chain.from_iterable(each.layers for each in grid))))
