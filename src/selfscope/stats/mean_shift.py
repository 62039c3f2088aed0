"""By how much does a subject move over many dimensions at once?

The statements of different dimensions are different statements, so their errors are independent and their
variances add. The control texts are the same in every dimension: a text that stands high in all of them moves
the mean as a whole, and no number of dimensions averages that out. So, as for one dimension
(`measurement.md` §5), there are two tests, and the worse of both counts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from selfscope.stats.classes import ClassContrast, error_factor, pooled_variance
from selfscope.stats.contrast import PairedContrast, critical, two_sided
from selfscope.stats.masked import Array, Mask, ratio


class MeanShift(NamedTuple):
    """A mean of half contrasts over dimensions; arrays have the shape of the leading axes.

    Attributes
    ----------
    estimate
        Mean of Δ̂_d, natural log-odds; dimensions weigh alike.
    se, df
        Over statements: SE² = Σ SE_d² / n², df by Satterthwaite.
    text_se, text_df
        Over control texts: the spread of their own means over the dimensions, times √(1 + 1/K); NaN with one
        text.
    p
        Two-sided, the larger one of both tests.
    ci95, ci90
        The wider of both intervals, ``(..., 2)``.
    n
        Dimensions that count.
    """

    estimate: Array
    se: Array
    df: Array
    text_se: Array
    text_df: Array
    p: Array
    ci95: Array
    ci90: Array
    n: Array


def mean_shift(contrast: ClassContrast, use: Mask, *, stretch: float = 1.0) -> MeanShift:
    """Return the mean shift over the dimensions marked by `use`.

    The dimensions are taken as they are: the mean is of these dimensions, not of others that could have been
    thought of. Dimensions without an estimate and an error are left out.

    Parameters
    ----------
    contrast
        The subject against one class, arrays ``(..., dimension)``.
    use
        ``(dimension,)`` or ``(..., dimension)``.
    stretch
        Factor on the spread of the texts, as the sharpening guard needs it.
    """
    inside = _told(contrast.items, use)
    estimate, se, df, n = _over_statements(contrast.items, inside)
    text_se, text_df = _over_texts(contrast, inside, stretch)
    p = np.fmax(two_sided(estimate, se, df), _p(estimate, text_se, text_df))
    halves = {x: np.fmax(critical(df, x) * se, critical(text_df, x) * text_se) for x in (0.95, 0.90)}
    ci95, ci90 = (np.stack([estimate - halves[x], estimate + halves[x]], axis=-1) for x in (0.95, 0.90))
    return MeanShift(estimate, se, df, text_se, text_df, np.where(n > 0, p, np.nan), ci95, ci90, n)


def mean_seen(check: PairedContrast, use: Mask) -> tuple[Array, Array]:
    """Return the mean of a sensitivity check over dimensions, and its one-sided 95 % lower bound.

    `check` is high minus low, ``(..., dimension)``: two characters, told to hold it all and its opposite.
    """
    estimate, se, df, _ = _over_statements(check, _told(check, use))
    return estimate, estimate - critical(df, 0.90) * se


def _told(items: PairedContrast, use: Mask) -> Mask:
    """Return the marked dimensions that have an estimate and an error."""
    return np.asarray(use & np.isfinite(items.estimate) & np.isfinite(items.se))


def _over_statements(items: PairedContrast, inside: Mask) -> tuple[Array, Array, Array, Array]:
    """Return mean, standard error and degrees of freedom over statements, and how many dimensions."""
    n = inside.sum(axis=-1).astype(float)
    estimate = ratio(np.where(inside, items.estimate, 0.0).sum(axis=-1), n)
    variances = np.where(inside, items.se**2, 0.0)
    se = ratio(np.sqrt(variances.sum(axis=-1)), n)
    return estimate, se, _satterthwaite(variances, np.where(inside, items.df, 1.0)), n


def _satterthwaite(variances: Array, df: Array) -> Array:
    """Return the degrees of freedom of a sum of variances; 1 where there is no spread at all."""
    below = ratio(variances**2, df).sum(axis=-1)
    found = ratio(variances.sum(axis=-1) ** 2, below)
    return np.where(np.isfinite(found), found, 1.0)


def _over_texts(contrast: ClassContrast, inside: Mask, stretch: float) -> tuple[Array, Array]:
    """Return the error that the choice of texts makes, and its degrees of freedom.

    NaN with one text and one subject. Seeds of a training are pooled with texts as in
    :func:`selfscope.stats.classes.with_texts`.
    """
    n, k = 1 if contrast.seeds is None else contrast.seeds.shape[-2], contrast.k
    if n + k == 2:
        nothing = np.full(inside.shape[:-1], np.nan)
        return nothing, nothing
    own, seeds = (
        None if x is None else _means(x, inside)[..., None] for x in (contrast.texts, contrast.seeds)
    )
    assert own is not None
    variance = pooled_variance(own, seeds, stretch**2)[..., 0]
    se = np.sqrt(variance * error_factor(n, k, stretch**2, sampled=contrast.sampled))
    return se, np.full(se.shape, n + k - 2.0)


def _means(theta: Array, inside: Mask) -> Array:
    """Return the mean of each text or seed over the dimensions inside."""
    there = inside[..., None, :]
    return ratio(np.where(there, theta, 0.0).sum(axis=-1), there.sum(axis=-1))


def _p(estimate: Array, se: Array, df: Array) -> Array:
    """Return the p over texts; NaN where there is one text."""
    told = np.isfinite(se)
    p = two_sided(estimate, np.where(told, se, 1.0), np.where(told, df, 1.0))
    return np.where(told, p, np.nan)
