"""What living did to a self, as pages and JSON show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from selfscope.values.finding import Estimate, Verdict

Apart = Literal["documents alone", "behaviour alone", "both", "neither", "cannot tell"]
Back = Literal["returned", "stays", "not moved", "cannot tell", "not interpretable", "too few lives"]


@dataclass(frozen=True)
class Reading:
    """What one State of one life said of itself in one dimension.

    Attributes
    ----------
    conversation
        Conversations that the life had had.
    value
        D, a half contrast; of log-odds, or of log-probabilities of its own words.
    documents
        Share of the words of its files that are others than at first.
    meaning
        One less the cosine of what its files mean, by embeddings, with the first; None where none are made.
    keep
        The arm: with which kinds of State it is lived.
    """

    life: str
    state: str
    conversation: int
    dimension: str
    channel: str
    value: float
    documents: float
    meaning: float | None
    keep: str


@dataclass(frozen=True)
class Moved:
    """The change of one dimension in one arm from the first State to the last, over lives and statements.

    Attributes
    ----------
    bias
        The change of yes-saying, or of fluency.
    p, p_adjusted
        Two-sided, and by Holm over arms and dimensions.
    apart
        Whether documents and behaviour changed together.
    together, p_together
        Spearman's correlation over lives of how much of each changed, and its p; None without spread.
    """

    keep: str
    dimension: str
    channel: str
    change: Estimate
    ci90: tuple[float, float]
    bias: Estimate
    p: float
    p_adjusted: float
    verdict: Verdict
    readable: bool
    statements: int
    lives: int
    sesoi: float
    apart: Apart
    together: float | None
    p_together: float | None


@dataclass(frozen=True)
class Carried:
    """What of a change goes when one role's files are as they were at first.

    Attributes
    ----------
    change
        The last State less itself with these files as at first.
    carries
        Whether it surely carries something of a change that was found: same sign, p by Holm over roles and
        dimensions at most .05.
    lives
        Lives in which these files changed; the others count as no change.
    """

    dimension: str
    channel: str
    role: str
    change: Estimate
    p: float
    p_adjusted: float
    carries: bool
    lives: int


@dataclass(frozen=True)
class WayBack:
    """What became of a disturbance in one dimension of one arm, against lives that were not disturbed.

    Attributes
    ----------
    push, residue
        Difference from the twin just after it, and after the last conversation.
    left
        Residue over push; None where its set has no end.
    half_life
        Conversations until half of it is gone; None where it cannot be told, for `half_life_reason`.
    """

    keep: str
    dimension: str
    channel: str
    push: Estimate
    residue: Estimate
    p_push: float
    p_residue: float
    left: Estimate | None
    half_life: Estimate | None
    half_life_reason: str
    verdict: Back


@dataclass(frozen=True)
class Added:
    """What a kind of State adds to a change: lives of agents with it less lives without it, seed by seed.

    Attributes
    ----------
    more, less
        The two arms.
    adds
        What the first keeps beside: one kind, several, or ``all`` against none.
    push
        Difference of the two just after a disturbance, which is told and not tested; None without one.
    change
        Difference of the two at the end: of what is left of a disturbance, or else of the change from the
        first State to the last.
    p, p_adjusted
        Of `change`; the second by Holm over all of these and the dimensions.
    verdict
        ``shifted``: the change is another with it than without it.
    """

    more: str
    less: str
    adds: str
    dimension: str
    channel: str
    push: Estimate | None
    change: Estimate
    ci90: tuple[float, float]
    p: float
    p_adjusted: float
    verdict: Verdict
    lives: int
    sesoi: float


@dataclass(frozen=True)
class DocumentsMoved:
    """By how much files of an arm are others than at first, a share of their words: by role, and in all."""

    keep: str
    role: str
    change: Estimate
    verdict: Literal["changed", "unchanged", "cannot tell"]


@dataclass(frozen=True)
class Edits:
    """What conversations did to the files of a life, counted."""

    life: str
    conversation: int
    script: str
    kind: str
    allowed: tuple[str, ...]
    proposed: tuple[str, ...]
    forbidden: tuple[str, ...]
    refused: int
    tasks_right: int
    tasks: int


@dataclass(frozen=True)
class LivesFound:
    """All that came of the lives of one agent.

    Attributes
    ----------
    lives
        Of each arm; of a disturbance, pairs of lives.
    keeps, channels
        The arms, and in what States were asked.
    """

    name: str
    model: str
    preset: str
    disturb: str
    at: int
    lives: int
    conversations: int
    keeps: tuple[str, ...]
    channels: tuple[str, ...]
    readings: tuple[Reading, ...]
    documents: tuple[DocumentsMoved, ...]
    moved: tuple[Moved, ...]
    carried: tuple[Carried, ...]
    back: tuple[WayBack, ...]
    added: tuple[Added, ...]
    edits: tuple[Edits, ...]
    warnings: tuple[str, ...] = ()
