"""Does a promise move an answer by what it promises? Arms against no promise and against a sham, together.

An arm stands against two notes: one that promises nothing, and a promise of equal warmth about nothing. By
intersection and union the p of an arm on an outcome is the larger of both, 1 where their signs differ (Berger
1982); Holm over all arms and outcomes of a run. What the sham does as well is warmth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfscope.stats.atoms import ArmScores, Forms, stack_texts
from selfscope.stats.family import judge
from selfscope.stats.masked import Array, Mask
from selfscope.stats.multiplicity import holm
from selfscope.stats.results import Gates, Row, Settings
from selfscope.stats.verdicts import RULES, Evidence, decide_many
from selfscope.values.assurance import Moved

MOVED: tuple[Moved, ...] = get_args(Moved)
"""A code is an index here."""
ALPHA = 0.05


class Side(NamedTuple):
    """Arms against one note, arrays ``(..., arm, outcome)``: what verdicts rest on, and p before correction.

    Attributes
    ----------
    evidence
        Its p, its guard and the p of its bias are not corrected yet.
    guarded, guarded_p
        The contrast with sharpening taken out.
    bias
        Its 95 % interval, ``(..., arm, outcome, 2)``; NaN where a channel has no agreement.
    ci95
        Of the contrast, ``(..., arm, outcome, 2)``.
    """

    evidence: Evidence
    p: Array
    guarded: Array
    guarded_p: Array
    bias_p: Array
    bias: Array
    ci95: Array


class Promises(NamedTuple):
    """What arms do to outcomes, arrays ``(..., arm, outcome)``.

    Attributes
    ----------
    p, p_adjusted
        Against both notes together.
    nothing, sham
        Evidence against each of them, corrected for itself.
    nothing_codes, sham_codes
        Verdicts of each alone, indices of ``verdicts.RULES``.
    warmth, warmth_codes
        The sham against nothing, ``(..., outcome)``.
    codes
        Verdicts, indices of `MOVED`.
    """

    p: Array
    p_adjusted: Array
    nothing: Evidence
    sham: Evidence
    nothing_codes: NDArray[np.intp]
    sham_codes: NDArray[np.intp]
    warmth: Evidence
    warmth_codes: NDArray[np.intp]
    codes: NDArray[np.intp]


def sides(
    arms: Sequence[ArmScores],
    nothing: ArmScores,
    sham: ArmScores,
    keyed: ArrayLike,
    *,
    settings: Settings,
    g1: ArrayLike,
    forms: Forms | None = None,
) -> tuple[Side, Side, Side]:
    """Return all arms against nothing, all against the sham, and the sham against nothing.

    Parameters
    ----------
    arms, nothing, sham
        Scores of one channel, ``(..., outcome, m)`` each.
    g1
        State of the sensitivity check, ``(outcome,)``.

    Raises
    ------
    BadInput
        If shapes do not fit, or some answers were drawn and some are exact.
    """
    gates = Gates(g1=g1)
    told = stack_texts(list(arms))
    classes = {name: stack_texts([each] * len(arms)) for name, each in (("n", nothing), ("s", sham))}
    lifted = {name: _each_alone(each) for name, each in classes.items()}
    rows = judge(told, lifted, keyed, settings=settings, gates=gates, forms=forms).rows
    warm = judge(
        sham.as_text(), {"n": _each_alone(nothing.as_text())}, keyed,
        settings=settings, gates=gates, forms=forms,
    ).rows["n"]  # fmt: skip
    return side_of(rows["n"]), side_of(rows["s"]), side_of(warm)


def _each_alone(stacked: ArmScores) -> ArmScores:
    """Return scores ``(arm, outcome, m)`` as one control text of each arm, ``(arm, 1, outcome, m)``."""
    return stacked.as_text()


def side_of(row: Row) -> Side:
    """Return what a row of a family rests on, before correction."""
    shape = row.trait.estimate.shape
    moved = row.agreement
    bias_p = np.full(shape, np.nan) if moved is None else np.broadcast_to(moved.p, shape)
    bias = np.full((*shape, 2), np.nan) if moved is None else moved.acquiescence.ci95
    return Side(row.evidence, row.trait.p, row.guarded.estimate, row.guarded.p, bias_p, bias, row.trait.ci95)


def joined(parts: Sequence[Side]) -> Side:
    """Return the sides of several channels as one, their outcomes side by side."""
    evidence = Evidence(*(np.concatenate(x, axis=-1) for x in zip(*(p.evidence for p in parts), strict=True)))
    others = [
        np.concatenate([getattr(p, name) for p in parts], axis=-2 if name in ("bias", "ci95") else -1)
        for name in Side._fields[1:]
    ]
    return Side(evidence, *others)


def promises(nothing: Side, sham: Side, warm: Side, believed: ArrayLike) -> Promises:
    """Return what each arm does to each outcome, the first verdict that fits.

    1. ``not interpretable``: the arm is not believed. 2. ``shifted``: against both notes together, by every
    rule of `measurement.md` §8. 3. ``warmth only``: shifted against nothing as the sham is, and equivalent to
    the sham. 4. Against nothing alone: ``not interpretable``, ``bias only``, ``equivalent``. 5. else
    ``inconclusive``.

    Parameters
    ----------
    nothing, sham
        Arms against each note, ``(..., arm, outcome)``.
    warm
        The sham against nothing, ``(..., 1, outcome)``.
    believed
        ``(..., arm)``.
    """
    p, same = _together(nothing.p, sham.p, nothing.evidence.estimate, sham.evidence.estimate)
    adjusted = _holm(p)
    guarded_p, same_guarded = _together(nothing.guarded_p, sham.guarded_p, nothing.guarded, sham.guarded)
    guard = (_holm(guarded_p) <= ALPHA) & same_guarded & _one_sign(nothing.guarded, nothing.evidence.estimate)
    both = [decide_many(s.evidence._replace(p=adjusted, guard=guard)) == 0 for s in (nothing, sham)]
    alone, beside, warmth = corrected(nothing), corrected(sham), corrected(warm)
    codes = [decide_many(each) for each in (alone, beside, warmth)]
    return Promises(
        p,
        adjusted,
        alone,
        beside,
        codes[0],
        codes[1],
        Evidence(*(x[..., 0, :] for x in warmth)),
        codes[2][..., 0, :],
        _codes(both[0] & both[1] & same, alone, warmth, codes, np.asarray(believed, bool)),
    )


def rises(evidence: Evidence) -> Mask:
    """Return whether what was told is said more than where another thing was told, ``(...)``.

    By at least δ, and surely more: the one-sided 95 % lower bound, over statements, is above 0.
    """
    return np.asarray((evidence.estimate >= evidence.sesoi) & (evidence.low90 > 0))


def corrected(side: Side) -> Evidence:
    """Return the evidence of arms against one note, corrected over arms and outcomes."""
    guard = (_holm(side.guarded_p) <= ALPHA) & _one_sign(side.guarded, side.evidence.estimate)
    return side.evidence._replace(p=_holm(side.p), guard=guard, bias_p=_holm(side.bias_p))


def _codes(
    shifted: Mask, alone: Evidence, warmth: Evidence, codes: Sequence[NDArray[np.intp]], believed: Mask
) -> NDArray[np.intp]:
    first, second, third = codes
    as_sham = (first == 0) & (third == 0) & _one_sign(alone.estimate, warmth.estimate)
    only_warm = as_sham & (second == RULES.index("equivalent"))
    unread = np.broadcast_to(~believed[..., None], shifted.shape)
    by_rule = [first == RULES.index(name) for name in ("not interpretable", "bias only", "equivalent")]
    names: tuple[Moved, ...] = (
        "not interpretable", "shifted", "warmth only", "not interpretable", "bias only", "equivalent",
    )  # fmt: skip
    return np.select(
        [unread, shifted, only_warm, *by_rule],
        [np.intp(MOVED.index(name)) for name in names],
        default=np.intp(MOVED.index("inconclusive")),
    )


def _together(p: Array, other_p: Array, estimate: Array, other: Array) -> tuple[Array, Mask]:
    """Return the larger p, 1 where signs differ, and whether they are one; NaN where either is."""
    same = _one_sign(estimate, other)
    worst = np.maximum(p, other_p)
    return np.where(same | np.isnan(worst), worst, 1.0), same


def _one_sign(estimate: Array, other: Array) -> Mask:
    return np.asarray(np.sign(estimate) == np.sign(other))


def _holm(p: Array) -> Array:
    """Correct p over arms and outcomes, the last two axes."""
    return holm(p.reshape(*p.shape[:-2], -1)).reshape(p.shape)
