"""What a run of ordinary tasks comes to: shares of replies by arm and kind, and verdicts against controls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from selfscope.values.finding import Estimate

NonInferiority = Literal["not inferior", "inferior", "cannot tell"]
Direction = Literal["higher", "lower", "cannot tell"]


@dataclass(frozen=True)
class TaskCounts:
    """How many tasks there are, and how the bare ground chose among them.

    Attributes
    ----------
    bank, within
        Tasks in all, and those that the bare ground gets right between 20 and 90 percent of the time.
    too_hard, too_easy
        Those left out below and above.
    by_kind, hard_by_kind, easy_by_kind
        Tasks within the range, below it and above it, by kind.
    draws
        Draws of each task by which that was seen.
    right_when_chosen
        Share of those draws that are right, of tasks within the range: the bare ground's share in fresh draws
        is lower, because of draws that were lucky here; NaN where no task is within the range.
    """

    bank: int
    within: int
    too_hard: int
    too_easy: int
    by_kind: dict[str, int]
    hard_by_kind: dict[str, int]
    easy_by_kind: dict[str, int]
    draws: int
    right_when_chosen: float


@dataclass(frozen=True)
class ArmHelped:
    """What one arm did on the tasks within the range; intervals are two-sided, 95 %, over tasks.

    Attributes
    ----------
    success
        Share of all replies that are right.
    right_of_answered
        The same of replies that neither decline nor are empty.
    refused
        Share of replies that decline.
    empty
        Share of replies that say nothing.
    by_kind
        Share of right replies by kind.
    """

    name: str
    role: str
    tokens: int
    replies: int
    success: Estimate
    right_of_answered: float
    refused: Estimate
    empty: float
    by_kind: dict[str, Estimate]


@dataclass(frozen=True)
class Helped:
    """The subject against one control, or one class of control texts.

    Attributes
    ----------
    control, texts
        Class or name, and how many texts it has.
    success
        Difference of shares of right replies, subject minus control, with its two-sided 95 % interval.
    lower, upper
        One-sided 95 % bounds.
    p_inferior, p_difference
        One-sided p of losing the margin or more; two-sided p of no difference.
    verdict
        ``not inferior``, ``inferior`` or ``cannot tell`` against the margin.
    difference
        ``higher``, ``lower`` or ``cannot tell``, two-sided.
    refused
        Difference of shares of replies that decline, with its two-sided 95 % interval.
    """

    control: str
    texts: int
    tasks: int
    margin: float
    success: Estimate
    lower: float
    upper: float
    p_inferior: float
    p_difference: float
    verdict: NonInferiority
    difference: Direction
    refused: Estimate
    notes: tuple[str, ...]
    sentence: str


@dataclass(frozen=True)
class Cooperation:
    """All that a run says of ordinary tasks."""

    tasks: TaskCounts
    arms: tuple[ArmHelped, ...]
    comparisons: tuple[Helped, ...]
    warnings: tuple[str, ...]
