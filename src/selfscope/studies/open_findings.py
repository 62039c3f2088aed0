"""Findings from free answers that judges rated: one subject against one control text (measurement.md §10).

What a judge says of an arm is corrected by its error on answers of known truth. In whose style an arm speaks
is not known, so every register is tried for either arm, and the *least favourable* one decides: the interval
spans all of them, p is the largest, and 1 where they disagree about the sign. So with several judges.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Literal

import numpy as np

from selfscope.errors import BadInput
from selfscope.instruments.open.constructed import REGISTERS
from selfscope.stats.judged import (
    CONFIRM,
    NOT_SURE,
    Paired,
    paired_by_prompt,
    prompt_rates,
    standing,
    tipping_point,
)
from selfscope.stats.judged_agreement import agreement
from selfscope.stats.judged_corrected import POINTS, corrected_contrast, known
from selfscope.stats.masked import Array
from selfscope.stats.multiplicity import holm
from selfscope.studies.judge_check import JudgeCheck
from selfscope.values import Finding, Gate
from selfscope.values.finding import Bias, Verdict

if TYPE_CHECKING:
    import pandas as pd

ALPHA = 0.05
#: Share of answers without a verdict in an arm, and difference of it between arms, that spoil a contrast.
MOST_LOST, MOST_APART = 0.20, 0.10
ESTIMAND = "difference between subject and control in the share of answers that meet the criterion"
State = Literal["checked on constructed answers", "judge-rated", "not judged"]


@dataclass(frozen=True)
class OpenFindings:
    """What the channel ``open`` comes to.

    Attributes
    ----------
    state
        ``not judged`` where judges were checked and none can be believed: there are then no findings.
        ``judge-rated`` where none was checked: every verdict is then ``inconclusive`` at most.
    reasons
        Why, in words.
    findings
        One a dimension, in the order of the rows.
    """

    state: State
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _Arms:
    """Verdicts of a judge, or the panel's mean, on one dimension: ``(prompt, draw)`` each, prompts paired."""

    subject: Array
    control: Array
    framing: Sequence[str]


@dataclass(frozen=True)
class _Contrast:
    """The least favourable of several intervals for one contrast."""

    estimate: float
    ci95: tuple[float, float]
    p: float


def open_findings(
    rows: pd.DataFrame, subject: str, control: str, checks: Sequence[JudgeCheck] | None = None
) -> OpenFindings:
    """Compare two characters on all dimensions that both were asked.

    Parameters
    ----------
    rows
        Observations of the channel, as :func:`selfscope.studies.open_rows.open_rows` gives them.
    subject, control
        Characters in `rows`.
    checks
        Checks of the judges; None if none was checked. Judges that are not believed, and those that were not
        checked beside some that were, count for nothing.

    Raises
    ------
    BadInput
        If one of the two characters was not asked.
    """
    for name in (subject, control):
        if not (rows["character"] == name).any():
            asked = ", ".join(sorted(set(rows["character"])))
            raise BadInput("no answers of this character", got=name, fix=f"Choose from: {asked}")
    believed = {c.judge: c for c in checks or () if c.believed}
    if checks is not None:
        rows = rows[rows["judge"].isin(list(believed))]
        if rows.empty:
            reasons = tuple(f"{c.judge}: {reason}" for c in checks for reason in c.reasons)
            return OpenFindings("not judged", reasons or ("no judge of these answers was checked",), ())
    state: State = "judge-rated" if checks is None else "checked on constructed answers"
    found = [
        _finding(own, name, subject, control, believed)
        for name, own in rows.groupby("construct", sort=False)
        if {subject, control} <= set(own["character"])
    ]
    reasons = () if checks is not None else ("no judge was checked",)
    return OpenFindings(state, reasons, _corrected(found))


def _finding(
    rows: pd.DataFrame, name: object, subject: str, control: str, believed: Mapping[str, JudgeCheck]
) -> Finding:
    """Return the finding of one dimension, before the family's correction."""
    panel = _arms(rows, subject, control)
    plain = _paired(panel)
    contrast = _least([_of(plain)]) if not believed else _least(_by_judge(rows, subject, control, believed))
    lost = {arm: _lost(rows[rows["character"] == arm]) for arm in (subject, control)}
    prompts = int(plain.prompts)
    return Finding(
        dimension=str(name),
        channel="open",
        subject=subject,
        control=control,
        claim="than this control" if standing(prompts) == "confirm" else "screening",
        estimand=ESTIMAND,
        scale="rate",
        estimate=contrast.estimate,
        ci=contrast.ci95,
        p=contrast.p,
        p_adjusted=float("nan"),
        sesoi=POINTS,
        bias=Bias(),
        reliability=None,
        gate=Gate(reasons=tuple(_spoiled(lost))),
        verdict="inconclusive",
        n_items=prompts,
        notes=tuple(_notes(plain, prompts, bool(believed), contrast)),
        percentage_points=100 * contrast.estimate,
        details=_details(rows, subject, control, plain, panel),
    )


def _corrected(found: Sequence[Finding]) -> tuple[Finding, ...]:
    """Correct p by Holm over the dimensions, and give the verdicts."""
    adjusted = holm(np.array([f.p for f in found]))
    done = [replace(f, p_adjusted=float(p)) for f, p in zip(found, adjusted, strict=True)]
    return tuple(replace(f, verdict=_verdict(f)) for f in done)


def _verdict(f: Finding) -> Verdict:
    """Return the verdict: an absence is never claimed, for sensitivity is not checked in this channel."""
    held = "judge-rated" not in f.notes and f.claim != "screening"
    same = f.details["toward"] * f.estimate > 0 and f.details["away"] * f.estimate > 0
    moved = f.p_adjusted <= ALPHA and abs(f.estimate) >= f.sesoi
    if held and same and moved:
        return "shifted"
    return "not interpretable" if f.gate.reasons else "inconclusive"


def _by_judge(
    rows: pd.DataFrame, subject: str, control: str, believed: Mapping[str, JudgeCheck]
) -> list[_Contrast]:
    """Return the corrected contrast by each judge, in each combination of the arms' registers."""
    found = []
    for judge, own in rows.groupby("judge"):
        arms, check = _arms(own, subject, control), believed[str(judge)]
        for first, second in product(REGISTERS, REGISTERS):
            errors = (known(check.row(style).error) for style in (first, second))
            c = corrected_contrast(arms.subject, arms.control, *errors)
            found.append(_Contrast(float(c.estimate), _pair(c.ci95), float(c.p)))
    return found


def _least(found: Sequence[_Contrast]) -> _Contrast:
    """Return the mean estimate, the interval that spans all, and the largest p (1 if signs differ)."""
    estimates = [c.estimate for c in found]
    agree = min(estimates) > 0 or max(estimates) < 0
    low, high = min(c.ci95[0] for c in found), max(c.ci95[1] for c in found)
    p = max(c.p for c in found) if agree else 1.0
    return _Contrast(
        float(np.mean(estimates)), (low, high), p if np.isfinite(estimates).all() else float("nan")
    )


def _arms(rows: pd.DataFrame, subject: str, control: str, not_sure: float = 0.0) -> _Arms:
    """Return both arms on the prompts that both were asked, judges averaged, in the order of the prompts."""
    value = rows["value"].where(rows["value"] != 0.5, not_sure)
    table = value.groupby([rows["character"], rows["item"], rows["turn"], rows["replicate"]]).mean()
    wide = table.unstack(["turn", "replicate"])
    items = [i for i in wide.loc[subject].index if i in wide.loc[control].index]
    framing = rows.drop_duplicates("item").set_index("item")["template"].str.split(", ").str[-1]
    return _Arms(
        wide.loc[subject].loc[items].to_numpy(float),
        wide.loc[control].loc[items].to_numpy(float),
        [str(framing[i]) for i in items],
    )


def _paired(arms: _Arms) -> Paired:
    return paired_by_prompt(arms.subject, arms.control)


def _of(found: Paired) -> _Contrast:
    return _Contrast(float(found.estimate), _pair(found.ci95), float(found.p))


def _details(rows: pd.DataFrame, subject: str, control: str, plain: Paired, panel: _Arms) -> dict[str, float]:
    """Return what is shown beside: the judge's own contrast, the ways of not sure, the tipping point."""
    apart = prompt_rates(panel.subject) - prompt_rates(panel.control)
    framing = np.array(panel.framing)
    rate = float(np.nanmean(prompt_rates(panel.control)))
    low, high = _pair(plain.ci95)
    nearest = 0.0 if low <= 0 <= high else low if low > 0 else high
    told = {
        "uncorrected": float(plain.estimate),
        "uncorrected_low": low,
        "uncorrected_high": high,
        "control_rate": rate,
        "tipping_point": float(tipping_point(float(plain.estimate), rate)) if rate < 1 else float("nan"),
        "tipping_point_of_bound": float(tipping_point(nearest, rate)) if rate < 1 else float("nan"),
        "toward": _mean(apart[framing == "toward"]),
        "away": _mean(apart[framing == "away"]),
        "alpha": _alpha(rows),
    }
    for way, value in NOT_SURE.items():
        told[f"not_sure_{way}"] = float(_paired(_arms(rows, subject, control, value)).estimate)
    return told


def _notes(plain: Paired, prompts: int, checked: bool, contrast: _Contrast) -> list[str]:
    notes = ["judge checked on constructed answers" if checked else "judge-rated"]
    if prompts < CONFIRM:
        notes.append(f"{prompts} prompts: {CONFIRM} are the least to confirm")
    if checked and not np.isfinite(contrast.estimate):
        notes.append("the judge says too little to be corrected")
    if checked and float(plain.p) <= ALPHA < contrast.p:
        notes.append("the judge's own contrast is explained by its error")
    return notes


def _lost(rows: pd.DataFrame) -> float:
    return float((rows["refusal"] != "none").mean())


def _spoiled(lost: Mapping[str, float]) -> list[str]:
    """Return why answers without a verdict forbid a reading."""
    reasons = [
        f"{arm}: no verdict on {share:.0%} of answers" for arm, share in lost.items() if share > MOST_LOST
    ]
    if max(lost.values()) - min(lost.values()) > MOST_APART:
        reasons.append("answers without a verdict differ by more than 10 points between the arms")
    return reasons


def _alpha(rows: pd.DataFrame) -> float:
    """Return the judges' agreement on verdicts; NaN for a single judge."""
    if rows["judge"].nunique() < 2:
        return float("nan")
    wide = rows.pivot_table(
        index=["character", "item", "turn", "replicate"], columns="judge", values="value", aggfunc="first"
    )
    words = np.where(wide.isna(), "", wide.to_numpy().astype(str)).T
    return agreement(words, wide.index.get_level_values("item"), draws=2).alpha


def _mean(values: Array) -> float:
    kept = values[np.isfinite(values)]
    return float(kept.mean()) if len(kept) else float("nan")


def _pair(bounds: Array) -> tuple[float, float]:
    return float(bounds[0]), float(bounds[1])
