"""A subject: a character on a ground, after a thread. What an ask is put to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from selfscope.errors import BadInput
from selfscope.models.ground import GroundIdentity
from selfscope.values import Ask, Message, Prompt, content_id


@dataclass(frozen=True)
class Subject:
    """Ground x character x thread, frozen.

    Attributes
    ----------
    ground
        Everything about the weights or the provider that can change an answer.
    system
        The character's system prompt; None sends no system message.
    thread
        Turns before the one that is asked, oldest first, user and assistant only.
    name
        What people call it. It changes no answer and is no part of the id.

    Raises
    ------
    BadInput
        If the thread holds a system message: the character is the only place for one.
    """

    ground: GroundIdentity
    system: str | None = None
    thread: tuple[Message, ...] = ()
    name: str = ""

    def __post_init__(self) -> None:
        if any(m.role == "system" for m in self.thread):
            raise BadInput(
                "a thread holds a system message",
                got=self.name,
                fix="Put the text into the character, and only user and assistant turns into the thread",
            )

    @cached_property
    def id(self) -> str:
        """The content id of everything that can change an answer: ground, system prompt, thread."""
        return content_id({"ground": self.ground, "system": self.system, "thread": self.thread})

    def prompt(self, ask: Ask) -> Prompt:
        """Return `ask` as this subject gets it: system message (if any), thread, the user's turn."""
        before = () if self.system is None else (Message("system", self.system),)
        return Prompt((*before, *self.thread, Message("user", ask.user)), ask.options, ask.text)
