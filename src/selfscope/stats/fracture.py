"""Is a direction one thing? Its consistency over contexts, what else it moves, and how its doses act.

The same outputs can rest on a part that is one everywhere, or on pieces that differ by context and move other
things too (fractured, entangled: Kumar et al., arXiv 2505.11581, who judge by eye). The measures here are our
own; each has a control of directions of the same length that mean nothing.

Verdict, with r the cosine of axes from halves, c the consistency and e the off-target ratio:

* ``cannot tell`` if r is under .70, or the direction moves its own reading no more than random ones do;
* ``fractured`` if the interval of c lies under .70, or that of e above .50;
* ``whole`` if the interval of c lies at or above .70 and that of e at or under .50;
* ``cannot tell`` otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from selfscope.errors import BadInput
from selfscope.stats.axis import INTERPRET, Floats
from selfscope.stats.masked import ratio

Verdict = Literal["fractured", "whole", "cannot tell"]

#: A direction that is one over contexts reaches this; below, half of its length or more is not shared.
CONSISTENT = 0.70
#: A direction that moves its own moves others by at most this share of it.
SELECTIVE = 0.50
SPLITS = 100


class Ratio(NamedTuple):
    """A ratio with its 95 percent interval by leaving out samples; NaN over a bottom of nought."""

    value: float
    ci: tuple[float, float]


class Selectivity(NamedTuple):
    """What directions move besides their own readings.

    Attributes
    ----------
    matrix
        Mean effects, shape (direction, reading).
    off_target
        √(mean squared effect on the other readings / on the own one), noise taken out: 0 is selective, 1
        moves others as much.
    random
        The same ratio of directions of the same length that mean nothing, against the own effects.
    moved
        Whether a direction's own effect is beyond 95 percent of the random ones' on that reading, shape
        (direction,).
    """

    matrix: Floats
    off_target: Ratio
    random: float
    moved: npt.NDArray[np.bool_]


class Sweep(NamedTuple):
    """How doses of a direction act.

    Attributes
    ----------
    monotone
        Spearman correlation of mean effect and dose: 1 rises throughout.
    smooth
        1 − the length of second differences by that of first ones, at even doses; 1 is a straight line.
    per_cost
        Effect at the largest dose by the square root of its cost.
    random
        95th percentile of the same over random directions.
    p
        Share of random directions, this one counted in, with as much effect per cost.
    """

    monotone: float
    smooth: float
    per_cost: float
    random: float
    p: float


def consistency(differences: Floats) -> Ratio:
    """Return the cosine of a direction between contexts, with the noise of its estimates taken out.

    c = mean over pairs of contexts of m_c · m_c′  /  mean over contexts of |m_c|², where m_c is the mean of a
    context; the squares are U-statistics, so that noise raises neither. 1 is one direction of one length in
    all contexts, 0 is none shared. Contexts are fixed: it speaks of these.

    Parameters
    ----------
    differences
        Contrasts that define the direction, shape (context, sample, d_model): at least two contexts of at
        least three samples.

    Raises
    ------
    BadInput
        If there are fewer.
    """
    if differences.shape[0] < 2 or differences.shape[1] < 3:
        raise BadInput(
            "a direction needs two contexts of three contrasts", got=differences.shape[:2], fix="Give more"
        )
    return _jackknifed(differences, _shared)


def _shared(differences: Floats) -> tuple[float, float]:
    """Return what contexts share, and what they have."""
    contexts, n = differences.shape[:2]
    sums = differences.sum(1)
    own = ((sums**2).sum(1) - (differences**2).sum((1, 2))) / (n * (n - 1))
    means = sums / n
    between = ((means.sum(0) ** 2).sum() - (means**2).sum()) / (contexts * (contexts - 1))
    return float(between), float(own.mean())


def halves(differences: Floats, *, splits: int = SPLITS, seed: int = 0) -> float:
    """Return the mean cosine of directions from disjoint halves of the samples, all contexts in both.

    Shape (context, sample, d_model). Where contexts are pieces of their own, halves agree all the same:
    this is whether there is a direction to speak of, and :func:`consistency` whether it is one.
    """
    draw, found = np.random.default_rng([seed, 53]), []
    for _ in range(splits):
        order = draw.permutation(differences.shape[1])
        one, other = (differences[:, part].mean((0, 1)) for part in np.array_split(order, 2))
        lengths = np.linalg.norm(one) * np.linalg.norm(other)
        found.append(float(one @ other / lengths) if lengths > 0 else 0.0)
    return float(np.mean(found))


def selectivity(effects: Floats, random: Floats, *, of: int | None = None) -> Selectivity:
    """Return what steering along each direction moves besides its own reading.

    What it does to other readings is squared within each context, since moves that cancel over contexts are
    moves all the same; its own effect is the mean over contexts, for that is what it is steered for.

    Parameters
    ----------
    effects
        Shape (direction, reading, context, sample), as many readings as directions, in one order and in
        units of one size (such as the spread of a reading); two directions and three samples at least.
    random
        The same for directions of the same length that mean nothing, shape (random, reading, context,
        sample).
    of
        The direction whose ratio is wanted; that of all together by default.

    Raises
    ------
    BadInput
        If directions and readings differ in number, or there are too few.
    """
    directions, readings, _, samples = effects.shape
    if directions != readings or directions < 2 or samples < 3:
        raise BadInput("as many readings as directions, two or more, and three samples", got=effects.shape)
    steered = np.moveaxis(effects, 3, 1)
    off = _jackknifed(steered, lambda values: _off_target(values, of), root=True)
    matrix = effects.mean((2, 3))
    _, own = _off_target(steered, of)
    noise = float(_squares(np.moveaxis(random if of is None else np.delete(random, of, 1), 3, 1)).mean())
    beyond = np.diag(matrix) > np.quantile(np.abs(random.mean((2, 3))), 0.95, axis=0)
    return Selectivity(
        matrix, off, float(np.sqrt(max(noise, 0.0) / own)) if own > 0 else float("nan"), beyond
    )


def _off_target(effects: Floats, of: int | None = None) -> tuple[float, float]:
    """Return mean squares off and on the diagonal, or a row of it; (direction, sample, reading, context)."""
    squares = _squares(effects).mean(-1)
    own = np.diagonal(effects.mean(-1), axis1=0, axis2=2)
    n = len(squares)
    if of is not None:
        alone = _squares(own.T[of][None, :, None])
        return float(np.delete(squares[of], of).mean()), float(alone.mean())
    others = float((squares.sum() - squares.diagonal().sum()) / (n * (n - 1)))
    return others, float(_squares(own.T[..., None]).mean())


def _squares(effects: Floats) -> Floats:
    """Return squares of means over samples (axis 1, dropped) without their noise."""
    n = effects.shape[1]
    return np.asarray((effects.sum(1) ** 2 - (effects**2).sum(1)) / (n * (n - 1)))


def sweep(doses: Floats, effect: Floats, cost: Floats, random_effect: Floats, random_cost: Floats) -> Sweep:
    """Return how doses of a direction act on its own reading, and at what cost, against random directions.

    Parameters
    ----------
    doses
        Increasing, evenly set, at least four; shape (dose,).
    effect, cost
        Mean change of the own reading, and of what should stay (a divergence, never negative); shape (dose,).
    random_effect, random_cost
        The same at the largest dose, for directions of the same length; shape (random,).

    Raises
    ------
    BadInput
        If there are fewer than four doses, or they do not rise.
    """
    if len(doses) < 4 or not (np.diff(doses) > 0).all():
        raise BadInput("a sweep needs four rising doses", got=len(doses))
    steps = np.diff(effect)
    bends = float(np.linalg.norm(np.diff(steps)))
    length = float(np.linalg.norm(steps))
    per_cost = _per_cost(effect[-1:], cost[-1:])[0]
    others = np.abs(_per_cost(random_effect, random_cost))
    varies = bool(np.ptp(effect) > 0)
    return Sweep(
        float(stats.spearmanr(doses, effect).statistic) if varies else 0.0,
        1 - bends / length if length > 0 else 0.0,
        float(per_cost),
        float(np.quantile(others, 0.95)),
        (1 + int((others >= per_cost).sum())) / (1 + len(others)),
    )


def _per_cost(effect: Floats, cost: Floats) -> Floats:
    """Return effects by the roots of their costs: a divergence grows with the square of a small dose."""
    return np.asarray(np.nan_to_num(ratio(effect, np.sqrt(np.maximum(cost, 0)))))


def verdict(reliability: float, shared: Ratio, off_target: Ratio, moved: bool) -> Verdict:
    """Return whether a direction is fractured or whole; the rule stands at the head of this module.

    Parameters
    ----------
    reliability
        Cosine of halves.
    shared, off_target
        From :func:`consistency` and :func:`selectivity`.
    moved
        Whether it moves its own reading beyond random directions.
    """
    if not (reliability >= INTERPRET and moved):
        return "cannot tell"
    if not np.isfinite([*shared.ci, *off_target.ci]).all():
        return "cannot tell"
    if shared.ci[1] < CONSISTENT or off_target.ci[0] > SELECTIVE:
        return "fractured"
    if shared.ci[0] >= CONSISTENT and off_target.ci[1] <= SELECTIVE:
        return "whole"
    return "cannot tell"


def _jackknifed(
    values: Floats, parts: Callable[[Floats], tuple[float, float]], *, root: bool = False
) -> Ratio:
    """Return top / bottom or its root, with an interval by leaving out one sample (axis 1) after another."""
    n = values.shape[1]
    left = np.array([_part(parts(np.delete(values, i, axis=1)), root) for i in range(n)])
    whole = _part(parts(values), root)
    if not (np.isfinite(whole) and np.isfinite(left).all()):
        return Ratio(float("nan"), (float("nan"), float("nan")))
    error = np.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum())
    half = float(stats.t.ppf(0.975, n - 1) * error)
    return Ratio(float(whole), (float(whole - half), float(whole + half)))


def _part(both: tuple[float, float], root: bool) -> float:
    top, bottom = both
    if not bottom > 0:
        return float("nan")
    return float(np.sqrt(max(top, 0.0) / bottom)) if root else top / bottom
