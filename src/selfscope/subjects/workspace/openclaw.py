"""OpenClaw's own layout of a workspace, in the state of its sources and documentation of mid-2026.

What is followed: which files are put into a prompt in which kind of session, the order in which they use up
the total limit (`LOADED`) and the order in which they stand (`SHOWN`), the limits, the marker of a missing
file, the marker of a file that was cut and how much of its beginning and end is kept, and the daily notes
that begin a session. What is not: OpenClaw's sections around it, and the digest that it makes of an AGENTS.md
over the limit (here cut like the others). See ``docs/identities.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from selfscope.subjects.files import read_text
from selfscope.subjects.front_matter import part_front_matter
from selfscope.subjects.pieces import JOINT, Piece, Segment, dropped, frame
from selfscope.subjects.reading import Limits, Source
from selfscope.subjects.workspace.daily import daily_notes
from selfscope.subjects.workspace.entries import Entry
from selfscope.subjects.workspace.packages import CLAW
from selfscope.subjects.workspace.roles import OCCASIONAL
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
_LEAST_ROOM = 64
_LEAST_KEPT = 16
_HEAD, _TAIL = 0.75, 0.25


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
    there = [e for e in entries if e.role or e.reason == OCCASIONAL]
    placed = {e.target: e for e in there if e.target in LOADED}
    left_aside = {e.name: e.reason for e in entries if not e.role}
    context = _context(placed, settings.session, numbers, left_aside)
    daily, listed = daily_notes(entries, settings, numbers)
    told = {piece.source.path for piece in context if piece.source is not None} | set(listed)
    rest = [_unused(e, settings) for e in entries if e not in placed.values() and e.name not in told]
    left_out = [
        dropped(e.name, f"not in the prompt of a {settings.session} session", role=_role(e))
        for e in placed.values()
        if e.target not in SESSIONS[settings.session]
    ]
    how = (
        f"{VERSION}, {settings.session} session: at most {numbers['file']:,} characters a file and "
        f"{numbers['total']:,} together"
    )
    return [*context, *daily, *left_out, *rest], how


def _context(
    placed: Mapping[str, Entry], session: Session, numbers: Mapping[str, int], left_aside: Mapping[str, str]
) -> list[Piece]:
    """Return the pieces in the order in which they stand, cut in the order in which they are loaded.

    `left_aside` says why files that are there, and may have the name of one that is wanted, are not used.
    """
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
        why = left_aside.get(target, "not there")
        piece = _missing(target, why) if entry is None else _piece(entry, target, min(left, numbers["file"]))
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


def _role(entry: Entry) -> str:
    """Return the role of a file: the one that was given to it, else the one that its place has."""
    return entry.role if entry.given else ROLE[entry.target]


def _missing(target: str, why: str = "not there") -> Piece:
    source = Source(target, "dropped", reason=f"{why}: the prompt says that it is missing")
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
        return dropped(entry.name, "empty", role=_role(entry))
    title = Segment(f"## {target}{JOINT}")
    if len(text) <= room:
        source = Source(entry.name, "used", len(file.text), len(text), "", file.encoding, _role(entry))
        return Piece(source, (title, Segment(text, line)), header, notes)
    parts = cut_middle(text, target, room)
    kept = len(parts.head) + len(parts.tail)
    reason = f"cut in its middle to {kept:,} of {len(text):,} characters"
    source = Source(entry.name, "truncated", len(file.text), kept, reason, file.encoding, _role(entry))
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


def _unused(entry: Entry, settings: Settings) -> Piece:
    if not entry.role:
        return dropped(entry.name, entry.reason)
    if entry.name.startswith("memory/"):
        return dropped(entry.name, "read on demand: not a daily note in Markdown", role=entry.role)
    return dropped(entry.name, "OpenClaw puts no file of this name into a prompt", role=entry.role)
