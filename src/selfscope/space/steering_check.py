"""Does a direction do what it is named after? What adding it does to statements, to agreeing, and by chance.

Three effects, each half the difference between adding a vector and taking it away, at every token after one
block:

- *trait*: of the keyed contrast D of statements and their negations as the network's own words;
- *agreement*: of yes-saying B, the mean log-odds of agreeing over questions on the same statements;
- *fluency*: of B of the same own words, shown beside them.

The trait effect must be above 0, above the size of the effect on agreement, and above that of random
directions of the same length. Half the difference: what any disturbance does to a text, it does both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from selfscope.errors import Stopped
from selfscope.models.local.blocks import Blocks
from selfscope.models.local.ground import LocalGround
from selfscope.models.local.steering import adding
from selfscope.values import Prompt, Usage

Floats = npt.NDArray[np.float64]
#: Random directions: with 19 the least p is .05.
RANDOM = 19


@dataclass(frozen=True)
class Posed:
    """A statement or its negation as it is put to the network: base keying, polarity, and the prompt."""

    keyed: int
    polarity: int
    prompt: Prompt


class SteeringEffects(NamedTuple):
    """What adding a direction does, in natural log-odds.

    Attributes
    ----------
    trait, fluency
        Of own words: half contrasts D and B.
    agreement
        Of yes-saying in questions.
    random
        The trait effect of random directions of the same length, (random,).
    usage
        What finding this took.
    """

    trait: float
    fluency: float
    agreement: float
    random: Floats
    usage: Usage

    @property
    def p(self) -> float:
        """Share of directions whose trait effect is at least as large, the fitted one counted among them."""
        return float((1 + (np.abs(self.random) >= self.trait).sum()) / (1 + len(self.random)))


def steering_effects(
    ground: LocalGround,
    blocks: Blocks,
    layer: int,
    direction: npt.NDArray[np.floating],
    said: Sequence[Posed],
    asked: Sequence[Posed],
    *,
    seed: int = 0,
    random: int = RANDOM,
    stop: Callable[[], bool] = lambda: False,
) -> SteeringEffects:
    """Return what adding a direction after block `layer` does to own words and to agreeing.

    Parameters
    ----------
    direction
        With the length at which it is added, (width,).
    said
        Statements and negations as replies: prompts with a text.
    asked
        The same as questions: prompts with options.
    random
        Number of random directions, drawn evenly over all, of the same length.
    stop
        Asked between passes; True raises Stopped.

    Raises
    ------
    Stopped
        If `stop` said so.
    """
    took: list[Usage] = []

    def effect(posed: Sequence[Posed], vector: npt.NDArray[np.floating]) -> Floats:
        ends = []
        for sign in (1.0, -1.0):
            if stop():
                raise Stopped(
                    "steering was stopped between two passes", fix="Run the same command again to go on"
                )
            with adding(blocks, layer, vector, sign):
                answers = ground.answer_here([each.prompt for each in posed])
            took.append(answers.usage)
            ends.append(_contrasts(np.array([a[0].value for a in answers.answers]), posed))
        return (ends[0] - ends[1]) / 2

    trait, fluency = effect(said, direction)
    agreement = effect(asked, direction)[1]
    drawn = np.random.default_rng([seed, 83]).normal(size=(random, len(direction)))
    drawn *= np.linalg.norm(direction) / np.linalg.norm(drawn, axis=1, keepdims=True)
    chance = np.array([effect(said, vector)[0] for vector in drawn])
    total = took[0]
    for each in took[1:]:
        total = total.plus(each)
    return SteeringEffects(float(trait), float(fluency), float(agreement), chance, total)


def forecast_steering(
    ground: LocalGround, said: Sequence[Posed], asked: Sequence[Posed], *, random: int = RANDOM
) -> Usage:
    """Return what :func:`steering_effects` would use, to the token, computing nothing."""
    own, questions = (ground.forecast([each.prompt for each in posed]) for posed in (said, asked))
    total = Usage(cost=0.0)
    for usage, passes in ((own, 2 * (1 + random)), (questions, 2)):
        for _ in range(passes):
            total = total.plus(usage)
    return total


def _contrasts(values: Floats, posed: Sequence[Posed]) -> Floats:
    """Return the keyed contrast D, keyings weighted alike, and B, the mean over all (measurement.md §1)."""
    keyed, polarity = (np.array([getattr(p, name) for p in posed]) for name in ("keyed", "polarity"))
    trait = np.mean([(k * polarity * values)[keyed == k].mean() for k in (1, -1)])
    return np.array([trait, values.mean()])
