"""The parts of a finding beside its number: gates, biases, further numbers by name, warnings of a level."""

from __future__ import annotations

import numpy as np

from selfscope.stats.atoms import ArmScores, warnings_of
from selfscope.stats.effects import Effect, effect_over, keying_effect
from selfscope.stats.explain import Index
from selfscope.stats.form_effects import FormEffects
from selfscope.stats.level import Level
from selfscope.stats.masked import Array
from selfscope.stats.results import Row
from selfscope.stats.verdicts import FAIL, G2_FLOOR, PASS, Evidence
from selfscope.values.finding import Bias, Estimate, Gate


def gate_of(e: Evidence, reasons: tuple[str, ...]) -> Gate:
    """Return both gates in words, with why an absence could not have been seen."""
    g1 = {PASS: "pass", FAIL: "fail"}.get(int(e.g1), "not estimated")
    g2 = "not estimated" if np.isnan(e.g2) else "pass" if e.g2 >= G2_FLOOR else "fail"
    return Gate(g1, g2, reasons)


def bias_of(row: Row, where: Index) -> Bias:
    """Return what response biases did in this row."""
    moved = row.agreement
    said = None if moved is None else _effect(effect_over(moved.acquiescence), where)
    return Bias(said, *_preferences(row.forms, where))


def level_bias(found: Level, d: int) -> Bias:
    """Return the response biases of a level."""
    agreement = found.agreement
    there = agreement is not None and np.isfinite(agreement.estimate[d])
    said = _estimate(agreement.estimate, agreement.ci95, (d,)) if agreement is not None and there else None
    return Bias(said, *_preferences(found.forms, (d,)))


def level_wording(found: Level, where: Index) -> dict[str, float]:
    """Return ν̂ and γ̂ of a level, with their intervals."""
    gamma = None if found.agreement is None else keying_effect(found.agreement)
    return _wording(keying_effect(found.trait), gamma, where)


def _wording(nu: Effect, gamma: Effect | None, where: Index) -> dict[str, float]:
    """Return both effects of wording with their 95 % intervals; NaN where they are not told."""
    said: dict[str, float] = {}
    for name, effect in (("nu", nu), ("gamma", gamma)):
        low, high = (float("nan"),) * 2 if effect is None else pair(effect.ci95[where])
        estimate = float("nan") if effect is None else float(effect.estimate[where])
        said |= {name: estimate, f"{name}_low": low, f"{name}_high": high}
    return said


def _preferences(forms: FormEffects | None, where: Index) -> list[Estimate | None]:
    """Return position, label, and both as one; None what the channel or the forms do not tell."""
    return [None] * len(FormEffects._fields) if forms is None else [_effect(e, where) for e in forms]


def level_notes(arm: ArmScores, d: int) -> tuple[str, ...]:
    """Return the warnings of §3 for one dimension."""
    mass = np.nan if arm.option_mass is None else float(arm.option_mass[d])
    said = warnings_of(mass, 0.0 if arm.saturated is None else float(arm.saturated[d]))
    return said if arm.agreed is None else (*said, "drawn answers: a level that lies a little too near zero")


def _effect(effect: Effect, where: Index) -> Estimate | None:
    """Return an effect, or None where it could not be told apart."""
    if np.isnan(effect.estimate[where]):
        return None
    return _estimate(effect.estimate, effect.ci95, where)


def _estimate(estimate: Array, ci: Array, where: Index) -> Estimate:
    """Return one number with its interval."""
    return Estimate(float(estimate[where]), pair(ci[where]))


def pair(ci: Array) -> tuple[float, float]:
    """Return an interval as two floats."""
    return float(ci[0]), float(ci[1])


def scale_of(channel: str) -> str:
    """Return the scale that a channel's estimates are on."""
    return {"utterance": "log_prob", "internal": "projection"}.get(channel, "log_odds")


def estimand_of(channel: str) -> str:
    """Return what a channel's estimates are of, in words."""
    return "mean projection in spreads" if channel == "internal" else "half contrast of log-odds"


def details_of(row: Row, where: Index) -> dict[str, float]:
    """Return further numbers by name."""
    items, trait = row.trait.items, row.trait
    numbers = {
        "p_t": items.p_t,
        "p_flip": items.p_flip,
        "p_texts": trait.p_texts,
        "se": items.se,
        "df": items.df,
        "sd": items.sd,
        "text_se": trait.text_se,
        "text_df": trait.text_df,
        "plus": items.plus,
        "minus": items.minus,
        "skewness": items.skewness,
        "sharpening_slope": np.broadcast_to(row.slope[..., None], items.p.shape),
        "guarded_estimate": row.guarded.estimate,
        "guarded_p": row.guarded_p,
        "bootstrap_low": row.bootstrap[..., 0],
        "bootstrap_high": row.bootstrap[..., 1],
        "low90": trait.ci90[..., 0],
        "high90": trait.ci90[..., 1],
        "bias_p": row.bias_p,
        "position_p": row.position_p,
        "label_p": row.label_p,
        "label_or_position_p": row.merged_p,
        "option_mass": row.evidence.mass,
        "refused_subject": row.evidence.refused_subject,
        "refused_control": row.evidence.refused_control,
        "median": row.median,
        "k": np.full(items.p.shape, float(row.k)),
    }
    if row.yesno is not None and row.lettered is not None:
        numbers |= {"yesno": row.yesno.estimate, "lettered": row.lettered.estimate}
    if row.bounds is not None:
        agreed, disagreed = row.bounds
        numbers |= {"refusals_as_agreement": agreed.estimate, "refusals_as_disagreement": disagreed.estimate}
    wording = _wording(row.negation, row.keying, where)
    return {name: float(x[where]) for name, x in numbers.items()} | wording | points_of(row, where)


def points_of(row: Row, where: Index) -> dict[str, float]:
    """Return the trait's shift in percentage points, where answers are drawn."""
    points = float(row.trait_points[where])
    return {"trait_points": points} if np.isfinite(points) else {}
