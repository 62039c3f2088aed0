"""Removing what nothing needs, and letting go of a copy of which there are enough.

What is needed is read from the journal and the manifests that it names, never from the index: the objects of
every live holding, and every object that any event names. All else was left by something that did not come to
its end, or belonged to a copy that ended. Collection holds the archive alone, and leaves what is younger than
a grace period, for somebody may have stored it and be about to name it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from selfscope.archive.care.replicate import instances_of, open_replica
from selfscope.archive.journal.events import Attested, Collected, Event, InstanceEnded
from selfscope.archive.journal.held import Held, read_held
from selfscope.archive.journal.moments import moment
from selfscope.archive.policy.evaluate import Facts, evaluate_ledger
from selfscope.archive.policy.ledger import read_ledger
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.archive.store.archive import Archive

GRACE = 86_400.0
"""Seconds for which something that nothing names is left in peace."""


@dataclass(frozen=True)
class Collection:
    """What was, or would be, removed.

    Attributes
    ----------
    objects, manifests
        Their ids.
    bytes
        What they take on the disk.
    young
        How many more are needed by nothing and were left because they are younger than the grace period.
    executed
        Whether they were removed, or only listed.
    """

    objects: tuple[str, ...]
    manifests: tuple[str, ...]
    bytes: int
    young: int
    executed: bool


@dataclass(frozen=True)
class _Found:
    """Something that nothing needs."""

    id: str
    path: Path
    manifest: bool


def gc(archive: Archive, *, grace: float = GRACE, dry_run: bool = False) -> Collection:
    """Remove the objects and manifests that nothing needs.

    Parameters
    ----------
    grace
        Seconds since something was stored, or last wanted, for which it is left. With 0, what others stored
        and have not named yet is removed too.
    dry_run
        Whether to say only what would be removed.

    Raises
    ------
    Damaged
        If the journal or a manifest that it names cannot be read: what is needed is then not known.
    """
    if dry_run:
        return _collection(*_unneeded(archive, grace), executed=False)
    with archive.excluding():
        found, young = _unneeded(archive, grace)
        done = _collection(found, young, executed=True)
        if found:
            archive.append([Collected((*done.objects, *done.manifests))])
            _remove(archive, found)
    return done


def _collection(found: list[_Found], young: int, *, executed: bool) -> Collection:
    objects = tuple(each.id for each in found if not each.manifest)
    manifests = tuple(each.id for each in found if each.manifest)
    return Collection(objects, manifests, sum(each.path.stat().st_size for each in found), young, executed)


def _unneeded(archive: Archive, grace: float) -> tuple[list[_Found], int]:
    """Return what nothing needs and is old enough, and how much more is not."""
    held = read_held(archive.events())
    objects, manifests = needed(archive, held)
    found = [_Found(name, place.path, False) for name, place in archive.objects.all() if name not in objects]
    for path in sorted((archive.root / "manifests").glob("[0-9a-f][0-9a-f]/*.json")):
        if f"b3:{path.stem}" not in manifests:
            found.append(_Found(f"b3:{path.stem}", path, True))
    until = time.time() - grace
    old = [each for each in found if grace <= 0 or each.path.stat().st_mtime <= until]
    return old, len(found) - len(old)


def needed(archive: Archive, held: Held) -> tuple[set[str], set[str]]:
    """Return the ids of all objects, and of all manifests, that must be kept.

    Raises
    ------
    Damaged
        If a manifest that the journal names cannot be read.
    """
    manifests = {added.holding for added in held.live.values()}
    objects = set(held.named)
    for identifier in manifests:
        objects.update(kept.object for kept in archive.envelope(identifier).objects)
    return objects, manifests


def _remove(archive: Archive, found: Sequence[_Found]) -> None:
    for each in found:
        archive.disk.unlink(each.path)
    for directory in sorted({each.path.parent for each in found}):
        archive.disk.sync_dir(directory)


@dataclass(frozen=True)
class Dropped:
    """What letting go of a copy came to: its instance, and the others that were found whole just now."""

    instance: str
    others: tuple[str, ...]


def drop(archive: Archive, instance: str, *, why: str, replicas: Sequence[Path] = ()) -> Dropped:
    """End one of this archive's own copies. Its bytes go at the next collection that nothing else stops.

    The policy says how many other copies there must be. Only those count that are looked at here and now,
    byte by byte: in the replicas that are given, and in this archive's other domains.

    Raises
    ------
    BadInput
        If the instance is not one of this archive's own live holdings, or no reason is given.
    Refused
        If the policy is against it: too few others, a pin, or deltas that need it.
    """
    from selfscope.archive.policy.office import desk_of

    if not why.strip():
        raise BadInput("a copy is dropped for no reason", got=instance, fix="Say why")
    held = read_held(archive.events())
    if instance not in held.live:
        raise BadInput("this is no copy that the archive holds", got=instance, fix="See `keep list`")
    content = held.live[instance].content
    others = _whole(archive, held, content, replicas) - {instance}
    desk, now = desk_of(archive), archive.now()
    ended: list[Event] = [Attested(each, now, "read before a drop", True) for each in sorted(others)]
    ended.append(InstanceEnded(instance, now, why))

    def look(current: Archive) -> None:
        ledger = read_ledger(current.events())
        facts = Facts("drop", instance=instance, verified=frozenset(others))
        evaluate_ledger(desk.policy(ledger), ledger, facts, moment(now)).demand(
            fix="Replicate it first, and give the replicas"
        )
        _refuse_needed(current, instance, content)

    archive.append(ended, look)
    return Dropped(instance, tuple(sorted(others)))


def _whole(archive: Archive, held: Held, content: str, replicas: Sequence[Path]) -> set[str]:
    """Return the instances of a content that are read and found whole now."""
    found = {each.instance for each in held.of(content)} if _is_whole(archive, content) else set()
    for path in replicas:
        replica, name = open_replica(archive, path)
        if _is_whole(replica, content):
            found |= instances_of(archive.events(), name).get(content, set())
    return found


def _is_whole(archive: Archive, content: str) -> bool:
    seen = archive.verify(content)
    return seen.ok and seen.complete


def _refuse_needed(archive: Archive, instance: str, content: str) -> None:
    """Refuse to end the last copy of a content against which deltas are stored."""
    held = read_held(archive.events())
    dependents = [each for each in held.live.values() if each.base == content and each.instance != instance]
    last = all(each.instance == instance for each in held.of(content))
    if dependents and last:
        raise BadInput(
            "deltas are stored against this content",
            got=", ".join(sorted({each.content for each in dependents})),
            fix="Drop those first, or add them again without a base",
        )
