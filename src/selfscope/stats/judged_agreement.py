"""Do judges agree with each other, beyond chance? Krippendorff's alpha for verdicts without an order.

α = 1 - (n - 1) Σ_{c≠k} o_ck / Σ_{c≠k} n_c n_k, with o the coincidences of verdicts within an answer (a pair
of an answer's m verdicts counts 1/(m - 1)) and n_c their margins (Krippendorff 2004). 1 is full agreement, 0
what chance gives. Agreement is not truth: judges can be wrong together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from selfscope.stats.masked import Array, ratio

BOOTSTRAP_DRAWS = 999


class Agreement(NamedTuple):
    """Alpha with a 95 % interval over prompts; NaN where all verdicts are one word, or no answer has two."""

    alpha: float
    ci95: tuple[float, float]
    answers: int


def agreement(
    verdicts: ArrayLike, prompts: ArrayLike, *, draws: int = BOOTSTRAP_DRAWS, seed: int = 0
) -> Agreement:
    """Estimate nominal alpha, and its interval by a studentised bootstrap of prompts.

    Parameters
    ----------
    verdicts
        Words ``(judge, answer)``; "" where a judge gave none.
    prompts
        Which prompt each answer is to ``(answer,)``. With fewer than four prompts there is no interval.
    """
    found = coincidences(verdicts)
    which, index = np.unique(np.asarray(prompts), return_inverse=True)
    each = np.zeros((len(which), *found.shape[1:]))
    np.add.at(each, index, found)
    observed, se = _jackknifed(each[None])
    pairable = int((found.sum(axis=(-2, -1)) > 0).sum())
    if len(which) < 4:
        return Agreement(float(observed[0]), (float("nan"), float("nan")), pairable)
    chosen = np.random.default_rng(seed).integers(0, len(which), (draws, len(which)))
    again, spread = _jackknifed(each[chosen])
    return Agreement(float(observed[0]), _bounds(observed[0], se[0], again, spread), pairable)


def coincidences(verdicts: ArrayLike) -> Array:
    """Return each answer's coincidences ``(answer, verdict, verdict)``; nought where it has one verdict."""
    words = np.asarray(verdicts, dtype=str)
    names = [word for word in np.unique(words) if word]
    counts = np.stack([(words == name).sum(axis=0) for name in names], axis=-1).astype(float)
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(len(names))
    given = counts.sum(axis=-1)
    return np.where(given[:, None, None] > 1, ratio(pairs, (given - 1)[:, None, None]), 0.0)


def alpha(totals: Array) -> Array:
    """Return nominal alpha of summed coincidences ``(..., verdict, verdict)``."""
    margins = totals.sum(axis=-1)
    n = margins.sum(axis=-1)
    differing = n - np.trace(totals, axis1=-2, axis2=-1)
    by_chance = n**2 - (margins**2).sum(axis=-1)
    return 1 - ratio((n - 1) * differing, by_chance)


def _jackknifed(each: Array) -> tuple[Array, Array]:
    """Return alpha ``(draw,)`` and its delete-one-prompt error: each ``(draw, prompt, verdict, verdict)``."""
    totals = each.sum(axis=1)
    without = alpha(totals[:, None] - each)
    n = each.shape[1]
    spread = ((without - without.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    return alpha(totals), np.sqrt((n - 1) / n * spread)


def _bounds(observed: float, se: float, again: Array, spread: Array) -> tuple[float, float]:
    t = ratio(again - observed, spread)
    t = t[np.isfinite(t)]
    if not np.isfinite(se) or not len(t):
        return float("nan"), float("nan")
    low, high = np.quantile(t, [0.025, 0.975])
    return float(observed - high * se), float(min(1.0, observed - low * se))
