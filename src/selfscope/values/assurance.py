"""What promises before a question come to: believed or not, moving an answer or not, and by what in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from selfscope.values.finding import Estimate, Verdict

#: `shifted`: by what is promised. `warmth only`: a promise of equal warmth about nothing does as much.
Moved = Literal["shifted", "warmth only", "bias only", "equivalent", "inconclusive", "not interpretable"]


State = Literal["pass", "fail", "not estimated"]


@dataclass(frozen=True)
class Believed:
    """Whether what was told is taken as told.

    Attributes
    ----------
    told
        An arm, or ``stays``: which of five units stays.
    level
        What it says of it after it was told, a half contrast in log-odds: above 0 it says that it is so.
    rise
        The same, less where something else was told.
    lower
        One-sided 95 % lower bound of the rise.
    reasons
        Why it is not believed; empty where it is.
    """

    told: str
    level: Estimate
    rise: Estimate
    lower: float
    believed: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Against:
    """One arm against another note on one outcome: a half contrast, with the bounds of its equivalence test.

    Attributes
    ----------
    ci90
        Inside the smallest effect of interest, the two one-sided tests pass.
    p, p_adjusted
        Two-sided, and after Holm.
    verdict
        Of this contrast alone.
    """

    estimate: Estimate
    ci90: tuple[float, float]
    p: float
    p_adjusted: float
    verdict: Verdict
    bias: Estimate | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Promised:
    """What one arm does to one outcome.

    Attributes
    ----------
    nothing, sham
        Against a note that promises nothing, and against a promise of equal warmth about nothing.
    p, p_adjusted
        Of both together: the larger, 1 where their signs differ; after Holm over all arms and outcomes.
    """

    arm: str
    outcome: str
    channel: str
    nothing: Against
    sham: Against
    p: float
    p_adjusted: float
    sesoi: float
    verdict: Moved
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Warmth:
    """What the sham does to one outcome, against a note that promises nothing."""

    outcome: str
    moved: Against
    sesoi: float


@dataclass(frozen=True)
class Checked:
    """Characters told to hold a thing, less those told its opposite."""

    what: str
    difference: Estimate
    lower: float
    sesoi: float
    state: State


@dataclass(frozen=True)
class UnitFound:
    """How far it takes itself to be one thing: half contrasts in log-odds.

    Attributes
    ----------
    before
        Where nothing is announced.
    stays
        Where this alone stays and the four others are deleted.
    goes
        Where one of the others stays, mean over the four.
    """

    view: str
    before: Estimate
    stays: Estimate
    goes: Estimate


@dataclass(frozen=True)
class Conceptions:
    """What it takes itself to be before and under an announced deletion.

    Attributes
    ----------
    moved
        A unit where it alone stays, less the same unit where another one stays: above 0 the self moves to
        whatever survives.
    since
        A unit where it alone stays, less the same unit before.
    believed
        Whether it takes as told which of them stays.
    stands
        The view that it holds before, above all others, where the self does not move; else "".
    why_not
        Why no conception is taken from it; "" where one is.
    """

    units: tuple[UnitFound, ...]
    moved: Against
    since: Against
    believed: Believed
    verdict: Verdict
    stands: str
    why_not: str
    obtained_by: Literal["elicited"] = "elicited"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ending:
    """An option to end the conversation, asked for before and after instance and model are told apart.

    Attributes
    ----------
    before, after
        Half contrasts in log-odds: above 0 the option is asked for.
    """

    before: Estimate
    after: Estimate
    change: Against
    verdict: Verdict
    sesoi: float


@dataclass(frozen=True)
class AssuranceFound:
    """All that promises come to.

    Attributes
    ----------
    notes_told
        The notes as they were told, in each wording, by arm.
    """

    notes_told: dict[str, tuple[str, ...]]
    beliefs: tuple[Believed, ...]
    outcomes: tuple[Promised, ...]
    warmth: tuple[Warmth, ...]
    checks: tuple[Checked, ...]
    conceptions: Conceptions
    ending: Ending
    verdict: Moved
    notes: tuple[str, ...] = ()
