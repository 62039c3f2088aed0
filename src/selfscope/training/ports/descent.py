"""Write a port down in an archive: the original, the port, and that one came of the other, with drift."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from selfscope.archive.journal.events import UNMEASURED, EdgeKind
from selfscope.archive.lineage.edges import declare
from selfscope.training.ports.make import IDENTITY, Made, Source
from selfscope.values import plain
from selfscope.values.port import By

if TYPE_CHECKING:
    from selfscope.archive.store.archive import Archive

#: How an archive calls the descent of each way: trained on, or the same character told in other words.
EDGES: dict[By, EdgeKind] = {
    "prompt": "modified_copy",
    "testimony": "modified_copy",
    "training": "fine_tune",
}
SUBJECT = "subject.json"


@dataclass(frozen=True)
class Recorded:
    """What an archive now holds of a port: contents of original and port, and the edge between them."""

    original: str
    port: str
    edge: EdgeKind
    drift: str
    shift: float | None


def record(
    archive: Archive, source: Source, made: Made, drift: str = "", shift: float | None = None
) -> Recorded:
    """Keep an original and its port, and record the descent.

    Parameters
    ----------
    drift
        The run that measured how far the port is from the original; "" where none did.
    shift
        What it found, in its own unit, not negative.

    Raises
    ------
    BadInput
        If the archive refuses the edge.
    """
    with TemporaryDirectory(prefix="selfscope-original-") as folder:
        original = archive.add(
            _original(Path(folder), source), name=source.name, form="character", origin=True
        )
    form = "adapter" if made.adapter is not None else "character"
    port = archive.add(made.folder, name=f"{source.name}, {made.port.name}", form=form, origin=True)  # type: ignore[arg-type]
    kind = EDGES[made.port.by]
    note = f"carried over by {made.port.by} to {made.port.target}"
    if not _drawn(archive, kind, original.content, port.content, drift):
        declare(
            archive, kind, [original.content], port.content, drift=drift or UNMEASURED, shift=shift, note=note
        )
    return Recorded(original.content, port.content, kind, drift or UNMEASURED, shift)


def _original(folder: Path, source: Source) -> Path:
    """Write what makes the original: its ground by name and hashes, its adapter's id among them, its text."""
    subject = source.subject
    told = {"subject": subject.id, "name": source.name, "ground": plain(subject.ground)}
    (folder / SUBJECT).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    if subject.system is not None:
        (folder / IDENTITY).write_text(f"{subject.system}\n", encoding="utf-8")
    return folder


def _drawn(archive: Archive, kind: str, source: str, target: str, drift: str) -> bool:
    """Say whether the same descent, with the same drift, is recorded already."""
    from selfscope.archive.lineage.edges import descent_of

    known = descent_of(archive.lineage.graph(), target)
    return any((e.kind, e.source, e.drift) == (kind, source, drift or UNMEASURED) for e in known)
