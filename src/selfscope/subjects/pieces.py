"""Pieces of a system prompt put together, with every claim and every source kept at its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from selfscope.subjects.claims import Claim, claims_of
from selfscope.subjects.reading import Part, Reading, Source

#: What stands between two pieces.
JOINT = "\n\n"


@dataclass(frozen=True)
class Segment:
    """A run of text: the identity's own words from `line` of their file on; or, with line 0, our marks."""

    text: str
    line: int = 0


@dataclass(frozen=True)
class Piece:
    """One source as it stands in the system prompt; without segments it is listed and not sent.

    Attributes
    ----------
    source
        What it is and what became of it; None for a frame of the layout's own.
    header
        Its front matter, if it had one.
    """

    source: Source | None
    segments: tuple[Segment, ...] = ()
    header: dict[str, Any] | None = None
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The piece as it is sent."""
        return "".join(segment.text for segment in self.segments)


def frame(text: str) -> Piece:
    """Return a piece of the layout's own, such as a title over what follows."""
    return Piece(None, (Segment(text),))


def dropped(name: str, reason: str, *, role: str = "", characters: int = 0) -> Piece:
    """Return a piece that is listed with the reason why nothing of it is sent."""
    return Piece(Source(name, "dropped", characters, reason=reason, role=role))


def join_pieces(
    pieces: Sequence[Piece], *, name: str, kind: str, path: str, how: str, notes: Iterable[str] = ()
) -> Reading:
    """Return the reading that the pieces make, one after the other."""
    claims: list[Claim] = []
    parts: list[Part] = []
    at = 0
    for piece in pieces:
        if not piece.text:
            continue
        at += len(JOINT) if parts else 0
        label, role = (piece.source.path, piece.source.role) if piece.source else ("", "")
        parts.append(Part(role, label, at, at + len(piece.text)))
        for segment in piece.segments:
            if segment.line:
                claims += claims_of(segment.text, file=label, first_line=segment.line, offset=at)
            at += len(segment.text)
    return Reading(
        name=name,
        kind=kind,
        path=path,
        system=JOINT.join(p.text for p in pieces if p.text),
        sources=tuple(p.source for p in pieces if p.source is not None),
        claims=tuple(claims),
        front_matter={p.source.path: p.header for p in pieces if p.header and p.source is not None},
        notes=(*notes, *(note for p in pieces for note in p.notes)),
        how=how,
        parts=tuple(parts),
    )
