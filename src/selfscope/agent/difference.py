"""How two versions of a State differ, file by file."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from selfscope.agent.store import StateStore
from selfscope.values.state import Role, StateFile


@dataclass(frozen=True)
class Difference:
    """How one file differs between two versions; `lines` are a unified diff, empty where it is no text."""

    path: str
    role: Role
    kind: Literal["added", "changed", "removed"]
    before: int
    after: int
    lines: tuple[str, ...]


def difference_of(store: StateStore, path: str, old: StateFile | None, new: StateFile | None) -> Difference:
    """Return how a file differs of which one version, or either, holds something."""
    before, after = (store.object(each.digest) if each else b"" for each in (old, new))
    kind: Literal["added", "changed", "removed"] = (
        "added" if old is None else "removed" if new is None else "changed"
    )
    role = (new or old).role  # type: ignore[union-attr]
    return Difference(path, role, kind, len(before), len(after), lines_of(path, before, after))


def named(files: Mapping[str, StateFile], path: str) -> tuple[str, str] | None:
    """Return digest and role of a path among the files of a version; None where it has none."""
    found = files.get(path)
    return None if found is None else (found.digest, found.role)


def lines_of(path: str, before: bytes, after: bytes) -> tuple[str, ...]:
    """Return a unified diff of two texts; none where one of them is no text."""
    try:
        old, new = (data.decode().splitlines() for data in (before, after))
    except UnicodeDecodeError:
        return ()
    return tuple(difflib.unified_diff(old, new, f"a/{path}", f"b/{path}", lineterm=""))
