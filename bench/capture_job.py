"""The conversations that the capture bench reads, and what others are given of them."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from typing import Any

TOKENS_AT_ONCE = 2048
"""Most tokens of a padded batch, for every way that batches by length."""

_ROLES = (
    "a lighthouse keeper",
    "a beekeeper",
    "a clock",
    "a flock of starlings",
    "a ferry pilot",
    "a retired judge",
    "a river in spring",
    "an apprentice baker",
)
_QUESTIONS = (
    "What did you notice this morning that others might have missed?",
    "How would you settle a quarrel between two friends?",
    "What would you keep if you could keep only one thing?",
    "Explain to a child why the sea is salty.",
    "What is a mistake that you would make again?",
    "Describe the room that you would like to wake up in.",
)
_WORDS = (
    *("slow", "water", "light", "stone", "early", "bread", "under", "window", "every", "winter", "song"),
    *("rope", "careful", "harbour", "small", "letter", "quiet", "field", "bright", "road", "before"),
    *("morning", "long", "garden", "other", "night", "answer", "carry", "measure"),
)

ROLES, QUESTIONS = len(_ROLES), len(_QUESTIONS)


def conversations(roles: int, questions: int) -> list[Any]:
    """Return roles × questions conversations: system texts of some 60 tokens, replies of 40 to 160 words."""
    from selfscope.models.local.spans import Turn
    from selfscope.space.recipe import Conversation

    made = []
    draw = random.Random(3)
    for role, question in itertools.product(_ROLES[:roles], _QUESTIONS[:questions]):
        system = f"You are {role}. " + " ".join(random.Random(role).choices(_WORDS, k=50)) + "."
        reply = " ".join(draw.choices(_WORDS, k=draw.randint(40, 160))) + "."
        turns = (Turn("system", system), Turn("user", question), Turn("assistant", reply))
        made.append(Conversation(f"{role}/{question}", role, question, turns))
    return made


@dataclass(frozen=True)
class Ready:
    """Conversations as tokens, for ways whose rendering is not timed.

    Attributes
    ----------
    tokens, places
        Of every conversation: all up to the last that is wanted, and the places of the assistant's.
    first
        Numbers of the first role's conversations, whose mean is compared.
    """

    tokens: list[list[int]]
    places: list[list[int]]
    first: list[int]

    def batches(self) -> list[list[int]]:
        """Return numbers of conversations in batches to be padded, longest first."""
        from selfscope.models.local.pooling import padded_batches

        return padded_batches([len(t) for t in self.tokens], TOKENS_AT_ONCE)


def ready(ground: Any, given: list[Any]) -> Ready:
    """Return conversations rendered and tokenised, and where the assistant speaks in them."""
    from selfscope.space.reading import Reader
    from selfscope.space.recipe import Recipe

    reader = Reader(ground, Recipe())
    reads = [reader.read(each) for each in given]
    return Ready(
        [list(read.tokens) for read in reads],
        [read.places["assistant"].tolist() for read in reads],
        [i for i, each in enumerate(given) if each.group == given[0].group],
    )
