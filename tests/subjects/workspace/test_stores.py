"""Memory kept as data is read as one line a record; nothing is run, waited for or written."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from subjects_files import build, reasons

from selfscope.errors import BadInput
from selfscope.subjects import Limits, Reading, describe, read_identity

SOUL = {"SOUL.md": "You are Bo."}
COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})"


def database(path: Path, *statements: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as store:
        for statement in statements:
            store.execute(statement)
        store.commit()
    return path


def memory(reading: Reading) -> str:
    part = next(p for p in reading.parts if p.role == "memory")
    return reading.system[part.start : part.end].split("\n\n", 1)[1]


def test_jsonl_is_one_bullet_a_record(tmp_path: Path) -> None:
    lines = [
        {
            "content": "Met **Ada**.\nShe has bees.",
            "date": "2026-01-01",
            "embedding": [0.5] * 50,
            "empty": "",
        },
        {"kind": "fact", "sure": True, "tags": ["a", "b"], "of": {"who": "Ada"}},
        "A plain line.",
        None,
    ]
    text = "\n\n".join(json.dumps(line) for line in lines)
    reading = read_identity(build(tmp_path, {**SOUL, "memory.jsonl": text}))
    assert memory(reading) == (
        "- Met **Ada**. She has bees. (date: 2026-01-01)\n"
        "- kind: fact; sure: yes; tags: a, b; of: (who: Ada)\n"
        "- A plain line."
    )
    assert "memory.jsonl: no words and left out: lists of numbers (1)" in reading.notes
    assert reading.claims[-1].kind == "bullet" and reading.claims[-1].line == 3


def test_json_keeps_its_names_as_headings(tmp_path: Path) -> None:
    value = {"version": 2, "facts": [{"fact": "Rain.", "day": 3}, "Snow."], "people": {"Ada": "likes tea"}}
    reading = read_identity(build(tmp_path, {**SOUL, "memory.json": json.dumps(value)}))
    assert memory(reading) == (
        "- version: 2\n\n## facts\n\n- Rain. (day: 3)\n- Snow.\n\n- people: (Ada: likes tea)"
    )


def test_sqlite_is_read_table_by_table_and_left_as_it_was(tmp_path: Path) -> None:
    root = build(tmp_path, {**SOUL, "brain.py": "raise SystemExit('run')"})
    path = database(
        root / "brain.db",
        "CREATE TABLE memories (id INTEGER PRIMARY KEY, text TEXT, at TEXT, vector BLOB)",
        "INSERT INTO memories VALUES (1, 'The roof leaks.', '2026-01-02', x'00ff')",
        "INSERT INTO memories (text) VALUES ('It is mended.')",
        'CREATE TABLE "odd ""name" (note)',
        'INSERT INTO "odd ""name" VALUES (\'Kept.\')',
        "CREATE VIEW spy AS SELECT * FROM memories",
        "CREATE VIRTUAL TABLE found USING fts5(body)",
        "INSERT INTO found VALUES ('A line to search.')",
    )
    before = (hashlib.sha256(path.read_bytes()).digest(), path.stat().st_mtime_ns, sorted(root.iterdir()))
    reading = read_identity(root)
    assert memory(reading) == (
        "## found\n\n- A line to search.\n\n"
        "## memories\n\n- The roof leaks. (id: 1; at: 2026-01-02)\n- It is mended. (id: 2)\n\n"
        '## odd "name\n\n- Kept.'
    )
    assert "brain.db: the view spy is not asked" in reading.notes
    assert "brain.db: no words and left out: values that are bytes (1)" in reading.notes
    assert reasons(reading) == {"brain.py": "not a text or Markdown file: never run, never read"}
    assert before == (
        hashlib.sha256(path.read_bytes()).digest(),
        path.stat().st_mtime_ns,
        sorted(root.iterdir()),
    )


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Path]:
    """A workspace whose store another connection has locked for itself."""
    path = database(
        build(tmp_path, SOUL) / "memory.db", "CREATE TABLE m (text)", "INSERT INTO m VALUES ('Old.')"
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        holder.execute("INSERT INTO m VALUES ('Not yet there.')")
        yield tmp_path


def test_a_locked_store_is_read_without_waiting(locked: Path) -> None:
    began = time.monotonic()
    assert memory(read_identity(locked)) == "- Old."
    assert time.monotonic() - began < 4  # it would wait five seconds for a lock


def test_changes_that_wait_in_a_log_are_said(tmp_path: Path) -> None:
    path = build(tmp_path, SOUL) / "memory.db"
    with closing(sqlite3.connect(path)) as store:
        store.execute("PRAGMA journal_mode=WAL")
        store.execute("CREATE TABLE m (text)")
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        store.execute("INSERT INTO m VALUES ('Waiting.')")
        store.commit()
        reading = read_identity(tmp_path)
    assert "memory.db: changes that wait in its -wal file are not read" in reading.notes
    assert reasons(reading)["memory.db"] == "empty"


def test_a_change_that_was_not_finished_is_said(tmp_path: Path) -> None:
    database(build(tmp_path, SOUL) / "memory.db", "CREATE TABLE m (text)", "INSERT INTO m VALUES ('Old.')")
    (tmp_path / "memory.db-journal").write_bytes(b"half of a change")
    reading = read_identity(tmp_path)
    assert memory(reading) == "- Old."
    assert "memory.db: a change was not finished (-journal); it is read as it stands" in reading.notes
    assert (tmp_path / "memory.db-journal").read_bytes() == b"half of a change"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("memory.db", b"plain words", "no SQLite database"),
        ("memory.db", b"SQLite format 3\0" + bytes(200), "cannot be read"),
        ("memory.json", b"{", r"not JSON.*line 1"),
        ("memory.jsonl", b'{"a": 1}\n{oops}\n', r"not JSON.*memory.jsonl, line 2"),
        ("memory.jsonl", b"\xff\n", "not valid UTF-8"),
        ("memory.json", b"[" * 200_000, "nested too deeply"),
        ("memory.json", b"[" * 70 + b"1" + b"]" * 70, "nested too deeply"),
        ("memory.json", b'{"a": ' + b"1" * 9_000 + b"}", "too long"),
        ("memory.json", b"x" * 1_100_000, "larger than the limit"),
    ],
)
def test_a_broken_store_stops_and_a_broken_note_is_left_out(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    began = time.process_time()
    with pytest.raises(BadInput, match=words):
        read_identity(build(tmp_path / "a", {**SOUL, name: content}))
    reading = read_identity(build(tmp_path / "b", {**SOUL, f"memory/{name}": content}))
    assert reasons(reading)[f"memory/{name}"]
    assert time.process_time() - began < 5


@pytest.mark.parametrize("name", ["memory.db", "memory.json", "memory.jsonl"])
def test_an_empty_store_is_empty(tmp_path: Path, name: str) -> None:
    content = "[]" if name.endswith("json") else ""
    assert reasons(read_identity(build(tmp_path, {**SOUL, name: content}))) == {name: "empty"}


def test_limits_end_a_store_and_say_so(tmp_path: Path) -> None:
    build(tmp_path, SOUL)
    database(
        tmp_path / "memory.db",
        "CREATE TABLE a (text)",
        f"{COUNT.format(50)} INSERT INTO a SELECT 'Row ' || i FROM n",
        "CREATE TABLE b (text)",
        "INSERT INTO b VALUES ('Never met.')",
    )
    reading = read_identity(tmp_path, Limits(store_rows=10))
    assert memory(reading).count("- Row") == 10 and "Never met" not in reading.system
    assert "memory.db: read up to the limit of rows; the rest is not read" in reading.notes
    short = read_identity(tmp_path, Limits(file_bytes=40))
    assert "memory.db: read up to the limit of characters; the rest is not read" in short.notes
    (tmp_path / "memory.db").unlink()
    build(tmp_path, {"memory.jsonl": '{"text": "Row"}\n' * 50})
    cut = read_identity(tmp_path, Limits(store_rows=10))
    assert next(s for s in cut.used if s.path == "memory.jsonl").status == "truncated"


def test_a_table_that_takes_for_ever_is_stopped(tmp_path: Path) -> None:
    path = database(
        build(tmp_path, SOUL) / "memory.db",
        "CREATE TABLE m (text)",
        f"{COUNT.format(400_000)} INSERT INTO m SELECT '' FROM n",
    )
    assert path.stat().st_size
    path.rename(build(tmp_path, {"memory/x.md": "x"}) / "memory" / "slow.db")
    began = time.process_time()
    with pytest.raises(BadInput, match="take longer to read than they may"):
        read_identity(tmp_path, Limits(seconds=0.0))
    assert time.process_time() - began < 5


def test_a_value_as_large_as_a_book_is_refused(tmp_path: Path) -> None:
    database(
        build(tmp_path, SOUL) / "memory.db",
        "CREATE TABLE m (text)",
        "INSERT INTO m VALUES (hex(zeroblob(3000000)))",
    )
    with pytest.raises(BadInput, match="cannot be read"):
        read_identity(tmp_path)


def test_odd_names_and_bytes_can_be_shown(tmp_path: Path) -> None:
    root = build(tmp_path, SOUL)
    database(
        root / "memory" / "a?b#c%20.db",
        "CREATE TABLE m (text)",
        "INSERT INTO m VALUES (CAST(x'fffe41' AS TEXT)), ('\x1b[31mred')",
    )
    reading = read_identity(root)
    assert "\ufffd\ufffdA" in memory(reading) and "\x1b" not in reading.system
    assert "\x1b" not in describe(reading)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 8_191), byte=st.integers(0, 255), end=st.integers(0, 8_191))
def test_any_damage_to_a_database_is_a_reading_or_a_named_error(
    tmp_path: Path, at: int, byte: int, end: int
) -> None:
    made = tmp_path / "whole.db"
    if not made.exists():
        database(made, "CREATE TABLE m (text)", "INSERT INTO m VALUES ('One.'), ('Two.')")
    whole = made.read_bytes()
    changed = bytearray(whole)
    changed[at % len(whole)] = byte
    for data in (bytes(changed), whole[: end % len(whole)]):
        root = build(tmp_path / "w", {**SOUL, "memory.db": data})
        try:
            assert read_identity(root).system
        except BadInput as error:
            assert error.what
