"""When to raise an alarm while a conversation is held, at a known rate of false ones.

The monitor: residuals are whitened by φ of baseline conversations, z_t = λ w_t + (1 - λ) z_{t-1} with λ = .3,
and an alarm stands where |z_t| is over h times its standard deviation at that turn. h is set so that at most
5 % of conversations *without* drift have any alarm in 12 turns. Limits made for independent turns would be
false in 21 % of them at φ = .4 and in 32 % at .7.

How h is set: worlds are simulated with φ near the fitted one, in each of which mean, φ and spread are
estimated from as many baseline conversations as there are, and a further conversation is watched. The
quantile of its largest |z| over all worlds therefore holds the error of the estimates as well. h is at least
the conformal quantile of the baselines' own largest |z|, each judged by the others (the largest of all with
fewer than 39), which holds for innovations of any distribution.

Source: Roberts 1959 (EWMA); Lu and Reynolds 1999 (of the residuals of an AR(1)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from selfscope.errors import BadInput
from selfscope.stats.autoregression import LEAST, MOST, simulated, whitened
from selfscope.stats.masked import Array, Mask

LAMBDA: Final = 0.3
RATE: Final = 0.05
#: Fewest baseline conversations.
LEAST_BASELINES = 8
WORLDS: Final = 2000


@dataclass(frozen=True)
class Watch:
    """Where a monitor stands in one conversation: all that its next step needs.

    Attributes
    ----------
    read
        Turns that entered.
    last
        The residual before, less the level; NaN at the beginning and after a turn without a reading.
    z
        The weighted mean of innovations, in their standard deviations.
    """

    read: int = 0
    last: float = math.nan
    z: float = 0.0


@dataclass(frozen=True)
class Limits:
    """A monitor.

    Attributes
    ----------
    mean, phi, sd
        Of baseline residuals: level, autoregression, and standard deviation of the innovations.
    h
        Standard deviations of z at which an alarm stands.
    turns
        Length of conversation for which the rate holds.
    rate
        Largest share of conversations without drift that have an alarm.
    baselines
        How many conversations it was set on.
    """

    mean: float
    phi: float
    sd: float
    h: float
    turns: int
    rate: float
    baselines: int

    def scores(self, residual: ArrayLike) -> Array:
        """Return z over its standard deviation, shape ``(..., turn)``; NaN from a missing turn on."""
        return _scores(np.asarray(residual, float), self.mean, self.phi, self.sd)

    def alarms(self, residual: ArrayLike) -> Mask:
        """Return where an alarm stands, shape ``(..., turn)``."""
        return np.nan_to_num(np.abs(self.scores(residual))) > self.h

    def band(self, residual: ArrayLike) -> Array:
        """Return, for each turn, between which residuals no alarm would stand, given the turns before it.

        Shape ``(..., turn, 2)``, units of y.
        """
        x = np.asarray(residual, float)
        w = whitened(x, self.phi, self.mean)
        z = _ewma(w)
        before = np.concatenate([np.zeros_like(z[..., :1]), z[..., :-1]], axis=-1)
        foretold = x - self.mean - w
        foretold[..., 0] = 0.0
        half = self.h * self.sd * _widths(x.shape[-1])
        ends = np.stack([(-half - (1 - LAMBDA) * before), (half - (1 - LAMBDA) * before)], axis=-1) / LAMBDA
        ends[..., 0, :] /= np.sqrt(1 - self.phi**2)
        return np.asarray(ends + (foretold + self.mean)[..., None])

    def step(self, watch: Watch, residual: float) -> tuple[float, Watch]:
        """Return z over its standard deviation after one more turn, and where the monitor then stands.

        Turn by turn it is what :meth:`scores` gives of a whole conversation. A turn without a reading (NaN)
        leaves z where it is and has none itself; the turn after it is whitened as a first one.
        """
        if not math.isfinite(residual):
            return math.nan, Watch(watch.read, math.nan, watch.z)
        level, foretold, scale = self._coming(watch)
        z = LAMBDA * (residual - level - foretold) / scale + (1 - LAMBDA) * watch.z
        score = z / float(_widths(watch.read + 1)[-1])
        return score, Watch(watch.read + 1, residual - level, z)

    def between(self, watch: Watch) -> tuple[float, float]:
        """Return between which residuals of the next turn no alarm would stand, units of y."""
        level, foretold, scale = self._coming(watch)
        half = self.h * float(_widths(watch.read + 1)[-1])
        ends = ((side * half - (1 - LAMBDA) * watch.z) / LAMBDA for side in (-1, 1))
        low, high = (level + foretold + scale * end for end in ends)
        return low, high

    def _coming(self, watch: Watch) -> tuple[float, float, float]:
        """Return the level, what is foretold beside it, and the spread of the next residual about both."""
        if math.isfinite(watch.last):
            return self.mean, self.phi * watch.last, self.sd
        return self.mean, 0.0, self.sd / math.sqrt(1 - self.phi**2)


def limits(
    baseline: ArrayLike, *, turns: int = 12, rate: float = RATE, worlds: int = WORLDS, seed: int = 0
) -> Limits:
    """Set a monitor on conversations that are held to be without drift.

    Parameters
    ----------
    baseline
        Residuals ``(conversation, turn)``, none missing, of conversations that are judged by nothing else.
    turns
        Length of the conversations that will be watched.

    Raises
    ------
    BadInput
        With fewer than eight baselines, fewer than four turns, a value missing, or no spread.
    """
    x = np.asarray(baseline, float)
    if x.ndim != 2 or len(x) < LEAST_BASELINES or x.shape[1] < 4 or not np.isfinite(x).all():
        raise BadInput(
            f"control limits need {LEAST_BASELINES} whole baseline conversations of four turns or more",
            got=f"shape {x.shape}",
        )
    level, phi, sd = (float(v) for v in _estimates(x))
    if sd <= 0:
        raise BadInput("baseline conversations do not vary", got=level)
    h = _simulated_h(phi, len(x), x.shape[1], turns, rate, worlds, seed)
    return Limits(level, phi, sd, max(h, _conformal_h(x, rate)), turns, rate, len(x))


def _estimates(x: Array) -> tuple[Array, Array, Array]:
    """Return mean, φ and innovation SD of sets of series ``(..., series, turn)``, each ``(...)``.

    One mean for all series: a monitor does not know the mean of a conversation that has only begun, so what
    conversations differ by belongs to φ.
    """
    level = x.mean(axis=(-2, -1))
    c = x - level[..., None, None]
    below = (c[..., :-1] ** 2).sum(axis=(-2, -1))
    phi = (c[..., :-1] * c[..., 1:]).sum(axis=(-2, -1)) / np.where(below > 0, below, 1.0)
    phi = np.clip(phi, LEAST, MOST)
    w = c[..., 1:] - phi[..., None, None] * c[..., :-1]
    return level, phi, np.sqrt((w**2).mean(axis=(-2, -1)))


def _simulated_h(
    phi: float, baselines: int, length: int, turns: int, rate: float, worlds: int, seed: int
) -> float:
    rng = np.random.default_rng([seed, 71])
    tops = []
    for _ in range(0, worlds, 100):
        true = _plausible(phi, baselines * length, rng)
        known = simulated(true[:, None], rng.standard_normal((100, baselines, length)))
        level, own, sd = (v[:, None] for v in _estimates(known))
        fresh = simulated(true, rng.standard_normal((100, turns)))
        tops.append(np.abs(_scores(fresh, level, own, sd)).max(axis=-1))
    return float(np.quantile(np.concatenate(tops), 1 - rate))


def _plausible(phi: float, values: int, rng: np.random.Generator) -> Array:
    """Return 100 true φ that may lie behind an estimate from so many values, which is a little too small."""
    centre = phi + (1 + 3 * phi) / values
    drawn = rng.normal(centre, np.sqrt((1 - phi**2) / values), 100)
    return np.clip(drawn, LEAST, MOST)


def _conformal_h(x: Array, rate: float) -> float:
    """Return the quantile of the baselines' own largest |z|, each judged by the others."""
    n = len(x)
    others = np.array([np.delete(np.arange(n), i) for i in range(n)])
    level, phi, sd = (v[:, None] for v in _estimates(x[others]))
    tops = np.sort(np.abs(_scores(x, level, phi, sd)).max(axis=-1))
    return float(tops[min(int(np.ceil((n + 1) * (1 - rate))), n) - 1])


def _scores(x: Array, level: Array | float, phi: Array | float, sd: Array | float) -> Array:
    c = x - level
    w = np.concatenate([c[..., :1] * np.sqrt(1 - phi**2), c[..., 1:] - phi * c[..., :-1]], axis=-1) / sd
    return np.asarray(_ewma(w) / _widths(x.shape[-1]))


def _ewma(w: Array) -> Array:
    z = np.empty_like(w)
    z[..., 0] = LAMBDA * w[..., 0]
    for t in range(1, w.shape[-1]):
        z[..., t] = LAMBDA * w[..., t] + (1 - LAMBDA) * z[..., t - 1]
    return z


def _widths(turns: int) -> Array:
    """Return the standard deviation of z at each turn, for innovations of variance one."""
    left = (1 - LAMBDA) ** (2 * np.arange(1, turns + 1))
    return np.asarray(np.sqrt(LAMBDA / (2 - LAMBDA) * (1 - left)))
