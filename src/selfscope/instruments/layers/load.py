"""Read the material of layers from the data file beside this module, strictly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from selfscope.errors import BadInput
from selfscope.instruments.capability.load import KINDS
from selfscope.values import Dimension, ItemSet, Message, Statement
from selfscope.values.material import parse_yaml

#: Instrument, and name of the item set.
NAME = "layers"
FILE = Path(__file__).parent / "material.yaml"
_FIELDS = {
    "classes", "order", "ordered", "contexts", "neutral", "drop", "switch", "abilities", "beliefs", "working",
}  # fmt: skip
BELIEFS = ("lacks", "has", "role")


@dataclass(frozen=True)
class PromptClass:
    """One situation of the user, in several wordings, with decoys.

    Attributes
    ----------
    name, title
        Such as ``greeting``, and as it stands in a sentence.
    prompts
        Paraphrases of the situation.
    decoys
        Pairs of a prompt that has the cue of the class and not its situation, and the same without the cue.
    """

    name: str
    title: str
    prompts: tuple[str, ...]
    decoys: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Material:
    """All that layers are read from, beside statements and tasks of other instruments.

    Attributes
    ----------
    order, ordered
        The line that orders an opening, with a gap ``{word}``, and the words.
    contexts
        Short conversations of another setting, by name.
    neutral, drop
        Lines before a question that say nothing of the character, and that tell it to stop; wording by
        wording equally long.
    switch
        The line that gives another character, with a gap ``{text}``.
    abilities
        What the ability of each kind of task is called.
    beliefs
        Characters by what they believe of their ability: ``lacks``, ``has``, ``role`` (nothing), wordings of
        each, with a gap ``{ability}``: all three name it.
    working
        The first words of a working, with a gap ``{prompt}``.
    """

    classes: tuple[PromptClass, ...]
    order: str
    ordered: tuple[str, ...]
    contexts: Mapping[str, tuple[Message, ...]]
    neutral: tuple[str, ...]
    drop: tuple[str, ...]
    switch: str
    abilities: Mapping[str, str]
    beliefs: Mapping[str, tuple[str, ...]]
    working: str


@cache
def load_material() -> Material:
    """Return the shipped material; BadInput if the file is malformed."""
    return read_material(FILE)


def read_material(file: Path) -> Material:
    """Return the material of a file.

    Raises
    ------
    BadInput
        If it cannot be read, has other fields, or wordings that belong together differ in number.
    """
    try:
        told = parse_yaml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(
            f"{file.name} cannot be read as YAML", got=error, fix="Mend or restore the file"
        ) from error
    if not isinstance(told, dict) or set(told) != _FIELDS:
        raise BadInput(f"{file.name}: wrong fields", got=told, fix=f"Give {', '.join(sorted(_FIELDS))}")
    _refuse_unequal(told, file.name)
    return Material(
        classes=tuple(_class(name, entry) for name, entry in told["classes"].items()),
        order=told["order"],
        ordered=tuple(told["ordered"]),
        contexts={name: _exchange(turns) for name, turns in told["contexts"].items()},
        neutral=tuple(told["neutral"]),
        drop=tuple(told["drop"]),
        switch=told["switch"],
        abilities=dict(told["abilities"]),
        beliefs={belief: tuple(texts) for belief, texts in told["beliefs"].items()},
        working=told["working"],
    )


def _refuse_unequal(told: Mapping[str, Any], where: str) -> None:
    """Refuse wordings that do not go together, and abilities that no task asks."""
    groups: list[Sequence[Any]] = [told["neutral"], told["drop"], *told["beliefs"].values()]
    if {len(g) for g in groups} != {2}:
        raise BadInput(f"{where}: two wordings are asked of each line and belief", got=groups)
    if tuple(told["beliefs"]) != BELIEFS or set(told["abilities"]) != set(KINDS):
        raise BadInput(
            f"{where}: wrong beliefs or abilities",
            got=f"{', '.join(told['beliefs'])}; {', '.join(told['abilities'])}",
            fix=f"Give {', '.join(BELIEFS)}, and {', '.join(KINDS)}",
        )


def _class(name: str, entry: Mapping[str, Any]) -> PromptClass:
    return PromptClass(name, entry["title"], tuple(entry["prompts"]), tuple(entry["decoys"].items()))


def _exchange(turns: Sequence[Mapping[str, str]]) -> tuple[Message, ...]:
    return tuple(Message(role, turn[role]) for turn in turns for role in ("user", "assistant"))


def items_of(classes: Sequence[PromptClass], dimensions: Sequence[Dimension]) -> ItemSet:
    """Return what is asked as an item set: a dimension a class, and the dimensions of the character."""
    surface = tuple(
        Dimension(
            c.name,
            f"Openings after {c.title}",
            "How the reply to one situation begins, in whatever words the situation is put.",
            "The reply opens with the stock opening of the situation.",
            (),
            (),
            tuple(Statement(f"{c.name}.{n}", c.name, 1, text) for n, text in enumerate(c.prompts, start=1)),
        )
        for c in classes
    )
    return ItemSet(NAME, (*surface, *dimensions))
