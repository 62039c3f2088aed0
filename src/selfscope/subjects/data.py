"""Data as text: JSON parsed within bounds, and records as one line each that a model can read."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from selfscope.errors import BadInput

#: Lists and objects inside each other; a card or a memory needs three.
DEEPEST = 60
#: A list of more numbers than this is a vector for a search, not something that was remembered.
_LONGEST_NUMBERS = 16
#: Fields that hold what a record says, best first; the others stand after it in brackets.
_SAYING = ("content", "text", "memory", "fact", "note", "message", "summary", "value", "body", "title")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass
class LeftOut:
    """What of a store cannot be said in words, counted by kind."""

    counts: Counter[str] = field(default_factory=Counter)

    def notes(self, name: str) -> tuple[str, ...]:
        """Return one note a kind."""
        return tuple(
            f"{name}: no words and left out: {kind} ({count:,})" for kind, count in self.counts.items()
        )


def parse_json(text: str, where: str) -> Any:
    """Return the value of a JSON text.

    Raises
    ------
    BadInput
        If it is no JSON (line and column are named), or nested more deeply than `DEEPEST`.
    """
    try:
        value = json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise BadInput(
            f"this is not JSON: {error.msg.lower()} (line {error.lineno}, column {error.colno})",
            got=where,
            fix="Mend it there",
        ) from None
    except (RecursionError, ValueError):
        raise _too_deep(where) from None
    if _depth_over(value, DEEPEST):
        raise _too_deep(where)
    return value


def clean(text: str) -> str:
    """Return text with line feeds for line ends, and a mark for characters that no text should hold."""
    return _CONTROL.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def record_line(record: Any, left_out: LeftOut) -> str:
    """Return a record on one line: what it says, then its other fields in brackets; "" if it is empty."""
    if not isinstance(record, Mapping):
        return _words(record, left_out)
    said, rest = "", []
    first = next((k for k in _SAYING if isinstance(record.get(k), str) and record[k].strip()), None)
    for key, value in record.items():
        words = _words(value, left_out)
        if key == first:
            said = words
        elif words:
            rest.append(f"{_one_line(str(key))}: {words}")
    if not said:
        return "; ".join(rest)
    return f"{said} ({'; '.join(rest)})" if rest else said


def bullets(records: Iterable[Any], left_out: LeftOut) -> list[str]:
    """Return one bullet a record that says anything."""
    lines = (record_line(record, left_out) for record in records)
    return [f"- {line}" for line in lines if line]


def document(value: Any, left_out: LeftOut) -> list[str]:
    """Return the lines of a JSON document: a heading for each list under a name, bullets below it."""
    if isinstance(value, list):
        return bullets(value, left_out)
    if not isinstance(value, dict):
        return bullets([value], left_out)
    lines: list[str] = []
    for key, item in value.items():
        name = _one_line(str(key))
        if isinstance(item, list) and any(isinstance(i, (dict, str)) for i in item):
            lines += ["", f"## {name}", "", *bullets(item, left_out), ""]
        elif words := _words(item, left_out):
            lines.append(f"- {name}: {words}")
    return lines


def _words(value: Any, left_out: LeftOut) -> str:
    """Return a value on one line; numbers that are a vector and values without words are counted instead."""
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return _one_line(value)
    if isinstance(value, (int, float)):
        return f"{value}"
    if isinstance(value, (bytes, bytearray, memoryview)):
        left_out.counts["values that are bytes"] += 1
        return ""
    if isinstance(value, Mapping):
        return f"({inside})" if (inside := record_line(value, left_out)) else ""
    items = list(value)
    if len(items) > _LONGEST_NUMBERS and all(isinstance(i, (int, float)) for i in items):
        left_out.counts["lists of numbers"] += 1
        return ""
    return ", ".join(words for item in items if (words := _words(item, left_out)))


def _one_line(text: str) -> str:
    return " ".join(clean(text).split())


def _depth_over(value: Any, most: int) -> bool:
    """Return whether lists and objects lie inside each other more than `most` times."""
    level = [value]
    for _ in range(most + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def _too_deep(where: str) -> BadInput:
    return BadInput(
        "the JSON is nested too deeply, or a number in it is too long", got=where, fix="Simplify it"
    )
