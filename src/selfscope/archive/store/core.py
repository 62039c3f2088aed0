"""What every act of an archive stands on: its turns, its history, and what that history names.

A writer holds a turn while it stages, publishes and commits. What is held is what the journal tells; how a
content is held is a document of its own, whose bytes are checked against its id whenever it is read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from selfscope.archive.journal import presence
from selfscope.archive.journal.chain import Checkpoint, Damaged, Head, Journal, Record, Sealed
from selfscope.archive.journal.disk import Disk
from selfscope.archive.journal.events import EdgeDrawn, Event, InstanceBegan
from selfscope.archive.journal.moments import stamp
from selfscope.archive.store.index import Index
from selfscope.archive.store.manifests import Envelope, Holding, read_envelope
from selfscope.archive.store.objects import Objects
from selfscope.archive.store.reading import read_range
from selfscope.archive.store.tables import Row
from selfscope.errors import BadInput, Refused
from selfscope.values.canonical import bytes_id

if TYPE_CHECKING:
    from selfscope.archive.lineage.kept import Lineage


class Vault(Protocol):
    """Whoever holds the keys of destruction domains; see :mod:`selfscope.archive.store.vault`."""

    def open_domain(self, domain: str) -> str:
        """Make a domain's key where there was none, and return its fingerprint."""

    def fingerprint(self, domain: str) -> str:
        """Return the fingerprint of a domain's key."""

    def seal(self, domain: str, data: bytes | memoryview) -> bytes:
        """Return `data` encrypted under a domain's key; the same data always to the same bytes."""

    def open(self, domain: str, sealed: bytes) -> bytes:
        """Return what was sealed."""


@dataclass
class Core:
    """An archive without its acts; :class:`selfscope.archive.store.archive.Archive` has them.

    Attributes
    ----------
    root
        Its directory.
    id
        ``archive:…``, given at the beginning.
    key
        The public key that its journal's records are signed with (``ed25519:…``), or "".
    disk, journal, objects
        The hands, the history, the bytes.
    vault
        Holds the keys of encrypted domains, or None where there are none to use.
    """

    root: Path
    id: str
    key: str
    disk: Disk
    journal: Journal
    objects: Objects
    vault: Vault | None = None
    index: Index = field(init=False, repr=False)
    patience: float = presence.PATIENCE
    host: presence.Host = field(default_factory=presence.Host.here)
    _turn: threading.local = field(default_factory=threading.local, repr=False)

    def __post_init__(self) -> None:
        self.index = Index(self.root / "index.sqlite", self.journal, self.envelope)
        self.journal.hint = self.index.head

    @cached_property
    def lineage(self) -> Lineage:
        """The graph of copies as the journal tells it, advanced by what is new."""
        from selfscope.archive.lineage.kept import Lineage

        return Lineage(self.journal, self.root / "index.lineage")

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """Hold a writer's turn; give its staging directory. A turn inside a turn is the same one."""
        held: Path | None = getattr(self._turn, "staging", None)
        if held is not None:
            yield held
            return
        self._refuse_unsigned()
        with presence.writing_turn(self.disk, self.root, host=self.host, patience=self.patience) as staging:
            yield from self._hold(staging)

    @contextmanager
    def excluding(self) -> Iterator[Path]:
        """Hold the turn of removal, in which nobody writes; give its staging directory."""
        if getattr(self._turn, "staging", None) is not None:
            raise BadInput("removal was asked for inside a writer's turn", fix="End that turn first")
        self._refuse_unsigned()
        with presence.lone_turn(self.disk, self.root, host=self.host, patience=self.patience) as staging:
            yield from self._hold(staging)

    def manifest_path(self, identifier: str) -> Path:
        """Return where the document lies that says how a content is held."""
        digits = identifier.removeprefix("b3:")
        return self.root / "manifests" / digits[:2] / f"{digits}.json"

    def envelope(self, identifier: str) -> Envelope:
        """Return what can be read of a holding without any key, its bytes checked against its id.

        Raises
        ------
        Damaged
            If it is gone, or not what was written.
        """
        path = self.manifest_path(identifier)
        data = read_range(path)
        if bytes_id(data) != identifier:
            raise Damaged("a manifest is not what was stored", got=path, fix="Repair it from a replica")
        return read_envelope(data)

    def holding(self, identifier: str) -> Holding:
        """Return the whole of a holding, opened with the vault where its domain is encrypted."""
        envelope = self.envelope(identifier)
        return envelope.holding(lambda sealed: self.open_vault().open(envelope.domain, sealed))

    def holdings(self, content: str) -> list[Row]:
        """Return the live holdings of a content, those that stand alone and in the clear first.

        Raises
        ------
        BadInput
            If there is none.
        """
        rows = sorted(self.index.holdings(content), key=lambda row: (row.domain != "", row.base != ""))
        if not rows:
            raise BadInput("the archive does not hold this content", got=content, fix="List what it holds")
        return rows

    def now(self) -> str:
        """Return the time by the archive's clock, as the journal writes it."""
        return stamp(self.journal.clock())

    def append(self, events: Sequence[Event], check: Callable[[Self], None] | None = None) -> Record:
        """Commit events, all or none.

        `check` is called with this archive while its journal stands exactly where the events will follow;
        it may raise, and is called again when another writer came first.

        Raises
        ------
        BadInput
            If they tell of copies or edges that would make the lineage untrue.
        """
        told = any(isinstance(event, (InstanceBegan, EdgeDrawn)) for event in events)

        def look(head: Head) -> None:
            if told:
                self.lineage.admit(events)
            if check is not None:
                check(self)

        with self.writing() as staging:
            return self.journal.append(events, staging, look).record

    def deciding(self) -> Iterator[Event]:
        """Yield, in order, the events of the records that tell of more than copies and turns of threads.

        Which records those are is what the index says; what they say is the journal's.
        """
        for number in self.index.deciding():
            yield from self.journal.record(number).events

    def began(self, instance: str) -> InstanceBegan | None:
        """Return the beginning of an instance as the journal tells it, or None if it was never heard of."""
        number = self.index.began(instance)
        told = self.journal.record(number).events if number else ()
        found = (each for each in told if isinstance(each, InstanceBegan) and each.instance == instance)
        return next(found, None)

    def records(self, since: int = 0) -> Iterator[Record]:
        """Yield the journal's records with a number above `since`."""
        return self.journal.records(since)

    def events(self) -> Iterator[Event]:
        """Yield everything that ever happened, in order."""
        for record in self.records():
            yield from record.events

    def checkpoint(self) -> Checkpoint:
        """Return a signed statement of how far the journal has come, to be kept elsewhere."""
        return self.journal.checkpoint()

    def sealed(self) -> Iterator[Sealed]:
        """Yield the journal's records with their seals."""
        return self.journal.sealed()

    def open_vault(self) -> Vault:
        """Return the keys of encrypted domains, or say that they are missing."""
        if self.vault is None:
            raise BadInput("this needs the keys of its domain", fix="Open the archive with its vault")
        return self.vault

    def _refuse_unsigned(self) -> None:
        if self.journal.signer is None:
            raise Refused(
                "this archive is open for reading: its signing key is not here",
                fix="Put the key back where it was, or write as a user who may read it",
            )

    def _hold(self, staging: Path) -> Iterator[Path]:
        self._turn.staging = staging
        try:
            yield staging
        finally:
            self._turn.staging = None
