"""Channels without log-probabilities: contrasts from counts of drawn answers.

`measurement.md` §9. A logistic model with a fixed effect for every text (statement and twin) and for forms,
Firth's penalty, and CR2 errors clustered by statement with Satterthwaite df. The empirical logit (+½) is
only shown: it shrinks what is near certain.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfscope.errors import BadInput
from selfscope.stats.atoms import ArmScores, Forms, atoms
from selfscope.stats.clustered import adjusted_weights, satterthwaite
from selfscope.stats.contrast import LEAST_TESTED, PairedContrast, interval, two_sided
from selfscope.stats.firth import FirthFit, firth_logistic
from selfscope.stats.masked import Array, mean, ratio
from selfscope.stats.sampled_design import SampledDesign

TARGETS = ("trait", "acquiescence", "pro", "con", "guarded", "nu", "plus", "minus")
COMBINED: dict[str, dict[str, float]] = {
    "trait": {"trait": 1.0},
    "acquiescence": {"all": 1.0},
    "pro": {"all": 1.0, "trait": 1.0},
    "con": {"all": 1.0, "trait": -1.0},
    "nu": {"negation": 1.0},
    "plus": {"trait": 1.0, "negation": 1.0},
    "minus": {"trait": 1.0, "negation": -1.0},
}


class SampledContrasts(NamedTuple):
    """A subject against the mean of K arms, from counts; contrasts ``(..., dimension)``.

    `trait`, `acquiescence`, `pro` and `con` as in exact channels, but that their p has no sign-flip, and
    skewness is NaN. `guarded` is θ_s - ĉθ_c. `texts` and so on are the coefficients of every control arm
    ``(..., text, dimension)``, up to a constant, for the tests over texts.
    """

    trait: PairedContrast
    acquiescence: PairedContrast
    pro: PairedContrast
    con: PairedContrast
    guarded: PairedContrast
    texts: Array
    texts_acquiescence: Array


def score_counts(
    agreed: ArrayLike,
    asked: ArrayLike,
    keyed: ArrayLike,
    *,
    twins: bool = True,
    refused: ArrayLike | None = None,
) -> ArmScores:
    """Return the scores of one character whose answers were drawn.

    d and b are empirical logits (+½), to be shown and to give the sharpening slope; verdicts rest on the
    counts, which go along. `noise` is the binomial variance of d.

    Parameters
    ----------
    agreed, asked
        Counts ``(..., dimension, m, 2, form)`` of agreement and of parsed answers; 0 asked where none.
    refused
        Share refused, unparsed or incoherent, ``(..., dimension)``.

    Raises
    ------
    BadInput
        If more agreed than were asked.
    """
    y, r = np.broadcast_arrays(np.asarray(agreed, float), np.asarray(asked, float))
    if (y > r).any() or (y < 0).any():
        raise BadInput(
            "counts of agreement do not fit the answers", fix="Count agreement among parsed answers"
        )
    there = r > 0
    logits = np.where(there, np.log(y + 0.5) - np.log(r - y + 0.5), np.nan)
    error = np.where(there, 1 / (y + 0.5) + 1 / (r - y + 0.5), np.nan)
    d_forms, b_forms = atoms(logits, keyed, twins=twins)
    pairs = error[..., 0, :] + error[..., 1, :] if twins else 4 * error[..., 0, :]
    counted = np.isfinite(pairs).sum(axis=-1)
    share = np.where(there, ratio(y, r), np.nan)
    pro = (np.asarray(keyed, float)[..., None] * np.array([1.0, -1.0]))[..., None] > 0
    return ArmScores(
        mean(d_forms),
        mean(b_forms),
        d_forms,
        b_forms,
        refused=None if refused is None else np.asarray(refused, float),
        points=50 * (mean(share, (-3, -2, -1), pro) - mean(share, (-3, -2, -1), ~pro)),
        agreed=y,
        asked=r,
        noise=ratio(0.25 * mean(pairs), counted),
    )


def with_refusals(
    agreed: ArrayLike, asked: ArrayLike, refused: ArrayLike, *, as_agreement: bool
) -> tuple[Array, Array]:
    """Return counts with every refusal taken as agreement, or as disagreement: the bounds of §9."""
    y, r, no = (np.asarray(x, float) for x in (agreed, asked, refused))
    return y + no if as_agreement else y, r + no


def sampled_contrasts(
    subject: ArmScores,
    texts: ArmScores,
    keyed: ArrayLike,
    slope: ArrayLike,
    *,
    forms: Forms | None = None,
) -> SampledContrasts:
    """By how much does a subject differ from a class of texts, when answers were drawn?

    ``logit P = text effect + form effects + arm × (kv, 1, v, k)``, one fit a dimension. The text effects are
    common to all arms, so that Δθ compares the same texts, as the paired contrast does. A term that the
    statements cannot tell from another (one keying, no twins) is left out.

    θ_s - ĉθ_c adds (1 - ĉ)θ_c, the level of the controls by the same model with an effect for every
    statement in place of text; its error joins by cluster.

    Parameters
    ----------
    subject, texts
        With counts: ``agreed``, ``asked``; a text axis before `dimension` in `texts`.
    slope
        ĉ, ``(...)``.

    Raises
    ------
    BadInput
        If counts are missing.
    """
    y, r = _counts(subject, texts)
    outer, arms = (*y.shape[:-5], y.shape[-4]), y.shape[-5]
    flat = [np.moveaxis(x, -5, -4).reshape(-1, arms, *x.shape[-3:]) for x in (y, r)]
    k = np.broadcast_to(np.asarray(keyed, float), (*outer, y.shape[-3])).reshape(-1, y.shape[-3])
    c = np.broadcast_to(np.asarray(slope, float)[..., None], outer).reshape(-1)
    found = np.full((len(k), len(TARGETS), 3), np.nan)
    own = np.full((len(k), 2, arms - 1), np.nan)
    for rows, design in _designs(flat[1], k, forms):
        counts = [x[rows][:, design.pattern] for x in flat]
        found[rows], own[rows] = _fit(design, counts[0], counts[1], c[rows])
    n = [((flat[1] > 0).any(axis=(1, 3, 4)) & (k == sign)).sum(axis=1).reshape(outer) for sign in (1, -1)]
    table = found.reshape(*outer, len(TARGETS), 3)
    trait, acquiescence, pro, con, guarded = (_as_contrast(table, name, n[0], n[1]) for name in TARGETS[:5])
    theta, agreement = (np.swapaxes(own[:, t].reshape(*outer, arms - 1), -1, -2) for t in range(2))
    return SampledContrasts(trait, acquiescence, pro, con, guarded, theta, agreement)


def _counts(subject: ArmScores, texts: ArmScores) -> tuple[Array, Array]:
    """Return counts of all arms, ``(..., arm, dimension, m, 2, form)``, the subject first."""
    if subject.agreed is None or subject.asked is None or texts.agreed is None or texts.asked is None:
        raise BadInput("no counts to model", fix="Score drawn answers with score_counts")
    y = np.concatenate([subject.agreed[..., None, :, :, :, :], texts.agreed], axis=-5)
    r = np.concatenate([subject.asked[..., None, :, :, :, :], texts.asked], axis=-5)
    complete = (r > 0).all(axis=-5, keepdims=True)
    return np.where(complete, y, 0.0), np.where(complete, r, 0.0)


def _designs(
    asked: Array, keyed: Array, forms: Forms | None
) -> Iterator[tuple[NDArray[np.intp], SampledDesign]]:
    """Yield fits that share a pattern of answers and keying, with their design."""
    pattern = asked > 0
    key = np.concatenate([pattern.reshape(len(asked), -1), keyed], axis=1)
    _, group = np.unique(key, axis=0, return_inverse=True)
    for g in range(int(group.max()) + 1):
        rows = np.flatnonzero(group.reshape(-1) == g)
        if pattern[rows[0]].any():
            yield rows, SampledDesign(pattern[rows[0]], keyed[rows[0]], forms)


def _fit(design: SampledDesign, agreed: Array, asked: Array, slope: Array) -> tuple[Array, Array]:
    """Return (estimate, se, df) of every target ``(fit, target, 3)``, and each control's θ and a."""
    whole = firth_logistic(design.x, agreed, asked)
    here = design.controls
    level = firth_logistic(design.level_x, agreed[:, here], asked[:, here])
    c = np.stack([design.combination(**COMBINED[name]) for name in COMBINED], axis=1)
    base = np.zeros((design.level_x.shape[1], 1))
    base[design.level_place[1, "trait"]] = 1.0
    out = np.full((len(agreed), len(TARGETS), 3), np.nan)
    for f in range(len(agreed)):
        shift = _robust(design.x, whole, asked, f, c, design.belongs)
        own = _robust(design.level_x, level, asked[:, here], f, base, design.belongs[here])
        for i, name in enumerate(COMBINED):
            out[f, TARGETS.index(name)] = shift.estimate[i], shift.se[i], shift.df[i]
        out[f, TARGETS.index("guarded")] = _guarded(shift, own, slope[f])
    return out, _own(design, whole)


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


def _own(design: SampledDesign, fit: FirthFit) -> Array:
    """Return θ and a of every control from arm 1, ``(fit, 2, text)``; the reference is 0."""
    out = np.zeros((len(fit.coefficients), 2, design.arms - 1))
    for t, term in enumerate(("trait", "all")):
        for arm in range(2, design.arms):
            place = design.place.get((arm, term))
            out[:, t, arm - 1] = np.nan if place is None else fit.coefficients[:, place]
    return out


def _as_contrast(table: Array, name: str, n_plus: Array, n_minus: Array) -> PairedContrast:
    """Return one target as the contrast that verdicts read."""
    estimate, se, df = np.moveaxis(table[..., TARGETS.index(name), :], -1, 0)
    p, n = two_sided(estimate, se, df), (n_plus + n_minus).astype(float)
    nothing = np.full(p.shape, np.nan)
    nu, plus, minus = (
        table[..., TARGETS.index(part), 0] if name in ("trait", "guarded") else nothing
        for part in ("nu", "plus", "minus")
    )
    p = np.where(n >= LEAST_TESTED, p, np.nan)
    return PairedContrast(
        estimate,
        se,
        df,
        interval(estimate, se, df, 0.95),
        interval(estimate, se, df, 0.90),
        p,
        nothing,
        p,
        nu,
        plus,
        minus,
        n,
        n_plus.astype(float),
        n_minus.astype(float),
        se * np.sqrt(n),
        nothing,
    )
