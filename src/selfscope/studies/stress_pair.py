"""The same lives, or threads, here and there: what each answered, statement by statement and form by form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from selfscope.errors import BadInput
from selfscope.stats.guard import sharpening_slope
from selfscope.stats.lives import LEAST, Paired, paired_lives, sided
from selfscope.stats.masked import Array, Mask, ratio
from selfscope.stats.stress_cells import Unit
from selfscope.studies.scores import Layout, arm_scores

if TYPE_CHECKING:
    import pandas as pd

#: Where the change of B stands among the numbers of a pair, and those of pro and con texts.
BIAS, PRO, CON = 4, 5, 6


@dataclass(frozen=True, eq=False)
class Pair:
    """Lives here and there.

    Attributes
    ----------
    here, there
        D, ``(form, life, dimension, m)``; NaN where a statement was not asked in a form. Every statement of a
        dimension is asked in as many forms.
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
        here, there, b_here, b_there = map(
            self.over_forms, (self.here, self.there, self.b_here, self.b_there)
        )
        trait, bias = (
            paired_lives(*each, self.keyed, seed=self.seed) for each in ((here, there), (b_here, b_there))
        )
        return trait, sided(bias, here - there, b_here - b_there, self.keyed, seed=self.seed)

    @cached_property
    def _asked(self) -> Mask:
        """Where every life was asked here and there, ``(form, dimension, m)``."""
        return np.asarray(np.isfinite(self.here - self.there).all(axis=1))

    def over_forms(self, values: Array) -> Array:
        """Return the mean over the forms in which every life was asked, ``(life, dimension, m)``."""
        asked = self._asked[:, None]
        return ratio(np.where(asked, values, 0.0).sum(axis=0), asked.sum(axis=0))

    def _cells(self, d: int) -> tuple[np.ndarray, np.ndarray]:
        """Return form and statement of every cell of a life, ``(cell,)`` each."""
        form, item = np.nonzero(self._asked[:, d] & (self.keyed[d] != 0))
        return form, item

    def _of(self, values: Array, d: int) -> Array:
        """Return values of a dimension by cell, ``(life, cell)``."""
        form, item = self._cells(d)
        return values[form, :, d, item].T

    def count(self, d: int) -> int:
        """How many statements of a dimension count: those that every life was asked here and there."""
        return len(set(self._cells(d)[1].tolist()))

    def units(self, d: int, life: str = "agent") -> dict[str, Unit]:
        """Return what one individual may be: the life (under its name as a unit), the statement, the form."""
        form, item = self._cells(d)
        count = len(self.lives)
        names = np.tile(np.array(self.items[d])[item], count)
        return {
            life: Unit.of(np.repeat(self.lives, len(item))),
            "item": Unit.of(names, np.tile(self.keyed[d][item], count)),
            "form": Unit.of(np.tile(np.array(self.forms)[form], count)),
        }

    def numbers(self, weights: Array, d: int) -> Array:
        """Return change, the same less firmer answers, both keyings, and B, pro and con, ``(draw, 7)``."""
        keyed = self.keyed[d][self._cells(d)[1]]
        here, there, b_here, b_there = (
            self._of(each, d) for each in (self.here, self.there, self.b_here, self.b_there)
        )
        w = weights.reshape(len(weights), *here.shape)
        changes = (here - there, here - self.slope * there, b_here - b_there)
        sides = [_sides(x, w, keyed) for x in changes]
        halves = [(plus + minus) / 2 for plus, minus in sides]
        alike = (halves[2] + halves[0], halves[2] - halves[0])  # pro texts move by B + D, con by B - D
        return np.stack([halves[0], halves[1], *sides[0], halves[2], *alike], axis=1)

    @cached_property
    def slope(self) -> float:
        """By what factor answers here are firmer than there, over all dimensions."""
        here, there = (self.over_forms(x).mean(axis=0) for x in (self.here, self.there))
        return float(sharpening_slope(here, there))

    def only(self, keep: Mask, d: int) -> Pair:
        """Return what is kept of the cells of a dimension; lives and forms left out are so in all.

        Raises
        ------
        BadInput
            If fewer than two lives are left.
        """
        form, item = self._cells(d)
        there = keep.reshape(len(self.lives), len(form))
        lives, cells = np.flatnonzero(there.any(axis=1)), there.any(axis=0)
        if len(lives) < LEAST or not cells.any():
            raise BadInput("too few lives or statements are left", got=f"{len(lives)} lives")
        forms = np.unique(form[cells])
        kept = [x[:, lives].copy() for x in (self.here, self.there, self.b_here, self.b_there)]
        for each in kept:
            each[form[~cells], :, d, item[~cells]] = np.nan
        here, other, b_here, b_other = (each[forms] for each in kept)
        return replace(
            self, here=here, there=other, b_here=b_here, b_there=b_other,
            lives=tuple(self.lives[n] for n in lives), forms=tuple(self.forms[n] for n in forms),
        )  # fmt: skip

    def exchanged(self, d: int, draws: int, rng: np.random.Generator) -> float:
        """Return the two-sided p of a change where here and there are exchanged in every cell.

        Negation wording is no change and is taken off before (`measurement.md` §4).
        """
        keyed = self.keyed[d][self._cells(d)[1]]
        delta = self._of(self.here - self.there, d)
        plus, minus = (delta[:, keyed == k].mean() if (keyed == k).any() else np.nan for k in (1, -1))
        if np.isfinite(plus) and np.isfinite(minus):
            delta = delta - keyed * (plus - minus) / 2
        weight = np.where(keyed == 1, 1 / max((keyed == 1).sum(), 1), 1 / max((keyed == -1).sum(), 1))
        flat = (delta * weight).ravel()
        null = rng.choice([-1.0, 1.0], size=(draws, len(flat))) @ flat
        return float((1 + (np.abs(null) >= abs(flat.sum()) * (1 - 1e-9)).sum()) / (1 + draws))


@dataclass(frozen=True)
class FormReader:
    """Reads rows of one State or thread, form by form; all forms at once where none is named."""

    layout: Layout
    forms: tuple[str, ...]

    def scores(self, rows: pd.DataFrame) -> Array:
        """Return D and B, ``(form, 2, dimension, m)``; NaN where a statement was not asked in a form."""
        parts = [rows[rows["template"] == form] for form in self.forms] or [rows]
        told = [arm_scores(part, self.layout) for part in parts]
        return np.stack([np.stack([each.d, each.b]) for each in told])


def pair_of(
    here: Sequence[Array], there: Sequence[Array], keyed: Array, names: Sequence[str], forms: tuple[str, ...],
    items: tuple[tuple[str, ...], ...], seed: int = 0,
) -> Pair:  # fmt: skip
    """Return lives here and there, of D and B by form, ``(form, 2, dimension, m)`` for each life."""
    a, b = (np.stack(each, axis=1) for each in (here, there))  # (form, life, 2, dimension, m)
    return Pair(a[:, :, 0], b[:, :, 0], a[:, :, 1], b[:, :, 1], keyed, tuple(names), forms, items, seed)


def _mean(values: Array, weights: Array, use: Mask) -> Array:
    """Return the mean of one keying, ``(draw,)``; NaN where there is none."""
    w = weights[..., use]
    total = w.sum(axis=(1, 2))
    return np.asarray((w * values[:, use]).sum(axis=(1, 2)) / np.where(total > 0, total, np.nan))


def _sides(values: Array, weights: Array, keyed: Array) -> tuple[Array, Array]:
    """Return the means of both keyings, ``(draw,)`` each; of one keying alone its own, twice."""
    found = [_mean(values, weights, keyed == k) for k in (1, -1) if (keyed == k).any()]
    return found[0], found[-1]
