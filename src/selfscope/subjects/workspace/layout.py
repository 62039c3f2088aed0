"""The layout by roles: who the agent is first, its memory last, each file under its name, within limits.

The order is `ROLES`; within a role, files by the order of their usual names, then by name; files of a folder
after those of the workspace itself, the newest name first, so that the limits keep the newest.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from selfscope.errors import BadInput
from selfscope.subjects.files import WIDEST, read_text
from selfscope.subjects.front_matter import part_front_matter
from selfscope.subjects.pieces import JOINT, Piece, Segment, dropped
from selfscope.subjects.reading import ROLES, Limits, Role, Source
from selfscope.subjects.workspace.entries import Entry
from selfscope.subjects.workspace.roles import rank
from selfscope.subjects.workspace.settings import Settings
from selfscope.subjects.workspace.stores import SQLITE, TooSlow, is_store, read_store

#: A part of a file shorter than this is not worth having.
_LEAST_PART = 200
_HEADER_BYTES = 64_000
_NO_ROOM = "the limit of the whole workspace was reached before it"


@dataclass(frozen=True)
class Body:
    """The words of one file, and what was taken off them."""

    text: str
    line: int
    encoding: str
    characters: int
    size: int
    whole: bool = True
    header: dict[str, Any] | None = None
    notes: tuple[str, ...] = ()


def lay_out_roles(entries: Iterable[Entry], limits: Limits, settings: Settings) -> tuple[list[Piece], str]:
    """Return the pieces of a workspace by roles, and how they were put together, in words."""
    entries = list(entries)
    file_limit = settings.limits.get("file", limits.workspace_file)
    left = total = settings.limits.get("total", limits.workspace_total)
    pieces = []
    end, read = time.monotonic() + limits.seconds, 0
    for entry in _ordered(e for e in entries if e.role):
        read += _to_read(entry, file_limit) if left > 0 else 0
        if read > limits.workspace_bytes:
            raise BadInput(
                f"the workspace holds more than {limits.workspace_bytes:,} bytes of text and data",
                got=entry.name,
                fix="Leave files out in selfscope.yaml: PATH: none",
            )
        piece = _piece(entry, replace(limits, seconds=max(0.0, end - time.monotonic())), file_limit, left)
        left -= piece.source.used if piece.source else 0
        pieces.append(piece)
    pieces += [dropped(e.name, e.reason) for e in entries if not e.role]
    how = (
        f"by roles, at most {file_limit:,} characters a file and {total:,} together, "
        "each file under its name in brackets"
    )
    return pieces, how


def body_of(entry: Entry, limits: Limits, most: int) -> Body:
    """Return the words of an entry: a text without front matter, or a store as text.

    Raises
    ------
    BadInput
        If it cannot be read.
    """
    if is_store(entry.name):
        store = read_store(entry.path, entry.name, limits)
        return Body(
            store.text, 1, store.encoding, len(store.text), store.size, store.whole, notes=store.notes
        )
    file = read_text(entry.path, WIDEST * most + _HEADER_BYTES, cut=True)
    parted = part_front_matter(file.text, entry.name)
    body = parted.body.strip()
    blank = parted.body[: len(parted.body) - len(parted.body.lstrip())].count("\n")
    notes = (*(f"{entry.name}: {note}" for note in file.notes), *parted.notes)
    line = parted.lines + blank + 1
    return Body(
        body, line, file.encoding, len(file.text), file.size, file.whole, parted.header or None, notes
    )


def _to_read(entry: Entry, file_limit: int) -> int:
    """Return how many bytes reading an entry takes; a SQLite store is held by its time instead."""
    suffix = entry.path.suffix.lower()
    if suffix in SQLITE:
        return 0
    try:
        size = entry.path.stat().st_size
    except OSError:
        return 0
    return size if is_store(entry.name) else min(size, WIDEST * file_limit + _HEADER_BYTES)


def _ordered(entries: Iterable[Entry]) -> list[Entry]:
    newest_first = sorted(entries, key=lambda e: e.name, reverse=True)
    by_name = sorted(newest_first, key=lambda e: "" if "/" in e.name else e.name)
    return sorted(by_name, key=_place)


def _place(entry: Entry) -> tuple[int, bool, int]:
    role: Role = entry.role  # type: ignore[assignment]
    return ROLES.index(role), "/" in entry.name, rank(entry.target, role)


def _piece(entry: Entry, limits: Limits, file_limit: int, left: int) -> Piece:
    """Return one file of the set; `left` characters may still be used."""
    room = min(left, file_limit)
    if room <= 0:
        return dropped(entry.name, _NO_ROOM, role=entry.role)
    try:
        body = body_of(entry, limits, file_limit)
    except BadInput as error:
        # An identity without a file that was meant is another one; a single note of many may be missing.
        if "/" in entry.name and not entry.given and not isinstance(error, TooSlow):
            return dropped(entry.name, error.what, role=entry.role)
        raise
    if not body.text:
        return Piece(dropped(entry.name, "empty", role=entry.role).source, notes=body.notes)
    if len(body.text) > room and room < _LEAST_PART:
        return dropped(entry.name, _NO_ROOM, role=entry.role, characters=body.characters)
    return _used(entry, body, body.text if len(body.text) <= room else cut(body.text, room))


def _used(entry: Entry, body: Body, kept: str) -> Piece:
    whole = body.whole and len(kept) == len(body.text)
    reason = "" if whole else f"cut to {len(kept):,} characters; the file has {body.size:,} bytes"
    marker = "" if whole else f"{JOINT}[{entry.name} is cut here]"
    return Piece(
        Source(
            entry.name,
            "used" if whole else "truncated",
            body.characters,
            len(kept),
            reason,
            body.encoding,
            entry.role,
        ),
        (Segment(f"[{entry.name}]{JOINT}"), Segment(kept, body.line), Segment(marker)),
        body.header,
        body.notes,
    )


def cut(text: str, room: int) -> str:
    """Return at most `room` characters of `text`, ending at the end of a line if one is near."""
    end = text.rfind("\n", room // 2, room)
    return text[: room if end < 0 else end].rstrip()
