"""How far findings from free answers carry: the word of a row, and the claim "this identity" (§5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from selfscope.stats.claims import WEAKEST_FIRST
from selfscope.stats.classes import LEAST_TEXTS
from selfscope.stats.judged import standing
from selfscope.stats.multiplicity import holm
from selfscope.stats.results import CLAIMED
from selfscope.values import Finding
from selfscope.values.finding import Claim, Verdict

ALPHA = 0.05


def claims_of(
    by_control: Mapping[str, Mapping[str, Finding]], dimensions: Sequence[str]
) -> dict[str, Finding]:
    """Return the claim "this identity": against no text, professional texts and strong personas at once.

    Intersection-union: the largest p, 1 where signs differ; Holm over the dimensions.
    """
    parts = {name: [by_control[c][name] for c in CLAIMED] for name in dimensions}
    p = np.array([_together(rows) for rows in parts.values()])
    return {
        name: _claimed(rows, float(raw), float(adjusted))
        for (name, rows), raw, adjusted in zip(parts.items(), p, holm(p), strict=True)
    }


def _together(rows: Sequence[Finding]) -> float:
    signs = {np.sign(f.estimate) for f in rows}
    return max(f.p for f in rows) if len(signs) == 1 else 1.0


def _claimed(rows: Sequence[Finding], p: float, adjusted: float) -> Finding:
    """Return the claim over three rows: shifted where each row would be at this p, else the weakest."""
    binding = min(rows, key=lambda f: abs(f.estimate) if np.isfinite(f.estimate) else np.inf)
    enough = all(f.claim not in ("than this control", "screening") for f in rows)
    verdicts = {f.verdict for f in rows}
    if verdicts == {"shifted"} and adjusted <= ALPHA:
        verdict: Verdict = "shifted"
    elif verdicts == {"equivalent"}:
        verdict = "equivalent"
    else:
        verdict = next((v for v in WEAKEST_FIRST[:3] if v in verdicts), "inconclusive")
    screening = any(f.claim == "screening" for f in rows)
    return replace(
        binding,
        control="all",
        claim="screening" if screening else "this identity" if enough else "than this control",
        estimand=f"{binding.estimand}; against the class that it moves least against",
        p=p,
        p_adjusted=adjusted,
        verdict=verdict,
        family="screening" if screening else "confirmatory",
        notes=(f"binding class: {binding.control}", *binding.notes),
    )


def claim_of(control: str, texts: int, prompts: int) -> Claim:
    """Return how far a row carries (§5): a class needs texts enough, and a claim prompts enough."""
    if standing(prompts) != "confirm":
        return "screening"
    if control == "none":
        return "any text"
    return "than this class" if control in CLAIMED and texts >= LEAST_TEXTS else "than this control"
