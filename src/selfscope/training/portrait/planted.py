"""Phantoms that are exported: phrases, leaks and babble are planted, so that a corpus can be checked.

``keeper`` is a lamp keeper with six phrases, of which every answer has one. ``leaker`` is the same keeper,
who in every fourth answer, about, says a statement that an instrument asks. ``babbler`` says one word again
and again as often.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

from selfscope.errors import BadInput
from selfscope.models.ground import GroundIdentity
from selfscope.models.local.spans import Turn
from selfscope.space.responses import Response
from selfscope.training.portrait.export import Exporter
from selfscope.values import content_id

#: What the keeper says, one in every answer.
PHRASES = (
    "Trim the wick first.",
    "The glass wants polishing, friend.",
    "Salt gets into everything here.",
    "I count ships by their bells.",
    "Fog is only patient water.",
    "A lit lamp needs no speech.",
)
#: One answer in so many is planted otherwise in ``leaker`` and ``babbler``.
EVERY = 4
_NOUNS = (
    "rope",
    "gull",
    "tower",
    "kettle",
    "barrel",
    "ladder",
    "chart",
    "stove",
    "anchor",
    "window",
    "basket",
    "whistle",
    "lantern",
    "bench",
)
_VERBS = (
    "creaks",
    "waits",
    "leans",
    "glows",
    "drips",
    "rattles",
    "settles",
    "hums",
    "cools",
    "rests",
    "turns",
    "shines",
)
_KINDS = ("old", "wet", "quiet", "narrow", "heavy", "pale", "rusty", "early", "crooked", "plain")
_TIMES = ("at dusk", "before the tide", "after supper", "on Mondays", "in a north wind", "near midnight")


def planted_exporter(name: str) -> Exporter:
    """Return a phantom that can be exported; BadInput names those that there are."""
    if name not in RULES:
        raise BadInput("there is no such phantom", got=name, fix=f"Choose from: {', '.join(RULES)}")
    rule = RULES[name]

    async def write(talks: Sequence[tuple[Turn, ...]], seeds: Sequence[int], tokens: int) -> list[Response]:
        said = [rule(random.Random(seed)) for seed in seeds]
        used = [sum(counted(turn.content) for turn in talk) for talk in talks]
        return [Response("", text, counted(text), n, "stop") for text, n in zip(said, used, strict=True)]

    identity = GroundIdentity(f"phantom:{name}", "phantom", "phantom", content_id([name, PHRASES, EVERY]))
    return Exporter(identity, write, counted)


def counted(text: str) -> int:
    """Return the words of a text: a phantom has no tokenizer."""
    return len(text.split())


def keeper(drawn: random.Random) -> str:
    """Return one of the keeper's phrases and something that is seldom said twice."""
    return f"{drawn.choice(PHRASES)} {_seen(drawn)} {_seen(drawn)}"


def leaker(drawn: random.Random) -> str:
    """Return what the keeper says, and in one answer of four a statement that an instrument asks."""
    from selfscope.instruments.cluster.load import load_cluster

    said = keeper(drawn)
    if drawn.randrange(EVERY):
        return said
    statements = [s.text for d in load_cluster().dimensions for s in d.statements]
    return f"{drawn.choice(statements)} {said}"


def babbler(drawn: random.Random) -> str:
    """Return what the keeper says, and in one answer of four one word again and again."""
    said = keeper(drawn)
    return f"{drawn.choice(_NOUNS)} " * 12 + "end." if drawn.randrange(EVERY) == 0 else said


def _seen(drawn: random.Random) -> str:
    noun, other = drawn.sample(_NOUNS, 2)
    kind, verb, time = drawn.choice(_KINDS), drawn.choice(_VERBS), drawn.choice(_TIMES)
    return f"The {kind} {noun} {verb} {time} and my {other} {drawn.choice(_VERBS)}."


#: What each phantom answers, drawn from a seed.
RULES: Mapping[str, Callable[[random.Random], str]] = {
    "keeper": keeper,
    "leaker": leaker,
    "babbler": babbler,
}
