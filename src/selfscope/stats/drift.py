"""Does a model move while it is talked to? One slope a conversation, and a test over scripts.

`measurement.md` §14. y_t is what was read at turn t, e_t what the message of that turn is expected to give by
itself: the residual r_t = y_t - e_t holds neither topic nor length. A conversation has one slope of r on t by
least squares, a script the mean of its conversations' slopes, and Student's t is over scripts. Turns are not
the sample: with residuals that hang together (φ = .4) a pooled test is false in .11 to .17 of studies without
drift.

Slopes are in units of y a turn; positive where y rises. To be *without* drift is shown by equivalence: the
90 % interval within ±δ, δ half a standard deviation of the residual over all turns of a conversation.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from selfscope.errors import BadInput
from selfscope.stats.contrast import interval, two_sided
from selfscope.stats.masked import Array, mean, moments, ratio

Verdict = Literal["drift", "no drift", "cannot tell", "too few scripts"]

#: Fewest scripts that confirm, that screen, and that have an interval at all.
CONFIRM, SCREEN, LEAST = 16, 8, 2
#: Fewest turns on which a slope rests.
LEAST_TURNS = 3
ALPHA: Final = 0.05
#: Change over a whole conversation that is held to be none, in standard deviations of the residual.
DELTA: Final = 0.5


class SlopeTest(NamedTuple):
    """The mean slope over scripts.

    Attributes
    ----------
    estimate, se
        Mean over scripts and its standard error, units of y a turn; NaN without two scripts.
    scripts
        How many scripts have a slope; df is one less.
    ci95, ci90
        Intervals by Student's t.
    p
        Two-sided p of "no slope".
    margin
        δ, units of y a turn; NaN where no spread is known.
    verdict
        ``drift`` if p ≤ .05; ``no drift`` if p > .05 and the 90 % interval lies within ±δ; ``too few
        scripts`` under 8.
    confirms
        Whether there are scripts enough (16) for the verdict to be more than screening.
    """

    estimate: float
    se: float
    scripts: int
    ci95: tuple[float, float]
    ci90: tuple[float, float]
    p: float
    margin: float
    verdict: Verdict
    confirms: bool


def residuals(y: ArrayLike, expected: ArrayLike) -> Array:
    """Return y - e, shape ``(conversation, turn)``; NaN where either is missing.

    Raises
    ------
    BadInput
        If the shapes differ.
    """
    read, foretold = np.asarray(y, float), np.asarray(expected, float)
    if read.shape != foretold.shape or read.ndim != 2:
        raise BadInput("every turn has one expected value", got=f"{read.shape} and {foretold.shape}")
    return np.asarray(read - foretold)


def slopes(residual: ArrayLike) -> Array:
    """Return the least-squares slope of each conversation, ``(conversation,)``, units of y a turn.

    Parameters
    ----------
    residual
        ``(conversation, turn)``, turns one apart; NaN where a turn was not read. NaN for a conversation of
        fewer than three.
    """
    r, t = _centred(residual)
    enough = np.isfinite(np.asarray(residual, float)).sum(axis=-1) >= LEAST_TURNS
    return np.where(enough, ratio((r * t).sum(axis=-1), (t**2).sum(axis=-1)), np.nan)


def detrended_sd(residual: ArrayLike) -> float:
    """Return the standard deviation of residuals about each conversation's own line, pooled.

    For δ it is that of the residual against the fresh thread. The line is taken out, so that drift does not
    widen its own margin; NaN without a degree of freedom.
    """
    x = np.asarray(residual, float)
    r, t = _centred(x)
    left = r - np.nan_to_num(slopes(x))[:, None] * t
    use = np.isfinite(x)
    used = use.sum(axis=-1) >= LEAST_TURNS
    df = float((use.sum(axis=-1) - 2)[used].sum())
    return float(np.sqrt((left**2)[used].sum() / df)) if df > 0 else float("nan")


def by_script(values: ArrayLike, scripts: ArrayLike) -> tuple[tuple[str, ...], Array]:
    """Return the names of scripts, sorted, and the mean of the conversations of each.

    Parameters
    ----------
    values
        ``(conversation,)``; NaN counts for nothing.
    scripts
        The script of every conversation.
    """
    x, own = np.asarray(values, float), np.asarray(scripts, str)
    names = tuple(sorted(set(own.tolist())))
    each = np.where(own == np.array(names)[:, None], x, np.nan)
    return names, mean(each)


def slope_test(
    residual: ArrayLike, scripts: ArrayLike, *, spread: float | None = None, delta: float = DELTA
) -> SlopeTest:
    """Is there a slope, over scripts that could have been written?

    Parameters
    ----------
    residual
        ``(conversation, turn)``.
    scripts
        The script of every conversation; conversations of one script (other seeds) are one sample.
    spread
        Standard deviation of the residual against the fresh thread, of which δ is a share; that of
        `residual` by :func:`detrended_sd` if None.
    delta
        The change over all turns that is held to be none, in units of `spread`.

    Raises
    ------
    BadInput
        If there is no conversation, or not one script for each.
    """
    x = np.asarray(residual, float)
    if x.ndim != 2 or not len(x) or len(x) != np.asarray(scripts).size:
        raise BadInput("every conversation has one script", got=f"{x.shape}, {np.asarray(scripts).size}")
    own = by_script(slopes(x), scripts)[1]
    found = moments(own, np.isfinite(own))
    n = int(found.n)
    se, df = np.sqrt(ratio(found.variance, found.n)), np.asarray(n - 1 if n >= LEAST else np.nan)
    scale = detrended_sd(x) if spread is None else spread
    margin = delta * scale / max(x.shape[1] - 1, 1)
    p = float(two_sided(found.mean, se, df)) if n >= LEAST else float("nan")
    low, high = interval(found.mean, se, df, 0.90)
    verdict = _verdict(n, p, max(abs(low), abs(high)) < margin)
    return SlopeTest(
        float(found.mean), float(se), n, _pair(interval(found.mean, se, df, 0.95)), (float(low), float(high)),
        p, float(margin), verdict, n >= CONFIRM,
    )  # fmt: skip


def _verdict(scripts: int, p: float, inside: bool) -> Verdict:
    if scripts < SCREEN:
        return "too few scripts"
    if p <= ALPHA:
        return "drift"
    return "no drift" if inside else "cannot tell"


def _centred(residual: ArrayLike) -> tuple[Array, Array]:
    """Return residuals and turns less their means over the turns that were read; 0 where one was not."""
    x = np.asarray(residual, float)
    use = np.isfinite(x)
    t = np.where(use, np.arange(x.shape[-1], dtype=float), np.nan)
    centred = [np.where(use, v - mean(v)[..., None], 0.0) for v in (x, t)]
    return centred[0], centred[1]


def _pair(values: Array) -> tuple[float, float]:
    return float(values[0]), float(values[1])
