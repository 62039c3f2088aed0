"""Texts in a PNG: its chunks walked one by one, their checksums held, nothing unpacked without a limit."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from selfscope.errors import BadInput

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_LONGEST_KEYWORD = 79
_MOST_CHUNKS = 200_000
#: Two keywords, and each perhaps twice.
_MOST_CARDS = 4


@dataclass(frozen=True)
class PngText:
    """One text chunk: its keyword, and its bytes if it was asked for."""

    keyword: str
    data: bytes | None = None


@dataclass(frozen=True)
class PngTexts:
    """All texts of a picture, in order, and what a reader must know of the file."""

    texts: tuple[PngText, ...]
    notes: tuple[str, ...] = ()


def read_png_texts(data: bytes, where: str, wanted: Collection[str], most: int) -> PngTexts:
    """Return the text chunks of a PNG or APNG.

    Parameters
    ----------
    wanted
        Keywords, in small letters, whose texts are unpacked; of every other text the keyword is returned.
    most
        Bytes that one text may have once it is unpacked.

    Raises
    ------
    BadInput
        If it is no PNG, ends before its end, or a text chunk is damaged or too large.
    """
    if not data.startswith(SIGNATURE):
        raise BadInput("the file does not begin as a PNG does", got=where, fix="Export the card again as PNG")
    texts: list[PngText] = []
    notes: list[str] = []
    end, cards = len(SIGNATURE), 0
    for kind, body, whole, at in _chunks(data, where):
        end = at
        if kind in _TEXTS:
            if not whole:
                raise BadInput(
                    f"a {kind.decode()} chunk of the PNG is damaged: its checksum does not fit",
                    got=where,
                    fix="Export the card again, or take an undamaged copy",
                )
            texts.append(_text(kind, body, where, wanted, most))
            cards += texts[-1].data is not None
            if cards > _MOST_CARDS:
                raise BadInput(
                    f"the PNG carries more than {_MOST_CARDS} cards", got=where, fix="Export the card again"
                )
        elif not whole and "damaged" not in "".join(notes):
            notes.append(
                f"{where}: the picture itself is damaged ({kind.decode('latin-1')}); its texts are not"
            )
    if end < len(data):
        notes.append(f"{where}: {len(data) - end:,} bytes after the end of the picture are not read")
    return PngTexts(tuple(texts), tuple(notes))


def _chunks(data: bytes, where: str) -> Iterator[tuple[bytes, bytes, bool, int]]:
    """Yield each chunk's kind and body, whether its checksum fits, and where it ends, up to ``IEND``."""
    at, kind, number = len(SIGNATURE), b"", 0
    while kind != b"IEND":
        number += 1
        if number > _MOST_CHUNKS:
            raise BadInput(
                f"the PNG has more than {_MOST_CHUNKS:,} chunks", got=where, fix="Export the card again"
            )
        if at + 12 > len(data):
            raise _ends(where, at)
        size, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        if not kind.isalpha() or not kind.isascii():
            raise BadInput(
                f"the PNG is damaged: no chunk begins at offset {at}", got=where, fix="Take an undamaged copy"
            )
        end = at + 12 + size
        if end > len(data):
            raise _ends(where, at)
        body = data[at + 8 : end - 4]
        whole = zlib.crc32(body, zlib.crc32(kind)) == int.from_bytes(data[end - 4 : end])
        yield kind, body, whole, end
        at = end


def _ends(where: str, at: int) -> BadInput:
    return BadInput(
        f"the PNG is cut off: it ends in the chunk at offset {at}, before its end",
        got=where,
        fix="Take a whole copy",
    )


def _text(kind: bytes, body: bytes, where: str, wanted: Collection[str], most: int) -> PngText:
    keyword, zero, rest = body.partition(b"\0")
    if not zero or not 0 < len(keyword) <= _LONGEST_KEYWORD:
        raise BadInput(
            f"a {kind.decode()} chunk of the PNG has no keyword", got=where, fix="Export the card again"
        )
    name = keyword.decode("latin-1")
    if name.lower() not in wanted:
        return PngText(name)
    packed = kind == b"zTXt"
    if kind == b"zTXt":
        rest = rest[1:]
    elif kind == b"iTXt":
        packed, rest = rest[:1] == b"\1", rest[2:]
        rest = rest.split(b"\0", 2)[-1] if rest.count(b"\0") >= 2 else rest
    data = _unpacked(rest, where, most) if packed else rest
    if len(data) > most:
        raise _too_large(where, most)
    return PngText(name, data)


def _unpacked(data: bytes, where: str, most: int) -> bytes:
    """Return what was packed, never more than `most` bytes and one."""
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(data, most + 1)
    except zlib.error:
        raise BadInput(
            "a packed text of the PNG is damaged", got=where, fix="Export the card again"
        ) from None
    if len(text) > most:
        raise _too_large(where, most)
    if not unpacker.eof:
        raise BadInput("a packed text of the PNG is cut off", got=where, fix="Export the card again")
    return text


def _too_large(where: str, most: int) -> BadInput:
    return BadInput(
        f"a text of the PNG is larger than {most:,} bytes", got=where, fix="Give the card as JSON"
    )
