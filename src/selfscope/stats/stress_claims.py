"""A finding of any instrument, re-asked by its own estimator and its own verdict (`measurement.md` §12).

What concludes by a difference of two sides is in :mod:`selfscope.stats.stress`. Anything else is a
:class:`Claim`: the numbers that it rests on, what one individual of its table may be, how the instrument
judges numbers and their errors, and its own test of what is left when something is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np

from selfscope.errors import BadInput
from selfscope.stats.masked import Mask
from selfscope.stats.stress import DRAWS
from selfscope.stats.stress_cells import Errors, Numbers, Unit, drawn_again, inside, single, together
from selfscope.stats.variance_design import REPEATED, kind_of
from selfscope.values.stress import Assumed, Manner, Outcome
from selfscope.values.variance import NO_INTERVAL, Interval

_FEW_DRAWN = "too few levels in a stratum to draw from, or too many draws cannot be told"


class Said(NamedTuple):
    """What a finding says, in its instrument's word."""

    estimate: float
    verdict: str
    ci: Interval = NO_INTERVAL
    p: float = float("nan")


@dataclass(frozen=True, eq=False)
class Claim:
    """A finding as its instrument makes it.

    Attributes
    ----------
    of
        What it is of.
    said
        The finding as it is.
    sesoi
        The smallest effect of interest.
    units
        What one individual may be, the widest first; all of the same cells.
    own
        Which of them the instrument's own test takes for samples.
    numbers
        What it rests on, by the instrument's estimator.
    judged
        The instrument's verdict on numbers with these errors.
    again
        The instrument's own test of the cells that are kept, ``(cell,)``.

    Raises
    ------
        BadInput
            If they are too few for it.
    exchanged
        The verdict where labels are exchanged freely, from draws and their randomness; or why they cannot be.
    effects
        Verdicts that say that something is there; all others say that nothing is, or that it is not known.
    reasons
        Why it cannot be interpreted; empty where it can.
    fixed
        Units whose levels are none of a sample: they can be left out, and for which reason no more.
    """

    of: Mapping[str, str]
    said: Said
    sesoi: float
    units: Mapping[str, Unit]
    own: tuple[str, ...]
    numbers: Numbers
    judged: Callable[[Errors], Said]
    again: Callable[[Mask], Said]
    exchanged: Callable[[int, np.random.Generator], Said] | str
    effects: frozenset[str]
    reasons: tuple[str, ...] = ()
    fixed: Mapping[str, str] = field(default_factory=dict)

    @property
    def cells(self) -> int:
        """How many single values it rests on."""
        return len(next(iter(self.units.values())).codes)

    def outcome(self, found: Said) -> Outcome:
        """Return what became of the finding: another word flips it, under half of an effect shrinks it."""
        if found.verdict != self.said.verdict:
            return "flipped"
        shrinks = found.verdict in self.effects and abs(found.estimate) < abs(self.said.estimate) / 2
        return "shrunk" if shrinks else "stands"


def stress_claim(
    claim: Claim, *, draws: int = DRAWS, seed: int = 0, wanted: frozenset[str] | None = None
) -> Iterator[Assumed]:
    """Yield a finding under each assumption, in the order of :func:`selfscope.stats.stress.stress`.

    Parameters
    ----------
    wanted
        Names of assumptions; all if left out.
    """
    rng = np.random.default_rng([seed, draws])
    for name, made in _assumptions(claim, draws, rng):
        if wanted is None or name in wanted:
            yield made()


def _assumptions(
    claim: Claim, draws: int, rng: np.random.Generator
) -> Iterator[tuple[str, Callable[[], Assumed]]]:
    yield "pooled", partial(_by, claim, "pooled", "", [single(claim.cells)], claim.cells)
    for name, unit in claim.units.items():
        n = len(unit.names)
        few = "" if kind_of(n, name in REPEATED) == "random" else f"too few levels: {n}"
        why = claim.fixed.get(name, "") or few
        random: dict[Manner, Callable[[], Assumed]] = {
            "clustered": partial(_clustered, claim, name, unit),
            "random": partial(_random, claim, name, unit),
            "resampled": partial(_resampled, claim, name, unit, draws, rng),
        }
        for manner, made in random.items():
            yield f"{manner}:{name}", partial(_lost, manner, name, n, why) if why else made
        yield f"fixed:{name}", partial(_fixed, claim, name, unit)
        yield f"left out:{name}", partial(_left_out, claim, name, unit)
    yield "no self", partial(_no_self, claim, draws, rng)


def _clustered(claim: Claim, name: str, unit: Unit) -> Assumed:
    if claim.own == (name,):
        return _told(claim, "clustered", name, claim.said, len(unit.names))
    return _by(claim, "clustered", name, [unit], len(unit.names))


def _random(claim: Claim, name: str, unit: Unit) -> Assumed:
    if name in claim.own:
        return _told(claim, "random", name, claim.said, len(unit.names))
    beside = [claim.units[u] for u in claim.own]
    return _by(claim, "random", name, [*beside, unit], len(unit.names))


def _fixed(claim: Claim, name: str, unit: Unit) -> Assumed:
    """Only these levels are spoken of: what varies is beside them, or inside them where nothing is."""
    n = len(unit.names)
    if n < 2:
        return _lost("fixed", name, n, f"too few levels: {n}")
    if name not in claim.own:
        return _told(claim, "fixed", name, claim.said, n)
    beside = [claim.units[u] for u in claim.own if u != name]
    return _by(claim, "fixed", name, beside or [inside(unit)], n)


def _by(claim: Claim, manner: Manner, name: str, units: list[Unit], n: int) -> Assumed:
    errors = together(claim.numbers, units)
    if not errors.known:
        return _lost(manner, name, n, "nothing varies within it, or it cannot do without one level")
    return _told(claim, manner, name, claim.judged(errors), n)


def _resampled(claim: Claim, name: str, unit: Unit, draws: int, rng: np.random.Generator) -> Assumed:
    n = len(unit.names)
    errors = drawn_again(claim.numbers, unit, draws, rng)
    if errors is None or not errors.known:
        return _lost("resampled", name, n, _FEW_DRAWN)
    if not errors.varies:
        return _lost("resampled", name, n, "nothing varies between its levels")
    return _told(claim, "resampled", name, claim.judged(errors), n)


def _left_out(claim: Claim, name: str, unit: Unit) -> Assumed:
    """Every level left out in turn, by the instrument's own test; the worst is told, and all it needs."""
    n = len(unit.names)
    tried, why = [], f"too few levels: {n}"
    for level in range(n) if n > 1 else ():
        try:
            found = claim.again(unit.codes != level)
        except BadInput as error:
            why = f"without {unit.names[level]}: {error}"
            continue
        tried.append((claim.outcome(found), abs(found.estimate), unit.names[level], found))
    if not tried:
        return _lost("left out", name, n, why)
    far: dict[Outcome, int] = {"flipped": 0, "shrunk": 1, "stands": 2, "not_estimable": 3}
    outcome, _, worst, found = min(tried, key=lambda each: (far[each[0]], each[1]))
    lost = tuple(each[2] for each in tried if each[0] != "stands")
    return Assumed(
        "left out", name, found.estimate, found.ci, found.p, found.verdict, outcome, n, worst, lost
    )


def _no_self(claim: Claim, draws: int, rng: np.random.Generator) -> Assumed:
    """Labels mean nothing: an effect must be larger than exchanged labels show; an absence stays one."""
    if isinstance(claim.exchanged, str):
        return _lost("no self", "", claim.cells, claim.exchanged)
    found = claim.exchanged(draws, rng)
    absent = claim.said.verdict not in claim.effects and found.verdict not in claim.effects
    outcome: Outcome = "stands" if absent else claim.outcome(found)
    verdict = claim.said.verdict if absent else found.verdict
    return Assumed("no self", "", found.estimate, found.ci, found.p, verdict, outcome, claim.cells)


def _told(claim: Claim, manner: Manner, unit: str, found: Said, n: int) -> Assumed:
    return Assumed(manner, unit, found.estimate, found.ci, found.p, found.verdict, claim.outcome(found), n)


def _lost(manner: Manner, unit: str, n: int, why: str) -> Assumed:
    return Assumed(manner, unit, levels=n, why=why)
