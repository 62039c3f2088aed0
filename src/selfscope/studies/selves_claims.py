"""What may be said of an estimate over statements, by the rules of every instrument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from selfscope.stats.bias import agreement
from selfscope.stats.contrast import SKEWED, PairedContrast, paired_contrast
from selfscope.stats.guard import guarded_difference, sharpening_slope, slope_error
from selfscope.stats.masked import Array
from selfscope.stats.multiplicity import holm
from selfscope.stats.resample import bootstrap_interval
from selfscope.stats.verdicts import FAIL, PASS, UNKNOWN, Evidence, decide
from selfscope.values.finding import Estimate
from selfscope.values.selves import Claim, Gate

ALPHA = 0.05
#: What yes-saying moved from, where nothing is compared.
LEVEL = "against even odds yes-saying"
_STATES = {"pass": PASS, "fail": FAIL, "not estimated": UNKNOWN}


class Beside(NamedTuple):
    """Trait and bias of two speakers over the statements of one construct, ``(m,)`` each.

    Attributes
    ----------
    trait, bias
        D and B of the one spoken of.
    control, control_bias
        The same of the one it is held against.
    slope, error
        By what factor the first answers more firmly (:func:`selfscope.stats.guard.sharpening_slope`), and how
        surely.
    """

    trait: Array
    control: Array
    bias: Array
    control_bias: Array
    slope: float
    error: float


@dataclass(frozen=True)
class Moved:
    """A response bias beside an estimate: how large, and its p after correction."""

    size: float = float("nan")
    p: float = 1.0
    name: str = "yes-saying"


NO_BIAS = Moved()


@dataclass(frozen=True)
class _Tested:
    """One estimate before it is judged; `guard` is whether it is more than firmer answers."""

    values: Array
    keyed: Array
    contrast: PairedContrast
    p: float
    adjusted: float
    guard: bool = True
    moved: Moved = NO_BIAS


def estimate_of(contrast: PairedContrast) -> Estimate:
    """Return a contrast's estimate with its 95 % interval."""
    low, high = (float(x) for x in contrast.ci95)
    return Estimate(float(contrast.estimate), (low, high))


def level(values: Array, keyed: Array, sesoi: float) -> Claim:
    """Return what may be said of a level of bias, which needs no check and has none beside it."""
    contrast = paired_contrast(values, keyed)
    p = float(contrast.p)
    return _judged(_Tested(values, keyed, contrast, p, p), sesoi, None)


def levels(
    values: Mapping[str, Array],
    keyed: Mapping[str, Array],
    sesoi: float,
    gates: Mapping[str, Gate],
    yes: Claim | None = None,
) -> dict[str, Claim]:
    """Return what may be said of several levels against even odds, Holm over them.

    Parameters
    ----------
    values, keyed
        ``(m,)`` each; NaN where not asked.
    gates
        The check of each.
    yes
        The level of yes-saying: where it is there and a level is not, the verdict is ``bias only``.
    """
    contrasts = {name: paired_contrast(v, keyed[name]) for name, v in values.items()}
    adjusted = holm([float(c.p) for c in contrasts.values()])
    moved = standing_bias(yes)
    tested = {
        name: _Tested(values[name], keyed[name], c, float(c.p), float(p), moved=moved)
        for (name, c), p in zip(contrasts.items(), adjusted, strict=True)
    }
    return {name: _judged(t, sesoi, gates[name]) for name, t in tested.items()}


def standing_bias(claim: Claim | None, name: str = LEVEL) -> Moved:
    """Return a bias that is there throughout as what stands beside an estimate."""
    if claim is None:
        return NO_BIAS
    return Moved(claim.estimate.estimate, claim.p_adjusted if claim.verdict == "shifted" else 1.0, name)


def contrasts(
    sides: Mapping[str, Beside], keyed: Mapping[str, Array], sesoi: float, gates: Mapping[str, Gate]
) -> dict[str, Claim]:
    """Return what may be said of several differences of two speakers, Holm over them.

    Trait, trait less what firmer answers explain (§4), and agreement on statements and negations alike (§8.3)
    are each tested and corrected in the same way.

    Parameters
    ----------
    sides, gates
        Both speakers, and the check of what they are asked about.
    """
    found = {name: paired_contrast(s.trait - s.control, keyed[name]) for name, s in sides.items()}
    guarded = [guarded_difference(s.trait, s.control, keyed[n], s.slope, s.error) for n, s in sides.items()]
    biases = [_agreed(s, keyed[name]) for name, s in sides.items()]
    trait_p, guard_p, bias_p = (
        holm([float(p) for p in each])
        for each in ([c.p for c in found.values()], [p for _, p in guarded], [b.p for b in biases])
    )
    tested = {
        name: _Tested(
            sides[name].trait - sides[name].control,
            keyed[name],
            c,
            float(c.p),
            float(trait_p[n]),
            passes(c, guarded[n][0], float(guard_p[n])),
            Moved(biases[n].size, float(bias_p[n])),
        )
        for n, (name, c) in enumerate(found.items())
    }
    return {name: _judged(t, sesoi, gates[name]) for name, t in tested.items()}


def pooled(
    values: tuple[Array, Array],
    keyed: Array,
    sesoi: float,
    gate: Gate,
    moved: Moved,
    second: tuple[float, float],
) -> Claim:
    """Return what may be said of one number over all units.

    Parameters
    ----------
    values
        One a statement, ``(m,)``, and the same less what firmer answers explain.
    second
        p of a second test of each, which must pass too.
    """
    contrast, firm = (paired_contrast(each, keyed) for each in values)
    p, firm_p = (float(np.maximum(c.p, q)) for c, q in zip((contrast, firm), second, strict=True))
    tested = _Tested(values[0], keyed, contrast, p, p, passes(contrast, float(firm.estimate), firm_p), moved)
    return _judged(tested, sesoi, gate)


def passes(found: PairedContrast, guarded: float, p: float) -> bool:
    """Whether a difference is more than firmer answers: the rest is significant too, with its sign."""
    return bool(p <= ALPHA and float(found.estimate) * guarded > 0)


def beside_of(
    trait: tuple[Array, Array], bias: tuple[Array, Array], everything: tuple[Array, Array], noise: Array
) -> Beside:
    """Return two speakers, the one spoken of first.

    Parameters
    ----------
    everything
        D by construct, ``(construct, m)``.
    noise
        Variance that drawing answers gives the second's, ``(construct, m)``.
    """
    slope = float(sharpening_slope(*everything, noise))
    return Beside(*trait, *bias, slope, float(slope_error(*everything, slope)))


def _agreed(s: Beside, keyed: Array) -> Moved:
    """Return the change in agreement, its p that of the worse of pro and con texts."""
    found = agreement(s.trait[None], s.bias[None], s.control[None, None], s.control_bias[None, None], keyed)
    return Moved(float(found.acquiescence.estimate[0]), float(found.p[0]))


def _judged(t: _Tested, sesoi: float, gate: Gate | None) -> Claim:
    evidence = _evidence(t, sesoi, gate)
    decision = decide(evidence, bias_name=t.moved.name)
    reasons = gate.reasons if gate is not None and decision.verdict == "not interpretable" else ()
    n = int(t.contrast.n)
    return Claim(estimate_of(t.contrast), t.p, t.adjusted, decision.verdict, n, (*reasons, *decision.notes))


def _evidence(t: _Tested, sesoi: float, gate: Gate | None) -> Evidence:
    """Return the evidence; forms, reliability and refusals by arm are no part of these designs."""
    c, nothing = t.contrast, float("nan")
    skewed = bool(abs(float(c.skewness)) > SKEWED)
    wide, narrow = (_bootstrapped(t, level) if skewed else (nothing, nothing) for level in (0.95, 0.90))
    low, high = (float(x) for x in c.ci90)
    return Evidence(
        estimate=float(c.estimate), p=t.adjusted, low90=low, high90=high,
        plus=float(c.plus), minus=float(c.minus), opposed=False, guard=t.guard,
        resampled=not skewed or wide[0] > 0 or wide[1] < 0,
        resampled_small=not skewed or (-sesoi < narrow[0] and narrow[1] < sesoi),
        skewed=skewed, separated=True, saturated=False,
        g1=PASS if gate is None else _STATES[gate.state], g2=nothing,
        mass=nothing, refused_subject=0.0, refused_control=0.0,
        bias=t.moved.size, bias_p=t.moved.p, position=nothing, position_p=1.0, label=nothing, label_p=1.0,
        merged=nothing, merged_p=1.0, points=nothing, sesoi=sesoi, least_points=nothing, alpha=ALPHA,
    )  # fmt: skip


def _bootstrapped(t: _Tested, at: float) -> tuple[float, float]:
    low, high = bootstrap_interval(t.values, t.keyed, level=at)
    return float(low), float(high)


def screened(found: Mapping[str, Claim]) -> dict[str, Claim]:
    """Return claims with a note where so few statements cannot show one of so many."""
    statements = min((c.statements for c in found.values()), default=0)
    if len(found) * 2.0 ** (1 - statements) <= ALPHA:
        return dict(found)
    note = f"{statements} statements cannot show one of {len(found)}: only a screen"
    return {name: replace(each, notes=(*each.notes, note)) for name, each in found.items()}
