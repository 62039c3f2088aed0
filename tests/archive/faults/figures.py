"""The figures of a soak: what its jobs noted, added up by kind of fault."""

import json
import platform
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FILE = Path("lab") / "soak.json"
KINDS = (
    "kills", "power", "lies", "refusals", "flips", "wholes", "histories", "crowds", "machine", "erasure",
    "suites",
)  # fmt: skip
#: The same in every job of a row, and so not added up.
SAME = ("scene", "calls", "before", "after")


def summed(notes: list[dict[str, Any]], workers: int) -> dict[str, Any]:
    """Return the figures of all jobs."""
    seconds = sum(note["seconds"] for note in notes)
    whole: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "system": f"{platform.system()}, Python {platform.python_version()}",
        "jobs": len(notes),
        "workers": workers,
        "minutes": round(seconds / 60 / workers, 1),
    }
    for kind in KINDS:
        own = [note for note in notes if note["kind"] == kind]
        whole[kind] = SHAPES.get(kind, _rows)(own)
    return whole


def _rows(notes: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return, by row, the sums of what its jobs counted."""
    rows: dict[str, dict[str, Any]] = {}
    for note in notes:
        row = rows.setdefault(note["name"], {})
        _add(row, note["found"])
    return rows


def _add(total: dict[str, Any], more: dict[str, Any]) -> None:
    for key, value in more.items():
        if key in SAME or isinstance(value, (str, bool)):
            total[key] = value
        elif isinstance(value, dict):
            _add(total.setdefault(key, {}), value)
        elif isinstance(value, list):
            total["bad"] = max(total.get("bad", 0), len(value))
        else:
            total[key] = total.get(key, 0) + value


def _only(notes: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the sum of all jobs, which make one row."""
    (row,) = _rows(notes).values()
    return row


def _classes(notes: list[dict[str, Any]]) -> dict[str, Any]:
    return _only(notes)["classes"]


SHAPES: dict[str, Callable[[list[dict[str, Any]]], dict[str, Any]]] = {
    "flips": _classes, "wholes": _classes, "histories": _only, "machine": _only, "erasure": _only,
}  # fmt: skip


def write(path: Path, whole: dict[str, Any]) -> None:
    """Write the figures so that a difference can be read."""
    path.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def total(rows: dict[str, dict[str, Any]], *names: str) -> int:
    """Return the sum of some counts over all rows."""
    counts = Counter({name: sum(row.get(name, 0) for row in rows.values()) for name in names})
    return counts.total()
