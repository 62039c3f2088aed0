"""A second copy of the whole archive, on another disk, in another building.

A replica is the same archive again: the same objects and manifests, the same journal record by record, the
same card. It has no signing key, so nothing can be written to it but by replication; and no keys of encrypted
domains, whose ciphertext it keeps: a copy of a key would outlive a destruction. What it has it has whole, for
objects come before the manifests that need them, and those before the records.

Each content on it is a copy with a place and a beginning, and so an instance of its own, copied from the one
that this archive holds.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3

from selfscope.archive.care.problems import Problem
from selfscope.archive.journal import presence
from selfscope.archive.journal.chain import Damaged, Journal, read_record
from selfscope.archive.journal.disk import make_dirs
from selfscope.archive.journal.events import (
    ContentAdded,
    EdgeDrawn,
    Event,
    InstanceBegan,
    InstanceEnded,
    new_id,
)
from selfscope.archive.journal.held import read_held
from selfscope.archive.store.ingest import Progress
from selfscope.archive.store.objects import Objects, Staged
from selfscope.archive.store.reading import CHUNK, read_range, reading
from selfscope.errors import BadInput, CouldNot, Refused, SelfscopeError
from selfscope.values.canonical import canonical_json

if TYPE_CHECKING:
    from selfscope.archive.store.archive import Archive

NAME = "replica.json"
"""Tells a replica from the archive itself, and one replica from another."""

CARD = "archive.json"

_DIRECTORIES = ("objects", "objects/b3", "sealed", "manifests", "journal", "staging")


@dataclass(frozen=True)
class Replicated:
    """What a replication came to.

    Attributes
    ----------
    replica
        ``replica:…``, which is given once and stays when the replica is moved.
    objects, manifests, records, bytes
        What was copied this time.
    instances
        The copies that began with it.
    problems
        What could not be copied because it is damaged here. Nothing damaged is ever copied.
    """

    replica: str
    objects: int
    manifests: int
    records: int
    bytes: int
    instances: tuple[str, ...]
    problems: tuple[Problem, ...]


def replicate(
    archive: Archive,
    target: Path,
    *,
    device: str = "",
    medium: str = "disk",
    progress: Progress | None = None,
) -> Replicated:
    """Make a replica in an empty directory, or bring one up to date.

    Parameters
    ----------
    device, medium
        What the replica lies on; "" for this machine.
    progress
        Told bytes done and in all.

    Raises
    ------
    BadInput
        If something else is there.
    Refused
        If its journal is not a beginning of this one.
    CouldNot
        If a disk refuses; run it again, and it goes on.
    """
    target = Path(target).absolute()
    _refuse_nested(archive.root, target)
    with archive.writing():  # nothing is collected meanwhile
        name = _prepare(archive, target)
        with presence.writing_turn(
            archive.disk, target, host=archive.host, patience=archive.patience
        ) as staging:
            _refuse_other_history(archive, target)
            copying = Copying(archive, target, staging, progress)
            until = archive.journal.head().number
            whole = copying.holdings()
            place = f"{name} at {target}"
            events = _begun(archive, whole, place, device or f"machine:{archive.host.machine}", medium, name)
            if events and (last := archive.append(events).number) > until + 1:
                copying.holdings()  # what others committed meanwhile, for its records are copied too
            records = copying.journal(last if events else until)
            _finish(archive, target, staging)
    began = tuple(each.instance for each in events if isinstance(each, InstanceBegan))
    return Replicated(
        name, copying.objects, copying.manifests, records, copying.bytes, began, tuple(copying.problems)
    )


def open_replica(archive: Archive, path: Path) -> tuple[Archive, str]:
    """Open a replica of this archive; return it and its name.

    Raises
    ------
    BadInput
        If there is none.
    Refused
        If it is one of another archive.
    """
    from selfscope.archive.store.archive import Archive

    path = Path(path).absolute()
    if path == archive.root:
        raise BadInput("this is the archive itself and no replica of it", got=path, fix="Name a replica")
    replica = Archive.open(path, disk=archive.disk, vault=archive.vault, clock=archive.journal.clock)
    name = _name(path)
    if not name:
        raise BadInput("this is no replica", got=path, fix="Name a directory that `keep replicate` made")
    if (replica.id, replica.key) != (archive.id, archive.key):
        raise Refused("this is a replica of another archive", got=f"{path}: {replica.id}")
    return replica, name


def instances_of(events: Iterable[Event], name: str) -> dict[str, set[str]]:
    """Return, by content, the live instances that lie on a replica."""
    found: dict[str, str] = {}
    for event in events:
        if isinstance(event, InstanceBegan) and event.place.startswith(f"{name} at "):
            found[event.instance] = event.content
        elif isinstance(event, InstanceEnded):
            found.pop(event.instance, None)
    live: dict[str, set[str]] = {}
    for instance, content in found.items():
        live.setdefault(content, set()).add(instance)
    return live


@dataclass
class Copying:
    """One replication as it goes on: from the archive to a directory, by way of its staging."""

    archive: Archive
    target: Path
    staging: Path
    progress: Progress | None = None
    objects: int = 0
    manifests: int = 0
    bytes: int = 0
    problems: list[Problem] = field(default_factory=list)
    _seen: dict[str, bool] = field(default_factory=dict)

    def holdings(self) -> list[ContentAdded]:
        """Copy what events and holdings need; return the additions that are now whole in the replica."""
        held = read_held(self.archive.events())
        present = {name: place.path for name, place in self.archive.objects.all()}
        for identifier in sorted(held.named & present.keys()):
            self._object(identifier, present[identifier], ())
        return [added for added in held.live.values() if self._holding(added)]

    def journal(self, until: int) -> int:
        """Copy the records that the replica lacks, up to one of which all that it needs is there."""
        copied, here = 0, self.archive.journal
        there = Journal(self.target, self.archive.id, self.archive.disk)
        for sealed in here.sealed(since=there.head()):
            number = sealed.record.number
            if number > until:
                break
            data = read_range(here.path(number))
            publish_record(self.archive, self.staging, data, there.path(number), self.target)
            copied += 1
        return copied

    def _holding(self, added: ContentAdded) -> bool:
        """Copy a holding, its objects first; say whether all of it is there."""
        try:
            envelope = self.archive.envelope(added.holding)
        except SelfscopeError as error:
            self._problem("manifest", added.holding, error, (added.content,))
            return False
        whole = True
        for kept in envelope.objects:
            path = self.archive.objects.place(kept.object, envelope.domain)
            whole &= self._object(kept.object, path, (added.content,))
        source = self.archive.manifest_path(added.holding)
        return whole and self._file(added.holding, source, "manifest", (added.content,))

    def _object(self, identifier: str, source: Path, contents: tuple[str, ...]) -> bool:
        if identifier not in self._seen:
            self._seen[identifier] = self._file(identifier, source, "object", contents)
        return self._seen[identifier]

    def _file(self, identifier: str, source: Path, what: str, contents: tuple[str, ...]) -> bool:
        """Copy one file if the replica lacks it; what does not have its digest is not copied."""
        target = self.target / source.relative_to(self.archive.root)
        if target.is_file():
            return True
        try:
            staged = staged_copy(self.archive, self.staging, source, identifier)
        except SelfscopeError as error:
            self._problem(what, identifier, error, contents)
            return False
        Objects(self.target, self.archive.disk).publish([(staged, target)])
        self.bytes += staged.size
        self.objects += what == "object"
        self.manifests += what == "manifest"
        if self.progress is not None:
            self.progress(self.bytes, self.bytes)
        return True

    def _problem(self, what: str, where: str, error: SelfscopeError, contents: tuple[str, ...]) -> None:
        problem = Problem(what, where, error.sentence(), contents)
        if problem not in self.problems:
            self.problems.append(problem)


def staged_copy(archive: Archive, staging: Path, source: Path, identifier: str) -> Staged:
    """Copy a file to a staging directory, not synced yet, and return it if it has the digest of its name.

    Raises
    ------
    Damaged
        If it has not; nothing of it is then left in staging.
    CouldNot
        If a disk refuses.
    """
    objects = Objects(staging.parent.parent, archive.disk)
    staged = objects.begin(staging, f"copy-{uuid.uuid4().hex[:16]}")
    staged.hasher = blake3(max_threads=blake3.AUTO)
    try:
        with reading(source) as fd:
            while part := os.read(fd, CHUNK):
                objects.write(staged, part)
        if staged.id != identifier:
            raise Damaged("a file is not what was stored", got=source, fix="Repair it from another replica")
    except BaseException:
        archive.disk.close(staged.opened)
        archive.disk.unlink(staged.opened.path)
        raise
    return staged


def publish_record(archive: Archive, staging: Path, data: bytes, target: Path, root: Path) -> None:
    """Write a record's file durably under its name, if that is free."""
    aside = staging / f"record-{target.stem}"
    opened = archive.disk.create(aside)
    try:
        archive.disk.write(opened, data)
        archive.disk.sync(opened)
    finally:
        archive.disk.close(opened)
    make_dirs(archive.disk, target.parent, root)
    archive.disk.link(aside, target)
    for directory in (target.parent, target.parent.parent):
        archive.disk.sync_dir(directory)
    archive.disk.unlink(aside)


def _begun(
    archive: Archive, whole: list[ContentAdded], place: str, device: str, medium: str, name: str
) -> list[Event]:
    """Return the events by which copies began on the replica that were not there before."""
    there, events = instances_of(archive.events(), name), list[Event]()
    for added in whole:
        if there.get(added.content):
            continue
        new = new_id("instance")
        there[added.content] = {new}
        events.append(
            InstanceBegan(
                new, added.content, device, medium, place, archive.now(), added.instance, grade="witnessed"
            )
        )
        events.append(EdgeDrawn("copy", (added.instance,), new, "witnessed"))
    return events


def _prepare(archive: Archive, target: Path) -> str:
    """Make what a replica needs before anything is copied; return its name."""
    disk = archive.disk
    if (target / CARD).exists() and not (target / NAME).exists():
        raise BadInput("there is an archive, and no replica", got=target, fix="Name an empty directory")
    strange = target.exists() and any(each.name != f".{NAME}" for each in target.iterdir())
    if strange and not (target / NAME).exists():
        raise BadInput("this directory is not empty", got=target, fix="Name an empty one, or a replica")
    if not target.exists():
        disk.mkdir(target)
        disk.sync_dir(target.parent)
    if not (target / NAME).exists():
        said = {"archive": archive.id, "replica": f"replica:{uuid.uuid4()}"}
        _write_small(archive, target / f".{NAME}", target / NAME, canonical_json(said) + b"\n")
    for directory in _DIRECTORIES:
        disk.mkdir(target / directory)
    if not (target / "lock").exists():
        disk.close(disk.create(target / "lock"))
    for directory in ("", *_DIRECTORIES):
        disk.sync_dir(target / directory)
    return _name(target, archive.id)


def _finish(archive: Archive, target: Path, staging: Path) -> None:
    """Give the replica its card, by which it can be opened."""
    card = read_range(archive.root / CARD)
    if not (target / CARD).exists():
        _write_small(archive, staging / CARD, target / CARD, card)
    elif read_range(target / CARD) != card:
        raise Refused("the replica's card is not this archive's", got=target / CARD)


def _write_small(archive: Archive, aside: Path, target: Path, data: bytes) -> None:
    disk = archive.disk
    disk.unlink(aside)
    opened = disk.create(aside)
    try:
        disk.write(opened, data)
        disk.sync(opened)
    finally:
        disk.close(opened)
    disk.link(aside, target)
    disk.sync_dir(target.parent)
    disk.unlink(aside)


def _name(target: Path, archive: str = "") -> str:
    """Return a replica's name, or "" where there is none."""
    if not (target / NAME).exists():
        return ""
    try:
        said = json.loads(read_range(target / NAME))
        name, of = str(said["replica"]), str(said["archive"])
    except (ValueError, KeyError, TypeError) as error:
        raise CouldNot("a replica's name cannot be read", got=target / NAME) from error
    if archive and of != archive:
        raise Refused("this is a replica of another archive", got=f"{target}: {of}")
    return name


def _refuse_nested(root: Path, target: Path) -> None:
    if target == root or target.is_relative_to(root) or root.is_relative_to(target):
        raise BadInput("a replica lies beside its archive, not in it", got=target, fix="Name another place")


def _refuse_other_history(archive: Archive, target: Path) -> None:
    """Refuse a replica whose journal does not say what this one says, as far as it goes.

    Raises
    ------
    Refused
        If it is so, or the replica knows of more than this archive does.
    """
    here = archive.journal
    for number, path in _records(target):
        if not here.path(number).exists():
            raise Refused(
                "the replica knows of more than this archive: was this one rolled back?",
                got=f"record {number} of {target}", fix="Verify both, and repair this one from the replica",
            )  # fmt: skip
        theirs = read_range(path)
        if theirs != read_range(here.path(number)):
            read_record(theirs, number)
            raise Refused("the replica has another history", got=f"record {number} of {target}")


def _records(root: Path) -> Iterator[tuple[int, Path]]:
    for path in sorted((root / "journal").glob("*/*.json")):
        if path.stem.isdecimal():
            yield int(path.stem), path
