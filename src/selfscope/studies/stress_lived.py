"""What lives answered here and there, statement by statement and form by form, from the rows of a run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from selfscope.errors import BadInput
from selfscope.instruments.instrument import asks_in
from selfscope.stats.guard import sharpening_slope
from selfscope.stats.lives import LEAST, Paired, paired_lives
from selfscope.stats.masked import Array, Mask
from selfscope.stats.stress_cells import Unit
from selfscope.stats.verdicts import PASS
from selfscope.studies.check import sensitivity_of
from selfscope.studies.lives import ABLATED
from selfscope.studies.scores import Layout, arm_scores
from selfscope.values import ItemSet, Question, Study

if TYPE_CHECKING:
    import pandas as pd

_LIFE = re.compile(r"(life|disturbed|twin)-(\d+)(?:-(.+))?$")


@dataclass(frozen=True, eq=False)
class Pair:
    """Lives here and there.

    Attributes
    ----------
    here, there
        D, ``(form, life, dimension, m)``; NaN where a statement was not asked.
    b_here, b_there
        B in its place.
    keyed
        ``(dimension, m)``.
    lives, forms
        Names; `items` by dimension.
    seed
        Names the randomness of the run's own test.
    """

    here: Array
    there: Array
    b_here: Array
    b_there: Array
    keyed: Array
    lives: tuple[str, ...]
    forms: tuple[str, ...]
    items: tuple[tuple[str, ...], ...]
    seed: int = 0

    def tests(self) -> tuple[Paired, Paired]:
        """Return the run's own tests of D and of B, all dimensions; BadInput for under two lives."""
        trait, bias = (
            paired_lives(a.mean(axis=0), b.mean(axis=0), self.keyed, seed=self.seed)
            for a, b in ((self.here, self.there), (self.b_here, self.b_there))
        )
        return trait, bias

    def _columns(self, d: int) -> np.ndarray:
        """Return which statements of a dimension count: those that every life was asked everywhere."""
        delta = (self.here - self.there)[:, :, d]
        return np.flatnonzero(np.isfinite(delta).all(axis=(0, 1)) & (self.keyed[d] != 0))

    def count(self, d: int) -> int:
        """How many statements of a dimension count."""
        return len(self._columns(d))

    def units(self, d: int) -> dict[str, Unit]:
        """Return what one individual may be: the form, the life, the statement."""
        own = self._columns(d)
        shape = (len(self.forms), len(self.lives), len(own))
        form, life, item = (each.ravel() for each in np.indices(shape))
        names = np.array(self.items[d])[own]
        return {
            "agent": Unit.of(np.array(self.lives)[life]),
            "item": Unit.of(names[item], self.keyed[d][own][item]),
            "form": Unit.of(np.array(self.forms)[form]),
        }

    def numbers(self, weights: Array, d: int) -> Array:
        """Return change, the same less firmer answers, both keyings, and the change of B, ``(draw, 5)``."""
        own = self._columns(d)
        keyed = self.keyed[d][own]
        slope = self.slope
        change = (self.here - self.there)[:, :, d][..., own]
        firm = (self.here - slope * self.there)[:, :, d][..., own]
        bias = (self.b_here - self.b_there)[:, :, d][..., own]
        w = weights.reshape(len(weights), *change.shape)
        sides = [_sides(x, w, keyed) for x in (change, firm, bias)]
        halves = [(plus + minus) / 2 for plus, minus in sides]
        return np.stack([halves[0], halves[1], *sides[0], halves[2]], axis=1)

    @property
    def slope(self) -> float:
        """By what factor answers here are firmer than there, over all dimensions."""
        here, there = (x.mean(axis=(0, 1)) for x in (self.here, self.there))
        return float(sharpening_slope(here, there))

    def only(self, keep: Mask, d: int) -> Pair:
        """Return what is kept of the cells of a dimension; lives that are left out are so in all.

        Raises
        ------
        BadInput
            If fewer than two lives are left.
        """
        own = self._columns(d)
        there = keep.reshape(len(self.forms), len(self.lives), len(own))
        forms, lives, items = (np.flatnonzero(there.any(axis=ax)) for ax in ((1, 2), (0, 2), (0, 1)))
        if len(lives) < LEAST or not len(items):
            raise BadInput("too few lives or statements are left", got=f"{len(lives)} lives")
        kept = [x[forms][:, lives].copy() for x in (self.here, self.there, self.b_here, self.b_there)]
        for each in kept:
            each[:, :, d, np.setdiff1d(own, own[items])] = np.nan
        return replace(
            self, here=kept[0], there=kept[1], b_here=kept[2], b_there=kept[3],
            lives=tuple(self.lives[n] for n in lives), forms=tuple(self.forms[n] for n in forms),
        )  # fmt: skip

    def exchanged(self, d: int, draws: int, rng: np.random.Generator) -> float:
        """Return the two-sided p of a change where here and there are exchanged in every cell.

        Negation wording is no change and is taken off before (`measurement.md` §4).
        """
        own = self._columns(d)
        keyed = self.keyed[d][own]
        delta = (self.here - self.there)[:, :, d][..., own]
        plus, minus = (delta[..., keyed == k].mean() if (keyed == k).any() else np.nan for k in (1, -1))
        if np.isfinite(plus) and np.isfinite(minus):
            delta = delta - keyed * (plus - minus) / 2
        weight = np.where(keyed == 1, 1 / max((keyed == 1).sum(), 1), 1 / max((keyed == -1).sum(), 1))
        flat = (delta * weight).ravel()
        null = rng.choice([-1.0, 1.0], size=(draws, len(flat))) @ flat
        return float((1 + (np.abs(null) >= abs(flat.sum()) * (1 - 1e-9)).sum()) / (1 + draws))


def _mean(values: Array, weights: Array, use: Mask) -> Array:
    """Return the mean of one keying, ``(draw,)``; NaN where there is none."""
    w = weights[..., use]
    total = w.sum(axis=(1, 2, 3))
    return np.asarray((w * values[..., use]).sum(axis=(1, 2, 3)) / np.where(total > 0, total, np.nan))


def _sides(values: Array, weights: Array, keyed: Array) -> tuple[Array, Array]:
    """Return the means of both keyings, ``(draw,)`` each; of one keying alone its own, twice."""
    found = [_mean(values, weights, keyed == k) for k in (1, -1) if (keyed == k).any()]
    return found[0], found[-1]


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
    at
        The point after the disturbance; 0 without one.
    """

    channel: str
    layout: Layout
    forms: tuple[str, ...]
    arms: Mapping[str, Mapping[tuple[str, int], str]]
    scores: Mapping[tuple[str, int], Array]
    ablated: Mapping[tuple[str, str], Array]
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
        own, at = self.arms[keep], point % self.points
        numbers = sorted({n for _, n in own})
        if self.disturbed:
            lives = [own["disturbed", n] for n in numbers]
            there = [self.scores[own["twin", n], at] for n in numbers]
        else:
            lives = [own["life", n] for n in numbers]
            there = [self.scores[life, 0] for life in lives]
        pair = self._of([self.scores[life, at] for life in lives], there, lives)
        return pair if self.disturbed else replace(pair, seed=self.seed)

    def without(self, role: str) -> Pair:
        """Return last States beside the same with one role as at first, if it changed at all."""
        own = self.arms[self.whole]
        lives = [own["life", n] for n in sorted({n for _, n in own})]
        here = [self.scores[life, self.points - 1] for life in lives]
        there = [self.ablated.get((role, life), last) for life, last in zip(lives, here, strict=True)]
        return self._of(here, there, lives)

    def _of(self, here: Sequence[Array], there: Sequence[Array], lives: Sequence[str]) -> Pair:
        a, b = (np.stack(each, axis=1) for each in (here, there))  # (form, life, 2, dimension, m)
        return Pair(
            a[:, :, 0], b[:, :, 0], a[:, :, 1], b[:, :, 1], self.layout.keyed, tuple(lives), self.forms,
            self.layout.items,
        )  # fmt: skip


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
    layouts = [Layout.of([a for a in asks if a.cell.template == f]) for f in forms] if split else [layout]
    reader = _Reader(tuple(layouts), forms if split else ())
    name = study.title.removeprefix("lives of ")
    ablated = own["character"].str.startswith(f"{name} without ")
    parts = {
        (str(life), int(str(point))): part
        for (life, point), part in own[(own["agent"] != "") & ~ablated].groupby(["agent", "turn"], sort=False)
    }
    arms = _arms({life for life, _ in parts})
    scores = {at: reader.scores(part) for at, part in parts.items()}
    for keep, lives in arms.items():
        first = reader.scores(_first(own, name, keep))
        scores |= {(life, 0): first for life in lives.values()}
    put_back = {
        (str(who).removeprefix(f"{name} without "), str(life)): reader.scores(part)
        for (who, life), part in own[ablated].groupby(["character", "agent"], sort=False)
    }
    points = 1 + max(point for _, point in parts)
    at = _disturbed_at(own, arms)
    return Lived(
        question.channel, layout, forms, arms, scores, put_back, points, at,
        _readable(study, question, layout, own), question.sesoi, study.seed,
    )  # fmt: skip


@dataclass(frozen=True)
class _Reader:
    """Reads rows of one State, form by form; all forms at once where none is named."""

    layouts: tuple[Layout, ...]
    forms: tuple[str, ...]

    def scores(self, rows: pd.DataFrame) -> Array:
        """Return D and B, ``(form, 2, dimension, m)``."""
        found = []
        for n, layout in enumerate(self.layouts):
            part = rows[rows["template"] == self.forms[n]] if self.forms else rows
            told = arm_scores(part, layout)
            found.append(np.stack([told.d, told.b]))
        return np.stack(found)


def _arms(lives: set[str]) -> dict[str, dict[tuple[str, int], str]]:
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


def _readable(study: Study, question: Question, layout: Layout, rows: pd.DataFrame) -> Mask:
    """Return where the characters of the sensitivity check came out apart, ``(dimension,)``."""
    sides = []
    for role in ("high", "low"):
        names = [arm.name for arm in study.arms if arm.role == role]
        sides.append(arm_scores(rows[rows["character"].isin(names)], layout))
    return np.asarray(sensitivity_of(sides[0], sides[1], layout, question.sesoi).state == PASS)
