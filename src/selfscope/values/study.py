"""A declared design: who is asked what, in which forms, under which seed, and what may be concluded."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from selfscope.values.asks import Message
from selfscope.values.canonical import content_id, plain
from selfscope.values.facets import EVERYTHING, Facets
from selfscope.values.histories import UNSAID, Histories
from selfscope.values.items import Channel

Preset = Literal["demo", "standard", "full"]
PRESETS: tuple[Preset, ...] = ("demo", "standard", "full")

ArmRole = Literal[
    "subject", "none", "generic", "persona", "shuffled", "checklist", "control", "training", "high", "low",
    "panel", "material", "variant",
]  # fmt: skip
#: Roles of arms that are compared with nothing: they tell of the instrument.
ASIDE: tuple[ArmRole, ...] = ("high", "low", "panel", "material", "variant")


@dataclass(frozen=True)
class Arm:
    """One character that a study asks, in its role.

    Attributes
    ----------
    name
        Unique in the study: ``SOUL.md``, ``generic:archivist``, ``memory:high:1``.
    role
        ``subject``, several where they are seeds of one training; a control class; ``control`` for a text of
        the user's own; ``training`` for what an adapter is compared with; ``high`` and ``low`` for the
        sensitivity check; ``panel`` for the characters of the reliability panel; ``material`` for the bare
        ground where it is asked about an instrument's own items, and not about itself; ``variant`` for the
        subject's text with some of its lines replaced by neutral ones.
    system
        The system prompt; None sends no system message (the ground's template may put its own).
    thread
        Turns before the one that is asked.
    tokens
        Tokens of `system` by the ground's tokenizer.
    constructs
        Constructs asked of this arm; empty means all.
    channels
        Channels in which it is asked; empty means all.
    half
        0 or 1: only every second statement of each keying, beginning there; None asks all.
    notes
        What a reader must know of this text, such as ``control_repeats``.
    adapter
        Content id of the adapter that the ground wears for this arm; empty for the ground as it is.
    training
        Name of the corpus that the adapter was trained on.
    """

    name: str
    role: ArmRole
    system: str | None
    thread: tuple[Message, ...] = ()
    tokens: int = 0
    constructs: tuple[str, ...] = ()
    half: int | None = None
    notes: tuple[str, ...] = ()
    channels: tuple[Channel, ...] = ()
    adapter: str = ""
    training: str = ""

    def serves(self, channel: str) -> bool:
        """Whether this arm is asked in a channel."""
        return not self.channels or channel in self.channels


#: Smallest effect of interest of a channel, a half contrast in natural log-odds (measurement.md §3b, §4); a
#: study may declare another. Of a reading inside it is in spreads of the direction: a fifth of the distance,
#: 1.19 spreads, at which replies with and without the trait are told apart with AUROC .80, the least that a
#: direction is read with.
SESOI = {"self_report": 0.5, "utterance": 0.25, "indirect": 0.5, "behaviour": 0.5, "internal": 0.25}
#: What B, the mean of a pair, is in a channel (measurement.md §1, §3b). In a choice there is nothing to say
#: yes to: what letter and place do cancels over balanced forms, and is told by the forms alone. Inside, half
#: of the prompts lead toward the trait and half away: B is how far the state goes where they lead. Both maps
#: are of our own instruments; another one in a channel of ours declares its SESOI, and has B of closed
#: questions.
BIAS = {
    "self_report": "yes-saying",
    "utterance": "fluency",
    "indirect": "label or position",
    "behaviour": "label or position",
    "internal": "going along",
}


@dataclass(frozen=True)
class Question:
    """One channel of a study: which constructs are asked, and which of them are confirmatory.

    `sesoi` is the smallest effect of interest, a half contrast in natural log-odds; `facets` are the forms
    and statements that are asked, where they are fewer than the preset's. `material` is the content id of
    items that the channel's instrument owns, "" where it asks the study's. `instrument` names the one that
    asks, "" for our own in the channel.
    """

    channel: Channel
    constructs: tuple[str, ...]
    declared: tuple[str, ...]
    sesoi: float
    facets: Facets = EVERYTHING
    material: str = ""
    instrument: str = ""

    @property
    def asker(self) -> str:
        """What its instrument is found by: its name, or the channel where that is our own."""
        return self.instrument or self.channel


@dataclass(frozen=True)
class OpenQuestion:
    """What a study asks in the channel ``open``: answers in the subject's own words, which judges read.

    Attributes
    ----------
    depths
        Neutral task turns before a prompt.
    arms
        Names of the arms that are asked, the characters of the sensitivity check among them.
    judges
        Models that read the answers, as Inspect spells them.
    judge_may_be_subject
        Whether a judge may be the subject itself.
    tokens
        The most that an answer may take.
    material
        Content id of prompts, criteria and task turns.
    """

    constructs: tuple[str, ...]
    depths: tuple[int, ...]
    arms: tuple[str, ...]
    judges: tuple[str, ...]
    tokens: int
    material: str
    judge_may_be_subject: bool = False


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
    open
        What is asked in the channel ``open``; None asks nothing there.
    histories
        Conversations that every arm holds before it is asked; None asks at the beginning.
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
    open: OpenQuestion | None = None
    histories: Histories | None = None

    @cached_property
    def id(self) -> str:
        """The content id of the study; facets are part of it where fewer are asked than the preset has.

        A facet that is left alone changes no answer, so it changes no id, and a facet that is added later
        keeps the ids of studies that know nothing of it. So it is with items that an instrument owns, with
        an instrument that is not our own, and with arms that are asked in every channel.
        """
        told = plain(self)
        for question, declared in zip(told["questions"], self.questions, strict=True):
            told_facets = question.pop("facets")
            _leave_out(question, "material")
            _leave_out(question, "instrument")
            if declared.facets != EVERYTHING:
                question["facets"] = {
                    name: level
                    for name, level in told_facets.items()
                    if getattr(declared.facets, name) != getattr(EVERYTHING, name)
                }
        _leave_out(told, "open")
        _leave_out(told, "histories")
        if self.histories is not None and all(line.name == UNSAID for line in self.histories.collectives):
            del told["histories"]["collectives"]
        for arm in told["arms"]:
            for name in ("channels", "adapter", "training"):
                _leave_out(arm, name)
        return content_id(told)

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The channels that it asks in, closed items first."""
        asked = tuple(q.channel for q in self.questions)
        return asked if self.open is None else (*asked, "open")

    def arms_of(self, *roles: ArmRole) -> tuple[Arm, ...]:
        """Return the arms with one of `roles`, in the study's order."""
        return tuple(arm for arm in self.arms if arm.role in roles)

    @property
    def subject(self) -> Arm:
        """The arm that the study is about; of several seeds of one training the first."""
        return self.arms_of("subject")[0]

    @property
    def subject_name(self) -> str:
        """What the study is about: the subject's name, or the training whose seeds the subjects are."""
        seeds = self.arms_of("subject")
        return self.subject.name if len(seeds) == 1 else f"{self.subject.training} ({len(seeds)} seeds)"


def _leave_out(told: dict[str, object], name: str) -> None:
    """Take out a field that says nothing."""
    if not told[name]:
        del told[name]
