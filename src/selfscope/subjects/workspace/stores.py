"""Memory kept as data: JSON, JSONL and SQLite, read and never written; no program beside it is run.

SQLite is opened read-only and immutable: no lock is waited for or taken, no journal is replayed, and no file
is made beside the store. So a store that an agent has open is read as it was last written to the file itself.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from selfscope.errors import BadInput
from selfscope.subjects.data import LeftOut, bullets, clean, document, parse_json
from selfscope.subjects.files import read_start, read_text, shown
from selfscope.subjects.reading import Limits

JSON = frozenset({".json"})
JSONL = frozenset({".jsonl", ".ndjson"})
SQLITE = frozenset({".db", ".sqlite", ".sqlite3"})
ENDINGS = JSON | JSONL | SQLITE
_MAGIC = b"SQLite format 3\0"
#: Files beside a store that hold what is not in it yet, or what is in it and not yet settled.
_BESIDE = {
    "-wal": "changes that wait in its -wal file are not read",
    "-journal": "a change was not finished (-journal); it is read as it stands",
}
#: Tables that a full-text index keeps for itself, by the ending of their names.
_SHADOWS = ("_data", "_idx", "_content", "_docsize", "_config", "_segments", "_segdir", "_stat")
#: Instructions of SQLite between two looks at the clock.
_STEPS = 20_000
_LONGEST_VALUE = 1_000_000


class TooSlow(BadInput):
    """A store took too long. Never passed over: what an identity is must not depend on a machine's speed."""


@dataclass(frozen=True)
class StoreText:
    """A store as text, and what a reader must know of it; `whole` is False if a limit ended it."""

    text: str
    encoding: str
    notes: tuple[str, ...] = ()
    whole: bool = True
    size: int = 0


def is_store(name: str) -> bool:
    """Return whether a name has the ending of a store."""
    return Path(name).suffix.lower() in ENDINGS


@dataclass
class _Room:
    """What may still be read of a store; `full` says in words which limit was reached."""

    rows: int
    characters: int
    full: str = ""

    def takes(self, line: str) -> bool:
        """Return whether there is room for one more line, and count it."""
        if not self.rows or len(line) > self.characters:
            self.full = "the limit of rows" if not self.rows else "the limit of characters"
            return False
        self.rows -= 1
        self.characters -= len(line)
        return True


def read_store(path: Path, name: str, limits: Limits) -> StoreText:
    """Return a store as text: one bullet a record, in the order of the store, under the names of its tables.

    Raises
    ------
    BadInput
        If it is broken, not what its ending says, too large, or cannot be read in time.
    """
    suffix = Path(name).suffix.lower()
    if suffix in SQLITE:
        return _sqlite(path, name, limits)
    file = read_text(path, limits.file_bytes)
    left_out = LeftOut()
    if suffix in JSONL:
        records = list(_lines(file.text, name))
        lines = bullets(records[: limits.store_rows], left_out)
        whole = len(records) <= limits.store_rows
    else:
        lines, whole = document(parse_json(file.text, name), left_out), True
    notes = (*(f"{name}: {note}" for note in file.notes), *left_out.notes(name))
    return StoreText("\n".join(lines).strip(), file.encoding, notes, whole, file.size)


def _lines(text: str, name: str) -> Iterator[Any]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield parse_json(line, f"{name}, line {number}")


def _sqlite(path: Path, name: str, limits: Limits) -> StoreText:
    start, size = read_start(path, len(_MAGIC))
    if not size:
        return StoreText("", "SQLite", (f"{name}: the store is empty",))
    if start != _MAGIC:
        raise BadInput("the file is no SQLite database", got=shown(path), fix="Give it the ending that it is")
    if size > limits.store_bytes:
        raise BadInput(
            f"the store is larger than the limit of {limits.store_bytes:,} bytes",
            got=f"{shown(path)}, {size:,} bytes",
            fix="Give a smaller one",
        )
    try:
        with closing(_opened(path, limits)) as store:
            return _told(store, path, name, limits, size)
    except sqlite3.Error as error:
        if "interrupted" in str(error):
            raise TooSlow(
                "the stores take longer to read than they may",
                got=shown(path),
                fix="Leave it out in selfscope.yaml, or give a smaller one",
            ) from None
        raise BadInput(
            f"the SQLite store cannot be read ({clean(str(error))})",
            got=shown(path),
            fix="Mend it with its own tools, or leave it out in selfscope.yaml",
        ) from None


def _opened(path: Path, limits: Limits) -> sqlite3.Connection:
    """Return a connection that can change nothing, waits for nobody and ends in time."""
    store = sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True, timeout=0)
    end = time.monotonic() + limits.seconds
    store.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    store.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    store.text_factory = lambda data: data.decode("utf-8", "replace")
    # The schema comes from the file and is not trusted: no function of it may run beside a plain read.
    store.execute("PRAGMA trusted_schema=OFF")
    store.execute("PRAGMA query_only=ON")
    return store


def _told(store: sqlite3.Connection, path: Path, name: str, limits: Limits, size: int) -> StoreText:
    tables, notes = _tables(store, name)
    left_out, lines = LeftOut(), list[str]()
    room = _Room(limits.store_rows, limits.file_bytes)
    for table in tables:
        rows = _bullets(store, table, room, left_out)
        if rows and len(tables) > 1:
            lines += ["", f"## {clean(' '.join(table.split()))}", ""]
        lines += rows
        if room.full:
            notes.append(f"{name}: read up to {room.full}; the rest is not read")
            break
    notes += [f"{name}: {told}" for ending, told in _BESIDE.items() if _holds(Path(f"{path}{ending}"))]
    text = "\n".join(lines).strip()
    return StoreText(text, "SQLite", (*notes, *left_out.notes(name)), not room.full, size)


def _holds(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _tables(store: sqlite3.Connection, name: str) -> tuple[list[str], list[str]]:
    """Return the tables that hold records, by name, and notes on what is passed over."""
    found = store.execute("SELECT name, type, coalesce(sql, '') FROM sqlite_master ORDER BY name").fetchmany(
        1_000
    )
    virtual = [n for n, _, sql in found if sql.upper().startswith("CREATE VIRTUAL")]
    shadows = {v + ending for v in virtual for ending in _SHADOWS}
    views = [n for n, kind, _ in found if kind == "view"]
    kept = [n for n, kind, _ in found if kind == "table" and n not in shadows and not n.startswith("sqlite_")]
    notes = [f"{name}: the view {clean(' '.join(v.split()))} is not asked" for v in views]
    return kept, notes


def _bullets(store: sqlite3.Connection, table: str, room: _Room, left_out: LeftOut) -> list[str]:
    """Return the rows of a table as bullets, as many as there is room for."""
    quoted = table.replace('"', '""')
    cursor = store.execute(f'SELECT * FROM "{quoted}"')
    names: list[str] = [column[0] for column in cursor.description]
    lines: list[str] = []
    while (row := cursor.fetchone()) is not None:
        for line in bullets([dict(zip(names, row, strict=True))], left_out):
            if not room.takes(line):
                return lines
            lines.append(line)
    return lines
