"""Getting things back, bit for bit.

A file is put together from its pieces, checked against both of its digests, and appears under its name whole
or not at all. Whatever does not match is an error and never a file.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3

from selfscope.archive.journal.chain import Damaged
from selfscope.archive.journal.disk import Disk, make_dirs
from selfscope.archive.store.aside import aside
from selfscope.archive.store.ingest import Progress
from selfscope.archive.store.manifests import File, Holding, Piece
from selfscope.archive.store.reading import CHUNK, read_range
from selfscope.errors import BadInput, CouldNot, SelfscopeError
from selfscope.values.canonical import HASH_PREFIX, bytes_id

if TYPE_CHECKING:
    from selfscope.archive.store.archive import Archive


def read_object(archive: Archive, identifier: str) -> bytes:
    """Return one object's plaintext, its stored bytes checked against its name."""
    place = archive.objects.find(identifier)
    if place is None:
        raise BadInput("the archive holds no such object", got=identifier)
    stored = read_range(place.path)
    if bytes_id(stored) != identifier:
        raise Damaged("an object is not what was stored", got=identifier, fix="Repair it from a replica")
    if not place.domain:
        return stored
    return archive.open_vault().open(place.domain, stored)


@dataclass
class Reader:
    """Reads the files of one holding.

    Parameters
    ----------
    archive, holding
        Where from, and what.
    """

    archive: Archive
    holding: Holding
    _plain: tuple[str, bytes] = field(default=("", b""), repr=False)

    def file(self, number: int) -> Iterator[bytes]:
        """Yield the bytes of a file in order, unchecked as a whole; each delta is checked as it is undone."""
        for piece in self.holding.files[number]:
            yield from self.piece(piece)

    def piece(self, piece: Piece) -> Iterator[bytes]:
        """Yield the bytes of a piece."""
        name = self.holding.objects[piece.object].object
        if piece.codec == "xor":
            yield self._undone(piece, name)
        elif self.holding.domain:
            yield self._stretch(name, piece.at, piece.length)
        else:
            for at in range(piece.at, piece.at + piece.length, CHUNK):
                yield self._stretch(name, at, min(CHUNK, piece.at + piece.length - at))

    def range(self, number: int, start: int, stop: int) -> bytes:
        """Return a stretch of a file."""
        parts, at = [], 0
        for piece in self.holding.files[number]:
            if at < stop and at + piece.size > start:
                whole = b"".join(self.piece(piece))
                parts.append(whole[max(0, start - at) : stop - at])
            at += piece.size
        return b"".join(parts)

    def _undone(self, piece: Piece, name: str) -> bytes:
        from selfscope.archive.store import delta

        frame = self._stretch(name, piece.at, piece.length)
        base = self._stretch(self.holding.objects[piece.base].object, piece.base_at, piece.base_size)
        data = delta.decode(frame, base)
        if bytes_id(data) != piece.b3:
            raise Damaged("a delta does not give what was stored", got=name, fix="Repair it from a replica")
        return data

    def _stretch(self, name: str, at: int, length: int) -> bytes:
        path = self.archive.objects.place(name, self.holding.domain)
        if not self.holding.domain:
            return read_range(path, at, length)
        if self._plain[0] != name:
            stored = read_range(path)
            if bytes_id(stored) != name:
                raise Damaged("an object is not what was stored", got=name, fix="Repair it from a replica")
            self._plain = (name, self.archive.open_vault().open(self.holding.domain, stored))
        found = self._plain[1][at : at + length]
        if len(found) != length:
            raise Damaged("an object is shorter than it was", got=name, fix="Repair it from a replica")
        return found


def check_file(file: File, parts: Iterator[bytes], take: Callable[[bytes], None]) -> None:
    """Hand every part on to `take`, then compare size and both digests with the manifest's.

    Raises
    ------
    Damaged
        If they are not those of the file.
    """
    whole, size = blake3(max_threads=blake3.AUTO), 0
    with aside(hashlib.sha256()) as sha256:
        for part in parts:
            sha256.feed(part)
            whole.update(part)
            size += len(part)
            take(part)
    got = (size, HASH_PREFIX + str(whole.hexdigest()), sha256.hasher.hexdigest())
    if got != (file.size, file.b3, file.sha256):
        raise Damaged("a file is not what was stored", got=file.path, fix="Repair it from a replica")


def get(archive: Archive, content: str, out: Path, progress: Progress | None = None) -> int:
    """Write a content to `out`, and return the bytes.

    What was added as a single file becomes the file `out` (or lies under its own name in `out`, where that is
    a directory); what was added as a directory becomes the directory `out`, which must not exist or be empty.

    Raises
    ------
    BadInput
        If the archive does not hold it, or something is at `out` already.
    Damaged
        If what is held is not what was stored; nothing is then at `out`.
    """
    reader = readable(archive, content)
    manifest, out = reader.holding.manifest, Path(out).absolute()
    if manifest.lone and out.is_dir():
        out = out / manifest.files[0].path
    refuse_taken(out)
    with set_aside(archive.disk, out) as aside:
        done = 0
        for number, file in enumerate(manifest.files):
            target = aside if manifest.lone else aside / file.path
            _write(archive.disk, reader, number, target, aside)
            done += file.size
            if progress is not None:
                progress(done, manifest.size)
        refuse_taken(out)
        if not manifest.lone and out.is_dir():
            archive.disk.rmdir(out)
        archive.disk.rename(aside, out)
        archive.disk.sync_dir(out.parent)
    return manifest.size


def readable(archive: Archive, content: str) -> Reader:
    """Return a reader of the first holding of a content whose manifest can be read."""
    failures: list[SelfscopeError] = []
    for row in archive.holdings(content):
        try:
            return Reader(archive, archive.holding(row.holding))
        except SelfscopeError as error:
            failures.append(error)
    raise failures[0]


def _write(disk: Disk, reader: Reader, number: int, target: Path, top: Path) -> None:
    """Write one file and make it durable."""
    if target != top:
        if not top.is_dir():
            disk.mkdir(top)
        make_dirs(disk, target.parent, top)
    opened = disk.create(target)
    try:
        file = reader.holding.manifest.files[number]
        check_file(file, reader.file(number), lambda part: disk.write(opened, part))
        disk.sync(opened)
    finally:
        disk.close(opened)


@contextmanager
def set_aside(disk: Disk, out: Path) -> Iterator[Path]:
    """Give a name beside `out`, under which nothing is left when the block fails."""
    if not out.parent.is_dir():
        raise BadInput("there is no such directory", got=out.parent, fix="Make it first")
    aside = out.parent / f".{out.name}.{uuid.uuid4().hex[:8]}"
    try:
        yield aside
    except BaseException:
        with suppress(CouldNot):
            _remove(disk, aside)
        raise


def _remove(disk: Disk, path: Path) -> None:
    if path.is_dir():
        for each in sorted(path.iterdir()):
            _remove(disk, each)
        disk.rmdir(path)
    else:
        disk.unlink(path)


def refuse_taken(out: Path) -> None:
    """Raise BadInput if there is anything at `out` but an empty directory."""
    if os.path.lexists(out) and not (out.is_dir() and not out.is_symlink() and not any(out.iterdir())):
        raise BadInput("there is something already", got=out, fix="Name a path where nothing is")
