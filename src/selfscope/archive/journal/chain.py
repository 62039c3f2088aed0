"""The source of truth: an append-only, hash-chained, signed list of records, one file each.

A record is published by giving its file the next number with a link that replaces nothing: of several writers
exactly one gets the number, and the others look at what was written and try the next. So all records stand in
one order, each names the digest of the one before, and a reader sees whole records or none.

A file has two lines: the record as canonical JSON, and its seal, which holds the digest of the first line and
a signature over that digest. The chain shows a record that was changed, removed, doubled or moved. A chain
that was cut off at its end looks whole from inside; a :class:`Checkpoint` kept elsewhere shows that too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from selfscope.archive.journal.disk import Disk, make_dirs, refusal_of
from selfscope.archive.journal.events import Event, as_json, from_json
from selfscope.archive.journal.moments import stamp
from selfscope.archive.journal.signing import PREFIX, message, verify
from selfscope.errors import BadInput, CouldNot, SelfscopeError
from selfscope.values.canonical import bytes_id, canonical_json

BEFORE_ALL = "b3:" + "0" * 64
"""What the first record names as the one before it."""

PER_DIRECTORY = 1000

PURPOSE = "journal record"
"""What a record's signature is for."""


class Signer(Protocol):
    """Whoever signs records: a public key in hexadecimal, and Ed25519 signatures by its private half.

    A :class:`~selfscope.archive.journal.signing.SigningKey` is one; so is what asks a key held elsewhere.
    """

    @property
    def key(self) -> str:
        """The public key, 64 hexadecimal digits."""

    def sign(self, data: bytes) -> bytes:
        """Return the signature over `data`, 64 bytes."""


@dataclass(frozen=True)
class Record:
    """One step of the archive's history.

    Attributes
    ----------
    number
        1, 2, 3, …
    previous
        Digest of the record before, or BEFORE_ALL.
    time
        ISO 8601 in UTC, by the writer's clock.
    archive
        Id of the archive, so that no record of another can be slipped in.
    events
        What happened, all of it or nothing.
    """

    number: int
    previous: str
    time: str
    archive: str
    events: tuple[Event, ...]

    def as_bytes(self) -> bytes:
        """Return the record's one spelling."""
        body = {
            "archive": self.archive,
            "events": [as_json(event) for event in self.events],
            "number": self.number,
            "previous": self.previous,
            "time": self.time,
        }
        return canonical_json(body)


@dataclass(frozen=True)
class Head:
    """Where the journal ends: number and digest of its last record."""

    number: int = 0
    digest: str = BEFORE_ALL
    time: str = ""


@dataclass(frozen=True)
class Sealed:
    """A record as it lies on the disk, with its digest and the signature over it."""

    record: Record
    digest: str
    key: str
    signature: str

    @property
    def head(self) -> Head:
        """The journal's end while this was the last record."""
        return Head(self.record.number, self.digest, self.record.time)

    def is_signed_by(self, key: str) -> bool:
        """Say whether the holder of a public key (``ed25519:…``) signed this record."""
        return self.key == key and verify(key, PURPOSE, statement(self.record, self.digest), self.signature)


@dataclass(frozen=True)
class Checkpoint:
    """A signed statement, to be kept elsewhere, that the journal had come this far.

    It is what the seal of one record says, so the archive's own seal on that record is the signature.
    """

    archive: str
    number: int
    digest: str
    time: str
    key: str
    signature: str

    def as_bytes(self) -> bytes:
        """Return the checkpoint as a file's content."""
        return canonical_json(self) + b"\n"

    def is_signed_by(self, key: str) -> bool:
        """Say whether the holder of a public key (``ed25519:…``) signed this."""
        return self.key == key and verify(key, PURPOSE, statement(self, self.digest), self.signature)

    @staticmethod
    def read(path: Path) -> Checkpoint:
        """Read a checkpoint's file.

        Raises
        ------
        BadInput
            If it is not one.
        """
        try:
            return Checkpoint(**json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError) as error:
            raise BadInput(
                "this is not a checkpoint", got=path, fix="Give the file that `keep checkpoint` wrote"
            ) from error


class Damaged(CouldNot):
    """Something in the archive is not what it was when it was written."""


@dataclass
class Journal:
    """The records under one directory.

    Parameters
    ----------
    root
        The archive's directory.
    archive
        The archive's id.
    disk
        The hands.
    signer
        Who signs, or None for records without signatures.
    clock
        Tells the time; a test hands in its own.
    hint
        Where somebody who read it before says that it ended: reading begins there if the journal agrees. What
        is before is checked by a verification, and by whoever reads it.
    """

    root: Path
    archive: str
    disk: Disk
    signer: Signer | None = None
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    hint: Callable[[], Head] = field(default=Head, repr=False)
    _known: Head = field(default_factory=Head, repr=False)

    def path(self, number: int) -> Path:
        """Return where the record of one number lies."""
        return self.root / "journal" / f"{number // PER_DIRECTORY:06d}" / f"{number:09d}.json"

    def head(self) -> Head:
        """Return where the journal ends now.

        Reads only what came since the last look. A journal that got shorter meanwhile is damaged.
        """
        if self._known.number and not self.path(self._known.number).exists():
            raise Damaged(
                "the journal lost records while it was open",
                got=self._known.number,
                fix="Restore the root from a replica",
            )
        known = self._known if self._known.number else self._hinted()
        for sealed in self.sealed(since=known):
            known = sealed.head
        self._known = known
        return known

    def _hinted(self) -> Head:
        """Return the head from which to read on at the first look, or the one before all."""
        head = self.hint()
        try:
            return head if head.number and self.had(head) else Head()
        except Damaged:
            return Head()

    def sealed(self, since: Head | None = None, until: int | None = None) -> Iterator[Sealed]:
        """Yield the records after `since`, in order, each checked against the one before.

        Raises
        ------
        Damaged
            At the first record that is not what was written.
        """
        last = since or Head()
        while until is None or last.number < until:
            data = self._bytes(last.number + 1)
            if data is None:
                return
            sealed = read_record(data, last.number + 1)
            self._follows(sealed, last)
            yield sealed
            last = sealed.head

    def records(self, since: int = 0) -> Iterator[Record]:
        """Yield the records with a number above `since`."""
        start = self._head_at(since)
        for sealed in self.sealed(since=start):
            yield sealed.record

    def record(self, number: int) -> Record:
        """Return one record, checked by itself.

        Raises
        ------
        Damaged
            If it is gone, or not what was written.
        """
        data = self._bytes(number)
        if data is None:
            raise Damaged("a record of the journal is gone", got=number, fix="Repair it from a replica")
        return read_record(data, number).record

    def append(
        self, events: Sequence[Event], staging: Path, check: Callable[[Head], None] | None = None
    ) -> Sealed:
        """Write one record with all of `events`; it is committed when this returns.

        `check` is asked before each try, with the head that the record would follow, and may raise: what it
        saw is then exactly what stood in the journal when the record was, or was not, added.

        Raises
        ------
        CouldNot
            If the disk refuses; then no reader sees the record, unless what failed was the very last sync,
            after which the record is there but may not outlive a loss of power.
        """
        if not events:
            raise BadInput("a record without events was to be written", fix="Append at least one event")
        while True:
            head = self.head()
            self._refuse_hole(head)
            if check is not None:
                check(head)
            sealed = self._seal(head, tuple(events))
            if self._publish(sealed, staging):
                self._known = sealed.head
                return sealed

    def checkpoint(self, number: int | None = None) -> Checkpoint:
        """Return a signed statement of how far the journal has come, or had come at `number`."""
        wanted = self.head().number if number is None else number
        data = self._bytes(wanted)
        if data is None:
            raise BadInput("the journal has no record of that number", got=wanted)
        sealed = read_record(data, wanted)
        return Checkpoint(
            self.archive, wanted, sealed.digest, sealed.record.time, sealed.key, sealed.signature
        )

    def forget(self) -> None:
        """Read everything anew at the next look, for files of it were exchanged."""
        self._known, self.hint = Head(), Head

    def had(self, head: Head) -> bool:
        """Say whether the journal once ended exactly there."""
        if head.number == 0:
            return head.digest == BEFORE_ALL
        data = self._bytes(head.number)
        return data is not None and read_record(data, head.number).digest == head.digest

    def _head_at(self, number: int) -> Head:
        if number <= 0:
            return Head()
        data = self._bytes(number)
        if data is None:
            return Head(number)
        return read_record(data, number).head

    def _seal(self, head: Head, events: tuple[Event, ...]) -> Sealed:
        now = stamp(self.clock())
        record = Record(head.number + 1, head.digest, now, self.archive, events)
        digest = bytes_id(record.as_bytes())
        if self.signer is None:
            return Sealed(record, digest, "", "")
        signature = self.signer.sign(message(PURPOSE, statement(record, digest)))
        return Sealed(record, digest, PREFIX + self.signer.key, PREFIX + signature.hex())

    def _publish(self, sealed: Sealed, staging: Path) -> bool:
        """Write the record aside, make it durable, and give it its number if that is still free."""
        target = self.path(sealed.record.number)
        aside = staging / f"record-{sealed.record.number}-{sealed.digest[3:19]}"
        opened = self.disk.create(aside)
        try:
            self.disk.write(opened, record_bytes(sealed))
            self.disk.sync(opened)
        finally:
            self.disk.close(opened)
        make_dirs(self.disk, target.parent, self.root)
        won = self.disk.link(aside, target)
        if won:
            self._make_durable(target)
        self.disk.unlink(aside)
        return won

    def _make_durable(self, target: Path) -> None:
        """Sync the name of a record, and the names before it that a dead writer may have left unsynced."""
        if int(target.stem) % PER_DIRECTORY <= 1:
            before = self.path(int(target.stem) - 1).parent
            for directory in {before, self.root / "journal", self.root}:
                if directory.is_dir():
                    self.disk.sync_dir(directory)
        self.disk.sync_dir(target.parent)

    def _refuse_hole(self, head: Head) -> None:
        """Refuse to write in the place of a record that was lost: later ones are there."""
        last = max((int(each.name) for each in _numbered(self.root / "journal")), default=0)
        last = max((int(each.stem) for each in _numbered(self.path(last * PER_DIRECTORY).parent)), default=0)
        if last > head.number and not self.path(head.number + 1).exists():
            raise Damaged(
                "a record of the journal is missing, and later ones are there",
                got=head.number + 1,
                fix="Repair it from a replica",
            )

    def _follows(self, sealed: Sealed, last: Head) -> None:
        record = sealed.record
        if record.archive != self.archive:
            raise Damaged("a journal record belongs to another archive", got=record.archive)
        if record.previous != last.digest:
            raise Damaged(
                f"journal record {record.number} does not follow the one before it",
                got=record.previous,
                fix="Restore the journal from a replica; nothing is repaired silently",
            )

    def _bytes(self, number: int) -> bytes | None:
        path = self.path(number)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise refusal_of(error, "read", path) from error
        try:
            with os.fdopen(fd, "rb") as file:
                return file.read()
        except OSError as error:
            raise refusal_of(error, "read", path) from error


def _numbered(directory: Path) -> list[Path]:
    """Return what lies in a directory under a number."""
    found = directory.iterdir() if directory.is_dir() else ()
    return [each for each in found if each.stem.isdecimal()]


def statement(record: Record | Checkpoint, digest: str) -> dict[str, Any]:
    """Return what is signed for a record, and so what a checkpoint says."""
    return {"archive": record.archive, "number": record.number, "time": record.time, "digest": digest}


def record_bytes(sealed: Sealed) -> bytes:
    """Return a record's file: the record, and its seal."""
    seal = {"digest": sealed.digest, "key": sealed.key, "signature": sealed.signature}
    return sealed.record.as_bytes() + b"\n" + canonical_json(seal) + b"\n"


def read_record(data: bytes, number: int) -> Sealed:
    """Return the record in a file's bytes.

    Raises
    ------
    Damaged
        If any byte of it is not as written, as far as one record alone can show.
    """
    try:
        first, second, rest = data.split(b"\n")
        seal = json.loads(second)
        body: dict[str, Any] = json.loads(first)
        sealed = Sealed(_record(body), bytes_id(first), str(seal["key"]), str(seal["signature"]))
    except (ValueError, KeyError, TypeError, RecursionError, SelfscopeError) as error:
        raise Damaged(
            f"journal record {number} cannot be read", got=error, fix="Restore it from a replica"
        ) from error
    same_seal = canonical_json({**seal, "digest": sealed.digest}) == second
    if rest or not same_seal or sealed.record.number != number:
        raise Damaged(
            f"journal record {number} is not what was written", got=seal, fix="Restore it from a replica"
        )
    return sealed


def _record(body: dict[str, Any]) -> Record:
    events = tuple(from_json(event) for event in body["events"])
    return Record(int(body["number"]), str(body["previous"]), str(body["time"]), str(body["archive"]), events)
