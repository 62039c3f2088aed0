"""The archive: one directory, one journal, and what its events name.

::

    ROOT/archive.json          which archive this is, its version, its public key
    ROOT/objects/b3/aa/bb/…    immutable bytes, each under the digest of itself
    ROOT/sealed/DOMAIN/aa/bb/… the same, encrypted under the domain's key
    ROOT/manifests/aa/…        what each content is and how it is held
    ROOT/journal/000000/…      what happened: the source of truth
    ROOT/index.sqlite          answers quickly; rebuilt from the journal and the manifests at any time
    ROOT/index.lineage         the same for the graph of copies, where there are many
    ROOT/staging/…             what is being written
    ROOT/keys/journal.pem      signs the journal, mode 0600; better kept elsewhere
    ROOT/lock                  turns of writers and of removal

Data is durable before the manifest that needs it is written, the manifest before the journal's record, and
the record is the moment at which something is in the archive. A reader sees nothing else.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from selfscope.archive.journal import presence
from selfscope.archive.journal.chain import (
    Checkpoint,
    Damaged,
    Head,
    Journal,
    Record,
    Sealed,
    Signer,
)
from selfscope.archive.journal.disk import Disk
from selfscope.archive.journal.events import (
    UNKNOWN,
    ArchiveBegan,
    DomainOpened,
    EdgeDrawn,
    Event,
    Form,
    InstanceBegan,
)
from selfscope.archive.journal.moments import stamp
from selfscope.archive.journal.signing import PREFIX, load_key
from selfscope.archive.store.card import CARD, KEY, VERSION, first_key, lay_out, read_card, write_card
from selfscope.archive.store.index import Index, Row
from selfscope.archive.store.manifests import Envelope, Holding, read_envelope
from selfscope.archive.store.objects import Objects
from selfscope.archive.store.reading import read_range
from selfscope.errors import BadInput, Refused
from selfscope.values.canonical import bytes_id, canonical_json

if TYPE_CHECKING:
    from selfscope.archive.care.collect import Collection, Dropped
    from selfscope.archive.care.problems import Verification
    from selfscope.archive.care.repair import Mended
    from selfscope.archive.care.replicate import Replicated
    from selfscope.archive.care.scrub import Scrubbed
    from selfscope.archive.care.verify import Budget, Level
    from selfscope.archive.lineage.kept import Lineage
    from selfscope.archive.store.add import Added
    from selfscope.archive.store.ingest import Progress
    from selfscope.archive.store.reference import Witness


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
class Archive:
    """An archive that is open. Make one with :meth:`create` or :meth:`open`.

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

    @classmethod
    def create(
        cls,
        root: Path,
        *,
        disk: Disk | None = None,
        vault: Vault | None = None,
        signer: Signer | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> Archive:
        """Begin an archive in a directory that is empty or not there.

        Without `signer` a key is made and kept under the root, with mode 0600.

        Raises
        ------
        BadInput
            If there is something in the directory that a crashed `create` did not leave.
        """
        disk, root = disk or Disk(), Path(root).absolute()
        lay_out(disk, root)
        if signer is None:
            signer = first_key(root / KEY)
        if not (root / CARD).exists():
            card = {"archive": f"archive:{uuid.uuid4()}", "key": PREFIX + signer.key, "version": VERSION}
            write_card(disk, root, canonical_json(card) + b"\n")
        archive = cls.open(root, disk=disk, vault=vault, signer=signer, clock=clock)
        archive.append([ArchiveBegan(archive.id, VERSION)], check=_is_new)
        return archive

    @classmethod
    def open(
        cls,
        root: Path,
        *,
        disk: Disk | None = None,
        vault: Vault | None = None,
        signer: Signer | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> Archive:
        """Open an archive.

        Without `signer`, the key under the root signs; where that was taken elsewhere, the archive is open
        for reading only.

        Raises
        ------
        BadInput
            If the directory holds no archive, or one of a newer version.
        """
        disk, root = disk or Disk(), Path(root).absolute()
        card = read_card(root)
        if signer is None and (root / KEY).exists():
            signer = load_key(root / KEY)
        journal = Journal(root, card["archive"], disk, signer, clock or (lambda: datetime.now(UTC)))
        return cls(root, card["archive"], card["key"], disk, journal, Objects(root, disk), vault)

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

    def put(self, data: bytes, domain: str = "") -> str:
        """Store some bytes and return their id. Without an event that names them they may be collected.

        Raises
        ------
        CouldNot
            If the disk refuses; nothing is then visible.
        """
        stored = self.open_vault().seal(domain, data) if domain else data
        with self.writing() as staging:
            staged = self.objects.stage(staging, f"put-{uuid.uuid4().hex[:12]}", stored)
            self.objects.publish([(staged, self.objects.place(staged.id, domain))])
        return staged.id

    def read(self, identifier: str) -> bytes:
        """Return the bytes that :meth:`put` stored.

        Raises
        ------
        BadInput
            If there is no such object.
        Damaged
            If it is not what was stored.
        Refused
            If its domain's key was destroyed.
        """
        from selfscope.archive.store.fetch import read_object

        return read_object(self, identifier)

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

    def append(self, events: Sequence[Event], check: Callable[[Archive], None] | None = None) -> Record:
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

    def add(
        self,
        path: Path,
        *,
        base: str = "",
        source: str = UNKNOWN,
        name: str = "",
        form: Form | None = None,
        recipe: dict[str, Any] | None = None,
        domain: str = "",
        quarantine: bool = False,
        device: str = "",
        medium: str = "disk",
        place: str = "",
        origin: bool = False,
        progress: Progress | None = None,
    ) -> Added:
        """Store a file or a directory; see :func:`selfscope.archive.store.add.add` and its ``Labels``."""
        from selfscope.archive.store.add import Labels, add

        labels = Labels(name, form, recipe or {}, source, origin, device, medium, place)
        return add(self, path, labels, base=base, domain=domain, quarantine=quarantine, progress=progress)

    def get(self, content: str, out: Path, progress: Progress | None = None) -> int:
        """Write a content to `out`, bit for bit; see :func:`selfscope.archive.store.fetch.get`."""
        from selfscope.archive.store.fetch import get

        return get(self, content, out, progress)

    def verify(
        self,
        content: str = "",
        *,
        level: Level = "full",
        budget: Budget | None = None,
        checkpoint: Checkpoint | None = None,
        witness: Witness | None = None,
        progress: Progress | None = None,
    ) -> Verification:
        """Check a content, or everything; see :func:`selfscope.archive.care.verify.verify`."""
        from selfscope.archive.care.verify import verify

        return verify(
            self,
            content,
            level=level,
            budget=budget,
            checkpoint=checkpoint,
            witness=witness,
            progress=progress,
        )

    def scrub(self, *, budget: Budget | None = None, progress: Progress | None = None) -> Scrubbed:
        """Read what was not read for longest, and attest it; see :mod:`selfscope.archive.care.scrub`."""
        from selfscope.archive.care.scrub import scrub

        return scrub(self, budget=budget, progress=progress)

    def gc(self, *, grace: float | None = None, dry_run: bool = False) -> Collection:
        """Remove what nothing needs; see :func:`selfscope.archive.care.collect.gc`."""
        from selfscope.archive.care.collect import GRACE, gc

        return gc(self, grace=GRACE if grace is None else grace, dry_run=dry_run)

    def drop(self, instance: str, *, why: str, replicas: Sequence[Path] = ()) -> Dropped:
        """End a copy of which there are enough; see :func:`selfscope.archive.care.collect.drop`."""
        from selfscope.archive.care.collect import drop

        return drop(self, instance, why=why, replicas=replicas)

    def replicate(
        self, target: Path, *, device: str = "", medium: str = "disk", progress: Progress | None = None
    ) -> Replicated:
        """Copy everything elsewhere; see :func:`selfscope.archive.care.replicate.replicate`."""
        from selfscope.archive.care.replicate import replicate

        return replicate(self, target, device=device, medium=medium, progress=progress)

    def repair(self, replica: Path, *, dry_run: bool = False) -> Mended:
        """Replace what is damaged from a replica; see :func:`selfscope.archive.care.repair.repair`."""
        from selfscope.archive.care.repair import repair

        return repair(self, replica, dry_run=dry_run)

    def open_domain(self, domain: str) -> str:
        """Give a destruction domain a key, the first time, and return the key's fingerprint.

        Raises
        ------
        Refused
            If the domain's key was destroyed, or it had one that is not the one that is here.
        CouldNot
            If it had a key that is not here: another one would be taken for it.
        """
        vault = self.open_vault()
        known = self.index.domain_key(domain)
        found = vault.fingerprint(domain) if known else vault.open_domain(domain)
        if known and found != known:
            raise Refused(
                "the key of this domain is not the one with which it was opened",
                got=f"{domain}: {found}, not {known}",
                fix="Put the domain's own key back",
            )
        if not known:
            self.append([DomainOpened(domain, found)], lambda now: _opened_as(now, domain, found))
        return found

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


def _is_new(archive: Archive) -> None:
    if archive.journal.head().number:
        raise BadInput("this archive began already", got=archive.root)


def _opened_as(archive: Archive, domain: str, key: str) -> None:
    """Go on unless somebody else opened the domain meanwhile, under another key."""
    known = archive.index.domain_key(domain)
    if known and known != key:
        raise Refused("this domain was opened meanwhile under another key", got=domain)
