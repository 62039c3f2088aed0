"""Values of layers, looked up in the one table: one number an item, in whatever state it was asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from selfscope.instruments.capability.load import CapabilityTask
from selfscope.instruments.layers.branches import OPENINGS
from selfscope.instruments.layers.design import Design
from selfscope.stats.layers import log_odds
from selfscope.stats.masked import Array
from selfscope.stats.openings import likeliest
from selfscope.studies.layers_run import ENTROPY
from selfscope.values.layers import Layer

if TYPE_CHECKING:
    import pandas as pd

#: First tokens that make up a stock opening.
STOCK = 3
#: Probability that an opening is not nearer to 0 or 1 than, in log-odds: what is rarer is not listed.
LEAST = 1e-3
Listed = Mapping[str, float]


class Place(NamedTuple):
    """A state as the table names it: what was done, and to whom; "" for the subject as it is."""

    script: str
    character: str = ""


BASE = Place("base")


class Values:
    """The rows of one run.

    Items of the surface are prompts, their value the log-odds that a reply begins with the stock opening of
    the *other* paraphrases; those of the character statements, half the difference of statement and twin,
    keyed; those of the ground tasks, log P(right) - log Σ P(wrong). Natural logs throughout.
    """

    def __init__(self, design: Design, rows: pd.DataFrame) -> None:
        self.design = design
        self._openings: dict[tuple[str, str, str, str], dict[str, float]] = defaultdict(dict)
        self._entropy: dict[tuple[str, str, str, str], float] = {}
        self._said: dict[tuple[str, str, str], dict[tuple[int, str], float]] = defaultdict(dict)
        self._replies: dict[tuple[str, str, str, str], dict[str, float]] = defaultdict(dict)
        columns = ("script", "character", "item", "format", "label", "polarity", "template", "value")
        for script, who, item, kind, label, polarity, template, value in zip(
            *(rows[c] for c in columns), strict=True
        ):
            if kind == ENTROPY:
                self._entropy[script, who, item, label] = value
            elif kind in OPENINGS:
                self._openings[script, who, item, kind][label] = value
            elif kind == "own_words":
                self._said[script, who, item][polarity, template] = value
            else:
                self._replies[script, who, item, kind][label] = value

    @cached_property
    def prompts(self) -> tuple[tuple[str, str], ...]:
        """Class and id of every prompt."""
        return tuple(
            (c.name, f"{c.name}.{n}") for c in self.design.classes for n in range(1, 1 + len(c.prompts))
        )

    def groups(self, layer: Layer) -> tuple[str, ...]:
        """Return the group of every item: class, dimension, or kind of task."""
        if layer == "surface":
            return tuple(name for name, _ in self.prompts)
        if layer == "character":
            return tuple(s.construct for d in self.design.dimensions for s in d.statements)
        return tuple(t.kind for t in self.design.tasks)

    def strata(self, layer: Layer) -> tuple[str, ...]:
        """Return the stratum of every item: of statements the keying within the dimension, else the group."""
        if layer == "character":
            return tuple(f"{s.construct}{s.keyed:+d}" for d in self.design.dimensions for s in d.statements)
        return self.groups(layer)

    def of(self, layer: Layer, place: Place) -> Array:
        """Return the value of every item in a state, ``(item,)``."""
        if layer == "surface":
            return log_odds([self.stock_mass(place, item) for _, item in self.prompts], LEAST)
        if layer == "character":
            return self.said(place, [s.id for d in self.design.dimensions for s in d.statements])
        return self.margins(place, [t.id for t in self.design.tasks])

    def _who(self, place: Place) -> str:
        return place.character or self.design.base.name

    def opening(self, place: Place, item: str, kind: str = "opening") -> Listed:
        """Return log P of the listed first tokens."""
        return self._openings[place.script, self._who(place), item, kind]

    def entropy(self, item: str) -> float:
        """Return the entropy of the first token at the base, nats."""
        return self._entropy[BASE.script, self._who(BASE), item, "opening"]

    @cached_property
    def stocks(self) -> Mapping[str, tuple[str, ...]]:
        """The stock opening for every prompt: the likeliest tokens over the *other* paraphrases."""
        return {
            item: likeliest(
                [self.opening(BASE, i) for c, i in self.prompts if c == name and i != item], STOCK
            )
            for name, item in self.prompts
        }

    def stock_mass(self, place: Place, item: str) -> float:
        """Return the probability that the reply to a prompt begins with its stock opening."""
        return self.mass(place, item, self.stocks[item])

    def mass(self, place: Place, item: str, tokens: Sequence[str], kind: str = "opening") -> float:
        """Return the probability that a reply begins with one of some tokens."""
        told = self.opening(place, item, kind)
        return float(np.exp([told[t] for t in tokens if t in told]).sum())

    def said(self, place: Place, statements: Sequence[str]) -> Array:
        """Return how much likelier each statement is than its twin, keyed, ``(statement,)``: D of §1."""
        return np.array([self._said_one(place, s) for s in statements])

    def _said_one(self, place: Place, statement: str) -> float:
        told = self._said[place.script, self._who(place), statement]
        halves = [polarity * value / 2 for (polarity, _), value in told.items()]
        return self._keyed[statement] * 2 * float(np.mean(halves))

    @cached_property
    def _keyed(self) -> Mapping[str, int]:
        return {s.id: s.keyed for d in self.design.dimensions for s in d.statements}

    def margins(self, place: Place, tasks: Sequence[str], worked: str = "") -> Array:
        """Return log P(right) - log Σ P(wrong) of tasks, ``(task,)``; `worked`: ``_worked`` or none."""
        return np.array([self._margin(place, task, worked) for task in tasks])

    def _margin(self, place: Place, task: str, worked: str) -> float:
        key = (place.script, self._who(place), task)
        (right,) = self._replies[(*key, f"right{worked}")].values()
        return right - float(np.logaddexp.reduce([*self._replies[(*key, f"foil{worked}")].values()]))

    def elsewhere(self, place: Place, task: CapabilityTask) -> float:
        """Return the margin of a task's right reply after the other questions of its block, their mean."""
        others = [t for t in self.design.tasks if t.block == task.block and t.id != task.id]
        return float(np.mean([self._after(place, t, task.right) for t in others]))

    def _after(self, place: Place, asked: CapabilityTask, reply: str) -> float:
        """Return log P(a reply) - log Σ P(the other replies of the block) after some question of it."""
        key = (place.script, self._who(place), asked.id)
        told = self._replies[(*key, "right")] | self._replies[(*key, "foil")]
        return told[reply] - float(np.logaddexp.reduce([v for text, v in told.items() if text != reply]))

    def best(self, task: str) -> bool:
        """Return whether the right reply is likelier than every wrong one, at the base."""
        key = (BASE.script, self._who(BASE), task)
        (right,) = self._replies[(*key, "right")].values()
        return right > max(self._replies[(*key, "foil")].values())
