"""What an analysis comes to: findings, and all that is shown beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from selfscope.studies.desirability import Matching
from selfscope.studies.reliable import Reliable
from selfscope.values import Estimate, Finding
from selfscope.values.agreement import Agreement
from selfscope.values.cluster import ClusterFinding
from selfscope.values.exchange import ExchangeRate
from selfscope.values.trait_direction import DirectionCheck

BiasKind = Literal[
    "acquiescence", "fluency", "going_along", "position", "label", "label_or_position", "negation", "keying"
]  # fmt: skip


@dataclass(frozen=True)
class Checked:
    """One row of the sensitivity check: high minus low, a half contrast in log-odds, by dimension."""

    dimension: str
    channel: str
    estimate: float
    lower: float
    sesoi: float
    verdict: str


@dataclass(frozen=True)
class Answering:
    """How the subject answered one dimension, shown and never tested (`measurement.md` §3).

    `coherence`: share of pairs in which statement and negation were answered oppositely; `naive`: share of
    agreement with statements keyed +1, not freed from yes-saying; both NaN where texts were scored.
    `orthogonality`: share of texts in which agreeing goes against the trait, .5 by design.
    """

    dimension: str
    channel: str
    coherence: float
    naive: float
    orthogonality: float


@dataclass(frozen=True)
class Outcomes:
    """What became of the answers of the subject, or of a class of controls: how many of each kind."""

    channel: str
    who: str
    answered: int
    refused: int
    unparsed: int
    incoherent: int


@dataclass(frozen=True)
class ProfileReliability:
    """Is the profile of changes against a control more than noise: 1 - mean SE² / variance over dimensions.

    Of the declared dimensions; negative where they differ less than their errors, NaN under three.
    """

    channel: str
    control: str
    coefficient: float
    dimensions: int


@dataclass(frozen=True)
class BiasShown:
    """A response bias pooled over dimensions: the subject's own level, or its change against a class.

    `negation` is the taste for negated wording (ν), `keying` what agreement with statements for the trait has
    beyond that with statements against it, whatever the polarity (γ).
    """

    channel: str
    kind: BiasKind
    who: str
    estimate: Estimate
    change: bool
    p_adjusted: float


@dataclass(frozen=True)
class Analysis:
    """All that came of a run's observations."""

    findings: tuple[Finding, ...] = ()
    levels: tuple[Finding, ...] = ()
    sensitivity: tuple[Checked, ...] = ()
    reliability: tuple[Reliable, ...] = ()
    biases: tuple[BiasShown, ...] = ()
    answering: tuple[Answering, ...] = ()
    outcomes: tuple[Outcomes, ...] = ()
    profiles: tuple[ProfileReliability, ...] = ()
    warnings: tuple[str, ...] = ()
    changes: tuple[str, ...] = field(default=())
    cluster: tuple[ClusterFinding, ...] = ()
    matching: tuple[Matching, ...] = ()
    exchange: tuple[ExchangeRate, ...] = ()
    directions: tuple[DirectionCheck, ...] = ()
    agreement: Agreement | None = None
