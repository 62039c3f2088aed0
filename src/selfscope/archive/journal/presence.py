"""Who is writing: shared turns for writers, an exclusive turn for removal, and nobody from another host.

Writers share the lock, collection and destruction hold it alone; the operating system gives it back when a
process dies, so no lock is ever stale. What a dead process does leave is its staging directory. Whoever gets
the lock alone for a moment knows that nobody on this host is writing, and may clear those away.

Such a lock says nothing across hosts. Each writer's staging directory therefore carries the host in its name,
and a root where another host's directory lies is refused.
"""

from __future__ import annotations

import fcntl
import os
import platform
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from selfscope.archive.journal.disk import Disk, make_dirs, refusal_of
from selfscope.errors import CouldNot, Refused

PATIENCE = 60.0
"""Seconds to wait for a turn before giving up."""


@dataclass(frozen=True)
class Host:
    """A machine and one run of it, as far as a directory's name needs to tell them apart."""

    machine: str
    boot: str

    @staticmethod
    def here() -> Host:
        """Return the host that this process runs on."""
        machine = _first_line(Path("/etc/machine-id")) or platform.node() or "unnamed"
        boot = _first_line(Path("/proc/sys/kernel/random/boot_id")) or machine
        return Host(_digest(machine), _digest(boot))

    def is_elsewhere(self, name: str) -> bool:
        """Say whether a staging directory's name was given on another machine than this one."""
        machine, boot = [*name.split("."), "", ""][:2]
        return machine != self.machine and boot != self.boot

    def fresh_name(self) -> str:
        """Return a name for a staging directory that nobody else will choose."""
        return f"{self.machine}.{self.boot}.{os.getpid()}.{uuid.uuid4().hex[:12]}"


@contextmanager
def writing_turn(disk: Disk, root: Path, *, host: Host, patience: float = PATIENCE) -> Iterator[Path]:
    """Hold the lock together with other writers; give a staging directory of one's own.

    Raises
    ------
    CouldNot
        If no turn came within `patience` seconds.
    Refused
        If another host is, or may be, writing to the same root.
    """
    clear_leftovers(disk, root, host=host)
    with _locked(root, fcntl.LOCK_SH, patience):
        staging = _room(disk, root, host)
        try:
            refuse_elsewhere(root, host)
            yield staging
        finally:
            _empty(disk, staging)


@contextmanager
def lone_turn(disk: Disk, root: Path, *, host: Host, patience: float = PATIENCE) -> Iterator[Path]:
    """Hold the lock alone, with the leftovers of dead writers cleared; give a staging directory.

    Raises as :func:`writing_turn` does.
    """
    with _locked(root, fcntl.LOCK_EX, patience):
        refuse_elsewhere(root, host)
        _clear(disk, root)
        staging = _room(disk, root, host)
        try:
            yield staging
        finally:
            _empty(disk, staging)


def _room(disk: Disk, root: Path, host: Host) -> Path:
    staging = root / "staging" / host.fresh_name()
    make_dirs(disk, staging, root)
    return staging


def clear_leftovers(disk: Disk, root: Path, *, host: Host) -> bool:
    """Clear what dead writers of this host left, if nobody is writing; say whether it was possible."""
    if not leftovers(root):
        return True
    try:
        with _locked(root, fcntl.LOCK_EX, 0.0):
            refuse_elsewhere(root, host)
            _clear(disk, root)
    except CouldNot as busy:
        if isinstance(busy.__cause__, BlockingIOError):
            return False
        raise
    return True


def leftovers(root: Path) -> list[Path]:
    """Return every staging directory there is, in use or not.

    The one that they lie in may be gone: a copy by way of a backup may leave out what is empty.
    """
    top = root / "staging"
    return sorted(top.iterdir()) if top.is_dir() else []


def refuse_elsewhere(root: Path, host: Host) -> None:
    """Refuse a root to which another host is writing, or died while it was."""
    for directory in leftovers(root):
        if host.is_elsewhere(directory.name):
            raise Refused(
                "another host is writing to this archive, or stopped while it was",
                got=directory,
                fix="Write from one host only. If that host is gone for good, remove this directory",
            )


def _clear(disk: Disk, root: Path) -> None:
    for directory in leftovers(root):
        _empty(disk, directory)


def _empty(disk: Disk, directory: Path) -> None:
    """Remove a staging directory and its files; there are no directories inside."""
    if directory.is_dir():
        for file in sorted(directory.iterdir()):
            disk.unlink(file)
        disk.rmdir(directory)
    else:
        disk.unlink(directory)


@contextmanager
def _locked(root: Path, how: int, patience: float) -> Iterator[None]:
    """Hold the archive's lock in one way, waiting at most `patience` seconds."""
    path = root / "lock"
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        raise refusal_of(error, "open", path) from error
    try:
        _take(fd, how, patience, path)
        yield
    finally:
        os.close(fd)


def _take(fd: int, how: int, patience: float, path: Path) -> None:
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(fd, how | fcntl.LOCK_NB)
            return
        except BlockingIOError as busy:
            if time.monotonic() >= until:
                raise CouldNot(
                    "somebody else is at work in this archive", got=path, fix="Wait until they are done"
                ) from busy
            time.sleep(0.01)


def _digest(text: str) -> str:
    return blake3(text.encode()).hexdigest(length=8)


def _first_line(path: Path) -> str:
    try:
        return path.read_text().split("\n")[0].strip()
    except OSError:
        return ""
