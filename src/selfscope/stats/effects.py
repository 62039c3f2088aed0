"""A bias with its uncertainty, over statements and over control texts, and pooled over dimensions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from selfscope.stats.classes import ClassContrast
from selfscope.stats.contrast import interval, two_sided
from selfscope.stats.masked import Array, mean, ratio
from selfscope.stats.moderate import moderate


class Effect(NamedTuple):
    """A bias with its interval ``(..., dimension, 2)`` and p; NaN where it cannot be told apart."""

    estimate: Array
    ci95: Array
    p: Array
    se: Array
    df: Array


def effect_of(estimate: Array, se: Array, df: Array) -> Effect:
    """Return an effect with its t interval and two-sided p."""
    return Effect(estimate, interval(estimate, se, df, 0.95), two_sided(estimate, se, df), se, df)


def against_texts(effect: Effect, texts: Array | None) -> Effect:
    """Add the test over texts, as in §5: of both accounts the worse p and the wider interval.

    Parameters
    ----------
    texts
        The effect of every control text, up to a constant, ``(..., text, dimension)``. With fewer than two
        there is nothing to add.
    """
    if texts is None or texts.shape[-2] < 2:
        return effect
    k = texts.shape[-2]
    moderated = moderate(texts.var(axis=-2, ddof=1), k - 1)
    se = np.sqrt(moderated.variance * (1 + 1 / k))
    return worse(effect, effect_of(effect.estimate, se, moderated.df))


def worse(first: Effect, second: Effect) -> Effect:
    """Return the larger p and the wider interval of two accounts of one estimate."""
    wider = np.diff(second.ci95)[..., 0] > np.diff(first.ci95)[..., 0]
    return Effect(
        first.estimate,
        np.where(wider[..., None], second.ci95, first.ci95),
        np.fmax(first.p, second.p),
        np.where(wider, second.se, first.se),
        np.where(wider, second.df, first.df),
    )


def pooled(effect: Effect) -> Effect:
    """Return the mean over dimensions (the last axis), dimensions fixed and statements independent.

    SE² = Σ SE_d²/n², df by Satterthwaite.
    """
    use = np.isfinite(effect.estimate) & np.isfinite(effect.se)
    n = use.sum(axis=-1)
    estimate = ratio(np.where(use, effect.estimate, 0.0).sum(axis=-1), n)
    variance = np.where(use, effect.se**2, 0.0)
    total = variance.sum(axis=-1)
    small = np.where(use & np.isfinite(effect.df), ratio(variance**2, effect.df), 0.0).sum(axis=-1)
    se = np.where(n > 0, ratio(np.sqrt(total), n), np.nan)
    df = np.where(small > 0, ratio(total**2, small), np.inf)
    return effect_of(estimate, se, df)


def pooled_contrast(contrast: ClassContrast) -> Effect:
    """Return a contrast averaged over dimensions, with the worse of its two standard errors.

    Texts bear on all dimensions at once, so their part is the spread over texts of the dimensions' mean.
    """
    items = contrast.items
    over = pooled(Effect(items.estimate, items.ci95, items.p, items.se, items.df))
    if contrast.k < 2:
        return over
    k = contrast.k
    se = np.sqrt(mean(contrast.texts).var(axis=-1, ddof=1) * (1 + 1 / k))
    return worse(over, effect_of(over.estimate, se, np.full(se.shape, k - 1.0)))
