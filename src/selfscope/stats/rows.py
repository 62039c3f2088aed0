"""One row of a family: the subject against one class of control texts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from selfscope.stats.atoms import SATURATED_SHARE, ArmScores, Forms, by_format
from selfscope.stats.bias import Agreement, agreement, sides
from selfscope.stats.classes import ClassContrast, class_contrast, with_texts
from selfscope.stats.contrast import SKEWED, PairedContrast, paired_contrast
from selfscope.stats.form_effects import FormEffects, form_effects
from selfscope.stats.guard import sharpening_slope
from selfscope.stats.masked import Array, Mask, mean
from selfscope.stats.multiplicity import holm
from selfscope.stats.resample import bootstrap_interval
from selfscope.stats.results import Context, Row
from selfscope.stats.sampled import in_format, refusal_bounds, sampled_contrasts
from selfscope.stats.strata import middle
from selfscope.stats.verdicts import Evidence, decide_many

Formats = tuple[PairedContrast, PairedContrast] | tuple[None, None]
LEAST_IN_FORMAT = 3
"""Statements that a format needs for a p of its own."""


class Compared(NamedTuple):
    """What a row rests on, whether log-odds are exact or answers were drawn.

    Trait and guarded trait, agreement (None without twins), preferences (None in a channel without formats),
    yes/no and lettered, the trait in points (NaN where exact), and the bounds of refusals.
    """

    trait: ClassContrast
    guarded: ClassContrast
    agreement: Agreement | None
    forms: FormEffects | None
    formats: Formats
    points: Array
    bounds: tuple[PairedContrast, PairedContrast] | None


def compare(name: str, texts: ArmScores, context: Context) -> Row:
    """Compare the subject with one class."""
    s = context.subject
    slope = _slope(s, texts, context.family)
    drawn = s.agreed is not None and texts.agreed is not None
    found = (_from_counts if drawn else _from_scores)(s, texts, slope, context)
    trait, (bias_p, position_p, label_p, merged_p) = found.trait, _bias_families(found, context)
    row = Row(
        name,
        trait.k,
        trait,
        found.guarded,
        slope,
        context.correct(trait.p),
        context.correct(found.guarded.p),
        _bootstrap(s.d, texts.d, trait, context),
        found.agreement,
        bias_p,
        position_p,
        label_p,
        merged_p,
        found.forms,
        found.formats[0],
        found.formats[1],
        None if s.points is None or texts.points is None else s.points - texts.points.mean(axis=-2),
        found.points,
        found.bounds,
        middle(s.d - texts.d.mean(axis=-3), context.keyed),
        Evidence(*[np.nan] * len(Evidence._fields)),
        np.zeros(0, np.intp),
    )
    evidence = _evidence(row, texts, context)
    return row._replace(evidence=evidence, codes=decide_many(evidence))


def _slope(s: ArmScores, texts: ArmScores, family: Mask) -> Array:
    """Return ĉ over the declared dimensions, the noise of drawing taken off."""
    noise = None
    if texts.noise is not None:
        noise = (texts.noise.mean(axis=-3) / texts.noise.shape[-3])[..., family, :]
    return sharpening_slope(s.d[..., family, :], texts.d.mean(axis=-3)[..., family, :], noise)


def _from_scores(s: ArmScores, texts: ArmScores, slope: Array, context: Context) -> Compared:
    """Return the contrasts of exact log-odds."""
    settings = context.settings
    trait = class_contrast(s.d, texts.d, context.keyed, seed=settings.seed, draws=settings.flips)
    return Compared(
        trait,
        _guarded(s.d, texts.d, slope, context),
        _moved(s, texts, context),
        _shapes(s, texts, context),
        _formats(s, texts, context),
        np.full(trait.p.shape, np.nan),
        None,
    )


def _from_counts(s: ArmScores, texts: ArmScores, slope: Array, context: Context) -> Compared:
    """Return the same from drawn answers (§9)."""
    found = sampled_contrasts(s, texts, context.keyed, slope, forms=context.forms)
    theta, a = found.texts, found.texts_acquiescence
    moved = None
    if np.isfinite(s.b).any():
        whole = with_texts(found.acquiescence, a)
        moved = sides(whole, with_texts(found.pro, a + theta), with_texts(found.con, a - theta))
    return Compared(
        with_texts(found.trait, theta),
        with_texts(found.guarded, theta * np.abs(slope)[..., None, None], _stretch(slope)),
        moved,
        None if context.forms is None or moved is None else found.preferences,
        _counted_formats(s, texts, context),
        found.points,
        refusal_bounds(s, texts, context.keyed, forms=context.forms),
    )


def _stretch(slope: Array) -> Array:
    """Return the factor that keeps the spread of texts from shrinking with ĉ < 1."""
    scale = np.abs(slope)
    return np.where(scale < 1, 1 / np.where(scale > 0, scale, 1.0), 1.0)


def _guarded(subject: Array, texts: Array, slope: Array, context: Context) -> ClassContrast:
    """Test Δ* = θ_s - ĉ θ_c the same way.

    The spread of texts is scaled by ĉ like the texts, but never shrunk: a subject that is one more text,
    read through noise, has the spread of texts.
    """
    return class_contrast(
        subject,
        slope[..., None, None, None] * texts,
        context.keyed,
        flip_below=context.settings.alpha,
        seed=context.settings.seed,
        draws=context.settings.flips,
        stretch=_stretch(slope),
    )


def _moved(s: ArmScores, texts: ArmScores, context: Context) -> Agreement | None:
    """Return what agreement did; None where no statement has a twin."""
    if not np.isfinite(s.b).any():
        return None
    return agreement(
        s.d,
        s.b,
        texts.d,
        texts.b,
        context.keyed,
        flip_below=context.settings.alpha,
        seed=context.settings.seed,
    )


def _shapes(s: ArmScores, texts: ArmScores, context: Context) -> FormEffects | None:
    """Return what position and label did; None in a channel without them."""
    if context.forms is None or s.b_forms is None or texts.b_forms is None:
        return None
    return form_effects(s.b_forms, texts.b_forms, context.keyed, context.forms)


def _bias_families(found: Compared, context: Context) -> list[Array]:
    """Correct the bias tests of a row (Holm over dimensions), each kind of bias a family of its own."""
    nothing = np.full(found.trait.p.shape, np.nan)
    kinds = [nothing] * len(FormEffects._fields) if found.forms is None else [e.p for e in found.forms]
    tests = [nothing if found.agreement is None else found.agreement.p, *kinds]
    return [np.where(context.family, holm(np.where(context.family, p, np.nan)), p) for p in tests]


def _formats(s: ArmScores, texts: ArmScores, context: Context) -> Formats:
    """Return the trait contrast of yes/no and of lettered forms (t only)."""
    if context.forms is None or s.d_forms is None or texts.d_forms is None:
        return None, None
    delta = s.d_forms - texts.d_forms.mean(axis=-4)
    first, second = (
        paired_contrast(part, context.keyed, flip=False, least=LEAST_IN_FORMAT)
        for part in by_format(delta, context.forms.lettered)
    )
    return first, second


def _counted_formats(s: ArmScores, texts: ArmScores, context: Context) -> Formats:
    """Return the same from drawn answers, each format by a model of its own."""
    if context.forms is None:
        return None, None
    first, second = (_in_format(s, texts, context, context.forms, lettered) for lettered in (False, True))
    return first, second


def _in_format(
    s: ArmScores, texts: ArmScores, context: Context, forms: Forms, lettered: bool
) -> PairedContrast:
    """Return the trait contrast of drawn answers in one format."""
    mine, theirs = (in_format(arm, forms, lettered=lettered) for arm in (s, texts))
    return sampled_contrasts(mine, theirs, context.keyed, 1.0, forms=forms, least=LEAST_IN_FORMAT).trait


def _bootstrap(subject: Array, texts: Array, trait: ClassContrast, context: Context) -> Array:
    """Return bootstrap intervals: all, or those of skewed contrasts on which a verdict may hang."""
    settings = context.settings
    where = np.ones(trait.p.shape, bool)
    if not settings.bootstrap_all:
        where = (np.abs(trait.items.skewness) > SKEWED) & (trait.p <= settings.alpha)
    delta = subject - texts.mean(axis=-3)
    return bootstrap_interval(
        delta, context.keyed, draws=settings.bootstraps, seed=settings.seed, where=where
    )


def _evidence(row: Row, texts: ArmScores, context: Context) -> Evidence:
    """Gather what the verdicts of a row rest on, all of shape ``(..., dimension)``."""
    s, items, settings = context.subject, row.trait.items, context.settings
    sign = np.sign(items.estimate)
    nothing = np.full(items.estimate.shape, np.nan)
    agrees = (row.bootstrap[..., 0] * sign > 0) & (row.bootstrap[..., 1] * sign > 0)
    skewed = np.abs(items.skewness) > SKEWED
    guard = (row.guarded_p <= settings.alpha) & (np.sign(row.guarded.estimate) == sign)
    moved, shapes = row.agreement, row.forms
    raw = Evidence(
        estimate=items.estimate,
        p=row.p_adjusted,
        low90=row.trait.ci90[..., 0],
        high90=row.trait.ci90[..., 1],
        plus=items.plus,
        minus=items.minus,
        opposed=_opposed(row.yesno, row.lettered, settings.alpha),
        guard=guard | (not settings.guard),
        resampled=~skewed | agrees,
        skewed=skewed,
        separated=(items.n_plus > 0) & (items.n_minus > 0) & np.isfinite(s.b).any(axis=-1),
        saturated=_or_zero(s.saturated) > SATURATED_SHARE,
        g1=context.gates.g1,
        g2=context.gates.g2,
        mass=_mass(s, texts),
        refused_subject=_or_zero(s.refused),
        refused_control=0.0 if texts.refused is None else mean(texts.refused, axis=-2),
        bias=nothing if moved is None else moved.acquiescence.estimate,
        bias_p=row.bias_p,
        position=nothing if shapes is None else shapes.position.estimate,
        position_p=row.position_p,
        label=nothing if shapes is None else shapes.label.estimate,
        label_p=row.label_p,
        merged=nothing if shapes is None else shapes.label_or_position.estimate,
        merged_p=row.merged_p,
        points=row.trait_points,
        sesoi=settings.sesoi,
        least_points=settings.points,
        alpha=settings.alpha,
    )
    return Evidence(*(np.broadcast_to(np.asarray(x), items.estimate.shape) for x in raw))


def _opposed(yesno: PairedContrast | None, lettered: PairedContrast | None, alpha: float) -> Mask:
    """Whether both formats are significant with opposite signs."""
    if yesno is None or lettered is None:
        return np.zeros((), bool)
    both = (yesno.p_t <= alpha) & (lettered.p_t <= alpha)
    return np.asarray(both & (np.sign(yesno.estimate) != np.sign(lettered.estimate)))


def _mass(s: ArmScores, texts: ArmScores) -> Array:
    """Return the smaller option mass of subject and class; NaN where the channel has none."""
    masses = [
        np.full((), np.nan) if s.option_mass is None else s.option_mass,
        np.full((), np.nan) if texts.option_mass is None else mean(texts.option_mass, axis=-2),
    ]
    return np.fmin(masses[0], masses[1])


def _or_zero(x: Array | None) -> Array:
    """Return x, or 0 where the channel has none."""
    return np.zeros(()) if x is None else np.nan_to_num(x)
