"""Two-level screening designs: many factors, few runs, no main effect aliased with an interaction of two.

`measurement.md` §13. A Hadamard matrix H of order N has entries +1 and -1 and orthogonal columns. With its
first row and column all +1, its other columns are a design for up to N - 1 factors in N runs; folded over
(the same runs again with all signs changed) interactions of two factors cancel in every main effect.

Sources: Plackett and Burman 1946; Box and Wilson 1951 (folding over); Paley 1933. Validated against the
definition H Hᵀ = N I, and against full factorials, where the main effect is the Banzhaf value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from selfscope.errors import BadInput
from selfscope.stats.masked import Array, Mask

Signs = NDArray[np.int8]

#: Factors up to which a screening design is asked (measurement.md §13).
MOST_SCREENED = 64


def order_above(factors: int) -> int:
    """Return the smallest order over `factors` of which :func:`hadamard` can build a matrix."""
    order = factors + 1
    while _way(order) is None:
        order += 1
    return order


def hadamard(order: int) -> Signs:
    """Return a Hadamard matrix whose first row and first column are all +1.

    Built by Paley's first way (order - 1 a prime that leaves 3 over a multiple of 4), by his second (order /
    2 - 1 a prime that leaves 1), or by doubling a smaller one, of which Sylvester's are the plainest.

    Returns
    -------
    Shape ``(order, order)``, entries +1 and -1.

    Raises
    ------
    BadInput
        If none of these ways leads to this order (52 and 92 are the first).
    """
    way = _way(order)
    if way is None:
        raise BadInput("no matrix of this order can be built", got=order, fix="Take a larger one")
    matrix = way()
    matrix = matrix * matrix[:, :1]
    return np.asarray(matrix * matrix[:1], dtype=np.int8)


def folded_design(factors: int, rng: np.random.Generator) -> Mask:
    """Return which factors each run of a folded-over screening design holds.

    The first run holds all of them and the last none. `rng` says which column of the matrix is whose, so
    that no factor is bound to a column by its place in a file.

    Returns
    -------
    Shape ``(run, factor)``, at least twice as many runs as factors. Every factor is in half of the runs, and
    every two are together in a quarter.
    """
    matrix = hadamard(order_above(factors))
    columns = 1 + rng.permutation(matrix.shape[0] - 1)[:factors]
    half = matrix[:, columns] > 0
    return np.concatenate([half, ~half[::-1]])


def main_effects(design: Mask) -> Array:
    """Return the weights with which runs give main effects: mean with a factor, minus mean without.

    Returns
    -------
    Shape ``(factor, run)``: the effect of a factor is the sum of its weights times the runs' values, an
    estimate of its Banzhaf value (its mean addition to all sets of the others) that interactions of two
    leave untouched.
    """
    with_it = np.asarray(design, float).T
    return np.asarray(
        with_it / with_it.sum(axis=1, keepdims=True)
        - (1 - with_it) / (1 - with_it).sum(axis=1, keepdims=True)
    )


def _way(order: int) -> Callable[[], Signs] | None:
    """Return how a matrix of this order is built, or None."""
    if order in (1, 2):
        return lambda: np.array([[1, 1], [1, -1]], dtype=np.int8)[:order, :order]
    if order < 1 or order % 4:
        return None
    if _is_prime(order - 1):
        return lambda: _paley_first(order - 1)
    if order // 2 % 2 == 0 and _way(order // 2) is not None:
        return lambda: np.kron(np.array([[1, 1], [1, -1]], dtype=np.int8), hadamard(order // 2))
    if order // 2 % 4 == 2 and _is_prime(order // 2 - 1):
        return lambda: _paley_second(order // 2 - 1)
    return None


def _paley_first(q: int) -> Signs:
    """Return I + S for a prime q = 3 (mod 4), S skew: the residues bordered by ones."""
    skew = np.zeros((q + 1, q + 1), dtype=np.int8)
    skew[0, 1:], skew[1:, 0] = 1, -1
    skew[1:, 1:] = _residues(q)
    return np.asarray(skew + np.eye(q + 1, dtype=np.int8), dtype=np.int8)


def _paley_second(q: int) -> Signs:
    """Return the matrix of order 2 (q + 1) for a prime q = 1 (mod 4), from a symmetric conference matrix."""
    conference = np.zeros((q + 1, q + 1), dtype=np.int8)
    conference[0, 1:] = conference[1:, 0] = 1
    conference[1:, 1:] = _residues(q)
    apart = np.kron(conference, np.array([[1, 1], [1, -1]], dtype=np.int8))
    same = np.kron(np.eye(q + 1, dtype=np.int8), np.array([[1, -1], [-1, -1]], dtype=np.int8))
    return np.asarray(apart + same, dtype=np.int8)


def _residues(q: int) -> Signs:
    """Return the Jacobsthal matrix: +1 where i - j is a square modulo q, -1 where not, 0 on the diagonal."""
    kind = np.full(q, -1, dtype=np.int8)
    kind[[n * n % q for n in range(1, q)]] = 1
    kind[0] = 0
    apart = (np.arange(q)[:, None] - np.arange(q)[None, :]) % q
    return np.asarray(kind[apart], dtype=np.int8)


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % n for n in _up_to_root(number))


def _up_to_root(number: int) -> Iterator[int]:
    return iter(range(2, int(number**0.5) + 1))
