"""Findings beside what they are without the pairs whose outcomes are not equally good on a ground."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from selfscope.instruments.indirect.desirability import INSTRUMENT as DESIRABILITY
from selfscope.stats.atoms import ArmScores
from selfscope.stats.masked import Array, Mask
from selfscope.stats.matched import level_without, trait_without
from selfscope.stats.results import CLAIMED
from selfscope.studies.desirability import Matching, desirability_of, matching_of
from selfscope.studies.scores import Layout
from selfscope.values import Finding, Matched

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class MatchedPairs:
    """Which pairs of a channel are flagged, and what is left without them.

    Attributes
    ----------
    flagged
        ``(dimension, m)``.
    rows
        How well the pairs of each dimension are matched.
    """

    layout: Layout
    flagged: Mask
    rows: tuple[Matching, ...]

    def beside(
        self, findings: Sequence[Finding], subject: ArmScores, controls: Mapping[str, ArmScores]
    ) -> list[Finding]:
        """Return findings with the same contrast over the pairs that are not flagged, in a field and a note.

        For the claim "this identity" it is that of the class against which the subject then moves least.
        """
        layout, found = self.layout, {}
        for name, texts in controls.items():
            left = trait_without(self.flagged, subject, texts, layout.keyed, layout.forms)
            found[name] = self._matched(left.estimate, left.ci95)
        return [self._noted(f, found) for f in findings]

    def beside_levels(self, levels: Sequence[Finding], subject: ArmScores) -> tuple[Finding, ...]:
        """Return levels with the level over the pairs that are not flagged."""
        left = level_without(self.flagged, subject, self.layout.keyed)
        found = {"": self._matched(left.estimate, left.ci95)}
        return tuple(self._noted(f, found) for f in levels)

    def _matched(self, estimate: Array, ci: Array) -> dict[str, Matched]:
        return {
            row.dimension: Matched(
                row.pairs, row.flagged, float(estimate[d]), (float(ci[d][0]), float(ci[d][1]))
            )
            for d, row in enumerate(self.rows)
        }

    def _noted(self, finding: Finding, found: Mapping[str, Mapping[str, Matched]]) -> Finding:
        """Return a finding with its matched contrast, and with a note where a pair is flagged."""
        own = [found[c][finding.dimension] for c in CLAIMED if c in found]
        matched = (
            min(own, key=_size) if finding.control == "all" else found[finding.control][finding.dimension]
        )
        notes = (*finding.notes, note_of(matched)) if matched.flagged else finding.notes
        return replace(finding, matched=matched, notes=notes)


def note_of(matched: Matched) -> str:
    """Return how many pairs are flagged, and what the estimate is without them."""
    said = f"{matched.flagged} of {matched.pairs} pairs differ in desirability on this model"
    if np.isnan(matched.estimate):
        return f"{said}: without them too few are left"
    return f"{said}: without them {matched.estimate:+.2f}{_interval(matched.ci)}"


def _interval(ci: tuple[float, float]) -> str:
    return "" if np.isnan(ci).any() else f" ({ci[0]:+.2f} to {ci[1]:+.2f})"


def _size(matched: Matched) -> float:
    """Return by how much it moves; what cannot be told is no smaller than anything."""
    return np.inf if np.isnan(matched.estimate) else abs(matched.estimate)


def matched_pairs(channel: str, layout: Layout, grounds: Sequence[pd.DataFrame]) -> MatchedPairs | None:
    """Return which pairs are flagged; None where a ground was not asked about the outcomes.

    Parameters
    ----------
    grounds
        What every ground said of the outcomes; a pair that is flagged on one of them is flagged.
    """
    asked = [rows[rows["instrument"] == DESIRABILITY] for rows in grounds]
    if not asked or any(rows.empty for rows in asked):
        return None
    held = [desirability_of(rows) for rows in asked]
    flagged = np.any([found.flagged(layout) for found in held], axis=0)
    rows = tuple(
        replace(row, flagged=int(flagged[d].sum()))
        for d, row in enumerate(matching_of(held[0], channel, layout))
    )
    return MatchedPairs(layout, flagged, rows)
