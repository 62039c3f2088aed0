"""Files that come packed in a zip or a tar, unpacked without believing what the pack says of itself.

What is written are plain files in one new directory. Links, devices and whatever else a pack can hold are
refused, and so are names that lead elsewhere or are one name on some systems, entries that the two tables of
a zip tell differently, bytes that belong to no entry, and sizes that are not true. A pack that grows beyond
all reason is given up on before the disk is full. A pack inside a pack is a file like any other: it is not
opened. Directories without files are not kept.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from selfscope.archive.store.filenames import Names
from selfscope.archive.store.manifests import safe_path
from selfscope.errors import BadInput, CouldNot

STEP = 1 << 20
"""Bytes that are unpacked at a time."""


@dataclass(frozen=True)
class Limits:
    """How far a pack may go.

    Attributes
    ----------
    entries
        Files and directories.
    total
        Bytes of everything unpacked.
    ratio
        Bytes unpacked for each byte packed, beyond the first mebibyte. Weights hardly reach 2, texts 20.
    """

    entries: int = 100_000
    total: int = 1 << 42
    ratio: int = 200

    def check(self, entries: int, unpacked: int, packed: int) -> None:
        """Raise BadInput where a pack has gone too far."""
        if entries > self.entries:
            raise refused("it has too many entries", f"more than {self.entries}")
        if unpacked > self.total:
            raise refused("it is too large", f"more than {self.total} bytes")
        if unpacked > self.ratio * packed + STEP:
            raise refused("it grows beyond all reason", f"{unpacked} bytes from {packed}")


@dataclass(frozen=True)
class Entry:
    """A plain file in a pack: its path, and what yields its bytes, or raises where they are not as told."""

    path: str
    parts: Iterator[bytes]


DEFAULT = Limits()


def unpack(source: Path, target: Path, limits: Limits = DEFAULT) -> int:
    """Write the files of a zip, tar, tar.gz or tar.zst to a new directory; return how many there are.

    Raises
    ------
    BadInput
        If it is none of these, or not one to be trusted, or has changed meanwhile; nothing is then there.
    CouldNot
        If the disk fails.
    """
    target = Path(target)
    try:
        target.mkdir(mode=0o700)
    except OSError as error:
        raise BadInput("this is no place to unpack to", got=error, fix="Name one where nothing is") from error
    try:
        with _opened(Path(source)) as file:
            return _write_all(_entries(file, limits), target)
    except BaseException as error:
        shutil.rmtree(target, ignore_errors=True)
        if isinstance(error, OSError):
            raise CouldNot("a pack cannot be unpacked", got=error, fix="Look at the disk") from error
        raise


@contextmanager
def unpacked(source: Path, limits: Limits = DEFAULT) -> Iterator[Path]:
    """Give a temporary directory with what a pack holds: where there is one directory in it, that one."""
    with tempfile.TemporaryDirectory(prefix="selfscope-") as aside:
        top = Path(aside) / "unpacked"
        unpack(source, top, limits)
        inside = list(top.iterdir())
        yield inside[0] if len(inside) == 1 and inside[0].is_dir() else top


def refused(why: str, got: object) -> BadInput:
    """Return the error that says why a pack is not unpacked."""
    return BadInput(
        f"this pack is not to be trusted: {why}", got=got, fix="Unpack it yourself and look at it"
    )


def _entries(file: BinaryIO, limits: Limits) -> Iterator[Entry]:
    """Yield the entries of a pack of any kind that is known here."""
    from selfscope.archive.exchange.packed_tar import tar_entries
    from selfscope.archive.exchange.packed_zip import zip_entries

    head = file.read(6)
    file.seek(0)
    if head.startswith(b"PK"):
        return zip_entries(file, limits)
    if head.startswith((b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")):
        raise BadInput(
            "packs of this kind are not unpacked", got=head, fix="Use zip, .tar, .tar.gz or .tar.zst"
        )
    return tar_entries(file, limits)


@contextmanager
def _opened(source: Path) -> Iterator[BinaryIO]:
    """Open a plain file, and see at the end that it is still what it was."""
    try:
        fd = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise BadInput("this pack cannot be opened", got=f"{source}: {error}") from error
    with os.fdopen(fd, "rb") as file:
        before = os.fstat(fd)
        if not stat.S_ISREG(before.st_mode):
            raise BadInput("a pack is a plain file", got=source)
        yield file
        after = os.fstat(fd)
        if (before.st_size, before.st_mtime_ns, before.st_ctime_ns) != (
            after.st_size, after.st_mtime_ns, after.st_ctime_ns,
        ):  # fmt: skip
            raise BadInput("a pack changed while it was read", got=source, fix="Bring it again")


def _write_all(entries: Iterator[Entry], target: Path) -> int:
    names, count = Names(), 0
    for entry in entries:
        names.add(safe_path(entry.path))
        _write(target / entry.path, entry.parts)
        count += 1
    return count


def _write(path: Path, parts: Iterator[bytes]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "wb") as file:
        for part in parts:
            file.write(part)
