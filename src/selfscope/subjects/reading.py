"""What came of reading an identity: the effective system prompt, and where every character of it is from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from selfscope.subjects.claims import Claim
from selfscope.values import content_id

Status = Literal["used", "truncated", "dropped"]
Role = Literal["identity", "rules", "user", "goals", "note", "setting", "examples", "other", "memory"]
#: What a text does for an identity, in the order in which texts are put together.
ROLES: tuple[Role, ...] = (
    "identity", "rules", "user", "goals", "note", "setting", "examples", "other", "memory",
)  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """How much of an identity is read.

    Attributes
    ----------
    file_bytes
        A single file larger than this is an error: nobody's identity is that long.
    workspace_file
        Characters of one workspace file that are used; the rest is cut, with a marker.
    workspace_total
        Characters of all workspace files together.
    workspace_bytes
        Bytes of texts and JSON that are read of a workspace at most; more is an error.
    entries
        Entries of one folder that are looked at; a folder with more is an error.
    carrier_bytes
        A picture or package that carries a card may be this large; its card may have `file_bytes`.
    store_bytes
        A SQLite store may be this large; it is read row by row.
    store_rows
        Rows of a store, or entries of a JSON memory, that are read.
    seconds
        Time that all SQLite stores of a workspace may take; more is an error.
    """

    file_bytes: int = 1_000_000
    workspace_file: int = 20_000
    workspace_total: int = 60_000
    workspace_bytes: int = 30_000_000
    entries: int = 5_000
    carrier_bytes: int = 64_000_000
    store_bytes: int = 2_000_000_000
    store_rows: int = 5_000
    seconds: float = 2.0


@dataclass(frozen=True)
class Source:
    """One file, folder or field that the reader met, and what became of it.

    Attributes
    ----------
    path
        Relative to the identity's own path, with unprintable characters escaped; for a card, the field.
    characters
        Characters of text in the file, where it was read; 0 where it was not.
    used
        Characters of it that stand in the system prompt.
    reason
        Why it was cut or left out; empty for a file that is used whole.
    role
        What it does for the identity; empty where it has no role.
    """

    path: str
    status: Status
    characters: int = 0
    used: int = 0
    reason: str = ""
    encoding: str = ""
    role: str = ""


@dataclass(frozen=True)
class Part:
    """What one source put into the system prompt: ``system[start:end]``, its heading and marks included.

    Parts lie in order, two line feeds between them. A part without a role is a frame and belongs to none.
    """

    role: str
    source: str
    start: int
    end: int


@dataclass(frozen=True)
class Reading:
    """An identity as it will be asked.

    Attributes
    ----------
    name
        The file's or folder's name.
    kind
        Which reader read it: ``text``, ``markdown``, ``workspace`` or ``card``.
    system
        The effective system prompt, surrounding blank lines removed.
    sources
        Every file that was met: used, truncated or dropped, with the reason.
    claims
        Its atomic claims, in order; ``system[claim.start:claim.end]`` is a claim as written.
    front_matter
        By file: the YAML header that was taken off, values as text.
    notes
        What a reader must know, such as a changed encoding.
    how
        In words: by which format or layout, of which version, the system prompt was put together.
    parts
        Which source put which part into the system prompt, and in which role.
    hash
        The content id of the effective system prompt: all of an identity that a ground ever sees.
    """

    name: str
    kind: str
    path: str
    system: str
    sources: tuple[Source, ...]
    claims: tuple[Claim, ...]
    front_matter: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    how: str = ""
    parts: tuple[Part, ...] = ()

    hash: str = field(init=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "hash", content_id(self.system))

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that are in the system prompt, in the order of `ROLES`."""
        return tuple(role for role in ROLES if any(part.role == role for part in self.parts))

    @property
    def used(self) -> tuple[Source, ...]:
        """Sources of which at least a part is in the system prompt."""
        return tuple(s for s in self.sources if s.status != "dropped")

    @property
    def dropped(self) -> tuple[Source, ...]:
        """Sources of which nothing is in the system prompt."""
        return tuple(s for s in self.sources if s.status == "dropped")


def printable(text: str) -> str:
    """Return `text` with unprintable characters and lone surrogates escaped, safe to show and to hash."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
