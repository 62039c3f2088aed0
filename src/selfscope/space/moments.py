"""Means and spreads of a stream of vectors, in float64, in memory that does not grow with the stream.

Blocks of observations are merged by the pairwise formulas of Chan, Golub and LeVeque (1979): with counts a
and b, means m and k, and d = k − m,

    mean ← m + d b / (a + b)        second moment ← S + T + d² a b / (a + b)

where S and T are sums of squared deviations, so that no large sums are subtracted from each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from selfscope.errors import BadInput

Floats = npt.NDArray[np.float64]


@dataclass(eq=False)
class Moments:
    """Count, mean and diagonal second moments of vectors, for one group.

    Attributes
    ----------
    count
        Observations so far.
    mean
        Shape (layers, width).
    squares
        Sum of squared deviations from the mean, shape (layers, width).
    """

    count: int
    mean: Floats
    squares: Floats

    @classmethod
    def empty(cls, layers: int, width: int) -> Moments:
        """Return moments of nothing."""
        return cls(0, np.zeros((layers, width)), np.zeros((layers, width)))

    def add(self, vectors: Floats) -> None:
        """Take in a block of observations, shape (layers, observations, width)."""
        count = vectors.shape[1]
        if not count:
            return
        mean = vectors.mean(1)
        squares = ((vectors - mean[:, None]) ** 2).sum(1)
        self.merge(Moments(count, mean, squares))

    def merge(self, other: Moments) -> None:
        """Take in what another has seen."""
        total = self.count + other.count
        if not other.count:
            return
        apart = other.mean - self.mean
        self.squares += other.squares + apart**2 * (self.count * other.count / total)
        self.mean += apart * (other.count / total)
        self.count = total

    def variance(self) -> Floats:
        """Return the variance with n − 1, shape (layers, width); nan for fewer than two observations."""
        if self.count < 2:
            return np.full_like(self.mean, np.nan)
        return self.squares / (self.count - 1)

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return all there is, for a file."""
        return {"count": np.asarray([self.count]), "mean": self.mean, "squares": self.squares}

    @classmethod
    def of(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Moments:
        """Return the moments that :meth:`arrays` was taken from."""
        return cls(int(arrays["count"][0]), _own(arrays["mean"]), _own(arrays["squares"]))


@dataclass(eq=False)
class FullMoments:
    """Count, mean and the whole matrix of second moments, at some layers, over all groups.

    Attributes
    ----------
    count
        Observations so far.
    mean
        Shape (layers, width).
    products
        Sum of outer products of deviations from the mean, shape (layers, width, width).
    """

    count: int
    mean: Floats
    products: Floats

    @classmethod
    def empty(cls, layers: int, width: int) -> FullMoments:
        """Return moments of nothing."""
        return cls(0, np.zeros((layers, width)), np.zeros((layers, width, width)))

    def add(self, vectors: Floats) -> None:
        """Take in a block of observations, shape (layers, observations, width)."""
        count = vectors.shape[1]
        if not count:
            return
        mean = vectors.mean(1)
        total = self.count + count
        apart = mean - self.mean
        for layer, block in enumerate(vectors):
            centred = block - mean[layer]
            self.products[layer] += centred.T @ centred
            self.products[layer] += np.outer(apart[layer], apart[layer]) * (self.count * count / total)
        self.mean += apart * (count / total)
        self.count = total

    def covariance(self) -> Floats:
        """Return the covariance with n − 1, shape (layers, width, width).

        Raises
        ------
        BadInput
            If there are fewer than two observations.
        """
        if self.count < 2:
            raise BadInput("a covariance needs two observations", got=self.count, fix="Capture more")
        return self.products / (self.count - 1)

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return all there is, for a file."""
        return {"count": np.asarray([self.count]), "mean": self.mean, "products": self.products}

    @classmethod
    def of(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> FullMoments:
        """Return the moments that :meth:`arrays` was taken from."""
        return cls(int(arrays["count"][0]), _own(arrays["mean"]), _own(arrays["products"]))


@dataclass(eq=False)
class Means:
    """Counts and means of many cells: one a group and question.

    Attributes
    ----------
    count
        Observations in each cell, shape (cells,).
    mean
        Shape (cells, layers, width); zero where nothing was seen.
    """

    count: npt.NDArray[np.int64]
    mean: Floats

    @classmethod
    def empty(cls, cells: int, layers: int, width: int) -> Means:
        """Return means of nothing."""
        return cls(np.zeros(cells, np.int64), np.zeros((cells, layers, width)))

    def add(self, cell: int, vector: Floats) -> None:
        """Take in one observation of a cell, shape (layers, width)."""
        self.count[cell] += 1
        self.mean[cell] += (vector - self.mean[cell]) / self.count[cell]

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return all there is, for a file."""
        return {"count": self.count, "mean": self.mean}

    @classmethod
    def of(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Means:
        """Return the means that :meth:`arrays` was taken from."""
        return cls(np.array(arrays["count"], np.int64), _own(arrays["mean"]))


def _own(array: npt.NDArray[np.generic]) -> Floats:
    """Return an array of our own that can be written to."""
    return np.array(array, dtype=np.float64)
