"""Turning files into pieces of objects: what is new is written once, what is here already is referred to.

A file is cut at the borders of its tensors. A piece whose bytes are here already becomes a reference, after
its bytes were compared with those on the disk: neither a collision nor a damaged object is ever trusted. The
new pieces of a large file follow one another in one object, so a file that is new altogether *is* its object,
byte for byte, and costs one write and one sync. Small files share an object.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3

from selfscope.archive.journal.disk import EARLY
from selfscope.archive.store.manifests import File, Holding, Kept, Piece
from selfscope.archive.store.packer import Packer
from selfscope.archive.store.reading import holds, read_range
from selfscope.archive.store.ring import Ring, Slot
from selfscope.archive.store.stream import PAGE
from selfscope.errors import BadInput, CouldNot
from selfscope.values.canonical import HASH_PREFIX

if TYPE_CHECKING:
    from selfscope.archive.store.archive import Archive

PIECE = 16 << 20
"""Bytes of the largest piece."""

SMALL = 4 << 10
"""Borders between two tensors smaller than this are not cut at."""

LARGE = 1 << 20
"""Files from this size on have an object of their own."""

PART = 2 << 20
"""Bytes that are read and digested at a time: few enough to begin soon, many enough to hand over seldom."""

SLOTS = 4
"""Pieces of a large file that are read, digested or written at the same time, at most."""

THREADS = 1 if (os.cpu_count() or 1) <= 2 else blake3.AUTO
"""Of one blake3: beside the threads of the other digests, two cores have no time for more."""

Fill = Callable[[memoryview], None]
"""Fills a buffer with the next bytes of a file, or raises."""

Progress = Callable[[int, int], None]
"""Told how many bytes of how many are done."""


@dataclass(frozen=True)
class Stretch:
    """Bytes of a base, against which a piece may be stored as a delta; `width` bytes make one number."""

    object: str
    at: int
    size: int
    width: int = 1


@dataclass(frozen=True)
class Tensor:
    """A stretch of a safetensors file that has a name: `start` and `stop` are offsets in the file."""

    name: str
    dtype: str
    width: int
    start: int
    stop: int


@dataclass(frozen=True)
class Brought:
    """A file that is to be stored.

    Attributes
    ----------
    path, size
        Where it will stand under its content, and its bytes' number.
    cuts
        Offsets at which pieces begin and end, from 0 to `size`.
    read
        Opens it; gives a function that fills a buffer with the next bytes, or raises.
    tensors
        What is named in it, where it is a safetensors file.
    bases
        For offsets of pieces, what they may be deltas against.
    """

    path: str
    size: int
    cuts: tuple[int, ...]
    read: Callable[[], Iterator[Fill]]
    tensors: tuple[Tensor, ...] = ()
    bases: Mapping[int, Stretch] = field(default_factory=dict)


def cut(size: int, borders: list[int]) -> tuple[int, ...]:
    """Return where a file of `size` bytes is cut, given the borders of its tensors in ascending order.

    A border is left out where it lies between two stretches that are both smaller than SMALL, and further
    cuts are made so that no piece is larger than PIECE.
    """
    inner = sorted({each for each in borders if 0 < each < size})
    edges = [0, *inner, size]
    kept = [
        here
        for before, here, after in zip(edges, edges[1:], edges[2:], strict=False)
        if max(here - before, after - here) >= SMALL
    ]
    cuts = [0]
    for border in [*kept, size]:
        cuts.extend(range(cuts[-1] + PIECE, border, PIECE))
        if border > cuts[-1]:
            cuts.append(border)
    return tuple(cuts)


@dataclass
class Ingest:
    """Stores files one after the other.

    Parameters
    ----------
    archive, staging
        Where to, in a writer's turn.
    domain
        The domain that encrypts them, or "".
    done
        Told the bytes as they are read.
    """

    archive: Archive
    staging: Path
    domain: str
    done: Callable[[int], None]
    packer: Packer = field(init=False)
    _seen: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    _held: dict[str, tuple[str, int, int]] | None = None
    _plain: tuple[str, bytes] = ("", b"")

    def __post_init__(self) -> None:
        self.packer = Packer(self.archive, self.staging, self.domain)

    @cached_property
    def _ring(self) -> Ring:
        return Ring(SLOTS, EARLY + PAGE + PIECE)

    def file(self, brought: Brought) -> tuple[File, tuple[Piece, ...]]:
        """Store one file; return what it is and its pieces. A small one's object may go on with the next."""
        with contextmanager(brought.read)() as fill:
            if brought.size < LARGE:
                return self._small(brought, fill)
            with _lanes() as (digesting, writing), self.packer.alone(writing):
                return self._large(brought, fill, digesting)

    def _small(self, brought: Brought, fill: Fill) -> tuple[File, tuple[Piece, ...]]:
        sha256, whole, pieces = hashlib.sha256(), blake3(), []
        for start, stop in zip(brought.cuts, brought.cuts[1:], strict=False):
            data = bytearray(stop - start)
            fill(memoryview(data))
            sha256.update(data)
            whole.update(data)
            b3 = HASH_PREFIX + str(blake3(data).hexdigest())
            pieces.append(self._piece(memoryview(data), b3, brought, start))
            self.done(len(data))
        return _file(brought, sha256, whole), tuple(pieces)

    def _large(self, brought: Brought, fill: Fill, digesting: Executor) -> tuple[File, tuple[Piece, ...]]:
        """Store a file whose object is written while the digests are computed, in three threads.

        Its sha256 takes longer than all else, so it has a thread of its own, which waits for nothing else.
        """
        sha256, whole, pieces = hashlib.sha256(), blake3(max_threads=THREADS), []
        follows = not self.domain
        for start, stop in zip(brought.cuts, brought.cuts[1:], strict=False):
            self.packer.follow = whole.copy() if follows else None
            slot, room = self._ring.take(), self.packer.room
            data, piece = slot.memory[room : room + stop - start], blake3(max_threads=THREADS)
            for at in range(0, len(data), PART):
                part = data[at : at + PART]
                fill(part)
                slot.readers.append(digesting.submit(sha256.update, part))
                piece.update(part)
                whole.update(part)
                self.done(len(part))
            pieces.append(self._piece(data, HASH_PREFIX + str(piece.hexdigest()), brought, start, slot))
            follows = self.packer.follow is not None
        self.packer.follow = whole if follows else None
        self.packer.sync()
        self._ring.settle()
        return _file(brought, sha256, whole), tuple(pieces)

    def _piece(
        self, data: memoryview, b3: str, brought: Brought, start: int, slot: Slot | None = None
    ) -> Piece:
        """Store some bytes, or find that they are here."""
        found = self._seen.get(b3) or self._find(b3, data)
        if found is not None:
            self.packer.diverge()
            self._seen[b3] = found
            return Piece(*found, len(data), b3)
        stretch = brought.bases.get(start)
        if stretch is not None and stretch.size == len(data):
            piece = self._delta(data, b3, stretch)
            if piece is not None:
                return piece
        number, at = self.packer.write(data, slot)
        self._seen[b3] = (number, at, len(data))
        return Piece(number, at, len(data), len(data), b3)

    def _delta(self, data: memoryview, b3: str, stretch: Stretch) -> Piece | None:
        """Store a piece as its difference to a base, if that takes fewer bytes."""
        from selfscope.archive.store import delta

        frame = delta.encode(data, self._plaintext(stretch.object, stretch.at, stretch.size), stretch.width)
        if len(frame) >= len(data):
            return None
        self.packer.diverge()
        number, at = self.packer.write(frame)
        base = self.packer.refer(self._kept(stretch.object))
        return Piece(number, at, len(frame), len(data), b3, "xor", base, stretch.at, stretch.size)

    def _find(self, b3: str, data: memoryview) -> tuple[int, int, int] | None:
        """Look for a piece among what is held, and compare every byte before it is believed."""
        place = self._pieces().get(b3) if self.domain else self.archive.index.piece(b3)
        if place is None:
            return None
        identifier, at, length = place
        if not isinstance(identifier, str) or not isinstance(at, int) or at < 0:
            return None  # the index is a hint, and may be damaged like any file
        try:
            if length != len(data) or not self._same(identifier, at, data):
                return None
            kept = self._kept(identifier)
        except (CouldNot, BadInput):
            return None  # what cannot be read is for `verify` to report; here the bytes are stored again
        return self.packer.refer(kept), at, length

    def _same(self, identifier: str, at: int, data: memoryview) -> bool:
        if self.domain:
            return self._plaintext(identifier, at, len(data)) == bytes(data)
        return holds(self.archive.objects.place(identifier), at, data)

    def _kept(self, identifier: str) -> Kept:
        path = self.archive.objects.place(identifier, self.domain)
        try:
            return Kept(identifier, path.stat().st_size)
        except OSError as error:
            raise CouldNot("an object of the archive is gone", got=identifier) from error

    def _plaintext(self, identifier: str, at: int, length: int) -> bytes:
        """Return a stretch of an object as it was before it was sealed."""
        path = self.archive.objects.place(identifier, self.domain)
        if not self.domain:
            return read_range(path, at, length)
        if self._plain[0] != identifier:
            self._plain = (identifier, self.archive.open_vault().open(self.domain, read_range(path)))
        return self._plain[1][at : at + length]

    def _pieces(self) -> dict[str, tuple[str, int, int]]:
        """Return what is held in this encrypted domain. It is in memory only: digests of plaintext tell."""
        if self._held is None:
            self._held = {}
            for row in self.archive.index.holdings():
                if row.domain == self.domain:
                    self._held.update(_raw_pieces(self.archive.holding(row.holding)))
        return self._held


def _raw_pieces(holding: Holding) -> Iterator[tuple[str, tuple[str, int, int]]]:
    for pieces in holding.files:
        for piece in pieces:
            if piece.codec == "raw":
                yield piece.b3, (holding.objects[piece.object].object, piece.at, piece.length)


@contextmanager
def _lanes() -> Iterator[tuple[Executor, Executor]]:
    """Give two threads, each of which does one thing after the other; they have ended when the block has."""
    with ThreadPoolExecutor(1, "digest") as digesting, ThreadPoolExecutor(1, "write") as writing:
        yield digesting, writing


def _file(brought: Brought, sha256: hashlib._Hash, whole: blake3) -> File:
    b3 = HASH_PREFIX + str(whole.hexdigest())
    return File(brought.path, brought.size, sha256.hexdigest(), b3)
