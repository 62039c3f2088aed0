"""One who is only surer of the same choices, and what being surer leaves of an effect (measurement.md §4)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from selfscope.stats.contrast import two_sided
from selfscope.stats.copies import mean_over
from selfscope.stats.masked import Array

#: Probabilities are kept so far from 0 and 1 where their log-odds are taken.
_EDGE = 1e-12


def surer(chosen: ArrayLike, slope: float, *, exact: bool = True) -> Array:
    """Return the probabilities of one who chooses the same and is surer of it by a factor.

    Parameters
    ----------
    chosen
        Probability of one option.
    slope
        ĉ of :func:`selfscope.stats.guard.sharpening_slope`: on log-odds, or, of sampled answers, on what
        shares lie above even odds.
    """
    p = np.asarray(chosen, float)
    if not exact:
        return np.asarray(np.clip(0.5 + slope * (p - 0.5), 0.0, 1.0))
    return np.asarray(special.expit(slope * special.logit(np.clip(p, _EDGE, 1 - _EDGE))))


def surer_words(shares: ArrayLike, slope: float) -> Array:
    """Return the shares ``(..., candidate)`` of one who is surer of the same words by a factor."""
    p = np.asarray(shares, float)
    return np.asarray(special.softmax(slope * np.log(np.maximum(p, _EDGE)), axis=-1))


def firmer_agreement(game: Sequence[ArrayLike], plain: Sequence[ArrayLike]) -> Array:
    """Return by what factor copies would agree oftener who are as sure as in a game of what they name anyway.

    One exponent of all games' shares is fitted to what was named in them (most likely, between 0 and 8); half
    a reply is added to every word. What being surer does is told as the ratio of both sums of squares, whose
    noise cancels. Simulated (8 games, 8 words, 40 replies): surer by 2 and nothing else passes in .00 to .09.

    Parameters
    ----------
    game, plain
        How often each word was named, ``(word,)`` a game, the same words in both.
    """
    shares = [(np.asarray(n, float) + 0.5) / (np.sum(n) + 0.5 * len(np.atleast_1d(n))) for n in plain]
    logs = [np.log(p) for p in shares]

    def unlikely(power: float) -> float:
        each = (
            np.asarray(n, float) @ (power * q - special.logsumexp(power * q))
            for n, q in zip(game, logs, strict=True)
        )
        return -float(sum(each))

    power = optimize.minimize_scalar(unlikely, bounds=(0.0, 8.0), method="bounded").x
    firm = [special.softmax(power * q) for q in logs]
    return np.array([(f @ f) / (p @ p) for f, p in zip(firm, shares, strict=True)])


def beyond(values: ArrayLike, keyed: ArrayLike | None, spread: float) -> tuple[float, float]:
    """Return what is left of an effect where the subject is only surer, and its p.

    Parameters
    ----------
    values
        Subject less a control that is surer by ĉ, one a game.
    spread
        Standard error that ĉ brings into their mean; 0 where it is taken for known.
    """
    found = mean_over(values, keyed)
    se = np.asarray(np.hypot(found.se, spread))
    wider = two_sided(np.asarray(found.estimate), se, np.asarray(found.df))
    return found.estimate, float(np.maximum(found.p, wider))
