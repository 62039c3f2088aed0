"""Preference for an option because of where it stands or which letter it has, from B in every form.

`measurement.md` §1 and §3. Where the letter of agreement and its place always go together, they are one
effect and are reported as one: "label or position".
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfscope.errors import BadInput
from selfscope.stats.atoms import Forms
from selfscope.stats.clustered import ClusterContrast
from selfscope.stats.effects import Effect, against_texts, effect_of
from selfscope.stats.masked import Array, Mask

ALIASED = "label_or_position"


class FormEffects(NamedTuple):
    """Preference for the option that stands first, and for the letter A (log-odds, from the middle).

    `label_or_position` stands for both where the letter A always stands at one place: positive towards A.
    Each is NaN in the dimensions whose forms do not tell it.
    """

    position: Effect
    label: Effect
    label_or_position: Effect


def preferences(position: Array, label: Array, lettered: Mask) -> dict[str, Array]:
    """Return the columns by which a design tells position from label, or the one of both together.

    Parameters
    ----------
    position, label, lettered
        Of every cell that was asked, ``(cell,)``: ±1, ±1 or 0, and whether it is lettered.

    Returns
    -------
    ``position`` (over all formats) and ``label``; or, where A always stands at one place,
    ``label_or_position`` and ``order``, the position in the yes/no forms alone.
    """
    if _always_together(position[lettered], label[lettered]):
        return {ALIASED: label * lettered, "order": np.where(lettered, 0.0, position)}
    return {"position": position, "label": label}


def _always_together(position: Array, label: Array) -> bool:
    """Whether letters vary, and each letter has its own place."""
    return bool(label.size and np.ptp(label) > 0 and np.ptp(position * label) == 0)


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
    return FormEffects(*(_form_effect(delta, c, k, forms, name) for name in FormEffects._fields))


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
    return against_texts(effect_of(estimate, se, df), own)


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
    told = preferences(table["position"], table["label"], table["lettered"] > 0)
    target = told.pop(name, None)
    if target is None:
        return None
    kept: list[Array] = [np.ones(len(form))]
    for column in (np.array(keyed)[statement], table["lettered"], *told.values(), table["template"]):
        if np.linalg.matrix_rank(np.stack([*kept, column], axis=1)) > len(kept):
            kept.append(column)
    x = np.stack([*kept, target], axis=1)
    if len(form) <= x.shape[1] or np.linalg.matrix_rank(x) < x.shape[1]:
        return None
    return ClusterContrast(x, statement, np.eye(x.shape[1])[-1])
