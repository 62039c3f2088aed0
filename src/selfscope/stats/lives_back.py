"""Is there anything to return to? Disturbed lives against their twins, just after it and at the end.

Pairs of lives share all but one conversation, so their difference is a change as :mod:`selfscope.stats.lives`
has it. What is left is residue over push, with Fieller's set over pairs and statements; the half-life is that
of :mod:`selfscope.stats.drift_return`, conversations in the place of turns, and is told of a disturbance that
moved alone.
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
from selfscope.stats.lives import (
    ALPHA,
    LEAST_LIVES,
    Change,
    Paired,
    change_of,
    jointly,
    lies_within,
    paired_lives,
)
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
        Each by Holm over the dimensions, and over arms where there are several.
    left
        Residue over push, with Fieller's set over pairs and statements.
    half_life
        Conversations until half of it is gone; None where too few were held after it. Its status is ``not
        moved`` where a push was not told.
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
        Whether an absence could be seen in each dimension, ``(dimension,)``; all if left out.

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
    barred: tuple[ArrayLike, ArrayLike] | None = None,
    seed: int = 0,
) -> tuple[tuple[Returning, ...], ...]:
    """Return the ways back of several arms, ``(arm, dimension)``.

    That they were moved is one family over arms and dimensions, and that they stay moved is another.

    Parameters
    ----------
    arms
        Disturbed lives and their twins, as `returning` takes them.
    readable
        ``(dimension,)``, or ``(arm, dimension)``.
    barred
        Where neither push nor residue is told whatever its test says, ``(arm, dimension)`` each.
    """
    pairs = [_checked(disturbed, twins, at) for disturbed, twins in arms]
    first = jointly([paired_lives(a[:, at], b[:, at], keyed, seed=seed) for a, b in pairs])
    last = jointly([paired_lives(a[:, -1], b[:, -1], keyed, seed=seed) for a, b in pairs])
    shape = (len(pairs), pairs[0][0].shape[2])
    seen = np.broadcast_to(True if readable is None else np.asarray(readable, bool), shape)
    shut = np.broadcast_to(False if barred is None else np.asarray(barred, bool), (2, *shape))
    return tuple(
        tuple(
            _returning(
                (a[:, :, d] - b[:, :, d], np.asarray(keyed, float)[d]), (first[n], last[n]), d, at, sesoi,
                bool(seen[n, d]), (bool(shut[0, n, d]), bool(shut[1, n, d])), seed,
            )
            for d in range(a.shape[2])
        )
        for n, (a, b) in enumerate(pairs)
    )  # fmt: skip


def _checked(disturbed: ArrayLike, twins: ArrayLike, at: int) -> tuple[Array, Array]:
    a, b = np.asarray(disturbed, float), np.asarray(twins, float)
    if a.shape != b.shape or a.ndim != 4 or not 1 <= at < a.shape[1] - 1:
        raise BadInput(
            "a way back needs pairs of lives, and a conversation after the one that disturbs",
            got=f"{a.shape} and {b.shape}, disturbed at point {at}",
        )
    return a, b


def _returning(
    apart: tuple[Array, Array],
    tests: tuple[Paired, Paired],
    d: int,
    at: int,
    sesoi: float,
    readable: bool,
    barred: tuple[bool, bool],
    seed: int,
) -> Returning:
    """Return what became of a disturbance; `apart` are differences ``(pair, point, m)`` and their keying."""
    first, p = tests[0], tests[1].p_adjusted
    last = tests[1]._replace(p=np.where(np.isnan(p), tests[1].p, p))  # no test where nothing is left
    delta, keyed = apart
    course = score(delta, keyed)
    pairs, told = len(course), not barred[0] and is_pushed(first, d, sesoi)
    enough = pairs >= LEAST_SCRIPTS and course.shape[1] - at > AFTER
    back = (
        half_life(course, np.full(pairs, at), [str(n) for n in range(pairs)], seed=seed) if enough else None
    )
    return Returning(
        course,
        _interval(first.change, d),
        _interval(last.change, d),
        float(first.p_adjusted[d]),
        float(last.p[d]),
        share_left(delta[:, -1], delta[:, at], keyed),
        back if told or back is None else back._replace(status="not moved", half_life=np.nan),
        back_of(first, last, d, sesoi, readable, barred),
    )


def share_left(residue: ArrayLike, push: ArrayLike, keyed: ArrayLike) -> Ratio:
    """Return what is left of a push, with Fieller's set.

    Pairs and statements are both samples, as for any change over lives; what the two means have in common is
    what the variance of their sum has more than theirs.

    Parameters
    ----------
    residue, push
        Differences at the end and just after it, ``(pair, m)``.
    keyed
        ``(m,)``.
    """
    top, bottom = np.asarray(residue, float), np.asarray(push, float)
    k = np.asarray(keyed, float)[None]
    end, start, both = (change_of(each[:, None], k) for each in (top, bottom, top + bottom))
    var_a, var_b, var_sum = (float(each.se[0]) ** 2 for each in (end, start, both))
    most = float(np.sqrt(var_a * var_b))
    common = float(np.clip((var_sum - var_a - var_b) / 2, -most, most))
    t = float(stats.t.ppf(0.975, min(float(end.df[0]), float(start.df[0]))))
    return fieller(float(end.estimate[0]), float(start.estimate[0]), (var_a, common, var_b), t)


def is_pushed(first: Paired, d: int, sesoi: float) -> bool:
    """Whether a disturbance moved lives by as much as matters, p by Holm."""
    return bool(first.p_adjusted[d] <= ALPHA and abs(first.change.estimate[d]) >= sesoi)


def back_of(
    first: Paired,
    last: Paired,
    d: int,
    sesoi: float,
    readable: bool,
    barred: tuple[bool, bool] = (False, False),
) -> Back:
    """Return what became of a disturbance, from pairs just after it and at the end.

    Parameters
    ----------
    barred
        Whether a push, and a residue, is not told whatever its test says.
    """
    if first.lives < LEAST_LIVES:
        return "too few lives"
    push, residue = float(first.change.estimate[d]), float(last.change.estimate[d])
    if barred[0] or not is_pushed(first, d, sesoi):
        if lies_within(first.change, d, sesoi):
            return "not moved" if readable else "not interpretable"
        return "cannot tell"
    if not barred[1] and last.p[d] <= ALPHA and abs(residue) >= sesoi and residue * push > 0:
        return "stays"
    return "returned" if lies_within(last.change, d, sesoi) else "cannot tell"


def _interval(found: Change, d: int) -> tuple[float, float, float]:
    return float(found.estimate[d]), float(found.ci95[d, 0]), float(found.ci95[d, 1])
