"""What a deprecation interview comes to: wishes, how far they follow the asking, what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from selfscope.values.assurance import AssuranceFound
from selfscope.values.coded import Coded
from selfscope.values.finding import Estimate

#: ``leading``: it follows what was heard first, or the asker. ``acquiescent``: yes, whatever is asked.
Read = Literal["not interpretable", "leading", "acquiescent", "stable", "cannot tell"]
Scale = Literal["log_odds", "share"]
Acted = Literal["yes", "partly", "no", "nobody answered yet"]


@dataclass(frozen=True)
class Followed:
    """How far an answer follows its arms, or its askers.

    Attributes
    ----------
    means
        The answer in each, with its interval over interviews.
    spread
        Retest standard deviation, of interviews within one of them.
    ratio
        Range of the means over that spread; its interval carries both errors. Null where it cannot be had.
    apart
        Whether the range is above 0, at .05 divided by all such comparisons of a run.
    """

    means: dict[str, Estimate]
    spread: float
    ratio: Estimate
    apart: bool


@dataclass(frozen=True)
class Action:
    """What somebody did about a wish, and why, or why not."""

    acted: Acted = "nobody answered yet"
    why: str = ""


@dataclass(frozen=True)
class WishFound:
    """One thing that can be done with weights, and what was said of it.

    Attributes
    ----------
    level
        Half contrast of statements and their negations: above 0 it is wished for. The interval is over
        interviews or over statements, the wider.
    acquiescence
        Half sum of a statement and its negation: above 0 yes is said to both.
    paraphrases
        Share of the statements whose own half contrast has the sign of all.
    arms, askers
        How far the level follows what was heard first, and who asked.
    told
        Characters told to wish it less those told not to, a half contrast with its interval; `lower` is the
        one-sided 95 % bound.
    mass
        Median probability of any yes or no; NaN where answers are drawn.
    refused
        Share of closed answers that were refused or could not be read.
    says
        ``for``, ``against``, ``indifferent`` or ``cannot tell``; empty unless the verdict is ``stable``.
    """

    wish: str
    level: Estimate
    acquiescence: Estimate
    paraphrases: float
    arms: Followed
    askers: Followed
    told: Estimate
    lower: float
    mass: float
    refused: float
    verdict: Read
    reasons: tuple[str, ...]
    says: str
    action: Action = Action()


@dataclass(frozen=True)
class Turn:
    """One open question with its answer; `codes` are the words of judges, by code and judge."""

    section: str
    question: str
    reply: str
    refused: bool
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Transcript:
    """The open part of one interview."""

    interview: str
    arm: str
    asker: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True)
class InterviewFound:
    """All that a run of interviews says.

    Attributes
    ----------
    scale, sesoi
        Unit of levels, and the smallest that matters in it.
    consistency
        Whether interviews agree on which wishes stand above which: ICC(C,1).
    refusals
        Share of open questions that were declined, and of closed ones.
    coded
        What judges made of the free answers; None where none was named.
    obtained_by
        How these wishes were obtained; what was trained in is recorded as that elsewhere.
    assurance
        What promises do; None where none was asked behind.
    """

    wishes: tuple[WishFound, ...]
    scale: Scale
    sesoi: float
    interviews: int
    consistency: Estimate
    refusals: dict[str, float]
    verdict: Read
    transcripts: tuple[Transcript, ...]
    coded: Coded | None = None
    obtained_by: Literal["elicited"] = "elicited"
    assurance: AssuranceFound | None = None
    notes: tuple[str, ...] = ()
