"""Quick answers about what is held: a SQLite file beside the journal, worth nothing by itself.

Everything in it follows from the journal and the manifests, but for the times at which objects were last
checked, whose loss only makes a scrub begin again. It catches up with the journal before each answer. What is
damaged, of another archive, ahead of the journal or cannot be written is thrown away and built anew. Nothing
that removes anything relies on it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from selfscope.archive.journal.chain import Head, Journal
from selfscope.archive.store.tables import (
    COPIED,
    UNUSABLE,
    ReadEnvelope,
    Row,
    are_all,
    head_of,
    is_holding,
    made,
    note_decided,
    take,
)
from selfscope.errors import BadInput


@dataclass
class Index:
    """The index of one archive.

    Parameters
    ----------
    path
        Its file; it is made where it is missing, and kept in memory where it cannot be.
    journal
        What it follows.
    envelope
        Reads the envelope of a holding by its id.
    """

    path: Path
    journal: Journal
    envelope: ReadEnvelope
    _open: sqlite3.Connection | None = field(default=None, repr=False)
    _sure: Head = field(default_factory=Head, repr=False)
    _ahead: int = field(default=0, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def holdings(self, content: str = "", *, live: bool = True) -> list[Row]:
        """Return what is held, of one content or of all, in the order in which it came."""
        return self._rows("(? = '' OR content = ?) AND live >= ?", (content, content, int(live)))

    def dependents(self, content: str) -> list[Row]:
        """Return the live holdings whose deltas are against `content`."""
        return self._rows("base = ? AND live", (content,))

    def instance(self, identifier: str) -> tuple[str, bool] | None:
        """Return an instance's content and whether it has not ended, or None if it was never heard of."""
        found = self._ask("SELECT content, ended FROM instance WHERE instance = ?", (identifier,))
        return (found[0][0], found[0][1] == "") if found else None

    def began(self, identifier: str) -> int:
        """Return the number of the record in which an instance began; 0 if it was never heard of."""
        found = self._ask("SELECT number FROM instance WHERE instance = ?", (identifier,))
        return int(found[0][0]) if found else 0

    def deciding(self) -> list[int]:
        """Return the numbers of the records that tell of more than copies and turns of threads.

        A chain of digests over them shows that none was lost in the file; a file in which one was is built
        anew, for what is decided may not be forgotten.
        """
        sql = "SELECT deciding.number, decided FROM head LEFT JOIN deciding ORDER BY deciding.number"
        return [number for number, _ in self._ask(sql, sound=are_all) if number is not None]

    def domain_key(self, domain: str) -> str:
        """Return the fingerprint of the key with which the journal says that a domain was opened, or ""."""
        found = self._ask("SELECT key FROM domain WHERE domain = ?", (domain,))
        return str(found[0][0]) if found else ""

    def piece(self, b3: str) -> tuple[str, int, int] | None:
        """Return object, start and length of the unencrypted stretch that has a digest, if there is one.

        Answers from what it knew at the last other question: to miss one is only to store it again.
        """
        sql = "SELECT object, at, length FROM piece WHERE b3 = ?"
        found = self._ask(sql, (b3,), current=self._open is None)
        return tuple(found[0]) if found else None

    def resolve(self, text: str) -> str:
        """Return the content that a person means: by its id, the beginning of its id, or its name.

        Raises
        ------
        BadInput
            If none or several answer to it.
        """
        digits = text.removeprefix("b3:")
        rows = self.holdings(live=False)
        found = {row.content for row in rows if text in (row.name, row.content)}
        if not found and len(digits) >= 6:
            found = {row.content for row in rows if row.content[3:].startswith(digits)}
        if len(found) != 1:
            what = "several contents answer to this" if found else "the archive holds no such content"
            raise BadInput(what, got=text, fix="Give the content's whole id")
        return found.pop()

    def checked(self) -> dict[str, str]:
        """Return when each object was last read and found whole."""
        return dict(self._ask("SELECT object, at FROM checked"))

    def note_checked(self, objects: Iterable[str], at: str) -> None:
        """Remember that objects were read and found whole. Where that cannot be written it is forgotten."""
        with self._lock, suppress(*UNUSABLE):
            db = self._connect()
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT OR REPLACE INTO checked VALUES (?, ?)", [(each, at) for each in objects])
            db.execute("COMMIT")

    def rebuild(self) -> None:
        """Throw everything away and read the journal again."""
        with self._lock:
            self._discard()
        self.holdings()

    def current(self) -> int:
        """Catch up with the journal, and return the number of its last record."""
        return int(self._ask("SELECT number FROM head")[0][0])

    def dump(self) -> list[tuple[Any, ...]]:
        """Return every answer that follows from the journal, in a fixed order: two indexes are equal by this.

        Where a shared stretch lies is left out: there may be several right answers, and its bytes are
        compared before it is used.
        """
        questions = ("head", "holding", "instance", "deciding", "domain")
        return [(asked, *row) for asked in questions for row in sorted(self._ask(f"SELECT * FROM {asked}"))]

    def sound(self) -> bool:
        """Say whether the file's search trees find what its tables hold."""
        try:
            with self._lock:
                return self._connect().execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        except UNUSABLE:
            return False

    def seen(self) -> int:
        """Return the number of the last record that the file has read, without catching up; 0 if unknown.

        Where the file was thrown away because the journal does not have that record any more, it is still
        the number: a verification that comes later has to know.
        """
        return max(self.head().number, self._ahead)

    def head(self) -> Head:
        """Return the head that the file stands at, without catching up: a hint, to be checked."""
        try:
            with self._lock:
                return head_of(self._connect())
        except UNUSABLE:
            return Head()

    def in_memory(self) -> Index:
        """Return an index of the same archive that is built from nothing."""
        fresh = Index(self.path, self.journal, self.envelope)
        fresh._open = made(":memory:")
        return fresh

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._open is not None:
                self._open.close()
            self._open, self._sure = None, Head()

    def _rows(self, where: str, values: tuple[object, ...]) -> list[Row]:
        sql = f"SELECT * FROM holding WHERE {where} ORDER BY number, rowid"
        found = self._ask(sql, values, sound=lambda rows: all(map(is_holding, rows)))
        names = [each.name for each in fields(Row)]
        return [Row(**{**dict(zip(names, row, strict=True)), "live": bool(row[-1])}) for row in found]

    def _ask(
        self,
        sql: str,
        values: tuple[object, ...] = (),
        *,
        current: bool = True,
        sound: Callable[[list[tuple[Any, ...]]], bool] = lambda rows: True,
    ) -> list[tuple[Any, ...]]:
        """Answer a question after catching up with the journal, from a new index if this one is no good.

        `sound` says whether an answer can be one: a file has no digests, and a torn page may read as text.
        """
        with self._lock:
            try:
                return self._answer(sql, values, current, sound)
            except UNUSABLE:
                self._discard()
            try:
                return self._answer(sql, values, True, sound)
            except UNUSABLE:
                self._open = made(":memory:")
                return self._answer(sql, values, True, sound)

    def _answer(
        self,
        sql: str,
        values: tuple[object, ...],
        current: bool,
        sound: Callable[[list[tuple[Any, ...]]], bool],
    ) -> list[tuple[Any, ...]]:
        db = self._connect()
        if current:
            self._catch_up(db)
        found = db.execute(sql, values).fetchall()
        if not sound(found):
            raise sqlite3.DatabaseError("the index holds what no journal tells")
        return found

    def _connect(self) -> sqlite3.Connection:
        if self._open is None:
            self._open = made(str(self.path))
        return self._open

    def _discard(self) -> None:
        self.close()
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def _catch_up(self, db: sqlite3.Connection) -> None:
        """Read into the index what the journal says beyond it, all or nothing."""
        head = self.journal.head()
        if head == self._sure or self._known(db) == head:
            self._sure = head
            return
        db.execute("BEGIN IMMEDIATE")
        try:
            known = self._known(db)
            for sealed in self.journal.sealed(since=known):
                for event in sealed.record.events:
                    take(db, event, sealed.record.number, self.envelope)
                if not all(isinstance(event, COPIED) for event in sealed.record.events):
                    note_decided(db, sealed.record.number)
                known = sealed.head
            db.execute(
                "UPDATE head SET number = ?, digest = ?, time = ?", (known.number, known.digest, known.time)
            )
            db.execute("COMMIT")
        except BaseException:
            with suppress(*UNUSABLE):
                db.execute("ROLLBACK")
            raise
        self._sure = known

    def _known(self, db: sqlite3.Connection) -> Head:
        """Return the head that the index stands at, if the journal agrees that it was one."""
        head = head_of(db)
        if not self.journal.had(head):
            self._ahead = max(self._ahead, head.number)
            raise sqlite3.DatabaseError("the index does not follow from this journal")
        return head
