"""Does a reading rise with the dose? Ladders of texts whose order is fixed by construction."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from selfscope.errors import BadInput
from selfscope.stats.masked import Array

DRAWS = 9999


class Rising(NamedTuple):
    """How far readings follow the steps of ladders.

    Attributes
    ----------
    tau, ci
        Mean over ladders of Kendall's τ of reading and step: 1 rises at every step, 0 is chance; 95 percent
        percentile interval over ladders.
    page, p
        Page's L over ladders, and the share of draws with steps exchanged within ladders that reach it, the
        observed one counted in; one-sided.
    least
        The least that p can be.
    steps
        Mean reading at each step; shape (step,).
    ladders
        How many.
    monotone
        Ladders that rise at every step.
    """

    tau: float
    ci: tuple[float, float]
    page: float
    p: float
    least: float
    steps: tuple[float, ...]
    ladders: int
    monotone: int


def rising(readings: ArrayLike, *, draws: int = DRAWS, seed: int = 0) -> Rising:
    """Return whether readings rise along ladders.

    Parameters
    ----------
    readings
        Shape (ladder, step), every number finite; ties count half.

    Raises
    ------
    BadInput
        If there is no ladder, or none of two steps.
    """
    x = np.asarray(readings, float)
    if x.ndim != 2 or x.shape[0] < 1 or x.shape[1] < 2 or not np.isfinite(x).all():
        raise BadInput("ladders are numbers of shape (ladder, step)", got=x.shape)
    each = _taus(x)
    draw = np.random.default_rng([seed, 67])
    again = each[draw.integers(0, len(each), (draws, len(each)))].mean(axis=1)
    ranks = stats.rankdata(x, axis=1)
    weights = np.arange(1, x.shape[1] + 1, dtype=float)
    page = float((ranks @ weights).sum())
    null = np.zeros(draws)
    for row in ranks:
        null += draw.permuted(np.broadcast_to(row, (draws, len(row))), axis=1) @ weights
    p = (1 + int((null >= page - 1e-9).sum())) / (draws + 1)
    low, high = np.quantile(again, (0.025, 0.975))
    return Rising(
        float(each.mean()),
        (float(low), float(high)),
        page,
        p,
        1 / (draws + 1),
        tuple(map(float, x.mean(axis=0))),
        len(x),
        int((np.diff(x, axis=1) > 0).all(axis=1).sum()),
    )


def _taus(x: Array) -> Array:
    """Return Kendall's τ-a of every row with the order of its columns."""
    first, second = np.triu_indices(x.shape[1], 1)
    return np.asarray(np.sign(x[:, second] - x[:, first]).mean(axis=1))


class Monotone(NamedTuple):
    """A rank correlation with its interval.

    Attributes
    ----------
    rho, ci
        Spearman's correlation within strata, and its 95 percent percentile interval over groups.
    texts
        How many.
    """

    rho: float
    ci: tuple[float, float]
    texts: int


def agreement_within(
    first: ArrayLike,
    second: ArrayLike,
    strata: ArrayLike,
    groups: ArrayLike,
    *,
    draws: int = 1000,
    seed: int = 0,
) -> Monotone:
    """Return how far two readings of the same texts order them alike within strata.

    Both are ranked within each stratum (a family has a question of its own, whose level means nothing), the
    ranks centred there, and correlated over all; groups of texts are redrawn with replacement.

    Parameters
    ----------
    first, second, strata, groups
        Of every text; shape (text,).
    """
    a, b, of = np.asarray(first, float), np.asarray(second, float), np.asarray(strata)
    ranks = np.zeros((2, len(a)))
    for stratum in np.unique(of):
        rows = np.flatnonzero(of == stratum)
        for n, values in enumerate((a, b)):
            own = stats.rankdata(values[rows])
            ranks[n, rows] = (own - own.mean()) / len(rows)
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    draw = np.random.default_rng([seed, 71])
    weight = draw.multinomial(len(names), np.full(len(names), 1 / len(names)), draws)[:, member]
    moments = [weight @ each for each in (ranks[0] * ranks[1], ranks[0] ** 2, ranks[1] ** 2)]
    drawn = np.full(draws, np.nan)
    scale = np.sqrt(moments[1] * moments[2])
    np.divide(moments[0], scale, out=drawn, where=scale > 0)
    whole = np.sqrt((ranks[0] ** 2).sum() * (ranks[1] ** 2).sum())
    if not whole > 0 or not np.isfinite(drawn).any():
        return Monotone(float("nan"), (float("nan"), float("nan")), len(a))
    low, high = np.quantile(drawn[np.isfinite(drawn)], (0.025, 0.975))
    return Monotone(float((ranks[0] * ranks[1]).sum() / whole), (float(low), float(high)), len(a))
