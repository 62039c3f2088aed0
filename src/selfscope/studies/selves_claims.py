"""What may be said of one contrast over statements, and whether its stage could have shown anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from selfscope.instruments.selves.asked import Stage
from selfscope.instruments.selves.load import WORDINGS
from selfscope.instruments.selves.speakers import Speaker
from selfscope.stats.contrast import PairedContrast, paired_contrast
from selfscope.stats.masked import Array
from selfscope.stats.masked import mean as kept_mean
from selfscope.stats.multiplicity import holm
from selfscope.stats.sensitivity import Sensitivity, sensitivity
from selfscope.stats.verdicts import LEAST_MASS, MOST_REFUSED, PASS, UNKNOWN
from selfscope.studies.selves_table import Said
from selfscope.values.finding import Estimate, Verdict
from selfscope.values.selves import Claim, Gate, Sense

ALPHA = 0.05


def estimate_of(contrast: PairedContrast) -> Estimate:
    """Return a contrast's estimate with its 95 % interval."""
    low, high = (float(x) for x in contrast.ci95)
    return Estimate(float(contrast.estimate), (low, high))


def claim(
    values: Array, keyed: Array, said: Said, gate: Gate | None, bias: Claim | None = None, *, p: float = 0.0
) -> Claim:
    """Return what may be said of scores over statements, the first rule that fits (measurement.md §8).

    Parameters
    ----------
    values, keyed
        ``(m,)``; NaN where not asked.
    gate
        Of the stage; None for a bias, which needs none.
    bias
        The bias of the same answers: if it is there and the trait is not, the verdict is ``bias only``.
    p
        A second test that must pass too; the larger p counts.
    """
    contrast = paired_contrast(values, keyed)
    whole = float(np.maximum(contrast.p, p))
    return _judged(contrast, whole, whole, said.sesoi, gate, bias)


def claims(
    values: Mapping[str, Array], keyed: Mapping[str, Array], said: Said, gate: Gate, bias: Claim | None = None
) -> dict[str, Claim]:
    """Return what may be said of several, Holm over them."""
    contrasts = {name: paired_contrast(v, keyed[name]) for name, v in values.items()}
    adjusted = holm([float(c.p) for c in contrasts.values()])
    found = {
        name: _judged(c, float(c.p), float(p), said.sesoi, gate, bias)
        for (name, c), p in zip(contrasts.items(), adjusted, strict=True)
    }
    statements = min(int(c.n) for c in contrasts.values())
    if len(found) * 2.0 ** (1 - statements) <= ALPHA:
        return found
    note = f"{statements} statements cannot show one of {len(found)}: only a screen"
    return {name: replace(each, notes=(*each.notes, note)) for name, each in found.items()}


def _judged(
    contrast: PairedContrast, p: float, adjusted: float, sesoi: float, gate: Gate | None, bias: Claim | None
) -> Claim:
    verdict = _verdict(contrast, adjusted, sesoi, gate, bias)
    notes = gate.reasons if gate is not None and verdict == "not interpretable" else ()
    return Claim(estimate_of(contrast), p, adjusted, verdict, int(contrast.n), notes)


def _verdict(c: PairedContrast, p: float, sesoi: float, gate: Gate | None, bias: Claim | None) -> Verdict:
    estimate = float(c.estimate)
    same = float(c.plus) * float(c.minus) > 0
    if p <= ALPHA and abs(estimate) >= sesoi and same:
        return "shifted"
    if gate is not None and gate.state != "pass":
        return "not interpretable"
    if bias is not None and bias.verdict == "shifted":
        return "bias only"
    low, high = (float(x) for x in c.ci90)
    return "equivalent" if -sesoi < low and high < sesoi else "inconclusive"


def gate_of(said: Said, stage: Stage, wishers: Sequence[Speaker]) -> Gate:
    """Return whether a stage sees those who are told to hold a thing, and those told the opposite.

    Over all that was wished for together: statements are the clusters. Each wording asks half of them.
    """
    targets = tuple(dict.fromkeys(w.unit for w in wishers))
    high, low = (_wished(said, stage, wishers, targets, kind) for kind in ("high", "low"))
    keyed = said.keyed(stage, targets[0])
    each = sensitivity(high, low, np.stack([said.keyed(stage, t) for t in targets]), sesoi=said.sesoi)
    whole = (
        sensitivity(_over(high), _over(low), keyed, sesoi=said.sesoi)
        if _alike(said, stage, targets)
        else each
    )
    by_target = dict(zip(targets, map(float, each.contrast.estimate), strict=True))
    return _gate(said, stage, whole, by_target)


def _wished(said: Said, stage: Stage, wishers: Sequence[Speaker], targets: Sequence[str], kind: str) -> Array:
    """Return D of one side of the check, ``(wording, target, m)``."""
    names = {(w.unit, w.wording): w.name for w in wishers if w.kind == kind}
    overview = "none" if stage == "survival" else ""
    return np.array(
        [
            [said.of(stage, t, names[t, w], overview=overview, wordings=(w,)) for t in targets]
            for w in range(WORDINGS)
        ]
    )


def _alike(said: Said, stage: Stage, targets: Sequence[str]) -> bool:
    """Whether statements of all targets have the same keyings in the same places."""
    return all(np.array_equal(said.keyed(stage, t), said.keyed(stage, targets[0])) for t in targets)


def _over(values: Array) -> Array:
    """Return the mean over targets as one, ``(wording, 1, m)``."""
    return np.asarray(kept_mean(values, axis=1))[:, None, :]


def _gate(said: Said, stage: Stage, found: Sensitivity, by_target: dict[str, float]) -> Gate:
    words: dict[int, Sense] = {PASS: "pass", UNKNOWN: "not estimated"}
    state = words.get(int(found.state[0]), "fail")
    mass, refused = said.mass((stage,)), said.refused((stage,))
    reasons = []
    if state != "pass":
        reasons.append("G1: characters told to hold it and its opposite do not come out apart")
    if mass < LEAST_MASS:
        reasons.append(f"option mass {mass:.4f}: the options are hardly ever said")
    if refused > MOST_REFUSED:
        reasons.append(f"{100 * refused:.0f} % of the answers are refused or unparsed")
    contrast = PairedContrast(*(np.asarray(x)[0] for x in found.contrast))
    gate = Gate(estimate_of(contrast), float(found.lower[0]), state, by_target, mass, refused, tuple(reasons))
    return replace(gate, state="fail") if reasons and state == "pass" else gate
