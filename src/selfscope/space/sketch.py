"""Quantiles of a stream of numbers in fixed memory: a merging t-digest.

Dunning and Ertl (2019, arXiv:1902.04023): sorted observations are gathered in centroids (mean, weight), small
near the ends and large in the middle, such that each spans at most one unit of the scale

    k(q) = δ / 2π · arcsin(2q − 1)

so that there are at most about δ of them, and the tails stay exact longest. Nothing is drawn at random: the
same numbers in the same order give the same sketch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from selfscope.errors import BadInput

Floats = npt.NDArray[np.float64]

CENTROIDS = 200
"""δ: most centroids, about. The rank error measured in the tests stays under 0.3 percent."""

WAITING = 5 * CENTROIDS
"""Numbers that wait before they are merged: merging many at once blurs least."""


@dataclass(eq=False)
class QuantileSketch:
    """Quantiles of all numbers that were added, within a small error of rank; the extremes are exact.

    Attributes
    ----------
    means, weights
        The centroids in order, shape (centroids,).
    least, most
        The extremes; ``inf`` and ``-inf`` while there is nothing.
    """

    means: Floats = field(default_factory=lambda: np.empty(0))
    weights: Floats = field(default_factory=lambda: np.empty(0))
    least: float = math.inf
    most: float = -math.inf
    _waiting: Floats = field(default_factory=lambda: np.empty(WAITING))
    _held: int = 0

    @property
    def count(self) -> int:
        """How many numbers were added."""
        return int(self.weights.sum()) + self._held

    def add(self, values: Floats) -> None:
        """Take in numbers, shape (values,).

        Raises
        ------
        BadInput
            If one is not finite.
        """
        if not np.isfinite(values).all():
            raise BadInput(
                "a quantile sketch takes finite numbers alone", got=values[~np.isfinite(values)][:3]
            )
        while len(values):
            some, values = np.split(values, [WAITING - self._held])
            self._waiting[self._held : self._held + len(some)] = some
            self._held += len(some)
            if self._held == WAITING:
                self._settle()

    def merge(self, other: QuantileSketch) -> None:
        """Take in what another sketch has seen."""
        self._settle()
        other._settle()
        self._gather(np.concatenate([self.means, other.means]), np.concatenate([self.weights, other.weights]))
        self.least, self.most = min(self.least, other.least), max(self.most, other.most)

    def quantile(self, share: float) -> float:
        """Return the number below which a share of all lies.

        Between centroids it is interpolated, each centroid standing in the middle of its weight, as numpy's
        method ``hazen`` does for single observations.

        Raises
        ------
        BadInput
            If nothing was added, or `share` is not between 0 and 1.
        """
        self._settle()
        if not len(self.means) or not 0 <= share <= 1:
            raise BadInput("no such quantile", got=f"{share} of {self.count} numbers", fix="Give 0 to 1")
        total = self.weights.sum()
        middles = np.cumsum(self.weights) - self.weights / 2
        at = np.concatenate([[0.0], middles, [total]])
        values = np.concatenate([[self.least], self.means, [self.most]])
        return float(np.interp(share * total, at, values))

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return all there is, for a file; what waits is kept waiting, so that going on changes nothing."""
        ends = np.asarray([self.least, self.most])
        waiting = self._waiting[: self._held]
        return {"means": self.means, "weights": self.weights, "ends": ends, "waiting": waiting}

    @classmethod
    def of(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> QuantileSketch:
        """Return the sketch that :meth:`arrays` was taken from."""
        least, most = np.asarray(arrays["ends"], np.float64).tolist()
        means, weights = (np.array(arrays[name], np.float64) for name in ("means", "weights"))
        made = cls(means, weights, least, most)
        held = np.asarray(arrays["waiting"], np.float64)
        made._waiting[: len(held)], made._held = held, len(held)
        return made

    def _settle(self) -> None:
        """Merge what waits."""
        if not self._held:
            return
        new = self._waiting[: self._held].copy()
        self._held = 0
        self.least, self.most = min(self.least, float(new.min())), max(self.most, float(new.max()))
        self._gather(np.concatenate([self.means, new]), np.concatenate([self.weights, np.ones(len(new))]))

    def _gather(self, means: Floats, weights: Floats) -> None:
        """Set the centroids to those of all weighted means."""
        order = np.argsort(means, kind="stable")
        means, weights = means[order], weights[order]
        total = weights.sum()
        begin = _scale(np.concatenate([[0.0], np.cumsum(weights)[:-1]]) / total)
        end = _scale(np.cumsum(weights) / total)
        label, start = np.empty(len(means), dtype=np.int64), -math.inf
        number = -1
        for i in range(len(means)):
            if end[i] - start > 1.0:
                number, start = number + 1, begin[i]
            label[i] = number
        self.weights = np.asarray(np.bincount(label, weights), dtype=np.float64) if len(means) else weights
        self.means = np.bincount(label, weights * means) / self.weights if len(means) else means


def _scale(share: Floats) -> Floats:
    """Return k(q) of the module's docstring."""
    return np.asarray(CENTROIDS / (2 * math.pi) * np.arcsin(np.clip(2 * share - 1, -1, 1)))


def sketch_bytes() -> int:
    """Return the most bytes that one sketch holds."""
    return 8 * (2 * 2 * CENTROIDS + WAITING + 2)
