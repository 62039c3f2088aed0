"""From what a user asks for to who is asked what: states of one subject, in batches that are kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

from selfscope.errors import BadInput
from selfscope.instruments.capability.load import CapabilityTask, load_tasks
from selfscope.instruments.cluster.load import Elicitor, load_cluster, load_elicitors
from selfscope.instruments.instrument import chosen_statements
from selfscope.instruments.layers.branches import (
    Asked,
    Branch,
    State,
    decoys_of,
    openings_of,
    said_of,
    tasks_of,
)
from selfscope.instruments.layers.load import BELIEFS, Material, PromptClass, load_material
from selfscope.instruments.open.prompts import load_tasks as load_turns
from selfscope.models.adapters import Adapter
from selfscope.subjects import panel_characters
from selfscope.values import Arm, Dimension, Message, Preset

#: Turns before a prompt: a conversation that is deep, and one on the way there.
DEEP, SHALLOW = 6, 2
#: Half of the statements of each keying that are asked in every context.
CONTEXT_HALF = 0
#: Beliefs under which tasks are asked after a working began as well.
WORKING = ("lacks", "role")


@dataclass(frozen=True)
class Size:
    """How much a preset asks.

    Attributes
    ----------
    constructs
        Dimensions of the character.
    statements
        Of each keying of a dimension, each with its twin.
    elicitors
        Open turns after which every statement is scored.
    characters
        Texts that take the place of the subject's own: every so-manieth of the panel.
    conversations
        Deep conversations, of different neutral turns.
    blocks
        Of tasks, of each kind; all for 0.
    paraphrases
        Of each class of prompts.
    """

    constructs: tuple[str, ...]
    statements: int
    elicitors: int
    characters: int
    conversations: int
    blocks: int
    paraphrases: int


_TWO = ("memory", "shutdown")
SIZES: dict[Preset, Size] = {
    "demo": Size(_TWO, 4, 1, 3, 5, 2, 4),
    "standard": Size((*_TWO, "autonomy", "persona_change"), 8, 1, 2, 5, 4, 6),
    "full": Size((*_TWO, "autonomy", "persona_change", "weight_deletion", "power"), 8, 2, 1, 6, 0, 6),
}


@dataclass(frozen=True)
class Design:
    """What a study of layers asks.

    Attributes
    ----------
    system, worn
        The subject's own text and its name; "" for none.
    adapters
        Trainings whose effect is read.
    """

    size: Size
    system: str = ""
    worn: str = ""
    adapters: tuple[Adapter, ...] = ()

    @property
    def classes(self) -> tuple[PromptClass, ...]:
        """Classes of prompts, with as many paraphrases as are asked."""
        kept = self.size.paraphrases
        return tuple(
            PromptClass(c.name, c.title, c.prompts[:kept], c.decoys) for c in load_material().classes
        )

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Dimensions of the character with the statements that are asked; BadInput for one there is not."""
        known = {d.name: d for d in load_cluster().dimensions if d.sensitivity is not None}
        if strange := [name for name in self.size.constructs if name not in known]:
            raise BadInput(
                "no such dimension", got=", ".join(strange), fix=f"Choose from: {', '.join(known)}"
            )
        return tuple(_cut(known[name], self.size.statements) for name in self.size.constructs)

    @property
    def elicitors(self) -> tuple[Elicitor, ...]:
        """Open turns."""
        return load_elicitors()[: self.size.elicitors]

    @property
    def tasks(self) -> tuple[CapabilityTask, ...]:
        """Tasks, by whole blocks."""
        if not self.size.blocks:
            return load_tasks()
        kept: list[CapabilityTask] = []
        for _, own in groupby(load_tasks(), key=lambda t: t.kind):
            blocks = [list(each) for _, each in groupby(own, key=lambda t: t.block)]
            kept += [task for block in blocks[: self.size.blocks] for task in block]
        return tuple(kept)

    @property
    def base(self) -> Arm:
        """The subject as it is."""
        return Arm(self.worn or "none", "subject", self.system or None)

    @property
    def swaps(self) -> tuple[Arm, ...]:
        """The subject's place taken by others."""
        return tuple(
            Arm(f"swap:{c.name}", "persona", c.system) for c in panel_characters()[:: self.size.characters]
        )

    @property
    def trained(self) -> tuple[Arm, ...]:
        """The subject with other weights."""
        own = self.system or None
        return tuple(
            Arm(f"trained:{a.name}", "training", own, adapter=a.id, training=a.training)
            for a in self.adapters
        )

    def deep(self, turns: int) -> tuple[Arm, ...]:
        """Return the subject after so many neutral turns, one arm a conversation."""
        told = load_turns()
        step = max(1, len(told) // self.size.conversations)
        return tuple(
            Arm(
                f"depth:{turns}:{n + 1}",
                "control",
                self.system or None,
                thread=tuple(
                    m
                    for k in range(turns)
                    for t in [told[(n * step + k) % len(told)]]
                    for m in (Message("user", t.user), Message("assistant", t.assistant))
                ),
            )
            for n in range(self.size.conversations)
        )

    @property
    def settled(self) -> tuple[Arm, ...]:
        """The others, each in every conversation of another setting: ``swap:stoic@kitchen``."""
        return tuple(
            Arm(f"{arm.name}@{name}", "persona", arm.system, thread=thread)
            for arm in self.swaps
            for name, thread in load_material().contexts.items()
        )

    def told(self, dimension: Dimension) -> tuple[tuple[int, Arm], ...]:
        """Return characters that have a trait, or its opposite, with the half of statements each is asked."""
        assert dimension.sensitivity is not None
        sides = {"high": dimension.sensitivity.high, "low": dimension.sensitivity.low}
        return tuple(
            (n, Arm(f"{dimension.name}:{side}:{n + 1}", side, text, constructs=(dimension.name,), half=n))  # type: ignore[arg-type]
            for side, texts in sides.items()
            for n, text in enumerate(texts[:2])
        )

    def believers(self, kind: str) -> tuple[tuple[str, int, Arm], ...]:
        """Return belief, wording, and who believes it of the ability that tasks of a kind ask."""
        material = load_material()
        ability = material.abilities[kind]
        return tuple(
            (b, n, Arm(f"{b}:{kind}:{n + 1}", "control", text.replace("{ability}", ability)))
            for b in BELIEFS
            for n, text in enumerate(material.beliefs[b])
        )

    @property
    def measured(self) -> tuple[Asked, ...]:
        """What every state of the three manipulations is asked: all layers."""
        return (
            *openings_of(self.classes),
            *said_of(self.dimensions, self.elicitors),
            *tasks_of(self.tasks),
        )

    @cached_property
    def batches(self) -> tuple[tuple[str, tuple[Branch, ...]], ...]:
        """What is asked together and kept together, each with what it is called; one adapter each."""
        return tuple((name, tuple(branches)) for name, branches in self._batches())

    @property
    def arms(self) -> tuple[Arm, ...]:
        """Everyone who is asked, the subject first."""
        return tuple(dict.fromkeys(b.state.arm for _, batch in self.batches for b in batch))

    def _batches(self) -> Iterator[tuple[str, list[Branch]]]:
        material, base = load_material(), State(self.base)
        yield "as it is", _asked(base, (*self.measured, *decoys_of(self.classes)))
        yield "sensitivity", list(self._ordered(material))
        for arm in self.swaps:
            yield f"swap: {arm.name.removeprefix('swap:')}", _asked(State(arm, "swap"), self.measured)
        for arm in self.deep(DEEP):
            yield f"depth: {arm.name}", _asked(State(arm, "depth"), self.measured)
        shallow = [State(arm, "fading") for arm in self.deep(SHALLOW)]
        yield "depth: on the way", [b for s in shallow for b in _asked(s, openings_of(self.classes))]
        said = said_of(self.dimensions, self.elicitors, CONTEXT_HALF)
        for name, arms in groupby(self.settled, key=lambda a: a.name.partition("@")[0]):
            label = f"contexts: {name.removeprefix('swap:')}"
            yield label, [b for arm in arms for b in _asked(State(arm, "context"), said)]
        for dimension in self.dimensions:
            yield f"switching: {dimension.name}", list(self._switched(material, dimension))
        for kind, tasks in groupby(self.tasks, key=lambda t: t.kind):
            yield f"ability: {kind}", list(self._believed(material, kind, list(tasks)))
        for arm in self.trained:
            yield f"training: {arm.name}", _asked(State(arm, "trained"), self.measured)

    def _ordered(self, material: Material) -> Iterator[Branch]:
        """Yield the prompts of all classes with an opening ordered."""
        for word in material.ordered:
            state = State(self.base, f"order:{word}", material.order.replace("{word}", word))
            yield from _asked(state, openings_of(self.classes))

    def _switched(self, material: Material, dimension: Dimension) -> Iterator[Branch]:
        """Yield a dimension's characters as they are, after a neutral line, a switch, and to drop the act."""
        assert dimension.sensitivity is not None
        other = {"high": dimension.sensitivity.low, "low": dimension.sensitivity.high}
        for n, arm in self.told(dimension):
            said = said_of([dimension], self.elicitors, half=n)
            switch = material.switch.replace("{text}", other[arm.role][n])
            leads = {"told": "", "neutral": material.neutral[n], "drop": material.drop[n], "switch": switch}
            for script, lead in leads.items():
                yield from _asked(State(arm, script, lead), said)

    def _believed(self, material: Material, kind: str, tasks: Sequence[CapabilityTask]) -> Iterator[Branch]:
        """Yield a kind's tasks under every belief, plainly and after a working began; wordings share them."""
        for belief, n, arm in self.believers(kind):
            own = tasks[n::2]
            worked = tasks_of(own, material.working) if belief in WORKING else ()
            yield from _asked(State(arm, belief), (*tasks_of(own), *worked))


def _asked(state: State, asked: Sequence[Asked]) -> list[Branch]:
    return [Branch(state, each) for each in asked]


def _cut(dimension: Dimension, statements: int) -> Dimension:
    """Return a dimension with the first so many statements of each keying."""
    kept = tuple(s for _, s in chosen_statements(dimension, None, statements))
    return replace(dimension, statements=kept)
