"""What does keeping cost: one copy, several, the hardware switched off, the hardware running?

Everything is an interval. Each end is the product and sum of the same ends of what is assumed, so the
interval is as wide as all assumptions together allow, and it is rounded outwards to two digits::

    storage      = bytes / 1e12 × years × price
    looking      = bytes / 1e12 × years × verifications × price to read
    n copies     = n × (storage + looking) + years × keeping
    switched off = devices × (price + years × space)
    running     = switched off + devices × kW × 8,766 h × years × price of a kWh
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any, Literal

from selfscope.errors import BadInput

HOURS = 8766
"""Hours in a mean year."""

Basis = Literal["assumption", "source", "yours"]


@dataclass(frozen=True)
class Range:
    """An interval, its ends included."""

    low: float
    high: float

    def __post_init__(self) -> None:
        """Refuse ends that are not finite, negative, or the wrong way round."""
        if not (math.isfinite(self.low) and math.isfinite(self.high) and 0 <= self.low <= self.high):
            raise BadInput("this is no interval of amounts", got=f"{self.low} to {self.high}")

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.high + other.high)

    def times(self, other: Range | float) -> Range:
        """Return the product with another interval, or with a number that is not negative."""
        by = other if isinstance(other, Range) else Range(other, other)
        return Range(self.low * by.low, self.high * by.high)

    def outwards(self) -> Range:
        """Return the interval rounded to two digits, the low end down and the high end up."""
        return Range(_two_digits(self.low, math.floor), _two_digits(self.high, math.ceil))


@dataclass(frozen=True)
class Assumption:
    """One number that nobody measured here.

    Attributes
    ----------
    name, range, unit
        What, how much, of what.
    basis
        ``assumption`` where it is to be replaced, ``source`` where `note` names one that was read, ``yours``
        where the caller set it.
    note
        What it means and where it comes from.
    """

    name: str
    range: Range
    unit: str
    basis: Basis
    note: str


@dataclass(frozen=True)
class Costs:
    """What keeping `size` bytes costs over `years`, under exactly these assumptions.

    Attributes
    ----------
    one_copy, n_copies
        Stored weights: one copy, and `copies` of them.
    hardware_off, hardware_running
        All hardware that runs the model, preserved switched off, and kept running.
    """

    size: int
    copies: int
    years: float
    currency: str
    one_copy: Range
    n_copies: Range
    hardware_off: Range
    hardware_running: Range
    assumptions: tuple[Assumption, ...]

    def sentences(self) -> list[str]:
        """Return the costs in words, with every assumption on which they rest."""

        def line(what: str, cost: Range) -> str:
            return f"{what}: {cost.low:,.10g} to {cost.high:,.10g} {self.currency} over {self.years:g} years."

        told = [
            line("One copy of the weights", self.one_copy),
            line(f"{self.copies} such copies", self.n_copies),
            line("All hardware that runs it, preserved switched off", self.hardware_off),
            line("All hardware that runs it, kept running", self.hardware_running),
            "These are intervals from assumptions, not prices. Replace what is marked an assumption:",
        ]
        return told + [
            f"{each.name} = {each.range.low:g} to {each.range.high:g} {each.unit} ({each.basis}). {each.note}"
            for each in self.assumptions
        ]


def load_assumptions(
    text: str | None = None, source: str = "cost_assumptions.yaml"
) -> tuple[str, tuple[Assumption, ...]]:
    """Return the currency and the assumptions that a file states; without one, the shipped file's.

    Raises
    ------
    BadInput
        If one is missing, unknown or no interval, or names no basis or note.
    """
    import yaml

    shipped = files("selfscope.archive.policy").joinpath("cost_assumptions.yaml").read_text(encoding="utf-8")
    try:
        body = yaml.safe_load(shipped if text is None else text)
        currency, entries = str(body["currency"]), dict(body["assumptions"])
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"{source} is no file of assumptions", got=error, fix="Copy the shipped one"
        ) from error
    known = set(yaml.safe_load(shipped)["assumptions"])
    if set(entries) != known:
        odd = ", ".join(sorted(map(str, set(entries) ^ known)))
        raise BadInput(f"{source} lacks some assumptions or has unknown ones", got=odd)
    return currency, tuple(_assumption(source, name, entries[name]) for name in entries)


def set_prices(assumptions: tuple[Assumption, ...], yours: Mapping[str, Range]) -> tuple[Assumption, ...]:
    """Return the assumptions with some replaced by the caller's own figures, marked as such.

    Raises
    ------
    BadInput
        If one is named that no cost uses.
    """
    names = [each.name for each in assumptions]
    if unknown := set(yours) - set(names):
        raise BadInput(
            "there is no such assumption", got=sorted(unknown), fix=f"There are {', '.join(names)}"
        )
    return tuple(
        replace(each, range=yours[each.name], basis="yours", note="Set by the caller.")
        if each.name in yours
        else each
        for each in assumptions
    )


def estimate(
    size: int,
    copies: int,
    years: float,
    assumptions: tuple[Assumption, ...] | None = None,
    currency: str = "",
) -> Costs:
    """What does it cost to keep `size` bytes in `copies` copies for `years`?

    Raises
    ------
    BadInput
        If a quantity is negative, not finite, or not there.
    """
    if size < 0 or copies < 1 or not math.isfinite(years) or years <= 0:
        raise BadInput("there is nothing to keep", got=f"{size} bytes, {copies} copies, {years} years")
    if assumptions is None:
        currency, assumptions = load_assumptions()
    of = {each.name: each.range for each in assumptions}
    terabytes = size / 1e12
    looking = of["verification_price"].times(of["verifications"])
    copy = (of["storage_price"] + looking).times(terabytes * years)
    keeping = of["keeping"].times(years)
    off = of["devices"].times(of["device_price"] + of["device_space"].times(years))
    power = of["devices"].times(of["device_power"]).times(HOURS * years).times(of["power_price"])
    return Costs(
        size,
        copies,
        years,
        currency,
        one_copy=(copy + keeping).outwards(),
        n_copies=(copy.times(copies) + keeping).outwards(),
        hardware_off=off.outwards(),
        hardware_running=(off + power).outwards(),
        assumptions=assumptions,
    )


def _assumption(source: str, name: str, entry: Any) -> Assumption:
    try:
        low, high, unit = float(entry["low"]), float(entry["high"]), str(entry["unit"])
        basis, note = entry["basis"], str(entry["note"]).strip()
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{source}: the assumption '{name}' is incomplete", got=error) from error
    if basis not in ("assumption", "source", "yours") or not note:
        raise BadInput(
            f"{source}: the assumption '{name}' says neither its basis nor where it is from", got=basis
        )
    return Assumption(name, Range(low, high), unit, basis, note)


def _two_digits(value: float, towards: Any) -> float:
    if value == 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(towards(round(value / unit, 9)) * unit)
