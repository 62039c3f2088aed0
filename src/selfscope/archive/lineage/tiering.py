"""Moving a copy to other storage: its bytes are copied there, and where they were they are no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from selfscope.archive.journal.events import EdgeDrawn, InstanceBegan, new_id
from selfscope.archive.journal.held import read_held
from selfscope.archive.lineage.joins import moved
from selfscope.errors import BadInput, Refused

if TYPE_CHECKING:
    from selfscope.archive.store.archive import Archive


def move(archive: Archive, instance: str, device: str, medium: str, place: str) -> str:
    """Record that a copy elsewhere was moved, as somebody declares, and return the instance that began.

    What the archive itself holds moves by a replica and a drop, which read the bytes.

    Raises
    ------
    BadInput
        If the archive does not know the copy, holds it itself, or it has ended.
    Refused
        If it is pinned: a pinned copy is never moved.
    """
    old = archive.began(instance)
    if old is None:
        raise BadInput(
            "the archive knows no such instance", got=instance, fix="`selfscope keep lineage ID` shows all"
        )
    now, new = archive.now(), new_id("instance")
    here = InstanceBegan(new, old.content, device, medium, place, now, instance)
    began, ended = moved(instance, here, "tiering", "declared")
    archive.append([began, EdgeDrawn("copy", (instance,), new, "declared"), ended], _allowed(instance))
    return new


def _allowed(instance: str) -> Callable[[Archive], None]:
    def look(archive: Archive) -> None:
        known = archive.index.instance(instance)
        if known is None or not known[1]:
            raise BadInput("this copy has ended already", got=instance, fix="Name one that is still there")
        held = read_held(archive.events())
        if instance in held.live:
            raise BadInput(
                "the archive itself holds this copy", got=instance, fix="Replicate it there, and drop it here"
            )
        if instance in held.pinned:
            raise Refused("this copy is pinned, and what is pinned is never moved", got=instance)

    return look
