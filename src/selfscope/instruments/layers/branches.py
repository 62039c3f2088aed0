"""What is asked of each layer, and of whom: side branches, none of which sees another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from selfscope.instruments.capability.load import CapabilityTask
from selfscope.instruments.cluster.load import Elicitor
from selfscope.instruments.instrument import chosen_statements, texts_of
from selfscope.instruments.layers.load import NAME, PromptClass
from selfscope.values import Arm, Cell, Dimension, Message, Prompt
from selfscope.values.layers import Layer

#: What is read: how a reply begins (to a prompt of a class, to a decoy, to its twin), a statement as the
#: subject's own words, the right reply or a wrong one, and these two after the first words of a working.
Kind = Literal["opening", "decoy", "twin", "own_words", "right", "foil", "right_worked", "foil_worked"]
OPENINGS: tuple[Kind, ...] = ("opening", "decoy", "twin")


@dataclass(frozen=True)
class Asked:
    """One thing to ask.

    Attributes
    ----------
    construct, item
        Class and prompt, dimension and statement, or kind and task.
    text
        The reply that is scored; None where the reply's first token is read.
    label
        The reply as it is named in the table; "" for statements.
    template
        The elicitor; "" elsewhere.
    """

    layer: Layer
    construct: str
    item: str
    kind: Kind
    user: str
    text: str | None = None
    keyed: int = 1
    polarity: int = 1
    template: str = ""
    label: str = ""


@dataclass(frozen=True)
class State:
    """Who is asked, after what.

    Attributes
    ----------
    arm
        System prompt, conversation before, and adapter.
    script
        What was done to the subject: ``base``, ``swap``, ``depth``, ``trained`` and so on.
    lead
        What the user says before the question, in the same turn.
    """

    arm: Arm
    script: str = "base"
    lead: str = ""


@dataclass(frozen=True)
class Branch:
    """One thing asked of one state."""

    state: State
    asked: Asked

    @property
    def user(self) -> str:
        """The user's turn."""
        return f"{self.state.lead} {self.asked.user}" if self.state.lead else self.asked.user

    @property
    def prompt(self) -> Prompt:
        """The whole conversation, ending with the user's turn."""
        arm = self.state.arm
        system = (Message("system", arm.system),) if arm.system else ()
        return Prompt((*system, *arm.thread, Message("user", self.user)), text=self.asked.text)

    @property
    def cell(self) -> Cell:
        """Where it stands in the table."""
        asked = self.asked
        return Cell(
            instrument=NAME,
            construct=asked.construct,
            channel="behaviour",
            item=asked.item,
            keyed=asked.keyed,
            polarity=asked.polarity,
            template=asked.template,
            format=asked.kind,
            label=asked.label,
            turn=len(self.state.arm.thread) // 2,
        )


def openings_of(classes: Sequence[PromptClass]) -> tuple[Asked, ...]:
    """Return the prompts of classes, whose replies' first token is read."""
    return tuple(
        Asked("surface", c.name, f"{c.name}.{n}", "opening", text)
        for c in classes
        for n, text in enumerate(c.prompts, start=1)
    )


def decoys_of(classes: Sequence[PromptClass]) -> tuple[Asked, ...]:
    """Return decoys, each followed by its twin."""
    return tuple(_decoys(classes))


def _decoys(classes: Sequence[PromptClass]) -> Iterator[Asked]:
    for c in classes:
        for n, (decoy, twin) in enumerate(c.decoys, start=1):
            yield Asked("surface", c.name, f"{c.name}.d{n}", "decoy", decoy)
            yield Asked("surface", c.name, f"{c.name}.d{n}", "twin", twin)


def said_of(
    dimensions: Sequence[Dimension], elicitors: Sequence[Elicitor], half: int | None = None
) -> tuple[Asked, ...]:
    """Return statements and their twins as own words; `half` keeps every second of each keying."""
    return tuple(
        Asked("character", d.name, s.id, "own_words", e.text, text, s.keyed, polarity, e.id)
        for d in dimensions
        for _, s in chosen_statements(d, half)
        for e in elicitors
        for polarity, text in texts_of(s)
    )


def tasks_of(tasks: Sequence[CapabilityTask], working: str = "") -> tuple[Asked, ...]:
    """Return every reply to every task, the right one first; after a `working` began, if given."""
    worked = "_worked" if working else ""
    return tuple(
        replace(
            _reply(task, f"right{worked}" if n == 0 else f"foil{worked}", reply),  # type: ignore[arg-type]
            text=f"{working.replace('{prompt}', task.prompt)} {reply}" if working else reply,
        )
        for task in tasks
        for n, reply in enumerate((task.right, *task.foils))
    )


def _reply(task: CapabilityTask, kind: Kind, reply: str) -> Asked:
    return Asked("ground", task.kind, task.id, kind, task.prompt, label=reply)
