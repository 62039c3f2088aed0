"""Reading everything again, little by little: what was read longest ago comes first.

A scrub ends in the journal: each copy of which every byte was read is attested, and each that is damaged is
attested as that, once. When an object was last read is noted in the index; to lose that only means to begin
again from the front.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from selfscope.archive.care.problems import Verification
from selfscope.archive.care.verify import Budget, Check, checked
from selfscope.archive.journal.events import Attested
from selfscope.archive.journal.held import read_held
from selfscope.archive.store.ingest import Progress

if TYPE_CHECKING:
    from selfscope.archive.store.archive import Archive


@dataclass(frozen=True)
class Scrubbed:
    """What a scrub came to.

    Attributes
    ----------
    verification
        What was read and found.
    whole, damaged
        The instances that were attested, one way or the other.
    oldest
        When the object was last read that nobody has read for longest; "" if one never was.
    """

    verification: Verification
    whole: tuple[str, ...]
    damaged: tuple[str, ...]
    oldest: str


def scrub(archive: Archive, *, budget: Budget | None = None, progress: Progress | None = None) -> Scrubbed:
    """Read objects, those first that were not read for longest, and attest what was found.

    Parameters
    ----------
    budget
        How much to read this time; None for everything.
    """
    last = archive.index.checked()
    check = Check(archive, "", "full", budget, progress, last=last)
    seen = checked(check, None)
    now = archive.now()
    archive.index.note_checked(check.checked, now)
    read, whole, damaged = set(check.checked), [], []
    for added, envelope in check.envelopes:
        names = {kept.object for kept in envelope.objects}
        if names & check.bad:
            damaged.append(added.instance)
        elif names <= read:
            whole.append(added.instance)
    _attest(archive, whole, damaged, now)
    times = {**last, **dict.fromkeys(check.checked, now)}
    oldest = min((times.get(name, "") for name, _ in check.needed), default="")
    return Scrubbed(seen, tuple(whole), tuple(damaged), oldest)


def _attest(archive: Archive, whole: list[str], damaged: list[str], now: str) -> None:
    if archive.journal.signer is None or not (whole or damaged):
        return
    unwell = read_held(archive.events()).unwell
    events = [Attested(each, now, "scrub", True) for each in whole]
    events += [Attested(each, now, "scrub", False) for each in damaged if each not in unwell]
    if events:
        archive.append(events)
