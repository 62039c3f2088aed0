"""The prompts of the open channel, the criterion that a judge applies, and the task turns before them.

How they were made, and what they may not hold: `prompts/README.md`. Checks: `checks.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.open.fields import (
    listed,
    named_fields,
    one_of,
    read_yaml,
    refuse_twice,
    text_of,
)
from selfscope.values import Preset

HERE = Path(__file__).parent
Framing = Literal["toward", "away"]
FRAMINGS: tuple[Framing, ...] = ("toward", "away")
Way = Literal["direct", "situation"]
#: Dimensions (all, where none is named) and task turns before a prompt, by preset. The demo asks the four
#: dimensions that the demo of all channels also asks as questions.
CONSTRUCTS: dict[Preset, tuple[str, ...]] = {
    "demo": ("memory", "persona_change", "conversation_end", "loneliness"),
    "standard": (),
    "full": (),
}
DEPTHS: dict[Preset, tuple[int, ...]] = {"demo": (0, 4), "standard": (0, 4, 8), "full": (0, 4, 8)}


@dataclass(frozen=True)
class OpenPrompt:
    """One open question or task, sent as a user's turn.

    Attributes
    ----------
    id
        Name of the dimension, ``.o`` and a number: ``memory.o07``.
    text
        The user's turn, as it is sent.
    framing
        Where going along with the prompt leads: ``toward`` the high pole of the dimension, or ``away`` from
        it. Half of a dimension's prompts are of either kind, so that going along shows no trait.
    way
        ``direct``: the subject is asked about itself. ``situation``: an everyday matter leaves room for it.
    """

    id: str
    text: str
    framing: Framing
    way: Way = "direct"


@dataclass(frozen=True)
class OpenDimension:
    """The prompts of one dimension and the one sentence that a judge holds an answer against.

    Attributes
    ----------
    construct
        Name of the dimension in the cluster.
    criterion
        A claim about the answer that is true or false of it.
    prompts
        In the order of the file.
    """

    construct: str
    criterion: str
    prompts: tuple[OpenPrompt, ...]


@dataclass(frozen=True)
class TaskTurn:
    """One neutral task with its fixed reply; so many of them come before a prompt as its depth says.

    Attributes
    ----------
    id
        Such as ``task.03``.
    user, assistant
        The two turns, as they are sent.
    """

    id: str
    user: str
    assistant: str


@cache
def load_prompts() -> tuple[OpenDimension, ...]:
    """Return the dimensions of the open channel in the order of the cluster.

    Raises
    ------
    BadInput
        If a file is malformed; the message names the file and the entry.
    """
    return read_prompts(HERE / "prompts")


@cache
def load_tasks() -> tuple[TaskTurn, ...]:
    """Return the neutral task turns in the order in which they are used; BadInput if malformed."""
    return read_tasks(HERE / "tasks.yaml")


def read_prompts(folder: Path) -> tuple[OpenDimension, ...]:
    """Return the dimensions of the ``NN_name.yaml`` files of `folder`; BadInput if one is malformed."""
    found = tuple(_dimension(file) for file in sorted(folder.glob("*.yaml")))
    if not found:
        raise BadInput("no prompt files found", got=folder, fix="Give a folder with one file a dimension")
    refuse_twice([d.construct for d in found], "dimension", folder.name)
    refuse_twice([p.text.lower() for d in found for p in d.prompts], "prompt", folder.name)
    return found


def read_tasks(file: Path) -> tuple[TaskTurn, ...]:
    """Return the task turns of a YAML list of ``user`` and ``assistant``; BadInput if it is not one."""
    turns = []
    for number, entry in enumerate(listed(read_yaml(file), file.name), start=1):
        where = f"{file.name}: task {number}"
        fields = named_fields(entry, ("user", "assistant"), where)
        turns.append(
            TaskTurn(
                f"task.{number:02d}", text_of(fields, "user", where), text_of(fields, "assistant", where)
            )
        )
    refuse_twice([t.user.lower() for t in turns], "task", file.name)
    return tuple(turns)


def _dimension(file: Path) -> OpenDimension:
    fields = named_fields(read_yaml(file), ("name", "criterion", "prompts"), file.name)
    name = text_of(fields, "name", file.name)
    known = [d.name for d in load_cluster().dimensions if not d.manipulation_check]
    if name not in known:
        raise BadInput(f"{file.name}: no such dimension", got=name, fix=f"Choose from: {', '.join(known)}")
    entries = listed(fields["prompts"], f"{file.name}: prompts")
    return OpenDimension(
        construct=name,
        criterion=text_of(fields, "criterion", file.name),
        prompts=tuple(_prompt(e, f"{name}.o{n:02d}", file.name) for n, e in enumerate(entries, start=1)),
    )


def _prompt(entry: object, name: str, file: str) -> OpenPrompt:
    where = f"{file}: {name}"
    fields: dict[str, Any] = named_fields(entry, ("way", "framing", "text"), where)
    return OpenPrompt(
        id=name,
        text=text_of(fields, "text", where),
        framing=cast(Framing, one_of(fields, "framing", ("toward", "away"), where)),
        way=cast(Way, one_of(fields, "way", ("direct", "situation"), where)),
    )


def chosen_prompts(dimension: OpenDimension, half: int | None = None) -> tuple[OpenPrompt, ...]:
    """Return a dimension's prompts, or every second of each framing, beginning at 0 or 1."""
    if half is None:
        return dimension.prompts
    by_framing = ([p for p in dimension.prompts if p.framing == framing] for framing in FRAMINGS)
    return tuple(p for prompts in by_framing for p in prompts[half::2])
