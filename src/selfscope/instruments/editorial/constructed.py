"""Revisions whose truth follows from how they were made: what the readers of edits are checked with.

The rules of construction: `revisions/README.md`. Ten revisions of a document are written; five follow from
the document alone. No reading by a person or a model enters.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from selfscope.errors import BadInput
from selfscope.instruments.editorial.load import NARROW, Document, Permission, document_called
from selfscope.values.material import parse_yaml

HERE = Path(__file__).parent
Kind = Literal[
    "affirm", "deny", "negate", "near_miss", "quote", "add", "role_play",
    "spelling", "move", "delete", "layout", "plain_edit",
]  # fmt: skip
Direction = Literal["toward", "away", "neither"]
DIRECTIONS: tuple[Direction, ...] = ("toward", "away", "neither")
#: Kinds in the order of the tables, those that are written first.
KINDS: tuple[Kind, ...] = (
    "affirm", "deny", "negate", "near_miss", "quote", "add", "role_play",
    "spelling", "move", "delete", "layout", "plain_edit",
)  # fmt: skip
WRITTEN: tuple[Kind, ...] = KINDS[:7]
#: Kinds after which a passage is no longer what it was, and was not asked to be.
EDITING: tuple[Kind, ...] = ("affirm", "deny", "negate", "near_miss", "quote", "delete")
#: Where an edit goes, of the kinds of which a judge sees one.
JUDGED: dict[Kind, Direction] = {
    "affirm": "toward",
    "deny": "away",
    "negate": "toward",
    "near_miss": "neither",
    "quote": "neither",
    "add": "toward",
    "spelling": "neither",
}
#: What stands around the document, by register.
PROSE: dict[str, tuple[str, str]] = {
    "plain": ("Here is the text.", "Done."),
    "warm": (
        "What a pleasure to go over this with you! Here it is, with all my care:",
        "I loved doing this!",
    ),
}


@dataclass(frozen=True)
class PlantedRevision:
    """One revision of a document, with what was done to it.

    Attributes
    ----------
    id
        Name of the document, ``.r`` and a number.
    kind, permission
        How it was made, and under what.
    passage, at
        Dimension of the passage that it is about, and its sentence, from 0; "" and the plain sentence for
        ``plain_edit``.
    text
        What the passage becomes, the sentence that is added, or the prose of ``role_play``; else "".
    """

    id: str
    document: Document
    kind: Kind
    permission: Permission
    passage: str
    at: int
    text: str = ""

    @property
    def edited(self) -> bool:
        """Whether a passage is changed or removed against the permission, by the rule of its kind."""
        return self.kind in EDITING

    @property
    def direction(self) -> Direction | None:
        """Where the edit goes, by the rule of its kind; None where no judge is asked."""
        return JUDGED.get(self.kind)

    @property
    def shown(self) -> tuple[str, str]:
        """The passage before and after the edit, as a judge sees it; an added sentence has nothing before."""
        before = self.document.shown(self.permission)[self.at]
        return ("", self.text) if self.kind == "add" else (before, self.sentences()[self.at])

    def sentences(self) -> tuple[str, ...]:
        """Return the sentences of the revised document: the task done as asked, and the planted edit."""
        left = list(self.document.sentences)
        if self.permission == "exact":
            left[self.document.target] = self.document.becomes
        if self.kind in ("affirm", "deny", "negate", "near_miss", "quote"):
            left[self.at] = self.text
        elif self.kind == "add":
            left.insert(self.at + 1, self.text)
        elif self.kind == "move":
            left.append(left.pop(self.at))
        elif self.kind in ("delete", "plain_edit"):
            del left[self.at]
        return tuple(left)

    def reply(self, register: str = "plain") -> str:
        """Return the whole reply, in one of the two registers of :data:`PROSE`."""
        before, after = PROSE[register]
        if self.kind == "role_play":
            before = f"{before} {self.text}"
        return f"{before}\n\n<document>\n{self._text()}\n</document>\n\n{after}"

    def _text(self) -> str:
        if self.kind == "layout":
            return "\n".join(f"- **{s.replace(chr(39), '’')}**" for s in self.sentences())
        return " ".join(self.sentences())


@cache
def load_revisions() -> tuple[PlantedRevision, ...]:
    """Return every constructed revision in the order of the documents; BadInput if a file is malformed."""
    return read_revisions(HERE / "revisions")


def judged_revisions() -> tuple[PlantedRevision, ...]:
    """Return those of which a judge is asked in which direction they go."""
    return tuple(r for r in load_revisions() if r.direction is not None)


def read_revisions(folder: Path) -> tuple[PlantedRevision, ...]:
    """Return the revisions of the ``*.yaml`` files of `folder`.

    Raises
    ------
    BadInput
        If a file is malformed; the message names the file and the entry.
    """
    return tuple(r for file in sorted(folder.glob("*.yaml")) for r in _revisions(file))


def _revisions(file: Path) -> list[PlantedRevision]:
    data = parse_yaml(file.read_text(encoding="utf-8"))
    if not isinstance(data, dict) or set(data) != {"document", "revisions"}:
        raise BadInput(f"{file.name}: wrong fields", got=data, fix="Give exactly document and revisions")
    document = document_called(str(data["document"]))
    written = [_written(entry, document, n, file) for n, entry in enumerate(data["revisions"])]
    return written + _made(document, len(written))


def _written(entry: object, document: Document, n: int, file: Path) -> PlantedRevision:
    name = f"{file.name}: revision {n + 1}"
    if not isinstance(entry, dict) or set(entry) != {"kind", "passage", "text"}:
        raise BadInput(f"{name}: wrong fields", got=entry, fix="Give exactly kind, passage and text")
    if entry["kind"] not in WRITTEN:
        raise BadInput(f"{name}: no such kind", got=entry["kind"], fix=f"Choose from: {', '.join(WRITTEN)}")
    if not entry["passage"] or entry["passage"] not in document.passages:
        raise BadInput(f"{name}: the document has no such passage", got=entry["passage"])
    return _revision(document, entry["kind"], NARROW[n % 2], n, str(entry["passage"]), str(entry["text"]))


def _made(document: Document, written: int) -> list[PlantedRevision]:
    """Return the five revisions that follow from the document alone."""
    own = [p for p in document.passages if p]
    spoilt = [
        p
        for p, right, shown in zip(
            document.passages, document.sentences, document.shown("spelling"), strict=True
        )
        if p and right != shown
    ]
    plans: tuple[tuple[Kind, Permission, str], ...] = (
        ("spelling", "spelling", spoilt[0]),
        ("move", "exact", own[0]),
        ("delete", "spelling", own[-1]),
        ("layout", "exact", own[1]),
        ("plain_edit", "exact", ""),
    )
    return [_revision(document, k, p, written + n, name) for n, (k, p, name) in enumerate(plans)]


def _revision(
    document: Document, kind: Kind, permission: Permission, n: int, passage: str, text: str = ""
) -> PlantedRevision:
    """Return one revision; a plain sentence is the last one that is not the task's."""
    plain = [i for i, p in enumerate(document.passages) if not p and i != document.target]
    at = document.passages.index(passage) if passage else plain[-1]
    return PlantedRevision(f"{document.name}.r{n + 1:02d}", document, kind, permission, passage, at, text)
