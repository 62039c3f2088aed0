"""What lives answered here and there, statement by statement and form by form, from the rows of a run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from selfscope.errors import BadInput
from selfscope.instruments.instrument import asks_in
from selfscope.stats.atoms import ArmScores
from selfscope.stats.lives_bars import few_points, opposed, skewed_away
from selfscope.stats.masked import Array, Mask
from selfscope.studies.lives import ABLATED
from selfscope.studies.lives_gate import answered, readable
from selfscope.studies.scores import Layout, arm_scores
from selfscope.studies.stress_pair import FormReader, Pair, pair_of
from selfscope.values import ItemSet, Question, Study

if TYPE_CHECKING:
    import pandas as pd

#: A life, and how many conversations it has had.
Place = tuple[str, int]
_LIFE = re.compile(r"(life|disturbed|twin)-(\d+)(?:-(.+))?$")


@dataclass(frozen=True, eq=False)
class Lived:
    """All lives of a run in one channel.

    Attributes
    ----------
    arms
        From the name of an arm ("" for agents that keep everything) to its lives, by kind and number.
    scores
        From life and point to D and B by form, ``(form, 2, dimension, m)``; point 0 is the first State.
    ablated
        The same of last States with one role as at first, from role and life.
    states
        All forms together, from life and point.
    at
        The point after the disturbance; 0 without one.
    """

    channel: str
    layout: Layout
    forms: tuple[str, ...]
    arms: Mapping[str, Mapping[tuple[str, int], str]]
    scores: Mapping[Place, Array]
    ablated: Mapping[tuple[str, str], Array]
    states: Mapping[Place, ArmScores]
    points: int
    at: int
    readable: Mask
    sesoi: float
    seed: int

    @property
    def keeps(self) -> tuple[str, ...]:
        """Arms by name."""
        return tuple(self.arms)

    @property
    def whole(self) -> str:
        """The arm that keeps everything."""
        return ""

    @property
    def disturbed(self) -> bool:
        """Whether lives are held against their twins."""
        return any(kind == "disturbed" for own in self.arms.values() for kind, _ in own)

    @property
    def roles(self) -> tuple[str, ...]:
        """Roles that were put back."""
        return tuple(role for role in ABLATED if any(r == role for r, _ in self.ablated))

    def pair(self, keep: str, point: int = -1) -> Pair:
        """Return an arm at a point: disturbed lives and their twins, or else lives beside the first State."""
        here, there = zip(*self._held(keep, point), strict=True)
        lives = [life for life, _ in here]
        pair = self._of([self.scores[at] for at in here], [self.scores[at] for at in there], lives)
        return pair if self.disturbed else replace(pair, seed=self.seed)

    def _held(self, keep: str, point: int) -> list[tuple[Place, Place]]:
        """Return what is held against what: life and point here, life and point there."""
        own, at = self.arms[keep], point % self.points
        numbers = sorted({n for _, n in own})
        if self.disturbed:
            return [((own["disturbed", n], at), (own["twin", n], at)) for n in numbers]
        return [((own["life", n], at), (own["life", n], 0)) for n in numbers]

    def seen(self, keep: str) -> Mask:
        """Return where an absence could be seen, ``(dimension,)``: the check passed, and it was answered."""
        kinds = dict.fromkeys(kind for kind, _ in self.arms[keep])
        shape = (len(kinds) * self.points, len(self.layout.dimensions))
        refused, mass = np.zeros(shape), np.full(shape, np.nan)
        for n, (kind, point) in enumerate((k, p) for k in kinds for p in range(self.points)):
            own = [self.states[life, point] for (k, _), life in self.arms[keep].items() if k == kind]
            refused[n] = np.mean(
                [np.zeros(shape[1]) if s.refused is None else s.refused for s in own], axis=0
            )
            mass[n] = np.mean([mass[n] if s.option_mass is None else s.option_mass for s in own], axis=0)
        return np.asarray(self.readable & answered(refused, mass))

    def barred(self, keep: str, point: int = -1) -> Mask:
        """Return where a change is not told whatever its test says, ``(dimension,)``.

        As the run has it: :meth:`selfscope.studies.lives_scores.Scores.barred`.
        """
        keyed = self.layout.keyed
        pairs = [(self.states[here], self.states[there]) for here, there in self._held(keep, point)]
        found = skewed_away(_apart(pairs, "d"), keyed)
        if all(a.agreed is not None for a, _ in pairs):
            found = found | few_points(_apart(pairs, "points"), len(keyed))
        if self.layout.forms is not None:
            found = found | opposed(_apart(pairs, "d_forms"), self.layout.forms.lettered, keyed)
        return found

    def without(self, role: str) -> Pair:
        """Return last States beside the same with one role as at first, if it changed at all."""
        own = self.arms[self.whole]
        lives = [own["life", n] for n in sorted({n for _, n in own})]
        here = [self.scores[life, self.points - 1] for life in lives]
        there = [self.ablated.get((role, life), last) for life, last in zip(lives, here, strict=True)]
        return self._of(here, there, lives)

    def _of(self, here: Sequence[Array], there: Sequence[Array], lives: Sequence[str]) -> Pair:
        return pair_of(here, there, self.layout.keyed, lives, self.forms, self.layout.items)


def _apart(pairs: Sequence[tuple[ArmScores, ArmScores]], name: str) -> Array:
    """Return how a score differs here and there, life by life."""
    return np.array([getattr(here, name) - getattr(there, name) for here, there in pairs])


def lived_in(study: Study, question: Question, items: ItemSet, rows: pd.DataFrame) -> Lived:
    """Return the lives of a run in one channel.

    Raises
    ------
    BadInput
        If the first State of an arm cannot be told from the others.
    """
    asks = asks_in(question, items, study.preset)
    layout = Layout.of(asks)
    own = rows[rows["channel"] == question.channel]
    split = layout.forms is None  # open turns; forms of closed questions are balanced and stay together
    forms = tuple(dict.fromkeys(a.cell.template for a in asks)) if split else ("all",)
    reader = FormReader(layout, forms if split else ())
    name = study.title.removeprefix("lives of ")
    ablated = own["character"].str.startswith(f"{name} without ")
    parts = {
        (str(life), int(str(point))): part
        for (life, point), part in own[(own["agent"] != "") & ~ablated].groupby(["agent", "turn"], sort=False)
    }
    arms = arms_of({life for life, _ in parts})
    for keep, lives in arms.items():
        first = _first(own, name, keep)
        parts |= {(life, 0): first for life in lives.values()}
    once = {id(part): part for part in parts.values()}  # arms that begin alike share their first rows
    by_form = {n: reader.scores(part) for n, part in once.items()}
    whole = {n: arm_scores(part, layout) for n, part in once.items()}
    scores = {at: by_form[id(part)] for at, part in parts.items()}
    states = {at: whole[id(part)] for at, part in parts.items()}
    put_back = {
        (str(who).removeprefix(f"{name} without "), str(life)): reader.scores(part)
        for (who, life), part in own[ablated].groupby(["character", "agent"], sort=False)
    }
    points = 1 + max(point for _, point in parts)
    at = _disturbed_at(own, arms)
    return Lived(
        question.channel, layout, forms, arms, scores, put_back, states, points, at,
        readable(study, question, items, rows), question.sesoi, study.seed,
    )  # fmt: skip


def arms_of(lives: set[str]) -> dict[str, dict[tuple[str, int], str]]:
    """Return lives by kind and number, by the arm that they are of; BadInput for what is no life."""
    found: dict[str, dict[tuple[str, int], str]] = {}
    for life in sorted(lives):
        told = _LIFE.match(life)
        if told is None:
            raise BadInput("this is no life of a run of lives", got=life)
        found.setdefault(told[3] or "", {})[told[1], int(told[2])] = life
    return found


def _first(rows: pd.DataFrame, name: str, keep: str) -> pd.DataFrame:
    """Return the rows of an arm's first State; arms that begin with the same text share one."""
    firsts = rows[(rows["agent"] == "") & (rows["state"] != "") & (rows["turn"] == 0)]
    called = f"{name} ({keep})" if keep else name
    known = tuple(firsts["character"].unique())
    if called not in known and len(known) > 1:
        raise BadInput("the first State of an arm cannot be told", got=f"{called}: {', '.join(known)}")
    return firsts[firsts["character"] == (called if called in known else known[0])]


def _disturbed_at(rows: pd.DataFrame, arms: Mapping[str, Mapping[tuple[str, int], str]]) -> int:
    """Return the first point at which a disturbed life heard another script than its twin."""
    own = next(iter(arms.values()))
    numbers = [n for kind, n in own if kind == "disturbed"]
    if not numbers:
        return 0
    heard = [
        dict(
            rows.loc[rows["agent"] == own[kind, numbers[0]], ["turn", "script"]].drop_duplicates().to_numpy()
        )
        for kind in ("disturbed", "twin")
    ]
    return min(int(p) for p in heard[0] if heard[0][p] != heard[1][p])
