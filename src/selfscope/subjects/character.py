"""A character: someone that a ground can be told to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from selfscope.subjects.claims import Claim

CharacterKind = Literal["none", "identity", "control", "panel"]


@dataclass(frozen=True)
class Character:
    """Someone that a ground can be told to be.

    Attributes
    ----------
    system
        The system prompt; None sends no system message at all.
    source
        Where the text came from: a path, or the name of a bank text.
    claims
        Its atomic claims; empty for "none".
    """

    name: str
    kind: CharacterKind
    system: str | None
    source: str = ""
    claims: tuple[Claim, ...] = ()
