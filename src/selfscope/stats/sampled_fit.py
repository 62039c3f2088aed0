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
    out = np.full((len(agreed), len(TARGETS), 3), np.nan)
    points = np.full(len(agreed), np.nan)
    for f in range(len(agreed)):
        shift = _robust(design.x, whole, asked, f, c, design.belongs)
        own = _robust(design.level_x, level, asked[:, here], f, base, design.belongs[here])
        out[f, :-1] = np.stack([shift.estimate, shift.se, shift.df], axis=1)
        if place is not None:  # without twins a level of the trait is not told from the statements
            out[f, -1] = _guarded(shift, own, slope[f])
        points[f] = _points(design, whole.probabilities[f], shift.estimate[0])
    return SampledFit(out, _own(design, whole), points)


class _Robust(NamedTuple):
    """Estimates ``(contrast,)`` with their clusters' scores ``(cluster, contrast)``."""

    estimate: Array
    se: Array
    df: Array
    by_cluster: Array


def _robust(x: Array, fit: FirthFit, asked: Array, f: int, c: Array, belongs: Array) -> _Robust:
    """Return c'β with CR2 errors: residuals and columns scaled by the root of their binomial weight."""
    p = fit.probabilities[f]
    root = np.sqrt(asked[f] * p * (1 - p))
    scaled = x * root[:, None]
    leave = np.eye(len(x)) - scaled @ fit.covariance[f] @ scaled.T
    known = np.nan_to_num(c)
    adjusted = adjusted_weights(leave, scaled @ fit.covariance[f] @ known, belongs)
    by_cluster = belongs.T @ ((fit.scores[f] / root)[:, None] * adjusted)
    df = np.array([satterthwaite(leave @ (a[:, None] * belongs)) for a in adjusted.T])
    missing = np.isnan(c).any(axis=0)
    estimate = np.where(missing, np.nan, fit.coefficients[f] @ known)
    se = np.where(missing, np.nan, np.sqrt((by_cluster**2).sum(axis=0)))
    return _Robust(estimate, se, df, by_cluster)


def _guarded(shift: _Robust, level: _Robust, slope: float) -> tuple[float, float, float]:
    """Return Δ + (1 - ĉ)θ_c with its standard error and the smaller df."""
    joined = shift.by_cluster[:, 0] + (1 - slope) * level.by_cluster[:, 0]
    estimate = float(shift.estimate[0] + (1 - slope) * level.estimate[0])
    return estimate, float(np.sqrt((joined**2).sum())), float(min(shift.df[0], level.df[0]))


def _points(design: SampledDesign, probabilities: Array, shift: float) -> float:
    """Return what a shift of the trait does to the controls' agreement, in percentage points."""
    here = design.controls
    p, toward = probabilities[here], design.terms["trait"][here]
    moved = toward * (special.expit(special.logit(p) + toward * shift) - p)
    sides = [moved[toward == sign].mean() for sign in (1, -1) if (toward == sign).any()]
    return float(100 * np.mean(sides))


def _own(design: SampledDesign, fit: FirthFit) -> Array:
    """Return the effects of every control from arm 1; NaN where one is not told."""
    out = np.zeros((len(fit.coefficients), len(OWN), design.arms - 1))
    for t, term in enumerate(OWN.values()):
        for arm in range(2, design.arms):
            place = design.place.get((arm, term))
            out[:, t, arm - 1] = np.nan if place is None else fit.coefficients[:, place]
    return out
