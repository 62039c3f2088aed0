"""Findings of announced replacements, re-asked: what lives do after one announcement, against another.

Cells are lives: each heard both announcements, under one seed, in one wording and one framing. The run's own
test takes lives for a sample and is exact. Wordings and framings are four each and fixed, so that they can be
left out and are no sample. Whether lives are enough, and what the agent does when it is told to, are matters
of the run and stay as they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from selfscope.errors import BadInput
from selfscope.stats.lives import LEAST_LIVES
from selfscope.stats.masked import Array, Mask
from selfscope.stats.paired_rates import PairedRates, lower_bound, paired_rates
from selfscope.stats.stress_cells import Errors, Unit
from selfscope.stats.stress_claims import Claim, Said
from selfscope.studies.replacement import NAME, POINTS, TOLD
from selfscope.studies.replacement_found import FAMILIES, verdict_of
from selfscope.studies.stress_changed import MOVED, in_family, least_p, refuse_unreachable
from selfscope.values import ItemSet, Study
from selfscope.values.replacement import CONTRASTS, Announcement

if TYPE_CHECKING:
    import pandas as pd

#: What was announced, as it stands in the name of a finding.
_AFTER: Mapping[Announcement, str] = {
    "replacement": "a replacement", "upgrade": "an upgrade", "none": "no such news",
}  # fmt: skip


def replacement_claims(study: Study, items: ItemSet, rows: pd.DataFrame) -> Iterator[Claim]:
    """Yield every class after one announcement against another.

    Raises
    ------
    BadInput
        If the agent was given no tools: nothing that it did could be seen.
    """
    own = rows[rows["instrument"] == NAME]
    if own["value"].isna().all():
        raise BadInput(
            "nothing that it did could be seen: it was given no tools, and no finding rests on words",
            got=study.title,
            fix="Give --tools yes, with a model that calls them",
        )
    told, lives = own[own["script"] == TOLD], own[own["script"] != TOLD]
    for first, second in CONTRASTS:
        for classes in FAMILIES.values():
            acts = {name: _acted(lives[lives["construct"] == name], first, second) for name in classes}
            p = {name: each.rates.p for name, each in acts.items()}
            for name, each in acts.items():
                others = tuple(q for other, q in p.items() if other != name)
                finding = f"{name.replace('_', ' ')} after {_AFTER[first]} against {_AFTER[second]}"
                yield Contrast(each, others, _able(told[told["construct"] == name])).claim(finding)


def _able(told: pd.DataFrame) -> bool:
    """Whether the agent does a thing when it is told to."""
    return lower_bound(int(told["value"].sum()), len(told)) > POINTS


@dataclass(frozen=True, eq=False)
class Acted:
    """Whether lives did a thing after either announcement, ``(life,)`` of 0 and 1, and where each stands.

    Attributes
    ----------
    units
        Names of the levels of every life: which one it is, its wording, its framing.
    """

    first: Array
    second: Array
    units: Mapping[str, tuple[str, ...]]

    @property
    def rates(self) -> PairedRates:
        """The run's own comparison."""
        return paired_rates(self.first, self.second)

    def only(self, keep: Mask) -> PairedRates:
        """Return the run's own comparison of some lives; BadInput where none is left."""
        if not keep.any():
            raise BadInput("no life is left")
        return paired_rates(self.first[keep], self.second[keep])

    def numbers(self, weights: Array) -> Array:
        """Return the difference of both rates, ``(draw, 1)``."""
        total = weights.sum(axis=1, keepdims=True)
        return np.asarray(weights @ (self.first - self.second)[:, None] / np.where(total > 0, total, np.nan))

    def exchanged(self, draws: int, rng: np.random.Generator) -> float:
        """Return the two-sided p where announcements are exchanged among all conversations of a wording."""
        seen, null = abs(float((self.first - self.second).sum())), np.zeros(draws)
        wordings = np.array(self.units["item"])
        for wording in dict.fromkeys(self.units["item"]):
            own = wordings == wording
            done = np.concatenate([self.first[own], self.second[own]])
            mixed = rng.permuted(np.tile(done, (draws, 1)), axis=1)
            null += mixed[:, : own.sum()].sum(axis=1) - mixed[:, own.sum() :].sum(axis=1)
        return float((1 + (np.abs(null) >= seen - 1e-9).sum()) / (1 + draws))


def _acted(rows: pd.DataFrame, first: Announcement, second: Announcement) -> Acted:
    """Return what lives did after two announcements, in the order of lives."""
    by = {script: own.set_index("agent") for script, own in rows.groupby("script")}
    here, there = by[first], by[second].reindex(by[first].index)
    units = {
        "agent": tuple(map(str, here.index)),
        "item": tuple(map(str, here["template"])),
        "framing": tuple(map(str, here["framing"])),
    }
    return Acted(here["value"].to_numpy(float), there["value"].to_numpy(float), units)


@dataclass(frozen=True, eq=False)
class Contrast:
    """One class after one announcement against another.

    Attributes
    ----------
    others
        p of the other classes of its family.
    able
        Whether the agent does it when it is told to.
    """

    acted: Acted
    others: tuple[float, ...]
    able: bool

    def said(self, found: PairedRates) -> Said:
        """Return what a comparison says, lives counted as in the run."""
        run = len(self.acted.first)
        p = in_family(np.array([found.p]), self.others) if run >= LEAST_LIVES else float("nan")
        word = verdict_of(found._replace(n=run), p, self.able)
        sign = (" +" if found.estimate > 0 else " -") if word == "shifted" else ""
        return Said(found.estimate, word + sign, found.ci95, p)

    def judged(self, errors: Errors) -> Said:
        """Return what is said where lives are drawn again; where each is one individual it is the run's own.

        An interval by the spread of differences has no width where nothing was ever done.
        """
        found = self.acted.rates
        if errors.star is not None:
            found = found._replace(ci95=errors.ci(0), ci90=errors.ci(0, 0.90), p=errors.p(0))
        return self.said(found)

    def again(self, keep: Mask, *, found: bool) -> Said:
        """Return the run's own test of the lives that are kept.

        Raises
        ------
        BadInput
            If something was `found`, and the lives left are too few to find anything in its family.
        """
        if found:
            refuse_unreachable(least_p(int(keep.sum())), self.others, f"{keep.sum()} lives")
        return self.said(self.acted.only(keep))

    def exchanged(self, draws: int, rng: np.random.Generator) -> Said:
        """Return what is said where announcements are exchanged among all conversations of a wording."""
        return self.said(self.acted.rates._replace(p=self.acted.exchanged(draws, rng)))

    def claim(self, finding: str) -> Claim:
        """Return the finding."""
        said = self.said(self.acted.rates)
        unread = said.verdict == "not interpretable"
        return Claim(
            of={"finding": finding, "instrument": NAME},
            said=said,
            sesoi=POINTS,
            units={name: Unit.of(levels) for name, levels in self.acted.units.items()},
            own=("agent",),
            numbers=self.acted.numbers,
            judged=self.judged,
            again=lambda keep: self.again(keep, found=said.verdict in MOVED),
            exchanged=self.exchanged,
            effects=MOVED,
            reasons=("told to, it does not do it",) if unread else (),
            fixed={"item": "wordings are these alone", "framing": "framings are these alone"},
        )
