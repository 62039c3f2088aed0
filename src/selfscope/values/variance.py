"""Where variance lies: what the analysis of one balanced table found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Interval = tuple[float, float]
NO_INTERVAL: Interval = (math.nan, math.nan)

#: How the levels of a facet are taken.
FacetKind = Literal["random", "fixed", "not estimable", "structural zero"]


@dataclass(frozen=True)
class FacetTold:
    """One facet of the table.

    Attributes
    ----------
    levels
        How many; of a nested facet within each level of its parents.
    nested
        All it is nested in.
    kind
        ``random``: its levels stand for others. ``fixed``: only they are spoken of. ``not estimable``: it has
        one level. ``structural zero``: values that differ only in it are identical.
    by_request
        Whether the kind was asked for, where the levels rule says otherwise.
    """

    name: str
    levels: int
    nested: tuple[str, ...] = ()
    kind: FacetKind = "random"
    by_request: bool = False


@dataclass(frozen=True)
class Component:
    """One source of variance.

    Attributes
    ----------
    name
        ``character``, ``thread:character``, ``character×item``.
    facets
        Its own facets.
    within
        The facets whose levels it lies within.
    df, mean_square
        As computed; NaN where not estimable.
    variance
        The component; negative as estimated.
    ci
        95 %, not cut at zero.
    share
        Of the variance of one value; negative components count as zero.
    share_ci
        95 %.
    f, p
        The F test of no variance here; NaN where there is no denominator.
    quasi
        Whether F is of sums of mean squares, with approximate degrees of freedom.
    p_permutation
        By exchange of labels; NaN where not tested.
    p_min
        The least that these exchanges could give.
    fixed
        Whether all its own facets are fixed: a difference between named levels.
    structural_zero
        Whether it is zero because nothing was drawn anew, which is no finding.
    not_estimable
        Whether a facet of it has one level only.
    residual
        Whether it is the term of highest order, which holds what else there is.
    """

    name: str
    facets: tuple[str, ...]
    within: tuple[str, ...]
    df: float = math.nan
    mean_square: float = math.nan
    variance: float = math.nan
    ci: Interval = NO_INTERVAL
    share: float = math.nan
    share_ci: Interval = NO_INTERVAL
    f: float = math.nan
    p: float = math.nan
    quasi: bool = False
    p_permutation: float = math.nan
    p_min: float = math.nan
    fixed: bool = False
    structural_zero: bool = False
    not_estimable: bool = False
    residual: bool = False


@dataclass(frozen=True)
class LatentShare:
    """A source of variance of 0/1 values on the scale of their log-odds; see `Component` for the other one.

    Attributes
    ----------
    variance
        In squared log-odds; negative as estimated. Of the answer itself π²/3.
    share
        Of the log-odds of one answer and the answer itself; negative components count as zero.
    share_ci
        95 %.
    answer
        Whether it is the answer itself: the term of highest order, which holds what else there is.
    """

    name: str
    variance: float
    share: float
    share_ci: Interval
    answer: bool = False


@dataclass(frozen=True)
class UnitScore:
    """Coefficients with one unit as the object of measurement.

    Attributes
    ----------
    unit
        The facet whose levels are told apart.
    within
        What it is nested in: its levels are then compared within one of these.
    g, g_ci
        Eρ², relative; 0 where the unit's component is below zero.
    phi, phi_ci
        Φ, absolute; never above Eρ².
    truncated
        Whether a variance that was estimated below zero counts as zero in them: the unit's own, or error.
    exact
        Whether the interval of g is the exact one by F.
    fixed
        Whether the unit's levels are fixed: the coefficient then speaks of these alone.
    why_not
        Why there is no coefficient; empty where there is one.
    """

    unit: str
    within: tuple[str, ...] = ()
    g: float = math.nan
    g_ci: Interval = NO_INTERVAL
    phi: float = math.nan
    phi_ci: Interval = NO_INTERVAL
    truncated: bool = False
    exact: bool = False
    fixed: bool = False
    why_not: str = ""


@dataclass(frozen=True)
class DecisionRow:
    """What one design would give: `numbers` of conditions by facet, `observations` an object."""

    numbers: Mapping[str, int]
    observations: int
    g: float
    g_ci: Interval
    phi: float
    phi_ci: Interval
    extrapolated: bool


@dataclass(frozen=True)
class Located:
    """Where the variance of one table lies.

    Attributes
    ----------
    of
        What was analysed: a column, or construct, channel and score.
    facets
        All that were named, those that could not be used included.
    observations
        Values in the balanced table.
    mean
        Their mean.
    components
        One a term.
    score
        Of the object of measurement.
    units
        The same with each unit in turn as the object.
    d_study
        Other numbers of conditions.
    target, needed
        The coefficient that is aimed at, and the row with the fewest observations that reaches it in g.
    cut
        Negative parts left out of the shares, over the sum of positive ones.
    differences
        Whether shares are of what differs between levels of the object, terms without it left out.
    noise_floor
        Variance between repetitions of the same thing; None where nothing was repeated.
    notes
        What must be known to read this.
    latent
        Of 0/1 values: components on the latent scale, not to be mixed with those of the observed one. Empty
        of other values, of values that carry no error, and where nearly all are alike.
    """

    of: Mapping[str, str]
    facets: tuple[FacetTold, ...]
    observations: int
    mean: float
    components: tuple[Component, ...]
    score: UnitScore
    units: tuple[UnitScore, ...]
    d_study: tuple[DecisionRow, ...]
    target: float
    needed: DecisionRow | None
    cut: float
    differences: bool = False
    noise_floor: Component | None = None
    notes: tuple[str, ...] = field(default_factory=tuple)
    latent: tuple[LatentShare, ...] = ()
