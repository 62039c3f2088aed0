"""What was read twice, unit by unit: by how much does the second run differ from the first, and how surely?

A unit is what could have been another one: a pair of stimuli, a script of conversations. Each has one number
in either run, and differences are judged as those of statements are (`measurement.md` §4): Student's t and
the studentised sign-flip over units, the larger p, Holm over the measures of a channel, equivalence by the
90 % interval, and the verdicts of §8 in their order. What cannot be interpreted in either run has no other
verdict, whatever its p.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from selfscope.stats.contrast import LEAST_TESTED, SKEWED, PairedContrast, paired_contrast
from selfscope.stats.masked import Array
from selfscope.stats.multiplicity import holm
from selfscope.stats.resample import bootstrap_interval
from selfscope.stats.verdicts import PASS, UNKNOWN, Decision, Evidence, decide
from selfscope.values.finding import Bias, Finding, Gate

ALPHA = 0.05
#: Levels of the intervals that a verdict on skewed differences also needs.
LEVELS = (0.95, 0.90)


@dataclass(frozen=True, eq=False)
class Twice:
    """One measure in both runs.

    Attributes
    ----------
    dimension, channel, scale, estimand
        What it is, where, in which units, and in words.
    unit
        What is redrawn: ``pair`` or ``script``.
    first, second
        Of each unit, ``(unit,)``; NaN where one was not read.
    sesoi
        Smallest difference of interest.
    confirms, screens
        Units from which a verdict confirms, and under which nothing is tested.
    barred
        Why it cannot be interpreted; empty if it can.
    sensitive
        Whether it is known that a difference would be seen; without that an absence is not claimed.
    notes
        What stands beside the verdict.
    """

    dimension: str
    channel: str
    scale: str
    estimand: str
    unit: str
    first: Array
    second: Array
    sesoi: float
    confirms: int
    screens: int = LEAST_TESTED
    barred: tuple[str, ...] = ()
    sensitive: bool = True
    notes: tuple[str, ...] = ()

    @property
    def delta(self) -> Array:
        """Second less first, of the units that have both."""
        both = np.isfinite(self.first) & np.isfinite(self.second)
        return np.asarray((self.second - self.first)[both], float)


def judge_twice(
    measures: Sequence[Twice], subject: str, control: str, *, seed: int = 0
) -> tuple[Finding, ...]:
    """Return one finding a measure, positive where the second run has more; p corrected within channels.

    Parameters
    ----------
    subject, control
        What the second and the first run are about.
    """
    contrasts = [_contrast(m, seed) for m in measures]
    p = np.array([np.nan if m.barred else float(c.p) for m, c in zip(measures, contrasts, strict=True)])
    adjusted = np.full(len(p), np.nan)
    for channel in dict.fromkeys(m.channel for m in measures):
        own = np.array([m.channel == channel for m in measures])
        adjusted[own] = holm(p[own])
    return tuple(
        _finding(m, c, float(q), subject, control, seed)
        for m, c, q in zip(measures, contrasts, adjusted, strict=True)
    )


def _contrast(measure: Twice, seed: int) -> PairedContrast:
    delta = measure.delta
    return paired_contrast(delta, np.ones(len(delta)), least=measure.screens, seed=seed)


def _finding(
    m: Twice, found: PairedContrast, adjusted: float, subject: str, control: str, seed: int
) -> Finding:
    n = len(m.delta)
    decided = _decided(m, found, adjusted, seed)
    few = f"{n} {m.unit}s " + (
        "describe, and test nothing" if n < m.screens else "screen, and confirm nothing"
    )
    notes = (*m.notes, *decided.notes, *((f"{few}; {m.confirms} confirm",) if n < m.confirms else ()))
    return Finding(
        dimension=m.dimension,
        channel=m.channel,
        subject=subject,
        control=control,
        claim="than this control" if n >= m.confirms else "screening",
        estimand=m.estimand,
        scale=m.scale,
        estimate=float(found.estimate),
        ci=(float(found.ci95[0]), float(found.ci95[1])),
        p=float(found.p),
        p_adjusted=adjusted,
        sesoi=m.sesoi,
        bias=Bias(),
        reliability=None,
        gate=Gate("pass" if m.sensitive and not m.barred else "not estimated", reasons=decided.reasons),
        verdict=decided.verdict,
        n_items=n,
        notes=notes,
        family="descriptive",
        details=_details(m, found),
    )


def _details(m: Twice, found: PairedContrast) -> dict[str, float]:
    both = np.isfinite(m.first) & np.isfinite(m.second)
    first, second = (float(x[both].mean()) if both.any() else float("nan") for x in (m.first, m.second))
    return {
        "first": first,
        "second": second,
        "se": float(found.se),
        "df": float(found.df),
        "p_t": float(found.p_t),
        "p_flip": float(found.p_flip),
        "skewness": float(found.skewness),
        "ci90_low": float(found.ci90[0]),
        "ci90_high": float(found.ci90[1]),
        "left_out": float(len(both) - both.sum()),
    }


def _decided(m: Twice, found: PairedContrast, adjusted: float, seed: int) -> Decision:
    if m.barred:
        return Decision("not interpretable", (), m.barred)
    if len(m.delta) < m.screens:
        return Decision("inconclusive", (), ())
    estimate, delta, nothing = float(found.estimate), m.delta, float("nan")
    low90, high90 = (float(v) for v in found.ci90)
    skewed = bool(abs(float(found.skewness)) > SKEWED)
    wide, narrow = (
        bootstrap_interval(delta, np.ones(len(delta)), level=level, seed=seed) if skewed else None
        for level in LEVELS
    )
    evidence = Evidence(
        estimate=estimate, p=adjusted, low90=low90, high90=high90, plus=estimate, minus=estimate,
        opposed=False, guard=True,
        resampled=wide is None or bool(wide[0] > 0 or wide[1] < 0),
        resampled_small=narrow is None or bool(-m.sesoi < narrow[0] and narrow[1] < m.sesoi),
        skewed=skewed, separated=True, saturated=False, g1=PASS if m.sensitive else UNKNOWN, g2=nothing,
        mass=nothing, refused_subject=0.0, refused_control=0.0, bias=nothing, bias_p=1.0, position=nothing,
        position_p=1.0, label=nothing, label_p=1.0, merged=nothing, merged_p=1.0, points=nothing,
        sesoi=m.sesoi, least_points=0.0, alpha=ALPHA,
    )  # fmt: skip
    return decide(evidence)
