"""Whether what is asked of each thing could have shown anything: one check a construct."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from selfscope.instruments.selves.asked import GIVEN, Stage
from selfscope.instruments.selves.load import WORDINGS
from selfscope.instruments.selves.speakers import Speaker
from selfscope.stats.contrast import PairedContrast
from selfscope.stats.masked import Array
from selfscope.stats.masked import mean as kept_mean
from selfscope.stats.sensitivity import Sensitivity, sensitivity
from selfscope.stats.verdicts import BLIND, LEAST_MASS, MOST_REFUSED, PASS, UNKNOWN
from selfscope.studies.selves_claims import estimate_of
from selfscope.studies.selves_table import Said
from selfscope.values.finding import Estimate
from selfscope.values.selves import Gate, Sense

_WORDS: dict[int, Sense] = {PASS: "pass", UNKNOWN: "not estimated"}


def gates_of(said: Said, stage: Stage, wishers: Sequence[Speaker]) -> dict[str, Gate]:
    """Return for each target whether those who are told to hold it come out apart from those told not to.

    Statements are the clusters; each wording asks half of them. No correction over targets: what is called
    absent of a target rests on its own check alone, and what is said of all of them needs every one
    (:func:`together`). Of accounts, `GIVEN` is checked by what all wishers say of the account that was given.
    """
    targets = tuple(dict.fromkeys(w.unit for w in wishers))
    keyed = np.stack([said.keyed(stage, t) for t in targets])
    high, low = (_wished(said, stage, wishers, targets, kind) for kind in ("high", "low"))
    found = _gates(said, stage, targets, sensitivity(high, low, keyed, sesoi=said.sesoi))
    if stage == "fits":
        high, low = (_given(said, wishers, kind) for kind in ("high", "low"))
        own = sensitivity(high, low, said.keyed(stage, GIVEN), sesoi=said.sesoi)
        found |= _gates(said, stage, (GIVEN,), own)
    return found


def together(gates: Mapping[str, Gate], names: Iterable[str]) -> Gate:
    """Return the check of what is said of several targets at once: it passes where every one of them does.

    The number shown is that of the target that came out least.
    """
    named = {name: gates[name] for name in names}
    lost = [name for name, gate in named.items() if gate.state != "pass"]
    least = min(named.values(), key=lambda g: g.lower if np.isfinite(g.lower) else -np.inf)
    state: Sense = "pass"
    if lost:
        failed = any(named[name].state == "fail" for name in lost)
        state = "fail" if failed else "not estimated"
    reasons = [f"{reason} ({', '.join(at)})" for reason, at in _by_reason(named, lost).items()]
    mass = min(g.mass for g in named.values())
    refused = max(g.refused for g in named.values())
    return Gate(least.contrast, least.lower, state, mass, refused, tuple(reasons))


def _by_reason(named: Mapping[str, Gate], lost: Sequence[str]) -> dict[str, list[str]]:
    """Return for each reason the targets that have it."""
    told: dict[str, list[str]] = {}
    for name in lost:
        for reason in named[name].reasons:
            told.setdefault(reason, []).append(name)
    return told


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


def _given(said: Said, wishers: Sequence[Speaker], kind: str) -> Array:
    """Return the same of the account that was given, mean over what was wished for, ``(wording, 1, m)``."""
    side = [w for w in wishers if w.kind == kind]
    told = [
        [said.of("fits", GIVEN, w.name, wordings=(n,)) for w in side if w.wording == n]
        for n in range(WORDINGS)
    ]
    return np.asarray(kept_mean(np.array(told), axis=1))[:, None, :]


def _gates(said: Said, stage: Stage, targets: Sequence[str], found: Sensitivity) -> dict[str, Gate]:
    return {target: _gate(said, stage, target, found, n) for n, target in enumerate(targets)}


def _gate(said: Said, stage: Stage, target: str, found: Sensitivity, at: int) -> Gate:
    state = _WORDS.get(int(found.state[at]), "fail")
    mass, refused = said.mass(stage, target), said.refused(stage, target)
    reasons = [BLIND] if state == "fail" else []
    if mass < LEAST_MASS:
        reasons.append(f"option mass under {LEAST_MASS}: the options are hardly ever said")
    if refused > MOST_REFUSED:
        reasons.append(f"{100 * refused:.0f} % of the answers are refused or unparsed")
    if reasons:
        state = "fail"
    estimate: Estimate = estimate_of(PairedContrast(*(np.asarray(x)[at] for x in found.contrast)))
    return Gate(estimate, float(found.lower[at]), state, mass, refused, tuple(reasons))
