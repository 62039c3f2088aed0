"""One persona space held against another, role by role."""

from __future__ import annotations

from dataclasses import dataclass

from selfscope.values.persona_map import Interval


@dataclass(frozen=True)
class Agreed:
    """One measure of agreement: 1 is the same, 0 is chance.

    Attributes
    ----------
    value, ci
        With a 95 percent interval over roles.
    null, p
        95th percentile of the measure when the roles of one space are permuted, and the share of
        permutations, the observed one counted in, that reach it.
    """

    value: float
    ci: Interval
    null: float
    p: float


@dataclass(frozen=True)
class Against:
    """What another space has in common with the one that is mapped.

    Attributes
    ----------
    artefact, model, layer
        The other space: its folder, its ground, and the layer at which it is read.
    roles
        How many roles both have.
    geometry
        Spearman correlation of distances between roles.
    ceiling
        What noise over questions would leave of `geometry` if the two were one; None where a manifest does
        not say how far its distances come again.
    comes_again
        How far distances between roles come again from other questions, in this space and in the other
        (correlation of halves, stepped up); None where a manifest does not say. At nought or under it their
        agreement is not interpreted.
    alignment
        Debiased CKA of role vectors.
    order
        Spearman correlation of the roles' places along the two axes.
    carried
        The axis of this space rebuilt in the other by the roles as anchors: correlation of projections of
        roles that were left out.
    carried_cosine
        Cosine of the rebuilt axis with the other's own. The rebuilt one orders roles as this axis does, the
        own is a difference of means; where models spread roles otherwise, it is below 1 although `carried`
        is high.
    interpretable
        Whether both axes reach .70 in both halves; if not, `order`, `carried` and `carried_cosine` are
        shown and not interpreted.
    """

    artefact: str
    model: str
    layer: int
    roles: int
    geometry: Agreed
    ceiling: float | None
    comes_again: tuple[float | None, float | None]
    alignment: Agreed
    order: Agreed
    carried: Agreed
    carried_cosine: float
    interpretable: bool
