"""A panel whose answers were drawn: characters on the scale of shares, and what the draws add to their error.

`measurement.md` §9 and §11: the binomial variance p(1 - p)/(R - 1) of a share is subtracted. It is done on
shares, where that variance is known without bias. The variance that goes with an empirical logit is said far
too large where nearly all draws agree (R = 20, p = .95: 1.1 for .57; p = .99: 1.8 for .22), and what is
subtracted too much makes an instrument look better than it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from selfscope.stats.atoms import ArmScores, atoms
from selfscope.stats.masked import Array, Mask, mean, ratio
from selfscope.stats.reliability import Generalizability
from selfscope.studies.scores import Layout


class Drawn(NamedTuple):
    """Characters whose answers were drawn.

    Attributes
    ----------
    d, d_forms
        D of shares, ``(character, dimension, m)`` and ``(character, dimension, m, form)``.
    noise
        Binomial variance of a score (a half sum of keyings), over the characters on average,
        ``(dimension,)``; NaN where no text had two draws.
    """

    d: Array
    d_forms: Array
    noise: Array


def drawn_scores(arms: Sequence[ArmScores], layout: Layout) -> Drawn | None:
    """Return the characters on the scale of shares; None where their answers are exact."""
    agreed = [arm.agreed for arm in arms if arm.agreed is not None]
    asked = [arm.asked for arm in arms if arm.asked is not None]
    if not agreed or len(agreed) < len(arms):
        return None
    r = np.stack(asked)
    share = ratio(np.stack(agreed), r)
    d_forms, _ = atoms(share, layout.keyed, twins=layout.twins)
    return Drawn(mean(d_forms), d_forms, _noise(share, r, layout))


def _noise(share: Array, asked: Array, layout: Layout) -> Array:
    """Return the binomial variance of a score, from that of every share: p(1 - p)/(R - 1)."""
    of_text = ratio(share * (1 - share), np.where(asked > 1, asked - 1, 0.0))
    of_pair = 0.25 * (of_text[..., 0, :] + of_text[..., 1, :]) if layout.twins else of_text[..., 0, :]
    of_statement = ratio(mean(of_pair), np.isfinite(of_pair).sum(axis=-1))
    sides = []
    for sign in (1, -1):
        here = np.isfinite(of_statement) & (layout.keyed == sign)
        sides.append(ratio(mean(of_statement, where=here), here.sum(axis=-1)))
    both = np.stack(sides)
    there = np.isfinite(both)
    total = np.where(there, both, 0.0).sum(axis=0)
    return mean(ratio(total, there.sum(axis=0) ** 2), axis=0)


def without_noise(found: Generalizability, noise: Array) -> tuple[Array, Array, Mask]:
    """Return coefficients and intervals with the noise of draws taken out of the error, and where it was.

    With r the part of the error that draws make, Eρ² becomes Eρ²/(1 - r(1 - Eρ²)). That is done only where
    the characters differ by more than chance (lower bound above 0): where they do not, what is left is a
    ratio of two remainders, and would come out high as often as low. The lower bound keeps the noise, for r
    is itself an estimate.
    """
    part = np.clip(np.nan_to_num(ratio(noise, found.error_variance)), 0.0, 1.0)
    told = np.nan_to_num(found.ci95[..., 0], nan=-1.0) > 0
    corrected = ratio(found.coefficient, 1 - part * (1 - found.coefficient))
    upper = ratio(found.ci95[..., 1], 1 - part * (1 - found.ci95[..., 1]))
    ci = np.stack([found.ci95[..., 0], np.where(told, upper, found.ci95[..., 1])], axis=-1)
    return np.where(told, corrected, found.coefficient), ci, told
