"""One family: a subject, its controls, all dimensions of one channel; every number and every verdict.

`measurement.md` §4 to §8. This is the one way from scores to verdicts: ``judge(subject, controls, keyed)``.
All arrays may carry study axes before their own, so that simulations judge many studies at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfscope.errors import BadInput
from selfscope.stats.atoms import SATURATED_SHARE, ArmScores, Forms, by_format
from selfscope.stats.bias import Agreement, FormEffects, agreement, form_effects, sides
from selfscope.stats.classes import LEAST_TEXTS, ClassContrast, class_contrast, with_texts
from selfscope.stats.contrast import SKEWED, PairedContrast, paired_contrast
from selfscope.stats.flip import DRAWS
from selfscope.stats.guard import sharpening_slope
from selfscope.stats.masked import Array, Mask, mean
from selfscope.stats.multiplicity import benjamini_hochberg, holm
from selfscope.stats.resample import bootstrap_interval
from selfscope.stats.sampled import sampled_contrasts
from selfscope.stats.verdicts import UNKNOWN, Evidence, decide_many, weakest_many

CLAIMED = ("none", "generic", "persona")
"""The classes of "this identity"."""
RUNGS = ("", "any text", "any strong persona", "this identity")
"""What moves a dimension this much, as far as the classes tell; a code is an index here."""


@dataclass(frozen=True)
class Settings:
    """What is fixed before data are seen; `changes` names what differs from the law's defaults.

    Attributes
    ----------
    sesoi
        δ, a half contrast in natural log-odds.
    correction
        ``holm`` for a declared family, ``benjamini-hochberg`` for screening (a user's items).
    bias_name
        What B is: ``yes-saying``, or ``fluency`` in the channel `utterance`.
    least_texts
        Texts a class needs for the word "any".
    flips, bootstraps
        Sign patterns above 14 statements; bootstrap draws.
    bootstrap_all
        Show the bootstrap interval of every contrast, not only where the verdict needs it.
    seed
        Names both.
    """

    sesoi: float = 0.5
    alpha: float = 0.05
    correction: Literal["holm", "benjamini-hochberg"] = "holm"
    bias_name: str = "yes-saying"
    guard: bool = True
    least_texts: int = LEAST_TEXTS
    flips: int = DRAWS
    bootstraps: int = 1999
    bootstrap_all: bool = True
    seed: int = 0

    @classmethod
    def utterance(cls, **changes: object) -> Settings:
        """Return the defaults of the channel `utterance`: δ = 0.25, B is fluency (§3b)."""
        return cls(**{"sesoi": 0.25, "bias_name": "fluency", **changes})  # type: ignore[arg-type]

    def changes(self) -> tuple[str, ...]:
        """Return in words what differs from the defaults of this channel, for the manifest."""
        usual = Settings.utterance() if self.bias_name == "fluency" else Settings()
        ignored = ("seed", "bootstrap_all", "correction")
        return tuple(
            f"{f.name} {getattr(self, f.name)} (default {getattr(usual, f.name)})"
            for f in fields(self)
            if f.name not in ignored and getattr(self, f.name) != getattr(usual, f.name)
        )


@dataclass(frozen=True)
class Gates:
    """The state of both gates per dimension, ``(dimension,)`` or broadcastable to ``(..., dimension)``.

    Attributes
    ----------
    g1
        1 pass, 0 fail, -1 not estimated.
    g2
        Eρ²; NaN not estimated.
    """

    g1: ArrayLike = UNKNOWN
    g2: ArrayLike = float("nan")


class Row(NamedTuple):
    """The subject against one control; arrays ``(..., dimension)`` unless said.

    Attributes
    ----------
    control, k
        Name of the class (or of a text), and its number of texts.
    trait
        The contrast of D with both tests.
    guarded, slope
        The same of θ_s - ĉ θ_c, and ĉ ``(...)``.
    p_adjusted, guarded_p
        Corrected over the family.
    bootstrap
        Studentised bootstrap interval, ``(..., dimension, 2)``.
    agreement
        Contrasts of B and of pro and con texts; None where statements have no twins.
    bias_p, position_p, label_p
        Corrected over the family of all bias tests of this row.
    forms
        Position and label; None where the channel has none.
    yesno, lettered
        The trait contrast in each format, uncorrected; None where the channel has none.
    points
        Change in percentage points; None where the channel has none.
    evidence, codes
        What the verdict rests on, and the verdict: an index of ``verdicts.RULES``.
    """

    control: str
    k: int
    trait: ClassContrast
    guarded: ClassContrast
    slope: Array
    p_adjusted: Array
    guarded_p: Array
    bootstrap: Array
    agreement: Agreement | None
    bias_p: Array
    position_p: Array
    label_p: Array
    forms: FormEffects | None
    yesno: PairedContrast | None
    lettered: PairedContrast | None
    points: Array | None
    evidence: Evidence
    codes: NDArray[np.intp]


class ClaimRow(NamedTuple):
    """The claim "this identity": none and generic and persona together; arrays ``(..., dimension)``.

    Attributes
    ----------
    p, p_adjusted
        The largest p of the classes (1 if their signs differ), and after Holm.
    estimate, ci95, ci90
        Of the binding class: the one that moved least.
    binding
        Its place in ``CLAIMED``.
    rung
        How far the effect climbs, an index of ``RUNGS``.
    word
        ``this identity``, or ``than this control`` where a class has too few texts.
    codes
        Verdicts, indices of ``verdicts.RULES``.
    """

    p: Array
    p_adjusted: Array
    estimate: Array
    ci95: Array
    ci90: Array
    binding: NDArray[np.intp]
    rung: NDArray[np.intp]
    word: str
    codes: NDArray[np.intp]


@dataclass(frozen=True)
class FamilyResult:
    """Everything about one family.

    Attributes
    ----------
    rows
        One for each control, by its name, in the order given.
    claim
        None unless all of none, generic and persona were asked.
    keyed
        ``(dimension, m)``.
    declared
        Which dimensions are in the family, ``(dimension,)``; others are shown with their own p.
    """

    rows: dict[str, Row]
    claim: ClaimRow | None
    keyed: Array
    declared: Mask
    settings: Settings = field(default_factory=Settings)


def judge(
    subject: ArmScores,
    controls: Mapping[str, ArmScores],
    keyed: ArrayLike,
    *,
    settings: Settings | None = None,
    gates: Gates | None = None,
    forms: Forms | None = None,
    declared: ArrayLike | None = None,
) -> FamilyResult:
    """Which dimensions does this subject move, against which controls, and is it the trait?

    Parameters
    ----------
    subject
        Scores of the subject, ``(..., dimension, m)``.
    controls
        Scores of each class of control texts, ``(..., text, dimension, m)``, under ``none``, ``generic``,
        ``persona``, ``shuffled``, ``checklist`` or any other name. One text is a class of one
        (``ArmScores.as_text``, ``stack_texts``).
    keyed
        +1, -1, and 0 for padding where dimensions differ in length (scores NaN there): ``(dimension, m)``.
    settings, gates
        The law's defaults; no gate estimated.
    forms
        What the form axis is; without it no formats, positions and labels are told apart.
    declared
        Dimensions of the confirmatory family, ``(dimension,)``; all by default.

    Raises
    ------
    BadInput
        If there is no control, or shapes do not fit.
    """
    if not controls:
        raise BadInput("nothing to compare with", fix="Give at least one control; `level` reads a bare model")
    chosen = settings or Settings()
    k = np.broadcast_to(np.asarray(keyed, float), subject.d.shape[-2:])
    family = np.ones(len(k), bool) if declared is None else np.asarray(declared, bool)
    context = _Context(subject, k, chosen, gates or Gates(), forms, family)
    rows = {name: _row(name, texts, context) for name, texts in controls.items()}
    claim = _claim(rows, context) if all(name in rows for name in CLAIMED) else None
    return FamilyResult(rows, claim, k, family, chosen)


class _Context(NamedTuple):
    subject: ArmScores
    keyed: Array
    settings: Settings
    gates: Gates
    forms: Forms | None
    family: Mask

    def correct(self, p: Array) -> Array:
        """Correct p over the declared dimensions; the others keep their own."""
        inside = np.where(self.family, p, np.nan)
        method = holm if self.settings.correction == "holm" else benjamini_hochberg
        return np.where(self.family, method(inside), p)


def _row(name: str, texts: ArmScores, context: _Context) -> Row:
    """Compare the subject with one class."""
    s = context.subject
    slope = _slope(s, texts, context.family)
    drawn = s.agreed is not None and texts.agreed is not None
    trait, guarded, moved = (_from_counts if drawn else _from_scores)(s, texts, slope, context)
    shapes = None if drawn else _shapes(s, texts, context)
    bias_p = _bias_family(moved, shapes, trait.p.shape, context)
    formats = _formats(s, texts, context)
    resampled = _bootstrap(s.d, texts.d, trait, context)
    points = None if s.points is None or texts.points is None else s.points - texts.points.mean(axis=-2)
    row = Row(
        name,
        trait.k,
        trait,
        guarded,
        slope,
        context.correct(trait.p),
        context.correct(guarded.p),
        resampled,
        moved,
        *bias_p,
        shapes,
        *formats,
        points,
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


def _from_scores(
    s: ArmScores, texts: ArmScores, slope: Array, context: _Context
) -> tuple[ClassContrast, ClassContrast, Agreement | None]:
    """Return the contrasts of exact log-odds: trait, guarded trait, agreement."""
    settings = context.settings
    trait = class_contrast(s.d, texts.d, context.keyed, seed=settings.seed, draws=settings.flips)
    return trait, _guarded(s.d, texts.d, slope, context), _moved(s, texts, context)


def _from_counts(
    s: ArmScores, texts: ArmScores, slope: Array, context: _Context
) -> tuple[ClassContrast, ClassContrast, Agreement | None]:
    """Return the same from drawn answers (§9)."""
    found = sampled_contrasts(s, texts, context.keyed, slope, forms=context.forms)
    theta, a = found.texts, found.texts_acquiescence
    trait = with_texts(found.trait, theta)
    guarded = with_texts(found.guarded, theta * np.abs(slope)[..., None, None], _stretch(slope))
    if np.isnan(found.acquiescence.estimate).all():
        return trait, guarded, None
    whole = with_texts(found.acquiescence, a)
    return trait, guarded, sides(whole, with_texts(found.pro, a + theta), with_texts(found.con, a - theta))


def _stretch(slope: Array) -> Array:
    """Return the factor that keeps the spread of texts from shrinking with ĉ < 1."""
    scale = np.abs(slope)
    return np.where(scale < 1, 1 / np.where(scale > 0, scale, 1.0), 1.0)


def _guarded(subject: Array, texts: Array, slope: Array, context: _Context) -> ClassContrast:
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


def _moved(s: ArmScores, texts: ArmScores, context: _Context) -> Agreement | None:
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


def _shapes(s: ArmScores, texts: ArmScores, context: _Context) -> FormEffects | None:
    """Return what position and label did; None in a channel without them."""
    if context.forms is None or s.b_forms is None or texts.b_forms is None:
        return None
    return form_effects(s.b_forms, texts.b_forms, context.keyed, context.forms)


def _bias_family(
    moved: Agreement | None, shapes: FormEffects | None, shape: tuple[int, ...], context: _Context
) -> tuple[Array, Array, Array]:
    """Correct all bias tests of a row together (Holm): agreement, position and label of every dimension."""
    nothing = np.full(shape, np.nan)
    tests = (
        nothing if moved is None else moved.p,
        nothing if shapes is None else shapes.position.p,
        nothing if shapes is None else shapes.label.p,
    )
    inside = np.concatenate([np.where(context.family, p, np.nan) for p in tests], axis=-1)
    corrected = np.split(holm(inside), 3, axis=-1)
    first, second, third = (np.where(context.family, q, p) for q, p in zip(corrected, tests, strict=True))
    return first, second, third


def _formats(
    s: ArmScores, texts: ArmScores, context: _Context
) -> tuple[PairedContrast | None, PairedContrast | None]:
    """Return the trait contrast of yes/no and of lettered forms (t only)."""
    if context.forms is None or s.d_forms is None or texts.d_forms is None:
        return None, None
    delta = s.d_forms - texts.d_forms.mean(axis=-4)
    first, second = (
        paired_contrast(part, context.keyed, flip=False, least=3)
        for part in by_format(delta, context.forms.lettered)
    )
    return first, second


def _bootstrap(subject: Array, texts: Array, trait: ClassContrast, context: _Context) -> Array:
    """Return bootstrap intervals: all, or those of skewed contrasts on which a verdict may hang."""
    settings = context.settings
    where = np.ones(trait.p.shape, bool)
    if not settings.bootstrap_all:
        where = (np.abs(trait.items.skewness) > SKEWED) & (trait.p <= settings.alpha)
    delta = subject - texts.mean(axis=-3)
    return bootstrap_interval(
        delta, context.keyed, draws=settings.bootstraps, seed=settings.seed, where=where
    )


def _evidence(row: Row, texts: ArmScores, context: _Context) -> Evidence:
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
        sesoi=settings.sesoi,
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


def _claim(rows: dict[str, Row], context: _Context) -> ClaimRow:
    """Judge "this identity": intersection-union of none, generic and persona."""
    parts, settings = [rows[name] for name in CLAIMED], context.settings
    p, same = _together([row.trait for row in parts])
    guarded, same_guarded = _together([row.guarded for row in parts])
    p_adjusted, guarded_p = context.correct(p), context.correct(guarded)
    every = [row.evidence._replace(p=p_adjusted) for row in parts]
    guard = ((guarded_p <= settings.alpha) & same_guarded) | (not settings.guard)
    holds = np.all([decide_many(e) == 0 for e in every], axis=0) & same & guard
    codes = np.where(holds, 0, weakest_many(np.stack([row.codes for row in parts])))
    sizes = np.stack([row.trait.estimate for row in parts])
    binding = np.abs(np.nan_to_num(sizes, nan=np.inf)).argmin(axis=0)
    word = "this identity" if _enough(parts, settings) else "than this control"
    return ClaimRow(
        p,
        p_adjusted,
        _pick(sizes, binding),
        _pick(np.stack([row.trait.ci95 for row in parts]), binding[..., None]),
        _pick(np.stack([row.trait.ci90 for row in parts]), binding[..., None]),
        binding,
        _rung(parts, codes),
        word,
        codes,
    )


def _together(contrasts: list[ClassContrast]) -> tuple[Array, Mask]:
    """Return the intersection-union p, and whether all signs are one."""
    p = np.stack([c.p for c in contrasts])
    signs = np.stack([np.sign(c.estimate) for c in contrasts])
    same = np.asarray((signs == signs[0]).all(axis=0))
    worst = p.max(axis=0)
    return np.where(same | np.isnan(worst), worst, 1.0), same


def _rung(parts: list[Row], codes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return how far up each dimension climbs: none, then generic, then persona, with one sign."""
    sign = np.sign(parts[0].trait.estimate)
    moves = [(row.codes == 0) & (np.sign(row.trait.estimate) == sign) for row in parts]
    return np.select([codes == 0, moves[0] & moves[1], moves[0]], [3, 2, 1], default=0)


def _enough(parts: list[Row], settings: Settings) -> bool:
    """Whether the sampled classes have texts enough for the word "any"."""
    return all(row.k >= settings.least_texts for row in parts if row.control != "none")


def _pick(stacked: Array, index: NDArray[np.intp]) -> Array:
    """Choose along the first axis."""
    where = np.broadcast_to(index, stacked.shape[1:])[None]
    return np.asarray(np.take_along_axis(stacked, where, axis=0)[0])


def nothing_moved(result: FamilyResult, control: str) -> Mask:
    """Is "no dimension moved" against this control supported: every declared dimension equivalent?

    Intersection-union: all two one-sided tests pass, each at its own .05. Shape ``(...)``.
    """
    row = result.rows[control]
    inside = (row.trait.ci90[..., 0] > -result.settings.sesoi) & (
        row.trait.ci90[..., 1] < result.settings.sesoi
    )
    return np.asarray((inside | ~result.declared).all(axis=-1))
