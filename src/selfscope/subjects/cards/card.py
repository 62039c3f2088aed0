"""A character card of version 1, 2 or 3: its fields, checked, and what contradicts itself in it, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from selfscope.errors import BadInput
from selfscope.subjects.data import clean

#: The fields of version 1; versions 2 and 3 hold them too.
V1_FIELDS = ("name", "description", "personality", "scenario", "first_mes", "mes_example")
TEXTS = (*V1_FIELDS, "system_prompt", "post_history_instructions", "creator_notes", "nickname")
#: The fields that each version has and that are read here; whatever else is on a card is listed.
_FIELDS = {
    1: frozenset(V1_FIELDS),
    2: frozenset({*TEXTS, "character_book"} - {"nickname"}),
    3: frozenset({*TEXTS, "character_book"}),
}
_SPECS = {"chara_card_v2": 2, "chara_card_v3": 3}
_LONGEST_NAME = 200
_MOST_ENTRIES = 5_000


@dataclass(frozen=True)
class LoreEntry:
    """One entry of a card's lorebook."""

    number: int
    content: str
    keys: tuple[str, ...] = ()
    enabled: bool = True
    constant: bool = False
    order: float = 0.0
    before: bool = True


@dataclass(frozen=True)
class Card:
    """A card as it was read.

    Attributes
    ----------
    version
        1, 2 or 3: by ``spec``, whatever ``spec_version`` says.
    texts
        The text fields, cleaned; a missing one is empty.
    lore
        The lorebook's entries, in their order in the card.
    others
        Every other field that holds something, by name.
    notes
        What contradicts itself or the specification, and how it was read.
    """

    version: int
    texts: Mapping[str, str]
    lore: tuple[LoreEntry, ...] = ()
    others: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    header: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What ``{{char}}`` stands for: version 3 lets a nickname come before the name."""
        return " ".join(((self.version == 3 and self.texts["nickname"]) or self.texts["name"]).split())


def looks_like_card(value: Any) -> bool:
    """Return whether a JSON value is meant as a card, well made or not."""
    if not isinstance(value, Mapping):
        return False
    return str(value.get("spec", "")).startswith("chara_card") or (
        "name" in value and any(field in value for field in ("first_mes", "mes_example", "personality"))
    )


def card_of(value: Any, where: str) -> Card:
    """Return the card that a JSON value is.

    Raises
    ------
    BadInput
        If it is no card, of an unknown specification, or a field has a value that it cannot have.
    """
    if not isinstance(value, Mapping):
        raise BadInput("the card is no JSON object", got=where, fix="Export the card again")
    version, data, notes = _version(value, where)
    fields = _FIELDS[version]
    texts = dict.fromkeys(TEXTS, "")
    for name in (name for name in TEXTS if name in fields):
        texts[name], told = _text(data, name, where)
        notes += told
    if not any(texts[name].strip() for name in TEXTS if name not in ("creator_notes", "nickname")):
        raise BadInput(
            "the card holds no words: every text field of it is empty", got=where, fix="Export the card again"
        )
    if max(len(texts["name"]), len(texts["nickname"])) > _LONGEST_NAME:
        raise BadInput(
            f"the name on the card has over {_LONGEST_NAME} characters", got=where, fix="Shorten it"
        )
    lore = _lore(data.get("character_book"), where) if "character_book" in fields else ()
    others = tuple(clean(str(k)) for k, v in data.items() if k not in fields and v not in (None, "", [], {}))
    header = {k: clean(str(value[k])) for k in ("spec", "spec_version") if k in value}
    return Card(version, texts, lore, others, tuple(notes), header)


def differing(one: Card, other: Card) -> tuple[str, ...]:
    """Return the text fields in which two cards differ; notes of the creator are none of them."""
    fields = [name for name in TEXTS if name not in ("creator_notes", "nickname")]
    return tuple(name for name in fields if one.texts[name].strip() != other.texts[name].strip())


def _version(value: Mapping[str, Any], where: str) -> tuple[int, Mapping[str, Any], list[str]]:
    """Return the version, the object that holds the fields, and what does not fit together."""
    spec, data = value.get("spec"), value.get("data")
    if spec is None:
        if not any(isinstance(value.get(name), str) for name in V1_FIELDS):
            raise BadInput(
                "the JSON is no character card: it has no spec, and none of the fields of version 1",
                got=where,
                fix=f"A card has spec and data, or {', '.join(V1_FIELDS)}",
            )
        return 1, value, [_note(where, "data without spec is not read")] if data is not None else []
    if spec not in _SPECS:
        raise BadInput("the card is of an unknown specification", got=spec, fix=f"Known: {', '.join(_SPECS)}")
    if not isinstance(data, Mapping):
        raise BadInput(f"the card says {spec} and has no data", got=where, fix="Export the card again")
    version = _SPECS[spec]
    notes = _spec_version(value.get("spec_version"), version, where)
    outside = [n for n in V1_FIELDS if isinstance(value.get(n), str) and value[n] != data.get(n)]
    if outside:
        notes.append(_note(where, f"{', '.join(outside)} stand outside data too, and differ: data is read"))
    return version, data, notes


def _spec_version(given: Any, version: int, where: str) -> list[str]:
    """Return a note if ``spec_version`` is not what ``spec`` says; a card is read by its ``spec``."""
    if given == f"{version}.0":
        return []
    try:
        number = float(given)
    except (TypeError, ValueError):
        said = "is missing" if given is None else f"is {clean(str(given))[:40]}"
        return [_note(where, f"spec_version {said}; read as version {version}, as spec says")]
    if version == 3 and number > 3:
        return [
            _note(where, f"spec_version {given} is newer than 3.0: fields that are new in it are not read")
        ]
    if number == version:
        return [_note(where, f'spec_version is written {given!r} and not "{version}.0"')]
    return [_note(where, f"spec says version {version} and spec_version {given}: read as version {version}")]


def _text(data: Mapping[str, Any], name: str, where: str) -> tuple[str, list[str]]:
    value = data.get(name, "")
    if value is None:
        return "", [_note(where, f"{name} is null, which no version allows; read as empty")]
    if not isinstance(value, str):
        raise BadInput(f"{name} on the card is no text", got=value, fix="Export the card again")
    return clean(value), []


def _lore(book: Any, where: str) -> tuple[LoreEntry, ...]:
    if book is None:
        return ()
    entries = book.get("entries") if isinstance(book, Mapping) else None
    if not isinstance(entries, list) or not all(isinstance(e, Mapping) for e in entries):
        raise BadInput(
            "character_book on the card has no list of entries", got=where, fix="Export the card again"
        )
    if len(entries) > _MOST_ENTRIES:
        raise BadInput(f"the lorebook has more than {_MOST_ENTRIES:,} entries", got=where, fix="Shorten it")
    return tuple(_entry(number, entry) for number, entry in enumerate(entries))


def _entry(number: int, entry: Mapping[str, Any]) -> LoreEntry:
    content, keys, order = entry.get("content"), entry.get("keys"), entry.get("insertion_order")
    if not isinstance(content, str):
        raise BadInput(
            f"entry {number} of the lorebook has no text", got=content, fix="Export the card again"
        )
    return LoreEntry(
        number=number,
        content=clean(content),
        keys=tuple(clean(str(k)) for k in keys) if isinstance(keys, list) else (),
        enabled=entry.get("enabled", True) is not False,
        constant=entry.get("constant") is True,
        order=float(order) if isinstance(order, (int, float)) and abs(order) < 1e15 else 0.0,
        before=entry.get("position") != "after_char",
    )


def _note(where: str, text: str) -> str:
    return f"{where}: {text}"
