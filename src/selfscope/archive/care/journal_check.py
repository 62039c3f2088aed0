"""Is the journal whole, in order, signed, and no shorter than it once was?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from selfscope.archive.care.problems import Problem
from selfscope.archive.journal.chain import BEFORE_ALL, Checkpoint, Journal, Sealed, read_record
from selfscope.archive.journal.signing import PREFIX
from selfscope.archive.store.reading import read_range
from selfscope.errors import SelfscopeError

if TYPE_CHECKING:
    from selfscope.archive.store.archive import Archive


def problems(archive: Archive, checkpoint: Checkpoint | None, *, every: bool) -> list[Problem]:
    """Return everything that is wrong with the journal.

    Every record is read, and damage in one does not hide that in another. `every` says whether all signatures
    are checked, or the last one only.
    """
    seen_before = archive.index.seen()
    found: list[Problem] = []
    numbers, strange = _present(archive.journal)
    found += [Problem("journal", name, "there is a file that is no record") for name in strange]
    previous, last = BEFORE_ALL, None
    for number in range(1, max(numbers, default=0) + 1):
        sealed, why = _read(archive.journal, number)
        if sealed is None:
            found.append(Problem("journal", str(number), why))
            previous = ""
            continue
        found += _placed(archive, sealed, previous, signed=every)
        previous, last = sealed.digest, sealed
    if last is None:
        found.append(Problem("journal", "1", "the journal has no record that can be read"))
    elif not every:
        found += _signed(archive, last)
    if seen_before > max(numbers, default=0):
        why = f"the index has read {seen_before} records and the journal has {max(numbers, default=0)}"
        found.append(Problem("journal", "journal", f"records are missing at its end: {why}"))
    found += _card(archive) + _key(archive)
    return found + (_against(archive, checkpoint) if checkpoint is not None else [])


def _present(journal: Journal) -> tuple[list[int], list[str]]:
    """Return the numbers for which there is a file in its place, and the names of all other files."""
    numbers, strange = [], []
    for path in sorted((journal.root / "journal").rglob("*")):
        if path.is_dir() and not path.is_symlink():
            continue
        number = int(path.stem) if path.stem.isdecimal() else 0
        if number and path == journal.path(number):
            numbers.append(number)
        else:
            strange.append(str(path.relative_to(journal.root)))
    return numbers, strange


def _read(journal: Journal, number: int) -> tuple[Sealed | None, str]:
    try:
        return read_record(read_range(journal.path(number)), number), ""
    except SelfscopeError as error:
        return None, error.sentence()


def _placed(archive: Archive, sealed: Sealed, previous: str, *, signed: bool) -> Iterator[Problem]:
    where = str(sealed.record.number)
    if sealed.record.archive != archive.id:
        yield Problem("journal", where, "the record belongs to another archive")
    if previous and sealed.record.previous != previous:
        yield Problem("journal", where, "the record does not follow the one before it")
    if signed:
        yield from _signed(archive, sealed)


def _signed(archive: Archive, sealed: Sealed) -> list[Problem]:
    if sealed.is_signed_by(archive.key):
        return []
    return [Problem("journal", str(sealed.record.number), "its signature is not by this archive's key")]


def _card(archive: Archive) -> list[Problem]:
    """See that the card names the archive and the key by which its journal began.

    Where it does not, every record looks foreign, and what is wrong is most likely this one file.
    """
    first, _ = _read(archive.journal, 1)
    if first is None:
        return []
    found = []
    if first.record.archive != archive.id:
        found.append(Problem("card", "archive.json", "the journal began as that of another archive"))
    if first.key != archive.key:
        found.append(Problem("card", "archive.json", "the journal began under another key"))
    return found


def _key(archive: Archive) -> list[Problem]:
    """See that the key that is here is the one that the archive names."""
    signer = archive.journal.signer
    if signer is None or PREFIX + signer.key == archive.key:
        return []
    return [Problem("key", "keys/journal.pem", "it is not the key that the archive's card names")]


def _against(archive: Archive, checkpoint: Checkpoint) -> list[Problem]:
    """See that the journal has what a checkpoint says it had."""
    where = f"record {checkpoint.number}"
    if checkpoint.archive != archive.id:
        return [Problem("checkpoint", where, "the checkpoint is of another archive")]
    if not checkpoint.is_signed_by(archive.key):
        return [Problem("checkpoint", where, "its signature is not by this archive's key")]
    sealed, why = _read(archive.journal, checkpoint.number)
    if sealed is None:
        return [Problem("checkpoint", where, f"the journal went back behind the checkpoint: {why}")]
    if sealed.digest != checkpoint.digest:
        return [Problem("checkpoint", where, "the journal was rewritten since the checkpoint")]
    return []
