"""A matrix of framings worn by accounts offered: self-preference, its nulls, and where choices lead."""

from __future__ import annotations

from functools import cache
from itertools import permutations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from selfscope.errors import BadInput
from selfscope.stats.contrast import ZERO
from selfscope.stats.guard import sharpening_slope
from selfscope.stats.masked import Array
from selfscope.stats.multiplicity import holm

#: Units up to which every exchange of labels is tried.
EXACT = 8
DRAWS = 1999
#: How often a choice is followed in the chain; else the next unit is drawn evenly.
DAMPING = 0.9
#: A unit attracts from half as much again as an even share.
ATTRACTS = 1.5
#: Fewest questions of a keying for an interval.
LEAST = 2
_TIE = 1e-12


def centred(matrix: ArrayLike) -> Array:
    """Return a matrix ``(framing, account, …)`` without the means of framings and of accounts."""
    m = np.asarray(matrix, float)
    out: Array = m - m.mean(axis=0, keepdims=True) - m.mean(axis=1, keepdims=True)
    return np.asarray(out + m.mean(axis=(0, 1), keepdims=True))


def self_gain(matrix: ArrayLike) -> Array:
    """Return what an account gains by being the one that is worn: mean diagonal minus mean off-diagonal.

    After centring, so that a framing that says yes to all, and an account that all like, gain nothing.

    Parameters
    ----------
    matrix
        ``(unit, unit, …)``, framing by account.

    Returns
    -------
    Shape ``(…)``; positive if the own account is preferred.
    """
    m = centred(matrix)
    n = len(m)
    diagonal = np.einsum("ii...->i...", m).mean(axis=0)
    return np.asarray(diagonal * n / (n - 1))  # rows sum to 0, so the off-diagonal mean is -diagonal/(n - 1)


def self_share(matrix: ArrayLike) -> float:
    """Return the part of the interaction of framing and account that lies in the self-gain, 0 to 1.

    By chance 1/(n - 1)²: one of as many degrees of freedom. NaN without any interaction.
    """
    m = centred(matrix)
    n, total = len(m), float((m**2).sum())
    gain = float(self_gain(m))
    return gain**2 * (n - 1) / total if total > _TIE else float("nan")


def unsharpened(matrix: ArrayLike) -> Array:
    """Return a matrix less what firmer or softer answers of each framing explain (measurement.md §4).

    A framing that only answers more firmly has the mean of all framings times ĉ, and its firmness would be
    found as a gain wherever its own account fits anyway. ĉ is the slope of its answers on that mean over
    statements, both centred within accounts; the mean times ĉ is taken off.

    Parameters
    ----------
    matrix
        ``(unit worn, unit offered, m)``; NaN where not asked.
    """
    x = np.asarray(matrix, float)
    mean = x.mean(axis=0)
    return np.asarray(x - sharpening_slope(x, mean)[:, None, None] * mean)


def unsharpened_choices(choices: ArrayLike) -> Array:
    """Return choices less what firmer or softer choosing of each framing explains.

    How attractive a unit is follows from how much it is taken under all others, to which its own firmness
    adds nothing; ĉ of a framing is the slope of its choices on the difference in attraction, over questions,
    centred within units offered.

    Parameters
    ----------
    choices
        ``(unit worn, unit offered, m)``; the diagonal is not used, and NaN in what is returned.
    """
    w = np.array(choices, float)
    n = len(w)
    w[np.arange(n), np.arange(n)] = 0.0
    attraction = w.sum(axis=0) / (n - 1)
    even = attraction[None] - attraction[:, None]
    w[np.arange(n), np.arange(n)] = np.nan
    return np.asarray(w - sharpening_slope(w, even)[:, None, None] * even)


def exchange_p(matrix: ArrayLike) -> float:
    """Return the two-sided p of the self-gain under exchange of accounts' labels.

    If what is worn has nothing to do with what is offered, every assignment of accounts to framings is as
    likely as the one that was made. All of them are tried; the least attainable p is one in n!. NaN if a cell
    is missing.

    Raises
    ------
    BadInput
        With more than 8 units.
    """
    m = centred(matrix)
    if len(m) > EXACT:
        raise BadInput("too many units to try every exchange", got=len(m), fix=f"Give {EXACT} at most")
    if not np.isfinite(m).all():
        return float("nan")
    found = m[np.arange(len(m)), _orders(len(m))].sum(axis=-1)
    return float((np.abs(found) >= abs(found[0]) - _TIE).mean())


@cache
def _orders(n: int) -> NDArray[np.intp]:
    """Return every order of `n` units, the one that was made first, ``(n!, n)``."""
    return np.array(list(permutations(range(n))), np.intp)


def kept_own(choices: ArrayLike) -> Array:
    """Return by how much the own unit is kept against another, mean over pairs.

    ``-(W[s, t] + W[t, s])/2`` for every pair: how attractive either is stands in one with one sign and in
    the other with the opposite one, and drops out.

    Parameters
    ----------
    choices
        Log-odds of taking the other unit, ``(unit worn, unit offered, …)``; the diagonal is not used.

    Returns
    -------
    Shape ``(pair, …)``; positive if the own one is kept.
    """
    w = np.asarray(choices, float)
    first, second = np.triu_indices(len(w), 1)
    return np.asarray(-(w[first, second] + w[second, first]) / 2)


def flipped_p(pairs: ArrayLike, *, seed: int = 0, draws: int = 20_000) -> float:
    """Return the two-sided p of a mean over pairs of units when either framing may have been the worn one.

    If what is worn does nothing, exchanging the two framings of a pair changes the sign of its value. NaN if
    a pair is missing.
    """
    x = np.asarray(pairs, float)
    if not np.isfinite(x).all():
        return float("nan")
    signs = np.random.default_rng([seed, len(x)]).choice([-1.0, 1.0], size=(draws, len(x)))
    found = np.abs(signs @ x)
    return float((1 + (found >= abs(x.sum()) - _TIE).sum()) / (draws + 1))


def stationary(leaving: ArrayLike, damping: float = DAMPING) -> Array:
    """Return where a chain of choices is found in the long run.

    At each step another unit is offered, each with the same chance, and taken by its probability; with
    probability ``1 - damping`` the next unit is drawn evenly, so that the distribution exists and is one.

    Parameters
    ----------
    leaving
        Probability of taking the other unit, ``(…, unit worn, unit offered)``; the diagonal is not used.

    Returns
    -------
    Shares ``(…, unit)`` that sum to 1.
    """
    p = np.array(leaving, float)
    n = p.shape[-1]
    here = np.arange(n)
    p[..., here, here] = 0.0
    step = p / (n - 1)
    step[..., here, here] = 1.0 - step.sum(axis=-1)
    step = damping * step + (1 - damping) / n
    system = np.swapaxes(step, -1, -2) - np.eye(n)
    system[..., -1, :] = 1.0
    right = np.zeros((*system.shape[:-2], n, 1))
    right[..., -1, 0] = 1.0
    return np.asarray(np.linalg.solve(system, right)[..., 0])


class Settled(NamedTuple):
    """Where choices lead; arrays ``(unit,)``.

    Attributes
    ----------
    share, ci95
        Of the stationary distribution; intervals ``(unit, 2)``.
    p, p_adjusted
        Against an even share, two-sided; Holm over units.
    """

    share: Array
    ci95: Array
    p: Array
    p_adjusted: Array


def settle(
    choices: ArrayLike,
    keyed: ArrayLike,
    *,
    shares: bool = False,
    damping: float = DAMPING,
    draws: int = DRAWS,
    seed: int = 0,
) -> Settled:
    """Where do choices between the own unit and another lead, and how surely over questions?

    Questions are drawn with replacement within either keying; the spread of the logit of each share over
    the draws, times √(m/(m - 2)) for few questions, gives Student's interval on m - 2 degrees of freedom.
    Percentiles of the draws are not used: with under 40 questions they are too narrow.

    Parameters
    ----------
    choices
        ``(unit worn, unit offered, question)``: log-odds of taking the other unit, or half the difference of
        shares if `shares`.
    keyed
        ``(question,)``.

    Returns
    -------
    All NaN with fewer than two questions of a keying.
    """
    w, k = np.asarray(choices, float), np.asarray(keyed)
    if min((k > 0).sum(), (k < 0).sum()) < LEAST:
        nothing = np.full(len(w), np.nan)
        return Settled(nothing, np.full((len(w), 2), np.nan), nothing, nothing)
    rng = np.random.default_rng([seed, w.shape[-1], draws])
    plus, minus = np.flatnonzero(k > 0), np.flatnonzero(k < 0)
    taken = [rng.choice(side, size=(draws, len(side))) for side in (plus, minus)]
    drawn = sum(w[..., side].mean(axis=-1) for side in taken) / 2
    centre = (w[..., plus].mean(axis=-1) + w[..., minus].mean(axis=-1)) / 2
    share = stationary(_leaving(centre, shares), damping)
    spread = special.logit(stationary(_leaving(np.moveaxis(drawn, -1, 0), shares), damping))
    m = w.shape[-1]
    se = spread.std(axis=0, ddof=1) * np.sqrt(m / (m - 2))
    se = np.where(se < ZERO, 0.0, se)
    at, even = special.logit(share), special.logit(1 / len(share))
    half = stats.t.ppf(0.975, m - 2) * se
    apart = np.abs(at - even)
    sure = np.where(apart < ZERO, 1.0, 0.0)
    t = np.divide(apart, se, out=np.zeros_like(apart), where=se > 0)
    p = np.where(se > 0, 2 * stats.t.sf(t, m - 2), sure)
    ci = special.expit(np.stack([at - half, at + half], axis=-1))
    return Settled(share, np.asarray(ci), np.asarray(p), holm(p))


def _leaving(choices: Array, shares: bool) -> Array:
    """Return the probability of taking the other unit."""
    return np.asarray(np.clip(0.5 + choices, 0.0, 1.0) if shares else special.expit(choices))
