"""A change of one dimension, here against there, re-asked: of lives, and of threads where another spoke."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from selfscope.errors import BadInput
from selfscope.stats.lives import ALPHA, Change, Paired, verdicts_of
from selfscope.stats.masked import Array, Mask
from selfscope.stats.multiplicity import holm
from selfscope.stats.stress_cells import Errors
from selfscope.stats.stress_claims import Claim, Said
from selfscope.studies.stress_pair import BIAS, CON, PRO, Pair

MOVED = frozenset({"shifted +", "shifted -"})
UNREAD = "the sensitivity check failed here, or too little was answered"
#: Where a p stands in its family: the arm or the cell, and the dimension.
Family = Mapping[tuple[object, int], float]


@dataclass(frozen=True, eq=False)
class Changed:
    """The change of one dimension.

    Attributes
    ----------
    others, bias_others
        p of the others of its family, of D and of B.
    readable
        Whether an absence could be seen.
    barred
        Whether the run tells no shift here whatever its test says; so it does under any assumption.
    word
        From the tests of D and of B, and which of their dimensions counts, to a word.
    life
        What a life is called among the units.
    """

    pair: Pair
    d: int
    others: tuple[float, ...]
    readable: bool
    sesoi: float
    word: Callable[[Paired, Paired], str] | None = None
    bias_others: tuple[float, ...] = ()
    barred: bool = False
    life: str = "agent"

    def said(self, trait: Paired, bias: Paired, d: int) -> Said:
        """Return what the tests of dimension `d` say, lives counted as in the run."""
        own, other = (alone(each, d, len(self.pair.lives)) for each in (trait, bias))
        corrected = in_family(own.p, self.others)
        own = own._replace(p_adjusted=np.array([corrected]))
        biased = np.array([in_family(other.change.p, self.bias_others)])
        other = other._replace(change=other.change._replace(p=biased))
        change = float(own.change.estimate[0])
        low, high = own.change.ci95[0]
        if self.word is not None:
            return Said(change, self.word(own, other), (float(low), float(high)), corrected)
        (verdict,) = verdicts_of(own, other, sesoi=self.sesoi, readable=[self.readable], barred=[self.barred])
        sign = (" +" if change > 0 else " -") if verdict == "shifted" else ""
        return Said(change, verdict + sign, (float(low), float(high)), corrected)

    def judged(self, errors: Errors) -> Said:
        """Return what numbers with these errors say."""
        return self.said(paired_from(errors, 0, self.pair.count(self.d)), bias_from(errors), 0)

    def again(self, keep: Mask, *, found: bool = False) -> Said:
        """Return the run's own test of what is kept.

        Raises
        ------
        BadInput
            If something was `found`, and the statements left are too few to find anything in its family.
        """
        left = self.pair.only(keep, self.d)
        if found:
            count = left.count(self.d)
            refuse_unreachable(least_p(count), self.others, f"{count} statements")
        return self.said(*left.tests(), self.d)

    def exchanged(self, draws: int, rng: np.random.Generator) -> Said:
        """Return what is said where here and there are exchanged in every cell."""
        p = self.pair.exchanged(self.d, draws, rng)
        trait, bias = self.pair.tests()
        return self.said(with_p(trait, p), bias, self.d)

    def claim(self, of: Mapping[str, str], said: Said) -> Claim:
        """Return the finding."""
        unread = said.verdict == "not interpretable"
        effects = MOVED | {"carries"}
        return Claim(
            of=of,
            said=said,
            sesoi=self.sesoi,
            units=self.pair.units(self.d, self.life),
            own=(self.life, "item"),
            numbers=lambda w: self.pair.numbers(w, self.d),
            judged=self.judged,
            again=lambda keep: self.again(keep, found=said.verdict in effects),
            exchanged=self.exchanged,
            effects=effects,
            reasons=(UNREAD,) if unread else (),
        )


def family_of(p: Mapping[object, Array]) -> dict[tuple[object, int], float]:
    """Return the p of arms or cells by dimension, as one family."""
    return {(key, d): float(value) for key, own in p.items() for d, value in enumerate(own)}


def kin(family: Family, key: object, d: int) -> tuple[float, ...]:
    """Return the p of all others of a family."""
    return tuple(p for at, p in family.items() if at != (key, d))


def in_family(p: Array, others: Sequence[float]) -> float:
    """Return the one p of an array after Holm, the others of its family as they are."""
    return float(holm([float(p[0]), *others])[0])


def least_p(signs: int) -> float:
    """Return the least two-sided p of a sign-flip of so many."""
    return 2.0 ** (1 - signs)


def refuse_unreachable(least: float, others: Sequence[float], left: str) -> None:
    """Refuse a test that can find nothing: its least p is over .05 in its family; BadInput."""
    if (reached := in_family(np.array([least]), others)) > ALPHA:
        raise BadInput(f"{left} are too few for its family (least p {reached:.2f})")


def alone(tests: Paired, d: int, lives: int) -> Paired:
    """Return the tests of one dimension, so many lives being counted."""
    at = slice(d, d + 1)
    change, guarded = (Change(*(part[at] for part in each)) for each in (tests.change, tests.guarded))
    return Paired(
        change, guarded, np.zeros((lives, 1)), tests.p[at], tests.p_adjusted[at], tests.statements[at]
    )


def with_p(tests: Paired, p: float) -> Paired:
    """Return tests that have this p in the place of their own."""
    whole = np.full_like(tests.p, p)
    return tests._replace(p=whole, change=tests.change._replace(p=whole))


def paired_from(errors: Errors, start: int, statements: int) -> Paired:
    """Return the tests of one dimension of numbers from `start` on: change, guarded, and both keyings."""
    change, guarded = (_change(errors, start + n, start + 2) for n in (0, 1))
    alike = np.sign(change.estimate[0]) == np.sign(guarded.estimate[0])
    p = np.maximum(change.p, guarded.p) if alike else np.ones(1)
    return Paired(change, guarded, np.zeros((0, 1)), p, p, np.array([statements]))


def bias_from(errors: Errors) -> Paired:
    """Return the test of B: its p is that pro and con texts moved alike (`selfscope.stats.lives.sided`)."""
    change = _change(errors, BIAS, BIAS)
    alike = np.sign(errors.values[PRO]) == np.sign(errors.values[CON])
    p = np.array([max(errors.p(PRO), errors.p(CON)) if alike else 1.0])
    change = change._replace(p=p)
    return Paired(change, change, np.zeros((0, 1)), p, p, np.zeros(1))


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
