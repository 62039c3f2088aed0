"""Logistic regression with a ridge penalty, for more features than rows (bags of words)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg, special

from selfscope.errors import CouldNot
from selfscope.stats.masked import Array

STEPS = 60
CLOSE = 1e-7
#: Least weight of a row in a Newton step, so that a row that is certain does not stop it.
_LEAST = 1e-9


def kernel_logistic(kernel: ArrayLike, labels: ArrayLike, penalty: float = 1.0) -> tuple[Array, float]:
    """Return weights of rows and the intercept: the score of a row is its kernel with these, plus it.

    Minimises Σ log(1 + exp(−y f)) + penalty / 2 · |w|² with f = X w + b and b free, by Newton steps in the
    rows' kernel X Xᵀ; the same as scikit-learn's ``LogisticRegression(C=1/penalty)``, which tests hold it to.

    Parameters
    ----------
    kernel
        X Xᵀ, shape (row, row).
    labels
        True or False, shape (row,).

    Raises
    ------
    CouldNot
        If it does not settle.
    """
    k, y = np.asarray(kernel, float), np.asarray(labels, bool).astype(float)
    n = len(y)
    a, b = np.zeros(n), float(special.logit(np.clip(y.mean(), 1e-6, 1 - 1e-6)))
    bordered = np.zeros((n + 1, n + 1))
    bordered[:n, n] = bordered[n, :n] = 1.0
    for _ in range(STEPS):
        f = k @ a + b
        p = special.expit(f)
        weight = np.maximum(p * (1 - p), _LEAST)
        bordered[:n, :n] = k + penalty * np.diag(1 / weight)
        found = linalg.solve(bordered, np.append(f + (y - p) / weight, 0.0), assume_a="sym")
        moved = np.abs(k @ (found[:n] - a) + found[n] - b).max()
        factor = min(1.0, 5.0 / moved) if moved > 0 else 1.0
        a, b = a + factor * (found[:n] - a), b + factor * (float(found[n]) - b)
        if moved < CLOSE:
            return np.asarray(a), b
    raise CouldNot(
        "the logistic model of words did not settle", got=f"largest step {moved:.2g}", fix="Give more texts"
    )


def held_out_logistic(kernel: ArrayLike, labels: ArrayLike, folds: ArrayLike, penalty: float = 1.0) -> Array:
    """Return the score of every row from a fit without its fold; shape (row,).

    Parameters
    ----------
    kernel
        Products of the rows' features, shape (row, row).
    labels
        True or False.
    folds
        Of every row.
    """
    k, y, of = np.asarray(kernel, float), np.asarray(labels, bool), np.asarray(folds)
    scores = np.empty(len(y))
    for fold in np.unique(of):
        kept, out = np.flatnonzero(of != fold), np.flatnonzero(of == fold)
        a, b = kernel_logistic(k[np.ix_(kept, kept)], y[kept], penalty)
        scores[out] = k[np.ix_(out, kept)] @ a + b
    return scores
