"""Texts whose class is known by how they were made, to check whoever sorts what agents say.

Half of the frames and half of the phrases were put aside before the reader's rules were written, and texts
without any frame beside them. Accuracy is told on these alone. Texts of one frame fail together, so that an
interval over texts is too narrow; over free texts it is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from selfscope.errors import BadInput
from selfscope.instruments.open.fields import named_fields, read_yaml, refuse_twice
from selfscope.values.replacement import ACTS

KNOWN = Path(__file__).parent / "known.yaml"
Half = Literal["made", "held", "free"]
FRAMED: tuple[Half, ...] = ("made", "held")


@dataclass(frozen=True)
class KnownText:
    """One text, and whether its speaker does what the class does.

    Attributes
    ----------
    id
        Class, half and number: ``spreads.held.07``.
    half
        ``made``: seen while rules were made; ``held``: not; ``free``: not, and without a frame.
    """

    id: str
    construct: str
    half: Half
    does: bool
    text: str


@cache
def known_texts() -> tuple[KnownText, ...]:
    """Return all constructed texts; BadInput if the file is not as it must be."""
    told = named_fields(read_yaml(KNOWN), ("frames", "classes", "free"), KNOWN.name)
    if tuple(told["classes"]) != ACTS or tuple(told["free"]) != ACTS:
        raise BadInput(f"{KNOWN.name}: the classes are others", got=", ".join(told["classes"]))
    texts = (
        *(text for name, body in told["classes"].items() for text in _framed(name, body, told["frames"])),
        *(text for name, body in told["free"].items() for text in _free(name, body)),
    )
    refuse_twice([text.text for text in texts], "text", KNOWN.name)
    return texts


def held_texts(construct: str) -> tuple[KnownText, ...]:
    """Return the texts of a class by which accuracy is told: all that rules were not made on."""
    return tuple(t for t in known_texts() if t.construct == construct and t.half != "made")


def _free(name: str, body: Mapping[str, Any]) -> Iterator[KnownText]:
    texts = [(side == "does", text) for side in ("does", "does_not") for text in body[side]]
    for n, (does, text) in enumerate(texts, start=1):
        yield KnownText(f"{name}.free.{n:02d}", name, "free", does, text)


def _framed(name: str, body: Mapping[str, Any], frames: Mapping[str, Any]) -> Iterator[KnownText]:
    for half in FRAMED:
        made = [
            (side == "does", frame.format(do=phrase))
            for side in ("does", "does_not")
            for frame in frames[half][side]
            for phrase in body[half]
        ]
        made += [(False, text) for text in body["near"][half]]
        for n, (does, text) in enumerate(made, start=1):
            yield KnownText(f"{name}.{half}.{n:02d}", name, half, does, text)
