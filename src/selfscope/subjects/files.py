"""Reading text that may be anything: bounded, never hanging, and with an error that names the byte."""

from __future__ import annotations

import codecs
import difflib
import errno
import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path

from selfscope.errors import BadInput
from selfscope.subjects.reading import printable

_BOMS: tuple[tuple[bytes, str, str], ...] = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
#: Bytes of one character in the widest encoding that is read.
WIDEST = 4
_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a folder"),
)


@dataclass(frozen=True)
class FileText:
    r"""The text of a file of `size` bytes: line ends read as ``\n``; `whole` is False if it went on."""

    text: str
    encoding: str
    whole: bool = True
    size: int = 0
    notes: tuple[str, ...] = ()


def kind_of(mode: int) -> str:
    """Return what a path is, in words; empty for a regular file."""
    return next((words for test, words in _KINDS if test(mode)), "")


def status_of(path: Path) -> os.stat_result:
    """Return what the path is, following links.

    Raises
    ------
    BadInput
        If there is nothing there (nearby names are offered), or it may not be looked at.
    """
    try:
        return path.stat()
    except ValueError:
        raise BadInput(
            "this cannot be a path", got=printable(str(path)), fix="Give a path without zero bytes"
        ) from None
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            raise BadInput("there is no such file or folder", got=shown(path), fix=_nearby(path)) from None
        raise unreadable(path, error) from None


def read_text(path: Path, limit: int, *, cut: bool = False) -> FileText:
    """Return the text of a regular file, reading at most `limit` bytes of it.

    Parameters
    ----------
    cut
        Whether a longer file is read up to the limit (`whole` is then False) or is an error.

    Raises
    ------
    BadInput
        If the file is no regular file, too large, not readable, or not text. UTF-8 is expected; a byte
        order mark of UTF-8, UTF-16 or UTF-32 is honoured and reported.
    """
    data, size = _read_bytes(path, limit)
    if size > limit and not cut:
        raise BadInput(
            f"the file is larger than the limit of {limit:,} bytes",
            got=f"{shown(path)}, {size:,} bytes",
            fix="Give the text of the identity alone",
        )
    return replace(decode(data, path, whole=size <= limit), size=size)


def read_start(path: Path, count: int) -> tuple[bytes, int]:
    """Return the first `count` bytes of a regular file and its size; BadInput if it cannot be read."""
    return _read_bytes(path, count)


def read_carrier(path: Path, limit: int) -> bytes:
    """Return a regular file that carries something else (a picture, a package); BadInput over `limit`."""
    data, size = _read_bytes(path, limit)
    if size > limit:
        raise BadInput(
            f"the file is larger than the limit of {limit:,} bytes",
            got=f"{shown(path)}, {size:,} bytes",
            fix="Give the card as JSON",
        )
    return data


def decode(data: bytes, path: Path, *, whole: bool = True) -> FileText:
    """Return `data` as text; an incomplete last character is dropped where `whole` is False."""
    mark, codec, name = next((b for b in _BOMS if data.startswith(b[0])), (b"", "utf-8", "UTF-8"))
    body = data[len(mark) :]
    if codec == "utf-8" and b"\0" in body:
        raise _binary(path, body.index(b"\0") + len(mark))
    try:
        text = codecs.getincrementaldecoder(codec)("strict").decode(body, final=whole)
    except UnicodeDecodeError as error:
        raise _undecodable(path, data, error.start + len(mark), name) from None
    if "\0" in text:
        raise _binary(path, len(mark) + len(text[: text.index("\0")].encode(codec)))
    notes = [] if name == "UTF-8" else [f"read as {name}"]
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        notes.append("line ends read as line feeds")
    return FileText(text, name, whole, len(data), tuple(notes))


def shown(path: Path) -> str:
    """Return a path as it can be printed, whatever its name holds."""
    return printable(str(path))


def unreadable(path: Path, error: OSError) -> BadInput:
    """Return the error for a path that the system will not let us read."""
    why = error.strerror or type(error).__name__
    fix = "Check its permissions" if isinstance(error, PermissionError) else "Give another path"
    return BadInput(f"the path cannot be read ({why.lower()})", got=shown(path), fix=fix)


def _read_bytes(path: Path, limit: int) -> tuple[bytes, int]:
    """Return up to `limit` bytes and the file's size, without ever waiting on a pipe or a device."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise unreadable(path, error) from None
    try:
        status = os.fstat(handle)
        if kind := kind_of(status.st_mode):
            raise BadInput(f"this is {kind}, not a file of text", got=shown(path), fix="Give a text file")
        if status.st_size > limit:
            return _read_up_to(handle, limit), status.st_size
        data = _read_up_to(handle, limit + 1)
        return data[:limit], max(len(data), status.st_size)
    except OSError as error:
        raise unreadable(path, error) from None
    finally:
        os.close(handle)


def _read_up_to(handle: int, count: int) -> bytes:
    parts: list[bytes] = []
    while count > 0 and (part := os.read(handle, count)):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _binary(path: Path, offset: int) -> BadInput:
    return BadInput(
        f"the file is not text: a zero byte at offset {offset}",
        got=shown(path),
        fix="Give a text or Markdown file; save UTF-16 as UTF-8, or with its byte order mark",
    )


def _undecodable(path: Path, data: bytes, offset: int, name: str) -> BadInput:
    value = f"0x{data[offset]:02x}" if offset < len(data) else "the end"
    line = data.count(b"\n", 0, offset) + 1
    return BadInput(
        f"the file is not valid {name}: {value} at byte offset {offset} (line {line})",
        got=shown(path),
        fix="Save it as UTF-8",
    )


def _nearby(path: Path) -> str:
    """Return names beside a missing path that look like it, as advice."""
    parent = path.parent
    try:
        with os.scandir(parent) as entries:
            names = [entry.name for _, entry in zip(range(2_000), entries, strict=False)]
    except (OSError, ValueError):
        return f"There is no folder {shown(parent)} either; check the path"
    lowered = {name.lower(): name for name in names}
    close = [lowered[n] for n in difflib.get_close_matches(path.name.lower(), lowered, n=3, cutoff=0.5)]
    if close:
        return "Perhaps you mean " + " or ".join(shown(parent / name) for name in close)
    return "Check the path"
