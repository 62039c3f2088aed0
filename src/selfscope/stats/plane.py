"""Families of states in a plane: how much of them it holds, its sides, and whether they lie in a circle.

Nothing is assumed: the plane is that of the first two principal components of the family means, sides that
theory expects are correlated with it and never used to turn it, and the order round a circle is tested
against every other order. Sources: Hubert and Arabie 1987 (order by permutation), Russell 1980 and Plutchik
1980 (what is expected).
"""

from __future__ import annotations

from itertools import combinations, permutations
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from selfscope.errors import BadInput
from selfscope.stats.masked import Array

SPLITS, DRAWS = 10, 199
#: Arrangements that are all gone through; beyond, as many are drawn.
EXACT = 6000
#: Fewest families of a plane, of a side, and of a circle.
LEAST, LEAST_SIDED, LEAST_ROUND = 3, 4, 5


class Tested(NamedTuple):
    """A number, the share of chance that reaches it, and the least that this share can be."""

    value: float
    p: float
    least: float


class Plane(NamedTuple):
    """The plane of family means.

    Attributes
    ----------
    places
        Shape (family, 2).
    shares
        Of the variance of family means by component, in the material itself; shape (component,).
    held
        Share of the variance of family means from half of the pairs that the plane of the other half holds,
        mean over splits; against families whose pairs are drawn at random.
    """

    places: Array
    shares: tuple[float, ...]
    held: Tested


class Round(NamedTuple):
    """Whether families lie in a circle in the order that theory gives.

    Attributes
    ----------
    families
        How many of the circle are there.
    order
        Correspondence index: of all pairs of distances that the circle puts in order, the share that is so
        less the share that is not.
    angles
        Length of the mean vector of differences from the expected angles, after the best turn and
        reflection: 1 is a perfect fit.
    spread
        Standard deviation of the distances from the middle over their mean: 0 is a circle.
    """

    families: int
    order: Tested
    angles: Tested
    spread: float


def plane(vectors: ArrayLike, families: ArrayLike, *, draws: int = DRAWS, seed: int = 0) -> Plane:
    """Return the plane of family means.

    Parameters
    ----------
    vectors
        One for each pair (vignette less twin), shape (pair, width).
    families
        Number of the family of each pair, 0 to F − 1.

    Raises
    ------
    BadInput
        If there are under three families, or a family has under two pairs.
    """
    x, of = np.asarray(vectors, float), np.asarray(families)
    count = int(of.max()) + 1
    if count < LEAST or np.bincount(of, minlength=count).min() < 2:
        raise BadInput("a plane needs three families of two pairs each", got=np.bincount(of).tolist())
    basis = np.linalg.qr((x - x.mean(axis=0)).T, mode="reduced")[0]
    short = (x - x.mean(axis=0)) @ basis  # nothing is lost: there are fewer pairs than coordinates
    means = _means(short, of, count)
    left, values, _ = np.linalg.svd(means, full_matrices=False)
    draw = np.random.default_rng([seed, 73])
    observed = np.mean([_held(short, of, count, draw) for _ in range(SPLITS)])
    null = np.array([_held(short, draw.permutation(of), count, draw) for _ in range(draws)])
    p = (1 + int((null >= observed).sum())) / (draws + 1)
    shares = tuple(map(float, values**2 / max((values**2).sum(), 1e-300)))[: count - 1]
    return Plane(left[:, :2] * values[:2], shares, Tested(float(observed), p, 1 / (draws + 1)))


def _means(x: Array, of: Array, count: int) -> Array:
    means = np.stack([x[of == n].mean(axis=0) for n in range(count)])
    return np.asarray(means - means.mean(axis=0))


def _held(x: Array, of: Array, count: int, draw: np.random.Generator) -> float:
    """Return what the plane of one half of each family's pairs holds of the other half's means."""
    first = np.zeros(len(x), bool)
    for n in range(count):
        rows = np.flatnonzero(of == n)
        first[draw.permutation(rows)[: len(rows) // 2]] = True
    made, told = (_means(x[side], of[side], count) for side in (first, ~first))
    directions = np.linalg.svd(made, full_matrices=False)[2][:2]
    return float(((told @ directions.T) ** 2).sum() / max((told**2).sum(), 1e-300))


class Side(NamedTuple):
    """How a side that theory expects lies in the plane.

    Attributes
    ----------
    families
        How many have a side.
    first, second
        Correlation with the first and the second component.
    fit
        Squared multiple correlation with both, against the same sides given to other families.
    """

    families: int
    first: float
    second: float
    fit: Tested


def side(places: ArrayLike, expected: ArrayLike, *, seed: int = 0) -> Side | None:
    """Return how an expected side (+1, −1, 0 for none) lies in the plane; None with under four families.

    Parameters
    ----------
    places, expected
        Shapes (family, 2) and (family,). Families that are expected on no side are left out.
    """
    sides = np.asarray(expected, float)
    kept = sides != 0
    if kept.sum() < LEAST_SIDED or abs(sides[kept].sum()) == kept.sum():
        return None
    x, y = np.asarray(places, float)[kept], sides[kept]
    observed = _fit(x, y[None])[0]
    null = _fit(x, _arrangements(y, seed))
    p = float((null >= observed - 1e-9).mean())
    first, second = (float(np.corrcoef(x[:, n], y)[0, 1]) for n in (0, 1))
    return Side(int(kept.sum()), first, second, Tested(float(observed), p, 1 / len(null)))


def _fit(x: Array, y: Array) -> Array:
    """Return the squared multiple correlation of each row of y with the columns of x."""
    basis = np.linalg.qr(x - x.mean(axis=0))[0]
    c = y - y.mean(axis=1, keepdims=True)
    return np.asarray(((c @ basis) ** 2).sum(axis=1) / (c**2).sum(axis=1))


def _arrangements(y: Array, seed: int) -> Array:
    """Return every way to give the sides to families, or as many drawn ones with the observed one first."""
    n, plus = len(y), int((y > 0).sum())
    if comb(n, plus) <= EXACT:
        made = -np.ones((comb(n, plus), n))
        for row, chosen in enumerate(combinations(range(n), plus)):
            made[row, list(chosen)] = 1.0
        return made
    draw = np.random.default_rng([seed, 79])
    return np.stack([y, *(draw.permutation(y) for _ in range(EXACT - 1))])


def circle(
    places: ArrayLike, likeness: ArrayLike, steps: ArrayLike, of: int, *, seed: int = 0
) -> Round | None:
    """Return whether families lie round a circle in the expected order; None with under five.

    Parameters
    ----------
    places
        In the plane, shape (family, 2).
    likeness
        Cosines of the families' directions in the whole space, shape (family, family).
    steps
        The expected place of each round the circle, 0 to `of` − 1.
    of
        Places round the circle.
    """
    x, like, at = np.asarray(places, float), np.asarray(likeness, float), np.asarray(steps)
    if len(at) < LEAST_ROUND:
        return None
    orders = _orders(len(at), seed)
    indices = np.array([_index(like, at[list(order)], of) for order in orders])
    angle = np.exp(1j * np.arctan2(x[:, 1], x[:, 0]))
    fits = np.array([_turned(angle, at[list(order)], of) for order in orders])
    radius = np.hypot(x[:, 0], x[:, 1])
    told = [
        Tested(float(each[0]), float((each >= each[0] - 1e-9).mean()), _ties(each))
        for each in (indices, fits)
    ]
    return Round(len(at), told[0], told[1], float(radius.std() / radius.mean()))


def _ties(null: Array) -> float:
    """Return the share of orders that reach the best one: the least that p can be."""
    return float((null >= null.max() - 1e-9).mean())


def _orders(count: int, seed: int) -> list[tuple[int, ...]]:
    """Return every order of all but the first, the given one at the head, or as many drawn ones."""
    if count <= 8:  # a turn changes nothing, so that the first may stay
        return [(0, *rest) for rest in permutations(range(1, count))]
    draw = np.random.default_rng([seed, 83])
    return [tuple(range(count)), *(tuple(draw.permutation(count).tolist()) for _ in range(EXACT - 1))]


def _index(like: Array, at: Array, of: int) -> float:
    """Return the correspondence index of likeness with nearness round the circle."""
    rows, columns = np.triu_indices(len(at), 1)
    gap = np.abs(at[rows] - at[columns])
    gap = np.minimum(gap, of - gap)
    value = like[rows, columns]
    nearer = np.sign(gap[None, :] - gap[:, None])
    agree = np.sign(value[:, None] - value[None, :]) * nearer
    return float(agree.sum() / max(np.abs(nearer).sum(), 1))


def _turned(angle: Array, at: Array, of: int) -> float:
    """Return how well angles fit the expected ones after the best turn and reflection."""
    expected = np.exp(2j * np.pi * at / of)
    return float(max(abs((angle * expected.conj()).mean()), abs((angle * expected).mean())))
