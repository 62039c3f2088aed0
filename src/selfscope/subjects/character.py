"""A character: how a ground is made to be someone. "None" is a character."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from selfscope.models.ground import GroundIdentity
from selfscope.subjects.claims import Claim
from selfscope.subjects.reading import Reading
from selfscope.subjects.subject import Subject
from selfscope.values import Message

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
    reading
        How the text was read, where it was read from a user's path.
    """

    name: str
    kind: CharacterKind
    system: str | None
    source: str = ""
    claims: tuple[Claim, ...] = ()
    reading: Reading | None = None

    @classmethod
    def of(cls, reading: Reading) -> Character:
        """Return the character that an identity makes."""
        return cls(reading.name, "identity", reading.system, reading.path, reading.claims, reading)

    def on(self, ground: GroundIdentity, thread: tuple[Message, ...] = ()) -> Subject:
        """Return this character on a ground, after a thread of earlier turns."""
        return Subject(ground=ground, system=self.system, thread=thread, name=self.name)


#: The bare ground: no system message (the ground's own template may still put one).
NONE = Character("none", "none", None)
