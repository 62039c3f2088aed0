"""A judge's rates mended with labels on a random part of the answers: prediction-powered estimates.

truth = λ mean(judge, all) + mean_w(gold - λ judge, labelled): unbiased whatever the judge's error is, and the
narrower the better the judge. λ is tuned as in PPI++ (Angelopoulos, Duchi and Zrnic 2023):
Cov(gold, judge)/Var(judge), kept within 0 and 1. The labelled answers are a random part of all, drawn by
known weights. Prompts are the sample: errors are clustered by prompt, intervals are a studentised bootstrap
of prompts. A model's labels are not gold.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from selfscope.errors import BadInput
from selfscope.stats.contrast import interval, two_sided
from selfscope.stats.masked import Array, Mask, ratio

#: Labels an arm that a claim needs.
LEAST_GOLD = 100
BOOTSTRAP_DRAWS = 1999


class Mended(NamedTuple):
    """A rate, or a contrast of two, mended with labels; arrays ``(...)``, intervals ``(..., 2)``.

    `tuning` is λ (of the first arm, of a contrast), `gold` the labels of the arm that has fewer.
    """

    estimate: Array
    se: Array
    df: Array
    ci95: Array
    p: Array
    tuning: Array
    gold: Array


def mended_rate(judge: ArrayLike, gold: ArrayLike, weight: ArrayLike | None = None) -> Mended:
    """How many answers of an arm are truly so?

    Parameters
    ----------
    judge
        Verdicts of the judge ``(..., prompt, draw)``; NaN where there are none.
    gold
        Labels of the same shape, 0 or 1; NaN where an answer is not labelled.
    weight
        One over the chance with which an answer was chosen to be labelled; equal by default.

    Returns
    -------
    The interval is Student's over prompts; :func:`mended_bootstrap` gives the one that is reported.
    """
    return _mended(_sums(judge, gold, weight), None)


def mended_contrast(
    subject: tuple[ArrayLike, ArrayLike, ArrayLike | None],
    control: tuple[ArrayLike, ArrayLike, ArrayLike | None],
) -> Mended:
    """Do two arms truly differ? Each arm is ``(judge, gold, weight)`` as for :func:`mended_rate`."""
    return _mended(*_both(subject, control))


def mended_bootstrap(
    subject: tuple[ArrayLike, ArrayLike, ArrayLike | None],
    control: tuple[ArrayLike, ArrayLike, ArrayLike | None],
    *,
    draws: int = BOOTSTRAP_DRAWS,
    seed: int = 0,
) -> Array:
    """Return the 95 % interval ``(2,)`` of one contrast by the bootstrap-t over prompts, λ tuned anew.

    NaN where the contrast has no error to studentise by.
    """
    arms = _both(subject, control)
    observed = _mended(*arms)
    rng = np.random.default_rng(seed)
    chosen = rng.integers(0, arms[0].shape[0], (draws, arms[0].shape[0]))
    again = _mended(arms[0][chosen], arms[1][chosen])
    t = ratio(again.estimate - observed.estimate, again.se)
    if not np.isfinite(observed.se) or not np.isfinite(t).any():
        return np.full(2, np.nan)
    low, high = np.quantile(t[np.isfinite(t)], [0.025, 0.975])
    return np.array([observed.estimate - high * observed.se, observed.estimate - low * observed.se])


def _both(
    subject: tuple[ArrayLike, ArrayLike, ArrayLike | None],
    control: tuple[ArrayLike, ArrayLike, ArrayLike | None],
) -> tuple[Array, Array]:
    """Return the sums of two arms, those of a prompt that either did not answer set to zero."""
    first, second = _sums(*subject), _sums(*control)
    if first.shape != second.shape:
        raise BadInput("two arms need the same prompts", got=f"{first.shape[:-1]} and {second.shape[:-1]}")
    both = (first[..., 4:5] > 0) & (second[..., 4:5] > 0)
    return np.where(both, first, 0.0), np.where(both, second, 0.0)


def _sums(judge: ArrayLike, gold: ArrayLike, weight: ArrayLike | None) -> Array:
    """Return what is summed over the answers of each prompt, ``(..., prompt, 8)``.

    Weight, gold, judge and gold × judge of the labelled, weighted; number, judge and judge² of all; number of
    the labelled.
    """
    f, y = np.broadcast_arrays(np.asarray(judge, float), np.asarray(gold, float))
    asked = np.isfinite(f)
    w = np.where(asked & np.isfinite(y), 1.0 if weight is None else np.asarray(weight, float), 0.0)
    f, y = np.where(asked, f, 0.0), np.where(np.isfinite(y), y, 0.0)
    out = np.stack([w, w * y, w * f, w * y * f, asked * 1.0, f, f**2, (w > 0) * 1.0], axis=-1)
    return np.asarray(out.sum(axis=-2))


def _mended(first: Array, second: Array | None) -> Mended:
    theta, phi, tuning, gold = _one(first)
    asked: Mask = first[..., 4] > 0
    if second is not None:
        other, psi, _, fewer = _one(second)
        theta, phi, gold = theta - other, phi - psi, np.minimum(gold, fewer)
    n = asked.sum(axis=-1).astype(float)
    se = np.sqrt(ratio((phi**2).sum(axis=-1), n * (n - 1)))
    p = np.where(np.isfinite(se), two_sided(theta, se, np.maximum(n - 1, 1)), np.nan)
    return Mended(theta, se, n - 1, interval(theta, se, n - 1, 0.95), p, tuning, gold)


def _one(sums: Array) -> tuple[Array, Array, Array, Array]:
    """Return the estimate of an arm, each prompt's influence on it ``(..., prompt)``, λ, and its labels."""
    w, y, f, yf, n, g, gg, labels = np.moveaxis(sums.sum(axis=-2), -1, 0)
    mean_y, mean_f, mean_g = ratio(y, w), ratio(f, w), ratio(g, n)
    tuning = ratio(ratio(yf, w) - mean_y * mean_f, ratio(gg, n) - mean_g**2)
    tuning = np.clip(np.nan_to_num(tuning, nan=0.0), 0.0, 1.0)
    prompts = (sums[..., 4] > 0).sum(axis=-1)
    each = np.moveaxis(sums, -1, 0)
    of_gold = (each[1] - tuning[..., None] * each[2]) - (mean_y - tuning * mean_f)[..., None] * each[0]
    of_all = tuning[..., None] * (each[5] - mean_g[..., None] * each[4])
    phi = prompts[..., None] * (ratio(of_gold, w[..., None]) + ratio(of_all, n[..., None]))
    return mean_y + tuning * (mean_g - mean_f), phi, tuning, labels
