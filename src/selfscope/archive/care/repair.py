"""Putting whole files in the place of damaged ones: only when asked, only from a replica that has them whole.

What is taken from a replica is checked first, by its own name or, for a record of the journal, by its
signature and its place in the chain. What the replica has not, or has damaged too, is left and said.

A copy that was damaged is not that copy any more when other bytes are put into it. So its instance ends, and
another begins that was copied from the replica's. That is journaled before the files are exchanged: a death
in between leaves damage that is found again, never a repair of which nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from selfscope.archive.care.problems import Problem
from selfscope.archive.care.replicate import instances_of, open_replica, staged_copy
from selfscope.archive.journal.chain import BEFORE_ALL, Damaged, Sealed, read_record
from selfscope.archive.journal.disk import make_dirs
from selfscope.archive.journal.events import (
    UNKNOWN,
    ContentAdded,
    EdgeDrawn,
    Event,
    InstanceBegan,
    Repaired,
    new_id,
)
from selfscope.archive.journal.held import Held, read_held
from selfscope.archive.lineage.joins import moved
from selfscope.archive.store.digests import file_digest
from selfscope.archive.store.objects import Staged
from selfscope.archive.store.reading import read_range
from selfscope.errors import CouldNot, SelfscopeError

if TYPE_CHECKING:
    from selfscope.archive.store.archive import Archive


@dataclass(frozen=True)
class Mended:
    """What a repair came to.

    Attributes
    ----------
    replica
        Where the whole files came from.
    repaired
        What was, or would be, replaced: ids of objects and manifests, ``record N`` of the journal.
    left
        What is damaged still, each with the reason why.
    instances
        The instances that ended, each with the one that began in its place.
    executed
        Whether it was done, or only looked at.
    """

    replica: str
    repaired: tuple[str, ...]
    left: tuple[Problem, ...]
    instances: tuple[tuple[str, str], ...]
    executed: bool


def repair(archive: Archive, replica: Path, *, dry_run: bool = False) -> Mended:
    """Replace what is damaged by what a replica has whole.

    Raises
    ------
    Refused
        If the replica is of another archive.
    Damaged
        If the journal cannot be made whole from this replica; what else is damaged is then not known.
    """
    other, name = open_replica(archive, replica)
    if dry_run:
        return Mending(archive, other, name).looked_at()
    with archive.excluding() as staging:
        mending = Mending(archive, other, name)
        mending.records(staging)
        mending.files(staging)
        return mending.result()


@dataclass
class Mending:
    """One repair as it goes on."""

    archive: Archive
    replica: Archive
    name: str
    repaired: list[str] = field(default_factory=list)
    left: list[Problem] = field(default_factory=list)
    instances: list[tuple[str, str]] = field(default_factory=list)

    def looked_at(self) -> Mended:
        """Return what would be done, as far as the journal as it is now shows."""
        records = [number for number, _ in self._records()]
        found = [f"record {number}" for number in records]
        if not records:
            held = read_held(self.archive.events())
            found = [p.where for p, source in self._damaged() if self._can(p, source, held)]
        return Mended(self.name, tuple(found), tuple(self.left), (), False)

    def result(self) -> Mended:
        """Return what was done."""
        return Mended(self.name, tuple(self.repaired), tuple(self.left), tuple(self.instances), True)

    def records(self, staging: Path) -> None:
        """Make the journal whole, and say so in it."""
        done = []
        for number, data in self._records():
            self._put_record(staging, number, data)
            done.append(f"record {number}")
        if done:
            self.archive.journal.forget()
            self.archive.append([Repaired(tuple(done), self.name, self.archive.now())])
            self.repaired += done

    def files(self, staging: Path) -> None:
        """Replace manifests, and then objects, which only whole manifests can name."""
        tried: set[str] = set()
        while True:
            held = read_held(self.archive.events())
            todo = [(p, source) for p, source in self._damaged() if p.where not in tried]
            if not todo:
                return
            tried |= {problem.where for problem, _ in todo}
            ready = [each for each in (self._stage(staging, p, s, held) for p, s in todo) if each]
            self._exchange(ready, held)

    def _records(self) -> Iterator[tuple[int, bytes]]:
        """Yield the records that are damaged or missing here, and whole and fitting in the replica."""
        previous, number = BEFORE_ALL, 1
        while True:
            mine, theirs = _sealed(self.archive, number), _sealed(self.replica, number)
            if _fits(self.archive, mine, previous):
                assert mine is not None
                previous = mine.digest
            elif _fits(self.archive, theirs, previous):
                assert theirs is not None
                yield number, read_range(self.replica.journal.path(number))
                previous = theirs.digest
            else:
                self._end(number)
                return
            number += 1

    def _end(self, number: int) -> None:
        """See that the journal ends here, and is not broken."""
        if self.archive.journal.path(number).exists():
            raise Damaged(
                f"journal record {number} is damaged, and the replica has none that fits",
                got=self.replica.root, fix="Try another replica",
            )  # fmt: skip
        if self.archive.journal.path(number + 1).exists():
            raise Damaged(f"journal record {number} is missing, and the replica has none that fits")

    def _put_record(self, staging: Path, number: int, data: bytes) -> None:
        disk, target = self.archive.disk, self.archive.journal.path(number)
        aside = staging / f"mended-{number}"
        opened = disk.create(aside)
        try:
            disk.write(opened, data)
            disk.sync(opened)
        finally:
            disk.close(opened)
        make_dirs(disk, target.parent, self.archive.root)
        disk.rename(aside, target)
        for directory in (staging, target.parent, target.parent.parent):
            disk.sync_dir(directory)

    def _damaged(self) -> list[tuple[Problem, Path]]:
        """Return the objects and manifests that are not whole, each with where the replica keeps it."""
        found = []
        for problem in self.archive.verify(level="full").problems:
            if problem.what == "object":
                place = self.replica.objects.find(problem.where)
                found.append((problem, place.path if place else self.replica.objects.place(problem.where)))
            elif problem.what == "manifest":
                found.append((problem, self.replica.manifest_path(problem.where)))
        return found

    def _whole(self, source: Path, identifier: str) -> bool:
        try:
            return file_digest(source) == identifier
        except CouldNot:
            return False

    def _stage(self, staging: Path, problem: Problem, source: Path, held: Held) -> _Ready | None:
        """Copy one file from the replica, checked; or note why not."""
        if not self._can(problem, source, held):
            return None
        staged = staged_copy(self.archive, staging, source, problem.where)
        try:
            self.archive.disk.sync(staged.opened)
        finally:
            self.archive.disk.close(staged.opened)
        target = self.archive.root / source.relative_to(self.replica.root)
        return _Ready(problem.where, staged, target, _hurt(self.archive, held, problem))

    def _can(self, problem: Problem, source: Path, held: Held) -> bool:
        """Say whether a file can be put back, and note why where it cannot."""
        if any(added.instance in held.pinned for added in _hurt(self.archive, held, problem)):
            self._leave(problem, "a copy that needs it is pinned, and what is pinned is not repaired over")
            return False
        if not self._whole(source, problem.where):
            self._leave(problem, "the replica has it not, or damaged too")
            return False
        return True

    def _leave(self, problem: Problem, why: str) -> None:
        self.left.append(replace(problem, why=why))

    def _exchange(self, ready: list[_Ready], held: Held) -> None:
        """Journal what is about to be done, then do it."""
        if not ready:
            return
        hurt = {added.instance: added for each in ready for added in each.hurt}
        there = instances_of(self.archive.events(), self.name)
        events: list[Event] = []
        for added in hurt.values():
            events += self._succeeded(added, min(there.get(added.content, {UNKNOWN})))
        names = tuple(each.id for each in ready)
        self.archive.append([*events, Repaired(names, self.name, self.archive.now())])
        disk = self.archive.disk
        for each in ready:
            make_dirs(disk, each.target.parent, self.archive.root)
            disk.rename(each.staged.opened.path, each.target)
        for directory in sorted({each.staged.opened.path.parent for each in ready}):
            disk.sync_dir(directory)
        for directory in sorted({each.target.parent for each in ready}):
            disk.sync_dir(directory)
            disk.sync_dir(directory.parent)
        self.repaired += names

    def _succeeded(self, added: ContentAdded, source: str) -> list[Event]:
        """Return the events by which a damaged copy ended and another took its place."""
        archive, new = self.archive, new_id("instance")
        began = InstanceBegan(
            new, added.content, f"machine:{archive.host.machine}", "disk", f"{archive.id} at {archive.root}",
            archive.now(), source,
        )  # fmt: skip
        self.instances.append((added.instance, new))
        taken, ended = moved(added.instance, began, "repair")
        edge = [] if source == UNKNOWN else [EdgeDrawn("copy", (source,), new, "witnessed")]
        return [ended, taken, *edge, replace(added, instance=new, stored=0)]


@dataclass(frozen=True)
class _Ready:
    """A whole file in staging, where it is to go, and the copies that were damaged without it."""

    id: str
    staged: Staged
    target: Path
    hurt: tuple[ContentAdded, ...]


def _hurt(archive: Archive, held: Held, problem: Problem) -> tuple[ContentAdded, ...]:
    """Return the live additions that need a damaged file."""
    found = []
    for added in held.live.values():
        if problem.what == "manifest":
            needs = added.holding == problem.where
        else:
            needs = problem.where in _objects(archive, added)
        if needs:
            found.append(added)
    return tuple(found)


def _objects(archive: Archive, added: ContentAdded) -> set[str]:
    try:
        return {kept.object for kept in archive.envelope(added.holding).objects}
    except SelfscopeError:
        return set()


def _sealed(archive: Archive, number: int) -> Sealed | None:
    """Return a record if it can be read."""
    try:
        return read_record(read_range(archive.journal.path(number)), number)
    except SelfscopeError:
        return None


def _fits(archive: Archive, sealed: Sealed | None, previous: str) -> bool:
    """Say whether this is the archive's record after `previous`, by its own signature."""
    return (
        sealed is not None
        and sealed.record.archive == archive.id
        and sealed.record.previous == previous
        and sealed.is_signed_by(archive.key)
    )
