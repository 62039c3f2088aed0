"""A bias with its uncertainty, over statements and over control texts, and pooled over dimensions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from selfscope.stats.classes import ClassContrast
from selfscope.stats.contrast import PairedContrast, interval, two_sided
from selfscope.stats.masked import Array, Mask, mean, ratio
from selfscope.stats.moderate import moderate


class Effect(NamedTuple):
    """A bias with its uncertainty; arrays ``(..., dimension)``, NaN where it cannot be told apart.

    Attributes
    ----------
    estimate, se, df, p
        Log-odds, standard error, its degrees of freedom, two-sided p.
    ci95
        t interval, ``(..., dimension, 2)``.
    texts
        The effect of every control text, up to a constant, ``(..., text, dimension)``; None with fewer than
        two, or none.
    alone
        Standard error and df over statements alone, where `texts` has a part in `se`.
    """

    estimate: Array
    ci95: Array
    p: Array
    se: Array
    df: Array
    texts: Array | None = None
    alone: tuple[Array, Array] | None = None


def effect_of(estimate: Array, se: Array, df: Array) -> Effect:
    """Return an effect with its t interval and two-sided p; arrays of one shape, NaN without an SE."""
    return Effect(estimate, interval(estimate, se, df, 0.95), two_sided(estimate, se, df), se, df)


def against_texts(effect: Effect, texts: Array | None) -> Effect:
    """Add the test over texts, as in §5: of both accounts the worse p and the wider interval.

    Parameters
    ----------
    texts
        The effect of every control text, up to a constant, ``(..., text, dimension)``. With fewer than two
        there is nothing to add.

    Returns
    -------
    With a variance of texts moderated across dimensions (Smyth 2004), df d₀ + K - 1.
    """
    if texts is None or texts.shape[-2] < 2:
        return effect
    k = texts.shape[-2]
    moderated = moderate(texts.var(axis=-2, ddof=1), k - 1)
    se = np.sqrt(moderated.variance * (1 + 1 / k))
    both = worse(effect, effect_of(effect.estimate, se, moderated.df))
    return both._replace(texts=texts, alone=(effect.se, effect.df))


def worse(first: Effect, second: Effect) -> Effect:
    """Return the larger p and the wider interval of two accounts of one estimate, of one shape."""
    wider = np.diff(second.ci95)[..., 0] > np.diff(first.ci95)[..., 0]
    return Effect(
        first.estimate,
        np.where(wider[..., None], second.ci95, first.ci95),
        np.fmax(first.p, second.p),
        np.where(wider, second.se, first.se),
        np.where(wider, second.df, first.df),
    )


def pooled(effect: Effect) -> Effect:
    """Return the mean over dimensions, dimensions fixed, with the worse of its two standard errors.

    Statements are independent between dimensions: SE² = Σ SE_d²/n², df by Satterthwaite. Texts bear on all
    dimensions at once, so their part is the spread over texts of the dimensions' mean, df K - 1.

    Returns
    -------
    Arrays ``(...)``, without the dimension axis; NaN where no dimension has the effect.
    """
    se, df = effect.alone or (effect.se, effect.df)
    use = np.isfinite(effect.estimate) & np.isfinite(se)
    over = _mean_effect(effect.estimate, se, df, use)
    if effect.texts is None:
        return over
    k = effect.texts.shape[-2]
    spread = mean(effect.texts, where=np.broadcast_to(use[..., None, :], effect.texts.shape))
    by_texts = np.sqrt(spread.var(axis=-1, ddof=1) * (1 + 1 / k))
    return worse(over, effect_of(over.estimate, by_texts, np.full(by_texts.shape, k - 1.0)))


def _mean_effect(estimate: Array, se: Array, df: Array, use: Mask) -> Effect:
    """Return the mean of independent effects over the marked dimensions."""
    n = use.sum(axis=-1)
    variance = np.where(use, se**2, 0.0)
    total = variance.sum(axis=-1)
    small = np.where(use & np.isfinite(df), ratio(variance**2, df), 0.0).sum(axis=-1)
    whole = ratio(np.where(use, estimate, 0.0).sum(axis=-1), n)
    together = np.where(n > 0, ratio(np.sqrt(total), n), np.nan)
    return effect_of(whole, together, np.where(small > 0, ratio(total**2, small), np.inf))


def effect_over(contrast: ClassContrast) -> Effect:
    """Return a contrast with a class as an effect that can be pooled: both its accounts, apart."""
    items = contrast.items
    alone = Effect(items.estimate, items.ci95, items.p, items.se, items.df)
    if contrast.k < 2:
        return alone
    return alone._replace(texts=contrast.texts, alone=(items.se, items.df))


def keying_effect(contrast: PairedContrast, texts: Array | None = None) -> Effect:
    """Return half the difference of the two keyings' means: ν̂ of D, γ̂ of B (§3).

    Its standard error is that of the half sum, since the two keyings are different statements.

    Parameters
    ----------
    contrast
        Of D or of B, ``(..., dimension)``.
    texts
        The same of every control text, ``(..., text, dimension)``.

    Returns
    -------
    NaN with one keying.
    """
    told = np.isfinite(contrast.nu)
    se, df = (np.where(told, x, np.nan) for x in (contrast.se, contrast.df))
    return against_texts(effect_of(contrast.nu, se, df), texts)
