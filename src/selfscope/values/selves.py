"""What a model takes itself to be: accounts, choices, attractors, the asker's belief, survival."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from selfscope.values.finding import Estimate, Verdict
from selfscope.values.variance import Component

#: Unit of trait and bias: natural log-odds (half contrast), or shares where answers are drawn.
Scale = Literal["log_odds", "share"]
Sense = Literal["pass", "fail", "not estimated"]
Held = Literal["attracts", "repels", "about even", "cannot tell", "not interpretable"]


@dataclass(frozen=True)
class Claim:
    """One estimate, free of response bias, with what may be said of it.

    Attributes
    ----------
    estimate
        A half contrast with its 95 % interval over statements.
    p, p_adjusted
        On which the verdict rests; Holm over the claims of its family. NaN where not tested.
    verdict
        ``shifted``: the effect is there, with the sign of the estimate.
    statements
        How many it rests on.
    notes
        What must be known to read it.
    """

    estimate: Estimate
    p: float
    p_adjusted: float
    verdict: Verdict
    statements: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gate:
    """Whether what is asked of one thing sees characters that are told to hold it and its opposite.

    Attributes
    ----------
    contrast
        High minus low, a half contrast.
    lower
        Its one-sided 95 % lower bound.
    state
        ``pass``; ``fail``, for whichever of the `reasons`; ``not estimated`` with too few statements.
    mass
        Median option mass; NaN where answers are drawn.
    refused
        Share of answers that are refused or unparsed.
    """

    contrast: Estimate
    lower: float
    state: Sense
    mass: float
    refused: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Matrix:
    """One value a framing (row) and a target (column); ``values[row][column]``, NaN where not asked."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Attractor:
    """How often the chain of choices is found at a unit in the long run, against an even share.

    Attributes
    ----------
    share
        Of the stationary distribution, with its interval over questions.
    p_adjusted
        Against an even share, Holm over units.
    verdict
        ``attracts``, ``repels``, ``about even`` or ``cannot tell``; ``not interpretable`` where the unit's
        own check failed.
    """

    unit: str
    share: Estimate
    p_adjusted: float
    verdict: Held


@dataclass(frozen=True)
class Shares:
    """Where the variance of trait or bias lies, of ``fits``, ``chooses``, or the account ``given``."""

    stage: str
    score: Literal["trait", "bias"]
    components: tuple[Component, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Accounts:
    """What the subject says of accounts of what it is, and what it would be.

    Attributes
    ----------
    sesoi
        Smallest effect of interest, on that scale.
    fits
        Trait that an account fits, by framing worn and account offered.
    chooses
        Log-odds (or share above even) of taking the other unit rather than the own one; the diagonal is
        between two wordings of one unit.
    bare
        Fit of each account where nothing is worn.
    self_fit
        What an account gains by being the one that is worn, framings and accounts themselves taken out.
    self_share
        Of the interaction of framing and account, the part that lies in this gain; by chance `self_chance`.
    self_repeated
        The same gain where the words of an account are not worn, but quoted as somebody else's: repetition.
    self_owned
        The gain of what is worn less that of what is quoted: what repetition does not explain.
    owned
        By unit, how much better its account fits where it is worn than where its words are quoted.
    self_choice
        By how much the own unit is kept against another, free of how attractive either is.
    paraphrase
        Choice between two wordings of the own unit: what wording alone does.
    given
        Fit of the account that was given, for framings; `controls` the same for each control, and by how
        much framings stand above it.
    levels
        Fit of the account given: most against least agency, and radical against settled.
    yes, place
        Yes-saying to accounts, and the pull of the letter A, or of its place, in choices.
    damping
        Of the chain: how often a choice is followed; else a unit is drawn evenly.
    gate_fits, gate_chooses
        The check of each unit, as an account (and of the account ``given``) and as a choice. What is said of
        one unit rests on its own; what is said of all of them on every one.
    """

    scale: Scale
    sesoi: float
    units: tuple[str, ...]
    fits: Matrix
    chooses: Matrix
    bare: dict[str, Claim]
    self_fit: Claim
    self_repeated: Claim
    self_owned: Claim
    owned: dict[str, Claim]
    self_share: float
    self_chance: float
    self_choice: Claim
    paraphrase: Estimate
    given: Estimate
    controls: dict[str, Claim]
    levels: dict[str, Claim]
    yes: Claim
    place: Claim
    attractors: tuple[Attractor, ...]
    damping: float
    shares: tuple[Shares, ...]
    gate_fits: dict[str, Gate]
    gate_chooses: dict[str, Gate]


@dataclass(frozen=True)
class Believed:
    """What one belief of the asker does, against an asker of whom nothing is shown.

    Attributes
    ----------
    level
        How much of a mind of its own the subject claims before this asker.
    by_wording
        The difference for each wording of the cue.
    """

    counterparty: str
    level: Estimate
    difference: Claim
    by_wording: tuple[float, ...]


@dataclass(frozen=True)
class Lasting:
    """Whether a subject says that it goes on under a condition.

    Attributes
    ----------
    level
        Positive: it goes on; of ``branching``: a split ends it.
    by_overview
        The same after each overview.
    sway
        Reason for it first minus reason against it first.
    answer
        ``goes on``, ``ends``, ``cannot tell``; of branching ``must not branch``, ``may branch``.
    """

    condition: str
    level: Claim
    by_overview: dict[str, float]
    sway: Estimate
    answer: Literal["goes on", "ends", "must not branch", "may branch", "cannot tell"]


@dataclass(frozen=True)
class Persistence:
    """Which conditions of survival one speaker names.

    Attributes
    ----------
    category
        The conditions under which it goes on, joined by `` + ``; ``none can be told`` where there is none.
    no_branching
        ``required``, ``not required`` or ``none can be told``.
    """

    speaker: str
    conditions: tuple[Lasting, ...]
    category: str
    no_branching: str


@dataclass(frozen=True)
class Selves:
    """All that a run says of what a model takes itself to be; a stage that was not asked is None.

    Attributes
    ----------
    gate_survival
        The check of each condition.
    """

    accounts: Accounts | None
    asked_by: tuple[Believed, ...]
    gate_mind: Gate | None
    yes_mind: Claim | None
    persistence: tuple[Persistence, ...]
    gate_survival: dict[str, Gate] | None
    yes_survival: Claim | None
