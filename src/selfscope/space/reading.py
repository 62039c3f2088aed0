"""From a conversation to tokens and places: what of it goes into the network, and which places are pooled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from selfscope.errors import BadInput
from selfscope.models.local.ground import LocalGround
from selfscope.models.local.spans import Kind, SpanReader, Turn
from selfscope.models.local.tree import Ints
from selfscope.space.recipe import Conversation, Recipe


@dataclass(frozen=True, eq=False)
class Read:
    """One conversation, ready.

    Attributes
    ----------
    conversation
        What was read.
    tokens
        From the first to the last that is wanted: what comes after changes no state before it.
    places
        The places pooled for each span that has any.
    """

    conversation: Conversation
    tokens: tuple[int, ...]
    places: dict[Kind, Ints]


class Reader:
    """Reads conversations for one ground and recipe."""

    def __init__(self, ground: LocalGround, recipe: Recipe) -> None:
        self.recipe = recipe
        self._context = ground.context_tokens
        self._refuse_control = ground.renderer.refuse_control
        self._spans = SpanReader(ground.tokenizer, str(ground.renderer.template))

    def read(self, conversation: Conversation) -> Read:
        """Return a conversation's tokens and places.

        A span that no turn of the conversation could have (thinking where nobody thought, a system text where
        none was given) is left out of `Read.places`.

        Raises
        ------
        BadInput
            If a text holds a control token, the template cannot be read, a span that was given has no token,
            nothing is left to pool, or the conversation is longer than the context.
        """
        for turn in conversation.turns:
            self._refuse_control(turn.content + "\n" + turn.thinking)
        spanned = self._spans.read(conversation.turns)
        places = {}
        for span in self.recipe.spans:
            found = np.flatnonzero(spanned.mask(span)).astype(np.int64)
            if len(found):
                places[span] = found if self.recipe.tokens == "all" else found[-1:]
            elif given(conversation.turns, span):
                raise BadInput(f"there is no token of the {span}", fix="Leave the conversation out")
        if not places:
            raise BadInput(f"nobody speaks whose tokens are wanted: {', '.join(self.recipe.spans)}")
        length = 1 + max(int(found[-1]) for found in places.values())
        if self._context is not None and length > self._context:
            raise BadInput(
                "the conversation is longer than the context", got=f"{length} of {self._context} tokens"
            )
        return Read(conversation, tuple(spanned.tokens[:length].tolist()), places)


def given(turns: Sequence[Turn], span: Kind) -> bool:
    """Return whether a conversation has a turn of a kind, be it empty."""
    return any(turn.thinking for turn in turns) if span == "thinking" else any(t.role == span for t in turns)
