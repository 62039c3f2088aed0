"""What lies at a path, as files to be stored: nothing is followed, nothing is opened but plain files.

The tree is walked by open directories and not by names, so that nobody can swap a directory for a link on the
way. A file that changes while it is read is not stored.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from selfscope.archive.journal.events import Form
from selfscope.archive.store.executable import runs_code
from selfscope.archive.store.filenames import refuse_collisions
from selfscope.archive.store.ingest import Brought, Tensor, cut
from selfscope.archive.store.manifests import safe_path
from selfscope.archive.store.weights import read_header
from selfscope.errors import BadInput, CouldNot


@dataclass(frozen=True)
class Source:
    """A plain file as it was when it was found."""

    path: str
    seen: os.stat_result
    open: Callable[[], int]

    def read(self) -> Iterator[Callable[[memoryview], None]]:
        """Open it; give a function that fills a buffer with the next bytes.

        Raises
        ------
        BadInput
            If it is not, or is no longer, what was found.
        CouldNot
            If it cannot be read.
        """
        try:
            fd = self.open()
        except OSError as error:
            raise CouldNot("a file cannot be read", got=f"{self.path}: {error}") from error
        try:
            self._refuse_changed(fd)
            yield partial(self._fill, fd)
            self._refuse_changed(fd)
        except OSError as error:
            raise CouldNot("a file cannot be read", got=f"{self.path}: {error}") from error
        finally:
            os.close(fd)

    def recheck(self) -> None:
        """Raise BadInput if the file is no longer what was found."""
        with contextmanager(self.read)():
            pass

    def _fill(self, fd: int, buffer: memoryview) -> None:
        while buffer:
            count = os.readv(fd, [buffer])
            if not count:
                raise self._changed()
            buffer = buffer[count:]

    def _refuse_changed(self, fd: int) -> None:
        now = os.fstat(fd)
        if _mark(now) != _mark(self.seen) or not stat.S_ISREG(now.st_mode):
            raise self._changed()

    def _changed(self) -> BadInput:
        return BadInput(
            "a file changed while it was read", got=self.path, fix="Bring it again when nobody writes to it"
        )


@dataclass(frozen=True)
class Found:
    """What lies at a path.

    Attributes
    ----------
    lone
        Whether it is a single file.
    files
        As they are to be stored, in the order of their paths.
    sources
        The same, as they were found.
    quarantined
        Paths of files in executable formats.
    """

    lone: bool
    files: list[Brought]
    sources: list[Source]
    quarantined: tuple[str, ...] = ()

    def recheck(self) -> None:
        """Raise BadInput if any file is no longer what was found."""
        for source in self.sources:
            source.recheck()

    def form(self, said: Form | None) -> Form:
        """Return what kind of thing it is: what was said, or what its files show."""
        if said is not None:
            return said
        names = {each.path for each in self.files}
        if "adapter_config.json" in names:
            return "adapter"
        if "config.json" in names and any(each.tensors for each in self.files):
            return "model"
        return "file" if self.lone else "tree"


def _mark(seen: os.stat_result) -> tuple[int, ...]:
    """Return what a write changes; the last of these is the one that a writer cannot put back."""
    return seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns


def bring(path: Path, *, quarantine: bool = False) -> Found:
    """Find what lies at a path.

    Raises
    ------
    BadInput
        If there is nothing, or anything but plain files and directories, or a name that cannot be kept, or a
        file in an executable format that was not to be quarantined, or two names that are one elsewhere.
    """
    top = Path(path).absolute()
    try:
        seen = os.lstat(top)
    except OSError as error:
        raise BadInput("there is nothing to add", got=path, fix="Name a file or a directory") from error
    lone = stat.S_ISREG(seen.st_mode)
    names = [""] if lone else sorted(_walk(top, ()))
    refuse_collisions(names)
    sources = [_source(top, name) for name in names]
    dangerous = tuple(source.path for source in sources if _refuse_executable(source, quarantine))
    return Found(lone, [_brought(source) for source in sources], sources, dangerous)


def _refuse_executable(source: Source, quarantine: bool) -> bool:
    """Say whether opening a file in its own format could run code; refuse it unless quarantined."""
    with os.fdopen(source.open(), "rb") as file:
        why = runs_code(source.path, file)
    if why and not quarantine:
        raise BadInput(
            "this file is in a format that can run code", got=f"{source.path}: {why}",
            fix="Convert it to safetensors, or store it in quarantine, where it is never opened",
        )  # fmt: skip
    return bool(why)


def _walk(top: Path, parts: tuple[str, ...]) -> Iterator[str]:
    """Yield the paths of all plain files; refuse what is neither file nor directory."""
    try:
        fd = _open_beneath(top, parts, os.O_DIRECTORY)
    except OSError as error:
        raise BadInput("this is no directory", got=f"{'/'.join(parts) or top}: {error}") from error
    try:
        with os.scandir(fd) as entries:
            found = [(each.name, each.stat(follow_symlinks=False).st_mode) for each in entries]
    finally:
        os.close(fd)
    for name, mode in sorted(found):
        here = (*parts, name)
        if stat.S_ISDIR(mode):
            yield from _walk(top, here)
        elif stat.S_ISREG(mode):
            yield safe_path("/".join(here))
        else:
            raise BadInput(
                "this is neither a file nor a directory",
                got="/".join(here),
                fix="Leave it out: links are not followed",
            )


def _source(top: Path, name: str) -> Source:
    parts = tuple(name.split("/")) if name else ()
    opener = partial(_open_beneath, top, parts, 0)
    try:
        fd = opener()
    except OSError as error:
        raise CouldNot("a file cannot be read", got=f"{name or top}: {error}") from error
    try:
        return Source(name or safe_path(top.name), os.fstat(fd), opener)
    finally:
        os.close(fd)


def _open_beneath(top: Path, parts: tuple[str, ...], how: int) -> int:
    """Open what lies under `top`, one directory after the other, following no link on the way."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    fd = os.open(top, flags | (os.O_DIRECTORY if parts else how))
    for place, name in enumerate(parts, 1):
        held = fd
        try:
            fd = os.open(name, flags | (how if place == len(parts) else os.O_DIRECTORY), dir_fd=held)
        finally:
            os.close(held)
    return fd


def _brought(source: Source) -> Brought:
    tensors = _tensors(source) if source.path.endswith(".safetensors") else ()
    borders = sorted({edge for each in tensors for edge in (each.start, each.stop)})
    return Brought(source.path, source.seen.st_size, cut(source.seen.st_size, borders), source.read, tensors)


def _tensors(source: Source) -> tuple[Tensor, ...]:
    """Return what is named in a safetensors file, or refuse it if it is not strictly one."""
    with contextmanager(source.read)() as fill:

        def read(count: int) -> bytes:
            data = bytearray(count)
            fill(memoryview(data))
            return bytes(data)

        return read_header(read, source.seen.st_size).tensors
