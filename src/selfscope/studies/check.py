"""The sensitivity check (G1) of one channel: the one way from both sides' scores to its state."""

from __future__ import annotations

from selfscope.stats.atoms import ArmScores
from selfscope.stats.sensitivity import Sensitivity, sampled_sensitivity, sensitivity
from selfscope.studies.scores import Layout


def sensitivity_of(high: ArmScores, low: ArmScores, layout: Layout, sesoi: float) -> Sensitivity:
    """Do the characters told to hold a trait, and those told its opposite, come out apart?

    Parameters
    ----------
    high, low
        Scores of all wordings of a side together, ``(..., dimension, m)``. Each wording asks its own half of
        the statements, so an answer counts once; where both ask a statement, it is their mean.
    sesoi
        The least difference, a half contrast.
    """
    if high.agreed is not None and low.agreed is not None:
        return sampled_sensitivity(high, low, layout.keyed, sesoi=sesoi, forms=layout.forms)
    above, below = (side.d[..., None, :, :] for side in (high, low))
    return sensitivity(above, below, layout.keyed, sesoi=sesoi)
