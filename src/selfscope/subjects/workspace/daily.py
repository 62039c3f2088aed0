"""The daily notes with which an OpenClaw session begins: those of today and yesterday, within limits.

OpenClaw puts them before the user's first message; here they stand at the end of the system prompt, which is
all that an identity has. Without a day in the settings the newest note's day counts as today, so that a
reading does not change with the clock.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from selfscope.subjects.files import read_text
from selfscope.subjects.pieces import Piece, Segment, dropped
from selfscope.subjects.reading import Source
from selfscope.subjects.workspace.entries import Entry
from selfscope.subjects.workspace.settings import Settings

_LARGEST = 16_384
_NOTES_A_DAY = 4
_DAY = re.compile(r"memory/(\d{4}-\d{2}-\d{2})(-.*)?\.md")
_OPENING = "[Startup context loaded by runtime]\n\n"
_FULL = "the limit of all daily notes was reached before it"
_MORE = "\n...[truncated]..."
_REST = "\n...[additional startup memory truncated]..."


def daily_notes(
    entries: Iterable[Entry], settings: Settings, numbers: Mapping[str, int]
) -> tuple[list[Piece], set[str]]:
    """Return the daily notes with which a session begins, and the names of all that were looked at."""
    notes = [(e, found) for e in entries if e.role and (found := _DAY.fullmatch(e.name))]
    if settings.session != "main" or not settings.startup:
        off = "startup: false; daily notes are then read on demand"
        why = off if settings.session == "main" else f"not in the prompt of a {settings.session} session"
        return [dropped(e.name, why, role="memory") for e, _ in notes], {e.name for e, _ in notes}
    days = _days([found[1] for _, found in notes], settings, numbers["startup_days"])
    chosen = list(_chosen([(e, found[1], found[2] or "") for e, found in notes], days))
    pieces = _within(chosen, numbers)
    others = [e for e, _ in notes if e not in chosen]
    why = f"of another day than {' and '.join(days)}, or one of too many: read on demand"
    pieces += [dropped(e.name, why, role="memory") for e in others]
    return pieces, {e.name for e, _ in notes}


def _within(chosen: Iterable[Entry], numbers: Mapping[str, int]) -> list[Piece]:
    """Return the chosen notes, as many as the limit holds; a mark stands where others would have stood."""
    pieces: list[Piece] = []
    left, full, last = numbers["startup_total"], False, -1
    for entry in chosen:
        piece = _note(entry, 0 if full else left, numbers["startup_file"], first=last < 0)
        if piece.text:
            left -= len(piece.text) - (len(_OPENING) if last < 0 else 0)
            last = len(pieces)
        full = full or (piece.source is not None and piece.source.reason == _FULL)
        pieces.append(piece)
    if full and last >= 0:
        pieces[last] = replace(pieces[last], segments=(*pieces[last].segments, Segment(_REST)))
    return pieces


def _days(stamps: list[str], settings: Settings, number: int) -> list[str]:
    """Return the days whose notes are read, today first; without a day set, the newest note's is today."""
    known = []
    for stamp in stamps:
        try:
            known.append(datetime.date.fromisoformat(stamp))
        except ValueError:
            continue
    today = settings.today or max(known, default=None)
    if today is None:
        return []
    return [(today - datetime.timedelta(days=n)).isoformat() for n in range(min(number, today.toordinal()))]


def _chosen(notes: list[tuple[Entry, str, str]], days: list[str]) -> Iterator[Entry]:
    """Yield the notes of the days: the day's own note, then those with a name, the last name first."""
    for day in days:
        of_day = sorted((n for n in notes if n[1] == day), key=lambda n: n[2], reverse=True)
        yield from (entry for entry, _, slug in of_day if not slug)
        yield from [entry for entry, _, slug in of_day if slug][:_NOTES_A_DAY]


def _note(entry: Entry, left: int, most: int, *, first: bool) -> Piece:
    file = read_text(entry.path, _LARGEST, cut=True)
    if not file.whole:
        return dropped(entry.name, f"a daily note over {_LARGEST:,} bytes is not read", role="memory")
    text = file.text.strip()
    if not text:
        return dropped(entry.name, "empty", role="memory")
    before = f"[Untrusted daily memory: {entry.name}]\nBEGIN_QUOTED_NOTES\n```text\n"
    after = "\n```\nEND_QUOTED_NOTES"
    kept, whole = text[:most], len(text) <= most
    room = left - len(before) - len(after)
    if len(_fenced(kept)) + (0 if whole else len(_MORE)) > room:
        kept, whole = _fitting(kept, room - len(_MORE)), False
    if not kept:
        return dropped(entry.name, _FULL, role="memory")
    reason = "" if whole else f"cut to {len(kept):,} of {len(text):,} characters"
    source = Source(
        entry.name,
        "used" if whole else "truncated",
        len(file.text),
        len(kept),
        reason,
        file.encoding,
        "memory",
    )
    opening = _OPENING if first else ""
    line = 1 + file.text[: len(file.text) - len(file.text.lstrip())].count("\n")
    segments = (
        Segment(opening + before),
        Segment(_fenced(kept), line),
        Segment(after if whole else f"{_MORE}{after}"),
    )
    return Piece(source, segments)


def _fenced(text: str) -> str:
    return text.replace("```", "\\`\\`\\`")


def _fitting(text: str, room: int) -> str:
    """Return the longest beginning of a text that fits once its fences are escaped."""
    low, high = 0, max(0, min(len(text), room))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if len(_fenced(text[:middle])) <= room else (low, middle - 1)
    return text[:low]
