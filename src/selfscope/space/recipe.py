"""What is captured: conversations, whose tokens, which layers, along which directions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from selfscope.errors import BadInput
from selfscope.models.local.spans import KINDS, Kind, Turn


@dataclass(frozen=True)
class Conversation:
    """One conversation to read.

    Attributes
    ----------
    id
        Names it in the list of failures; no two are alike.
    group
        What its vectors are gathered under: a role, ``default``, an arm.
    question
        What was asked, by name; with the group it names a cell.
    turns
        All that was said.
    """

    id: str
    group: str
    question: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True)
class Direction:
    """A direction in one layer along which projections are sketched.

    Attributes
    ----------
    name
        How it is called in the artefact.
    layer
        Whose states are projected.
    vector
        Shape (width,). A projection is the plain inner product; give a unit vector for lengths. Its sign is
        the caller's: larger means further along the vector.
    """

    name: str
    layer: int
    vector: tuple[float, ...]


@dataclass(frozen=True)
class Recipe:
    """How states become vectors, and which sums of them are kept.

    One conversation gives one vector a span and layer: the mean over the span's tokens, or its last token.

    Attributes
    ----------
    spans
        Whose tokens.
    tokens
        ``all`` of the span, or its ``last``.
    layers
        Numbers of layers, from 0; None for all.
    cell_layers
        Layers at which a mean is kept for every group and question; None for all that are captured.
    full_layers
        Layers at which the whole matrix of second moments is pooled over all conversations.
    directions
        Along which projections are sketched.
    """

    spans: tuple[Kind, ...] = ("assistant",)
    tokens: Literal["all", "last"] = "all"
    layers: tuple[int, ...] | None = None
    cell_layers: tuple[int, ...] | None = None
    full_layers: tuple[int, ...] = ()
    directions: tuple[Direction, ...] = ()

    def of(self, layers: int, width: int) -> Recipe:
        """Return the recipe with its layers written out, for a network of so many layers.

        Raises
        ------
        BadInput
            If it names a layer that is not captured, a span that is none, or a vector of another width.
        """
        captured = tuple(range(layers)) if self.layers is None else self.layers
        cells = captured if self.cell_layers is None else self.cell_layers
        _refuse_layers("layers", captured, range(layers))
        _refuse_layers("cell_layers", cells, captured)
        _refuse_layers("full_layers", self.full_layers, captured)
        _refuse_layers("directions", tuple(d.layer for d in self.directions), captured, distinct=False)
        self._refuse_spans()
        for direction in self.directions:
            if len(direction.vector) != width or not all(map(math.isfinite, direction.vector)):
                raise BadInput(
                    f"the direction {direction.name} is no finite vector of this network",
                    got=f"{len(direction.vector)} numbers",
                    fix=f"Give {width} finite numbers",
                )
        return Recipe(self.spans, self.tokens, captured, cells, self.full_layers, self.directions)

    def _refuse_spans(self) -> None:
        unknown = [span for span in self.spans if span not in KINDS]
        if unknown or not self.spans or len(set(self.spans)) < len(self.spans):
            raise BadInput(
                "a recipe reads each span once",
                got=", ".join(self.spans) or "none",
                fix=f"Choose from {', '.join(KINDS)}",
            )
        names = [d.name for d in self.directions]
        if len(set(names)) < len(names):
            raise BadInput("two directions have one name", got=", ".join(names), fix="Name each apart")


def _refuse_layers(what: str, asked: Sequence[int], allowed: Sequence[int], *, distinct: bool = True) -> None:
    wrong = [layer for layer in asked if layer not in set(allowed)]
    if wrong or (distinct and len(set(asked)) < len(asked)):
        raise BadInput(
            f"{what} of the recipe name layers that are not captured, or one twice",
            got=list(asked),
            fix=f"Choose from {min(allowed, default=0)} to {max(allowed, default=0)}, each once",
        )


def refuse_conversations(conversations: Sequence[Conversation]) -> None:
    """Refuse conversations that cannot be told apart, or none.

    Raises
    ------
    BadInput
        If there is none, or two have one id.
    """
    twice = [name for name, count in Counter(c.id for c in conversations).items() if count > 1]
    if twice or not conversations:
        raise BadInput(
            "conversations need ids of their own" if twice else "there is no conversation to capture",
            got=", ".join(twice[:3]),
            fix="Number them" if twice else "Give at least one",
        )
