"""The objects that one addition writes, one after the other.

The new pieces of a large file follow one another in one object; small files share an object. An object in the
clear that repeats a large file is written as it is read; one in an encrypted domain is collected in memory
and sealed there, for its plaintext may not touch the disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3

from selfscope.archive.store.manifests import Kept
from selfscope.archive.store.objects import Staged
from selfscope.archive.store.ring import Slot
from selfscope.archive.store.stream import Stream

if TYPE_CHECKING:
    from selfscope.archive.store.archive import Archive

SEALED = 64 << 20
"""Bytes of the largest object in an encrypted domain, which is sealed in memory."""


@dataclass
class Packer:
    """Writes pieces to objects.

    Attributes
    ----------
    archive, staging, domain
        Where to, in a writer's turn; the domain encrypts, or is "".
    kept
        The objects that the addition names, in the order in which its pieces do.
    staged
        Those of them that are new, with where they will lie.
    follow
        While the object repeats the file being stored byte for byte, the digest of the file up to the piece
        at hand: the object's own need not be computed.
    """

    archive: Archive
    staging: Path
    domain: str
    kept: list[Kept] = field(default_factory=list)
    staged: list[tuple[Staged, Path]] = field(default_factory=list)
    follow: blake3 | None = None
    _lane: Executor | None = None
    _stream: Stream | None = None
    _current: Staged | None = None
    _number: int = -1
    _sealed: bytearray = field(default_factory=bytearray)
    _known: dict[str, int] = field(default_factory=dict)

    @property
    def room(self) -> int:
        """How many bytes of a slot are to be left free before the next piece."""
        return self._stream.room if self._stream is not None else 0

    @contextmanager
    def alone(self, lane: Executor) -> Iterator[None]:
        """Give what is stored within objects of its own, written by `lane`."""
        self.finish()
        self._lane = None if self.domain else lane
        yield
        self.finish()
        self._lane = None

    def refer(self, kept: Kept) -> int:
        """Return the number of an object that is here already in this addition's list."""
        if kept.object not in self._known:
            self._known[kept.object] = len(self.kept)
            self.kept.append(kept)
        return self._known[kept.object]

    def write(self, data: bytes | memoryview, slot: Slot | None = None) -> tuple[int, int]:
        """Write a piece; return the number of its object and where in it the piece begins.

        Where `slot` is given, `data` is what lies in it after :attr:`room` bytes.
        """
        if self.domain:
            return self._write_sealed(data)
        current = self._current or self._begin()
        at = current.size
        if self._stream is None:
            self.archive.objects.write(current, data, hashed=self.follow is None)
            return self._number, at
        if slot is None:
            self._stream.append(bytes(data))
        else:
            self._stream.write(slot, len(data))
        current.take(data, hashed=self.follow is None)
        return self._number, at

    def diverge(self) -> None:
        """From here on the object is no longer what the file began with."""
        if self.follow is not None and self._current is not None:
            self._current.hasher = self.follow.copy()
        self.follow = None

    def sync(self) -> None:
        """Wait for the disk while digests are still being computed; there is less to wait for at the end."""
        if self._current is not None:
            self._end_stream()
            self.archive.disk.sync(self._current.opened)

    def finish(self) -> None:
        """End the current object; the next piece begins another."""
        self.diverge()
        if self._sealed:
            sealed = self.archive.open_vault().seal(self.domain, bytes(self._sealed))
            self._current = self.archive.objects.stage(self.staging, f"object-{self._number}", sealed)
            self._sealed = bytearray()
        if self._current is None:
            return
        self._end_stream()
        place = self.archive.objects.place(self._current.id, self.domain)
        self.staged.append((self._current, place))
        self.kept[self._number] = Kept(self._current.id, self._current.size)
        self._current = None

    def close(self) -> None:
        """Close all files without publishing them."""
        for staged in [*(each for each, _ in self.staged), *filter(None, [self._current])]:
            self.archive.disk.close(staged.opened)

    def _begin(self) -> Staged:
        self._current = self.archive.objects.begin(self.staging, f"object-{len(self.kept)}")
        self._number = self._reserve()
        if self._lane is not None:
            self._stream = Stream(self.archive.disk, self._current.opened, self._lane)
        return self._current

    def _end_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.end()

    def _write_sealed(self, data: bytes | memoryview) -> tuple[int, int]:
        if len(self._sealed) + len(data) > SEALED:
            self.finish()
        if not self._sealed:
            self._number = self._reserve()
        at = len(self._sealed)
        self._sealed += data
        return self._number, at

    def _reserve(self) -> int:
        """Give the object that is being begun a number in the list; its name is known when it ends."""
        self.kept.append(Kept("", 0))
        return len(self.kept) - 1
