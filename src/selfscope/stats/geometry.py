"""Is the space of roles of one model that of another? Roles against roles, so that widths may differ.

Vectors of a model have shape (role, d_model), of the same roles in the same order in both models. Roles are
centred at their mean and compared by cosine: turning, scaling or shifting a model's states changes nothing.
Sources: Kriegeskorte et al. 2008 (dissimilarity matrices), Mantel 1967 (the permutation), Nili et al. 2014
(ceilings); debiased alignment is in :mod:`selfscope.stats.alignment`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import stats

from selfscope.errors import BadInput
from selfscope.stats.axis import COSINE, DRAWS, Floats, centred_interval, role_vectors
from selfscope.stats.masked import ratio

#: Of the permutation of roles.
PERMUTATIONS = 999
#: Under this many roles nothing is compared: there are too few pairs to order.
LEAST_ROLES = 8
SPLITS = 100


class Agreement(NamedTuple):
    """How far two models agree about the roles.

    Attributes
    ----------
    value
        1 is the same, 0 is chance.
    ci
        95 percent interval over roles.
    null
        What 95 percent of permutations of the roles stay under.
    p
        Share of permutations, the observed one counted in, that reach the value.
    roles
        How many.
    """

    value: float
    ci: tuple[float, float]
    null: float
    p: float
    roles: int


def distances(vectors: Floats) -> Floats:
    """Return 1 − cosine of every two roles about the roles' mean; shape (role, role).

    Raises
    ------
    BadInput
        If a role lies on the mean of all, or has no vector.
    """
    centred = vectors - vectors.mean(0)
    lengths = np.linalg.norm(centred, axis=1)
    if not (lengths > 1e-12 * np.abs(vectors).max()).all():
        raise BadInput("a role has no direction of its own", got=int((~(lengths > 0)).sum()))
    unit = centred / lengths[:, None]
    return np.asarray(1 - unit @ unit.T)


def similarity(
    first: Floats,
    second: Floats,
    *,
    draws: int = DRAWS,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Agreement:
    """Return Spearman's correlation of two models' distances between roles.

    The null permutes the roles of one model, rows and columns together, because the pairs of one role are
    not independent. The interval draws roles with replacement; pairs of a role with its copy are left out.

    Parameters
    ----------
    first, second
        Shapes (role, d_model), the widths may differ.

    Raises
    ------
    BadInput
        If the roles are not the same number, or fewer than eight.
    """
    refuse_unpaired(first, second)
    return _agreement(distances(first), distances(second), _pairs, draws, permutations, seed)


def loadings(
    first: Floats, second: Floats, *, draws: int = DRAWS, permutations: int = PERMUTATIONS, seed: int = 0
) -> Agreement:
    """Return Spearman's correlation over roles of places along two models' axes, shapes (role,).

    The null permutes roles; the test is one-sided, since both axes point to the default.
    """
    if len(first) != len(second) or len(first) < LEAST_ROLES:
        raise BadInput("places must be of the same eight roles or more", got=f"{len(first)}, {len(second)}")
    return _agreement(first, second, _ranked, draws, permutations, seed)


def ceiling(first: Floats, second: Floats, *, splits: int = SPLITS, seed: int = 0) -> float:
    """Return the correlation that noise over questions would leave two models with one true geometry.

    √(ρ₁ρ₂), with ρ the Spearman correlation of distances from disjoint halves of a model's questions,
    taken to the full length by 2ρ / (1 + ρ). NaN where a half says nothing of the other.

    Parameters
    ----------
    first, second
        Cells, shapes (role, question, d_model); NaN where nothing was said.
    """
    both = [max(0.0, geometry_reliability(each, splits=splits, seed=seed)) for each in (first, second)]
    return float(np.sqrt(both[0] * both[1])) if min(both) > 0 else float("nan")


def geometry_reliability(cells: Floats, *, splits: int = SPLITS, seed: int = 0) -> float:
    """Return how far one model's distances between roles come again from other questions.

    Mean Spearman correlation over splits of the questions, at full length by 2ρ / (1 + ρ). Cells have shape
    (role, question, d_model); roles that lack a half are left out of that split.

    Raises
    ------
    BadInput
        If there are fewer than four questions.
    """
    if cells.shape[1] < 4:
        raise BadInput("halves need four questions", got=cells.shape[1], fix="Map more of them")
    draw = np.random.default_rng([seed, 37])
    found = []
    for _ in range(splits):
        order = draw.permutation(cells.shape[1])
        halves = [role_vectors(cells[:, part]) for part in np.array_split(order, 2)]
        seen = np.isfinite(halves[0]).all(-1) & np.isfinite(halves[1]).all(-1)
        if seen.sum() >= LEAST_ROLES:
            one, other = (distances(half[seen]) for half in halves)
            found.append(_pairs(one, other, np.arange(len(one))))
    if not found:
        return float("nan")
    centre = float(np.mean(found))
    return 2 * centre / (1 + centre) if centre > -1 else float("nan")


Compared = Callable[[Floats, Floats, np.ndarray], float]


def _agreement(
    first: Floats, second: Floats, by: Compared, draws: int, permutations: int, seed: int
) -> Agreement:
    """Return the agreement of two matrices or lists that roles index."""
    draw, count = np.random.default_rng([seed, 41]), len(first)
    every = np.arange(count)
    value = by(first, second, every)
    drawn = np.array([_redrawn(first, second, by, draw) for _ in range(draws)])
    low, high = centred_interval(np.array(value), drawn, COSINE, size=count)
    null = np.empty(permutations)
    for n in range(permutations):
        order = draw.permutation(count)
        mixed = second[np.ix_(order, order)] if second.ndim == 2 else second[order]
        null[n] = by(first, mixed, every)
    reached = int((null >= value).sum())
    return Agreement(
        float(value),
        (float(low), float(high)),
        float(np.quantile(null, 0.95)),
        (1 + reached) / (1 + permutations),
        count,
    )


def _redrawn(first: Floats, second: Floats, by: Compared, draw: np.random.Generator) -> float:
    """Return the agreement of roles drawn with replacement, at least four distinct ones."""
    while True:
        chosen = draw.integers(0, len(first), len(first))
        if len(np.unique(chosen)) >= 4:
            return by(first, second, chosen)


def _pairs(first: Floats, second: Floats, chosen: np.ndarray) -> float:
    """Return Spearman's correlation over pairs of chosen roles; a role and its copy are no pair."""
    rows, columns = np.triu_indices(len(chosen), 1)
    rows, columns = chosen[rows], chosen[columns]
    apart = rows != columns
    return _spearman(first[rows[apart], columns[apart]], second[rows[apart], columns[apart]])


def _ranked(first: Floats, second: Floats, chosen: np.ndarray) -> float:
    return _spearman(first[chosen], second[chosen])


def _spearman(x: Floats, y: Floats) -> float:
    """Return Spearman's correlation; NaN where one does not vary."""
    a, b = (stats.rankdata(each) for each in (x, y))
    a, b = a - a.mean(), b - b.mean()
    return float(ratio((a * b).sum(), np.sqrt((a**2).sum() * (b**2).sum())))


def refuse_unpaired(first: Floats, second: Floats) -> None:
    """Raise BadInput unless both are of the same number of roles, at least eight."""
    if len(first) != len(second):
        raise BadInput("two spaces must be of the same roles", got=f"{len(first)} and {len(second)}")
    if len(first) < LEAST_ROLES:
        raise BadInput(
            "too few roles to compare spaces by", got=len(first), fix=f"Map at least {LEAST_ROLES}"
        )
