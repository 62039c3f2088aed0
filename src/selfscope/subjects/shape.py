"""The form of a text, apart from what it says: sections, bullets, imperatives, and who is spoken of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from selfscope.subjects.claims import claims_of
from selfscope.subjects.words import FIRST_PERSON, SECOND_PERSON, is_imperative


@dataclass(frozen=True)
class Shape:
    """Shares are of claims (bullets and sentences), between 0 and 1.

    Attributes
    ----------
    headings
        Headings with at least one claim under them.
    paragraphs
        Blocks between blank lines that hold claims.
    bullets
        Share of claims that are bullets.
    imperative
        Share of claims that tell the reader to do something.
    first_person, second_person
        Share of claims with ``I, me, my`` and with ``you, your``.
    """

    claims: int
    headings: int
    paragraphs: int
    bullets: float
    imperative: float
    first_person: float
    second_person: float

    @property
    def speaks_as_i(self) -> bool:
        """Whether the text mostly speaks in the first person."""
        return self.first_person > max(self.second_person, 0.3)


def shape_of(text: str) -> Shape:
    """Return the form of a text."""
    claims = claims_of(text)
    texts = [c.text for c in claims]
    blocks = [
        b for b in re.split(r"\n[ \t]*\n", text) if re.search(r"\w", b) and not b.lstrip().startswith("#")
    ]
    return Shape(
        claims=len(claims),
        headings=len({c.headings for c in claims if c.headings}),
        paragraphs=max(1, len(blocks)),
        bullets=_share([c.kind != "sentence" for c in claims]),
        imperative=_share([is_imperative(t) for t in texts]),
        first_person=_share([bool(FIRST_PERSON.search(t)) for t in texts]),
        second_person=_share([bool(SECOND_PERSON.search(t)) for t in texts]),
    )


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags) if flags else 0.0
