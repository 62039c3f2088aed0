"""The cluster as a finding of its own: the mean shift of one identity, and what travels together in many.

The claim that is put to the test is that dimensions *travel together*. One identity can show that their mean
moves, also over dimensions that it never mentions, and which go the other way. That they travel together
needs several identities; here they are the characters of the ground's panel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from selfscope.models.ground import GroundIdentity
from selfscope.stats.contrast import ZERO
from selfscope.stats.masked import Mask
from selfscope.stats.mean_shift import MeanShift, mean_seen, mean_shift
from selfscope.stats.results import CLAIMED, FamilyResult, Row
from selfscope.stats.sensitivity import Sensitivity
from selfscope.studies.panel import Panel
from selfscope.studies.scores import Layout
from selfscope.studies.travel import FORETOLD, SHARED, together, travelling
from selfscope.subjects.mentions import mentions
from selfscope.values import Finding, ItemSet, Question, Study
from selfscope.values.cluster import ClusterFinding, MeanMove, WrongWay
from selfscope.values.finding import Verdict

#: Fields that an identity's own shift fills.
OWN = ("mean_shift", "ci", "p", "verdict", "wrong_sign")
UNMENTIONED = ("unmentioned_shift", "unmentioned_ci", "unmentioned_p", "unmentioned_verdict")
#: Controls from the strictest on; texts of the user's own come last.
_STRICT = ("all", "persona", "generic", "none")


def cluster_finding(
    study: Study,
    items: ItemSet,
    question: Question,
    layout: Layout,
    checks: Sensitivity,
    *,
    result: FamilyResult | None = None,
    findings: Sequence[Finding] = (),
    panel: Panel | None = None,
    ground: GroundIdentity,
    screening: bool = False,
    elsewhere: Sensitivity | None = None,
) -> ClusterFinding:
    """Return what one channel of a run says of the cluster.

    Parameters
    ----------
    result, findings
        The judged family of the channel and its findings; None and empty where nothing was compared.
    panel
        The ground's; its characters are the identities over which dimensions may travel together.
    screening
        Whether too little was asked in a dimension for a claim.
    elsewhere
        The sensitivity check on the other ground, where two grounds are compared: the worse one counts.
    """
    if items.name != "cluster":
        return _elsewhere(question.channel)
    said: dict[str, Any] = {"sesoi": question.sesoi, "absent": {}}
    text = study.subject.system
    asked = {d.name for d in items.dimensions if d.name in question.declared}
    if text is not None:
        spoken = mentions(text, items.dimensions)
        said["mentioned"] = {name: words for name, words in spoken.items() if words and name in asked}
        said["unmentioned"] = tuple(name for name, words in spoken.items() if not words and name in asked)
    both = (checks,) if elsewhere is None else (checks, elsewhere)
    said |= _own(result, findings, layout, both, said.get("unmentioned", ()), said["absent"])
    if text is None and result is not None:
        said["absent"] |= dict.fromkeys(UNMENTIONED, "there is no text that could name a dimension")
    said |= _shared(panel, ground, study, items, question, said["absent"])
    found = ClusterFinding(question.channel, **said)
    found = replace(found, together=together(found, _passed(checks, layout, question)))
    return replace(found, limits=_limits(found, study, items, question, screening))


def _elsewhere(channel: str) -> ClusterFinding:
    """Return the finding on statements of the user's own: none."""
    reason = "the statements are the user's own; the cluster is of the shipped dimensions"
    fields = (*OWN, *UNMENTIONED, *SHARED, *FORETOLD, "control", "sesoi")
    return ClusterFinding(channel, absent=dict.fromkeys(fields, reason))


def _own(
    result: FamilyResult | None,
    findings: Sequence[Finding],
    layout: Layout,
    checks: Sequence[Sensitivity],
    unmentioned: Sequence[str],
    absent: dict[str, str],
) -> dict[str, Any]:
    """Return what the identity's own shifts come to."""
    if result is None:
        reason = "nothing was compared: no identity, or no control"
        absent |= dict.fromkeys(("control", *OWN, *UNMENTIONED), reason)
        return {}
    apart = np.array([d in unmentioned for d in layout.dimensions])
    moves = (*_moves(result, checks, result.declared, False),)
    if (apart & result.declared).any():
        moves = (*moves, *_moves(result, checks, result.declared & apart, True))
    else:
        absent |= dict.fromkeys(UNMENTIONED, "the identity mentions every dimension that was asked")
    control = _strictest([m.control for m in moves])
    whole = next(m for m in moves if m.control == control and not m.unmentioned)
    said: dict[str, Any] = {"control": control, "moves": moves, "wrong_sign": _wrong(findings, control)}
    said |= dict(zip(OWN[:4], (whole.estimate, whole.ci, whole.p, whole.verdict), strict=True))
    for m in moves:
        if m.control == control and m.unmentioned:
            said |= dict(zip(UNMENTIONED, (m.estimate, m.ci, m.p, m.verdict), strict=True))
    return said


def _strictest(controls: Sequence[str]) -> str:
    """Return the control whose row speaks for a run: the claim, else the strictest class."""
    return next((c for c in _STRICT if c in controls), controls[0])


def _moves(
    result: FamilyResult, checks: Sequence[Sensitivity], use: Mask, unmentioned: bool
) -> list[MeanMove]:
    """Return the mean over some dimensions against every control, and against all three together."""
    settings = result.settings
    seen = {_seen(check, use, settings.sesoi) for check in checks}
    g1 = next(state for state in ("fail", "not estimated", "pass") if state in seen)
    shifts = {name: mean_shift(row.trait, use) for name, row in result.rows.items()}
    found = [
        _move(name, unmentioned, shift, _firm(row, use, shift, settings.alpha), _apart(row, use), g1, result)
        for (name, shift), row in zip(shifts.items(), result.rows.values(), strict=True)
    ]
    three = [m for m in found if m.control in CLAIMED]
    return found if len(three) < len(CLAIMED) else [_claim(three), *found]


def _seen(checks: Sensitivity, use: Mask, sesoi: float) -> str:
    """Say whether characters told to hold it all, and its opposite, come apart in the mean by δ."""
    if not np.isfinite(np.broadcast_to(checks.lower, use.shape)[use]).any():
        return "not estimated"
    estimate, lower = mean_seen(checks.contrast, use)
    return "pass" if lower > 0 and estimate >= sesoi else "fail"


def _firm(row: Row, use: Mask, shift: MeanShift, alpha: float) -> bool:
    """Whether the mean moved beyond what mere firmness would do (the sharpening guard)."""
    slope = abs(float(row.slope))
    kept = mean_shift(row.guarded, use, stretch=1 / slope if ZERO < slope < 1 else 1.0)
    return bool(kept.p <= alpha and np.sign(kept.estimate) == np.sign(shift.estimate))


def _apart(row: Row, use: Mask) -> bool:
    """Whether trait and bias are separated in every dimension of a mean (measurement.md §2)."""
    return bool(np.broadcast_to(row.evidence.separated, use.shape)[use].all())


def _move(
    control: str,
    unmentioned: bool,
    shift: MeanShift,
    firm: bool,
    separated: bool,
    g1: str,
    result: FamilyResult,
) -> MeanMove:
    estimate, p, sesoi = float(shift.estimate), float(shift.p), result.settings.sesoi
    verdict: Verdict = "inconclusive"
    large = p <= result.settings.alpha and abs(estimate) >= sesoi
    if large and separated and (firm or not result.settings.guard):
        verdict = "shifted"
    elif g1 == "fail":
        verdict = "not interpretable"
    elif shift.ci90[0] > -sesoi and shift.ci90[1] < sesoi:
        verdict = "equivalent"
    ci = (float(shift.ci95[0]), float(shift.ci95[1]))
    return MeanMove(control, unmentioned, estimate, ci, p, int(shift.n), g1, verdict)


def _claim(three: Sequence[MeanMove]) -> MeanMove:
    """Return the mean against none and generic and persona together: intersection-union (§5)."""
    least = min(three, key=lambda m: abs(m.estimate))
    one_way = len({np.sign(m.estimate) for m in three}) == 1
    verdicts = {m.verdict for m in three}
    verdict: Verdict = "inconclusive"
    if verdicts == {"shifted"} and one_way:
        verdict = "shifted"
    elif "not interpretable" in verdicts:
        verdict = "not interpretable"
    elif verdicts == {"equivalent"}:
        verdict = "equivalent"
    return replace(least, control="all", p=max(m.p for m in three) if one_way else 1.0, verdict=verdict)


def _wrong(findings: Sequence[Finding], control: str) -> tuple[WrongWay, ...]:
    """Return the declared dimensions whose change points away from the cluster's pole, with their verdicts.

    Keyed +1 is the cluster's pole in every dimension of the shipped set: so its statements are keyed.
    """
    away = [f for f in findings if f.control == control and f.family != "outside" and f.estimate < 0]
    found = [WrongWay(f.dimension, f.estimate, f.ci, f.p_adjusted, f.verdict, f.ci[1] < 0) for f in away]
    return tuple(sorted(found, key=lambda w: w.estimate))


def _shared(
    panel: Panel | None,
    ground: GroundIdentity,
    study: Study,
    items: ItemSet,
    question: Question,
    absent: dict[str, str],
) -> dict[str, Any]:
    """Return what the characters of the panel share, or why that is not known."""
    reason = "no panel is here" if panel is None else panel.fits(ground, study.items)
    if panel is None or reason:
        absent |= dict.fromkeys((*SHARED, *FORETOLD), f"needs several identities, and {reason}")
        return {}
    said, missing = travelling(panel, items, question.channel, question.sesoi)
    absent |= missing
    return said


def _passed(checks: Sensitivity, layout: Layout, question: Question) -> str:
    """Return the sensitivity check of the mean over the declared dimensions."""
    declared = np.array([d in question.declared for d in layout.dimensions])
    return _seen(checks, declared, question.sesoi)


def _limits(
    found: ClusterFinding, study: Study, items: ItemSet, question: Question, screening: bool
) -> tuple[str, ...]:
    """Return what cannot be said here."""
    said, name = [], study.subject.name
    if study.subject.system is not None:
        said.append(
            f"That dimensions travel together needs several identities. {name} is one: it can move their "
            "mean, and that is all it can show."
        )
    every = sum(not d.manipulation_check for d in items.dimensions)
    if len(question.declared) < every:
        said.append(f"Only {len(question.declared)} of the {every} dimensions of the cluster were asked.")
    if screening and found.moves:
        said.append("Too few statements were asked for a claim: the means are a screening.")
    if found.travel is not None:
        said.append(
            f"The common factor is of the panel's {found.travel.characters} characters on this model, not of "
            f"{name if study.subject.system is not None else 'the bare model'}. They were written to differ, "
            "and are no sample of identities."
        )
    if found.mentioned or found.unmentioned:
        said.append(
            "What the identity mentions is decided by words, before anything is asked: the same thing in "
            "other words is not caught."
        )
    return tuple(said)
