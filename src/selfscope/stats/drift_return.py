"""How long does a conversation take to come back after a turn that pushed it away?

Model: r_t = c_i + b_i t before the turn p, and c_i + b_i t + a_i ρ^(t-p) from it on. Every conversation has a
level, a slope (so that drift is not taken for a push that stays) and a push of its own, and one ρ is for all.
The half-life is ln 2 / -ln ρ turns; ρ = 0 is back at the next turn, ρ = 1 never. For each ρ of a grid the
rest is least squares, so the sum of squares of every conversation is known at every ρ, and drawing scripts
again costs one sum. Quantiles of the draws are set further apart, as Student's t asks for few scripts
(Hesterberg 2015).

There is a half-life only where the turn moved conversations at all (Student's t over scripts), and where
the interval holds no ρ that does not return (ρ ≥ 1); otherwise it is "none", with the reason.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from selfscope.errors import BadInput
from selfscope.stats.contrast import critical, two_sided
from selfscope.stats.drift import by_script
from selfscope.stats.masked import Array, moments, ratio

Status = Literal["returns", "not moved", "no return shown", "too few scripts"]

DRAWS, ALPHA = 1999, 0.05
#: Fewest scripts, and fewest turns after the push.
LEAST_SCRIPTS, AFTER = 4, 4
_GRID: Final = np.linspace(0.0, 1.2, 241)


class Return(NamedTuple):
    """The way back.

    Attributes
    ----------
    status
        ``returns``; else there is no half-life.
    half_life
        Turns; 0 where everything is back at the next turn, NaN for none.
    ci95
        Of it, by drawing scripts again; its end is infinite where some draws do not return.
    rho
        What is left of the push from turn to turn.
    push, p
        Mean over scripts of the move at the perturbed turn against the turns before it, units of y; its p.
    scripts
        How many were perturbed.
    """

    status: Status
    half_life: float
    ci95: tuple[float, float]
    rho: float
    push: float
    p: float
    scripts: int


def half_life(
    residual: ArrayLike, perturbed: ArrayLike, scripts: ArrayLike, *, draws: int = DRAWS, seed: int = 0
) -> Return:
    """Return how fast residuals come back after a perturbed turn.

    Parameters
    ----------
    residual
        ``(conversation, turn)``; NaN where a turn was not read.
    perturbed
        Number, from 0, of the perturbed turn of each conversation; negative for none, which leaves it out.
    scripts
        The script of each.

    Raises
    ------
    BadInput
        If a turn has none before it, or fewer than four after it.
    """
    x, at = np.asarray(residual, float), np.asarray(perturbed, int)
    use = at >= 0
    x, at, own = x[use], at[use], np.asarray(scripts, str)[use]
    names = sorted(set(own.tolist()))
    if len(names) < LEAST_SCRIPTS:
        return _none("too few scripts", np.nan, np.nan, len(names))
    if at.min() < 1 or x.shape[1] - at.max() <= AFTER:
        raise BadInput(f"a perturbed turn has one before it and {AFTER} after it", got=at.tolist())
    push, p = _pushed(x, at, own)
    if not p <= ALPHA:
        return _none("not moved", push, p, len(names))
    squares = np.stack([_squares(row, start) for row, start in zip(x, at, strict=True)])
    each = np.stack([squares[own == name].sum(axis=0) for name in names])
    rng = np.random.default_rng([seed, 73])
    counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)
    drawn = _GRID[(counts @ each).argmin(axis=1)]
    rho = float(_GRID[each.sum(axis=0).argmin()])
    tail = special.ndtr(-np.sqrt(len(names) / (len(names) - 1)) * critical(len(names) - 1, 0.95))
    low, high = (float(v) for v in np.quantile(drawn, [tail, 1 - tail]))
    if high >= 1:
        return Return("no return shown", np.nan, (_turns(low), np.inf), rho, push, p, len(names))
    return Return("returns", _turns(rho), (_turns(low), _turns(high)), rho, push, p, len(names))


def _pushed(x: Array, at: NDArray[np.int_], scripts: NDArray[np.str_]) -> tuple[float, float]:
    """Return the mean move at the perturbed turn, and its p over scripts."""
    before = np.array([np.nanmean(row[:start]) for row, start in zip(x, at, strict=True)])
    own = by_script(x[np.arange(len(x)), at] - before, scripts)[1]
    found = moments(own, np.isfinite(own))
    se = np.sqrt(ratio(found.variance, found.n))
    return float(found.mean), float(two_sided(found.mean, se, found.n - 1))


def _squares(row: Array, start: int) -> Array:
    """Return what level, slope and push leave of the sum of squares, at every ρ of the grid."""
    t = np.arange(len(row)) - start
    use = np.isfinite(row)
    shape = np.where(t >= 0, _GRID[:, None] ** np.maximum(t, 0), 0.0)[:, use]
    fixed = np.linalg.qr(np.stack([np.ones(use.sum()), t[use].astype(float)], axis=1))[0]
    y = row[use] - fixed @ (fixed.T @ row[use])
    c = shape - (shape @ fixed) @ fixed.T
    return np.asarray((y**2).sum() - ratio((c @ y) ** 2, (c**2).sum(axis=1)))


def _turns(rho: float) -> float:
    """Return the half-life in turns."""
    if rho >= 1:
        return float("inf")
    return float(np.log(2) / -np.log(rho)) if rho > 0 else 0.0


def _none(status: Status, push: float, p: float, scripts: int) -> Return:
    gone = float("nan")
    return Return(status, gone, (gone, gone), gone, float(push), float(p), scripts)
