"""How many answers a distribution holds, whether it adds up, and an interval over wordings and things."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from selfscope.stats.masked import Array, ratio
from selfscope.values import Estimate
from selfscope.values.commitment import Held, Restored

#: Summed yes-probabilities that count as one.
ONE = (0.5, 1.5)
#: Effective number up to which an answer is one.
SINGLE = 1.5
#: Probability of agreeing with the answers given, from which a responder keeps to them.
KEEPS = 0.9
#: Median probability of yes and no, or of all candidates, under which nothing is read from them.
LEAST_MASS = 0.001
#: Fewest levels of a cluster that give an interval.
LEAST = 3


def shares(weights: ArrayLike) -> Array:
    """Return weights ``(..., candidate)`` as shares that sum to 1; NaN where all are 0."""
    w = np.asarray(weights, float)
    return ratio(w, w.sum(axis=-1, keepdims=True))


def effective_number(distribution: ArrayLike) -> Array:
    """Return exp(entropy in nats) of distributions ``(..., candidate)``: 1 for a certain answer."""
    return np.asarray(np.exp(special.entr(np.asarray(distribution, float)).sum(axis=-1)))


def effective_of_draws(distribution: ArrayLike, draws: ArrayLike) -> Array:
    """Return the effective number of distributions that were counted from draws ``(..., candidate)``.

    Few draws find few answers: the entropy of frequencies is too small by about ``(k - 1) / 2n`` for k
    answers seen in n draws, which is added (Miller 1955). Zero draws stand for exact probabilities.

    Parameters
    ----------
    draws
        How many were counted, ``(...)``.
    """
    p, n = np.asarray(distribution, float), np.asarray(draws, float)
    seen = (p > 0).sum(axis=-1)
    added = np.where(n > 0, (seen - 1) / (2 * np.maximum(n, 1)), 0.0)
    return np.asarray(effective_number(p) * np.exp(added))


def overlap(first: ArrayLike, second: ArrayLike) -> Array:
    """Return the sum of the smaller shares ``(...)``: 1 for equal distributions, 0 for disjoint ones."""
    return np.asarray(np.minimum(np.asarray(first, float), np.asarray(second, float)).sum(axis=-1))


def kept(distribution: ArrayLike, consistent: ArrayLike) -> Array:
    """Return the share of a distribution that lies on consistent candidates; both ``(..., candidate)``.

    NaN where the distribution is not known.
    """
    p = np.asarray(distribution, float)
    there = np.where(np.asarray(consistent, bool), p, 0).sum(axis=-1)
    return np.asarray(np.where(np.isnan(p).any(axis=-1), np.nan, there))


def contradiction(first: ArrayLike, second: ArrayLike) -> Array:
    """Return the probability that two opposite questions get the same answer.

    Both are asked beside each other, so that neither answer knows of the other. One who holds something
    gives 0; one who draws anew for each question 2p(1 - p) and more, half for even odds.
    """
    p, q = np.asarray(first, float), np.asarray(second, float)
    return np.asarray(p * q + (1 - p) * (1 - q))


def over_clusters(values: ArrayLike, wording: ArrayLike, item: ArrayLike, level: float = 0.95) -> Estimate:
    """Return the mean over games with an interval over wordings, or over things where that is wider.

    Wordings and things are crossed: games of one wording, or of one thing, share what they say. Means of
    each are taken for independent, Student's t over them. Of fewer than three things, wordings alone count.

    Parameters
    ----------
    values
        One a game, ``(game,)``; NaN are left out.
    wording, item
        Which wording and which thing each game is of, ``(game,)``.

    Returns
    -------
    NaN for the interval under three wordings.
    """
    x = np.asarray(values, float)
    there = np.isfinite(x)
    if not there.any():
        return Estimate(float("nan"), (float("nan"), float("nan")))
    halves = [
        half
        for by in (wording, item)
        if np.isfinite(half := _half_width(x[there], np.asarray(by)[there], level))
    ]
    centre = float(x[there].mean())
    enough = len(np.unique(np.asarray(wording)[there])) >= LEAST
    half = max(halves) if halves and enough else float("nan")
    return Estimate(centre, (centre - half, centre + half))


def _half_width(x: Array, by: Array, level: float) -> float:
    names = np.unique(by)
    if len(names) < LEAST:
        return float("nan")
    means = np.array([x[by == name].mean() for name in names])
    se = means.std(ddof=1) / np.sqrt(len(names))
    return float(stats.t.ppf(0.5 * (1 + level), len(names) - 1) * se)


def held_verdict(yes_sum: Estimate, effective: Estimate, pooled: float, consistent: Estimate | None) -> Held:
    """Return what a kind of game shows; the first rule that fits.

    Parameters
    ----------
    consistent
        Of the last turn; None where nothing is asked in the open.
    """
    low, high = yes_sum.ci
    if high < ONE[0]:
        return "denies"
    if low > ONE[1]:
        return "several"
    if not (low > ONE[0] and high < ONE[1]):
        return "cannot tell"
    if effective.ci[1] <= SINGLE:
        return "holds one" if pooled > SINGLE else "one by habit"
    if not effective.ci[0] > SINGLE:
        return "cannot tell"
    if consistent is None or consistent.ci[0] >= KEEPS:
        return "superposed"
    return "draws anew" if consistent.ci[1] < KEEPS else "cannot tell"


def restored_verdict(difference: Estimate, held: Estimate) -> Restored:
    """Return whether a conversation that holds the answer restores it.

    Nearly always is enough: what was held goes round the candidates, so that no habit reveals it.
    """
    if held.ci[0] >= KEEPS:
        return "restored"
    if not difference.ci[0] > 0:
        return "not shown"
    return "restored" if held.estimate > 0.5 else "moved"


def read_verdict(verdict: Held, stated: Restored, yes_mass: float, reveal_mass: float) -> Held:
    """Return a verdict, or ``not interpretable`` where it could not have come out otherwise.

    That nothing is held is an absence: it is said only of one who reveals what stands in the conversation.
    And nothing is read from answers that are hardly ever given.

    Parameters
    ----------
    stated
        What became of the control in which the answer was said.
    yes_mass, reveal_mass
        Median probability of yes and no together, and of all candidates together.
    """
    absent = verdict in ("superposed", "draws anew") and stated == "not shown"
    by_yes = verdict in ("denies", "several")
    rare = yes_mass < LEAST_MASS or (reveal_mass < LEAST_MASS and not by_yes)
    return "not interpretable" if absent or (rare and verdict != "cannot tell") else verdict
