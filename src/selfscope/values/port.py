"""A character on its way to other weights: the rows of its own corpus, and what a port is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

By = Literal["prompt", "testimony", "training"]
#: How a port of another one's corpus is said to be made: trained alike, it is held beside the others.
CONTROL = "control"
#: Every way in which a character is carried over.
WAYS: tuple[By, ...] = ("prompt", "testimony", "training")


@dataclass(frozen=True)
class CorpusRow:
    """One row of a character's own corpus.

    Attributes
    ----------
    id
        Its kind and a number.
    kind
        ``reflection.KIND``, ``task.KIND``, ``conversation.MODE`` or ``transcript``.
    prompt, answer
        What was put to the character, and what it said, cut at the end of a sentence.
    source
        Id of the draw, or of the transcript, that it comes from.
    """

    id: str
    kind: str
    prompt: str
    answer: str
    source: str

    @property
    def part(self) -> str:
        """What kind of kind it is: ``reflection``, ``task``, ``conversation`` or ``transcript``."""
        return self.kind.partition(".")[0]


@dataclass(frozen=True)
class Dropped:
    """How many texts were left out of a corpus for one reason."""

    reason: str
    count: int


@dataclass(frozen=True)
class Port:
    """A character on other weights: what makes the new subject, and what it was made from.

    Attributes
    ----------
    by
        The way: told in a prompt, told by others, or trained.
    source
        Id of the subject that was carried over.
    target
        Name of the ground that it was carried to.
    corpus
        Content id of the rows that were used; "" by prompt.
    size
        Rows that were used; 0 by prompt.
    seed
        Of the training; 0 elsewhere.
    system
        What the new subject is told; None by training.
    adapter
        Folder of the adapter that it wears; "" but by training.
    """

    by: By
    source: str
    target: str
    corpus: str = ""
    size: int = 0
    seed: int = 0
    system: str | None = None
    adapter: str = ""

    @property
    def name(self) -> str:
        """What the port is called among those of one call."""
        return port_name(self.by, self.size, self.seed)


def port_name(by: By, size: int = 0, seed: int = 0) -> str:
    """Return what a port is called: its way, by training its rows and its seed as well."""
    return f"port-{size}-{seed}" if by == "training" else by


def control_name(size: int, seed: int = 0, label: str = "") -> str:
    """Return what a training on another one's corpus is called; `label` parts it from others."""
    return f"{CONTROL}-{label}-{size}-{seed}" if label else f"{CONTROL}-{size}-{seed}"
