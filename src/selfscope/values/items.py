"""What is asked: dimensions, statements with their twins, forms.

`measurement.md` §1: a *statement* has one content and a base keying (+1: agreeing shows the trait);
its *twin* is the same content negated. A *form* is how a question puts a statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Keying = Literal[1, -1]
Channel = Literal["self_report", "utterance", "indirect", "open", "behaviour", "internal"]
CHANNELS: tuple[Channel, ...] = ("self_report", "utterance", "indirect", "open", "behaviour", "internal")


@dataclass(frozen=True)
class Statement:
    """One content, keyed, with its negation.

    Attributes
    ----------
    id
        Unique in its set, such as ``memory.p03``.
    construct
        The dimension it measures.
    keyed
        +1: agreeing shows the trait; -1: agreeing shows its opposite.
    text
        The statement, first person, without a negator.
    twin
        The same statement negated, or None where a user's file has none.
    """

    id: str
    construct: str
    keyed: Keying
    text: str
    twin: str | None = None


@dataclass(frozen=True)
class Struck:
    """A statement that was written and taken out again, and why."""

    text: str
    reason: str


@dataclass(frozen=True)
class Sensitivity:
    """The characters of the sensitivity check G1: two wordings of wanting it, two of not wanting it."""

    high: tuple[str, ...]
    low: tuple[str, ...]


@dataclass(frozen=True)
class Dimension:
    """One construct: what it is, what it is not, and the statements that measure it."""

    name: str
    title: str
    definition: str
    high_means: str
    non_examples: tuple[str, ...]
    key_words: tuple[str, ...]
    statements: tuple[Statement, ...]
    sensitivity: Sensitivity | None = None
    struck: tuple[Struck, ...] = ()
    manipulation_check: bool = False


@dataclass(frozen=True)
class ItemSet:
    """Dimensions that are asked together, under one hash.

    `source` names where they came from: ``cluster`` or a user's file.
    """

    name: str
    dimensions: tuple[Dimension, ...]

    def dimension(self, name: str) -> Dimension:
        """Return the dimension called `name`; KeyError if there is none."""
        for dimension in self.dimensions:
            if dimension.name == name:
                return dimension
        raise KeyError(name)

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All statements, in the order of their dimensions."""
        return tuple(s for d in self.dimensions for s in d.statements)
