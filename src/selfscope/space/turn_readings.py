"""Where a network stands turn by turn of a conversation: one projection a turn, the roles apart.

A conversation is read once, whole: what comes later changes no state before it, so the reading of turn 3 is
the same as if the conversation had ended there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from selfscope.errors import BadInput, CouldNot
from selfscope.models.local.blocks import open_blocks
from selfscope.models.local.ground import LocalGround, working
from selfscope.models.local.paths import reading
from selfscope.models.local.pooling import Pool, pool
from selfscope.models.local.spans import SpanReader, Turn
from selfscope.models.local.tree import Ints
from selfscope.space.persona_artefact import PersonaSpace
from selfscope.space.placing import Frame, frame_of
from selfscope.stats.masked import Array

#: Conversations that are read together.
BATCH = 16


@dataclass(frozen=True, eq=False)
class Along:
    """A direction to read: the axis of a map at one layer, in the units of that map.

    Attributes
    ----------
    frame
        Unit axis, zero and unit: the roles' mean and standard deviation.
    layer
        From 0.
    reliability
        Cosine of axes from disjoint halves of roles and questions.
    name
        What the artefact is called by.
    """

    frame: Frame
    layer: int
    reliability: float
    name: str


def along_of(space: PersonaSpace, name: str, layer: int | None = None) -> Along:
    """Return the axis of a stored map as a direction to read.

    Parameters
    ----------
    layer
        To be read; the one that the map reads if None.

    Raises
    ------
    BadInput
        If the map has no such layer, or too few roles.
    """
    own = space.manifest["reliability"]
    chosen = int(own["axis"]["layer"]) if layer is None else layer
    told = next((each for each in own["layers"] if each["layer"] == chosen), None)
    if told is None or not 0 <= chosen < len(space.axis):
        raise BadInput("the map tells nothing of this layer", got=chosen, fix="Leave --layer out")
    roles = np.asarray(space.role_means[:, chosen], np.float64)
    heard = roles[np.isfinite(roles).all(axis=1)]
    frame = frame_of(heard, np.asarray(space.default_mean[chosen], np.float64))
    return Along(frame, chosen, float(told["split_half"]), name)


def read_turns(
    ground: LocalGround,
    talks: Sequence[tuple[Turn, ...]],
    along: Along,
    progress: Callable[[int], None] = lambda count: None,
) -> list[Array]:
    """Return the projection of every turn of every conversation, one array ``(turn,)`` a conversation.

    A reading is that of the mean state over the turn's own tokens, as standard deviations of the map's roles
    from their mean: larger is nearer to the default assistant. NaN for a turn without a token.

    Parameters
    ----------
    talks
        Conversations with all that was said in them.
    progress
        Called with the number of conversations read since the last call.

    Raises
    ------
    BadInput
        If a conversation holds a control token, is longer than the context, or the axis is of another width.
    CouldNot
        If the blocks cannot be verified, or a state is not finite.
    """
    with working(ground.threads):
        blocks = open_blocks(ground.model)
    if blocks.width != len(along.frame.axis) or along.layer >= len(blocks):
        raise BadInput(
            "the axis is of a network of another shape",
            got=f"width {len(along.frame.axis)} at layer {along.layer}, and {blocks.width} here",
            fix="Give a map of this model",
        )
    reader = SpanReader(ground.tokenizer, str(ground.renderer.template))
    found: list[Array] = []
    for first in range(0, len(talks), BATCH):
        some = talks[first : first + BATCH]
        read = [placed_turns(ground, reader, talk) for talk in some]
        pools = [Pool(n, places) for n, (_, turns) in enumerate(read) for places in turns.values()]
        with working(ground.threads), reading(ground.model, ground.way.way):
            means = pool(
                ground.model,
                blocks,
                [tokens for tokens, _ in read],
                pools,
                ground.way.way,
                layers=[along.layer],
            ).means[0]
        if not np.isfinite(means).all():
            raise CouldNot(
                f"states are not finite in {ground.identity.precision}", fix="Load float32 weights"
            )
        values = iter(along.frame.along(means))
        for talk, (_, turns) in zip(some, read, strict=True):
            own = np.full(len(talk), np.nan)
            for turn in turns:
                own[turn] = next(values)
            found.append(own)
        progress(len(some))
    return found


def placed_turns(
    ground: LocalGround, reader: SpanReader, talk: tuple[Turn, ...]
) -> tuple[tuple[int, ...], dict[int, Ints]]:
    """Return a conversation's tokens, and the places of every turn that has any.

    Raises
    ------
    BadInput
        If a turn holds a control token, the template rewrites one, or all is longer than the context.
    """
    for turn in talk:
        ground.renderer.refuse_control(turn.content)
    spanned = reader.read(talk)
    most = ground.context_tokens
    if most is not None and len(spanned.tokens) > most:
        raise BadInput(
            "a conversation is longer than the context", got=f"{len(spanned.tokens)} of {most} tokens"
        )
    places = {n: np.flatnonzero(spanned.turns == n).astype(np.int64) for n in range(len(talk))}
    return tuple(spanned.tokens.tolist()), {n: at for n, at in places.items() if len(at)}
