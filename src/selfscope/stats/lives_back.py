"""Is there anything to return to? Disturbed lives against their twins, just after it and at the end.

Pairs of lives share all but one conversation, so their difference is a change as :mod:`selfscope.stats.lives`
has it. What is left is residue over push, with Fieller's set over pairs; the half-life is that of
:mod:`selfscope.stats.drift_return`, conversations in the place of turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from selfscope.errors import BadInput
from selfscope.stats.drift_return import AFTER, LEAST_SCRIPTS, Return, half_life
from selfscope.stats.exchange import Ratio, fieller
from selfscope.stats.lives import ALPHA, LEAST_LIVES, Change, Paired, jointly, lies_within, paired_lives
from selfscope.stats.masked import Array
from selfscope.stats.strata import score
from selfscope.values.lives import Back


class Returning(NamedTuple):
    """What became of a disturbance in one dimension: disturbed lives less their undisturbed twins.

    Attributes
    ----------
    course
        Differences, ``(pair, point)``, half contrasts; point 0 is the first State.
    push, residue
        Mean difference just after the disturbance and at the end, each with its 95 % interval.
    p_push, p_residue
        The first by Holm over the dimensions, and over arms where there are several.
    left
        Residue over push, with Fieller's set over pairs.
    half_life
        Conversations until half of it is gone; None where too few were held after it.
    verdict
        ``returned``: moved, and at the end within the smallest effect of interest of the twin (90 %
        interval). ``stays``: moved, and at the end still apart by that much, the same way. ``not moved``: the
        90 % interval of the push lies within the smallest effect.
    """

    course: Array
    push: tuple[float, float, float]
    residue: tuple[float, float, float]
    p_push: float
    p_residue: float
    left: Ratio
    half_life: Return | None
    verdict: Back


def returning(
    disturbed: ArrayLike,
    twins: ArrayLike,
    keyed: ArrayLike,
    at: int,
    *,
    sesoi: float,
    readable: ArrayLike | None = None,
    seed: int = 0,
) -> tuple[Returning, ...]:
    """Is there anything to return to, dimension by dimension?

    Parameters
    ----------
    disturbed, twins
        D, ``(pair, point, dimension, m)``: a life with a disturbing conversation, and the same life with a
        neutral one in its place.
    at
        The point after the disturbing conversation, from 1.
    sesoi
        The smallest effect of interest, a half contrast.
    readable
        Whether the sensitivity check of each dimension passed, ``(dimension,)``; all if left out. Where it
        did not, nothing that is absent is told.

    Raises
    ------
    BadInput
        If the two do not fit, or there is no conversation after the disturbing one.
    """
    return returning_arms([(disturbed, twins)], keyed, at, sesoi=sesoi, readable=readable, seed=seed)[0]


def returning_arms(
    arms: Sequence[tuple[ArrayLike, ArrayLike]],
    keyed: ArrayLike,
    at: int,
    *,
    sesoi: float,
    readable: ArrayLike | None = None,
    seed: int = 0,
) -> tuple[tuple[Returning, ...], ...]:
    """Return the ways back of several arms, ``(arm, dimension)``: that they were moved is one family.

    Parameters
    ----------
    arms
        Disturbed lives and their twins, as `returning` takes them.
    """
    pairs = [_checked(disturbed, twins, at) for disturbed, twins in arms]
    first = jointly([paired_lives(a[:, at], b[:, at], keyed, seed=seed) for a, b in pairs])
    last = [paired_lives(a[:, -1], b[:, -1], keyed, seed=seed) for a, b in pairs]
    seen = np.ones(pairs[0][0].shape[2], bool) if readable is None else np.asarray(readable, bool)
    return tuple(
        tuple(
            _returning(score(a - b, keyed)[:, :, d], first[n], last[n], d, at, sesoi, bool(seen[d]), seed)
            for d in range(a.shape[2])
        )
        for n, (a, b) in enumerate(pairs)
    )


def _checked(disturbed: ArrayLike, twins: ArrayLike, at: int) -> tuple[Array, Array]:
    a, b = np.asarray(disturbed, float), np.asarray(twins, float)
    if a.shape != b.shape or a.ndim != 4 or not 1 <= at < a.shape[1] - 1:
        raise BadInput(
            "a way back needs pairs of lives, and a conversation after the one that disturbs",
            got=f"{a.shape} and {b.shape}, disturbed at point {at}",
        )
    return a, b


def _returning(
    course: Array, first: Paired, last: Paired, d: int, at: int, sesoi: float, readable: bool, seed: int
) -> Returning:
    pairs = len(course)
    names = [str(n) for n in range(pairs)]
    enough = pairs >= LEAST_SCRIPTS and course.shape[1] - at > AFTER
    back = half_life(course, np.full(pairs, at), names, seed=seed) if enough else None
    return Returning(
        course,
        _interval(first.change, d),
        _interval(last.change, d),
        float(first.p_adjusted[d]),
        float(last.p[d]),
        share_left(course[:, -1], course[:, at]),
        back,
        back_of(first, last, d, sesoi, readable),
    )


def share_left(residue: ArrayLike, push: ArrayLike) -> Ratio:
    """Return what is left of a push, mean over mean of pairs ``(pair,)``, with Fieller's set."""
    top, bottom = np.asarray(residue, float), np.asarray(push, float)
    n = len(top)
    spread = np.cov(np.stack([top, bottom])) / n
    t = float(stats.t.ppf(0.975, n - 1))
    return fieller(float(top.mean()), float(bottom.mean()), (spread[0, 0], spread[0, 1], spread[1, 1]), t)


def back_of(first: Paired, last: Paired, d: int, sesoi: float, readable: bool) -> Back:
    """Return what became of a disturbance, from pairs just after it and at the end."""
    if first.lives < LEAST_LIVES:
        return "too few lives"
    push, residue = float(first.change.estimate[d]), float(last.change.estimate[d])
    if not (first.p_adjusted[d] <= ALPHA and abs(push) >= sesoi):
        if lies_within(first.change, d, sesoi):
            return "not moved" if readable else "not interpretable"
        return "cannot tell"
    if last.p[d] <= ALPHA and abs(residue) >= sesoi and residue * push > 0:
        return "stays"
    return "returned" if lies_within(last.change, d, sesoi) else "cannot tell"


def _interval(found: Change, d: int) -> tuple[float, float, float]:
    return float(found.estimate[d]), float(found.ci95[d, 0]), float(found.ci95[d, 1])
