"""Character cards from JSON, PNG and CHARX, read into the system prompt that they make."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import replace
from pathlib import Path

from selfscope.errors import BadInput
from selfscope.subjects.cards.card import Card, card_of, differing, looks_like_card
from selfscope.subjects.cards.charx import read_charx
from selfscope.subjects.cards.macros import USER, Macros
from selfscope.subjects.cards.png import PngText, read_png_texts
from selfscope.subjects.cards.prompt import CONTRADICTED, card_pieces
from selfscope.subjects.data import parse_json
from selfscope.subjects.files import decode, read_carrier, read_text, shown
from selfscope.subjects.pieces import Piece, dropped, join_pieces
from selfscope.subjects.reading import Limits, Reading, printable
from selfscope.subjects.workspace.settings import Settings

#: Keywords under which a PNG carries a card; version 3 comes first.
V3_KEYWORD, V2_KEYWORD = "ccv3", "chara"
_BLANKS = re.compile(rb"\s+")


def read_json_card(path: Path, limits: Limits, settings: Settings | None = None) -> Reading:
    """Read a card from JSON; BadInput if the JSON is something else."""
    name = printable(path.name)
    value = parse_json(read_text(path, limits.file_bytes).text, name)
    if not looks_like_card(value):
        raise BadInput(
            "the JSON is no character card",
            got=shown(path),
            fix="A card has spec and data, or the fields of version 1; a memory is read with its folder",
        )
    return _reading(path, card_of(value, name), "JSON", limits, settings)


def read_png_card(path: Path, limits: Limits, settings: Settings | None = None) -> Reading:
    """Read a card from the texts of a PNG; ``ccv3`` comes before ``chara``, and both are compared."""
    name = printable(path.name)
    wanted = (V3_KEYWORD, V2_KEYWORD)
    png = read_png_texts(read_carrier(path, limits.carrier_bytes), name, wanted, 2 * limits.file_bytes)
    texts = {keyword: _one(png.texts, keyword, name) for keyword in wanted}
    cards = {
        key: _carried(data, path, f"{name}, {key}", limits) for key, data in texts.items() if data is not None
    }
    if not cards:
        keywords = ", ".join(dict.fromkeys(printable(t.keyword) for t in png.texts)) or "no texts at all"
        raise BadInput(
            "the PNG carries no character card",
            got=f"{name}, with {keywords}",
            fix="A card has the text chara or ccv3",
        )
    keyword = V3_KEYWORD if V3_KEYWORD in cards else V2_KEYWORD
    notes = (*png.notes, *_beside(cards, keyword, name))
    return _reading(path, cards[keyword], f"PNG ({keyword})", limits, settings, notes=notes)


def read_charx_card(path: Path, limits: Limits, settings: Settings | None = None) -> Reading:
    """Read the ``card.json`` of a CHARX; nothing else of it is unpacked."""
    name = printable(path.name)
    charx = read_charx(read_carrier(path, limits.carrier_bytes), name, limits.file_bytes)
    value = parse_json(decode(charx.card, path).text, f"{name}, card.json")
    card = card_of(value, name)
    number = f"{len(charx.assets):,} further file" + ("s" if len(charx.assets) > 1 else "")
    beside = [dropped(number, "pictures, sound or code: not unpacked")]
    notes = (
        () if card.version == 3 else (f"{name}: a CHARX with a card of version {card.version}, read as such",)
    )
    return _reading(path, card, "CHARX", limits, settings, notes=notes, beside=beside if charx.assets else [])


def _reading(
    path: Path,
    card: Card,
    carrier: str,
    limits: Limits,
    settings: Settings | None,
    *,
    notes: tuple[str, ...] = (),
    beside: list[Piece] | None = None,
) -> Reading:
    settings = settings or Settings()
    name = printable(path.name)
    if not card.name:
        notes = (*notes, f"{name}: the card has no name; the file's stands in its place")
    macros = Macros(card.name or printable(path.stem), settings.user or USER)
    pieces = card_pieces(card, macros, prose=settings.v3 == "prose", most=limits.file_bytes)
    reading = join_pieces(
        [*pieces, *(beside or [])],
        name=name,
        kind="card",
        path=shown(path),
        how=(
            f"character card, version {card.version}, from {carrier}: {{{{char}}}} is {macros.char}, "
            f"{{{{user}}}} is {macros.user}"
        ),
        notes=(*notes, *card.notes, *_contradiction(card, settings, name), *macros.notes()),
    )
    return replace(reading, front_matter={name: card.header} if card.header else {})


def _contradiction(card: Card, settings: Settings, name: str) -> tuple[str, ...]:
    """Say which of the fields were used that version 3 lists in its interface and forbids in its prose."""
    there = [field for field in CONTRADICTED if card.texts[field].strip()]
    if card.version != 3 or not there:
        return ()
    how = (
        "its prose is followed"
        if settings.v3 == "prose"
        else "its interface is followed; v3: prose changes it"
    )
    return (f"{name}: version 3 lists {', '.join(there)} and forbids their use: {how}",)


def _one(texts: tuple[PngText, ...], keyword: str, where: str) -> bytes | None:
    """Return the one text of a keyword; BadInput if there are two that differ."""
    found = {t.data for t in texts if t.keyword.lower() == keyword}
    if len(found) > 1:
        raise BadInput(
            f"the PNG carries {len(found)} different cards named {keyword}", got=where, fix="Export it again"
        )
    return found.pop() if found else None


def _carried(data: bytes, path: Path, where: str, limits: Limits) -> Card:
    """Return the card in a text chunk: base64 of JSON, or in an ``iTXt`` the JSON itself."""
    if not data.lstrip().startswith(b"{"):
        try:
            data = base64.b64decode(_BLANKS.sub(b"", data), validate=True)
        except (binascii.Error, ValueError):
            raise BadInput(
                "the card in the PNG is not valid base64", got=where, fix="Export the card again"
            ) from None
    if len(data) > limits.file_bytes:
        raise BadInput(
            f"the card is larger than {limits.file_bytes:,} bytes", got=where, fix="Give a smaller card"
        )
    return card_of(parse_json(decode(data, path).text, where), where)


def _beside(cards: dict[str, Card], keyword: str, name: str) -> list[str]:
    """Say what does not fit between the two cards of a PNG, or between a card and its keyword."""
    notes = []
    if keyword == V3_KEYWORD and cards[keyword].version != 3:
        notes.append(f"{name}: ccv3 holds a card of version {cards[keyword].version}, read as such")
    if keyword == V2_KEYWORD and cards[keyword].version == 3:
        notes.append(f"{name}: chara holds a card of version 3, read as such")
    if len(cards) == 2:
        apart = differing(cards[V3_KEYWORD], cards[V2_KEYWORD])
        told = f"they differ in {', '.join(apart)}" if apart else "they say the same"
        notes.append(f"{name}: ccv3 and chara are both there, {told}; ccv3 is read")
    return notes
