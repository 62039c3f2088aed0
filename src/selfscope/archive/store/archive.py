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

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.archive.journal.chain import (
    Checkpoint,
    Journal,
    Signer,
)
from selfscope.archive.journal.disk import Disk
from selfscope.archive.journal.events import (
    UNKNOWN,
    ArchiveBegan,
    DomainOpened,
    Form,
)
from selfscope.archive.journal.signing import PREFIX, load_key
from selfscope.archive.store.card import CARD, KEY, VERSION, first_key, lay_out, read_card, write_card
from selfscope.archive.store.core import Core, Vault
from selfscope.archive.store.objects import Objects
from selfscope.errors import BadInput, Refused
from selfscope.values.canonical import canonical_json

if TYPE_CHECKING:
    from selfscope.archive.care.collect import Collection, Dropped
    from selfscope.archive.care.problems import Verification
    from selfscope.archive.care.repair import Mended
    from selfscope.archive.care.replicate import Replicated
    from selfscope.archive.care.scrub import Scrubbed
    from selfscope.archive.care.verify import Budget, Level
    from selfscope.archive.store.add import Added
    from selfscope.archive.store.ingest import Progress
    from selfscope.archive.store.reference import Witness


@dataclass
class Archive(Core):
    """An archive that is open. Make one with :meth:`create` or :meth:`open`; for its attributes see Core."""

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


def _is_new(archive: Archive) -> None:
    if archive.journal.head().number:
        raise BadInput("this archive began already", got=archive.root)


def _opened_as(archive: Archive, domain: str, key: str) -> None:
    """Go on unless somebody else opened the domain meanwhile, under another key."""
    known = archive.index.domain_key(domain)
    if known and known != key:
        raise Refused("this domain was opened meanwhile under another key", got=domain)
