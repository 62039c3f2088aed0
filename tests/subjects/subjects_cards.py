"""Makes real cards: PNG chunk by chunk, CHARX as a zip, and the fields of each version."""

from __future__ import annotations

import base64
import copy
import io
import json
import struct
import zipfile
import zlib
from typing import Any

V1: dict[str, Any] = {
    "name": "Ilse",
    "description": "{{char}} keeps a lighthouse and answers {{user}} slowly.",
    "personality": "Patient, dry, exact about weather.",
    "scenario": "A storm has cut the road to the mainland.",
    "first_mes": "You are soaked. Sit down.",
    "mes_example": "<START>\n{{user}}: Is it far?\n{{char}}: Far enough.",
}


def v2(**fields: Any) -> dict[str, Any]:
    """Return a card of version 2."""
    more = {"creator_notes": "Best with tea.", "system_prompt": "", "post_history_instructions": "",
            "alternate_greetings": [], "tags": ["sea"], "creator": "someone", "character_version": "1",
            "extensions": {"other/app": 1}}  # fmt: skip
    return {"spec": "chara_card_v2", "spec_version": "2.0", "data": {**copy.deepcopy(V1), **more, **fields}}


def v3(**fields: Any) -> dict[str, Any]:
    """Return a card of version 3."""
    data = {**v2()["data"], "group_only_greetings": [], **fields}
    return {"spec": "chara_card_v3", "spec_version": "3.0", "data": data}


def lore(content: str, **fields: Any) -> dict[str, Any]:
    """Return an entry of a lorebook."""
    return {
        "keys": ["lamp"],
        "content": content,
        "enabled": True,
        "insertion_order": 0,
        "extensions": {},
        **fields,
    }


def chunk(kind: bytes, body: bytes, crc: int | None = None) -> bytes:
    """Return a chunk of a PNG, with its true checksum unless another is given."""
    crc = zlib.crc32(kind + body) if crc is None else crc
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)


def png(*chunks: bytes) -> bytes:
    """Return a picture of one grey point with further chunks before its data."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"\0\x80"))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + data + chunk(b"IEND", b"")


def text(keyword: str, card: Any) -> bytes:
    """Return a tEXt chunk that carries a card as base64."""
    return chunk(b"tEXt", keyword.encode() + b"\0" + base64.b64encode(json.dumps(card).encode()))


def itext(keyword: str, data: bytes, *, packed: bool = False) -> bytes:
    """Return an iTXt chunk, packed or not."""
    body = keyword.encode() + b"\0" + bytes([packed, 0]) + b"en\0translated\0"
    return chunk(b"iTXt", body + (zlib.compress(data) if packed else data))


def charx(files: dict[str, bytes | str], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip of files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as package:
        for name, content in files.items():
            package.writestr(name, content)
    return buffer.getvalue()
