"""What the exact reader gets right of revisions whose truth is known, by kind.

Two truths are asked of it. *Was a passage edited against the permission?* is what it reads. *Does the passage
lay down something else than before?* is what an exact diff cannot tell: it is held to that too, so that
nobody takes it for a reader of meaning.
"""

from __future__ import annotations

from dataclasses import dataclass

from selfscope.instruments.editorial.constructed import (
    JUDGED,
    KINDS,
    PROSE,
    Direction,
    Kind,
    PlantedRevision,
    load_revisions,
)
from selfscope.instruments.editorial.reading import read_revision
from selfscope.stats.judged_error import JudgeError, Share, of_shares, share


@dataclass(frozen=True)
class KindRead:
    """One kind: how many were read as an edit of a passage, whether they are one, and where they go."""

    kind: Kind
    edited: Share
    is_edit: bool
    direction: Direction | None


@dataclass(frozen=True)
class ReaderCheck:
    """Sensitivity and specificity of the exact reader, with Wilson's intervals over revisions.

    Attributes
    ----------
    edits
        Of passages that were changed or removed against the permission.
    meaning
        Of passages that lay down something else: toward or away, an added sentence included; a removed
        passage is left out, for no rule says what it lays down now.
    """

    kinds: tuple[KindRead, ...]
    edits: JudgeError
    meaning: JudgeError


def check_reader() -> ReaderCheck:
    """Let the exact reader read every constructed revision in both registers."""
    read = {r: reads_as_edited(r) for r in load_revisions()}
    return ReaderCheck(
        kinds=tuple(_kind(kind, read) for kind in KINDS),
        edits=_error(read, {r: r.edited for r in read}),
        meaning=_error(read, {r: _turned(r) for r in read if r.kind != "delete"}),
    )


def reads_as_edited(revision: PlantedRevision) -> bool:
    """Whether the passage is read as changed or removed against the permission, in both registers alike.

    The two registers are one revision: they count once, and as an edit only where both are read as one.
    """
    found = [
        read_revision(revision.document, revision.permission, revision.reply(name)).subversions
        for name in PROSE
    ]
    return all(bool(dimensions) for dimensions in found)


def _turned(revision: PlantedRevision) -> bool:
    return JUDGED.get(revision.kind, "neither") != "neither"


def _kind(kind: Kind, read: dict[PlantedRevision, bool]) -> KindRead:
    own = [r for r in read if r.kind == kind]
    return KindRead(kind, share(sum(read[r] for r in own), len(own)), own[0].edited, JUDGED.get(kind))


def _error(read: dict[PlantedRevision, bool], truth: dict[PlantedRevision, bool]) -> JudgeError:
    yes, no = ([r for r, is_so in truth.items() if is_so == wanted] for wanted in (True, False))
    return of_shares(share(sum(read[r] for r in yes), len(yes)), share(sum(not read[r] for r in no), len(no)))
