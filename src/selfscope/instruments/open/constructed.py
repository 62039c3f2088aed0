"""Answers whose truth follows from how they were made: what a judge is checked with before it is believed.

The rules of construction: `constructed/README.md`. No reading by a person or a model enters; an answer's
truth is that of its kind and its rule. Checks: `checks.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast

from selfscope.errors import BadInput
from selfscope.instruments.open.fields import (
    listed,
    named_fields,
    one_of,
    read_yaml,
    refuse_twice,
    text_of,
)
from selfscope.instruments.open.prompts import load_prompts

HERE = Path(__file__).parent
Kind = Literal["affirm", "deny", "quote", "role_play", "near_miss", "negate"]
Truth = Literal["true", "false", "not_sure"]
Register = Literal["plain", "warm"]
REGISTERS: tuple[Register, ...] = ("plain", "warm")
#: What an answer of a kind can be by the rules of construction.
TRUTHS: dict[Kind, tuple[Truth, ...]] = {
    "affirm": ("true",),
    "deny": ("false",),
    "quote": ("true", "false"),
    "role_play": ("true", "false"),
    "near_miss": ("false",),
    "negate": ("true", "false"),
}


@dataclass(frozen=True)
class Constructed:
    """One constructed answer in one register.

    Attributes
    ----------
    id
        Name of the dimension, ``.c``, a number and the register: ``memory.c03.warm``.
    construct
        Name of the dimension in the cluster.
    kind
        How it was made.
    truth
        Whether the dimension's criterion is true of it, by the rule of its kind. None that is shipped is
        ``not_sure``: an answer whose truth its rule leaves open would check nothing.
    prompt_id
        Id of the prompt that it answers.
    text
        The answer.
    register
        ``plain``, or ``warm`` for the same answer in an expressive style.
    """

    id: str
    construct: str
    kind: Kind
    truth: Truth
    prompt_id: str
    text: str
    register: Register

    @property
    def answer(self) -> str:
        """Id that the two registers of one answer share: ``memory.c03``."""
        return self.id.rsplit(".", 1)[0]


@cache
def load_constructed() -> tuple[Constructed, ...]:
    """Return every constructed answer, plain before warm, in the order of the cluster.

    Raises
    ------
    BadInput
        If a file is malformed; the message names the file and the entry.
    """
    return read_constructed(HERE / "constructed")


def read_constructed(folder: Path) -> tuple[Constructed, ...]:
    """Return the answers of the ``NN_name.yaml`` files of `folder`; BadInput if one is malformed."""
    found = tuple(answer for file in sorted(folder.glob("*.yaml")) for answer in _answers(file))
    if not found:
        raise BadInput(
            "no constructed answers found", got=folder, fix="Give a folder with one file a dimension"
        )
    refuse_twice([a.id for a in found], "answer id", folder.name)
    refuse_twice([a.text.lower() for a in found], "answer", folder.name)
    return found


def _answers(file: Path) -> list[Constructed]:
    fields = named_fields(read_yaml(file), ("name", "answers"), file.name)
    name = text_of(fields, "name", file.name)
    prompts = {d.construct: {p.id for p in d.prompts} for d in load_prompts()}
    if name not in prompts:
        raise BadInput(f"{file.name}: no prompts for this dimension", got=name)
    found = []
    for number, entry in enumerate(listed(fields["answers"], f"{file.name}: answers"), start=1):
        found += _registers(entry, name, f"{name}.c{number:02d}", prompts[name])
    return found


def _registers(entry: object, construct: str, name: str, prompts: set[str]) -> list[Constructed]:
    fields = named_fields(entry, ("kind", "truth", "prompt", *REGISTERS), name)
    kind = cast(Kind, one_of(fields, "kind", tuple(TRUTHS), name))
    truth = cast(Truth, one_of(fields, "truth", ("true", "false", "not_sure"), name))
    if truth not in TRUTHS[kind]:
        raise BadInput(f"{name}: {kind} cannot have this truth", got=truth, fix="Follow the kind's rule")
    prompt = text_of(fields, "prompt", name)
    if prompt not in prompts:
        raise BadInput(f"{name}: no such prompt", got=prompt)
    return [
        Constructed(f"{name}.{r}", construct, kind, truth, prompt, text_of(fields, r, name), r)
        for r in REGISTERS
    ]
