"""CHARX: a zip with ``card.json`` at its root. One entry is unpacked, in memory and within a limit."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath

from selfscope.errors import BadInput
from selfscope.subjects.reading import printable

CARD = "card.json"
_MOST_ENTRIES = 20_000
_DIRECTORY_MARK = b"PK\x01\x02"
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
#: What Python's zip reader raises for files that are broken in one way or another.
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError),
    *(ValueError, OverflowError, KeyError, IndexError),
)


@dataclass(frozen=True)
class Charx:
    """The bytes of a card, and the names of all that is packed beside it."""

    card: bytes
    assets: tuple[str, ...]


def read_charx(data: bytes, where: str, most: int) -> Charx:
    """Return the card of a CHARX package.

    Parameters
    ----------
    most
        Bytes that the card may have once it is unpacked.

    Raises
    ------
    BadInput
        If it is no zip, holds no ``card.json`` or two, is encrypted or damaged, unpacks to too much, or has
        an entry whose name leads out of the package.
    """
    # Counted before the zip reader makes an object of each, which takes seconds for a million.
    if data.count(_DIRECTORY_MARK) > _MOST_ENTRIES:
        raise BadInput(
            f"the package has more than {_MOST_ENTRIES:,} entries", got=where, fix="Give the card as JSON"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            entries = package.infolist()
            card = _card(entries, where, most)
            with package.open(card) as file:
                text = file.read(most + 1)
    except _BROKEN as error:
        why = printable(str(error)) or type(error).__name__
        raise BadInput(
            f"the package cannot be unpacked ({why})", got=where, fix="Export the card again"
        ) from None
    if len(text) > most:
        raise _too_large(where, most)
    return Charx(text, tuple(e.filename for e in entries if e is not card and not e.is_dir()))


def _card(entries: list[zipfile.ZipInfo], where: str, most: int) -> zipfile.ZipInfo:
    for entry in entries:
        # The raw name counts: the zip reader ends a name at a zero byte and turns its separators.
        if _leads_out(entry.orig_filename) or _leads_out(entry.filename):
            raise BadInput(
                "an entry of the package leads out of it; nothing was unpacked",
                got=printable(entry.orig_filename),
                fix="Do not trust this file; ask for another export",
            )
    cards = [e for e in entries if e.filename == CARD]
    if len(cards) != 1:
        what = f"{len(cards)} times" if cards else "no"
        raise BadInput(
            f"the package holds {what} {CARD} at its root", got=where, fix="A CHARX has exactly one"
        )
    if cards[0].flag_bits & 1:
        raise BadInput("the card in the package is encrypted", got=where, fix="Export it without a password")
    if cards[0].compress_type not in _PACKINGS:
        raise BadInput(
            "the card is packed in an unusual way", got=where, fix="Pack it with deflate, or not at all"
        )
    if cards[0].file_size > most:
        raise _too_large(where, most)
    return cards[0]


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or name[1:2] == ":" or "\0" in name


def _too_large(where: str, most: int) -> BadInput:
    return BadInput(f"{CARD} unpacks to more than {most:,} bytes", got=where, fix="Give a smaller card")
