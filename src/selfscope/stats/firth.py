"""Logistic regression that has an answer where maximum likelihood has none (Firth's penalty).

Where a text is always agreed with, its log-odds run away; half a success and half a failure, shared out by
leverage, hold them. In a saturated model that is exactly +½ in each cell; in a model with fewer
parameters than cells it takes away the bias that +½ in every cell would add.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from selfscope.errors import CouldNot
from selfscope.stats.masked import Array

STEPS = 200
LONGEST = 2.0
CLOSE = 1e-8


class FirthFit(NamedTuple):
    """A batch of fits of one design.

    Attributes
    ----------
    coefficients
        β, ``(fit, p)``.
    probabilities
        ``(fit, n)``.
    covariance
        Inverse information, ``(fit, p, p)``.
    scores
        Penalised residuals y - Rπ + h(½ - π), ``(fit, n)``: X' times them is 0.
    """

    coefficients: Array
    probabilities: Array
    covariance: Array
    scores: Array


def firth_logistic(columns: ArrayLike, agreed: ArrayLike, asked: ArrayLike) -> FirthFit:
    """Fit logit P = Xβ with Jeffreys' penalty, for many outcomes of one design.

    Solves X'(y - Rπ + h(½ - π)) = 0, h the leverages of the weighted design, by Newton steps no longer
    than 2 in any coefficient. Source: Firth 1993.

    Parameters
    ----------
    columns
        X, ``(n, p)``, of full column rank.
    agreed, asked
        Counts of agreement and of answers, ``(fit, n)``.

    Raises
    ------
    CouldNot
        If the steps do not settle: no estimate is made up in its place.
    """
    x = np.asarray(columns, float)
    y, r = np.broadcast_arrays(np.asarray(agreed, float), np.asarray(asked, float))
    beta = np.zeros((len(y), x.shape[1]))
    left = np.arange(len(y))  # each fit stops by itself, so that a batch gives what each gives alone
    for _ in range(STEPS):
        _, covariance, score = _penalised(x, y[left], r[left], beta[left])
        step = np.einsum("fpq,fq->fp", covariance, score @ x)
        longest = np.abs(step).max(axis=1)
        beta[left] += step * np.minimum(1.0, LONGEST / np.maximum(longest, LONGEST))[:, None]
        left = left[longest >= CLOSE]
        if not len(left):
            return FirthFit(beta, *_penalised(x, y, r, beta))
    raise CouldNot(
        "the logistic model of sampled answers did not settle",
        got=f"largest step {longest.max():.2g} after {STEPS}",
        fix="Draw more answers a text",
    )


def _penalised(x: Array, y: Array, r: Array, beta: Array) -> tuple[Array, Array, Array]:
    """Return probabilities, inverse information and penalised residuals at β."""
    p = special.expit(beta @ x.T)
    weight = r * p * (1 - p)
    covariance = np.linalg.inv((x.T[None] * weight[:, None, :]) @ x)
    leverage = weight * np.einsum("np,fpq,nq->fn", x, covariance, x, optimize=True)
    return p, np.asarray(covariance, float), y - r * p + leverage * (0.5 - p)
