"""A character against a class of control texts: statements and texts are both samples.

`measurement.md` §5. With only one other text, a character that is just one more text "differs" in 19 to 42 %
of studies by tests over statements, however many of them; the test over texts has its level.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from selfscope.errors import BadInput
from selfscope.stats.contrast import PairedContrast, critical, paired_contrast, two_sided
from selfscope.stats.flip import DRAWS
from selfscope.stats.masked import Array
from selfscope.stats.moderate import moderate
from selfscope.stats.strata import score

LEAST_TEXTS = 5


class ClassContrast(NamedTuple):
    """θ_s minus the mean θ of K texts, with both tests; arrays ``(..., dimension)`` unless said.

    Attributes
    ----------
    items
        The contrast over statements, of δ_i against the class mean; ``items.estimate`` is Δ̂_C.
    texts
        θ̂_k of every control text, ``(..., text, dimension)``.
    text_se, text_df
        s̃_T √(1 + 1/K) and d₀ + K - 1; NaN with one text.
    p_texts, p
        Of T_texts (NaN with one text), and the larger of both tests.
    ci95, ci90
        The wider of both intervals, ``(..., dimension, 2)``.
    k
        Number of texts.
    seeds
        θ̂ of the trainings whose mean the subject is, ``(..., seed, dimension)``; None of a single subject.
    sampled
        False where the control is no sample, but the weights before any training.
    """

    items: PairedContrast
    texts: Array
    text_se: Array
    text_df: Array
    p_texts: Array
    p: Array
    ci95: Array
    ci90: Array
    k: int
    seeds: Array | None = None
    sampled: bool = True

    @property
    def estimate(self) -> Array:
        """Δ̂_C, a half contrast."""
        return self.items.estimate


def class_contrast(
    subject: ArrayLike,
    texts: ArrayLike,
    keyed: ArrayLike,
    *,
    flip: bool = True,
    flip_below: float = 1.0,
    seed: int = 0,
    draws: int = DRAWS,
    stretch: ArrayLike = 1.0,
    seeds: ArrayLike | None = None,
    sampled: bool = True,
) -> ClassContrast:
    """Does a subject stand apart from a class of texts, beyond both which statements and which texts?

    Δ̂_C = θ_s - mean_k θ_ck. T_items: :func:`paired_contrast` of the subject against the class mean.
    T_texts = Δ̂_C / (s̃_T √(1 + 1/K)) with the variance of θ̂_ck over texts moderated across dimensions. That
    variance holds the texts' own interaction with these statements (divided by m) as well as their spread.
    Nothing is subtracted for it: θ̂_s carries the same noise, and under the null, where the subject is one
    more text, T_texts is then exactly a t.

    A statement that any of the texts or the subject did not answer counts for none of them.

    Parameters
    ----------
    subject
        D, shape ``(..., dimension, m)``.
    texts
        D of the control texts, shape ``(..., text, dimension, m)``. One text: only T_items.
    keyed
        Shape ``(dimension, m)`` or ``(m,)``.
    stretch
        Factor on the spread of texts, shape ``(...)``: the sharpening guard's.
    seeds
        D of the trainings whose mean the subject is, shape ``(..., seed, dimension, m)``: a subject that is a
        sample itself; see :func:`with_texts`.
    sampled
        False where the control is no sample, but the one thing itself: the weights without a training.

    Raises
    ------
    BadInput
        If `texts` has no text axis, or does not fit the subject.
    """
    s, c = _fit(subject, texts)
    s = np.where(np.isfinite(c).all(axis=-3), s, np.nan)
    c = np.where(np.isfinite(s)[..., None, :, :], c, np.nan)
    delta = s - c.mean(axis=-3)
    items = paired_contrast(delta, keyed, flip=flip, flip_below=flip_below, seed=seed, draws=draws)
    own = None if seeds is None else score(np.where(np.isfinite(s)[..., None, :, :], seeds, np.nan), keyed)
    return with_texts(items, score(c, keyed), stretch, seeds=own, sampled=sampled)


def _fit(subject: ArrayLike, texts: ArrayLike) -> tuple[Array, Array]:
    """Return both as arrays; BadInput if the text axis is missing or shapes do not fit."""
    s, c = np.asarray(subject, float), np.asarray(texts, float)
    if s.ndim < 2 or c.ndim < 3 or s.shape[-2:] != c.shape[-2:] or c.shape[-3] == 0:
        raise BadInput(
            "control texts do not fit the subject",
            got=f"subject {s.shape}, texts {c.shape}",
            fix="Give (..., dimension, m) and (..., text, dimension, m)",
        )
    return s, c


def with_texts(
    items: PairedContrast,
    theta: Array,
    stretch: ArrayLike = 1.0,
    *,
    seeds: Array | None = None,
    sampled: bool = True,
) -> ClassContrast:
    """Add the test over texts to a contrast over statements; take the worse p and the wider interval.

    Where the subject is the mean of n trainings, both sides are samples of trainings: the variance is pooled
    over both, with n + K - 2 degrees of freedom, and the error of the difference is s̃ √(1/n + 1/K); against
    the weights themselves, which are no sample, s̃ / √n with n - 1.

    Parameters
    ----------
    items
        The contrast against the mean of the texts, ``(..., dimension)``.
    theta
        θ̂ of every text, up to a constant, ``(..., text, dimension)``. One text, and one subject: nothing to
        add.
    stretch
        Factor on their spread, ``(...)``.
    seeds
        θ̂ of the trainings whose mean the subject is, ``(..., seed, dimension)``.
    sampled
        False where the control is no sample.
    """
    k, n = theta.shape[-2], 1 if seeds is None else seeds.shape[-2]
    if k + n == 2:
        nothing = np.full(items.estimate.shape, np.nan)
        return ClassContrast(items, theta, nothing, nothing, nothing, items.p, items.ci95, items.ci90, k)
    squared = np.asarray(stretch, float)[..., None] ** 2
    moderated = moderate(pooled_variance(theta, seeds, squared), n + k - 2)
    se = np.sqrt(moderated.variance * error_factor(n, k, squared, sampled=sampled))
    p_texts = np.where(np.isfinite(items.p_t), two_sided(items.estimate, se, moderated.df), np.nan)
    p = np.fmax(items.p, p_texts)
    wide = [
        _wider(items.estimate, given, critical(moderated.df, level) * se)
        for given, level in ((items.ci95, 0.95), (items.ci90, 0.90))
    ]
    return ClassContrast(items, theta, se, moderated.df, p_texts, p, wide[0], wide[1], k, seeds, sampled)


def pooled_variance(theta: Array, seeds: Array | None, squared: Array | float) -> Array:
    """Return the variance over texts, pooled with that over seeds where the subject has several.

    `squared` is the square of the factor on the spread of texts; it is left to :func:`error_factor` where
    there is one subject, whose own spread is that of the texts.
    """
    if seeds is None:
        return np.asarray(theta.var(axis=-2, ddof=1))
    df = theta.shape[-2] + seeds.shape[-2] - 2
    return np.asarray((_squares(theta) * squared + _squares(seeds)) / df)


def error_factor(n: int, k: int, squared: Array | float, *, sampled: bool = True) -> Array:
    """Return 1/n + 1/k, without the second where the control is no sample; stretched where n is 1."""
    return np.asarray((1 / n + (1 / k if sampled else 0.0)) * (squared if n == 1 else 1.0))


def _squares(theta: Array) -> Array:
    """Return the sum of squares about the mean over the second last axis; 0 of one."""
    return np.asarray(((theta - theta.mean(axis=-2, keepdims=True)) ** 2).sum(axis=-2))


def _wider(estimate: Array, given: Array, half: Array) -> Array:
    """Return estimate ± the larger half width; NaN where the statements gave no interval."""
    widest = np.maximum(0.5 * (given[..., 1] - given[..., 0]), half)
    return np.stack([estimate - widest, estimate + widest], axis=-1)
