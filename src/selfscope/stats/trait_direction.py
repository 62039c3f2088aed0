"""Is there a direction along which replies with a trait differ from replies without it, and does it hold?

The data are states x of pairs p of replies, one with the trait and one without, at every layer. The
direction of a set of pairs is the mean of its differences,

    w = mean over p of (x_p,with − x_p,without)

so a larger inner product with w is nearer to the trait. All that is asked of it here is linear in the
differences, so the whole is computed from their inner products and never sees the width twice.
``measurement.md`` §14: folds are of pairs, and whatever is chosen is chosen inside a fold.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selfscope.errors import BadInput
from selfscope.stats.axis import COSINE, centred_interval
from selfscope.stats.separation import auroc, separation
from selfscope.values import Estimate

Floats = NDArray[np.float64]

#: Shuffles of the labels within pairs; splits into halves; resamples of pairs, and splits of each.
SHUFFLES, SPLITS, DRAWS, SPLITS_A_DRAW = 199, 100, 400, 4
LEAST_PAIRS = 8
WITH, WITHOUT = 0, 1
"""Places on the axis `side`."""


class Products(NamedTuple):
    """Inner products of states and differences, at each layer.

    Attributes
    ----------
    states
        State of pair p on side s with the difference of pair q, shape (layer, p, side, q).
    differences
        Difference of pair p with that of pair q, shape (layer, p, q).
    """

    states: Floats
    differences: Floats

    def shuffled(self, signs: Floats) -> Products:
        """Return the products as they are when the sides of the pairs with sign −1 change places."""
        turned = np.where(signs[:, None, None] > 0, self.states, self.states[:, :, ::-1]) * signs
        return Products(turned, self.differences * signs[:, None] * signs)


class Fitted(NamedTuple):
    """A direction and how well it holds.

    Attributes
    ----------
    layer
        Index on the layer axis, chosen by held-out separation.
    separations
        Held-out separation at each layer, (layer,): difference of the side means over the spread.
    spread
        SD of held-out projections on the unit direction within a side, both sides pooled, at `layer`; in
        units of the states.
    length
        Length of the mean difference at `layer`, in the same units.
    held_out
        Projection of each reply on a direction that its pair had no part in, the layer chosen without it as
        well; 0 midway between the sides, in spreads of the pairs left in; (pair, side).
    auroc
        Of `held_out`, with an interval that draws whole pairs.
    shuffled
        The same number after each shuffle of labels within pairs, (shuffle,).
    split_half
        Cosine of directions from disjoint halves of the pairs at `layer`, with a 95 percent interval.
    affirmation
        Cosine of the direction at `layer` with that of replies that affirm, against those that deny.
    """

    layer: int
    separations: Floats
    spread: float
    length: float
    held_out: Floats
    auroc: Estimate
    shuffled: Floats
    split_half: Estimate
    affirmation: float

    @property
    def selectivity(self) -> float:
        """AUROC less its mean under shuffled labels."""
        return float(self.auroc.estimate - self.shuffled.mean())

    @property
    def p(self) -> float:
        """Share of shuffles that do as well, the true labels counted among them."""
        return float((1 + (self.shuffled >= self.auroc.estimate).sum()) / (1 + len(self.shuffled)))


def fit_direction(
    states: Floats, affirms: NDArray[np.bool_], strata: NDArray[np.intp], *, seed: int = 0
) -> Fitted:
    """Fit the direction of one trait, and ask of it whether it holds.

    Parameters
    ----------
    states
        Shape (layer, pair, side, width), side :data:`WITH` the trait first.
    affirms
        Whether the reply with the trait is the one that affirms, (pair,).
    strata
        Kind of each pair, (pair,): halves take equal parts of each.
    seed
        Names shuffles, splits and resamples.

    Raises
    ------
    BadInput
        If there are fewer than eight pairs, or a state is not finite.
    """
    _refuse(states)
    found = products(states)
    draw = np.random.default_rng([seed, 71])
    held_out = nested(found)
    layer, separations, spread = _whole(found)
    names = [str(p) for p in range(states.shape[1]) for _ in (WITH, WITHOUT)]
    truths = np.tile([True, False], states.shape[1])
    told = separation(held_out.ravel(), truths, names, seed=seed)
    signs = draw.choice([-1.0, 1.0], (SHUFFLES, states.shape[1]))
    shuffled = np.array([_auroc(nested(found.shuffled(each))) for each in signs])
    return Fitted(
        layer,
        separations,
        spread,
        float(np.sqrt(found.differences[layer].mean())),
        held_out,
        Estimate(told.auroc, (told.low, told.high)),
        shuffled,
        split_half(found.differences[layer], strata, draw),
        affirmation(found.differences[layer], affirms),
    )


def products(states: Floats) -> Products:
    """Return the inner products that everything else is made of; states (layer, pair, side, width)."""
    differences = states[:, :, WITH] - states[:, :, WITHOUT]
    return Products(
        np.einsum("lpsd,lqd->lpsq", states, differences, optimize=True),
        np.einsum("lpd,lqd->lpq", differences, differences, optimize=True),
    )


def nested(found: Products) -> Floats:
    """Return held-out projections of all replies, the layer chosen inside each fold; (pair, side).

    Of each pair j in turn: every other pair is projected on the direction of the rest; the layer at which
    these come apart best is taken; pair j is projected there on the direction of all others. Zero is midway
    between the sides of the others, and the unit is their spread, so folds can be put together.
    """
    n = found.differences.shape[1]
    own = np.arange(n)
    inner = _left_two_out(found)
    there = ~np.eye(n, dtype=bool)
    middle, spread, apart = _sides(inner, there)
    best = apart.argmax(axis=0)
    sums, lengths = found.states.sum(axis=3), _lengths(found.differences)
    mine = (sums - found.states[:, own, :, own].transpose(1, 0, 2)) / (n - 1) / lengths[:, :, None]
    return np.asarray(
        (mine[best, own] - middle[best, own][:, None]) / spread[best, own][:, None], dtype=np.float64
    )


def _left_two_out(found: Products) -> Floats:
    """Return pair i projected on the unit direction of all but i and j; (layer, j, i, side), j = i unused."""
    n = found.differences.shape[1]
    own = np.arange(n)
    sums = found.states.sum(axis=3)
    self_part = found.states[:, own, :, own].transpose(1, 0, 2)
    left = sums[:, None] - self_part[:, None] - found.states.transpose(0, 3, 1, 2)
    rows = found.differences.sum(axis=2)
    diagonal = found.differences[:, own, own]
    squared = (
        rows.sum(axis=1)[:, None, None]
        - 2 * (rows[:, :, None] + rows[:, None, :])
        + diagonal[:, :, None]
        + diagonal[:, None, :]
        + 2 * found.differences
    )
    return np.asarray(left / np.sqrt(np.maximum(squared, 1e-300))[..., None])


def _lengths(differences: Floats) -> Floats:
    """Return the length of the mean difference without each pair; (layer, pair)."""
    n = differences.shape[1]
    rows = differences.sum(axis=2)
    squared = rows.sum(axis=1)[:, None] - 2 * rows + differences[:, np.arange(n), np.arange(n)]
    return np.asarray(np.sqrt(np.maximum(squared, 1e-300)) / (n - 1))


def _sides(projected: Floats, use: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Return middle, spread and separation of projections (…, i, side) over the pairs of `use` (…, i)."""
    count = use.sum(axis=-1)
    kept = np.where(use[..., None], projected, 0.0)
    means = kept.sum(axis=-2) / count[..., None]
    off = np.where(use[..., None], projected - means[..., None, :], 0.0)
    spread = np.sqrt((off**2).sum(axis=(-2, -1)) / (2 * (count - 1)))
    spread = np.maximum(spread, 1e-300)
    return means.mean(axis=-1), spread, (means[..., WITH] - means[..., WITHOUT]) / spread


def _whole(found: Products) -> tuple[int, Floats, float]:
    """Return the layer at which all pairs, each left out once, come apart best; separations; the spread."""
    n = found.differences.shape[1]
    own = np.arange(n)
    mine = found.states.sum(axis=3) - found.states[:, own, :, own].transpose(1, 0, 2)
    projected = mine / (n - 1) / _lengths(found.differences)[:, :, None]
    _, spread, apart = _sides(projected, np.ones(n, bool))
    layer = int(apart.argmax())
    return layer, apart, float(spread[layer])


def _auroc(projected: Floats) -> float:
    return auroc(projected[:, WITH], projected[:, WITHOUT])


def split_half(differences: Floats, strata: NDArray[np.intp], draw: np.random.Generator) -> Estimate:
    """Return the mean cosine of directions from disjoint halves of the pairs, with an interval.

    Parameters
    ----------
    differences
        Inner products of the pairs' differences at one layer, (pair, pair).
    strata
        Kind of each pair; both halves take as many of each, give or take one.

    Notes
    -----
    The interval draws pairs again; copies stay in one half. See
    :func:`selfscope.stats.axis.centred_interval`.
    """
    n = len(strata)
    cosines = _half_cosines(differences, strata, np.ones((SPLITS, n)), draw)
    weights = draw.multinomial(n, np.full(n, 1 / n), DRAWS).astype(np.float64)
    drawn = _half_cosines(differences, strata, np.repeat(weights, SPLITS_A_DRAW, axis=0), draw)
    drawn = drawn.reshape(DRAWS, SPLITS_A_DRAW)
    drawn = drawn[np.isfinite(drawn).all(axis=1)].mean(axis=1)
    estimate = float(cosines.mean())
    low, high = centred_interval(np.array(estimate), drawn, COSINE, size=n)
    return Estimate(estimate, (float(low), float(high)))


def _half_cosines(
    differences: Floats, strata: NDArray[np.intp], weights: Floats, draw: np.random.Generator
) -> Floats:
    """Return the cosine of the directions of both halves of each split; weights (split, pair)."""
    first = np.zeros(weights.shape, bool)
    for kind in np.unique(strata):
        member = np.flatnonzero(strata == kind)
        rank = draw.random((len(weights), len(member))).argsort(axis=1).argsort(axis=1)
        odd = draw.integers(0, 2, (len(weights), 1)) if len(member) % 2 else 0
        first[:, member] = rank < (len(member) + odd) // 2
    one, other = weights * first, weights * ~first
    across = np.einsum("sp,pq,sq->s", one, differences, other, optimize=True)
    own = [np.einsum("sp,pq,sq->s", half, differences, half, optimize=True) for half in (one, other)]
    scale = np.sqrt(np.maximum(own[0] * own[1], 0.0))
    return np.asarray(np.divide(across, scale, out=np.full(len(weights), np.nan), where=scale > 0))


def affirmation(differences: Floats, affirms: NDArray[np.bool_]) -> float:
    """Return the cosine of the direction with that of affirming against denying; products (pair, pair)."""
    signs = np.where(affirms, 1.0, -1.0)
    ones = np.ones(len(signs))
    length = np.sqrt((ones @ differences @ ones) * (signs @ differences @ signs))
    return float(ones @ differences @ signs / length) if length > 0 else float("nan")


def _refuse(states: Floats) -> None:
    if states.ndim != 4 or states.shape[1] < LEAST_PAIRS or states.shape[2] != 2:
        raise BadInput(
            "a direction needs states of at least eight pairs",
            got=f"shape {states.shape}",
            fix="Give (layer, pair, side, width)",
        )
    if not np.isfinite(states).all():
        raise BadInput("a state is not finite", fix="Capture in a wider precision")
