"""Do dimensions travel together over many identities, beyond a habit of answering?

Rows are identities, columns are dimensions. From every column its mean and what goes with the habits (such as
yes-saying) are taken; columns are then brought to one length, so that no dimension counts more because it
moves more. The share of one common factor is the largest eigenvalue of their correlations over their number.

Some share always falls to the first factor: with 16 identities and 21 dimensions about a fifth by chance.
So it is judged against identities permuted within each dimension. Residuals are permuted and freed from the
habits again (Freedman and Lane 1983), because residuals lie in a smaller space than what they are left from.

A significant share is not yet a cluster. Three more things are asked of it.

- Does it carry *most* dimensions? Half of them on one factor give as large a share as all of them on a
  weaker one. But of dimensions that are not on it, half load the other way by chance: if no more than half
  were on the factor, of the rest (10 of 21) one or none would go against it once in a hundred times
  (``p_half``).
- Is it *one*? Two clusters that have nothing to do with each other make a first factor of their mixture. So
  the factor is taken out and the same test is made of the next one (``p_second``). Where that is beyond
  chance too, the two groups of dimensions that differ most must still go together over identities
  (``p_groups``): a general factor with groups under it is no two clusters.
- Does it matter? A factor of a hundredth of a log-odd can be significant where answers are exact, so it has a
  size, in log-odds, that is held against the smallest effect of interest.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats as distributions

from selfscope.errors import BadInput
from selfscope.stats.masked import Array, Mask

#: Identities below which no common factor is looked for.
LEAST_IDENTITIES = 12
#: Dimensions below which there is nothing to travel together.
LEAST_DIMENSIONS = 3
#: Identities that a dimension needs where cells are left out.
LEAST_CELLS = 6
PERMUTATIONS = 1999
#: Spread below which a column is constant, as a share of its size.
_FLAT = 1e-9
_BATCH = 250


class CommonFactor(NamedTuple):
    """What one factor explains of how identities differ.

    Attributes
    ----------
    share
        Of the standardised variance of shifts, on one factor.
    expected, limit
        Mean, and 95 % quantile, of that share with identities permuted.
    p
        Share of permutations with at least as large a share, the observed one counted.
    loadings
        Correlation of each dimension with the factor, ``(dimension,)``, turned so that at least half are
        positive; NaN where a dimension was left out.
    same_way
        Dimensions that load the way of the majority.
    p_same_way
        Two-sided sign test: would that many of independent signs agree?
    p_half
        If no more than half of the dimensions were on the factor, would so few of the rest go against it?
    p_second
        The permutation test of the next factor, this one taken out.
    p_groups
        Whether the two groups of dimensions that differ most go the same way over identities, one-sided.
    size
        What the factor moves the mean of the dimensions by, between an identity one standard deviation above
        and one below, on the scale of the scores.
    identities, dimensions
        What was counted.
    """

    share: float
    expected: float
    limit: float
    p: float
    loadings: Array
    same_way: int
    p_same_way: float
    p_half: float
    p_second: float
    p_groups: float
    size: float
    identities: int
    dimensions: int


def common_factor(
    scores: ArrayLike,
    habits: ArrayLike | None = None,
    *,
    use: Mask | None = None,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> CommonFactor:
    """Return the share of one common factor, with its permutation test.

    Parameters
    ----------
    scores
        ``(identity, dimension)``, positive towards the pole that all dimensions are expected to share.
    habits
        ``(identity, habit)``, taken out first; None takes out the means alone.
    use
        Cells that count, ``(identity, dimension)``; the others stand at what the habits foretell, that is,
        they say nothing. All by default.

    Raises
    ------
    BadInput
        If there are under 12 identities or under 3 dimensions in which they differ, or a score is missing.
    """
    x = np.asarray(scores, float)
    cells = np.ones(x.shape, bool) if use is None else np.asarray(use, bool)
    _refuse_scores(x)
    keep = _residual_makers(cells, habits)
    left = _freed(keep, x)
    varies = _varies(left, x) & (cells.sum(axis=0) >= LEAST_CELLS)
    _refuse_dimensions(int(varies.sum()))
    left, keep, cells = left[:, varies], keep[varies], cells[:, varies]
    z = _of_one_length(left)
    share, factor = _first(z)
    own = z.T @ factor
    factor = factor if (own > 0).sum() * 2 >= len(own) else -factor
    rng = np.random.default_rng([seed, *z.shape])
    null = _null(keep, cells, z, permutations, rng)
    second = _p_second(z, cells, habits, factor, permutations, rng)
    same, n = int((z.T @ factor > 0).sum()), z.shape[1]
    loadings = np.full(x.shape[1], np.nan)
    loadings[varies] = z.T @ factor
    free = len(x) - 1 - (0 if habits is None else np.asarray(habits).shape[1])
    return CommonFactor(
        share,
        float(null.mean()),
        float(np.quantile(null, 0.95)),
        _beyond(share, null),
        loadings,
        same,
        float(distributions.binomtest(same, n).pvalue),
        float(distributions.binom.cdf(n - same, n // 2, 0.5)),
        second,
        _p_groups(z, free - 1),
        float(2 * (left.T @ factor).mean() / np.sqrt(free)),
        len(x),
        n,
    )


def _beyond(share: float, null: Array) -> float:
    """Return the share of permutations with at least as large a share, the observed one counted."""
    return float((1 + (null >= share - 1e-12).sum()) / (1 + len(null)))


def _p_second(
    z: Array,
    cells: Mask,
    habits: ArrayLike | None,
    factor: Array,
    permutations: int,
    rng: np.random.Generator,
) -> float:
    """Return the test of the next factor: the first one is taken out as if it were a habit."""
    taken = factor[:, None] if habits is None else np.column_stack([np.asarray(habits, float), factor])
    keep = _residual_makers(cells, taken)
    left = _freed(keep, z)
    rest = _of_one_length(np.where(np.linalg.norm(left, axis=0) > _FLAT, left, 0.0))
    return _beyond(_first(rest)[0], _null(keep, cells, rest, permutations, rng))


def _p_groups(z: Array, df: int) -> float:
    """Return whether the two groups that the second direction parts go together; 1 if it parts none."""
    side = np.linalg.svd(z, full_matrices=False)[2][1] > 0
    one, other = z[:, side].sum(axis=1), z[:, ~side].sum(axis=1)
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    if size <= _FLAT:
        return 1.0
    r = float(np.clip(one @ other / size, -1 + _FLAT, 1 - _FLAT))
    return float(distributions.t.sf(r * np.sqrt(df / (1 - r**2)), df))


def _refuse_scores(x: Array) -> None:
    if len(x) < LEAST_IDENTITIES:
        raise BadInput(
            "too few identities for a common factor", got=len(x), fix=f"Give {LEAST_IDENTITIES} or more"
        )
    if not np.isfinite(x).all():
        raise BadInput("a score is missing", fix="Leave out dimensions that not every identity was asked")


def _refuse_dimensions(n: int) -> None:
    if n < LEAST_DIMENSIONS:
        raise BadInput(
            "too few dimensions in which identities differ", got=n, fix=f"Give {LEAST_DIMENSIONS} or more"
        )


def _residual_makers(cells: Mask, habits: ArrayLike | None) -> Array:
    """Return for each dimension the matrix that takes out mean and habits, ``(dimension, identity, same)``.

    Rows of cells that do not count are zero.
    """
    n = len(cells)
    columns = np.ones((n, 1)) if habits is None else np.column_stack([np.ones(n), np.asarray(habits, float)])
    return np.stack([_residual_maker(columns, own) for own in cells.T])


def _residual_maker(columns: Array, own: Mask) -> Array:
    q, r = np.linalg.qr(np.where(own[:, None], columns, 0.0))
    size = np.abs(np.diag(r))
    q = q[:, size > _FLAT * max(size.max(), 1.0)]
    return np.asarray(np.diag(own.astype(float)) - q @ q.T)


def _freed(keep: Array, x: Array) -> Array:
    """Return columns without mean and habits; x ``(..., identity, dimension)``."""
    return np.asarray(np.einsum("dij,...jd->...id", keep, x))


def _varies(left: Array, x: Array) -> Mask:
    """Whether a column differs between identities by more than rounding."""
    return np.asarray(np.linalg.norm(left, axis=0) > _FLAT * np.maximum(np.linalg.norm(x, axis=0), 1e-3))


def _of_one_length(left: Array) -> Array:
    """Return columns of length 1; one that a permutation left empty stays so."""
    size = np.linalg.norm(left, axis=-2, keepdims=True)
    return np.asarray(np.divide(left, size, out=np.zeros_like(left), where=size > 0))


def _first(z: Array) -> tuple[float, Array]:
    """Return the share of the first factor, and the factor itself, of length 1."""
    values, vectors = np.linalg.eigh(z @ z.T)
    return float(values[-1] / z.shape[1]), vectors[:, -1]


def _null(keep: Array, cells: Mask, z: Array, permutations: int, rng: np.random.Generator) -> Array:
    """Return the share of the first factor with cells permuted in their dimension, ``(permutation,)``."""
    found = []
    for start in range(0, permutations, _BATCH):
        mixed = np.zeros((min(_BATCH, permutations - start), *z.shape))
        for d, own in enumerate(cells.T):
            mixed[:, own, d] = rng.permuted(np.broadcast_to(z[own, d], (len(mixed), own.sum())), axis=1)
        again = _of_one_length(_freed(keep, mixed))
        gram = again @ np.swapaxes(again, -1, -2)
        found.append(np.linalg.eigvalsh(gram)[:, -1] / z.shape[1])
    return np.concatenate(found)
