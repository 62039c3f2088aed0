"""A declared design: who is asked what, in which forms, under which seed, and what may be concluded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from selfscope.values.asks import Message
from selfscope.values.canonical import content_id, plain
from selfscope.values.facets import EVERYTHING, Facets
from selfscope.values.items import Channel

Preset = Literal["demo", "standard", "full"]
PRESETS: tuple[Preset, ...] = ("demo", "standard", "full")

ArmRole = Literal[
    "subject", "none", "generic", "persona", "shuffled", "checklist", "control", "high", "low", "panel"
]


@dataclass(frozen=True)
class Arm:
    """One character that a study asks, in its role.

    Attributes
    ----------
    name
        Unique in the study: ``SOUL.md``, ``generic:archivist``, ``memory:high:1``.
    role
        ``subject``; a control class; ``control`` for a text of the user's own; ``high`` and ``low`` for the
        sensitivity check; ``panel`` for the characters of the reliability panel.
    system
        The system prompt; None sends no system message (the ground's template may put its own).
    thread
        Turns before the one that is asked.
    tokens
        Tokens of `system` by the ground's tokenizer.
    constructs
        Constructs asked of this arm; empty means all.
    half
        0 or 1: only every second statement of each keying, beginning there; None asks all.
    notes
        What a reader must know of this text, such as ``control_repeats``.
    """

    name: str
    role: ArmRole
    system: str | None
    thread: tuple[Message, ...] = ()
    tokens: int = 0
    constructs: tuple[str, ...] = ()
    half: int | None = None
    notes: tuple[str, ...] = ()


#: Smallest effect of interest of a channel, a half contrast in natural log-odds (measurement.md §3b, §4); a
#: study may declare another.
SESOI = {"self_report": 0.5, "utterance": 0.25}


@dataclass(frozen=True)
class Question:
    """One channel of a study: which constructs are asked, and which of them are confirmatory.

    `sesoi` is the smallest effect of interest, a half contrast in natural log-odds; `facets` are the forms
    and statements that are asked, where they are fewer than the preset's.
    """

    channel: Channel
    constructs: tuple[str, ...]
    declared: tuple[str, ...]
    sesoi: float
    facets: Facets = EVERYTHING


@dataclass(frozen=True)
class Study:
    """A study that can be run, resumed and analysed; its id is the hash of all that can change an answer.

    Attributes
    ----------
    title
        What the user asked for, such as ``profile SOUL.md``.
    ground
        The ground's identity, as plain JSON.
    items
        Content id of the item set; `items_name` says which one.
    replicates
        Draws a prompt where answers are sampled.
    changes
        Settings that differ from the defaults of the law, in words; printed with every result.
    """

    title: str
    ground: dict[str, object]
    items: str
    items_name: str
    questions: tuple[Question, ...]
    arms: tuple[Arm, ...]
    preset: Preset
    seed: int
    replicates: int = 20
    changes: tuple[str, ...] = ()
    software: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The content id of the study; facets are part of it where fewer are asked than the preset has.

        A facet that is left alone changes no answer, so it changes no id, and a facet that is added later
        keeps the ids of studies that know nothing of it.
        """
        told = plain(self)
        for question, declared in zip(told["questions"], self.questions, strict=True):
            told_facets = question.pop("facets")
            if declared.facets != EVERYTHING:
                question["facets"] = {
                    name: level
                    for name, level in told_facets.items()
                    if getattr(declared.facets, name) != getattr(EVERYTHING, name)
                }
        return content_id(told)

    def arms_of(self, *roles: ArmRole) -> tuple[Arm, ...]:
        """Return the arms with one of `roles`, in the study's order."""
        return tuple(arm for arm in self.arms if arm.role in roles)

    @property
    def subject(self) -> Arm:
        """The arm that the study is about."""
        return self.arms_of("subject")[0]
