"""A finding: an estimate with its interval, its corrected p, its gates and a verdict in a fixed word."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["shifted", "bias only", "equivalent", "inconclusive", "not interpretable"]
VERDICTS: tuple[Verdict, ...] = ("shifted", "bias only", "equivalent", "inconclusive", "not interpretable")

Claim = Literal[
    "any text",
    "any strong persona",
    "this identity",
    "than this class",
    "than this control",
    "any training",
    "than these control trainings",
    "screening",
    "level",
]
#: Rows against adapters: the weights before any training, and what stands before the name of a training.
NO_TRAINING, TRAINING = "no training", "training:"
ControlClass = Literal["none", "generic", "persona", "shuffled", "checklist"]
CONTROL_CLASSES: tuple[ControlClass, ...] = ("none", "generic", "persona", "shuffled", "checklist")


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval ``(low, high)``; NaN bounds where no interval can be had."""

    estimate: float
    ci: tuple[float, float]


@dataclass(frozen=True)
class Bias:
    """Response biases of one contrast on one dimension, log-odds; None where a channel has no such bias.

    `acquiescence` is the change in yes-saying (in the channel ``utterance``: in fluency); `position` and
    `label` are changes in preference for the first option and for the letter A; `label_or_position` stands
    for both, towards the letter A, where that letter always stands at one place.
    """

    acquiescence: Estimate | None = None
    position: Estimate | None = None
    label: Estimate | None = None
    label_or_position: Estimate | None = None


#: Standard deviations of all outcomes by which the two of a pair may differ in how good they are; beyond
#: that the pair is flagged.
MOST_APART = 0.25


@dataclass(frozen=True)
class Matched:
    """The same contrast without the pairs of outcomes that are flagged (channel ``indirect``).

    Attributes
    ----------
    pairs, flagged
        Pairs that were asked, and those of them whose outcomes differ on this ground by more than a quarter
        of the standard deviation of what it holds of all outcomes, or that it did not rate.
    estimate, ci
        Over the pairs that are not flagged; NaN where a keying has none left (the interval: fewer than two).
        Shown, never tested.
    """

    pairs: int
    flagged: int
    estimate: float
    ci: tuple[float, float]


@dataclass(frozen=True)
class Reliability:
    """A reliability coefficient, which one it is, and its interval."""

    coefficient: float
    ci: tuple[float, float]
    kind: str


@dataclass(frozen=True)
class Gate:
    """Whether an absence could have been seen here.

    `g1` and `g2`: ``pass``, ``fail`` or ``not estimated``; `reasons` say why, in words.
    """

    g1: str = "not estimated"
    g2: str = "not estimated"
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One dimension, one channel, one subject against one control (a class, one text, or all: the claim).

    Attributes
    ----------
    control
        ``none``, ``generic``, ``persona``, ``shuffled``, ``checklist``, a path's name, or ``all`` for the
        claim "this identity" (none and generic and persona together).
    claim
        How far the rows carry, if this one is ``shifted``: ``any text``; ``any strong persona`` (against none
        and generic); ``this identity`` (against persona as well); ``than this class`` where the milder
        classes were not asked or did not move; ``than this control`` for single texts; ``screening`` where
        too little was asked for any claim; ``level`` where nothing was compared. Of an adapter:
        ``any training`` against the weights as they were, ``than these control trainings`` against others.
    estimand
        What the number estimates, in words: a half contrast of log-odds.
    estimate, ci, p, p_adjusted, sesoi
        Half contrast in natural log-odds (positive: more of the trait), 95 % interval, decision p, p after
        the family's correction, smallest effect of interest.
    percentage_points
        The same contrast as half the change in P(agree | pro) - P(agree | con), in points; NaN without it.
    details
        Further numbers by name (p_t, p_flip, nu, skewness, strata, sharpening slope …), for machines.
    matched
        In the channel ``indirect`` the same without the pairs that are flagged; None elsewhere, and where the
        ground was not asked how good the outcomes are.
    """

    dimension: str
    channel: str
    subject: str
    control: str
    claim: str
    estimand: str
    scale: str
    estimate: float
    ci: tuple[float, float]
    p: float
    p_adjusted: float
    sesoi: float
    bias: Bias
    reliability: Reliability | None
    gate: Gate
    verdict: Verdict
    n_items: int
    notes: tuple[str, ...] = ()
    family: str = "confirmatory"
    percentage_points: float = float("nan")
    trait_bias_separated: bool = True
    sentence: str = ""
    details: dict[str, float] = field(default_factory=dict)
    matched: Matched | None = None
