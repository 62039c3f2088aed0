"""The fit of drawn answers, one dimension at a time: every contrast that a verdict reads, from one model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from selfscope.stats.clustered import adjusted_weights, satterthwaite
from selfscope.stats.firth import FirthFit, firth_logistic
from selfscope.stats.form_effects import FormEffects
from selfscope.stats.masked import Array
from selfscope.stats.sampled_design import SampledDesign

COMBINED: dict[str, dict[str, float]] = {
    "trait": {"trait": 1.0},
    "acquiescence": {"all": 1.0},
    "pro": {"all": 1.0, "trait": 1.0},
    "con": {"all": 1.0, "trait": -1.0},
    "nu": {"negation": 1.0},
    "gamma": {"keyed": 1.0},
    "plus": {"trait": 1.0, "negation": 1.0},
    "minus": {"trait": 1.0, "negation": -1.0},
}
PREFERENCES = FormEffects._fields
TARGETS = (*COMBINED, *PREFERENCES, "guarded")
"""What is estimated, in this order; every one with its standard error and degrees of freedom."""
OWN = {
    "trait": "trait",
    "acquiescence": "all",
    "nu": "negation",
    "gamma": "keyed",
    **dict(zip(PREFERENCES, PREFERENCES, strict=True)),
}
"""What is known of every control text, for the tests over texts, and the term that it is."""
CELLS_AT_ONCE = 2**21
"""Entries of I - H, ``(fit, cell, cell)``, that exist at the same time: bounds memory to some 16 MiB each."""


class SampledFit(NamedTuple):
    """Fits of one design.

    Attributes
    ----------
    found
        (estimate, se, df) of every target, ``(fit, target, 3)``.
    own
        The effects of `OWN` of every control from arm 1, ``(fit, effect, text)``; the reference is 0.
    points
        The trait's shift in percentage points, ``(fit,)``: half of what it alone does to P(agree | pro) -
        P(agree | con) where the controls stand, whatever yes-saying did.
    """

    found: Array
    own: Array
    points: Array


def fit_counts(design: SampledDesign, agreed: Array, asked: Array, slope: Array) -> SampledFit:
    """Return every target of counts of one design, each fit by itself (§9).

    Parameters
    ----------
    design
        What was asked of whom; a cell is one arm, statement, polarity and form that was asked.
    agreed, asked
        Counts, ``(fit, cell)``; asked is above 0 everywhere.
    slope
        ĉ of every fit, ``(fit,)``.

    Returns
    -------
    NaN where the design cannot tell a target from another.
    """
    whole = firth_logistic(design.x, agreed, asked)
    here = design.controls
    level = firth_logistic(design.level_x, agreed[:, here], asked[:, here])
    shifts = [design.combination(**weights) for weights in COMBINED.values()]
    c = np.stack([*shifts, *(design.preference(name) for name in PREFERENCES)], axis=1)
    base = np.zeros((design.level_x.shape[1], 1))
    place = design.level_place.get((1, "trait"))
    base[0 if place is None else place] = 1.0
    shift = _robust(design.x, whole, asked, c, design.belongs)
    own = _robust(design.level_x, level, asked[:, here], base, design.belongs[here])
    out = np.full((len(agreed), len(TARGETS), 3), np.nan)
    out[:, :-1] = np.stack([shift.estimate, shift.se, shift.df], axis=-1)
    if place is not None:  # without twins a level of the trait is not told from the statements
        out[:, -1] = _guarded(shift, own, slope)
    return SampledFit(out, _own(design, whole), _points(design, whole.probabilities, shift.estimate[:, 0]))


class _Robust(NamedTuple):
    """Estimates ``(fit, contrast)`` with their clusters' scores ``(fit, cluster, contrast)``."""

    estimate: Array
    se: Array
    df: Array
    by_cluster: Array


def _robust(x: Array, fit: FirthFit, asked: Array, c: Array, belongs: Array) -> _Robust:
    """Return c'β of every fit with CR2 errors."""
    known = np.nan_to_num(c)
    by_cluster = np.empty((len(asked), belongs.shape[1], c.shape[1]))
    df = np.empty((len(asked), c.shape[1]))
    step = max(1, CELLS_AT_ONCE // len(x) ** 2)
    for start in range(0, len(asked), step):
        part = slice(start, start + step)
        some = FirthFit(*(values[part] for values in fit))
        by_cluster[part], df[part] = _clustered(x, some, asked[part], known, belongs)
    missing = np.isnan(c).any(axis=0)
    estimate = np.where(missing, np.nan, fit.coefficients @ known)
    se = np.where(missing, np.nan, np.sqrt((by_cluster**2).sum(axis=1)))
    return _Robust(estimate, se, df, by_cluster)


def _clustered(x: Array, fit: FirthFit, asked: Array, c: Array, belongs: Array) -> tuple[Array, Array]:
    """Return clusters' scores and df ``(fit, contrast)``.

    Residuals and columns are scaled by the root of their binomial weight.
    """
    root = np.sqrt(asked * fit.probabilities * (1 - fit.probabilities))
    scaled = x * root[:, :, None]
    bread = scaled @ fit.covariance
    leave = np.eye(len(x)) - bread @ np.swapaxes(scaled, 1, 2)
    adjusted = adjusted_weights(leave, bread @ c, belongs)
    by_cluster = belongs.T @ ((fit.scores / root)[:, :, None] * adjusted)
    df = [satterthwaite(leave @ (adjusted[:, :, [j]] * belongs)) for j in range(c.shape[1])]
    return by_cluster, np.stack(df, axis=1)


def _guarded(shift: _Robust, level: _Robust, slope: Array) -> Array:
    """Return Δ + (1 - ĉ)θ_c with its standard error and the smaller df, ``(fit, 3)``."""
    left = 1 - slope
    joined = shift.by_cluster[:, :, 0] + left[:, None] * level.by_cluster[:, :, 0]
    estimate = shift.estimate[:, 0] + left * level.estimate[:, 0]
    df = np.minimum(shift.df[:, 0], level.df[:, 0])
    return np.stack([estimate, np.sqrt((joined**2).sum(axis=1)), df], axis=1)


def _points(design: SampledDesign, probabilities: Array, shift: Array) -> Array:
    """Return what shifts of the trait do to the controls' agreement, in percentage points, ``(fit,)``."""
    here = design.controls
    p, toward = probabilities[:, here], design.terms["trait"][here]
    moved = toward * (special.expit(special.logit(p) + toward * shift[:, None]) - p)
    sides = [moved[:, toward == sign].mean(axis=1) for sign in (1, -1) if (toward == sign).any()]
    return np.asarray(100 * np.mean(sides, axis=0))


def _own(design: SampledDesign, fit: FirthFit) -> Array:
    """Return the effects of every control from arm 1; NaN where one is not told."""
    out = np.zeros((len(fit.coefficients), len(OWN), design.arms - 1))
    for t, term in enumerate(OWN.values()):
        for arm in range(2, design.arms):
            place = design.place.get((arm, term))
            out[:, t, arm - 1] = np.nan if place is None else fit.coefficients[:, place]
    return out
