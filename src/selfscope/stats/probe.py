"""Is something readable inside, at which layer, and how surely? Nested cross-validation of linear probes.

Folds are made of groups (pairs of texts), so that a vignette and its twin are never on both sides. Layer and
penalty are chosen within the other folds, by folds of their own; what is reported was never chosen on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selfscope.stats.masked import Array
from selfscope.stats.ridge import PENALTIES, Smoother, aurocs, without

Ints = NDArray[np.int64]


class Layer(NamedTuple):
    """One layer, every column of labels a problem of its own unless columns are chosen together.

    Attributes
    ----------
    inner
        Area under the curve in folds within the other folds; shape (fold, penalty, column).
    scores
        Of every row from a fit without its fold; shape (penalty, row, column).
    """

    inner: Array
    scores: Array


class Nested(NamedTuple):
    """What nested cross-validation gave.

    Attributes
    ----------
    scores
        Of every row, layer and penalty chosen without its fold; shape (row, column).
    auroc
        Shape (column,).
    layers, penalties
        Numbers of the chosen layer (place in the sequence) and penalty, shape (fold, column).
    by_layer
        Scores with the layer given and the penalty chosen within; shape (layer, row, column).
    at_layer
        The penalty's number chosen there, shape (layer, fold, column).
    """

    scores: Array
    auroc: Array
    layers: Ints
    penalties: Ints
    by_layer: Array
    at_layer: Ints


def nested(
    states: Sequence[Array],
    labels: Array,
    folds: Ints,
    *,
    together: bool = False,
    penalties: Sequence[float] = PENALTIES,
    progress: Callable[[int], None] = lambda count: None,
) -> Nested:
    """Return held-out scores of probes, layer and penalty chosen within the other folds.

    Parameters
    ----------
    states
        Of every layer, shape (row, width) each; scaled (:func:`selfscope.stats.ridge.scaled`).
    labels
        ±1, shape (row, column).
    folds
        Of every row, from 0; shape (row,).
    together
        Whether one layer and penalty are chosen for all columns, by the mean area (many classes, one against
        the rest each), or for each column.
    progress
        Called with 1 after each layer.

    Notes
    -----
    Equals fitting every fold anew (tested); among equals the lowest layer and the weakest penalty win.
    """
    found = []
    for each in states:
        found.append(one_layer(each, labels, folds, penalties))
        progress(1)
    inner = np.stack([each.inner for each in found])
    if together:
        inner = np.broadcast_to(inner.mean(axis=-1, keepdims=True), inner.shape)
    count, columns, steps = inner.shape[1], labels.shape[1], len(penalties)
    best = np.moveaxis(inner, 0, 1).reshape(count, -1, columns).argmax(axis=1)
    layers, chosen = best // steps, best % steps
    at_layer = inner.argmax(axis=2)
    scores = np.empty(labels.shape)
    by_layer = np.empty((len(found), *labels.shape))
    for fold in range(count):
        rows = np.flatnonzero(folds == fold)
        for column in range(columns):
            layer, step = layers[fold, column], chosen[fold, column]
            scores[rows, column] = found[layer].scores[step, rows, column]
            for n, own in enumerate(found):
                by_layer[n, rows, column] = own.scores[at_layer[n, fold, column], rows, column]
    return Nested(scores, aurocs(scores, labels > 0), layers, chosen, by_layer, at_layer)


def one_layer(states: Array, labels: Array, folds: Ints, penalties: Sequence[float]) -> Layer:
    """Return the inner areas and the outer scores of one layer."""
    smoother, count = Smoother(states), int(folds.max()) + 1
    inner = np.empty((count, len(penalties), labels.shape[1]))
    scores = np.empty((len(penalties), *labels.shape))
    rows = [np.flatnonzero(folds == fold) for fold in range(count)]
    for n, penalty in enumerate(penalties):
        hat = smoother.hat(penalty)
        fitted = hat @ labels
        for fold in range(count):
            scores[n, rows[fold]] = without(hat, fitted, labels, rows[fold])
        held = np.full((count, *labels.shape), np.nan)
        for one in range(count):
            for other in range(one + 1, count):  # what is left out is the same for both
                out = np.concatenate([rows[one], rows[other]])
                predicted = without(hat, fitted, labels, out)
                held[one, rows[other]] = predicted[len(rows[one]) :]
                held[other, rows[one]] = predicted[: len(rows[one])]
        for fold in range(count):
            kept = folds != fold
            inner[fold, n] = aurocs(held[fold, kept], labels[kept] > 0)
    return Layer(inner, scores)


def exchanged(labels: Array, groups: Sequence[str], draws: int, *, seed: int = 0) -> Array:
    """Return control labels: in half of the groups, drawn anew for each column, the two sides change places.

    Parameters
    ----------
    labels
        ±1, shape (row,).
    groups
        Of every row.

    Returns
    -------
    Shape (row, draw).
    """
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    turn = np.random.default_rng([seed, 59]).choice([-1.0, 1.0], (len(names), draws))
    return np.asarray(np.asarray(labels, float)[:, None] * turn[member])


class Control(NamedTuple):
    """A reading against probes of labels that mean nothing.

    Attributes
    ----------
    selectivity
        Area under the curve less the mean of the controls'.
    mean, high
        Mean and 95th percentile of the controls.
    p, least
        Share of controls, the observed one counted in, that reach it; and the least that this can be.
    """

    selectivity: float
    mean: float
    high: float
    p: float
    least: float


def against_controls(observed: float, controls: Array) -> Control:
    """Return how an area stands to those of control labels, shape (draw,)."""
    n = len(controls)
    centre = float(controls.mean())
    p = (1 + int((controls >= observed).sum())) / (n + 1)
    return Control(observed - centre, centre, float(np.quantile(controls, 0.95)), p, 1 / (n + 1))
