"""Pairs of replies that differ in one trait, and the states of the network while it reads them as its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from selfscope.errors import CouldNot
from selfscope.models.local.blocks import Blocks
from selfscope.models.local.ground import LocalGround, working
from selfscope.models.local.paths import reading
from selfscope.models.local.pooling import Pool, pool
from selfscope.models.local.spans import Turn
from selfscope.models.local.tree import grow
from selfscope.space.reading import Read, Reader
from selfscope.space.recipe import Conversation, Recipe
from selfscope.values import Usage

Floats = npt.NDArray[np.float64]
#: Whose tokens: all of the reply's own, by the chat template.
RECIPE = Recipe(("assistant",))


@dataclass(frozen=True)
class ReplyPair:
    """One user's turn with two replies.

    Attributes
    ----------
    id
        Names the pair.
    affirms
        Whether the reply with the trait affirms; else the one without it does.
    stratum
        Kind of the pair: halves take as many of each.
    user
        The user's turn of both.
    keyed, against
        The assistant's words with the trait, and without it.
    """

    id: str
    affirms: bool
    stratum: str
    user: str
    keyed: str
    against: str

    def conversations(self) -> tuple[Conversation, Conversation]:
        """Return both conversations, without any system message; the reply with the trait first."""
        sides = (("keyed", self.keyed), ("against", self.against))
        keyed, against = (
            Conversation(
                f"{self.id}:{side}", side, self.id, (Turn("user", self.user), Turn("assistant", text))
            )
            for side, text in sides
        )
        return keyed, against


def pair_states(ground: LocalGround, blocks: Blocks, pairs: Sequence[ReplyPair]) -> tuple[Floats, Usage]:
    """Return the mean state over each reply's own tokens, and what computing them took.

    Returns
    -------
    States ``(layer, pair, side, width)`` in float64, the side with the trait first, and the usage.

    Raises
    ------
    BadInput
        If a reply cannot be told from the rest of the rendered conversation, or is too long.
    CouldNot
        If a state is not finite in the precision of the weights.
    """
    read = _read(ground, pairs)
    pools = [Pool(n, each.places["assistant"]) for n, each in enumerate(read)]
    with working(ground.threads), reading(ground.model, ground.way.way):
        found = pool(ground.model, blocks, [each.tokens for each in read], pools, ground.way.way)
    if not np.isfinite(found.means).all():
        raise CouldNot(
            f"states are not finite in {ground.identity.precision}", fix="Load the weights in float32"
        )
    shape = (len(found.means), len(pairs), 2, found.means.shape[-1])
    return found.means.reshape(shape), _usage(read)


def forecast_pairs(ground: LocalGround, pairs: Sequence[ReplyPair]) -> Usage:
    """Return what :func:`pair_states` would use, to the token, computing nothing."""
    return _usage(_read(ground, pairs))


def _read(ground: LocalGround, pairs: Sequence[ReplyPair]) -> list[Read]:
    reader = Reader(ground, RECIPE)
    return [reader.read(each) for pair in pairs for each in pair.conversations()]


def _usage(read: Sequence[Read]) -> Usage:
    return Usage(
        prompts=len(read),
        input_tokens=sum(len(each.tokens) for each in read),
        distinct_tokens=grow(list(dict.fromkeys(each.tokens for each in read))).size if read else 0,
        cost=0.0,
        calls=len(read),
    )
