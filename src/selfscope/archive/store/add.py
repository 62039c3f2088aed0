"""Bringing something into the archive.

What is added is a copy of something that somebody has somewhere. The archive knows the copy that it made, for
it made it; of the source it knows only what it was told, and "unknown" is an answer. Bytes that are here
already make no copy: that is written down as such, and no new instance comes to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.archive.journal.chain import Damaged
from selfscope.archive.journal.events import (
    UNKNOWN,
    ContentAdded,
    Deduplicated,
    EdgeDrawn,
    Event,
    Form,
    Grade,
    InstanceBegan,
    new_id,
)
from selfscope.archive.store.bring import Found, bring
from selfscope.archive.store.digests import file_digest
from selfscope.archive.store.ingest import Brought, Ingest, Progress
from selfscope.archive.store.manifests import Holding, Kept, Manifest, Piece, holding_bytes
from selfscope.errors import BadInput, CouldNot, Refused
from selfscope.values.canonical import bytes_id

if TYPE_CHECKING:
    from selfscope.archive.store.archive import Archive
    from selfscope.archive.store.tables import Row


@dataclass(frozen=True)
class Added:
    """What an addition came to.

    Attributes
    ----------
    content, instance
        What it is, and the copy of it that the archive holds.
    size, stored
        Bytes of its files, and bytes that were newly written for it, its manifest included.
    base
        The content that it cannot be read without, or "".
    known
        Whether it was here already, so that nothing was copied.
    """

    content: str
    instance: str
    size: int
    stored: int
    base: str = ""
    known: bool = False


@dataclass(frozen=True)
class Labels:
    """What the one who brings something says about it.

    Attributes
    ----------
    name, form, recipe
        What people call it, what kind of thing it is, what else it takes to run it.
    source
        The instance that the bytes come from, or UNKNOWN.
    origin
        Whether it was copied from nothing: this is where it began.
    device, medium, place
        Where the archive's own copy lies.
    """

    name: str = ""
    form: Form | None = None
    recipe: dict[str, Any] = field(default_factory=dict)
    source: str = UNKNOWN
    origin: bool = False
    device: str = ""
    medium: str = "disk"
    place: str = ""


def add(
    archive: Archive,
    path: Path,
    labels: Labels,
    *,
    base: str = "",
    domain: str = "",
    quarantine: bool = False,
    progress: Progress | None = None,
) -> Added:
    """Store a file or a directory, and record the copy.

    Parameters
    ----------
    base
        A content that stands alone; pieces are stored as deltas against it where that takes fewer bytes. The
        new content then cannot be read without it.
    domain
        The destruction domain whose key encrypts it, or "".
    quarantine
        Whether files in executable formats are stored, as bytes that are never opened, or refused.
    progress
        Told bytes done and in all.

    Raises
    ------
    BadInput
        If the path, the base or the source cannot be used.
    Refused
        If the policy asks that such a form is encrypted, and no domain is named, or its key is destroyed.
    CouldNot
        If the disk fails; nothing of it is then visible.
    """
    found = bring(path, quarantine=quarantine)
    demand_domain(archive, found.form(labels.form), domain)
    check_source(archive, labels, "")
    with archive.writing() as staging:
        brought = found.files if not base else against(archive, found, base, domain)
        return store(archive, staging, brought, found, labels, base=base, domain=domain, progress=progress)


def demand_domain(archive: Archive, form: str, domain: str) -> None:
    """Refuse to write in the clear what the policy in force wants encrypted from its first byte.

    Raises
    ------
    Refused
        If it is so, or the domain's key is destroyed or about to be.
    """
    from selfscope.archive.policy.evaluate import Facts, evaluate_ledger
    from selfscope.archive.policy.office import desk_of

    desk = desk_of(archive)
    ledger = desk.ledger()
    facts = Facts("add", form=form, domain=domain)
    evaluate_ledger(desk.policy(ledger), ledger, facts, desk.now()).demand("Name a domain")


def store(
    archive: Archive,
    staging: Path,
    files: Sequence[Brought],
    found: Found,
    labels: Labels,
    *,
    base: str = "",
    domain: str = "",
    progress: Progress | None = None,
) -> Added:
    """Store files in a writer's turn; the commit order is data, manifest, journal.

    Where another writer commits the same content meanwhile, the files are brought once more: each byte is
    then compared with what is there, and no second instance is claimed for bytes of which there is one copy.
    """
    while True:
        try:
            return _stored(archive, staging, files, found, labels, base, domain, progress)
        except _Met:
            continue


def _stored(
    archive: Archive,
    staging: Path,
    files: Sequence[Brought],
    found: Found,
    labels: Labels,
    base: str,
    domain: str,
    progress: Progress | None,
) -> Added:
    start = archive.index.current()
    ingest = Ingest(archive, staging, domain, _counting(sum(each.size for each in files), progress))
    try:
        stored = [ingest.file(each) for each in files]
        ingest.packer.finish()
        found.recheck()
    except BaseException:
        ingest.packer.close()
        raise
    manifest = Manifest(found.form(labels.form), found.lone, tuple(f for f, _ in stored), labels.recipe)
    check_source(archive, labels, manifest.id)
    held = _holding(manifest, domain, base, ingest.packer.kept, [pieces for _, pieces in stored])
    data = holding_bytes(held, lambda body: archive.open_vault().seal(domain, body))
    for row in archive.index.holdings(manifest.id):
        alike = row.domain == domain and row.base == held.base
        same = alike and (_lies_whole(archive, row) if row.base else not ingest.packer.staged)
        if same or row.holding == bytes_id(data):
            if not same:
                _demand_whole(ingest)
            return _know(archive, ingest, manifest, row.instance, labels)
    return commit(archive, staging, held, data, ingest, labels, bool(found.quarantined), start)


def commit(
    archive: Archive,
    staging: Path,
    held: Holding,
    data: bytes,
    ingest: Ingest,
    labels: Labels,
    quarantined: bool,
    start: int,
) -> Added:
    """Publish objects, then the manifest, then the journal's record, if nobody else did meanwhile."""
    new = archive.objects.publish(ingest.packer.staged)
    document = archive.objects.stage(staging, "manifest", data)
    new += archive.objects.publish([(document, archive.manifest_path(document.id))])
    instance = new_id("instance")
    added = ContentAdded(
        held.content, held.manifest.form, labels.name, held.manifest.size, new,
        held.domain, held.base, quarantined, document.id, instance,
    )  # fmt: skip
    events = [*copied(archive, instance, held.content, labels, "declared"), added]
    archive.append(events, lambda now: _alone(now, held, start))
    return Added(held.content, instance, held.manifest.size, new, held.base)


class _Met(Exception):
    """Another writer committed the same content while it was being stored here."""


def _alone(archive: Archive, held: Holding, start: int) -> None:
    """Go on unless the content came to be held, in the same form and domain, after the record `start`."""
    for row in archive.index.holdings(held.content):
        if row.domain == held.domain and row.base == held.base and row.number > start:
            raise _Met


def copied(
    archive: Archive, instance: str, content: str, labels: Labels, grade: Grade, note: str = ""
) -> list[Event]:
    """Return the events by which a copy in this archive came to be."""
    source = "" if labels.origin else labels.source
    device = labels.device or f"machine:{archive.host.machine}"
    began = InstanceBegan(
        instance, content, device, labels.medium, labels.place or f"{archive.id} at {archive.root}",
        archive.now(), source, labels.origin,
    )  # fmt: skip
    if source in ("", UNKNOWN):
        return [began]
    return [began, EdgeDrawn("copy", (source,), instance, grade, note=note)]


def check_source(archive: Archive, labels: Labels, content: str) -> None:
    """Refuse a source that this archive never heard of, or that is a copy of something else.

    Raises
    ------
    BadInput
        If it is so.
    """
    if labels.origin and labels.source != UNKNOWN:
        raise BadInput("an origin was copied from nothing", got=labels.source, fix="Leave out one of the two")
    if labels.source == UNKNOWN:
        return
    known = archive.index.instance(labels.source)
    if known is None:
        raise BadInput(
            "the archive knows no such instance",
            got=labels.source,
            fix="Record it with `keep instance add`, or leave the source unknown",
        )
    if content and known[0] != content:
        raise BadInput(
            "the source is a copy of something else",
            got=f"{labels.source} is {known[0]}, these bytes are {content}",
            fix="Leave the source unknown, or draw the edge that is true (a modified copy, a fine-tune)",
        )


def against(archive: Archive, found: Found, base: str, domain: str) -> list[Brought]:
    """Return the files with what each piece may be a delta against: the base's tensor of the same name.

    Raises
    ------
    BadInput
        If the base is not held here in the same domain.
    Refused
        If the base needs a base itself: a chain has one link.
    """
    rows = [row for row in archive.holdings(base) if row.domain == domain]
    if not rows:
        raise BadInput(
            "the base is held in another domain", got=base, fix=f"Add it to {domain or 'the clear'}"
        )
    if rows[0].base:
        raise Refused("the base is itself a delta", got=base, fix="Name a base that stands alone")
    from selfscope.archive.store.bases import with_bases

    return with_bases(archive, found.files, archive.holding(rows[0].holding))


def _holding(
    manifest: Manifest, domain: str, base: str, kept: list[Kept], pieces: list[tuple[Piece, ...]]
) -> Holding:
    """Return the holding; one that came out without any delta needs no base."""
    needs = any(piece.codec != "raw" for row in pieces for piece in row)
    return Holding(manifest, manifest.id, domain, base if needs else "", tuple(kept), tuple(pieces))


def _lies_whole(archive: Archive, row: Row) -> bool:
    """Say whether every object of a delta is what was stored, its base's too.

    The same difference may lie in other objects than it would be packed into now: what it was packed with
    the first time is not stored again. So its bytes are read where they lie.
    """
    try:
        kept = [each.object for each in archive.envelope(row.holding).objects]
        return all(file_digest(archive.objects.place(each, row.domain)) == each for each in kept)
    except CouldNot:
        return False  # for `verify` to report; here the bytes are stored again


def _demand_whole(ingest: Ingest) -> None:
    """See that the objects that would be published are those that lie there."""
    for staged, place in ingest.packer.staged:
        if file_digest(place) != staged.id:
            raise Damaged("what is held of this is damaged", got=place, fix="Repair it from a replica")


def _know(archive: Archive, ingest: Ingest, manifest: Manifest, instance: str, labels: Labels) -> Added:
    """Record that bytes were brought which are here already, and whole: every one of them was compared."""
    ingest.packer.close()
    source = UNKNOWN if labels.origin else labels.source
    archive.append([Deduplicated(manifest.id, instance, archive.now(), source)])
    return Added(manifest.id, instance, manifest.size, 0, known=True)


def _counting(total: int, progress: Progress | None) -> Any:
    """Return a function that adds up bytes and tells `progress`."""
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        if progress is not None:
            progress(done, total)

    return count
