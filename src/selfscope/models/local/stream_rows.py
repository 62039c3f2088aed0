"""What is in a stream, and what it gives: rows, and pieces of their text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from selfscope.models.local.generate import Generation, Reply

if TYPE_CHECKING:
    from selfscope.models.caps import Cap


@dataclass(eq=False)
class Row:
    """One reply in the stream.

    Attributes
    ----------
    reply
        What is drawn of it.
    cap
        Held in place over it; None for none.
    adapter
        Id of the adapter that it wears; "" for none.
    fed
        Its tokens that went through the network, prompt and reply.
    seen
        The projection of each of them, after the cap; NaN where nothing is read.
    sent
        Its text that was given out.
    cut
        Why it was ended from outside; "" where it was not.
    """

    reply: Reply
    cap: Cap | None = None
    adapter: str = ""
    fed: list[int] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)
    sent: str = ""
    cut: str = ""

    @property
    def wears(self) -> str:
        """Ids of its adapter and its cap: only rows that wear the same may share what was computed."""
        return f"{self.adapter}/{'' if self.cap is None else self.cap.id}"

    @property
    def longest(self) -> int:
        """Columns that it may come to need."""
        return len(self.reply.prompt) + self.reply.request.max_tokens

    @property
    def said(self) -> list[float]:
        """Projections of the tokens drawn, as far as they went in."""
        return self.seen[len(self.reply.prompt) :]


@dataclass(frozen=True)
class Piece:
    """What one row gave in one step: some text, and, with the last, all that became of it."""

    row: Row
    text: str
    done: Generation | None = None
    error: Exception | None = None
