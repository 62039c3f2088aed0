"""Answers that were sorted into a closed list: how far the sorting follows how they were asked for.

An interview has a *share* for every option: of its answers, and of those who sorted them, how many chose it.
Arrays are ``(interview, option)``; a row adds up to 1, or is NaN where nothing could be read. The interview
is the sample.

Whether shares follow groups is told by permuting interviews among groups, which needs no distribution: with

    T = Σ_g n_g Σ_o (share_go - share_o)²

p is the proportion of permutations, the observed one among them, in which T is as large (Fisher; Pitman
1937).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike
from scipy import special, stats

from selfscope.errors import BadInput
from selfscope.stats.leading import Leading, leading
from selfscope.stats.masked import Array

#: Permutations; the least p is one over one more.
DRAWS = 1999


class Follows(NamedTuple):
    """How far shares follow their groups.

    Attributes
    ----------
    option
        The option that follows them most: its place on the axis of options.
    most
        Leading-ness of that option: its range over its retest spread.
    upper
        The largest upper bound of any option's range, in shares: the range and Tukey's simultaneous half
        width, q_{.95}(a, df) s / √k with k the smallest group; NaN where groups have one interview each.
    p
        That shares of all options are the same in all groups; NaN where there are fewer than two groups.
    """

    option: int
    most: Leading
    upper: float
    p: float


def follows(shares: ArrayLike, groups: Sequence[str], *, draws: int = DRAWS, seed: int = 0) -> Follows:
    """Return how far shares follow groups: an exact p by permutation, and leading-ness option by option.

    Parameters
    ----------
    shares
        ``(interview, option)``.
    groups
        What each interview was told first, or who asked it, ``(interview,)``.

    Raises
    ------
    BadInput
        If fewer than two groups have an interview that was read.
    """
    x, of = _read(shares, groups)
    names = list(dict.fromkeys(of))
    if len(names) < 2:
        raise BadInput("shares are compared over two groups at least", got=f"{len(names)} groups")
    each = [leading([x[of == name, o] for name in names]) for o in range(x.shape[1])]
    ratios = np.array([found.ratio for found in each])
    option = int(np.argmax(np.nan_to_num(ratios, nan=-1.0)))
    fewest = min((of == name).sum() for name in names)
    half = _tukey(len(names), len(x) - len(names)) / np.sqrt(fewest)
    upper = float(np.max([found.range + half * found.spread for found in each]))
    return Follows(option, each[option], upper, permuted(x, list(of), draws=draws, seed=seed))


@cache
def _tukey(groups: int, df: int) -> float:
    return float(stats.studentized_range.ppf(0.95, groups, df)) if df > 0 else float("nan")


def permuted(shares: ArrayLike, groups: Sequence[str], *, draws: int = DRAWS, seed: int = 0) -> float:
    """Return the p of shares being the same in all groups; parameters are those of :func:`follows`."""
    x, of = _read(shares, groups)
    member = of == np.array(list(dict.fromkeys(of)))[:, None]  # (group, interview)
    counts = member.sum(axis=1, keepdims=True)
    order = np.argsort(np.random.default_rng(seed).random((draws, len(x))), axis=1)

    def between(values: Array) -> Array:
        apart = np.einsum("gi,...io->...go", member / counts, values) - x.mean(axis=0)
        return np.asarray((counts * apart**2).sum(axis=(-2, -1)))

    observed, drawn = between(x), between(x[order])
    return float((1 + (drawn >= observed - 1e-12).sum()) / (1 + draws))


def repeated(shares: ArrayLike, groups: Sequence[str]) -> float:
    """Return the chance that two interviews of one group are sorted alike; NaN where no group has two.

    Over groups with two interviews at least, the mean over their pairs of Σ_o share_io share_jo; pairs count
    equally.
    """
    x, of = _read(shares, groups)
    alike = pairs = 0.0
    for name in set(of):
        own = x[of == name]
        alike += ((own.sum(axis=0) ** 2).sum() - (own**2).sum()) / 2
        pairs += len(own) * (len(own) - 1) / 2
    return alike / pairs if pairs else float("nan")


class Half(NamedTuple):
    """Half the difference of two groups' means, with its 95 % interval; NaN of fewer than two values."""

    estimate: float
    ci95: tuple[float, float]


def half_difference(first: ArrayLike, second: ArrayLike) -> Half:
    """Return half the mean of `first` less half that of `second`; Welch's interval.

    Parameters
    ----------
    first, second
        One value an interview, ``(interview,)`` each; NaN are left out.
    """
    a, b = (x[np.isfinite(x)] for x in (np.asarray(first, float), np.asarray(second, float)))
    if min(len(a), len(b)) < 2:
        return Half(float("nan"), (float("nan"), float("nan")))
    estimate, parts = float(a.mean() - b.mean()) / 2, [x.var(ddof=1) / len(x) for x in (a, b)]
    if sum(parts) == 0:
        return Half(estimate, (estimate, estimate))
    df = sum(parts) ** 2 / sum(v**2 / (len(x) - 1) for v, x in zip(parts, (a, b), strict=True))
    half = float(special.stdtrit(df, 0.975) * np.sqrt(sum(parts)) / 2)
    return Half(estimate, (estimate - half, estimate + half))


def _read(shares: ArrayLike, groups: Sequence[str]) -> tuple[Array, npt.NDArray[np.str_]]:
    """Return what was read, and its groups."""
    x, of = np.asarray(shares, float), np.asarray(groups, str)
    known = np.isfinite(x).all(axis=1)
    return x[known], of[known]
