"""Getting things back, bit for bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from selfscope.archive.journal import Damaged
from selfscope.archive.objects import read_range
from selfscope.errors import BadInput
from selfscope.values.canonical import bytes_id

if TYPE_CHECKING:
    from selfscope.archive.store import Archive


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
