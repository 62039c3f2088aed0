"""The only hands of the archive: every primitive that changes a disk goes through one object.

A promise about crashes is worth what was tried. So each primitive has a name, calls :meth:`Disk.step` before
it acts, and can be replaced: a test hands in a disk that dies at the k-th step, that records writes and
replays them as a power loss would have left them, or that says the disk is full.

An ``fsync`` that failed is never tried again: the kernel may have thrown the pages away and would then say
that all is well.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from selfscope.errors import CouldNot

STEPS = (
    "create", "write", "sync", "link", "rename", "unlink", "mkdir", "rmdir", "sync_dir", "touch",
)  # fmt: skip
"""The names of all primitives, as :meth:`Disk.step` gets them."""

EARLY = 1 << 20
"""Bytes of the smallest write that the system is asked to bring to the disk at once."""

_ADVICE = {
    errno.ENOSPC: "Make room on that disk and run the same command again",
    errno.EDQUOT: "Raise the quota or make room, and run the same command again",
    errno.EROFS: "Mount the disk for writing and run the same command again",
    errno.EACCES: "Give this user the right to write there",
    errno.EIO: "The disk reports a fault: copy what is readable elsewhere and replace it",
}


@dataclass(frozen=True)
class Opened:
    """A file open for writing, and the path by which it was made."""

    fd: int
    path: Path


class Disk:
    """Does one primitive at a time, each by its name.

    Raises
    ------
    CouldNot
        From every method, where the operating system refuses; the ``OSError`` is its cause. A link or a
        directory that is there already, and a file that is gone already, are answers and not errors.
    """

    def step(self, name: str, path: Path) -> None:
        """Stand before every primitive. Does nothing here; a test's disk kills, counts or raises OSError."""

    def create(self, path: Path, mode: int = 0o644) -> Opened:
        """Make a new file that did not exist, following no link, and open it for writing."""
        with self._doing("create", path):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            return Opened(os.open(path, flags, mode), path)

    def write(self, opened: Opened, data: bytes | memoryview, *, past_cache: bool = False) -> None:
        """Append all of `data`, however many calls the operating system needs for it.

        With `past_cache` the bytes go to the disk from where they lie, where the file system can do that;
        they must begin and end on borders of pages, in memory and in the file. They are durable no sooner.
        """
        with self._doing("write", opened.path):
            rest = memoryview(data).cast("B")
            size = len(rest)
            if past_cache:
                rest = _write_past_cache(opened.fd, rest)
            early = len(rest) == size >= EARLY
            while rest:
                rest = rest[os.write(opened.fd, rest) :]
        if early:
            _begin_to_write_back(opened.fd, size)

    def sync(self, opened: Opened) -> None:
        """Return once the file's bytes would survive a loss of power."""
        with self._doing("sync", opened.path):
            os.fsync(opened.fd)

    def close(self, opened: Opened) -> None:
        """Close a file. Not a step, for it changes nothing that was not already asked for."""
        with suppress(OSError):
            os.close(opened.fd)

    def link(self, source: Path, target: Path) -> bool:
        """Give the file at `source` the name `target` too, and say whether that name was free.

        This is the rename that replaces nothing: of many that try at once, exactly one gets True.
        """
        with self._doing("link", target):
            try:
                os.link(source, target, follow_symlinks=False)
            except FileExistsError:
                return False
            return True

    def rename(self, source: Path, target: Path) -> None:
        """Put `source` in the place of `target`: of what can be rebuilt or was found damaged, alone."""
        with self._doing("rename", target):
            source.replace(target)

    def unlink(self, path: Path) -> bool:
        """Remove one name, and say whether it was there."""
        with self._doing("unlink", path):
            try:
                path.unlink()
            except FileNotFoundError:
                return False
            return True

    def mkdir(self, path: Path) -> bool:
        """Make one directory, and say whether it is new."""
        with self._doing("mkdir", path):
            try:
                path.mkdir()
            except FileExistsError:
                return False
            return True

    def rmdir(self, path: Path) -> bool:
        """Remove one empty directory, and say whether it was removed."""
        with self._doing("rmdir", path):
            try:
                path.rmdir()
            except OSError as error:
                if error.errno in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST):
                    return False
                raise
            return True

    def sync_dir(self, path: Path) -> None:
        """Return once the names in a directory would survive a loss of power."""
        with self._doing("sync_dir", path):
            fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)

    def touch(self, path: Path) -> bool:
        """Set a file's time to now, by which collection knows that it is wanted; say whether it is there."""
        with self._doing("touch", path):
            try:
                os.utime(path, follow_symlinks=False)
            except FileNotFoundError:
                return False
            return True

    @contextmanager
    def _doing(self, name: str, path: Path) -> Iterator[None]:
        """Announce a step, do it, and turn the system's refusal into ours."""
        try:
            self.step(name, path)
            yield
        except OSError as error:
            raise refusal_of(error, name, path) from error


def _write_past_cache(fd: int, rest: memoryview) -> memoryview:
    """Write without a copy in the system's cache; return what is left to be written as usual.

    That is all of it where the system knows no such thing, or the file system cannot, or not for these
    borders; it says so (``EINVAL``).
    """
    direct = getattr(os, "O_DIRECT", 0)
    if not direct:
        return rest
    usual = fcntl.fcntl(fd, fcntl.F_GETFL)
    try:
        fcntl.fcntl(fd, fcntl.F_SETFL, usual | direct)
        while rest:
            rest = rest[os.write(fd, rest) :]
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        fcntl.fcntl(fd, fcntl.F_SETFL, usual)
    return rest


def _begin_to_write_back(fd: int, size: int) -> None:
    """Ask the system to begin writing the last `size` bytes to the disk, and wait for nothing.

    The sync at the end then finds less to do, for the disk worked while the next bytes were being hashed. It
    promises nothing and changes no order: only that sync makes anything durable.
    """
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):
            end = os.lseek(fd, 0, os.SEEK_CUR)
            os.posix_fadvise(fd, end - size, size, os.POSIX_FADV_DONTNEED)


def refusal_of(error: OSError, name: str, path: Path) -> CouldNot:
    """Return the system's refusal of one primitive as an error with advice."""
    known = error.errno or 0
    reason = os.strerror(known) if known else str(error)
    fix = _ADVICE.get(known, "Look at that path and run the same command again")
    return CouldNot(f"the disk refused to {name.replace('_', ' ')} {path.name}: {reason}", got=path, fix=fix)


def make_dirs(disk: Disk, path: Path, top: Path) -> list[Path]:
    """Make `path` and what lies between it and `top`; return the directories whose names are new.

    The caller syncs their parents before it relies on them.
    """
    made: list[Path] = []
    missing = [path]
    while missing[-1] != top and not missing[-1].is_dir():
        missing.append(missing[-1].parent)
    for directory in reversed(missing):
        if directory != top and disk.mkdir(directory):
            made.append(directory)
    return made
