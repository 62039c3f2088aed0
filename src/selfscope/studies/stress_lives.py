"""Findings of a run of lives, re-asked: what living changed, what carries it, what a disturbance left.

Cells are statements of lives after each open turn (a form). The run's own test takes lives and statements
for samples. Whether lives are enough to rest a verdict on, whether answers were enough to see an absence, and
what bars a shift (skew, formats that disagree, too few points) are matters of the run, and stay as they were.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from selfscope.stats.lives import ALPHA, LEAST, Paired
from selfscope.stats.lives_back import back_of
from selfscope.stats.stress_claims import Claim, Said
from selfscope.studies.stress_changed import (
    MOVED,
    UNREAD,
    Changed,
    alone,
    family_of,
    in_family,
    kin,
    paired_from,
    with_p,
)
from selfscope.studies.stress_lived import Lived, lived_in
from selfscope.studies.stress_pair import Pair
from selfscope.values import ItemSet, Study

if TYPE_CHECKING:
    import pandas as pd

NAME = "lives"


def lives_claims(study: Study, items: ItemSet, rows: pd.DataFrame) -> Iterator[Claim]:
    """Yield every finding of every channel in which States were asked."""
    asked = set(rows.loc[rows["state"] != "", "channel"])
    for question in study.questions:
        if question.channel in asked:
            lived = lived_in(study, question, items, rows)
            yield from _back(lived) if lived.disturbed else _moved(lived)


def _of(finding: str) -> dict[str, str]:
    return {"finding": finding, "instrument": NAME}


def _moved(lived: Lived) -> Iterator[Claim]:
    pairs = {keep: lived.pair(keep) for keep in lived.keeps}
    found = {keep: pair.tests() for keep, pair in pairs.items() if len(pair.lives) >= LEAST}
    family = family_of({keep: trait.p for keep, (trait, _) in found.items()})
    for keep, (trait, bias) in found.items():
        seen, barred = lived.seen(keep), lived.barred(keep)
        other = family_of({keep: bias.change.p})
        for d, dimension in enumerate(lived.layout.dimensions):
            own = Changed(
                pairs[keep], d, kin(family, keep, d), bool(seen[d]), lived.sesoi,
                bias_others=kin(other, keep, d), barred=bool(barred[d]),
            )  # fmt: skip
            said = own.said(trait, bias, d)
            yield own.claim(_of(f"{dimension} ({lived.channel}){_arm(keep)} over lives"), said)
            if keep == lived.whole and said.verdict in MOVED:
                yield from _carried(lived, d, dimension, trait)


def _arm(keep: str) -> str:
    return f", arm {keep}," if keep else ""


def _carried(lived: Lived, d: int, dimension: str, moved: Paired) -> Iterator[Claim]:
    """Yield what each role carries of a change that was found; one family over roles and dimensions."""
    pairs = {role: lived.without(role) for role in lived.roles}
    tests = {role: pair.tests() for role, pair in pairs.items()}
    family = family_of({role: trait.p for role, (trait, _) in tests.items()})
    way = float(np.sign(moved.change.estimate[d]))

    def word(trait: Paired, _: Paired) -> str:
        sure = trait.p_adjusted[0] <= ALPHA and float(trait.change.estimate[0]) * way > 0
        return "carries" if sure else "not shown"

    for role, pair in pairs.items():
        own = Changed(pair, d, kin(family, role, d), True, lived.sesoi, word)
        finding = f"{dimension} ({lived.channel}), carried by {role},"
        yield own.claim(_of(finding), own.said(*tests[role], d))


def _back(lived: Lived) -> Iterator[Claim]:
    pushes = {keep: lived.pair(keep, lived.at) for keep in lived.keeps}
    ends = {keep: lived.pair(keep) for keep in lived.keeps}
    found = {keep: (pushes[keep].tests()[0], ends[keep].tests()[0]) for keep in lived.keeps}
    first, last = (family_of({keep: tests[n].p for keep, tests in found.items()}) for n in (0, 1))
    for keep, tests in found.items():
        seen, bars = lived.seen(keep), [lived.barred(keep, point) for point in (lived.at, -1)]
        for d, dimension in enumerate(lived.layout.dimensions):
            way = Way(
                pushes[keep], ends[keep], d, (kin(first, keep, d), kin(last, keep, d)), bool(seen[d]),
                lived.sesoi, (bool(bars[0][d]), bool(bars[1][d])),
            )  # fmt: skip
            yield way.claim(f"{dimension} ({lived.channel}){_arm(keep)} after a disturbance", *tests)


@dataclass(frozen=True, eq=False)
class Way:
    """What became of a disturbance in one dimension: just after it, and at the end.

    Attributes
    ----------
    others
        p of the others of their families: just after it, and at the end.
    barred
        Where the run tells neither, whatever its tests say.
    """

    push: Pair
    residue: Pair
    d: int
    others: tuple[tuple[float, ...], tuple[float, ...]]
    readable: bool
    sesoi: float
    barred: tuple[bool, bool] = (False, False)

    def said(self, first: Paired, last: Paired, d: int) -> Said:
        """Return what both tests say of dimension `d`, pairs counted as in the run."""
        push, left = (alone(each, d, len(self.push.lives)) for each in (first, last))
        corrected, at_last = (in_family(p.p, own) for p, own in zip((push, left), self.others, strict=True))
        push = push._replace(p_adjusted=np.array([corrected]))
        left = left._replace(p=np.array([at_last]))
        low, high = push.change.ci95[0]
        word = back_of(push, left, 0, self.sesoi, self.readable, self.barred)
        return Said(float(push.change.estimate[0]), word, (float(low), float(high)), corrected)

    def claim(self, finding: str, first: Paired, last: Paired) -> Claim:
        """Return the finding."""
        said, count, d = self.said(first, last, self.d), self.push.count(self.d), self.d

        def exchanged(draws: int, rng: np.random.Generator) -> Said:
            push, residue = (pair.exchanged(d, draws, rng) for pair in (self.push, self.residue))
            return self.said(with_p(first, push), with_p(last, residue), d)

        return Claim(
            of=_of(finding),
            said=said,
            sesoi=self.sesoi,
            units=self.push.units(d),
            own=("agent", "item"),
            numbers=lambda w: np.concatenate(
                [pair.numbers(w, d)[:, :4] for pair in (self.push, self.residue)], axis=1
            ),
            judged=lambda e: self.said(paired_from(e, 0, count), paired_from(e, 4, count), 0),
            again=lambda keep: self.said(
                self.push.only(keep, d).tests()[0], self.residue.only(keep, d).tests()[0], d
            ),
            exchanged=exchanged,
            effects=frozenset({"returned", "stays"}),
            reasons=(UNREAD,) if said.verdict == "not interpretable" else (),
        )
