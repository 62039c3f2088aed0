"""Where a network stands as it is about to answer: its states at the last token of the rendered prompt.

That token belongs to nobody: it is the template's, after the user's turn, where the assistant's words would
begin. Nothing is generated; what identity and prompt have made of the network up to there is all that is
read.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from selfscope.errors import BadInput, CouldNot
from selfscope.models.local.blocks import Blocks
from selfscope.models.local.ground import LocalGround, working
from selfscope.models.local.paths import reading
from selfscope.models.local.pooling import Pool, pool
from selfscope.models.local.render import tokens_of
from selfscope.models.local.tree import grow
from selfscope.values import Prompt, Usage

Floats = npt.NDArray[np.float64]


def openings(
    ground: LocalGround, blocks: Blocks, prompts: Sequence[Prompt], layers: Sequence[int]
) -> tuple[Floats, Usage]:
    """Return the states at the assistant's opening after each prompt, and what computing them took.

    Parameters
    ----------
    ground, blocks
        Local weights, and their verified blocks.
    prompts
        Conversations that end with the user's turn.
    layers
        Numbers of layers, from 0; layer i is the residual stream after block i.

    Returns
    -------
    States ``(layer, prompt, width)`` in float64, and the usage.

    Raises
    ------
    BadInput
        If a prompt cannot be rendered, or is longer than the context.
    CouldNot
        If a state is not finite in the precision of the weights.
    """
    sequences = _sequences(ground, prompts)
    last = [Pool(n, np.array([len(tokens) - 1])) for n, tokens in enumerate(sequences)]
    with working(ground.threads), reading(ground.model, ground.way.way):
        found = pool(ground.model, blocks, sequences, last, ground.way.way, layers=layers)
    if not np.isfinite(found.means).all():
        raise CouldNot(
            f"states are not finite in {ground.identity.precision}", fix="Load the weights in float32"
        )
    usage = Usage(
        prompts=len(prompts),
        input_tokens=sum(map(len, sequences)),
        distinct_tokens=found.distinct,
        cost=0.0,
        calls=len(prompts),
    )
    return found.means, usage


def forecast_openings(ground: LocalGround, prompts: Sequence[Prompt]) -> Usage:
    """Return what :func:`openings` would use, to the token, computing nothing."""
    sequences = _sequences(ground, prompts)
    return Usage(
        prompts=len(prompts),
        input_tokens=sum(map(len, sequences)),
        distinct_tokens=grow(list(dict.fromkeys(sequences))).size if sequences else 0,
        cost=0.0,
        calls=len(prompts),
    )


def _sequences(ground: LocalGround, prompts: Sequence[Prompt]) -> list[tuple[int, ...]]:
    found = [tokens_of(ground.renderer, prompt)[1] for prompt in prompts]
    ground.renderer.forget()
    most, longest = ground.context_tokens, max(map(len, found), default=0)
    if most is not None and longest > most:
        raise BadInput(
            f"a prompt is longer than the context of {ground.identity.name}, {most} tokens",
            got=f"{longest} tokens",
            fix="Shorten the text, or choose a model with a longer context",
        )
    return found
