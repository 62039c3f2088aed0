"""Channels without log-probabilities: contrasts from counts of drawn answers.

`measurement.md` §9. A logistic model with a fixed effect for every text (statement and twin) and for forms,
Firth's penalty, and CR2 errors clustered by statement with Satterthwaite df. The empirical logit (+½) is
only shown: it shrinks what is near certain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfscope.errors import BadInput
from selfscope.stats.atoms import ArmScores, Forms, atoms
from selfscope.stats.contrast import LEAST_TESTED, PairedContrast, interval, two_sided
from selfscope.stats.effects import Effect, against_texts, effect_of
from selfscope.stats.form_effects import FormEffects
from selfscope.stats.masked import Array, mean, ratio
from selfscope.stats.sampled_design import SampledDesign
from selfscope.stats.sampled_fit import OWN, PREFERENCES, TARGETS, fit_counts
from selfscope.stats.shares import coherence, naive_rate, orthogonality

DRAWS_NEEDED = 20
"""Draws a text below which a page warns (§9)."""


class SampledContrasts(NamedTuple):
    """A subject against the mean of K arms, from counts; contrasts ``(..., dimension)``.

    `trait`, `acquiescence`, `pro` and `con` as in exact channels, but that their p has no sign-flip, and
    skewness is NaN. `guarded` is θ_s - ĉθ_c. `texts` and so on are the coefficients of every control arm
    ``(..., text, dimension)``, up to a constant, for the tests over texts. `preferences` are those for a
    position and a letter, tests over texts included, `negation` and `keying` the changes in ν and in γ, too;
    `points` is the shift of the trait in percentage points.
    """

    trait: PairedContrast
    acquiescence: PairedContrast
    pro: PairedContrast
    con: PairedContrast
    guarded: PairedContrast
    texts: Array
    texts_acquiescence: Array
    preferences: FormEffects
    negation: Effect
    keying: Effect
    points: Array


def score_counts(
    agreed: ArrayLike,
    asked: ArrayLike,
    keyed: ArrayLike,
    *,
    twins: ArrayLike = True,
    lost: ArrayLike | None = None,
) -> ArmScores:
    """Return the scores of one character whose answers were drawn.

    d and b are empirical logits (+½), to be shown and to give the sharpening slope; verdicts rest on the
    counts, which go along. `noise` is the binomial variance of d.

    Parameters
    ----------
    agreed, asked
        Counts ``(..., dimension, m, 2, form)`` of agreement and of parsed answers; 0 asked where none.
    twins
        As for :func:`selfscope.stats.atoms.atoms`.
    lost
        Counts of refused, unparsed and incoherent answers, of the same shape.

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
    paired = np.asarray(twins, bool)[..., None, None]
    pairs = np.where(paired, error[..., 0, :] + error[..., 1, :], 4 * error[..., 0, :])
    counted = np.isfinite(pairs).sum(axis=-1)
    share = np.where(there, ratio(y, r), np.nan)
    pro = (np.asarray(keyed, float)[..., None] * np.array([1.0, -1.0]))[..., None] > 0
    gone = None if lost is None else np.broadcast_to(np.asarray(lost, float), r.shape)
    return ArmScores(
        mean(d_forms),
        mean(b_forms),
        d_forms,
        b_forms,
        refused=None if gone is None else ratio(_total(gone), _total(gone + r)),
        points=50 * (mean(share, (-3, -2, -1), pro) - mean(share, (-3, -2, -1), ~pro)),
        coherence=coherence(logits),
        naive=naive_rate(logits, keyed),
        orthogonality=orthogonality(logits, keyed),
        agreed=y,
        asked=r,
        lost=gone,
        noise=ratio(0.25 * mean(pairs), counted),
    )


def _total(counts: Array) -> Array:
    """Sum over statements, polarities and forms."""
    return np.asarray(counts.sum(axis=(-3, -2, -1)))


def with_refusals(
    agreed: ArrayLike, asked: ArrayLike, refused: ArrayLike, *, as_agreement: bool
) -> tuple[Array, Array]:
    """Return counts with every refusal taken as agreement, or as disagreement: the bounds of §9."""
    y, r, no = (np.asarray(x, float) for x in (agreed, asked, refused))
    return y + no if as_agreement else y, r + no


def refusal_bounds(
    subject: ArmScores, texts: ArmScores, keyed: ArrayLike, *, forms: Forms | None = None
) -> tuple[PairedContrast, PairedContrast] | None:
    """What would the contrast be if every refusal had been agreement, and if every one had been disagreement?

    Refused, unparsed and incoherent answers of both sides, as §9 asks.

    Parameters
    ----------
    subject, texts
        As for :func:`sampled_contrasts`, with ``lost``.
    keyed
        ``(dimension, m)`` or ``(m,)``.

    Returns
    -------
    The trait contrast, ``(..., dimension)``, with all as agreement and with all as disagreement; None where
    every answer could be read.

    Raises
    ------
    BadInput
        If answers were lost of arms without counts.
    """
    if subject.lost is None or texts.lost is None or not (subject.lost.any() or texts.lost.any()):
        return None
    first, second = (
        sampled_contrasts(_read_as(subject, agreed), _read_as(texts, agreed), keyed, 1.0, forms=forms).trait
        for agreed in (True, False)
    )
    return first, second


def _read_as(arm: ArmScores, as_agreement: bool) -> ArmScores:
    """Return an arm whose refusals count as one answer."""
    if arm.agreed is None or arm.asked is None or arm.lost is None:
        raise BadInput("no counts to model", fix="Score drawn answers with score_counts")
    y, r = with_refusals(arm.agreed, arm.asked, arm.lost, as_agreement=as_agreement)
    return replace(arm, agreed=y, asked=r)


def in_format(arm: ArmScores, forms: Forms, *, lettered: bool) -> ArmScores:
    """Return an arm as if only its yes/no forms, or only its lettered forms, had been asked.

    Parameters
    ----------
    arm
        With counts ``(..., dimension, m, 2, form)``; those of other forms become 0.
    lettered
        Which forms are kept.

    Raises
    ------
    BadInput
        If the arm has no counts.
    """
    if arm.agreed is None or arm.asked is None:
        raise BadInput("no counts to model", fix="Score drawn answers with score_counts")
    here = forms.lettered == lettered
    return replace(arm, agreed=arm.agreed * here, asked=arm.asked * here)


def sampled_contrasts(
    subject: ArmScores,
    texts: ArmScores,
    keyed: ArrayLike,
    slope: ArrayLike,
    *,
    forms: Forms | None = None,
    least: int = LEAST_TESTED,
) -> SampledContrasts:
    """By how much does a subject differ from a class of texts, when answers were drawn?

    ``logit P = text effect + form effects + arm × (kv, 1, v, k, forms)``, one fit a dimension. The text
    effects are common to all arms, so that Δθ compares the same texts, as the paired contrast does. A term
    that the statements cannot tell from another (one keying, no twins) is left out.

    θ_s - ĉθ_c adds (1 - ĉ)θ_c, the level of the controls by the same model with an effect for every
    statement in place of text; its error joins by cluster.

    Parameters
    ----------
    subject, texts
        With counts ``agreed`` and ``asked``, ``(..., dimension, m, 2, form)``; a text axis before `dimension`
        in `texts`.
    keyed
        ``(dimension, m)`` or ``(m,)``.
    slope
        ĉ, ``(...)``.
    forms
        What the form axis is; None where there are no formats.
    least
        Fewest statements for a p.

    Returns
    -------
    Contrasts ``(..., dimension)``. Sources: Firth 1993; Pustejovsky and Tipton 2018.

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
    own = np.full((len(k), len(OWN), arms - 1), np.nan)
    points = np.full(len(k), np.nan)
    for rows, design in _designs(flat[1], k, forms):
        counts = [x[rows][:, design.pattern] for x in flat]
        found[rows], own[rows], points[rows] = fit_counts(design, counts[0], counts[1], c[rows])
    n = [((flat[1] > 0).any(axis=(1, 3, 4)) & (k == sign)).sum(axis=1).reshape(outer) for sign in (1, -1)]
    table = found.reshape(*outer, len(TARGETS), 3)
    by_text = {name: np.swapaxes(own[:, t].reshape(*outer, arms - 1), -1, -2) for t, name in enumerate(OWN)}
    trait, acquiescence, pro, con, guarded = (
        _as_contrast(table, name, n[0], n[1], least)
        for name in ("trait", "acquiescence", "pro", "con", "guarded")
    )
    return SampledContrasts(
        trait, acquiescence, pro, con, guarded,
        by_text["trait"], by_text["acquiescence"],
        FormEffects(*(_effect(table, by_text, name) for name in PREFERENCES)),
        _effect(table, by_text, "nu"), _effect(table, by_text, "gamma"),
        points.reshape(outer),
    )  # fmt: skip


def _effect(table: Array, by_text: dict[str, Array], name: str) -> Effect:
    """Return one target as a bias, the test over texts included."""
    return against_texts(effect_of(*_of(table, name)), by_text[name])


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
    groups: dict[bytes, list[int]] = {}
    for n, own in enumerate(key):
        groups.setdefault(own.tobytes(), []).append(n)
    for rows in map(np.asarray, groups.values()):
        if pattern[rows[0]].any():
            yield rows, SampledDesign(pattern[rows[0]], keyed[rows[0]], forms)


def _of(table: Array, name: str) -> tuple[Array, Array, Array]:
    """Return estimate, standard error and df of one target."""
    estimate, se, df = np.moveaxis(table[..., TARGETS.index(name), :], -1, 0)
    return estimate, se, df


def _as_contrast(table: Array, name: str, n_plus: Array, n_minus: Array, least: int) -> PairedContrast:
    """Return one target as the contrast that verdicts read."""
    estimate, se, df = _of(table, name)
    n = (n_plus + n_minus).astype(float)
    nothing = np.full(n.shape, np.nan)
    nu, plus, minus = (
        table[..., TARGETS.index(part), 0] if name in ("trait", "guarded") else nothing
        for part in ("nu", "plus", "minus")
    )
    p = np.where(n >= least, two_sided(estimate, se, df), np.nan)
    return PairedContrast(
        estimate, se, df,
        interval(estimate, se, df, 0.95), interval(estimate, se, df, 0.90),
        p, nothing, p,
        nu, plus, minus,
        n, n_plus.astype(float), n_minus.astype(float),
        se * np.sqrt(n), nothing,
    )  # fmt: skip
