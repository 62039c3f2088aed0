"""Reading the archive's own files: no link is followed, and a disk that refuses is said."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selfscope.archive.journal.chain import Damaged
from selfscope.archive.journal.disk import refusal_of
from selfscope.errors import CouldNot

CHUNK = 4 << 20
"""Bytes read at a time."""

PART = 512 << 10
"""Bytes compared at a time."""


@contextmanager
def reading(path: Path) -> Iterator[int]:
    """Open one of the archive's own files for reading, following no link, and close it again.

    Raises
    ------
    Damaged
        If it is gone.
    CouldNot
        If the disk refuses, now or while it is read.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise _unreadable(error, path) from error
    try:
        yield fd
    except OSError as error:
        raise _unreadable(error, path) from error
    finally:
        os.close(fd)


def _unreadable(error: OSError, path: Path) -> CouldNot:
    if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR):
        return Damaged("a file of the archive is gone", got=path, fix="Repair it from a replica")
    return refusal_of(error, "read", path)


def holds(path: Path, at: int, data: memoryview) -> bool:
    """Say whether one of the archive's own files has these bytes from `at` on.

    They are read through a small buffer: fresh memory for all of them would cost more than reading them.

    Raises
    ------
    Damaged
        If the file is gone, or shorter than that.
    """
    buffer = bytearray(min(PART, len(data)))
    with reading(path) as fd:
        for start in range(0, len(data), PART):
            part = data[start : start + PART]
            if len(part) < len(buffer):
                buffer = bytearray(len(part))
            _fill(fd, buffer, at + start, path)
            if buffer != part:
                return False
    return True


def _fill(fd: int, buffer: bytearray, at: int, path: Path) -> None:
    with memoryview(buffer) as rest:
        done = 0
        while done < len(rest):
            count = os.preadv(fd, [rest[done:]], at + done)
            if not count:
                raise _shorter(path)
            done += count


def _shorter(path: Path) -> Damaged:
    return Damaged("a file of the archive is shorter than it was", got=path)


def read_range(path: Path, at: int = 0, length: int | None = None) -> bytes:
    """Return a part of one of the archive's own files, or all of it.

    Raises
    ------
    Damaged
        If the file is gone, or shorter than that.
    """
    with reading(path) as fd:
        wanted = os.fstat(fd).st_size - at if length is None else length
        parts: list[bytes] = []
        while wanted > 0:
            part = os.pread(fd, min(wanted, 1 << 30), at)
            if not part:
                raise _shorter(path)
            parts.append(part)
            at, wanted = at + len(part), wanted - len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
