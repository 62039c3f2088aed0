"""Response biases: yes-saying, position, label. What moved if it was not the trait.

`measurement.md` §3 and §8.3. On a pro-trait text L = B + D, on a con-trait text L = B - D. A change that is
only yes-saying moves both the same way; so `bias only` asks for the two together, not for B alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfscope.errors import BadInput
from selfscope.stats.atoms import Forms
from selfscope.stats.classes import ClassContrast, class_contrast
from selfscope.stats.clustered import ClusterContrast
from selfscope.stats.contrast import interval, two_sided
from selfscope.stats.masked import Array, Mask, mean, ratio
from selfscope.stats.moderate import moderate


class Agreement(NamedTuple):
    """A change in agreement; arrays ``(..., dimension)``.

    Attributes
    ----------
    acquiescence
        Δâ, the contrast of B: yes-saying, or fluency in the channel `utterance`. Positive: agrees more.
    pro, con
        Contrasts of L on pro-trait and on con-trait texts.
    together
        Whether both moved the same way.
    p
        The larger of the p of `pro` and `con`; 1 where they moved against each other.
    """

    acquiescence: ClassContrast
    pro: ClassContrast
    con: ClassContrast
    together: Array
    p: Array


class Effect(NamedTuple):
    """A bias with its interval ``(..., dimension, 2)`` and p; NaN where it cannot be told apart."""

    estimate: Array
    ci95: Array
    p: Array
    se: Array
    df: Array


class FormEffects(NamedTuple):
    """Preference for the option that stands first, and for the letter A (log-odds, from the middle)."""

    position: Effect
    label: Effect


def agreement(
    subject_d: Array,
    subject_b: Array,
    texts_d: Array,
    texts_b: Array,
    keyed: ArrayLike,
    *,
    flip_below: float = 1.0,
    seed: int = 0,
) -> Agreement:
    """Did agreement itself move, on pro and con texts alike?

    Shapes as in :func:`selfscope.stats.classes.class_contrast`; both its tests are used on each side.
    """
    whole = class_contrast(subject_b, texts_b, keyed, flip=False)
    pro, con = (
        class_contrast(
            subject_b + sign * subject_d,
            texts_b + sign * texts_d,
            keyed,
            flip_below=flip_below,
            seed=seed,
        )
        for sign in (1, -1)
    )
    return sides(whole, pro, con)


def sides(whole: ClassContrast, pro: ClassContrast, con: ClassContrast) -> Agreement:
    """Return a change in agreement from its contrasts: the worse p of both sides, 1 if they part."""
    together = np.asarray(np.sign(pro.estimate) == np.sign(con.estimate))
    worse = np.maximum(pro.p, con.p)
    p = np.where(together | np.isnan(worse), worse, 1.0)
    return Agreement(whole, pro, con, together, p)


def form_effects(subject: ArrayLike, texts: ArrayLike | None, keyed: ArrayLike, forms: Forms) -> FormEffects:
    """Did the preference for a position or a letter change (or, without texts, what is it)?

    Least squares of B_if on mean, keying, template, format, position and label, one dimension at a time,
    clustered by statement (:mod:`selfscope.stats.clustered`): with 12 forms spread over 12 statements as in
    the demo preset the effects are between statements, with more forms within them. The coefficient of a
    ±1 column is half the difference of its two sides. Against K texts the same coefficient of every text
    gives a test over texts, as in §5.

    Parameters
    ----------
    subject
        B in every form, ``(..., dimension, m, form)``; NaN where not asked.
    texts
        The same of the control texts, ``(..., text, dimension, m, form)``; None for the level.
    keyed
        ``(dimension, m)`` or ``(m,)``.

    Raises
    ------
    BadInput
        If the missing answers differ between studies of one dimension.
    """
    s = np.asarray(subject, float)
    c = None if texts is None else np.asarray(texts, float)
    delta = s if c is None else s - c.mean(axis=-4)
    k = np.broadcast_to(np.asarray(keyed, float), s.shape[-3:-1])
    return FormEffects(
        _form_effect(delta, c, k, forms, "position"), _form_effect(delta, c, k, forms, "label")
    )


def _form_effect(delta: Array, texts: Array | None, keyed: Array, forms: Forms, name: str) -> Effect:
    """Fit one effect in every dimension, dimensions of one design together."""
    shape = (*delta.shape[:-3], delta.shape[-3])
    estimate, se = np.full(shape, np.nan), np.full(shape, np.nan)
    df = np.full(shape, np.nan)
    own = None if texts is None else np.full((*texts.shape[:-3], texts.shape[-3]), np.nan)
    for dimensions, pattern in _designs(delta, keyed):
        fit = _fit(pattern, keyed[dimensions[0]], forms, name)
        if fit is None:
            continue
        found = fit.of(delta[..., dimensions, :, :][..., pattern])
        estimate[..., dimensions], se[..., dimensions] = found.estimate, found.se
        df[..., dimensions] = found.df
        if own is not None and texts is not None:
            own[..., dimensions] = texts[..., dimensions, :, :][..., pattern] @ fit.weights
    return _effect(estimate, se, df, own)


def _designs(delta: Array, keyed: Array) -> Iterator[tuple[NDArray[np.intp], Mask]]:
    """Yield dimensions that share a pattern of answers and keying, with the pattern ``(m, form)``."""
    asked = np.isfinite(delta)
    pattern = asked.reshape(-1, *asked.shape[-3:])[0]
    if not (asked == pattern).all():
        raise BadInput(
            "missing answers differ between studies",
            got=f"{int((asked != pattern).sum())} cells",
            fix="Analyse such studies one at a time",
        )
    flat = np.concatenate([pattern.reshape(len(keyed), -1), keyed], axis=1)
    _, group = np.unique(flat, axis=0, return_inverse=True)
    for g in range(group.max() + 1):
        dimensions = np.flatnonzero(group.reshape(-1) == g)
        yield dimensions, pattern[dimensions[0]]


def _fit(pattern: Mask, keyed: Array, forms: Forms, name: str) -> ClusterContrast | None:
    """Return the fit of one design; designs recur over dimensions, arms and studies."""
    given = tuple(tuple(np.asarray(x, int).tolist()) for x in forms)
    cells = tuple((int(i), int(f)) for i, f in np.argwhere(pattern))
    return _build(cells, tuple(keyed.tolist()), given, name)


@lru_cache(maxsize=4096)
def _build(
    cells: tuple[tuple[int, int], ...],
    keyed: tuple[float, ...],
    forms: tuple[tuple[int, ...], ...],
    name: str,
) -> ClusterContrast | None:
    """Return the design with its effect as last column; None where it cannot be told apart."""
    if not cells:
        return None
    statement, form = np.array(cells).T
    table = dict(zip(Forms._fields, (np.array(x, float)[form] for x in forms), strict=True))
    target = table.pop(name)
    kept: list[Array] = [np.ones(len(form))]
    for column in (np.array(keyed)[statement], *table.values()):
        if np.linalg.matrix_rank(np.stack([*kept, column], axis=1)) > len(kept):
            kept.append(column)
    x = np.stack([*kept, target], axis=1)
    if len(form) <= x.shape[1] or np.linalg.matrix_rank(x) < x.shape[1]:
        return None
    return ClusterContrast(x, statement, np.eye(x.shape[1])[-1])


def _effect(estimate: Array, se: Array, df: Array, texts: Array | None) -> Effect:
    """Add intervals and p; against two or more texts take the worse p and the wider interval."""
    ci, p = interval(estimate, se, df, 0.95), two_sided(estimate, se, df)
    if texts is None or texts.shape[-2] < 2:
        return Effect(estimate, ci, p, se, df)
    k = texts.shape[-2]
    moderated = moderate(texts.var(axis=-2, ddof=1), k - 1)
    other = np.sqrt(moderated.variance * (1 + 1 / k))
    over = Effect(
        estimate,
        interval(estimate, other, moderated.df, 0.95),
        two_sided(estimate, other, moderated.df),
        other,
        moderated.df,
    )
    return _worse(Effect(estimate, ci, p, se, df), over)


def _worse(first: Effect, second: Effect) -> Effect:
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
    return Effect(estimate, interval(estimate, se, df, 0.95), two_sided(estimate, se, df), se, df)


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
    df = np.full(se.shape, k - 1.0)
    ci, p = interval(over.estimate, se, df, 0.95), two_sided(over.estimate, se, df)
    return _worse(over, Effect(over.estimate, ci, p, se, df))
