"""All contrasts of a subject with one class of texts, from log-odds (§4, §5) or from drawn answers (§9)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from selfscope.errors import BadInput
from selfscope.stats.atoms import ArmScores, Forms, by_format
from selfscope.stats.bias import Agreement, agreement, sides
from selfscope.stats.classes import ClassContrast, class_contrast, with_texts
from selfscope.stats.contrast import PairedContrast, paired_contrast
from selfscope.stats.effects import Effect, keying_effect
from selfscope.stats.form_effects import FormEffects, form_effects
from selfscope.stats.guard import sharpening_slope
from selfscope.stats.masked import Array, Mask
from selfscope.stats.results import Context
from selfscope.stats.sampled import in_format, refusal_bounds, sampled_contrasts
from selfscope.stats.strata import half_difference, strata
from selfscope.values.finding import NO_TRAINING

Formats = tuple[PairedContrast, PairedContrast] | tuple[None, None]
LEAST_IN_FORMAT = 3
"""Statements that a format needs for a p of its own."""


class Compared(NamedTuple):
    """What a row rests on, whether log-odds are exact or answers were drawn.

    Trait and guarded trait, agreement (None without twins, and in choices), preferences (None in a channel
    without formats), the changes in ν and γ (None without twins), yes/no and lettered, the trait in points
    (NaN where exact), and the bounds of refusals.
    """

    trait: ClassContrast
    guarded: ClassContrast
    agreement: Agreement | None
    forms: FormEffects | None
    negation: Effect
    keying: Effect | None
    formats: Formats
    points: Array
    bounds: tuple[PairedContrast, PairedContrast] | None


def contrasts_with(name: str, texts: ArmScores, context: Context) -> tuple[Compared, Array]:
    """Return every contrast of the subject with one class, and the sharpening slope.

    Parameters
    ----------
    name
        The class, to be named in errors.
    texts
        Scores of its texts, ``(..., text, dimension, m)``.

    Raises
    ------
    BadInput
        If answers were drawn on one side and are exact on the other: counts cannot be modelled beside
        log-odds, and empirical logits do not decide (§9).
    """
    s = context.subject
    if (s.agreed is None) != (texts.agreed is None):
        raise BadInput(
            "drawn answers and exact log-odds cannot be judged together",
            got=f"the subject's are {_kind(s)}, those of {name!r} {_kind(texts)}",
            fix="Ask both in the same way",
        )
    slope = _slope(s, texts, context.family)
    if s.agreed is not None:
        return _from_counts(s, texts, slope, context), slope
    return _from_scores(name, s, texts, slope, context), slope


def _kind(arm: ArmScores) -> str:
    """Return how an arm's answers were had, in a word."""
    return "exact" if arm.agreed is None else "drawn"


def _slope(s: ArmScores, texts: ArmScores, family: Mask) -> Array:
    """Return ĉ over the declared dimensions, the noise of drawing taken off."""
    noise = None
    if texts.noise is not None:
        noise = (texts.noise.mean(axis=-3) / texts.noise.shape[-3])[..., family, :]
    return sharpening_slope(s.d[..., family, :], texts.d.mean(axis=-3)[..., family, :], noise)


def _from_scores(name: str, s: ArmScores, texts: ArmScores, slope: Array, context: Context) -> Compared:
    """Return the contrasts of exact log-odds."""
    settings = context.settings
    trait = class_contrast(
        s.d, texts.d, context.keyed, seed=settings.seed, draws=settings.flips, **_trainings(name, context)
    )
    moved = _moved(s, texts, context)
    return Compared(
        trait,
        _guarded(name, s.d, texts.d, slope, context),
        moved,
        _shapes(s, texts, context),
        _only(keying_effect(trait.items, _keyed_part(s.d, texts.d, context)), _twins(s)),
        None
        if moved is None
        else keying_effect(moved.acquiescence.items, _keyed_part(s.b, texts.b, context)),
        _formats(s, texts, context),
        np.full(trait.p.shape, np.nan),
        None,
    )


def _from_counts(s: ArmScores, texts: ArmScores, slope: Array, context: Context) -> Compared:
    """Return the same from drawn answers (§9)."""
    found = sampled_contrasts(s, texts, context.keyed, slope, forms=context.forms)
    theta, twins = found.texts, _twins(s)
    moved = None
    if twins.any() and context.settings.agreeing:
        a = np.where(twins[..., None, :], found.texts_acquiescence, np.nan)
        whole, pro, con = (_where(twins, x) for x in (found.acquiescence, found.pro, found.con))
        moved = sides(with_texts(whole, a), with_texts(pro, a + theta), with_texts(con, a - theta))
    return Compared(
        with_texts(found.trait, theta),
        with_texts(found.guarded, theta * np.abs(slope)[..., None, None], _stretch(slope)),
        moved,
        None
        if context.forms is None or not twins.any()
        else FormEffects(*(_only(e, twins) for e in found.preferences)),
        _only(found.negation, twins),
        None if moved is None else _only(found.keying, twins),
        _counted_formats(s, texts, context),
        found.points,
        refusal_bounds(s, texts, context.keyed, forms=context.forms),
    )


def _twins(s: ArmScores) -> Mask:
    """Return in which dimensions statements have twins, so that B and ν are told from the trait."""
    return np.asarray(np.isfinite(s.b).any(axis=-1))


def _where(twins: Mask, found: PairedContrast) -> PairedContrast:
    """Return a contrast of B, which is not there in dimensions without twins."""
    if twins.all():
        return found
    return PairedContrast(
        *(np.where(twins if x.ndim == twins.ndim else twins[..., None], x, np.nan) for x in found)
    )


def _only(effect: Effect, twins: Mask) -> Effect:
    """Return an effect that is not there in dimensions without twins."""
    if twins.all():
        return effect
    return effect._replace(
        estimate=np.where(twins, effect.estimate, np.nan),
        p=np.where(twins, effect.p, np.nan),
        ci95=np.where(twins[..., None], effect.ci95, np.nan),
    )


def _keyed_part(subject: Array, texts: Array, context: Context) -> Array | None:
    """Return half the difference of the keyings of every text; None of one text."""
    if texts.shape[-3] < 2:
        return None
    complete = np.isfinite(texts).all(axis=-3, keepdims=True) & np.isfinite(subject)[..., None, :, :]
    return half_difference(strata(np.where(complete, texts, np.nan), context.keyed))


def _stretch(slope: Array) -> Array:
    """Return the factor that keeps the spread of texts from shrinking with ĉ < 1."""
    scale = np.abs(slope)
    return np.where(scale < 1, 1 / np.where(scale > 0, scale, 1.0), 1.0)


def _trainings(name: str, context: Context) -> dict[str, Any]:
    """Return what makes a training the unit of inference, where the subject is a sample of trainings."""
    if context.seeds is None:
        return {}
    return {"seeds": context.seeds.d, "sampled": name not in ("none", NO_TRAINING)}


def _guarded(name: str, subject: Array, texts: Array, slope: Array, context: Context) -> ClassContrast:
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
        **_trainings(name, context),
    )


def _moved(s: ArmScores, texts: ArmScores, context: Context) -> Agreement | None:
    """Return what agreement did; None where no statement has a twin, or there is nothing to agree with."""
    if not (context.settings.agreeing and np.isfinite(s.b).any()):
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
