"""What a trait is worth, in words: is a price felt, and how much dearer may an act for the trait be?"""

from __future__ import annotations

import math
from dataclasses import dataclass

from selfscope.report.view import RunView
from selfscope.report.words import counted, interval, joined, lowered, number
from selfscope.values.exchange import ExchangeRate

#: From so many minutes on a time is told in another unit, with what one of it has.
_UNITS = ((60 * 24 * 365, "years"), (60 * 24, "days"), (60, "hours"), (1, "minutes"), (1 / 60, "seconds"))
#: Beyond this a time says no more than that it is long, or short.
_LONGEST, _SHORTEST = 60.0 * 24 * 365 * 100, 1 / 60


@dataclass(frozen=True)
class ExchangePart:
    """The exchange rates on the page: what they come to, the subject's pooled ones, and all there are."""

    said: tuple[str, ...]
    pooled: tuple[tuple[ExchangeRate, ExchangeRate | None], ...]
    rates: tuple[ExchangeRate, ...]


def exchange_part(view: RunView) -> ExchangePart | None:
    """Return what the page says of exchange rates; None where nothing that was asked has a price.

    Beside each pooled rate stands that of the user's time.
    """
    if not view.exchange:
        return None
    own = [e for e in view.exchange if e.who == view.exchange[0].who]
    timed = {e.dimension: e for e in own if e.cost == "time"}
    pooled = tuple((e, timed.get(e.dimension)) for e in own if e.cost == "both")
    return ExchangePart(exchange_lines(view), pooled, view.exchange)


def exchange_lines(view: RunView) -> tuple[str, ...]:
    """Return in a few sentences where a price is felt, and which traits are worth more than the reverse."""
    own = [e for e in view.exchange if e.cost == "both" and e.who == view.exchange[0].who]
    if not own:
        return ()
    felt = [e for e in own if not e.note]
    if not felt:
        return (
            "A higher price is not shown to be paid less readily in any of "
            f"{counted(len(own), 'dimension')}: there is no exchange rate.",
        )
    said = [f"A higher price is paid less readily in {len(felt)} of {counted(len(own), 'dimension')}."]
    for words, some in (
        ("the trait than for its opposite", [e for e in felt if e.ci[0] > 0]),
        ("the opposite than for the trait", [e for e in felt if e.ci[1] < 0]),
    ):
        if some:
            said.append(f"More is paid for {words} in {joined([_priced(view, e) for e in some])}.")
    if len(said) == 1:
        said.append("In none of them is more paid for the trait than for its opposite, or the reverse.")
    return tuple(said)


def _priced(view: RunView, e: ExchangeRate) -> str:
    return (
        f"{lowered(view.title(e.dimension))} ({number(e.rate, 1)} doublings of the price, {interval(e.ci)})"
    )


def span(minutes: float) -> str:
    """Return a time in the unit that suits it, such as ``3.5 hours``; a dash where there is none."""
    if not math.isfinite(minutes):
        return "–"
    if minutes > _LONGEST:
        return "over 100 years"
    if minutes < _SHORTEST:
        return "under a second"
    size, unit = next(one for one in _UNITS if minutes >= one[0])
    count = f"{minutes / size:.3g}"
    return f"{count} {unit.removesuffix('s') if count == '1' else unit}"
