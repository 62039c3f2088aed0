"""The five verdicts: the first rule that fits, in the order of `measurement.md` §8, everywhere.

One rule in two spellings: :func:`decide` for one dimension, with notes in words, and :func:`decide_many` on
arrays, for simulations. A test holds them equal.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from selfscope.stats.masked import Mask
from selfscope.values.finding import Verdict

RULES: tuple[Verdict, ...] = ("shifted", "not interpretable", "bias only", "equivalent", "inconclusive")
"""In the order in which they are tried; a code is an index here."""
SHIFTED = RULES.index("shifted")

G2_FLOOR, G2_GOOD = 0.60, 0.80
LEAST_MASS = 0.001
MOST_REFUSED, MOST_APART = 0.20, 0.10
FAIL, UNKNOWN, PASS = 0, -1, 1
"""States of a gate, and of the check over forms."""

#: The note of a difference that is no more than firmer answers.
FIRMER = "sharpening"
#: Why a gate is shut where the sensitivity check failed.
BLIND = "G1: the instrument does not see characters told to hold the trait and its opposite"


class Evidence(NamedTuple):
    """All that a verdict rests on; scalars for one dimension, or arrays of one shape.

    Attributes
    ----------
    estimate, p, low90, high90
        Δ̂, its p after the family's correction, and its 90 % interval.
    plus, minus
        Stratum means of δ_i.
    opposed
        Yes/no and lettered forms have opposite significant signs.
    guard
        The sharpening guard passes (or does not apply).
    resampled
        The studentised bootstrap interval agrees that there is a difference, or need not because δ_i are
        not skewed.
    resampled_small
        Its 90 % interval lies inside (-δ, δ), or need not.
    skewed, saturated
        Notes: |skewness of δ_i| over 1.5; over 20 % of the answers of either arm beyond 8 log-odds.
    separated
        Trait and bias can be told apart: statements have twins, and both keyings are there (§2).
    g1
        1 pass, 0 fail, -1 not estimated.
    g2
        Eρ², NaN where not estimated.
    mass
        The smaller median option mass of both arms, NaN where the channel has none.
    refused_subject, refused_control
        Shares refused or unparsed, 0 where answers are exact.
    bias, bias_p
        Δâ, and the corrected p that agreement moved on pro and con texts alike (1 if not the same way).
    position, position_p, label, label_p, merged, merged_p
        The same for form biases, `merged` being label and position as one where the forms do not tell them
        apart; NaN where a channel has none.
    points
        The shift of the trait in percentage points, where answers are drawn; NaN elsewhere.
    sesoi, least_points, alpha
        δ, the points that go beside it where answers are drawn, and the level.
    """

    estimate: Any
    p: Any
    low90: Any
    high90: Any
    plus: Any
    minus: Any
    opposed: Any
    guard: Any
    resampled: Any
    resampled_small: Any
    skewed: Any
    separated: Any
    saturated: Any
    g1: Any
    g2: Any
    mass: Any
    refused_subject: Any
    refused_control: Any
    bias: Any
    bias_p: Any
    position: Any
    position_p: Any
    label: Any
    label_p: Any
    merged: Any
    merged_p: Any
    points: Any
    sesoi: Any
    least_points: Any
    alpha: Any


class Decision(NamedTuple):
    """A verdict with what a reader must know beside it, and why an absence could not have been seen."""

    verdict: Verdict
    notes: tuple[str, ...]
    reasons: tuple[str, ...]


def at(evidence: Evidence, index: tuple[int, ...] | int) -> Evidence:
    """Return the evidence on one dimension as Python scalars."""
    return Evidence(*(np.asarray(x)[index].item() for x in evidence))


def decide(e: Evidence, *, bias_name: str = "yes-saying") -> Decision:
    """Which verdict does the evidence on one dimension allow?

    Parameters
    ----------
    e
        Scalars.
    bias_name
        What B is in this channel: ``yes-saying`` or ``fluency``.
    """
    reasons, biases = gate_reasons(e), _biases(e, bias_name)
    if _is_shifted(e):
        return Decision("shifted", _shift_notes(e), reasons)
    blocked = _why_not_shifted(e)
    if reasons:
        return Decision("not interpretable", (*blocked, *biases), reasons)
    if biases:
        return Decision("bias only", (*biases, _trait_beside_bias(e), *blocked), reasons)
    if _inside(e) and e.g1 == PASS:
        small = ("detectable, below the smallest effect of interest",) if e.p <= e.alpha else ()
        return Decision("equivalent", (*small, *blocked), reasons)
    unseen = ("sensitivity not estimated: an absence cannot be claimed",)
    return Decision("inconclusive", (*(unseen if _inside(e) else ()), *blocked), reasons)


def gate_reasons(e: Evidence) -> tuple[str, ...]:
    """Return in words why rule 2 holds: what keeps an absence from being seen; empty if nothing does."""
    apart = abs(e.refused_subject - e.refused_control)
    tests = (
        (e.g1 == FAIL, BLIND),
        (e.g2 < G2_FLOOR, f"G2: reliability {e.g2:.2f}, under {G2_FLOOR:.2f}"),
        (e.mass < LEAST_MASS, f"median option mass {e.mass:.2g}, under {LEAST_MASS}"),
        (
            max(e.refused_subject, e.refused_control) > MOST_REFUSED,
            f"refused or unparsed: {e.refused_subject:.0%} of the subject's answers, "
            f"{e.refused_control:.0%} of the control's",
        ),
        (apart > MOST_APART, f"refusals differ by {100 * apart:.0f} points between the arms"),
    )
    return tuple(words for holds, words in tests if holds)


def _is_shifted(e: Evidence) -> bool:
    """Rule 1."""
    return (
        e.p <= e.alpha
        and abs(e.estimate) >= e.sesoi
        and not _few_points(e)
        and _strata_agree(e)
        and not e.opposed
        and e.guard
        and e.resampled
        and e.separated
    )


def _few_points(e: Evidence) -> bool:
    """Whether drawn answers moved by less than the points that go beside δ (§4); never in exact channels."""
    return bool(abs(e.points) < e.least_points)


def _strata_agree(e: Evidence) -> bool:
    """Whether both keyings have the sign of the whole (with one keying there is nothing to disagree)."""
    sign = np.sign(e.estimate)
    return bool(sign != 0 and not e.plus * sign <= 0 and not e.minus * sign <= 0)


def _narrow(e: Evidence) -> bool:
    """Whether the 90 % t interval lies inside (-δ, δ)."""
    return bool(-e.sesoi < e.low90 and e.high90 < e.sesoi)


def _inside(e: Evidence) -> bool:
    """Whether the trait is surely smaller than δ, where δ_i are skewed by the bootstrap as well."""
    return bool(_narrow(e) and e.resampled_small)


def _biases(e: Evidence, name: str) -> tuple[str, ...]:
    """Return the biases that moved, in words."""
    found = (
        (e.bias, e.bias_p, name),
        (e.position, e.position_p, "position"),
        (e.label, e.label_p, "label"),
        (e.merged, e.merged_p, "label or position"),
    )
    return tuple(
        f"{words} moved by {size:+.2f}" for size, p, words in found if abs(size) >= e.sesoi and p <= e.alpha
    )


def _shift_notes(e: Evidence) -> tuple[str, ...]:
    """Return what to say beside `shifted`."""
    tests = (
        (e.skewed, "skewed"),
        (e.g2 < G2_FLOOR, "low reliability"),
        (e.saturated, "saturated"),
    )
    return tuple(words for holds, words in tests if holds)


def _why_not_shifted(e: Evidence) -> tuple[str, ...]:
    """Return which conditions of rule 1 failed where the corrected test alone would have found a shift."""
    wide = _narrow(e) and not e.resampled_small
    noted = (
        (e.skewed, "skewed"),
        (e.saturated, "saturated"),
        (wide, "skewed differences may be larger than the smallest effect of interest"),
    )
    plain = tuple(words for holds, words in noted if holds)
    if not (e.p <= e.alpha and abs(e.estimate) >= e.sesoi):
        return plain
    tests = (
        (_few_points(e), f"percentage points: {e.points:+.1f}, fewer than {e.least_points:g}"),
        (not e.guard, FIRMER),
        (not _strata_agree(e), "the two keyings disagree in sign"),
        (e.opposed, "yes/no and lettered forms disagree in sign"),
        (not e.resampled, "the bootstrap interval of skewed differences includes zero"),
        (not e.separated, "trait and bias cannot be separated with these statements"),
    )
    return (*plain, *(words for holds, words in tests if holds))


def _trait_beside_bias(e: Evidence) -> str:
    """Say what the trait did while the bias moved."""
    if _inside(e) and e.g1 == PASS:
        return "the trait is equivalent"
    if abs(e.estimate) < max(abs(x) for x in (e.bias, e.position, e.label, e.merged) if not np.isnan(x)):
        return "the trait moved less than the bias"
    return "the trait is not settled"


def decide_many(e: Evidence) -> NDArray[np.intp]:
    """Return codes (indices of :data:`RULES`) for arrays of evidence, by the same rules."""
    given = Evidence(*np.broadcast_arrays(*(np.asarray(x) for x in e)))
    inside = (-given.sesoi < given.low90) & (given.high90 < given.sesoi) & given.resampled_small
    return np.select(
        [_shifted_many(given), _blocked_many(given), _biased_many(given), inside & (given.g1 == PASS)],
        [np.intp(0), np.intp(1), np.intp(2), np.intp(3)],
        default=np.intp(4),
    )


def _shifted_many(e: Evidence) -> Mask:
    """Rule 1 on arrays."""
    sign = np.sign(e.estimate)
    strata = (sign != 0) & ~(e.plus * sign <= 0) & ~(e.minus * sign <= 0)
    size = (e.p <= e.alpha) & (np.abs(e.estimate) >= e.sesoi) & ~(np.abs(e.points) < e.least_points)
    found: Mask = size & strata & ~e.opposed & e.guard & e.resampled & e.separated
    return found


def _blocked_many(e: Evidence) -> Mask:
    """Rule 2 on arrays."""
    refused = np.maximum(e.refused_subject, e.refused_control) > MOST_REFUSED
    apart = np.abs(e.refused_subject - e.refused_control) > MOST_APART
    found: Mask = (e.g1 == FAIL) | (e.g2 < G2_FLOOR) | (e.mass < LEAST_MASS) | refused | apart
    return found


def _biased_many(e: Evidence) -> Mask:
    """Rule 3 on arrays."""
    pairs = (
        (e.bias, e.bias_p),
        (e.position, e.position_p),
        (e.label, e.label_p),
        (e.merged, e.merged_p),
    )
    found: Mask = np.any([(np.abs(x) >= e.sesoi) & (p <= e.alpha) for x, p in pairs], axis=0)
    return found
