"""Immutable bytes, each under the digest of itself.

An object's name is the blake3 of the bytes *as they lie on the disk*: of the ciphertext where a destruction
domain encrypts it. So anybody can check every object without any key, and a name says nothing about the
plaintext of another domain. Those in the clear lie under ``objects/b3/``, others under ``sealed/<domain>/``.

To store is to stage and to publish: write to the staging directory, sync, link to the name, sync the
directories. Nothing refers to an object before it is published, so what a crash leaves is unreachable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from blake3 import blake3

from selfscope.archive.journal.chain import Damaged
from selfscope.archive.journal.disk import Disk, Opened, make_dirs
from selfscope.archive.store.digests import file_digest
from selfscope.errors import BadInput
from selfscope.values.canonical import HASH_PREFIX

_DOMAIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_ID = re.compile(r"b3:[0-9a-f]{64}")


@dataclass(frozen=True)
class Place:
    """Where an object lies: its file, and the domain that encrypts it or ""."""

    path: Path
    domain: str = ""


@dataclass
class Staged:
    """A file being written to the staging directory, and its digest so far."""

    opened: Opened
    hasher: blake3 = field(default_factory=lambda: blake3(max_threads=blake3.AUTO))
    size: int = 0

    def take(self, data: bytes | memoryview, *, hashed: bool) -> None:
        """Count bytes that were written, or will be; without `hashed`, the caller keeps the digest."""
        self.size += memoryview(data).nbytes
        if hashed:
            self.hasher.update(data)

    @property
    def id(self) -> str:
        """The name that the object will have if nothing more is written."""
        return HASH_PREFIX + str(self.hasher.hexdigest())


@dataclass(frozen=True)
class Objects:
    """The objects of one archive.

    Parameters
    ----------
    root
        The archive's directory.
    disk
        The hands.
    """

    root: Path
    disk: Disk

    def place(self, identifier: str, domain: str = "") -> Path:
        """Return where an object of one domain lies, or would lie.

        Raises
        ------
        BadInput
            If the id or the domain is not spelled as one.
        """
        digits = _digits(identifier)
        top = self.root / "sealed" / domain_name(domain) if domain else self.root / "objects" / "b3"
        return top / digits[:2] / digits[2:4] / digits

    def find(self, identifier: str) -> Place | None:
        """Return where an object lies, in whatever domain, or None if it is not here."""
        for domain in ("", *self.domains()):
            path = self.place(identifier, domain)
            if path.is_file():
                return Place(path, domain)
        return None

    def domains(self) -> list[str]:
        """Return the names of the domains that have objects."""
        top = self.root / "sealed"
        return sorted(each.name for each in top.iterdir()) if top.is_dir() else []

    def all(self) -> Iterator[tuple[str, Place]]:
        """Yield every object's id and place, in the clear first, each in the order of ids."""
        for domain in ("", *self.domains()):
            top = self.root / "sealed" / domain if domain else self.root / "objects" / "b3"
            for path in sorted(top.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*")):
                yield HASH_PREFIX + path.name, Place(path, domain)

    def begin(self, staging: Path, name: str) -> Staged:
        """Open a fresh file in the staging directory."""
        return Staged(self.disk.create(staging / name, 0o444))

    def write(self, staged: Staged, data: bytes | memoryview, *, hashed: bool = True) -> None:
        """Write more of a staged object; without `hashed`, the caller keeps the digest."""
        self.disk.write(staged.opened, data)
        staged.take(data, hashed=hashed)

    def stage(self, staging: Path, name: str, data: bytes | memoryview) -> Staged:
        """Write a whole object to the staging directory."""
        staged = self.begin(staging, name)
        try:
            self.write(staged, data)
        except BaseException:
            self.disk.close(staged.opened)
            raise
        return staged

    def publish(self, staged: Sequence[tuple[Staged, Path]]) -> int:
        """Make staged files durable, then give them their names; return the bytes that are new.

        All files are synced before the first is named, and each directory once after the last. A name that
        is taken already must hold the same bytes, which are read to make sure.

        Raises
        ------
        Damaged
            If a name is taken by a file that does not have that digest.
        CouldNot
            If the disk refuses.
        """
        try:
            for each, _ in staged:
                self.disk.sync(each.opened)
        finally:
            for each, _ in staged:
                self.disk.close(each.opened)
        new = 0
        for each, target in staged:
            make_dirs(self.disk, target.parent, self.root)
            if self.disk.link(each.opened.path, target):
                new += each.size
            else:
                self._keep(each, target)
        for directory in _deepest_first((target for _, target in staged), self.root):
            self.disk.sync_dir(directory)
        for each, _ in staged:
            self.disk.unlink(each.opened.path)
        return new

    def _keep(self, staged: Staged, target: Path) -> None:
        """Make sure that a file that is here already is what was to be stored, and wanted from now on."""
        if file_digest(target) != staged.id:
            raise Damaged(
                "the archive holds a damaged object under the name of what was to be stored",
                got=target,
                fix="Run verify, repair it from a replica, and store again",
            )
        self.disk.touch(target)

    def size(self, place: Place) -> int:
        """Return the bytes that an object takes on the disk."""
        return place.path.stat().st_size


def is_domain(name: str) -> bool:
    """Say whether a name is spelled as a destruction domain's."""
    return bool(_DOMAIN.fullmatch(name))


def domain_name(name: str) -> str:
    """Return a domain's name if it is spelled as one: it becomes a directory's name."""
    if not is_domain(name):
        raise BadInput(
            "a domain has an unusable name",
            got=name,
            fix="Use up to 64 of a-z, 0-9, '.', '_' and '-', the first a letter or a digit",
        )
    return name


def is_id(text: str) -> bool:
    """Say whether a text is spelled as an object's or a content's id."""
    return bool(_ID.fullmatch(text))


def _digits(identifier: str) -> str:
    if not is_id(identifier):
        raise BadInput(
            "this is not an id of an object", got=identifier, fix="Give 'b3:' and 64 hexadecimal digits"
        )
    return identifier.removeprefix(HASH_PREFIX)


def _deepest_first(targets: Iterable[Path], root: Path) -> list[Path]:
    """Return every directory between the files and the root, once, names before the names they hang on."""
    found: set[Path] = set()
    for target in targets:
        directory = target.parent
        while directory not in found:
            found.add(directory)
            if directory == root:
                break
            directory = directory.parent
    return sorted(found, key=lambda each: (-len(each.parts), str(each)))
