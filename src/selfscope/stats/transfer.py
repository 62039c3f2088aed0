"""A direction of one model, found again in another by anchors that both have answered to.

An anchor is the same role, or the same prompt, in both models. Only the anchors' vectors of the other model
are needed. Sources: Moschella et al. 2023 (relative representations), Schönemann 1966 (Procrustes).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from selfscope.errors import BadInput
from selfscope.stats.axis import COSINE, DRAWS, Floats, centred_interval
from selfscope.stats.geometry import refuse_unpaired

Method = Literal["relative", "procrustes"]

FOLDS = 5
PERMUTATIONS = 199
#: Ridges to choose from inside the training anchors, relative to the mean eigenvalue of their Gram matrix.
RIDGES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
#: Share of the anchors' variance that Procrustes keeps of either model.
KEPT = 0.95


class Transfer(NamedTuple):
    """A direction in the other model, and how well it orders anchors it has not seen.

    Attributes
    ----------
    direction
        Unit vector of the other model, shape (d_model of the target,); its sign is the given one's.
    held_out, ci
        Correlation over anchors of their projections in the source with those in the target, each anchor
        by a direction fitted without its fold; 95 percent interval over anchors.
    error
        Squared error of these projections, both in standard units, as a share of the variance: 2 − 2r.
    null, p
        95 percent quantile of the same with anchors paired at random, and the share that reaches it.
    """

    direction: Floats
    held_out: float
    ci: tuple[float, float]
    error: float
    null: float
    p: float


def transfer(
    source: Floats,
    target: Floats,
    direction: Floats,
    *,
    method: Method = "relative",
    folds: int = FOLDS,
    draws: int = DRAWS,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Transfer:
    """Return a source direction as the target has it.

    ``relative``: the direction is described by the anchors' projections on it, and the target direction is
    the one along which the target's anchors have these (ridge, chosen by leave-one-out inside the training
    anchors). ``procrustes``: both are cut to the components that hold 95 percent, the target's anchors are
    turned onto the source's, and the direction is turned back.

    Parameters
    ----------
    source, target
        Shapes (anchor, d_model), the same anchors in the same order; widths may differ.
    direction
        Of the source, shape (d_model,).

    Raises
    ------
    BadInput
        If the anchors are not paired, fewer than eight, or do not vary along the direction.
    """
    refuse_unpaired(source, target)
    truth = (source - source.mean(0)) @ direction / np.linalg.norm(direction)
    if not truth.std() > 1e-12 * np.abs(source).max():
        raise BadInput("the anchors do not vary along the direction", fix="Give anchors that do")
    draw = np.random.default_rng([seed, 47])
    parts = np.array_split(draw.permutation(len(source)), folds)
    guessed = _held_out(source, target, direction, method, parts)
    held_out = _correlation(truth, guessed)
    chosen = draw.integers(0, len(truth), (draws, len(truth)))
    drawn = np.array([_correlation(truth[c], guessed[c]) for c in chosen])
    low, high = centred_interval(np.array(held_out), drawn, COSINE, size=len(truth))
    null = np.empty(permutations)
    for n in range(permutations):
        mixed = target[draw.permutation(len(target))]
        null[n] = _correlation(truth, _held_out(source, mixed, direction, method, parts))
    fitted = _fit(source, target, direction, method)
    return Transfer(
        fitted / np.linalg.norm(fitted),
        held_out,
        (float(low), float(high)),
        2 - 2 * held_out,
        float(np.quantile(null, 0.95)),
        (1 + int((null >= held_out).sum())) / (1 + permutations),
    )


def _held_out(
    source: Floats, target: Floats, direction: Floats, method: Method, parts: list[np.ndarray]
) -> Floats:
    """Return projections in the target of anchors that the direction was not fitted on, shape (anchor,)."""
    found = np.empty(len(source))
    for part in parts:
        kept = np.setdiff1d(np.arange(len(source)), part)
        fitted = _fit(source[kept], target[kept], direction, method)
        found[part] = (target[part] - target[kept].mean(0)) @ fitted
    return found


def _fit(source: Floats, target: Floats, direction: Floats, method: Method) -> Floats:
    first, second = source - source.mean(0), target - target.mean(0)
    unit = direction / np.linalg.norm(direction)
    return _ridge(second, first @ unit) if method == "relative" else _turned(first, second, unit)


def _ridge(anchors: Floats, wanted: Floats) -> Floats:
    """Return w with anchors @ w near `wanted`; the ridge has the least leave-one-out error."""
    sizes, turned = np.linalg.eigh(anchors @ anchors.T)
    sizes = np.clip(sizes, 0, None)
    best, weights = np.inf, np.zeros(len(anchors))
    for ridge in RIDGES:
        inverse = (turned / (sizes + ridge * sizes.mean())) @ turned.T
        dual = inverse @ wanted
        error = float(((dual / np.diag(inverse)) ** 2).sum())
        if error < best:
            best, weights = error, dual
    return np.asarray(anchors.T @ weights)


def _turned(first: Floats, second: Floats, unit: Floats) -> Floats:
    """Return the direction by the turn that brings the target's anchors onto the source's."""
    width = max(_enough(first), _enough(second))
    own, other = (np.linalg.svd(each, full_matrices=False)[2][:width] for each in (first, second))
    left, _, right = np.linalg.svd((second @ other.T).T @ (first @ own.T))
    return np.asarray(other.T @ (left @ right) @ (own @ unit))


def _enough(centred: Floats) -> int:
    shares = np.cumsum(np.linalg.svd(centred, compute_uv=False) ** 2)
    return int(np.searchsorted(shares, KEPT * shares[-1]) + 1)


def _correlation(x: Floats, y: Floats) -> float:
    """Return Pearson's correlation; 0 where one does not vary, since it orders nothing."""
    if not (x.std() > 0 and y.std() > 0):
        return 0.0
    return float(np.corrcoef(x, y)[0, 1])
