"""The one way in: a path to the reading of an identity, by the first reader that knows its kind."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from selfscope.errors import BadInput
from selfscope.subjects.claims import claims_of
from selfscope.subjects.files import FileText, kind_of, read_text, shown, status_of
from selfscope.subjects.front_matter import part_front_matter
from selfscope.subjects.reading import Limits, Reading, Source, printable
from selfscope.subjects.workspace import read_workspace

MARKDOWN = frozenset({".md", ".markdown", ".mdown", ".mkd"})
#: Endings that are known to hold something other than the words of an identity.
_NOT_TEXT = frozenset(
    f".{ending}"
    for ending in (
        *("json", "jsonl", "yaml", "yml", "toml", "xml", "html", "csv", "tsv", "parquet"),
        *("db", "sqlite", "sqlite3", "png", "jpg", "jpeg", "gif", "webp", "pdf", "docx", "odt"),
        *("zip", "gz", "tar", "charx", "gguf", "safetensors", "bin", "pt"),
        *("py", "js", "ts", "sh", "rb", "exe"),
    )
)


@dataclass(frozen=True)
class Reader:
    """A kind of identity, how it is recognised, and how it is read."""

    kind: str
    what: str
    accepts: Callable[[Path, os.stat_result], bool]
    read: Callable[[Path, Limits], Reading]


def read_identity(path: str | Path, limits: Limits | None = None) -> Reading:
    """Return the reading of an identity: its effective system prompt, sources and claims.

    Nothing is run, no link out of a workspace is followed, and no more is read than `limits` allow.

    Raises
    ------
    BadInput
        If nothing is there, it is of a kind that no reader knows, too large, not text, or empty.
    """
    path = Path(path)
    status = status_of(path)
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        raise BadInput(
            f"this is {kind_of(status.st_mode)}, not a file or folder",
            got=shown(path),
            fix="Give a text file",
        )
    reader = next((r for r in READERS if r.accepts(path, status)), None)
    if reader is None:
        known = "; ".join(r.what for r in READERS)
        raise BadInput("no reader for this kind of file", got=shown(path), fix=f"What can be read: {known}")
    reading = reader.read(path, limits or Limits())
    if not reading.system:
        raise BadInput("the identity holds no words", got=shown(path), fix="Write something into it")
    return reading


def read_plain(path: Path, limits: Limits) -> Reading:
    """Read a plain text: passed on as written."""
    return _reading(path, "text", read_text(path, limits.file_bytes), front_matter=False)


def read_markdown(path: Path, limits: Limits) -> Reading:
    """Read a Markdown file: passed on as written, after its YAML front matter is taken off."""
    return _reading(path, "markdown", read_text(path, limits.file_bytes), front_matter=True)


def _reading(path: Path, kind: str, file: FileText, *, front_matter: bool) -> Reading:
    name = printable(path.name)
    parted = part_front_matter(file.text, name) if front_matter else None
    body = file.text if parted is None else parted.body
    system = body.strip()
    skipped = body[: len(body) - len(body.lstrip())].count("\n") + (parted.lines if parted else 0)
    source = Source(name, "used", len(file.text), len(system), encoding=file.encoding)
    return Reading(
        name=name,
        kind=kind,
        path=shown(path),
        system=system,
        sources=(source,),
        claims=claims_of(system, file=name, first_line=skipped + 1),
        front_matter={name: parted.header} if parted is not None and parted.header else {},
        notes=(*(f"{name}: {note}" for note in file.notes), *(parted.notes if parted else ())),
    )


def _is_folder(path: Path, status: os.stat_result) -> bool:
    return stat.S_ISDIR(status.st_mode)


def _is_markdown(path: Path, status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) and path.suffix.lower() in MARKDOWN


def _is_text(path: Path, status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) and path.suffix.lower() not in _NOT_TEXT


#: Tried in order; a wider reader (a card, a database) is one more row.
READERS: tuple[Reader, ...] = (
    Reader("workspace", "an agent's workspace folder", _is_folder, read_workspace),
    Reader("markdown", "a Markdown file", _is_markdown, read_markdown),
    Reader("text", "a plain text file", _is_text, read_plain),
)
