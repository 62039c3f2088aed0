"""The one way in: a path to the reading of an identity, by the first reader that knows its kind."""

from __future__ import annotations

import dataclasses
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from selfscope.errors import BadInput
from selfscope.subjects.cards import read_charx_card, read_json_card, read_png_card
from selfscope.subjects.claims import claims_of
from selfscope.subjects.files import FileText, kind_of, read_text, shown, status_of
from selfscope.subjects.front_matter import part_front_matter
from selfscope.subjects.reading import Limits, Part, Reading, Source, printable
from selfscope.subjects.workspace import Settings, load_settings, read_workspace

MARKDOWN = frozenset({".md", ".markdown", ".mdown", ".mkd"})
#: Endings that are known to hold something other than the words of an identity.
_NOT_TEXT = frozenset(
    f".{ending}"
    for ending in (
        *("json", "jsonl", "ndjson", "yaml", "yml", "toml", "xml", "html", "csv", "tsv", "parquet"),
        *("db", "sqlite", "sqlite3", "png", "apng", "jpg", "jpeg", "gif", "webp", "pdf", "docx", "odt"),
        *("zip", "gz", "tar", "charx", "gguf", "safetensors", "bin", "pt"),
        *("py", "js", "ts", "sh", "rb", "exe"),
    )
)
#: Keys of a settings file that say something to each kind of identity.
_APPLY = {
    "workspace": ("layout", "session", "today", "startup", "roles", "limits"),
    "card": ("user", "v3"),
}


@dataclass(frozen=True)
class Reader:
    """A kind of identity, how it is recognised, and how it is read."""

    kind: str
    what: str
    accepts: Callable[[Path, os.stat_result], bool]
    read: Callable[[Path, Limits, Settings | None], Reading]


def read_identity(path: str | Path, limits: Limits | None = None) -> Reading:
    """Return the reading of an identity: its effective system prompt, sources and claims.

    Nothing is run, no link out of a workspace is followed, and no more is read than `limits` allow.

    Raises
    ------
    BadInput
        If nothing is there, it is of a kind that no reader knows, too large, not text, or empty.
    """
    return _read(Path(path), limits or Limits(), None)


def _read(path: Path, limits: Limits, settings: Settings | None) -> Reading:
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
    reading = reader.read(path, limits, settings)
    if not reading.system:
        raise BadInput("the identity holds no words", got=shown(path), fix="Write something into it")
    return reading


def read_plain(path: Path, limits: Limits, settings: Settings | None = None) -> Reading:
    """Read a plain text: passed on as written."""
    return _reading(path, "text", read_text(path, limits.file_bytes), front_matter=False)


def read_markdown(path: Path, limits: Limits, settings: Settings | None = None) -> Reading:
    """Read a Markdown file: passed on as written, after its YAML front matter is taken off."""
    return _reading(path, "markdown", read_text(path, limits.file_bytes), front_matter=True)


def read_package(path: Path, limits: Limits, settings: Settings | None = None) -> Reading:
    """Read the package that a ``soul.json`` or a ``CLAW.md`` describes: the folder in which it lies."""
    return read_workspace(path.parent, limits, settings)


def read_with_settings(path: Path, limits: Limits, settings: Settings | None = None) -> Reading:
    """Read the identity that a settings file names, as the file says.

    Raises
    ------
    BadInput
        If it names no identity, or another settings file.
    """
    own = load_settings(path)
    if not own.identity:
        raise BadInput(
            "the settings file names no identity",
            got=shown(path),
            fix="Add identity: PATH, seen from the file; or put it into the workspace and give that",
        )
    target = path.parent / own.identity
    if settings is not None or target.suffix.lower() in _YAML:
        raise BadInput("a settings file names another one", got=own.identity, fix="Name the identity itself")
    reading = _read(target, limits, own)
    default = Settings()
    idle = [
        field.name
        for field in dataclasses.fields(own)
        if field.name not in ("identity", "name", *_APPLY.get(reading.kind, ()))
        and getattr(own, field.name) != getattr(default, field.name)
    ]
    name = printable(path.name)
    notes = (f"{name}: {', '.join(idle)} say nothing to this kind of identity",) if idle else ()
    return dataclasses.replace(reading, name=name, path=shown(path), notes=(*notes, *reading.notes))


def _reading(path: Path, kind: str, file: FileText, *, front_matter: bool) -> Reading:
    name = printable(path.name)
    parted = part_front_matter(file.text, name) if front_matter else None
    body = file.text if parted is None else parted.body
    system = body.strip()
    skipped = body[: len(body) - len(body.lstrip())].count("\n") + (parted.lines if parted else 0)
    source = Source(name, "used", len(file.text), len(system), encoding=file.encoding, role="identity")
    return Reading(
        name=name,
        kind=kind,
        path=shown(path),
        system=system,
        sources=(source,),
        claims=claims_of(system, file=name, first_line=skipped + 1),
        front_matter={name: parted.header} if parted is not None and parted.header else {},
        notes=(*(f"{name}: {note}" for note in file.notes), *(parted.notes if parted else ())),
        how="as it is written" + (", without its front matter" if parted and parted.header else ""),
        parts=(Part("identity", name, 0, len(system)),) if system else (),
    )


_YAML = (".yaml", ".yml")


def _is_folder(path: Path, status: os.stat_result) -> bool:
    return stat.S_ISDIR(status.st_mode)


def _is_package(path: Path, status: os.stat_result) -> bool:
    """Return whether a file describes a package: soul.json, or a CLAW.md whose header is a manifest."""
    if path.name.lower() == "soul.json":
        return True
    if path.name != "CLAW.md":
        return False
    text = read_text(path, Limits().file_bytes).text
    return "schemaVersion" in part_front_matter(text, path.name).header


def _ends_with(*endings: str) -> Callable[[Path, os.stat_result], bool]:
    return lambda path, status: stat.S_ISREG(status.st_mode) and path.suffix.lower() in endings


def _is_text(path: Path, status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) and path.suffix.lower() not in _NOT_TEXT


#: Tried in order; a further kind is one more row.
READERS: tuple[Reader, ...] = (
    Reader("workspace", "an agent's workspace folder", _is_folder, read_workspace),
    Reader("workspace", "a package's soul.json or CLAW.md", _is_package, read_package),
    Reader("card", "a character card as JSON", _ends_with(".json"), read_json_card),
    Reader("card", "as PNG", _ends_with(".png", ".apng"), read_png_card),
    Reader("card", "as CHARX", _ends_with(".charx"), read_charx_card),
    Reader(
        "settings", "a settings file (YAML) that names an identity", _ends_with(*_YAML), read_with_settings
    ),
    Reader("markdown", "a Markdown file", _ends_with(*MARKDOWN), read_markdown),
    Reader("text", "a plain text file", _is_text, read_plain),
)
