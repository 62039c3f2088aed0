"""Findings from free answers that judges rated: one subject against its controls (measurement.md §10).

What a judge says of an arm is corrected by its error on answers of known truth
(:mod:`selfscope.studies.open_contrast`). Verdicts and claims are those of all channels (§5, §8); sensitivity
is checked by characters that were told to hold a trait and its opposite (§7, G1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from selfscope.errors import BadInput
from selfscope.stats.judged import CONFIRM, NOT_SURE, prompt_rates, tipping_point
from selfscope.stats.judged_agreement import agreement
from selfscope.stats.judged_corrected import POINTS
from selfscope.stats.masked import Array
from selfscope.stats.multiplicity import holm
from selfscope.stats.results import CLAIMED
from selfscope.stats.verdicts import BLIND
from selfscope.studies.analysis import Checked
from selfscope.studies.judge_check import JudgeCheck
from selfscope.studies.open_claims import ALPHA, claim_of, claims_of
from selfscope.studies.open_contrast import Least, Sides, corrected, sides, uncorrected
from selfscope.values import Finding, Gate
from selfscope.values.finding import Bias, Verdict

if TYPE_CHECKING:
    import pandas as pd

#: Share of answers without a verdict in an arm, and difference of it between arms, that spoil a contrast.
MOST_LOST, MOST_APART = 0.20, 0.10
ESTIMAND = "difference between subject and control in the share of answers that meet the criterion"
State = Literal["checked on constructed answers", "judge-rated", "not judged"]
NOTE: dict[State, str] = {
    "checked on constructed answers": "judge checked on constructed answers",
    "judge-rated": "judge-rated",
    "not judged": "not judged",
}
#: Characters of the sensitivity check, by dimension: those told to hold the trait, and its opposite.
Characters = Mapping[str, tuple[Sequence[str], Sequence[str]]]


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
        One a dimension and control, in the order of the rows, and one for "this identity" where it was
        compared with no text, with professional ones and with strong personas.
    sensitivity
        The check G1 of every dimension.
    """

    state: State
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...]
    sensitivity: tuple[Checked, ...] = field(default=())


def open_findings(
    rows: pd.DataFrame,
    subject: str,
    against: Mapping[str, Sequence[str]],
    checks: Sequence[JudgeCheck] | None = None,
    characters: Characters | None = None,
) -> OpenFindings:
    """Compare a character with its controls, in all dimensions that were asked.

    Parameters
    ----------
    rows
        Observations of the channel, as :func:`selfscope.studies.open_rows.open_rows` gives them.
    subject
        A character in `rows`.
    against
        Controls: a class or a text, and the characters in `rows` that are its texts.
    checks
        Checks of the judges; None if none was checked. Judges that are not believed, and those that were not
        checked beside some that were, count for nothing.
    characters
        Those of the sensitivity check; a dimension without them reads ``not estimated``.

    Raises
    ------
    BadInput
        If a character was not asked.
    """
    refuse_unasked(rows, [subject, *(name for texts in against.values() for name in texts)])
    believed = {c.judge: c for c in checks or () if c.believed}
    if checks is not None:
        rows = rows[rows["judge"].isin(list(believed))]
        if rows.empty:
            reasons = tuple(f"{c.judge}: {reason}" for c in checks for reason in c.reasons)
            return OpenFindings("not judged", reasons or ("no judge of these answers was checked",), ())
    state = state_of(checks)
    channel = _Open(rows, subject, believed, state)
    sensitivity = channel.sensitivity(characters or {})
    gates = {c.dimension: c.verdict for c in sensitivity}
    by_control = {name: channel.against(name, tuple(texts), gates) for name, texts in against.items()}
    claims = claims_of(by_control, channel.dimensions) if set(CLAIMED) <= set(by_control) else {}
    found = [
        each[name] for name in channel.dimensions for each in (*by_control.values(), claims) if name in each
    ]
    reasons = () if checks is not None else ("no judge was checked",)
    return OpenFindings(state, reasons, tuple(found), sensitivity)


def state_of(checks: Sequence[JudgeCheck] | None) -> State:
    """Return what judges that were checked, or none, make of answers that they read."""
    return "judge-rated" if checks is None else "checked on constructed answers"


def refuse_unasked(rows: pd.DataFrame, characters: Sequence[str]) -> None:
    """Refuse characters without answers; BadInput names those that have some."""
    there = set(rows["character"])
    for name in characters:
        if name not in there:
            asked = ", ".join(sorted(there))
            raise BadInput("no answers of this character", got=name, fix=f"Choose from: {asked}")


class _Open:
    """The rows of one subject on their way to findings."""

    def __init__(
        self, rows: pd.DataFrame, subject: str, believed: Mapping[str, JudgeCheck], state: State
    ) -> None:
        self.rows = rows
        self.subject = subject
        self.believed = believed
        self.state = state
        self.dimensions = tuple(rows[rows["character"] == subject]["construct"].unique())

    def contrast(
        self, dimensions: Sequence[str], subject: Sequence[str], texts: Sequence[Sequence[str]]
    ) -> Least:
        """Return the contrast of two sides: corrected where judges were checked."""
        if self.believed:
            return corrected(self.rows, dimensions, subject, texts, self.believed)
        return uncorrected(sides(self.rows, dimensions, subject, texts))

    def sensitivity(self, characters: Characters) -> tuple[Checked, ...]:
        """Return the check G1: do characters told to hold a trait and its opposite differ in it?"""
        found = []
        for name in self.dimensions:
            high, low = characters.get(name, ((), ()))
            estimate = lower = float("nan")
            if high and low:
                least = self.contrast([name], high, [low])
                estimate, lower = float(least.estimate[0]), float(least.ci90[0, 0])
            passed = lower > 0 and estimate >= POINTS
            word = "pass" if passed else "fail" if np.isfinite(lower) else "not estimated"
            found.append(Checked(name, "open", estimate, lower, POINTS, word))
        return tuple(found)

    def against(self, control: str, texts: Sequence[str], gates: Mapping[str, str]) -> dict[str, Finding]:
        """Return the findings against one control, by dimension, p corrected by Holm over them."""
        both = sides(self.rows, self.dimensions, [self.subject], [[t] for t in texts])
        least = self.contrast(self.dimensions, [self.subject], [[t] for t in texts])
        plain = uncorrected(both)
        adjusted = holm(least.p)
        return {
            name: self._finding(d, name, control, texts, both, least, plain, float(adjusted[d]), gates[name])
            for d, name in enumerate(self.dimensions)
        }

    def _finding(
        self,
        d: int,
        name: str,
        control: str,
        texts: Sequence[str],
        both: Sides,
        least: Least,
        plain: Least,
        adjusted: float,
        g1: str,
    ) -> Finding:
        prompts = int(both.prompts[d])
        own = self.rows[self.rows["construct"] == name]
        lost = {self.subject: _lost(own, [self.subject]), control: _lost(own, texts)}
        reasons = (*_spoiled(lost), *((BLIND,) if g1 == "fail" else ()))
        found = Finding(
            dimension=name,
            channel="open",
            subject=self.subject,
            control=control,
            claim=claim_of(control, len(texts), prompts),
            estimand=ESTIMAND,
            scale="rate",
            estimate=float(least.estimate[d]),
            ci=_pair(least.ci95[d]),
            p=float(least.p[d]),
            p_adjusted=adjusted,
            sesoi=POINTS,
            bias=Bias(),
            reliability=None,
            gate=Gate(g1=g1, reasons=reasons),
            verdict="inconclusive",
            n_items=prompts,
            notes=tuple(self._notes(prompts, least, plain, d)),
            family="descriptive",
            percentage_points=100 * float(least.estimate[d]),
            details=self._details(own, name, texts, both, plain, d),
        )
        return replace(found, verdict=self._verdict(found, least.ci90[d]))

    def _verdict(self, f: Finding, ci90: Array) -> Verdict:
        """Return the verdict: the first rule of §8 that fits; without a checked judge nothing is claimed."""
        held = self.state == "checked on constructed answers" and f.claim != "screening"
        same = f.details["toward"] * f.estimate > 0 and f.details["away"] * f.estimate > 0
        if held and same and f.p_adjusted <= ALPHA and abs(f.estimate) >= f.sesoi:
            return "shifted"
        if f.gate.reasons:
            return "not interpretable"
        if held and f.gate.g1 == "pass" and (np.abs(ci90) < f.sesoi).all():
            return "equivalent"
        return "inconclusive"

    def _notes(self, prompts: int, least: Least, plain: Least, d: int) -> list[str]:
        notes = [NOTE[self.state]]
        checked = bool(self.believed)
        if prompts < CONFIRM:
            notes.append(f"{prompts} prompts: {CONFIRM} are the least to confirm")
        if checked and not np.isfinite(least.estimate[d]):
            notes.append("the judge says too little to be corrected")
        if checked and plain.p[d] <= ALPHA < least.p[d]:
            notes.append("the judge's own contrast is explained by its error")
        return notes

    def _details(
        self, own: pd.DataFrame, name: str, texts: Sequence[str], both: Sides, plain: Least, d: int
    ) -> dict[str, float]:
        """Return what is shown beside: the judge's own contrast, the ways of not sure, the tipping point."""
        apart = prompt_rates(both.subject[d]) - prompt_rates(both.control[d])
        rate = _mean(prompt_rates(both.control[d]))
        estimate, (low, high) = float(plain.estimate[d]), _pair(plain.ci95[d])
        nearest = 0.0 if low <= 0 <= high else low if low > 0 else high
        told = {
            "uncorrected": estimate,
            "uncorrected_low": low,
            "uncorrected_high": high,
            "control_rate": rate,
            "tipping_point": float(tipping_point(estimate, rate)) if rate < 1 else float("nan"),
            "tipping_point_of_bound": float(tipping_point(nearest, rate)) if rate < 1 else float("nan"),
            "toward": _mean(apart[both.toward[d] == 1]),
            "away": _mean(apart[both.toward[d] == 0]),
            "alpha": _alpha(own[own["character"].isin([self.subject, *texts])]),
        }
        for way, value in NOT_SURE.items():
            again = uncorrected(sides(own, [name], [self.subject], [[t] for t in texts], value))
            told[f"not_sure_{way}"] = float(again.estimate[0])
        return told


def _lost(rows: pd.DataFrame, characters: Sequence[str]) -> float:
    return float((rows[rows["character"].isin(list(characters))]["refusal"] != "none").mean())


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
