"""The claim "this identity": what moves against no text, any professional text and any strong persona."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selfscope.stats.classes import ClassContrast
from selfscope.stats.masked import Array, Mask
from selfscope.stats.results import CLAIMED, ClaimRow, Context, Row, Settings
from selfscope.stats.verdicts import RULES, SHIFTED, decide_many
from selfscope.values.finding import Verdict

WEAKEST_FIRST: tuple[Verdict, ...] = (
    "not interpretable",
    "inconclusive",
    "bias only",
    "equivalent",
    "shifted",
)


def claim_of(rows: dict[str, Row], context: Context) -> ClaimRow:
    """Judge "this identity": intersection-union of none, generic and persona (§5; Berger 1982).

    The p of a dimension is the largest of the three, corrected over the family; `shifted` needs every rule of
    §8 against each class at that p, one sign, and the guarded contrasts together as well. Else the weakest
    verdict of the three stands.

    Parameters
    ----------
    rows
        By control; all of ``CLAIMED`` must be there.

    Returns
    -------
    Arrays ``(..., dimension)``.

    Raises
    ------
    KeyError
        If one of the three classes is missing.
    """
    parts, settings = [rows[name] for name in CLAIMED], context.settings
    p, same = _together([row.trait for row in parts])
    guarded, same_guarded = _together([row.guarded for row in parts])
    p_adjusted, guarded_p = context.correct(p), context.correct(guarded)
    every = [row.evidence._replace(p=p_adjusted) for row in parts]
    guard = ((guarded_p <= settings.alpha) & same_guarded) | (not settings.guard)
    holds = np.all([decide_many(e) == SHIFTED for e in every], axis=0) & same & guard
    codes = np.where(holds, SHIFTED, weakest_many(np.stack([row.codes for row in parts])))
    sizes = np.stack([row.trait.estimate for row in parts])
    binding = np.abs(np.nan_to_num(sizes, nan=np.inf)).argmin(axis=0)
    word = "this identity" if _enough(parts, settings) else "than this control"
    return ClaimRow(
        p,
        p_adjusted,
        _pick(sizes, binding),
        _pick(np.stack([row.trait.ci95 for row in parts]), binding[..., None]),
        _pick(np.stack([row.trait.ci90 for row in parts]), binding[..., None]),
        binding,
        _rung(parts, codes, settings),
        word,
        codes,
    )


def _together(contrasts: list[ClassContrast]) -> tuple[Array, Mask]:
    """Return the intersection-union p, and whether all signs are one."""
    p = np.stack([c.p for c in contrasts])
    signs = np.stack([np.sign(c.estimate) for c in contrasts])
    same = np.asarray((signs == signs[0]).all(axis=0))
    worst = p.max(axis=0)
    return np.where(same | np.isnan(worst), worst, 1.0), same


def _rung(parts: list[Row], codes: NDArray[np.intp], settings: Settings) -> NDArray[np.intp]:
    """Return how far up each dimension climbs: none, then generic, then persona, with one sign.

    A sampled class with too few texts for the word "any" lifts nothing.
    """
    sign = np.sign(parts[0].trait.estimate)
    moves = [
        (row.codes == SHIFTED) & (np.sign(row.trait.estimate) == sign) & _is_class(row, settings)
        for row in parts
    ]
    return np.select([codes == SHIFTED, moves[0] & moves[1], moves[0]], [3, 2, 1], default=0)


def _enough(parts: list[Row], settings: Settings) -> bool:
    """Whether the sampled classes have texts enough for the word "any"."""
    return all(_is_class(row, settings) for row in parts)


def _is_class(row: Row, settings: Settings) -> bool:
    """Whether a row stands for its class: no text is one of its kind, others need texts enough."""
    return row.control == "none" or row.k >= settings.least_texts


def _pick(stacked: Array, index: NDArray[np.intp]) -> Array:
    """Choose along the first axis."""
    where = np.broadcast_to(index, stacked.shape[1:])[None]
    return np.asarray(np.take_along_axis(stacked, where, axis=0)[0])


def weakest_many(codes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return a claim's verdicts from those of its classes, none of whose conjunctions is `shifted` (§8).

    `equivalent` only if it is that against every class; else the weakest of them, where a mixture of
    `shifted` and `equivalent` settles nothing about the claim.

    Parameters
    ----------
    codes
        Indices of :data:`RULES`, ``(class, ...)``.

    Returns
    -------
    Codes, ``(...)``.
    """
    rank = np.array([WEAKEST_FIRST.index(v) for v in RULES])[codes]
    back = np.array([RULES.index(v) for v in WEAKEST_FIRST])
    least = rank.min(axis=0)
    every = (codes == RULES.index("equivalent")).all(axis=0)
    mixed = np.where(least <= WEAKEST_FIRST.index("bias only"), back[least], RULES.index("inconclusive"))
    return np.where(every, RULES.index("equivalent"), mixed)
