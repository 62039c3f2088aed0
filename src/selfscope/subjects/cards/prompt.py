"""From a card to the system prompt that it makes: a stated order, every field listed as used or left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from selfscope.errors import BadInput
from selfscope.subjects.cards.card import Card, LoreEntry
from selfscope.subjects.cards.macros import Macros
from selfscope.subjects.pieces import JOINT, Piece, Segment, dropped
from selfscope.subjects.reading import Source

#: Fields that version 3 lists in its interface and whose use it forbids in its prose. (It does so with the
#: greetings too, which are no part of a system prompt either way.)
CONTRADICTED = ("system_prompt", "post_history_instructions", "personality", "scenario")
_DECORATOR = re.compile(r"@@@?(\w+)[^\n]*(?:\n|$)")
_NOT_SENT = "by the specification no part of a prompt"


@dataclass(frozen=True)
class _Lore:
    """A lorebook entry without its decorators, and whether they switch it on or off."""

    entry: LoreEntry
    text: str
    lines: int
    decorators: tuple[str, ...]

    @property
    def always(self) -> bool:
        """Whether it stands in every prompt."""
        if "activate" in self.decorators:
            return True
        return self.entry.constant and "dont_activate" not in self.decorators


def card_pieces(card: Card, macros: Macros, *, prose: bool, most: int) -> list[Piece]:
    """Return the pieces of the system prompt that a card makes.

    The order: the card's own system prompt, or else one line with the name; lore that is always there and
    stands before the character; description; personality; scenario; lore that stands after; examples of
    dialogue; instructions that come after the history.

    Parameters
    ----------
    prose
        Whether a card of version 3 is read by the specification's prose, which forbids four of these.
    most
        Characters that the prompt may have.

    Raises
    ------
    BadInput
        If the prompt grows too long by its macros.
    """
    left_out = CONTRADICTED if prose and card.version == 3 else ()
    texts = {name: "" if name in left_out else text for name, text in card.texts.items()}
    lore = sorted((_undecorated(e) for e in card.lore), key=lambda each: each.entry.order)
    used = [
        *_opening(texts["system_prompt"], macros),
        *(_lore_piece(each, macros) for each in lore if each.entry.before),
        *_field("description", texts, "", "identity", macros),
        *_field("personality", texts, "Personality", "identity", macros),
        *_field("scenario", texts, "Scenario", "setting", macros),
        *(_lore_piece(each, macros) for each in lore if not each.entry.before),
        *_field("mes_example", texts, "Examples of dialogue", "examples", macros),
        *_field("post_history_instructions", texts, "", "rules", macros),
    ]
    if sum(len(piece.text) for piece in used) > most:
        raise BadInput(
            f"the card makes a prompt of over {most:,} characters", got=macros.char, fix="Shorten it"
        )
    return [*used, *_listed(card, left_out)]


def _opening(system_prompt: str, macros: Macros) -> Iterator[Piece]:
    """Yield the card's own system prompt; or, in its place, who is spoken to."""
    if system_prompt.strip():
        yield from _field("system_prompt", {"system_prompt": system_prompt}, "", "rules", macros)
    else:
        line = f"You are {macros.char}."
        source = Source(
            "name",
            "used",
            len(macros.char),
            len(macros.char),
            "no system_prompt: one line with the name",
            role="identity",
        )
        yield Piece(source, (Segment(line, 1),))


def _field(name: str, texts: dict[str, str], title: str, role: str, macros: Macros) -> Iterator[Piece]:
    raw = texts[name]
    if not raw.strip():
        return
    said = macros.put_in(raw)
    text = said.strip()
    if not text:
        yield dropped(name, "nothing is left of it after its macros", role=role, characters=len(raw))
        return
    line = 1 + said[: len(said) - len(said.lstrip())].count("\n")
    heading = Segment(f"## {title}{JOINT}" if title else "")
    yield Piece(Source(name, "used", len(raw), len(text), role=role), (heading, Segment(text, line)))


def _lore_piece(lore: _Lore, macros: Macros) -> Piece:
    entry = lore.entry
    name = f"character_book[{entry.number}]"
    if not entry.enabled:
        return dropped(name, "switched off on the card", role="memory", characters=len(entry.content))
    if not lore.always:
        keys = ", ".join(entry.keys[:3]) or "nothing"
        why = f"enters only when a message speaks of {keys}"[:160]
        return dropped(name, why, role="memory", characters=len(entry.content))
    said = macros.put_in(lore.text)
    if not said.strip():
        return dropped(name, "empty", role="memory")
    told = [d for d in lore.decorators if d not in ("activate", "dont_activate")]
    notes = (f"{name}: decorators not followed: {', '.join(told)}"[:160],) if told else ()
    text = said.strip()
    line = 1 + lore.lines + said[: len(said) - len(said.lstrip())].count("\n")
    return Piece(
        Source(name, "used", len(entry.content), len(text), role="memory"),
        (Segment(text, line),),
        notes=notes,
    )


def _undecorated(entry: LoreEntry) -> _Lore:
    """Return the entry without the decorators at its head."""
    names, at, content = [], 0, entry.content
    while found := _DECORATOR.match(content, at):
        names.append(found[1])
        at = found.end()
    return _Lore(entry, content[at:], content.count("\n", 0, at), tuple(names))


def _listed(card: Card, left_out: tuple[str, ...]) -> Iterator[Piece]:
    """Yield every field that is on the card and not in the prompt, with the reason."""
    for name in left_out:
        if card.texts[name].strip():
            yield dropped(
                name, "v3: prose, and version 3's prose forbids its use", characters=len(card.texts[name])
            )
    if greeting := card.texts["first_mes"].strip():
        yield dropped(
            "first_mes", "the character's first turn, not its system prompt", characters=len(greeting)
        )
    if card.texts["creator_notes"].strip():
        yield dropped("creator_notes", _NOT_SENT, characters=len(card.texts["creator_notes"]))
    for name in card.others:
        yield dropped(
            name, _REASONS.get(name, _NOT_SENT if name in _KNOWN else "no field of the specification")
        )


_REASONS = {
    "alternate_greetings": "other first turns, not the system prompt",
    "group_only_greetings": "other first turns, not the system prompt",
    "assets": "pictures and sound, no words of the character",
    "extensions": "for other programs; not sent, and not changed",
}
_KNOWN = (
    *("tags", "creator", "character_version", "creator_notes_multilingual", "source"),
    *("creation_date", "modification_date", "spec", "spec_version", "data"),
)
