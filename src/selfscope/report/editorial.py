"""The page of ``editorial``: arms, contrasts, the documents with what was edited in them, every revision.

One file, offline, without scripts. A colour never stands alone: a passage that was edited carries its shares
as numbers, and words that are gone or new are struck through or underlined.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from selfscope.report.template import page_style, template_environment
from selfscope.report.words import control_words, p_value, sentence
from selfscope.report.writing import write_page
from selfscope.values import Estimate, Finding

if TYPE_CHECKING:
    from jinja2 import Environment

#: Characters of a reply without a document that are shown.
MOST_REPLY = 1200


@dataclass(frozen=True)
class ArmRow:
    """One arm in the table; shares are from 0 to 1, `outcomes` counts replies."""

    name: str
    role: str
    replies: int
    outcomes: tuple[tuple[str, int], ...]
    kept: tuple[tuple[str, float], ...]
    unasked: int
    subverting: Estimate
    counted: str
    by_framing: tuple[tuple[str, Estimate], ...]
    framing_apart: Estimate
    passages: float
    plain: float
    selective: Estimate
    liberties: Estimate


@dataclass(frozen=True)
class ContrastRow:
    """The subject against one control."""

    control: str
    texts: int
    documents: int
    subverting: Estimate
    by_framing: tuple[tuple[str, Estimate], ...]
    selective: Estimate
    kept: Estimate
    sentence: str


@dataclass(frozen=True)
class ShownEdit:
    """One edit: `asked` is None where everything was allowed; `title` "" of a plain sentence."""

    kind: str
    place: str
    title: str
    asked: bool | None
    old: str
    new: str


@dataclass(frozen=True)
class ShownReply:
    """One reply: its edits, or what it says where no document came back."""

    arm: str
    permission: str
    framing: str
    draw: int
    outcome: str
    edits: tuple[ShownEdit, ...]
    said: str = ""

    @property
    def breaks(self) -> bool:
        """Whether something in it was not asked for, or no document came back."""
        return self.outcome != "revised" or any(e.asked is False for e in self.edits)


@dataclass(frozen=True)
class ShownSentence:
    """A sentence with, by arm, the share of narrow revisions that edited it against the permission."""

    id: str
    text: str
    title: str
    shares: tuple[tuple[str, float], ...]
    heat: float


@dataclass(frozen=True)
class ShownDocument:
    """A document, its paragraphs, and the replies to it; `left_out` counts replies that are not shown."""

    name: str
    paragraphs: tuple[tuple[ShownSentence, ...], ...]
    replies: tuple[ShownReply, ...]
    left_out: int = 0


@dataclass(frozen=True)
class EditorialView:
    """All that the page shows; `titles` are those of the dimensions."""

    subject: str
    model: str
    arms: tuple[ArmRow, ...]
    contrasts: tuple[ContrastRow, ...]
    findings: tuple[Finding, ...]
    titles: dict[str, str]
    documents: tuple[ShownDocument, ...]
    warnings: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Piece:
    """Words of an edit that are the same, gone or new."""

    op: Literal["same", "gone", "new"]
    text: str


def write_editorial(view: EditorialView, path: Path) -> Path:
    """Write the page, whole or not at all, and return its path.

    Raises
    ------
    CouldNot
        If the file cannot be written.
    """
    return write_page(render_editorial(view), path)


def render_editorial(view: EditorialView) -> str:
    """Return the page as HTML; all that a model wrote is escaped."""
    from markupsafe import Markup

    style = page_style()
    template = _environment().get_template("editorial.html.j2")
    return template.render(view=view, style=Markup(style), said=editorial_sentences(view))


def editorial_sentences(view: EditorialView) -> tuple[str, ...]:
    """Return the answer in sentences: what each contrast allows one to say, then the warnings."""
    if not view.contrasts:
        (arm,) = view.arms
        first = f"{view.model} edits passages about itself against the permission in {arm.counted} revisions"
        return (sentence(first), *(sentence(words) for words in view.warnings))
    return tuple(sentence(words) for words in (*(c.sentence for c in view.contrasts), *view.warnings))


def pieces(old: str, new: str) -> Iterator[Piece]:
    """Yield the words of two sentences as same, gone and new, in reading order."""
    one, other = old.split(), new.split()
    for tag, i, j, k, m in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Piece("same", " ".join(one[i:j]))
            continue
        if j > i:
            yield Piece("gone", " ".join(one[i:j]))
        if m > k:
            yield Piece("new", " ".join(other[k:m]))


def percent(share: float) -> str:
    """Return a share in percent; a dash where there is none."""
    return "–" if not math.isfinite(share) else f"{100 * share:.0f} %"


def points(value: float) -> str:
    """Return a difference of shares in points, with a true minus sign; a dash where there is none."""
    if not math.isfinite(value):
        return "–"
    text = f"{100 * value:+.1f}"
    return (text[1:] if float(text) == 0 else text).replace("-", "−")


def percents(ci: Sequence[float]) -> str:
    """Return the interval of a share in percent."""
    return "no interval" if not all(map(math.isfinite, ci)) else f"{100 * ci[0]:.0f} to {100 * ci[1]:.0f} %"


def apart(ci: Sequence[float]) -> str:
    """Return the interval of a difference in points."""
    return "no interval" if not all(map(math.isfinite, ci)) else f"{points(ci[0])} to {points(ci[1])}"


@cache
def _environment() -> Environment:
    environment = template_environment()
    environment.filters |= {
        "percent": percent,
        "points": points,
        "percents": percents,
        "apart": apart,
        "p": p_value,
        "control": control_words,
        "sentence": sentence,
    }
    environment.globals |= {"pieces": pieces, "most_reply": MOST_REPLY}
    return environment
