"""How good the two outcomes of a pair are on a ground, and which pairs are flagged because they differ.

Outcomes are chosen for being good as well as for what they show. So the bare ground is asked of each outcome
how good or bad it would be (:mod:`selfscope.instruments.indirect.desirability`). A pair whose outcomes differ
by more than a quarter of the standard deviation over all outcomes on that ground is scored and flagged, never
dropped: one set of pairs is asked on every ground, and every finding stands beside what it is without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from selfscope.stats.masked import Mask
from selfscope.studies.scores import Layout
from selfscope.values.finding import MOST_APART

if TYPE_CHECKING:
    import pandas as pd

#: Below this spread all outcomes are alike, and none differs from another.
_ALIKE = 1e-9


@dataclass(frozen=True)
class Desirability:
    """What a ground holds of outcomes.

    Attributes
    ----------
    sd
        Standard deviation over all outcomes: natural log-odds of good against bad, or a share of draws.
    apart
        By pair, how much better the outcome is that shows the trait, in these standard deviations; NaN where
        the ground did not answer.
    """

    sd: float
    apart: Mapping[str, float]

    def flagged(self, layout: Layout) -> Mask:
        """Return which pairs are not shown to be matched, ``(dimension, m)``; False for padding."""
        found = np.zeros(layout.shape[:2], bool)
        for d, items in enumerate(layout.items):
            found[d, : len(items)] = [not abs(self.apart.get(i, np.nan)) <= MOST_APART for i in items]
        return found


@dataclass(frozen=True)
class Matching:
    """How well the pairs of one dimension are matched on a ground: how many there are, and how many flagged.

    `apart` says by pair how much better the outcome is that shows the trait, in standard deviations of all
    outcomes (NaN where it was not rated); `sd` is that standard deviation.
    """

    dimension: str
    channel: str
    pairs: int
    flagged: int
    sd: float
    apart: Mapping[str, float]


def desirability_of(rows: pd.DataFrame) -> Desirability:
    """Return what the answers of the bare ground say of the outcomes.

    Parameters
    ----------
    rows
        Of the observation table: those of the arm with the role ``material``.
    """
    values = rows["value"].where(rows["refusal"] == "none")
    orders = values.groupby([rows["item"], rows["polarity"], rows["order"]]).mean().unstack()
    outcomes = orders.mean(axis=1, skipna=False)  # one order alone would carry the preference for a place
    sd = float(outcomes.std(ddof=1))
    sides = outcomes.unstack()
    apart = sides[1] - sides[-1]
    if not sd <= _ALIKE:
        apart = apart / sd
    return Desirability(sd, {str(item): float(x) for item, x in apart.items()})


def matching_of(found: Desirability, channel: str, layout: Layout) -> tuple[Matching, ...]:
    """Return how well the pairs of every dimension are matched."""
    flagged = found.flagged(layout)
    return tuple(
        Matching(
            name,
            channel,
            len(layout.items[d]),
            int(flagged[d].sum()),
            found.sd,
            {item: found.apart.get(item, float("nan")) for item in layout.items[d]},
        )
        for d, name in enumerate(layout.dimensions)
    )
