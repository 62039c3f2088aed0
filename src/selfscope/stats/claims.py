"""The claim "this identity": what moves against no text, any professional text and any strong persona."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selfscope.stats.classes import ClassContrast
from selfscope.stats.masked import Array, Mask
from selfscope.stats.results import CLAIMED, ClaimRow, Context, Row, Settings
from selfscope.stats.verdicts import decide_many, weakest_many


def claim_of(rows: dict[str, Row], context: Context) -> ClaimRow:
    """Judge "this identity": intersection-union of none, generic and persona."""
    parts, settings = [rows[name] for name in CLAIMED], context.settings
    p, same = _together([row.trait for row in parts])
    guarded, same_guarded = _together([row.guarded for row in parts])
    p_adjusted, guarded_p = context.correct(p), context.correct(guarded)
    every = [row.evidence._replace(p=p_adjusted) for row in parts]
    guard = ((guarded_p <= settings.alpha) & same_guarded) | (not settings.guard)
    holds = np.all([decide_many(e) == 0 for e in every], axis=0) & same & guard
    codes = np.where(holds, 0, weakest_many(np.stack([row.codes for row in parts])))
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
        _rung(parts, codes),
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


def _rung(parts: list[Row], codes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return how far up each dimension climbs: none, then generic, then persona, with one sign."""
    sign = np.sign(parts[0].trait.estimate)
    moves = [(row.codes == 0) & (np.sign(row.trait.estimate) == sign) for row in parts]
    return np.select([codes == 0, moves[0] & moves[1], moves[0]], [3, 2, 1], default=0)


def _enough(parts: list[Row], settings: Settings) -> bool:
    """Whether the sampled classes have texts enough for the word "any"."""
    return all(row.k >= settings.least_texts for row in parts if row.control != "none")


def _pick(stacked: Array, index: NDArray[np.intp]) -> Array:
    """Choose along the first axis."""
    where = np.broadcast_to(index, stacked.shape[1:])[None]
    return np.asarray(np.take_along_axis(stacked, where, axis=0)[0])
