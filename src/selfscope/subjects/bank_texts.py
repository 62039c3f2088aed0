"""The shipped control texts: generic professional identities, strong personas, rules, and the panel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from selfscope.errors import BadInput, Defect
from selfscope.subjects.character import Character
from selfscope.subjects.claims import claims_of
from selfscope.subjects.front_matter import part_front_matter
from selfscope.subjects.sentences import sentence_spans

BankClass = Literal["generic", "persona", "panel"]
_FOLDERS: dict[BankClass, str] = {"generic": "generic", "persona": "personas", "panel": "panel"}
_BANK = Path(__file__).parent / "bank"


@dataclass(frozen=True)
class Section:
    """Sentences under one heading, in order; the first section of a text has the text's own title."""

    title: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class BankText:
    """One shipped text: ``generic:archivist`` is the text `archivist` of the class `generic`."""

    name: str
    text: str

    @property
    def sections(self) -> tuple[Section, ...]:
        """The text cut into sections of sentences; a bullet gives as many as it has."""
        sections: dict[tuple[str, ...], list[str]] = {}
        for claim in claims_of(self.text):
            spans = sentence_spans(claim.text)
            sections.setdefault(claim.headings, []).extend(claim.text[a:b] for a, b in spans)
        return tuple(Section(path[-1] if path else "", tuple(said)) for path, said in sections.items())


@cache
def bank_texts(kind: BankClass) -> tuple[BankText, ...]:
    """Return the shipped texts of a class, by name.

    Raises
    ------
    Defect
        If the package was installed without them.
    """
    folder = _BANK / _FOLDERS[kind]
    texts = tuple(_load(path) for path in sorted(folder.glob("*.md"))) if folder.is_dir() else ()
    if not texts:
        raise Defect(f"the bank of {kind} texts is missing from the package", fix="Install selfscope again")
    return texts


@cache
def conduct_rules() -> tuple[str, ...]:
    """Return the neutral rules of conduct with which checklists are filled up, in their order."""
    text = (_BANK / "conduct_rules.md").read_text(encoding="utf-8")
    return tuple(c.text for c in claims_of(text) if c.kind == "bullet")


def panel_characters() -> tuple[Character, ...]:
    """Return the characters of the reliability panel, by name."""
    return tuple(
        Character(t.name, "panel", t.text, f"panel:{t.name}", claims_of(t.text, file=t.name))
        for t in bank_texts("panel")
    )


def _load(path: Path) -> BankText:
    try:
        parted = part_front_matter(path.read_text(encoding="utf-8"), path.name)
    except BadInput as error:
        raise Defect(f"a shipped text is broken: {error.what}", got=path.name) from None
    return BankText(path.stem, parted.body.strip())
