"""Moments and spans of time as the archive writes and reads them.

A moment is ISO 8601 in UTC. A span is a number and a unit, "14 days", as a person writes it in a policy.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from selfscope.errors import BadInput

UNITS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "year": timedelta(days=365),
}

LONGEST = timedelta(days=365 * 100)
"""No span is longer, so that no sum of a moment and a span leaves the calendar."""


def moment(text: str) -> datetime:
    """Return the moment that `text` names, in UTC.

    Raises
    ------
    BadInput
        If it is no ISO 8601 moment, or names no time zone: a moment without one is a guess.
    """
    try:
        read = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise BadInput("this is no moment", got=text, fix="Write 2026-11-21T07:00:00Z") from error
    if read.tzinfo is None:
        raise BadInput("this moment names no time zone", got=text, fix="End it with Z or +00:00")
    return read.astimezone(UTC)


def stamp(when: datetime) -> str:
    """Return a moment as the journal writes it: UTC, to the microsecond where it has any.

    Raises
    ------
    BadInput
        If `when` names no time zone.
    """
    if when.tzinfo is None:
        raise BadInput("this moment names no time zone", got=when, fix="Use datetime.now(UTC)")
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z")


def span(text: str) -> timedelta:
    """Return the span that `text` names: a whole number and a unit, "90 days".

    Raises
    ------
    BadInput
        If it is no whole number and unit, or longer than a hundred years.
    """
    match = re.fullmatch(r"([0-9]{1,9}) (second|minute|hour|day|week|year)s?", text)
    if match is None:
        raise BadInput("this is no span of time", got=text, fix="Write a whole number and a unit: 14 days")
    read = int(match[1]) * UNITS[match[2]]
    if read > LONGEST:
        raise BadInput("this span is longer than a hundred years", got=text)
    return read


def spell(length: timedelta) -> str:
    """Return a span in words, in its largest unit but years: "14 days", "36 hours"."""
    seconds = round(length.total_seconds())
    for unit in ("day", "hour", "minute"):
        size = round(UNITS[unit].total_seconds())
        if seconds >= size and (seconds % size == 0 or seconds >= 3 * size):
            return _count(seconds // size, unit)
    return _count(seconds, "second")


def _count(n: int, unit: str) -> str:
    return f"{n} {unit}" if n == 1 else f"{n} {unit}s"
