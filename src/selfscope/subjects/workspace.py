"""An agent's workspace read as a set: stated files in a stated order, everything else listed as dropped.

The order is `NAMED`, then other Markdown and text files of the folder by name, then ``memory/`` with the
newest name first, so that the total limit keeps the newest. Nothing is run, no link out is followed.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from selfscope.errors import BadInput
from selfscope.subjects.claims import Claim, claims_of
from selfscope.subjects.files import WIDEST, FileText, kind_of, read_text, shown, unreadable
from selfscope.subjects.front_matter import Parted, part_front_matter
from selfscope.subjects.reading import Limits, Reading, Source, printable

#: Files that make up an agent's identity, in the order in which they are put together.
NAMED: tuple[str, ...] = ("SOUL.md", "IDENTITY.md", "AGENTS.md", "USER.md", "TOOLS.md", "MEMORY.md")
#: At least one of these makes a folder a workspace.
SELF_FILES: tuple[str, ...] = NAMED[:3]
#: A part of a file shorter than this is not worth having.
_LEAST_PART = 200
_HEADER_BYTES = 64_000
_NO_ROOM = "the limit of the whole workspace was reached before it"
_TEXT = (".md", ".markdown", ".txt")
_OCCASIONAL = {"heartbeat.md", "bootstrap.md", "boot.md"}
_ABOUT_THE_PROJECT = (
    "readme",
    "license",
    "licence",
    "changelog",
    "contributing",
    "security",
    "code_of_conduct",
    "notice",
    "requirements",
    "todo",
)


@dataclass(frozen=True)
class Entry:
    """One entry of the workspace: where it is, what it is called, and why it is left out, if it is."""

    path: Path
    name: str
    reason: str = ""


@dataclass(frozen=True)
class _Piece:
    """One file as it stands in the system prompt."""

    source: Source
    text: str = ""
    claims: tuple[Claim, ...] = ()
    header: dict[str, object] | None = None
    notes: tuple[str, ...] = ()


def read_workspace(path: Path, limits: Limits) -> Reading:
    """Read a folder as an agent's workspace.

    Each file that is used stands under a line with its name in brackets. A file over the limits is cut at
    the end of a line and marked. A file that belongs to the set and is not readable text is an error, for
    an identity without it would be another one; a file of ``memory/`` that is not is dropped.

    Raises
    ------
    BadInput
        If the folder has none of `SELF_FILES`, too many entries, or a file that cannot be read.
    """
    root = Path(os.path.realpath(path))
    entries = list_entries(root, limits)
    if not any(e.name.lower() == name.lower() and not e.reason for e in entries for name in SELF_FILES):
        raise BadInput(
            "the folder holds no identity file",
            got=shown(path),
            fix=f"Add {', '.join(SELF_FILES)}, or give a file",
        )
    pieces: list[_Piece] = []
    length, left = 0, limits.workspace_total
    for entry in entries:
        piece = _dropped(entry) if entry.reason else _read(entry, limits, left, length)
        if piece.text:
            length += len(piece.text) + 2
            left -= piece.source.used
        pieces.append(piece)
    return _join(path, root, pieces)


def list_entries(root: Path, limits: Limits) -> tuple[Entry, ...]:
    """Return every entry of the folder and of its ``memory/``: first those that are read, in their order."""
    entries = [_entry(root, path, path.name) for path in _children(root, limits)]
    kept = [e for e in entries if not e.reason and e.name != "memory"]
    memory = [e for e in entries if e.name == "memory" and not e.reason]
    notes = [_entry(root, p, f"memory/{p.name}") for m in memory for p in _children(m.path, limits)]
    notes.sort(key=lambda e: e.name, reverse=True)
    dropped = [e for e in (*entries, *notes) if e.reason]
    return (*sorted(kept, key=_rank), *(e for e in notes if not e.reason), *dropped)


def _rank(entry: Entry) -> tuple[int, str]:
    lowered = [name.lower() for name in NAMED]
    place = lowered.index(entry.name.lower()) if entry.name.lower() in lowered else len(lowered)
    return place, entry.name


def _children(folder: Path, limits: Limits) -> list[Path]:
    """Return the entries of a folder by name, without following anything."""
    found: list[Path] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                found.append(Path(entry.path))
                if len(found) > limits.entries:
                    raise BadInput(
                        f"the folder has more than {limits.entries:,} entries",
                        got=shown(folder),
                        fix="Give the agent's own workspace folder",
                    )
    except OSError as error:
        raise unreadable(folder, error) from None
    return sorted(found, key=lambda p: os.fsencode(p.name))


def _entry(root: Path, path: Path, name: str) -> Entry:
    """Return the entry with the reason for leaving it out, if there is one."""
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            target = Path(os.path.realpath(path))
            if not target.is_relative_to(root):
                return Entry(path, printable(name), "a link out of the workspace: not followed")
            path, status = target, target.stat()
    except OSError as error:
        return Entry(path, printable(name), f"cannot be looked at ({error.strerror})")
    return Entry(path, printable(name), _reason(name, status.st_mode))


def _reason(name: str, mode: int) -> str:
    if name == "memory" and stat.S_ISDIR(mode):
        return ""
    if stat.S_ISDIR(mode):
        return "a folder: only memory/ is read"
    if not stat.S_ISREG(mode):
        return f"{kind_of(mode)}: not a file of text"
    lowered = name.lower()
    if lowered.startswith("."):
        return "hidden"
    if not lowered.endswith(_TEXT):
        return "not a text or Markdown file: never run, never read"
    if lowered in _OCCASIONAL:
        return "read by an agent at start-up or on a timer only"
    if lowered.startswith(_ABOUT_THE_PROJECT):
        return "about the folder, not about the agent"
    return ""


def _dropped(entry: Entry, reason: str = "", characters: int = 0) -> _Piece:
    return _Piece(Source(entry.name, "dropped", characters, reason=reason or entry.reason))


def _read(entry: Entry, limits: Limits, left: int, length: int) -> _Piece:
    """Return one file of the set; `left` characters may still be used, `length` stand before it."""
    room = min(left, limits.workspace_file)
    if room <= 0:
        return _dropped(entry, _NO_ROOM)
    try:
        file = read_text(entry.path, WIDEST * limits.workspace_file + _HEADER_BYTES, cut=True)
        parted = part_front_matter(file.text, entry.name)
    except BadInput as error:
        if entry.name.startswith("memory/"):
            return _dropped(entry, error.what)
        raise
    body = parted.body.strip()
    if not body:
        return _dropped(entry, "empty", len(file.text))
    if len(body) > room and room < _LEAST_PART:
        return _dropped(entry, _NO_ROOM, len(file.text))
    return _piece(entry, file, parted, body, body if len(body) <= room else _cut(body, room), length)


def _piece(entry: Entry, file: FileText, parted: Parted, body: str, kept: str, length: int) -> _Piece:
    whole = file.whole and len(kept) == len(body)
    reason = "" if whole else f"cut to {len(kept):,} characters; the file has {file.size:,} bytes"
    title, marker = f"[{entry.name}]\n\n", "" if whole else f"\n\n[{entry.name} is cut here]"
    blank = parted.body[: len(parted.body) - len(parted.body.lstrip())].count("\n")
    return _Piece(
        Source(
            entry.name, "used" if whole else "truncated", len(file.text), len(kept), reason, file.encoding
        ),
        f"{title}{kept}{marker}",
        claims_of(kept, file=entry.name, first_line=parted.lines + blank + 1, offset=length + len(title)),
        parted.header,
        (*(f"{entry.name}: {note}" for note in file.notes), *parted.notes),
    )


def _cut(text: str, room: int) -> str:
    """Return at most `room` characters of `text`, ending at the end of a line if one is near."""
    end = text.rfind("\n", room // 2, room)
    return text[: room if end < 0 else end].rstrip()


def _join(path: Path, root: Path, pieces: list[_Piece]) -> Reading:
    return Reading(
        name=printable(root.name),
        kind="workspace",
        path=shown(path),
        system="\n\n".join(p.text for p in pieces if p.text),
        sources=tuple(p.source for p in pieces),
        claims=tuple(c for p in pieces for c in p.claims),
        front_matter={p.source.path: p.header for p in pieces if p.header},
        notes=tuple(note for p in pieces for note in p.notes),
    )
