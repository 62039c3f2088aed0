"""What a family's analysis is given and what it returns: settings, gates, rows, claims."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfscope.errors import BadInput
from selfscope.stats.atoms import ArmScores, Forms
from selfscope.stats.bias import Agreement
from selfscope.stats.classes import LEAST_TEXTS, ClassContrast
from selfscope.stats.contrast import PairedContrast
from selfscope.stats.effects import Effect
from selfscope.stats.flip import DRAWS
from selfscope.stats.form_effects import FormEffects
from selfscope.stats.masked import Array, Mask
from selfscope.stats.multiplicity import benjamini_hochberg, holm
from selfscope.stats.verdicts import UNKNOWN, Evidence
from selfscope.values.study import BIAS, SESOI

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
    points
        Percentage points that a shift needs beside δ where answers are drawn.
    correction
        ``holm`` for a declared family, ``benjamini-hochberg`` for screening (a user's items).
    bias_name
        What B is: ``yes-saying``, ``fluency`` in the channel `utterance`, ``label or position`` in choices,
        ``going along`` with open prompts in the channel `internal`.
    least_texts
        Texts a class needs for the word "any".
    flips, bootstraps
        Sign patterns above 14 statements; bootstrap draws.
    bootstrap_all
        Show the bootstrap interval of every contrast, not only where the verdict needs it.
    seed
        Names both.
    together
        Whether the axes before `dimension` belong to one family: the steps of a trajectory, and not many
        studies that are each judged alone.
    """

    sesoi: float = SESOI["self_report"]
    points: float = 10.0
    alpha: float = 0.05
    correction: Literal["holm", "benjamini-hochberg"] = "holm"
    bias_name: str = "yes-saying"
    guard: bool = True
    least_texts: int = LEAST_TEXTS
    flips: int = DRAWS
    bootstraps: int = 1999
    bootstrap_all: bool = True
    seed: int = 0
    together: bool = False

    @classmethod
    def utterance(cls, **changes: object) -> Settings:
        """Return the defaults of the channel `utterance`: δ = 0.25, B is fluency (§3b)."""
        return cls.of("utterance", **changes)

    @classmethod
    def of(cls, channel: str, **changes: object) -> Settings:
        """Return the defaults of a channel; one that is not built in has those of closed questions."""
        known = channel if channel in BIAS else "self_report"
        return cls(**{"sesoi": SESOI[known], "bias_name": BIAS[known], **changes})  # type: ignore[arg-type]

    @property
    def agreeing(self) -> bool:
        """Whether B is agreement with something, and not only what letter and place do."""
        return self.bias_name != BIAS["indirect"]

    def __post_init__(self) -> None:
        if self.bias_name == "fluency" and not self.guard:
            raise BadInput(
                "utterances are not judged without the sharpening guard", fix="Leave `guard` as it is"
            )

    def changes(self) -> tuple[str, ...]:
        """Return in words what differs from the defaults of this channel, for the manifest."""
        usual = next((Settings.of(c) for c, name in BIAS.items() if name == self.bias_name), Settings())
        ignored = ("seed", "bootstrap_all", "correction", "together")
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
    bootstrap_small
        Whether the bootstrap agrees that a skewed contrast is smaller than δ; true where it was not asked.
    agreement
        Contrasts of B and of pro and con texts; None where statements have no twins.
    bias_p, position_p, label_p, merged_p
        Corrected over the dimensions, every kind of bias a family of its own.
    forms
        Position and label, or both as one; None where the channel has none.
    negation, keying
        The change in ν, the taste for negated wording, and in γ, what the keying of a statement carries; the
        second None where statements have no twins.
    yesno, lettered
        The trait contrast in each format, uncorrected; None where the channel has none.
    points
        Change in percentage points; None where the channel has none.
    trait_points
        What the shift of the trait alone does, in percentage points; NaN where log-odds are exact.
    bounds
        The contrast with every refusal as agreement, and as disagreement; None where none was refused or
        log-odds are exact.
    median
        The contrast of medians, shown beside the estimate where answers are saturated.
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
    bootstrap_small: Mask
    agreement: Agreement | None
    bias_p: Array
    position_p: Array
    label_p: Array
    merged_p: Array
    forms: FormEffects | None
    negation: Effect
    keying: Effect | None
    yesno: PairedContrast | None
    lettered: PairedContrast | None
    points: Array | None
    trait_points: Array
    bounds: tuple[PairedContrast, PairedContrast] | None
    median: Array
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

    @property
    def family_size(self) -> int:
        """Hypotheses that are corrected together: dimensions, and where they belong together their steps."""
        row = next(iter(self.rows.values()))
        steps = int(np.prod(row.p_adjusted.shape[:-1])) if self.settings.together else 1
        return int(self.declared.sum()) * steps


class Context(NamedTuple):
    """What all rows of a family share; `family` marks the declared dimensions.

    `seeds` are the trainings whose mean the subject is, with a text axis; None of anything else.
    """

    subject: ArmScores
    keyed: Array
    settings: Settings
    gates: Gates
    forms: Forms | None
    family: Mask
    seeds: ArmScores | None = None

    def correct(self, p: Array) -> Array:
        """Correct p over the declared dimensions; the others keep their own."""
        return self.over_family(p, holm if self.settings.correction == "holm" else benjamini_hochberg)

    def over_family(self, p: Array, method: Callable[[Array], Array]) -> Array:
        """Correct p by a method, over the dimensions or over all steps together; others keep their own."""
        inside = np.where(self.family, p, np.nan)
        rows = inside.reshape(1, -1) if self.settings.together else inside
        return np.where(self.family, method(rows).reshape(inside.shape), p)
