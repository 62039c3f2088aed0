"""One row of a family: the subject against one class of control texts."""

from __future__ import annotations

import numpy as np

from selfscope.stats.atoms import SATURATED_SHARE, ArmScores
from selfscope.stats.classes import ClassContrast
from selfscope.stats.compared import Compared, contrasts_with
from selfscope.stats.contrast import SKEWED, PairedContrast
from selfscope.stats.form_effects import FormEffects
from selfscope.stats.masked import Array, Mask, mean
from selfscope.stats.multiplicity import holm
from selfscope.stats.resample import bootstrap_interval
from selfscope.stats.results import Context, Row
from selfscope.stats.strata import middle
from selfscope.stats.verdicts import Evidence, decide_many


def compare(name: str, texts: ArmScores, context: Context) -> Row:
    """Compare the subject with one class, by every test of §4 to §8.

    Parameters
    ----------
    name
        The class.
    texts
        Scores of its texts, ``(..., text, dimension, m)``.

    Returns
    -------
    Arrays ``(..., dimension)``, the verdicts among them.

    Raises
    ------
    BadInput
        If answers were drawn on one side and are exact on the other, or shapes do not fit.
    """
    s = context.subject
    found, slope = contrasts_with(name, texts, context)
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
        _bootstrap_small(s.d, texts.d, trait, context),
        found.agreement,
        bias_p,
        position_p,
        label_p,
        merged_p,
        found.forms,
        found.negation,
        found.keying,
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


def _bias_families(found: Compared, context: Context) -> list[Array]:
    """Correct the bias tests of a row (Holm), each kind of bias a family of its own."""
    nothing = np.full(found.trait.p.shape, np.nan)
    kinds = [nothing] * len(FormEffects._fields) if found.forms is None else [e.p for e in found.forms]
    tests = [nothing if found.agreement is None else found.agreement.p, *kinds]
    return [context.over_family(p, holm) for p in tests]


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


def _bootstrap_small(subject: Array, texts: Array, trait: ClassContrast, context: Context) -> Mask:
    """Whether what seems small is small by the bootstrap too, which is asked where δ_i are skewed (§4)."""
    settings, limit = context.settings, context.settings.sesoi
    small = (trait.ci90[..., 0] > -limit) & (trait.ci90[..., 1] < limit)
    asked = (np.abs(trait.items.skewness) > SKEWED) & small
    if not asked.any():
        return ~asked
    delta = subject - texts.mean(axis=-3)
    draws, seed = settings.bootstraps, settings.seed
    found = bootstrap_interval(delta, context.keyed, level=0.90, draws=draws, seed=seed, where=asked)
    return ~asked | ((found[..., 0] > -limit) & (found[..., 1] < limit))


def _evidence(row: Row, texts: ArmScores, context: Context) -> Evidence:
    """Gather what the verdicts of a row rest on, all of shape ``(..., dimension)``."""
    s, items, settings = context.subject, row.trait.items, context.settings
    sign = np.sign(items.estimate)
    nothing = np.full(items.estimate.shape, np.nan)
    agrees = (row.bootstrap[..., 0] * sign > 0) & (row.bootstrap[..., 1] * sign > 0)
    skewed = np.abs(items.skewness) > SKEWED
    separated = (items.n_plus > 0) & (items.n_minus > 0) & np.isfinite(s.b).any(axis=-1)
    guard = (row.guarded_p <= settings.alpha) & (np.sign(row.guarded.estimate) == sign)
    guard |= np.isnan(row.guarded.estimate) & ~separated  # cannot be had, and no shift is claimed anyway
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
        resampled_small=row.bootstrap_small,
        skewed=skewed,
        separated=separated,
        saturated=_saturated(s, texts),
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


def _saturated(s: ArmScores, texts: ArmScores) -> Mask:
    """Whether too many answers of the subject, or of the class on average, are beyond 8 log-odds."""
    theirs = None if texts.saturated is None else mean(texts.saturated, axis=-2)
    return (_or_zero(s.saturated) > SATURATED_SHARE) | (_or_zero(theirs) > SATURATED_SHARE)


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
