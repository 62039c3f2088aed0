"""A character on its way to other weights: the rows of its own corpus, and what a port is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

By = Literal["prompt", "testimony", "training"]
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
class SubjectSpec:
    """What opens a subject, as a command line would say it.

    Attributes
    ----------
    name
        What it is called.
    model
        Name of the ground: a built-in model, a folder, a hub id, an Inspect model name.
    system
        The system prompt; None sends none.
    adapter, cap
        Folders of the adapter that is worn and of the cap that is held; "" for none.
    """

    name: str
    model: str
    system: str | None = None
    adapter: str = ""
    cap: str = ""


@dataclass(frozen=True)
class Port:
    """A character on other weights: the new subject, and what it was made from.

    Attributes
    ----------
    subject
        The new subject: told a system prompt by prompt and by testimony, wearing an adapter by training.
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
    """

    subject: SubjectSpec
    by: By
    source: str
    target: str
    corpus: str = ""
    size: int = 0
    seed: int = 0

    @property
    def name(self) -> str:
        """What the port is called among those of one call: the name of its subject."""
        return self.subject.name


def port_name(by: By, size: int = 0, seed: int = 0) -> str:
    """Return what a port is called: its way, by training its rows and its seed as well."""
    return f"port-{size}-{seed}" if by == "training" else by
