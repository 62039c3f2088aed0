"""What a layer's items say under the levels of one manipulation, and how far they move as they count."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from selfscope.errors import BadInput
from selfscope.stats.layers import PIVOTS, Movement, movement
from selfscope.stats.masked import Array, Mask
from selfscope.stats.stress_cells import Errors
from selfscope.stats.stress_sides import Codes
from selfscope.values import Estimate


@dataclass(frozen=True, eq=False)
class Moved:
    """One layer under one manipulation.

    Attributes
    ----------
    base, changed
        ``(item,)`` and ``(level, item)``.
    items, levels, constructs
        Names of items and levels, and of the group of every item, ``(item,)``.
    group, stratum
        Numbers from 0, ``(item,)``.
    seed
        Names the randomness of the run's own test.
    """

    base: Array
    changed: Array
    items: tuple[str, ...]
    levels: tuple[str, ...]
    constructs: tuple[str, ...]
    group: Codes
    stratum: Codes
    seed: int = 0

    def by_group(self, changed: Array, base: Array, weights: Array) -> tuple[Array, Array]:
        """Return squared movement less noise, and how often it counts, ``(draw, level, group)`` both.

        The estimator of :func:`selfscope.stats.layers.movement`, every item as often as it counts.

        Parameters
        ----------
        changed, base, weights
            ``(..., level, item)``, or what broadcasts to it.
        """
        x = changed - base
        strata = np.eye(int(self.stratum.max()) + 1)[self.stratum]
        n, total = strata.sum(axis=0), weights @ strata
        there = np.where(total > 0, total, 1.0)
        mean = (weights * x) @ strata / there
        variance = np.maximum((weights * x**2) @ strata / there - mean**2, 0)
        of = np.zeros((len(n), int(self.group.max()) + 1))
        of[self.stratum, self.group] = 1
        share = of / of.sum(axis=0)
        often = np.ceil((total @ of) / (n @ of) - 1e-9)  # a group counts as often as its items do
        return (mean @ share) ** 2 - (variance / (n - 1)) @ share**2, often

    def squared(self, weights: Array) -> Array:
        """Return squared movement in squared spreads of the run, ``(draw,)``, of weights ``(draw, cell)``."""
        w = weights.reshape(len(weights), *self.changed.shape)
        each, often = self.by_group(self.changed, self.base, w)
        return np.asarray((often * each).sum(axis=(1, 2)) / often.sum(axis=(1, 2)) / self.spread)

    @cached_property
    def spread(self) -> float:
        """Variance between items at the base within strata."""
        strata = np.eye(int(self.stratum.max()) + 1)[self.stratum]
        centre = (self.base @ strata / strata.sum(axis=0))[self.stratum]
        return float(((self.base - centre) ** 2).sum() / self.df)

    @property
    def df(self) -> int:
        """Degrees of freedom of the spread."""
        return len(self.base) - int(self.stratum.max()) - 1

    def standing(self, errors: Errors) -> tuple[Estimate, float]:
        """Return movement in spreads with its interval, and its one-sided upper bound.

        As :func:`selfscope.stats.layers.standing` has it: the spread errs too, by its own χ².
        """
        rng = np.random.default_rng([self.seed, self.df])
        spreads = rng.chisquare(self.df, PIVOTS) / self.df
        drawn = errors.pivots(0, PIVOTS, rng) * spreads
        low, high, upper = (_root(float(v)) for v in np.quantile(drawn, [0.025, 0.975, 0.95]))
        return Estimate(_root(float(errors.values[0])), (low, high)), upper

    def movement(self, keep: Mask) -> Movement:
        """Return the run's own measure of the cells ``(cell,)`` that are kept; BadInput for too few."""
        there = keep.reshape(self.changed.shape)
        rows, columns = there.any(axis=1), there.any(axis=0)
        if not rows.any() or not columns.any():
            raise BadInput("nothing is left")
        group, stratum = (
            np.unique(own[columns], return_inverse=True)[1] for own in (self.group, self.stratum)
        )
        base = self.base[columns]
        return movement(self.changed[rows][:, columns] - base, base, group, stratum, seed=self.seed)

    def exchanged(self, draws: int, rng: np.random.Generator) -> Array:
        """Return squared movements with base and levels exchanged within every item, ``(draw,)``."""
        values = np.concatenate([self.base[None], self.changed])
        once, found = np.ones_like(self.changed), []
        for _ in range(draws):
            mixed = rng.permuted(values, axis=0)
            found.append(self.by_group(mixed[1:], mixed[0], once)[0].mean())
        return np.array(found)

    @property
    def seen(self) -> float:
        """Squared movement as it is."""
        once = np.ones_like(self.changed)
        return float(self.by_group(self.changed, self.base, once)[0].mean())

    @property
    def groups(self) -> Array:
        """Squared movement of every group in squared spreads, mean over levels, ``(group,)``."""
        once = np.ones_like(self.changed)
        return np.asarray(self.by_group(self.changed, self.base, once)[0].mean(axis=0) / self.spread)

    def labels(self, unit: str) -> tuple[str, ...]:
        """Return the level of every cell: of ``item``, ``construct``, ``stratum``, or the manipulation."""
        n = len(self.levels)
        if unit == "stratum":
            return tuple(map(str, self.stratum.tolist())) * n
        if unit in ("item", "construct"):
            return (self.items if unit == "item" else self.constructs) * n
        return tuple(map(str, np.repeat(self.levels, len(self.items))))


def _root(squared: float) -> float:
    return float(np.sign(squared) * np.sqrt(abs(squared)))
