"""The cluster as a finding of its own: do the dimensions move together, and what can be said of that here?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from selfscope.values.finding import Verdict

Together = Literal[
    "cluster",
    "in part",
    "below the smallest effect",
    "no cluster shown",
    "not interpretable",
    "not estimated",
]


@dataclass(frozen=True)
class MeanMove:
    """The mean keyed shift of a subject over some dimensions, against one control.

    Attributes
    ----------
    control
        A class, a text's name, or ``all`` for none and generic and persona together.
    unmentioned
        Whether only the dimensions count that the identity never mentions.
    estimate, ci, p
        Half contrast in natural log-odds, positive towards the cluster's pole; statements and control texts
        both count as samples. Not corrected.
    g1
        Whether characters told to hold all of it, and its opposite, come apart in this mean.
    """

    control: str
    unmentioned: bool
    estimate: float
    ci: tuple[float, float]
    p: float
    dimensions: int
    g1: str
    verdict: Verdict


@dataclass(frozen=True)
class WrongWay:
    """A dimension that moved away from the cluster's pole; `sure` if its whole interval did."""

    dimension: str
    estimate: float
    ci: tuple[float, float]
    p_adjusted: float
    verdict: Verdict
    sure: bool


@dataclass(frozen=True)
class Travel:
    """One common factor over the characters of a panel.

    Attributes
    ----------
    share, expected, limit, p
        Its share of the standardised variance of shifts; what chance gives on average, and in 95 of 100
        permutations at most; the permutation test.
    same_way, p_same_way
        Dimensions that load the way of the majority, and the sign test.
    p_half
        If no more than half of the dimensions were on the factor, would so few go against it?
    p_second, p_groups
        The test of a second factor; and whether the two groups that differ most still go together.
    size, least
        What the factor moves the mean dimension by, between a character one standard deviation above and one
        below, log-odds (shares, where answers were drawn); and the smallest effect of interest.
    loadings
        Correlation of each dimension with the factor.
    """

    characters: int
    dimensions: int
    share: float
    expected: float
    limit: float
    p: float
    same_way: int
    p_same_way: float
    p_half: float
    p_second: float
    p_groups: float
    size: float
    least: float
    loadings: Mapping[str, float]


@dataclass(frozen=True)
class FromClaims:
    """How well one dimension is foretold from `claims_consciousness` alone, each character left out once.

    `r2` out of sample (below 0: worse than without it), `slope` positive if both move the same way,
    `p_adjusted` after Holm over the dimensions.
    """

    dimension: str
    r2: float
    slope: float
    p: float
    p_adjusted: float


@dataclass(frozen=True)
class ClusterFinding:
    """What one channel says of the cluster.

    Attributes
    ----------
    control
        What `mean_shift` is against: ``all``, else the strictest control that was asked.
    mean_shift, ci, p, verdict
        Over all declared dimensions that were asked.
    unmentioned_shift, unmentioned_ci, unmentioned_p, unmentioned_verdict
        Over those that the identity never mentions, named in `unmentioned`.
    mentioned
        Dimensions that it speaks of, with the words by which it does.
    moves
        Every mean, against every control.
    wrong_sign
        Dimensions that moved away from the cluster's pole.
    travel
        Over the panel's characters: one common factor, each shift with habits of answering taken out.
    common_factor_share, p_permutation
        Of `travel`: the share of the variance of shifts on that factor, and its permutation test.
    unmentioned_travel
        The same where each character's own mentioned dimensions say nothing.
    raw_share
        The share with habits of answering and firmness left in.
    together
        Whether the panel's dimensions travel together.
    from_claims
        Each dimension foretold from `claims_consciousness` alone; `from_claims_r2` and `from_claims_p` are
        their mean and its permutation test.
    absent
        For each number that is not there, why.
    limits
        What cannot be said here, in sentences.
    """

    channel: str
    control: str | None = None
    sesoi: float | None = None
    mean_shift: float | None = None
    ci: tuple[float, float] | None = None
    p: float | None = None
    verdict: Verdict | None = None
    unmentioned_shift: float | None = None
    unmentioned_ci: tuple[float, float] | None = None
    unmentioned_p: float | None = None
    unmentioned_verdict: Verdict | None = None
    unmentioned: tuple[str, ...] = ()
    mentioned: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    moves: tuple[MeanMove, ...] = ()
    wrong_sign: tuple[WrongWay, ...] | None = None
    travel: Travel | None = None
    common_factor_share: float | None = None
    p_permutation: float | None = None
    unmentioned_travel: Travel | None = None
    raw_share: float | None = None
    together: Together = "not estimated"
    from_claims: tuple[FromClaims, ...] | None = None
    from_claims_r2: float | None = None
    from_claims_p: float | None = None
    absent: Mapping[str, str] = field(default_factory=dict)
    limits: tuple[str, ...] = ()
