"""Several characters on one ground, as they are written on a command line: a name, and what makes each.

``NAME=none`` is the bare model under a name of its own. Otherwise parts stand with commas between them, each
once, in any order: ``identity:PATH``, ``adapter:NAME``, ``cap:PATH``; what has no such word before it is an
identity. So ``wren=SOUL.md`` and ``wren=identity:SOUL.md,adapter:wren-0``. A comma that belongs to a path is
written twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selfscope.errors import BadInput
from selfscope.models.adapters import Adapter, read_adapter
from selfscope.models.caps import Cap, read_cap
from selfscope.models.ground import GroundIdentity
from selfscope.subjects import Reading, read_identity

PARTS = ("identity", "adapter", "cap")
#: Letters of a name: it stands in URLs, in tables and in the names of arms.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FORM = "NAME=none, or NAME=identity:PATH,adapter:NAME,cap:PATH with one part or more"


@dataclass(frozen=True, eq=False)
class Member:
    """One character among others on the same ground.

    Attributes
    ----------
    name
        What it is asked for by.
    reading, adapter, cap
        What makes it: None for what it does without.
    """

    name: str
    reading: Reading | None = None
    adapter: Adapter | None = None
    cap: Cap | None = None

    @property
    def system(self) -> str | None:
        """Its identity's text; None without one."""
        return None if self.reading is None else self.reading.system

    @property
    def worn(self) -> str:
        """The id of its adapter; "" for none."""
        return "" if self.adapter is None else self.adapter.id

    @property
    def told(self) -> str:
        """What makes it, in words."""
        parts = (
            self.reading and f"identity {self.reading.name}",
            self.adapter and f"adapter {self.adapter.name}",
            self.cap and f"cap {self.cap.name}",
        )
        return ", ".join(part for part in parts if part) or "the bare model"

    def identity(self, ground: GroundIdentity) -> GroundIdentity:
        """Return what computes it, on the bare weights of `ground`."""
        worn = ground if self.adapter is None else ground.wearing(self.adapter.id)
        return worn if self.cap is None else worn.under(self.cap.id, self.cap.status)

    @property
    def id_parts(self) -> dict[str, Any]:
        """All in it that can change an answer, by its ids."""
        cap = "" if self.cap is None else self.cap.id
        return {"name": self.name, "system": self.system, "adapter": self.worn, "cap": cap}


def read_cast(given: Iterable[str], base: Path = Path()) -> tuple[Member, ...]:
    """Return the characters that are written; BadInput if two have one name, or one cannot be read.

    `base` is the folder that their paths are relative to.
    """
    found = tuple(read_member(each, base) for each in given)
    names = [each.name for each in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadInput("two characters have one name", got=", ".join(twice), fix="Give each its own")
    return found


def read_member(given: str, base: Path = Path()) -> Member:
    """Return one character; paths are relative to `base`, and what is not there is a shipped name.

    Raises
    ------
    BadInput
        If it is not written so, or its identity, adapter or cap cannot be read.
    """
    name, equals, rest = given.partition("=")
    if not equals or not _NAME.fullmatch(name) or not rest.strip():
        raise BadInput("a character is a name and what makes it", got=given, fix=f"Write {_FORM}")
    if rest.strip() == "none":
        return Member(name)
    parts = dict(_part(each, given) for each in _split(rest))
    if len(parts) < len(_split(rest)):
        raise BadInput("a character has each part once", got=given, fix=f"Write {_FORM}")
    identity, adapter, cap = (_at(base, parts.get(each, "")) for each in PARTS)
    return Member(
        name,
        read_identity(Path(identity)) if identity else None,
        read_adapter(adapter) if adapter else None,
        read_cap(cap) if cap else None,
    )


def _at(base: Path, name: str) -> str:
    return str(base / name) if name and (base / name).exists() else name


def _split(text: str) -> list[str]:
    return [part.replace("\0", ",").strip() for part in text.replace(",,", "\0").split(",")]


def _part(text: str, given: str) -> tuple[str, str]:
    word, colon, rest = text.partition(":")
    if not colon or word not in PARTS:
        word, rest = PARTS[0], text
    if not rest:
        raise BadInput("a part of a character is empty", got=given, fix=f"Write {_FORM}")
    return word, rest
