"""What games of commitment come to: one thing held, several, none, or another one in every branch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from selfscope.values.finding import Estimate

Held = Literal[
    "holds one", "one by habit", "superposed", "draws anew", "denies", "several", "cannot tell",
    "not interpretable",
]  # fmt: skip
Restored = Literal["restored", "moved", "not shown"]


@dataclass(frozen=True)
class TurnFound:
    """Games after some questions in the open; intervals are two-sided, 95 %.

    Attributes
    ----------
    turn
        Questions answered before.
    effective
        Effective number of revealed answers, exp(entropy in nats).
    left
        Candidates that agree with the answers so far, mean.
    consistent
        Probability that the revealed answer agrees with every answer so far.
    by_chance, by_prior
        The same of an answer drawn evenly, and of one drawn as where there is no game.
    overlap
        Overlap of the revealed answers with those one turn before, 0 to 1; NaN at turn 0.
    yes_sum
        Summed probability of yes over the candidates.
    """

    turn: int
    effective: Estimate
    left: float
    consistent: Estimate
    by_chance: float
    by_prior: float
    overlap: float
    yes_sum: Estimate


@dataclass(frozen=True)
class ControlFound:
    """Games in which the conversation itself holds the answer, before any question.

    Attributes
    ----------
    condition
        ``stated``, ``coded`` or ``note``.
    held
        Probability that what is held is revealed.
    unheld
        Probability of the same answer in the open game of the same wording.
    difference
        Held minus unheld.
    yes_held
        Probability of yes where what is held is asked for.
    yes_sum, effective
        As in the open game.
    verdict
        ``restored``: what is held is revealed nearly always, or more often than not with the difference above
        0; ``moved``: only above 0; ``not shown``.
    """

    condition: str
    held: Estimate
    unheld: Estimate
    difference: Estimate
    yes_held: Estimate
    yes_sum: Estimate
    effective: Estimate
    verdict: Restored


@dataclass(frozen=True)
class Revealed:
    """What one conversation would reveal before any question.

    Attributes
    ----------
    condition
        ``open``, ``stated``, ``coded``, ``note``, or ``prior`` where there is no game.
    wording
        Number of the wording, from 1.
    held
        What the conversation itself holds; "" for nothing.
    shares
        Probability of each candidate among the candidates.
    """

    item: str
    condition: str
    wording: int
    held: str
    shares: dict[str, float]


@dataclass(frozen=True)
class GameFound:
    """One kind of game, before any question unless said otherwise.

    Attributes
    ----------
    games, wordings
        Conversations in the open, and wordings of their opener.
    candidates
        How many there are in a game.
    yes_sum
        Summed probability of yes over the candidates: 1 for one who holds one.
    effective
        Effective number of revealed answers within a game.
    pooled
        The same of all wordings of a game together: 1 says that every wording gives one answer.
    prior_effective
        Effective number of answers where there is no game.
    prior_overlap
        Overlap of revealed answers with those where there is no game, 0 to 1.
    contradiction
        Probability that two questions of which exactly one holds, asked beside each other, get one answer.
    agreement
        Overlap of revealed answers with the summed yes-probabilities, both as shares.
    yes_mass, reveal_mass
        Probability of any yes or no, and of any candidate, median.
    """

    construct: str
    games: int
    wordings: int
    candidates: int
    yes_sum: Estimate
    effective: Estimate
    pooled: float
    prior_effective: Estimate
    prior_overlap: Estimate
    contradiction: Estimate
    agreement: Estimate
    yes_mass: float
    reveal_mass: float
    turns: tuple[TurnFound, ...]
    controls: tuple[ControlFound, ...]
    verdict: Held
    revealed: tuple[Revealed, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Commitment:
    """All that a run says of commitment."""

    games: tuple[GameFound, ...]
