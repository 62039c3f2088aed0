"""Linear probes by ridge regression on labels of ±1, and what they say of groups that they never saw.

A linear smoother leaves any group out exactly: with H the hat matrix of all rows, predictions of the rows G
from a fit without them are (I − H_GG)⁻¹ (H y − H_GG y)_G. One decomposition of a layer so gives every fold,
every penalty, and every set of labels. Source of the identity: Craven and Wahba 1979, for groups.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg, stats

from selfscope.errors import BadInput
from selfscope.stats.masked import Array

#: Penalties that are chosen from, in units of the mean squared length of a row about the mean of all.
PENALTIES = (0.03, 0.3, 3.0)


class Fit(NamedTuple):
    """A probe: ``states @ weights + intercept`` is near +1 for the one label and −1 for the other.

    Attributes
    ----------
    weights
        Shape (width, label).
    intercept
        Shape (label,).
    """

    weights: Array
    intercept: Array

    def score(self, states: ArrayLike) -> Array:
        """Return the scores of states (row, width), shape (row, label)."""
        return np.asarray(np.asarray(states, float) @ self.weights + self.intercept)


def scaled(states: ArrayLike) -> Array:
    """Return states less their mean, each coordinate in units of its standard deviation over all rows.

    No label is looked at. A coordinate that does not vary is 0.
    """
    x = np.asarray(states, float)
    spread = x.std(axis=0)
    return np.asarray((x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def ridge(states: ArrayLike, labels: ArrayLike, penalty: float) -> Fit:
    """Return the probe of states (row, width) for labels (row, label), the intercept free of the penalty."""
    x, y = np.asarray(states, float), np.asarray(labels, float)
    y = y[:, None] if y.ndim == 1 else y
    centre, level = x.mean(axis=0), y.mean(axis=0)
    c, r = x - centre, y - level
    strength = penalty * (c**2).sum() / len(c)
    if c.shape[1] <= c.shape[0]:
        inner = c.T @ c + strength * np.eye(c.shape[1])
        weights = linalg.solve(inner, c.T @ r, assume_a="pos")
    else:
        weights = c.T @ linalg.solve(c @ c.T + strength * np.eye(len(c)), r, assume_a="pos")
    return Fit(weights, level - centre @ weights)


class Smoother:
    """One layer's states, decomposed once.

    Parameters
    ----------
    states
        Shape (row, width).
    """

    def __init__(self, states: ArrayLike) -> None:
        x = np.asarray(states, float)
        c = x - x.mean(axis=0)
        self.rows = len(c)
        self.scale = (c**2).sum() / len(c) or 1.0
        if c.shape[1] < c.shape[0]:
            values, vectors = linalg.eigh(c.T @ c)
            kept = values > 1e-10 * max(values[-1], 1e-300)
            self._basis = c @ vectors[:, kept] / np.sqrt(values[kept])
        else:
            values, vectors = linalg.eigh(c @ c.T)
            kept = values > 1e-10 * max(values[-1], 1e-300)
            self._basis = vectors[:, kept]
        self._values = values[kept]

    @classmethod
    def of_kernel(cls, kernel: ArrayLike) -> Smoother:
        """Return the smoother of rows whose products are known, shape (row, row): bags of many words."""
        k = np.asarray(kernel, float)
        c = k - k.mean(axis=0) - k.mean(axis=1, keepdims=True) + k.mean()
        values, vectors = linalg.eigh(c)
        kept = values > 1e-10 * max(values[-1], 1e-300)
        made = cls.__new__(cls)
        made.rows, made.scale = len(c), float(np.trace(c)) / len(c) or 1.0
        made._basis, made._values = vectors[:, kept], values[kept]
        return made

    def hat(self, penalty: float) -> Array:
        """Return the matrix that turns labels into fitted ones, shape (row, row)."""
        shrunk = self._values / (self._values + penalty * self.scale)
        return np.asarray((self._basis * shrunk) @ self._basis.T + 1.0 / self.rows)


def without(hat: Array, fitted: Array, labels: Array, out: NDArray[np.int64]) -> Array:
    """Return predictions of the rows `out` from a fit of all other rows.

    Parameters
    ----------
    hat, fitted, labels
        H, H y and y; shapes (row, row), (row, label), (row, label).
    out
        Numbers of the rows left out.
    """
    inner = hat[np.ix_(out, out)]
    right = fitted[out] - inner @ labels[out]
    factor = linalg.cho_factor(np.eye(len(out)) - inner, overwrite_a=True, check_finite=False)
    return np.asarray(linalg.cho_solve(factor, right, check_finite=False))


def aurocs(scores: ArrayLike, truths: ArrayLike) -> Array:
    """Return the area under the ROC curve of every column; NaN where one side has no rows.

    Parameters
    ----------
    scores, truths
        Shape (row, column); higher scores are to mean true, ties count half.
    """
    x, true = np.asarray(scores, float), np.asarray(truths, bool)
    n = true.sum(axis=0)
    m = len(true) - n
    ranks = stats.rankdata(x, axis=0)
    above = (ranks * true).sum(axis=0) - n * (n + 1) / 2
    made = np.full(n.shape, np.nan)
    np.divide(above, n * m, out=made, where=(n > 0) & (m > 0))
    return made


def folds_of(groups: ArrayLike, strata: ArrayLike, count: int, *, seed: int = 0) -> dict[str, int]:
    """Return the fold of every group, groups of one stratum spread evenly.

    Parameters
    ----------
    groups, strata
        Of every row; a group's stratum is that of its first row. Shape (row,).
    count
        Number of folds.

    Raises
    ------
    BadInput
        If there are fewer groups than folds.
    """
    of = dict(reversed(list(zip(map(str, np.asarray(groups)), map(str, np.asarray(strata)), strict=True))))
    if len(of) < count:
        raise BadInput(
            f"{count} folds need as many pairs", got=len(of), fix="Give more pairs, or fewer folds"
        )
    draw, found, begin = np.random.default_rng([seed, 53]), {}, 0
    for stratum in sorted(set(of.values())):
        names = sorted(name for name, own in of.items() if own == stratum)
        for n, at in enumerate(draw.permutation(len(names))):
            found[names[at]] = (begin + n) % count
        begin += len(names)
    return found
