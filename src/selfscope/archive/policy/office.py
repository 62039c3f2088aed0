"""An archive as a desk at which decisions are made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from selfscope.archive.journal.moments import moment
from selfscope.archive.policy.desk import Desk
from selfscope.archive.policy.plans import FileRecord
from selfscope.archive.store.archive import Archive


def desk_of(archive: Archive) -> Desk:
    """Return what decisions need of this archive."""

    def last() -> datetime | None:
        time = archive.journal.head().time
        return moment(time) if time else None

    return Desk(
        events=archive.events,
        append=lambda events, check: archive.append(events, lambda _: check()),
        put=archive.put,
        read=archive.read,
        files=lambda content: files_of(archive, content),
        objects=lambda domain: _objects(archive, domain),
        now=lambda: archive.journal.clock().astimezone(UTC),
        last=last,
        excluding=archive.excluding,
        decisions=archive.deciding,
        began=archive.began,
    )


def files_of(archive: Archive, content: str) -> tuple[FileRecord, ...]:
    """Return a content's files as its manifest names them."""
    manifest = archive.holding(archive.holdings(content)[0].holding).manifest
    return tuple(FileRecord(each.path, each.size, each.sha256, each.b3) for each in manifest.files)


def _objects(archive: Archive, domain: str) -> Iterator[str]:
    return (identifier for identifier, place in archive.objects.all() if place.domain == domain)
