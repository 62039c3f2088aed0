"""From a family's arrays to findings: one number, one verdict, and all that a reader must know beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from selfscope.stats.atoms import ArmScores
from selfscope.stats.explain import Index, explain
from selfscope.stats.finding_parts import (
    bias_of,
    details_of,
    estimand_of,
    gate_of,
    level_bias,
    level_notes,
    level_wording,
    pair,
    points_of,
    scale_of,
)
from selfscope.stats.level import Level
from selfscope.stats.results import CLAIMED, RUNGS, ClaimRow, FamilyResult, Row
from selfscope.stats.verdicts import RULES, SHIFTED, at
from selfscope.values.finding import Claim, Finding, Gate, Reliability


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

    Parameters
    ----------
    found
        Of :func:`selfscope.stats.level.level`, ``(dimension,)``.
    arm
        The scores behind it, for points, option mass and saturation.
    dimensions
        Names, in the order of the dimension axis.

    Returns
    -------
    One finding a dimension, with the claim ``level`` and no corrected p.
    """
    nothing = "a level, not a shift: nothing was compared"
    shown = []
    for d, name in enumerate(dimensions):
        trait = found.trait
        separated = bool(np.isfinite(trait.nu[d]) and np.isfinite(arm.b[d]).any())
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
                ci=pair(trait.ci95[d]),
                p=float(trait.p[d]),
                p_adjusted=float("nan"),
                sesoi=sesoi,
                bias=level_bias(found, d),
                reliability=None,
                gate=Gate(),
                verdict="inconclusive",
                n_items=int(trait.n[d]),
                notes=(nothing, *level_notes(arm, d)),
                family="level",
                percentage_points=float("nan") if arm.points is None else float(arm.points[d]),
                trait_bias_separated=separated,
                details={"se": float(trait.se[d]), "df": float(trait.df[d])} | level_wording(found, (d,)),
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
    return Finding(
        dimension=name,
        channel=channel,
        subject=subject,
        control=row.control,
        claim=claim_word(result, row.control, where),
        estimand=f"{estimand_of(channel)}, subject minus {row.control}",
        scale=scale_of(channel),
        estimate=float(row.trait.estimate[where]),
        ci=pair(row.trait.ci95[where]),
        p=float(row.trait.p[where]),
        p_adjusted=float(row.p_adjusted[where]),
        sesoi=result.settings.sesoi,
        bias=bias_of(row, where),
        reliability=reliability,
        gate=gate_of(at(row.evidence, where), decision.reasons),
        verdict=decision.verdict,
        n_items=int(row.trait.items.n[where]),
        notes=decision.notes,
        family=_family(result, where, "descriptive"),
        percentage_points=float("nan") if row.points is None else float(row.points[where]),
        trait_bias_separated=bool(row.evidence.separated[where]),
        details=details_of(row, where),
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
    return Finding(
        dimension=name,
        channel=channel,
        subject=subject,
        control="all",
        claim="this identity" if claim.word == "this identity" else "than this control",
        estimand=f"{estimand_of(channel)}, subject minus the class that it moves least against",
        scale=scale_of(channel),
        estimate=float(claim.estimate[where]),
        ci=pair(claim.ci95[where]),
        p=float(claim.p[where]),
        p_adjusted=float(claim.p_adjusted[where]),
        sesoi=result.settings.sesoi,
        bias=bias_of(binding, where),
        reliability=reliability,
        gate=gate_of(
            at(binding.evidence, where), tuple(dict.fromkeys(r for part in parts for r in part.reasons))
        ),
        verdict=verdict,
        n_items=int(binding.trait.items.n[where]),
        notes=tuple(notes),
        family=_family(result, where, "confirmatory"),
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
        | points_of(binding, where),
    )


def claim_word(result: FamilyResult, control: str, where: Index) -> Claim:
    """Return how far a shift in one row carries, which hangs on the milder classes too (§5).

    Against no text: any text may do the same. Against a class of texts enough: ``any strong persona`` where
    none moved as well, ``this identity`` where the claim over all three holds, else ``than this class``.
    """
    row = result.rows[control]
    if control == "none":
        return "any text"
    if control not in CLAIMED or row.k < result.settings.least_texts:
        return "than this control"
    if control == "persona":
        claim = result.claim
        whole = claim is not None and claim.word == "this identity" and claim.codes[where] == SHIFTED
        return "this identity" if whole else "than this class"
    none = result.rows.get("none")
    return "any strong persona" if none is not None and _both_shifted(none, row, where) else "than this class"


def _both_shifted(first: Row, second: Row, where: Index) -> bool:
    """Whether two rows are shifted with one sign."""
    moved = first.codes[where] == second.codes[where] == SHIFTED
    return bool(moved and first.trait.estimate[where] * second.trait.estimate[where] > 0)


def _family(result: FamilyResult, where: Index, inside: str) -> str:
    """Return the family of a finding; what was not declared (the manipulation check) is in none."""
    if not result.declared[where[-1]]:
        return "outside"
    return inside if result.settings.correction == "holm" else "screening"
