"""OpenClaw's own layout of a workspace, in the state of its sources and documentation of mid-2026.

What is followed: which files are put into a prompt in which kind of session, the order in which they use up
the total limit (`LOADED`) and the order in which they stand (`SHOWN`), the limits, the marker of a missing
file, the marker of a file that was cut and how much of its beginning and end is kept, and the daily notes
that begin a session. What is not: OpenClaw's sections around it, and the digest that it makes of an AGENTS.md
over the limit (here cut like the others). See ``docs/identities.md``.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from selfscope.subjects.files import read_text
from selfscope.subjects.front_matter import part_front_matter
from selfscope.subjects.pieces import JOINT, Piece, Segment, dropped, frame
from selfscope.subjects.reading import Limits, Source
from selfscope.subjects.workspace.entries import Entry
from selfscope.subjects.workspace.packages import CLAW
from selfscope.subjects.workspace.settings import Session, Settings

VERSION = "OpenClaw as of mid-2026"
LOADED = (
    *("AGENTS.md", "SOUL.md", "TOOLS.md", "IDENTITY.md", "USER.md"),
    *("HEARTBEAT.md", "BOOTSTRAP.md", "MEMORY.md"),
)
SHOWN = (
    *("AGENTS.md", "SOUL.md", "IDENTITY.md", "USER.md", "TOOLS.md"),
    *("BOOTSTRAP.md", "MEMORY.md", "HEARTBEAT.md"),
)
#: Files that are there in each kind of session.
SESSIONS: Mapping[Session, tuple[str, ...]] = {
    "main": LOADED,
    "subagent": ("AGENTS.md", "TOOLS.md"),
    "cron": ("AGENTS.md", "TOOLS.md", "SOUL.md", "IDENTITY.md", "USER.md"),
    "group": LOADED[:-1],
}
ROLE = {
    "AGENTS.md": "rules",
    "SOUL.md": "identity",
    "TOOLS.md": "rules",
    "IDENTITY.md": "identity",
    "USER.md": "user",
    "HEARTBEAT.md": "rules",
    "BOOTSTRAP.md": "rules",
    "MEMORY.md": "memory",
}
#: A missing file of these is not marked: they come and go.
_MAY_MISS = ("BOOTSTRAP.md", "MEMORY.md")
#: ``bootstrapMaxChars``, ``bootstrapTotalMaxChars`` and ``startupContext`` where nothing is set.
DEFAULTS = {"file": 20_000, "total": 60_000, "startup_days": 2, "startup_file": 1_200, "startup_total": 2_800}
_LARGEST = 2 * 1024 * 1024
_LARGEST_NOTE = 16_384
_LEAST_ROOM = 64
_LEAST_KEPT = 16
_HEAD, _TAIL = 0.75, 0.25
_NOTES_A_DAY = 4
_DAY = re.compile(r"memory/(\d{4}-\d{2}-\d{2})(-.*)?\.md")
_OPENING = "[Startup context loaded by runtime]\n\n"
_FULL = "the limit of all daily notes was reached before it"
_MORE = "\n...[truncated]..."
_REST = "\n...[additional startup memory truncated]..."


@dataclass(frozen=True)
class Cut:
    """A text that was cut in its middle: what is kept of its beginning, the mark, and of its end."""

    head: str
    mark: str
    tail: str


def suggests_openclaw(entries: Iterable[Entry]) -> bool:
    """Return whether the files are those that OpenClaw writes: rules, a soul, and one of its own."""
    names = {e.name for e in entries}
    return {"AGENTS.md", "SOUL.md"} <= names and bool({"TOOLS.md", "HEARTBEAT.md", "BOOTSTRAP.md"} & names)


def lay_out_openclaw(entries: Iterable[Entry], limits: Limits, settings: Settings) -> tuple[list[Piece], str]:
    """Return the pieces of a workspace as OpenClaw puts them into a prompt, and how, in words."""
    entries = list(entries)
    numbers = {**DEFAULTS, **settings.limits}
    placed = {e.target: e for e in entries if e.role and e.target in LOADED}
    context = _context(placed, settings.session, numbers)
    daily, listed = _daily(entries, settings, numbers)
    rest = [_unused(e, settings) for e in entries if e.target not in placed and e.name not in listed]
    left_out = [
        dropped(e.name, f"not in the prompt of a {settings.session} session", role=ROLE[e.target])
        for e in placed.values()
        if e.target not in SESSIONS[settings.session]
    ]
    how = (
        f"{VERSION}, {settings.session} session: at most {numbers['file']:,} characters a file and "
        f"{numbers['total']:,} together"
    )
    return [*context, *daily, *left_out, *rest], how


def _context(placed: Mapping[str, Entry], session: Session, numbers: Mapping[str, int]) -> list[Piece]:
    """Return the pieces in the order in which they stand, cut in the order in which they are loaded."""
    left = numbers["total"]
    pieces: dict[str, Piece] = {}
    for target in (name for name in LOADED if name in SESSIONS[session]):
        entry = placed.get(target)
        if entry is None and target in _MAY_MISS:
            continue
        if left < (_LEAST_ROOM if entry else 1):
            reason = "the total limit was reached before it"
            pieces[target] = dropped(entry.name if entry else target, reason, role=ROLE[target])
            continue
        piece = _missing(target) if entry is None else _piece(entry, target, min(left, numbers["file"]))
        left -= sum(len(s.text) for s in piece.segments[1:])
        pieces[target] = piece
    stable = [pieces[name] for name in SHOWN[:-1] if name in pieces]
    moving = [pieces["HEARTBEAT.md"]] if "HEARTBEAT.md" in pieces else []
    return [
        *([frame("# Project Context")] if any(p.text for p in stable) else []),
        *stable,
        *([frame("# Dynamic Project Context")] if any(p.text for p in moving) else []),
        *moving,
    ]


def _missing(target: str) -> Piece:
    source = Source(target, "dropped", reason="not there: the prompt says that it is missing")
    return Piece(source, (Segment(f"## {target}{JOINT}"), Segment(f"[MISSING] Expected at: {target}")))


def _piece(entry: Entry, target: str, room: int) -> Piece:
    file = read_text(entry.path, _LARGEST, cut=True)
    if not file.whole:
        return _missing(target)
    text, line, header = file.text, 1, None
    if entry.name == CLAW:
        parted = part_front_matter(text, entry.name)
        text, line, header = parted.body, parted.lines + 1, parted.header
    text = text.rstrip()
    notes = tuple(f"{entry.name}: {note}" for note in file.notes)
    if not text.strip():
        return dropped(entry.name, "empty", role=ROLE[target])
    title = Segment(f"## {target}{JOINT}")
    if len(text) <= room:
        source = Source(entry.name, "used", len(file.text), len(text), "", file.encoding, ROLE[target])
        return Piece(source, (title, Segment(text, line)), header, notes)
    parts = cut_middle(text, target, room)
    kept = len(parts.head) + len(parts.tail)
    reason = f"cut in its middle to {kept:,} of {len(text):,} characters"
    source = Source(entry.name, "truncated", len(file.text), kept, reason, file.encoding, ROLE[target])
    end = line + text[: len(text) - len(parts.tail)].count("\n")
    segments = (title, Segment(parts.head, line), Segment(parts.mark), Segment(parts.tail, end))
    return Piece(source, segments, header, notes)


def cut_middle(text: str, name: str, most: int) -> Cut:
    """Return a text cut to `most` characters, mark included: three parts its beginning, one its end."""
    full = most - len(_mark(name, 0, 0, len(text))) >= _LEAST_KEPT
    head = tail = 0
    for _ in range(3):
        room = max(0, most - len(_mark(name, head, tail, len(text), full)))
        head, tail = int(room * _HEAD), int(room * _TAIL)
    while (over := head + tail + len(_mark(name, head, tail, len(text), full)) - most) > 0 and head + tail:
        head, tail = (head, max(0, tail - over)) if tail else (max(0, head - over), 0)
    mark = _mark(name, head, tail, len(text), full)
    return Cut(text[:head], mark[:most], text[len(text) - tail :] if tail else "")


def _mark(name: str, head: int, tail: int, length: int, full: bool = True) -> str:
    if not full:
        return f"[…truncated {head}+{tail}/{length}]"
    told = f"[...truncated, read {name} for full content...]"
    return f"\n\n{told}\n…(truncated {name}: kept {head}+{tail} chars of {length})…\n\n"


def _daily(
    entries: Iterable[Entry], settings: Settings, numbers: Mapping[str, int]
) -> tuple[list[Piece], set[str]]:
    """Return the daily notes with which a session begins, and the names of all that were looked at."""
    notes = [(e, found) for e in entries if e.role and (found := _DAY.fullmatch(e.name))]
    if settings.session != "main" or not settings.startup:
        why = (
            "daily notes are read on demand"
            if settings.session == "main"
            else (f"not in the prompt of a {settings.session} session")
        )
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
    file = read_text(entry.path, _LARGEST_NOTE, cut=True)
    if not file.whole:
        return dropped(entry.name, f"a daily note over {_LARGEST_NOTE:,} bytes is not read", role="memory")
    text = file.text.strip()
    if not text:
        return dropped(entry.name, "empty", role="memory")
    before = f"[Untrusted daily memory: {entry.name}]\nBEGIN_QUOTED_NOTES\n```text\n"
    after = "\n```\nEND_QUOTED_NOTES"
    room = min(most, left - len(before) - len(after))
    whole = len(_fenced(text)) <= room
    kept = text if whole else _fitting(text, room - len(_MORE))
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


def _unused(entry: Entry, settings: Settings) -> Piece:
    if not entry.role:
        return dropped(entry.name, entry.reason)
    if entry.name.startswith("memory/"):
        return dropped(entry.name, "read on demand: not a daily note in Markdown", role=entry.role)
    return dropped(entry.name, "OpenClaw puts no file of this name into a prompt", role=entry.role)
