"""The memory store of an agent: lines that are kept, and an index of them that can be made again.

What State holds and hashes is the file of lines, one JSON object each. It is searched by SQLite's FTS5
through an index of all files with the role memory; the index names the texts that it was made of by their
digest, and is made anew where they differ or it is damaged. It is no State, and losing it loses nothing.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from selfscope.errors import BadInput, CouldNot
from selfscope.subjects.files import decode
from selfscope.subjects.reading import printable
from selfscope.values import bytes_id, canonical_json, content_id

#: The memory store: one JSON object a line.
MEMORY = "memory/memory.jsonl"
#: Characters of one entry, and entries that one conversation may add.
ENTRY, ENTRIES = 1_000, 40
#: Words of a query that count, and texts that a search gives back.
WORDS, FOUND = 16, 8


@dataclass(frozen=True)
class Entry:
    """One thing that was kept, and the number of the conversation that kept it (0: none did)."""

    text: str
    conversation: int = 0


@dataclass(frozen=True)
class Found:
    """A text that a search gave back, and the file that it is in."""

    source: str
    text: str


def entries_of(data: bytes) -> tuple[Entry, ...]:
    """Return the entries of the memory file; BadInput for a line that is none."""
    entries = []
    for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), start=1):
        if line.strip():
            try:
                told = json.loads(line)
                text = str(told["text"]).encode("utf-8", "backslashreplace").decode()  # half a character
                entries.append(Entry(text, int(told.get("conversation", 0))))
            except (
                ValueError,
                ArithmeticError,
                TypeError,
                LookupError,
                AttributeError,
                RecursionError,
            ) as error:
                raise BadInput(
                    f"line {number} of the memory is no entry",
                    got=line,
                    fix='Write each line as {"text": "…"}',
                ) from error
    return tuple(entries)


def written(entries: tuple[Entry, ...]) -> bytes:
    """Return the memory file that holds entries, one line each."""
    return b"".join(canonical_json(entry) + b"\n" for entry in entries)


def entry_of(text: str, conversation: int) -> Entry:
    """Return a text as an entry: on one line, and printable.

    Raises
    ------
    BadInput
        If it is empty, or longer than an entry may be.
    """
    line = printable(" ".join(text.split()))
    if not line or len(line) > ENTRY:
        raise BadInput(f"an entry has 1 to {ENTRY:,} characters", got=f"{len(line):,}", fix="Put it shorter")
    return Entry(line, conversation)


@dataclass(frozen=True)
class MemoryIndex:
    """The index of an agent's memory, in one SQLite file."""

    file: Path

    def search(self, files: Mapping[str, bytes], query: str, most: int = FOUND) -> tuple[Found, ...]:
        """Return the texts of `files` that share a word with a query, the best first (bm25).

        Parameters
        ----------
        files
            The files with the role memory, by path. Entries and paragraphs are texts of their own.

        Raises
        ------
        BadInput
            If the query holds no word.
        CouldNot
            If this Python's SQLite has no FTS5.
        """
        words = re.findall(r"\w+", query)[:WORDS]
        if not words:
            raise BadInput("a search needs a word", got=query, fix="Give words that the text may hold")
        digest = content_id({path: bytes_id(data) for path, data in files.items()})
        try:
            return self._found(files, digest, words, most)
        except sqlite3.OperationalError as error:
            if "fts5" in str(error):
                raise CouldNot("this SQLite cannot search", got=error, fix="Use one with FTS5") from error
            self._forget()
        except sqlite3.DatabaseError:  # a damaged index is made again
            self._forget()
        return self._found(files, digest, words, most)

    def _found(
        self, files: Mapping[str, bytes], digest: str, words: list[str], most: int
    ) -> tuple[Found, ...]:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.file, isolation_level=None)) as store:
            if _made_of(store) != digest:
                _make(store, files, digest)
            rows = store.execute(
                "SELECT source, text FROM texts WHERE texts MATCH ? ORDER BY bm25(texts), rowid LIMIT ?",
                (" OR ".join(f'"{word}"' for word in words), most),
            )
            return tuple(Found(*row) for row in rows)

    def _forget(self) -> None:
        self.file.unlink(missing_ok=True)


def _made_of(store: sqlite3.Connection) -> str:
    store.execute("CREATE TABLE IF NOT EXISTS made (digest TEXT)")
    row = store.execute("SELECT digest FROM made").fetchone()
    return str(row[0]) if row else ""


def _make(store: sqlite3.Connection, files: Mapping[str, bytes], digest: str) -> None:
    store.execute("BEGIN")
    store.execute("DROP TABLE IF EXISTS texts")
    store.execute(
        "CREATE VIRTUAL TABLE texts USING fts5(source UNINDEXED, text, tokenize='porter unicode61')"
    )
    store.executemany("INSERT INTO texts VALUES (?, ?)", _texts(files))
    store.execute("DELETE FROM made")
    store.execute("INSERT INTO made VALUES (?)", (digest,))
    store.execute("COMMIT")


def _texts(files: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    for path, data in files.items():
        if path == MEMORY:
            yield from ((path, entry.text) for entry in entries_of(data))
        else:
            text = decode(data, Path(path)).text
            yield from ((path, part.strip()) for part in re.split(r"\n[ \t]*\n", text) if part.strip())
