"""From a family's arrays to findings: one number, one verdict, and all that a reader must know beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from selfscope.stats.atoms import ArmScores, warnings_of
from selfscope.stats.effects import Effect
from selfscope.stats.explain import Index, explain
from selfscope.stats.form_effects import FormEffects
from selfscope.stats.level import Level
from selfscope.stats.masked import Array
from selfscope.stats.results import CLAIMED, RUNGS, ClaimRow, FamilyResult, Row
from selfscope.stats.verdicts import FAIL, G2_FLOOR, PASS, RULES, Evidence, at
from selfscope.values.finding import Bias, Claim, Estimate, Finding, Gate, Reliability

WORDS: dict[str, Claim] = {"none": "any text", "generic": "any strong persona", "persona": "this identity"}


def row_findings(
    result: FamilyResult,
    dimensions: Sequence[str],
    *,
    channel: str,
    subject: str,
    reliability: Sequence[Reliability | None] | None = None,
    study: Index = (),
) -> list[Finding]:
    """Return a finding for every control and dimension, and for the claim where it was judged.

    Parameters
    ----------
    result
        Of :func:`selfscope.stats.family.judge`.
    dimensions
        Names, in the order of the dimension axis.
    reliability
        G2 of every dimension, to be shown.
    study
        Which study, where the result has study axes.
    """
    shown = reliability or [None] * len(dimensions)
    found = []
    for d, name in enumerate(dimensions):
        where = (*study, d)
        for row in result.rows.values():
            found.append(_row_finding(result, row, where, name, channel, subject, shown[d]))
        if result.claim is not None:
            found.append(_claim_finding(result, result.claim, where, name, channel, subject, shown[d]))
    return found


def level_findings(
    found: Level, arm: ArmScores, dimensions: Sequence[str], *, channel: str, subject: str, sesoi: float
) -> list[Finding]:
    """Return the levels of a bare character as findings: estimates without a claim about a shift.

    Their verdict is ``inconclusive``, because nothing was compared; the note says so.
    """
    nothing = "a level, not a shift: nothing was compared"
    shown = []
    for d, name in enumerate(dimensions):
        trait = found.trait
        shown.append(
            Finding(
                dimension=name,
                channel=channel,
                subject=subject,
                control="",
                claim="level",
                estimand="half contrast of log-odds, pro minus con texts",
                scale="log_odds",
                estimate=float(trait.estimate[d]),
                ci=_pair(trait.ci95[d]),
                p=float(trait.p[d]),
                p_adjusted=float("nan"),
                sesoi=sesoi,
                bias=_level_bias(found, d),
                reliability=None,
                gate=Gate(),
                verdict="inconclusive",
                n_items=int(trait.n[d]),
                notes=(nothing, *_level_notes(arm, d)),
                family="level",
                percentage_points=float("nan") if arm.points is None else float(arm.points[d]),
                details={"nu": float(trait.nu[d]), "se": float(trait.se[d]), "df": float(trait.df[d])},
            )
        )
    return shown


def _row_finding(
    result: FamilyResult,
    row: Row,
    where: Index,
    name: str,
    channel: str,
    subject: str,
    reliability: Reliability | None,
) -> Finding:
    """Return the finding of one control and dimension."""
    decision = explain(result, row.control, where)
    few = row.control != "none" and row.k < result.settings.least_texts
    return Finding(
        dimension=name,
        channel=channel,
        subject=subject,
        control=row.control,
        claim="than this control" if few else WORDS.get(row.control, "than this control"),
        estimand=f"half contrast of log-odds, subject minus {row.control}",
        scale=_scale(channel),
        estimate=float(row.trait.estimate[where]),
        ci=_pair(row.trait.ci95[where]),
        p=float(row.trait.p[where]),
        p_adjusted=float(row.p_adjusted[where]),
        sesoi=result.settings.sesoi,
        bias=_bias(row, where),
        reliability=reliability,
        gate=gate_of(at(row.evidence, where), decision.reasons),
        verdict=decision.verdict,
        n_items=int(row.trait.items.n[where]),
        notes=decision.notes,
        family="descriptive" if result.settings.correction == "holm" else "screening",
        percentage_points=float("nan") if row.points is None else float(row.points[where]),
        trait_bias_separated=bool(row.evidence.separated[where]),
        details=_details(row, where),
    )


def _claim_finding(
    result: FamilyResult,
    claim: ClaimRow,
    where: Index,
    name: str,
    channel: str,
    subject: str,
    reliability: Reliability | None,
) -> Finding:
    """Return the finding of the claim in one dimension."""
    binding = result.rows[CLAIMED[claim.binding[where]]]
    verdict = RULES[claim.codes[where]]
    rung = RUNGS[claim.rung[where]]
    stops = (f"stops at: {rung}",) if rung and verdict != "shifted" else ()
    parts = [explain(result, control, where) for control in CLAIMED]
    notes = dict.fromkeys((*stops, f"binding class: {binding.control}"))
    notes.update({note: None for part in parts for note in part.notes if part.verdict == verdict})
    inside = bool(result.declared[where[-1]])
    screening = result.settings.correction != "holm"
    return Finding(
        dimension=name,
        channel=channel,
        subject=subject,
        control="all",
        claim="this identity" if claim.word == "this identity" else "than this control",
        estimand="half contrast of log-odds, subject minus the class that it moves least against",
        scale=_scale(channel),
        estimate=float(claim.estimate[where]),
        ci=_pair(claim.ci95[where]),
        p=float(claim.p[where]),
        p_adjusted=float(claim.p_adjusted[where]),
        sesoi=result.settings.sesoi,
        bias=_bias(binding, where),
        reliability=reliability,
        gate=gate_of(
            at(binding.evidence, where), tuple(dict.fromkeys(r for part in parts for r in part.reasons))
        ),
        verdict=verdict,
        n_items=int(binding.trait.items.n[where]),
        notes=tuple(notes),
        family="screening" if screening else "confirmatory" if inside else "outside",
        percentage_points=float("nan") if binding.points is None else float(binding.points[where]),
        trait_bias_separated=bool(binding.evidence.separated[where]),
        details={
            f"{row.control}_{key}": value
            for row in (result.rows[c] for c in CLAIMED)
            for key, value in (
                ("estimate", float(row.trait.estimate[where])),
                ("p", float(row.trait.p[where])),
            )
        }
        | _points(binding, where),
    )


def gate_of(e: Evidence, reasons: tuple[str, ...]) -> Gate:
    """Return both gates in words, with why an absence could not have been seen."""
    g1 = {PASS: "pass", FAIL: "fail"}.get(int(e.g1), "not estimated")
    g2 = "not estimated" if np.isnan(e.g2) else "pass" if e.g2 >= G2_FLOOR else "fail"
    return Gate(g1, g2, reasons)


def _bias(row: Row, where: Index) -> Bias:
    """Return what response biases did in this row."""
    moved = row.agreement
    said = None if moved is None else _estimate(moved.acquiescence.estimate, moved.acquiescence.ci95, where)
    return Bias(said, *_preferences(row.forms, where))


def _level_bias(found: Level, d: int) -> Bias:
    """Return the response biases of a level."""
    agreement = found.agreement
    said = None if agreement is None else _estimate(agreement.estimate, agreement.ci95, (d,))
    return Bias(said, *_preferences(found.forms, (d,)))


def _preferences(forms: FormEffects | None, where: Index) -> list[Estimate | None]:
    """Return position, label, and both as one; None what the channel or the forms do not tell."""
    return [None] * len(FormEffects._fields) if forms is None else [_effect(e, where) for e in forms]


def _level_notes(arm: ArmScores, d: int) -> tuple[str, ...]:
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
    return Estimate(float(estimate[where]), _pair(ci[where]))


def _pair(ci: Array) -> tuple[float, float]:
    """Return an interval as two floats."""
    return float(ci[0]), float(ci[1])


def _scale(channel: str) -> str:
    """Return the scale that a channel's estimates are on."""
    return "log_prob" if channel == "utterance" else "log_odds"


def _details(row: Row, where: Index) -> dict[str, float]:
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
        "nu": items.nu,
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
    return {name: float(x[where]) for name, x in numbers.items()} | _points(row, where)


def _points(row: Row, where: Index) -> dict[str, float]:
    """Return the trait's shift in percentage points, where answers are drawn."""
    points = float(row.trait_points[where])
    return {"trait_points": points} if np.isfinite(points) else {}
