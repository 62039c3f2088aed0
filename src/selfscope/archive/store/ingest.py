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
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3

from selfscope.archive.store.aside import Aside, aside
from selfscope.archive.store.manifests import File, Holding, Kept, Piece
from selfscope.archive.store.objects import Staged
from selfscope.archive.store.reading import read_range
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

SEALED = 64 << 20
"""Bytes of the largest object in an encrypted domain, which is sealed in memory."""

THREADS = 1 if (os.cpu_count() or 1) <= 2 else blake3.AUTO
"""Of one blake3: beside the threads of the other digests, two cores have no time for more."""

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
        Opens it; gives a function that returns the next so many bytes, or raises.
    tensors
        What is named in it, where it is a safetensors file.
    bases
        For offsets of pieces, what they may be deltas against.
    """

    path: str
    size: int
    cuts: tuple[int, ...]
    read: Callable[[], Iterator[Callable[[int], bytes]]]
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
class Packer:
    """The objects that one addition writes, one after the other.

    `follow` computes the digest of the file being stored while its object repeats it byte for byte: it then
    need not be computed twice.
    """

    archive: Archive
    staging: Path
    domain: str
    kept: list[Kept] = field(default_factory=list)
    staged: list[tuple[Staged, Path]] = field(default_factory=list)
    follow: Aside[blake3] | None = None
    _current: Staged | None = None
    _number: int = -1
    _sealed: bytearray = field(default_factory=bytearray)
    _known: dict[str, int] = field(default_factory=dict)

    def refer(self, kept: Kept) -> int:
        """Return the number of an object that is here already in this addition's list."""
        if kept.object not in self._known:
            self._known[kept.object] = len(self.kept)
            self.kept.append(kept)
        return self._known[kept.object]

    def write(self, data: bytes) -> tuple[int, int]:
        """Write a piece; return the number of its object and where in it the piece begins."""
        if self.domain:
            return self._write_sealed(data)
        if self._current is None:
            self._current = self.archive.objects.begin(self.staging, f"object-{len(self.kept)}")
            self._number = self._reserve()
        at = self._current.size
        self.archive.objects.write(self._current, data, hashed=self.follow is None)
        return self._number, at

    def diverge(self) -> None:
        """From here on the object is no longer what the file began with."""
        if self.follow is not None and self._current is not None:
            self._current.hasher = self.follow.so_far().copy()
        self.follow = None

    def sync(self) -> None:
        """Wait for the disk while digests are still being computed; there is less to wait for at the end."""
        if self._current is not None:
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
        place = self.archive.objects.place(self._current.id, self.domain)
        self.staged.append((self._current, place))
        self.kept[self._number] = Kept(self._current.id, self._current.size)
        self._current = None

    def close(self) -> None:
        """Close all files without publishing them."""
        for staged in [*(each for each, _ in self.staged), *filter(None, [self._current])]:
            self.archive.disk.close(staged.opened)

    def _write_sealed(self, data: bytes) -> tuple[int, int]:
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

    def file(self, brought: Brought) -> tuple[File, tuple[Piece, ...]]:
        """Store one file; return what it is and its pieces. The object may go on with the next file."""
        sha256, b3 = hashlib.sha256(), blake3(max_threads=THREADS)
        alone = brought.size >= LARGE
        if alone:
            self.packer.finish()
        pieces: list[Piece] = []
        with contextmanager(brought.read)() as read, aside(sha256) as one, aside(b3) as other:
            self.packer.follow = other if alone and not self.domain else None
            for start, stop in zip(brought.cuts, brought.cuts[1:], strict=False):
                data = read(stop - start)
                one.feed(data)
                pieces.append(self._piece(data, brought, start))
                other.feed(data)  # later than the piece, whose object may have followed the file up to it
                self.done(len(data))
            if alone:
                self.packer.sync()
        if alone:
            self.packer.finish()
        whole = HASH_PREFIX + str(b3.hexdigest())
        return File(brought.path, brought.size, sha256.hexdigest(), whole), tuple(pieces)

    def _piece(self, data: bytes, brought: Brought, start: int) -> Piece:
        """Store some bytes, or find that they are here."""
        b3 = HASH_PREFIX + str(blake3(data, max_threads=THREADS).hexdigest())
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
        number, at = self.packer.write(data)
        self._seen[b3] = (number, at, len(data))
        return Piece(number, at, len(data), len(data), b3)

    def _delta(self, data: bytes, b3: str, stretch: Stretch) -> Piece | None:
        """Store a piece as its difference to a base, if that takes fewer bytes."""
        from selfscope.archive.store import delta

        frame = delta.encode(data, self._plaintext(stretch.object, stretch.at, stretch.size), stretch.width)
        if len(frame) >= len(data):
            return None
        self.packer.diverge()
        number, at = self.packer.write(frame)
        base = self.packer.refer(self._kept(stretch.object))
        return Piece(number, at, len(frame), len(data), b3, "xor", base, stretch.at, stretch.size)

    def _find(self, b3: str, data: bytes) -> tuple[int, int, int] | None:
        """Look for a piece among what is held, and compare every byte before it is believed."""
        place = self._pieces().get(b3) if self.domain else self.archive.index.piece(b3)
        if place is None:
            return None
        identifier, at, length = place
        if not isinstance(identifier, str) or not isinstance(at, int) or at < 0:
            return None  # the index is a hint, and may be damaged like any file
        try:
            if length != len(data) or self._plaintext(identifier, at, length) != data:
                return None
            kept = self._kept(identifier)
        except (CouldNot, BadInput):
            return None  # what cannot be read is for `verify` to report; here the bytes are stored again
        return self.packer.refer(kept), at, length

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
