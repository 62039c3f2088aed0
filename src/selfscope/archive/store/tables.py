"""The tables of the index: how they are made, what each event enters, and what cannot be in them.

A file that lay on a disk may hold anything. So what is read from it is looked at: a head that cannot be one,
a row that no journal tells of and a list of decisions with a gap are errors of the file's.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from selfscope.archive.journal.chain import BEFORE_ALL, Damaged, Head
from selfscope.archive.journal.events import (
    Attested,
    Collected,
    ContentAdded,
    Deduplicated,
    DomainOpened,
    EdgeDrawn,
    Event,
    InstanceBegan,
    InstanceEnded,
    KeyDestroyed,
    Pinned,
    ThreadBegan,
    ThreadEnded,
    ThreadFrozen,
    TurnTaken,
)
from selfscope.archive.store.manifests import Envelope, Holding
from selfscope.archive.store.objects import is_domain, is_id
from selfscope.errors import BadInput
from selfscope.values.canonical import bytes_id

SCHEMA = """
CREATE TABLE head (number INTEGER, digest TEXT, time TEXT, layout INTEGER, decided TEXT);
CREATE TABLE holding (
    instance TEXT PRIMARY KEY, content TEXT, holding TEXT, domain TEXT, base TEXT, name TEXT, form TEXT,
    size INTEGER, stored INTEGER, quarantined INTEGER, number INTEGER, live INTEGER
);
CREATE INDEX holding_content ON holding (content);
CREATE INDEX holding_base ON holding (base);
CREATE TABLE instance (instance TEXT PRIMARY KEY, content TEXT, ended TEXT, number INTEGER);
CREATE TABLE deciding (number INTEGER PRIMARY KEY);
CREATE TABLE domain (domain TEXT PRIMARY KEY, key TEXT) WITHOUT ROWID;
CREATE TABLE piece (b3 TEXT PRIMARY KEY, object TEXT, at INTEGER, length INTEGER) WITHOUT ROWID;
CREATE TABLE checked (object TEXT PRIMARY KEY, at TEXT) WITHOUT ROWID;
"""

LAYOUT = 4
"""Of the tables above; an index of another layout is built anew."""

UNUSABLE = (sqlite3.Error, UnicodeDecodeError)
"""What a file raises that is no good; the second where SQLite quotes from it what is no text."""

COPIED = (
    InstanceBegan, InstanceEnded, Attested, Pinned, EdgeDrawn, Deduplicated, TurnTaken, ThreadBegan,
    ThreadEnded, ThreadFrozen, Collected,
)  # fmt: skip
"""What happens to copies and in threads, often and much: no decision rests on it that does not ask for it."""


@dataclass(frozen=True)
class Row:
    """One holding, as the journal told of it."""

    instance: str
    content: str
    holding: str
    domain: str
    base: str
    name: str
    form: str
    size: int
    stored: int
    quarantined: int
    number: int
    live: bool


ReadEnvelope = Callable[[str], Envelope]
"""Reads the envelope of a holding by its id."""


def take(db: sqlite3.Connection, event: Event, number: int, envelope: ReadEnvelope) -> None:
    """Enter an event of the record with this number."""
    if isinstance(event, InstanceBegan):
        values = (event.instance, event.content, "", number)
        db.execute("INSERT OR IGNORE INTO instance VALUES (?, ?, ?, ?)", values)
    elif isinstance(event, InstanceEnded):
        db.execute("UPDATE instance SET ended = ? WHERE instance = ?", (event.ended, event.instance))
        db.execute("UPDATE holding SET live = 0 WHERE instance = ?", (event.instance,))
    elif isinstance(event, Collected):
        db.executemany("DELETE FROM piece WHERE object = ?", [(each,) for each in event.objects])
    elif isinstance(event, KeyDestroyed):
        db.execute("UPDATE holding SET live = 0 WHERE domain = ?", (event.domain,))
    elif isinstance(event, DomainOpened):
        db.execute("INSERT OR IGNORE INTO domain VALUES (?, ?)", (event.domain, event.key))
    elif isinstance(event, ContentAdded) and event.holding:
        _take_holding(db, event, number, envelope)


def _take_holding(db: sqlite3.Connection, event: ContentAdded, number: int, envelope: ReadEnvelope) -> None:
    row = (event.instance, event.content, event.holding, event.domain, event.base, event.name, event.form,
           event.size, event.stored, int(event.quarantined), number, 1)  # fmt: skip
    db.execute(f"INSERT OR REPLACE INTO holding VALUES ({', '.join('?' * len(row))})", row)
    with suppress(Damaged, BadInput):
        # A manifest that is damaged, or was collected, is for `verify` to report; others stay in reach.
        found = envelope(event.holding)
        if not found.domain:
            db.executemany("INSERT OR IGNORE INTO piece VALUES (?, ?, ?, ?)", _pieces(found.holding(bytes)))


def head_of(db: sqlite3.Connection) -> Head:
    """Return the head that a file says it stands at; what cannot be one is an error of the file's."""
    found = db.execute("SELECT * FROM head").fetchone()
    if found is None:
        raise sqlite3.DatabaseError("the head is gone")
    number, digest, time, layout, _ = found
    typed = isinstance(number, int) and isinstance(digest, str) and isinstance(time, str)
    if not typed or layout != LAYOUT or number < 0 or (number == 0) != (digest == BEFORE_ALL):
        raise sqlite3.DatabaseError("this is no head of a journal")
    return Head(number, digest, time)


def note_decided(db: sqlite3.Connection, number: int) -> None:
    """Remember a record that tells of a decision, and that it does."""
    (before,) = db.execute("SELECT decided FROM head").fetchone()
    db.execute("INSERT INTO deciding VALUES (?)", (number,))
    db.execute("UPDATE head SET decided = ?", (_decided(before, number),))


def _decided(before: str, number: int) -> str:
    return bytes_id(f"{before} {number}".encode())


def are_all(rows: list[tuple[Any, ...]]) -> bool:
    """Say whether the numbers are all that were noted, by the digest that was noted with the last."""
    digest = ""
    for number, _ in rows:
        digest = digest if number is None else _decided(digest, number)
    return all(decided == digest for _, decided in rows[:1])


def is_holding(row: tuple[Any, ...]) -> bool:
    """Say whether a row can be one that a journal told of."""
    instance, content, holding, domain, base, *rest = row
    texts = all(isinstance(each, str) for each in (instance, content, holding, domain, base, *rest[:2]))
    numbers = all(isinstance(each, int) for each in rest[2:])
    return (
        texts
        and numbers
        and is_id(content)
        and is_id(holding)
        and (base == "" or is_id(base))
        and (domain == "" or is_domain(domain))
    )


def _pieces(holding: Holding) -> list[tuple[str, str, int, int]]:
    return [
        (piece.b3, holding.objects[piece.object].object, piece.at, piece.length)
        for pieces in holding.files
        for piece in pieces
        if piece.codec == "raw" and piece.length
    ]


def made(path: str) -> sqlite3.Connection:
    """Open an index, making its tables where there are none; of several that try at once, one makes them."""
    db = sqlite3.connect(path, timeout=30, check_same_thread=False, isolation_level=None)
    try:
        if path != ":memory:":
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
        db.execute("BEGIN IMMEDIATE")
        if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            for statement in SCHEMA.split(";"):
                db.execute(statement)
            db.execute("INSERT INTO head VALUES (0, ?, '', ?, '')", (BEFORE_ALL, LAYOUT))
        db.execute("COMMIT")
    except BaseException:
        db.close()
        raise
    return db
