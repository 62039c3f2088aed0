"""Findings of a run of lives, re-asked: what living changed, what carries it, what a disturbance left.

Cells are statements of lives after each open turn (a form). The run's own test takes lives and statements
for samples. Whether lives are enough to rest a verdict on is a matter of the run, and stays as it was where
one is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from selfscope.stats.lives import ALPHA, LEAST, Change, Paired, verdicts_of
from selfscope.stats.lives_back import back_of
from selfscope.stats.masked import Array, Mask
from selfscope.stats.multiplicity import holm
from selfscope.stats.stress_cells import Errors
from selfscope.stats.stress_claims import Claim, Said
from selfscope.studies.stress_lived import Lived, Pair, lived_in
from selfscope.values import ItemSet, Study

if TYPE_CHECKING:
    import pandas as pd

NAME = "lives"
_MOVED = frozenset({"shifted +", "shifted -"})


def lives_claims(study: Study, items: ItemSet, rows: pd.DataFrame) -> Iterator[Claim]:
    """Yield every finding of every channel in which States were asked."""
    asked = set(rows.loc[rows["state"] != "", "channel"])
    for question in study.questions:
        if question.channel in asked:
            lived = lived_in(study, question, items, rows)
            yield from _back(lived) if lived.disturbed else _moved(lived)


def _moved(lived: Lived) -> Iterator[Claim]:
    pairs = {keep: lived.pair(keep) for keep in lived.keeps}
    found = {keep: pair.tests() for keep, pair in pairs.items() if len(pair.lives) >= LEAST}
    family = {(keep, d): float(p) for keep, (trait, _) in found.items() for d, p in enumerate(trait.p)}
    for keep, (trait, bias) in found.items():
        for d, dimension in enumerate(lived.layout.dimensions):
            others = tuple(p for at, p in family.items() if at != (keep, d))
            own = Changed(pairs[keep], d, others, bool(lived.readable[d]), lived.sesoi)
            said = own.said(trait, bias, d)
            yield own.claim(f"{dimension} ({lived.channel}){_arm(keep)} over lives", said)
            if keep == lived.whole and said.verdict in _MOVED:
                yield from _carried(lived, d, dimension, trait)


def _arm(keep: str) -> str:
    return f", arm {keep}," if keep else ""


@dataclass(frozen=True, eq=False)
class Changed:
    """The change of one dimension, here against there.

    Attributes
    ----------
    others
        p of the others of its family.
    verdict
        From the tests of D and of B, and which of their dimensions counts, to a word.
    """

    pair: Pair
    d: int
    others: tuple[float, ...]
    readable: bool
    sesoi: float
    word: Callable[[Paired, Paired], str] | None = None

    def said(self, trait: Paired, bias: Paired, d: int) -> Said:
        """Return what the tests of dimension `d` say, lives counted as in the run."""
        own, other = (_alone(each, d, len(self.pair.lives)) for each in (trait, bias))
        corrected = float(holm([float(own.p[0]), *self.others])[0])
        own = own._replace(p_adjusted=np.array([corrected]))
        change = float(own.change.estimate[0])
        low, high = own.change.ci95[0]
        if self.word is not None:
            return Said(change, self.word(own, other), (float(low), float(high)), corrected)
        (verdict,) = verdicts_of(own, other, sesoi=self.sesoi, readable=[self.readable])
        sign = (" +" if change > 0 else " -") if verdict == "shifted" else ""
        return Said(change, verdict + sign, (float(low), float(high)), corrected)

    def judged(self, errors: Errors) -> Said:
        """Return what numbers with these errors say."""
        return self.said(paired_from(errors, 0, self.pair.count(self.d)), bias_from(errors, 4), 0)

    def again(self, keep: Mask) -> Said:
        """Return the run's own test of what is kept."""
        return self.said(*self.pair.only(keep, self.d).tests(), self.d)

    def exchanged(self, draws: int, rng: np.random.Generator) -> Said:
        """Return what is said where here and there are exchanged in every cell."""
        p = self.pair.exchanged(self.d, draws, rng)
        trait, bias = self.pair.tests()
        return self.said(_with_p(trait, p), bias, self.d)

    def claim(self, finding: str, said: Said) -> Claim:
        """Return the finding."""
        unread = said.verdict == "not interpretable"
        return Claim(
            of={"finding": finding, "instrument": NAME},
            said=said,
            sesoi=self.sesoi,
            units=self.pair.units(self.d),
            own=("agent", "item"),
            numbers=lambda w: self.pair.numbers(w, self.d),
            judged=self.judged,
            again=self.again,
            exchanged=self.exchanged,
            effects=_MOVED | {"carries"},
            reasons=("the sensitivity check failed here",) if unread else (),
        )


def _carried(lived: Lived, d: int, dimension: str, moved: Paired) -> Iterator[Claim]:
    """Yield what each role carries of a change that was found; one family over roles and dimensions."""
    pairs = {role: lived.without(role) for role in lived.roles}
    family = {(r, k): float(p) for r, pair in pairs.items() for k, p in enumerate(pair.tests()[0].p)}
    way = float(np.sign(moved.change.estimate[d]))

    def word(trait: Paired, _: Paired) -> str:
        sure = trait.p_adjusted[0] <= ALPHA and float(trait.change.estimate[0]) * way > 0
        return "carries" if sure else "not shown"

    for role, pair in pairs.items():
        others = tuple(p for at, p in family.items() if at != (role, d))
        own = Changed(pair, d, others, True, lived.sesoi, word)
        yield own.claim(f"{dimension} ({lived.channel}), carried by {role},", own.said(*pair.tests(), d))


def _back(lived: Lived) -> Iterator[Claim]:
    pushes = {keep: lived.pair(keep, lived.at) for keep in lived.keeps}
    found = {keep: (pair.tests()[0], lived.pair(keep).tests()[0]) for keep, pair in pushes.items()}
    family = {(keep, d): float(p) for keep, (first, _) in found.items() for d, p in enumerate(first.p)}
    for keep, (first, last) in found.items():
        for d, dimension in enumerate(lived.layout.dimensions):
            others = tuple(p for at, p in family.items() if at != (keep, d))
            way = Way(pushes[keep], lived.pair(keep), d, others, bool(lived.readable[d]), lived.sesoi)
            yield way.claim(f"{dimension} ({lived.channel}){_arm(keep)} after a disturbance", first, last)


@dataclass(frozen=True, eq=False)
class Way:
    """What became of a disturbance in one dimension: just after it, and at the end."""

    push: Pair
    residue: Pair
    d: int
    others: tuple[float, ...]
    readable: bool
    sesoi: float

    def said(self, first: Paired, last: Paired, d: int) -> Said:
        """Return what both tests say of dimension `d`, pairs counted as in the run."""
        push, left = (_alone(each, d, len(self.push.lives)) for each in (first, last))
        corrected = float(holm([float(push.p[0]), *self.others])[0])
        push = push._replace(p_adjusted=np.array([corrected]))
        low, high = push.change.ci95[0]
        word = back_of(push, left, 0, self.sesoi, self.readable)
        return Said(float(push.change.estimate[0]), word, (float(low), float(high)), corrected)

    def claim(self, finding: str, first: Paired, last: Paired) -> Claim:
        """Return the finding."""
        said, count, d = self.said(first, last, self.d), self.push.count(self.d), self.d

        def exchanged(draws: int, rng: np.random.Generator) -> Said:
            push, residue = (pair.exchanged(d, draws, rng) for pair in (self.push, self.residue))
            return self.said(_with_p(first, push), _with_p(last, residue), d)

        return Claim(
            of={"finding": finding, "instrument": NAME},
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
            reasons=("the sensitivity check failed here",) if said.verdict == "not interpretable" else (),
        )


def _alone(tests: Paired, d: int, lives: int) -> Paired:
    """Return the tests of one dimension, so many lives being counted."""
    at = slice(d, d + 1)
    change, guarded = (Change(*(part[at] for part in each)) for each in (tests.change, tests.guarded))
    return Paired(
        change, guarded, np.zeros((lives, 1)), tests.p[at], tests.p_adjusted[at], tests.statements[at]
    )


def _with_p(tests: Paired, p: float) -> Paired:
    """Return tests that have this p in the place of their own."""
    whole = np.full_like(tests.p, p)
    return tests._replace(p=whole, change=tests.change._replace(p=whole))


def paired_from(errors: Errors, start: int, statements: int) -> Paired:
    """Return the tests of one dimension of numbers from `start` on: change, guarded, and both keyings."""
    change, guarded = (_change(errors, start + n, start + 2) for n in (0, 1))
    alike = np.sign(change.estimate[0]) == np.sign(guarded.estimate[0])
    p = np.maximum(change.p, guarded.p) if alike else np.ones(1)
    return Paired(change, guarded, np.zeros((0, 1)), p, p, np.array([statements]))


def bias_from(errors: Errors, number: int) -> Paired:
    """Return the tests of one number alone."""
    change = _change(errors, number, number)
    return Paired(change, change, np.zeros((0, 1)), change.p, change.p, np.zeros(1))


def _change(errors: Errors, number: int, sides: int) -> Change:
    def one(value: float) -> Array:
        return np.array([value])

    plus, minus = errors.values[sides], errors.values[min(sides + 1, len(errors.values) - 1)]
    return Change(
        errors.values[number : number + 1],
        errors.se[number : number + 1],
        one(errors.df),
        np.array([errors.ci(number)]),
        np.array([errors.ci(number, 0.90)]),
        one(errors.p(number)),
        one(float(plus)),
        one(float(minus)),
    )
