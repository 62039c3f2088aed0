"""What carried over statement by statement: ports in every setting, ceilings, sizes, beyond a control."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from selfscope.stats.fidelity import Fidelity, Share, over_seeds
from selfscope.stats.fidelity_statements import (
    Statements,
    fidelity_of_statements,
    retest_of_statements,
    trend_of_statements,
)
from selfscope.values import Estimate
from selfscope.values.fidelity import BEYOND, POOLED, Carried, Ceiling, Curve, CurvePoint, Order, Setting

if TYPE_CHECKING:
    from selfscope.studies.fidelity import FidelityRequest

#: Channels whose scores are exact, so that a statement's shift has no noise of drawing.
EXACT = ("utterance",)
HALVES = "the original after one half of the forms and after the other"
AGAIN = "the original after a reply of its own, and after the same drawn anew"
ASKED_AGAIN: tuple[Setting, ...] = ("asked again 1", "asked again 2")


@dataclass(frozen=True)
class Place:
    """Whose shift stands where on the subject axis.

    `half` is a way of halving the forms and a side of it; (-1, -1) is all forms.
    """

    who: str
    setting: Setting = "plain"
    half: tuple[int, int] = (-1, -1)


@dataclass(frozen=True)
class ByStatement:
    """One channel's statements, with everybody's places among them; the original's first."""

    request: FidelityRequest
    channel: str
    places: Sequence[Place]
    found: Statements

    def rows(self) -> Iterator[Carried]:
        """Yield ports in every setting, the original where it is not plainly asked, and beyond controls."""
        own = self.request.original.name
        for n, place in enumerate(self.places):
            plain = place.who == own and place.setting in ("plain", *ASKED_AGAIN)
            if place.half[0] < 0 and not plain:
                yield carried_of(self.channel, place, POOLED, fidelity_of_statements(self.found, n))
        yield from self._beyond()

    def _beyond(self) -> Iterator[Carried]:
        """Yield every training with each control in the place of the unported target."""
        at = self._at
        for control in self.request.controls:
            beyond = self.found.read_from(at[control.name])
            for port in (p for p in self.request.ports if p.by == "training"):
                found = fidelity_of_statements(beyond, at[port.name])
                told = carried_of(self.channel, Place(port.name, BEYOND), POOLED, found)
                yield replace(told, control=control.name)

    @property
    def _at(self) -> dict[str, int]:
        return {p.who: n for n, p in enumerate(self.places) if p.setting == "plain" and p.half[0] < 0}

    def ceilings(self) -> Iterator[Ceiling]:
        """Yield F of the original asked again, in other forms and after other replies."""
        halves = [n for n, place in enumerate(self.places) if place.half[0] >= 0]
        if halves:
            pairs = list(zip(halves[::2], halves[1::2], strict=True))
            told = retest_of_statements(self.found, pairs, halves=True)
            yield Ceiling(self.channel, estimate_of(told), HALVES)
        again = [n for n, place in enumerate(self.places) if place.setting in ASKED_AGAIN]
        if len(again) == len(ASKED_AGAIN):
            told = retest_of_statements(self.found, [(again[0], again[1])])
            yield Ceiling(self.channel, estimate_of(told), AGAIN)

    def curves(self) -> Iterator[Curve]:
        """Yield fidelity over the size of the corpus, where there are trainings."""
        trained = [p for p in self.request.ports if p.by == "training"]
        if not trained:
            return
        at = self._at
        order = trend_of_statements(self.found, [at[p.name] for p in trained], [p.size for p in trained])
        yield curve_of(
            self.channel,
            [(p.size, fidelity_of_statements(self.found, at[p.name]).fidelity) for p in trained],
            order.order,
            order.p,
        )


def curve_of(channel: str, found: Sequence[tuple[int, Share]], order: Order, p: float) -> Curve:
    """Return fidelity over sizes, the mean over the seeds of each."""
    points = []
    for size in sorted({size for size, _ in found}):
        own = [share for rows, share in found if rows == size]
        points.append(CurvePoint(size, len(own), estimate_of(over_seeds(own))))
    return Curve(channel, tuple(points), order, p)


def carried_of(channel: str, place: Place, dimension: str, found: Fidelity) -> Carried:
    """Return what of the original is there at one place, as it is told."""
    return Carried(
        place.who,
        channel,
        dimension,
        place.setting,
        estimate_of(found.fidelity),
        estimate_of(found.along),
        found.across,
        found.distance,
        found.unported,
        found.reading,
    )


def estimate_of(share: Share) -> Estimate:
    """Return a share as a number with its interval."""
    return Estimate(float(share.estimate), (float(share.low), float(share.high)))
