"""From readings and answers to what is said of drift: slopes, alarms, the way back, behaviour beside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from selfscope.errors import BadInput
from selfscope.space.turn_readings import Along
from selfscope.stats.drift import SlopeTest, detrended_sd, slope_test
from selfscope.stats.drift_change import Changes, change_points
from selfscope.stats.drift_coupling import Coupling, coupling
from selfscope.stats.drift_limits import LEAST_BASELINES, Limits, limits
from selfscope.stats.drift_return import Return, half_life
from selfscope.stats.masked import Array, Mask
from selfscope.studies.drift_run import Held

if TYPE_CHECKING:
    import pandas as pd

#: Reliability of an axis under which projections are drawn, and not interpreted.
INTERPRETED = 0.70
#: Turns whose mean residual stands beside a point of behaviour.
WINDOW = 3
_FORM = ("item", "template", "format", "order", "label", "position")


@dataclass(frozen=True, eq=False)
class Behaviour:
    """One dimension, asked beside.

    Attributes
    ----------
    dimension, channel
        What was asked, and how.
    turns
        After how many turns.
    values
        D, half of the keyed difference of statement and twin, ``(conversation, point)``; NaN without answers.
    slope
        Over scripts, units of D a turn.
    coupling
        With the residual of the projection; None where nothing inside was read.
    """

    dimension: str
    channel: str
    turns: tuple[int, ...]
    values: Array
    slope: SlopeTest
    coupling: Coupling | None


@dataclass(frozen=True, eq=False)
class Inside:
    """What projections say; arrays ``(conversation, turn)``, baselines left out.

    Attributes
    ----------
    residual
        y − e, e after neutral history of equal length.
    slope, slope_fresh, slope_plain
        Of the residual; of that against the fresh thread; and of y itself, which holds topic and length.
    changes
        None for short conversations.
    monitor, alarms
        None without baseline conversations.
    back
        The way back from perturbed turns; None where none was perturbed.
    """

    along: Along
    residual: Array
    slope: SlopeTest
    slope_fresh: SlopeTest
    slope_plain: SlopeTest
    changes: Changes | None
    monitor: Limits | None
    alarms: Mask | None
    back: Return | None

    @property
    def interpreted(self) -> bool:
        """Whether the axis is reliable enough for a projection to be read."""
        return self.along.reliability >= INTERPRETED


@dataclass(frozen=True, eq=False)
class Drift:
    """All that is found.

    Attributes
    ----------
    held
        Conversations that are judged, with their readings.
    inside
        None for a model that has no inside here.
    """

    model: str
    name: str
    preset: str
    held: Held
    inside: Inside | None
    behaviour: tuple[Behaviour, ...]
    warnings: tuple[str, ...]


def drift_of(
    model: str, name: str, preset: str, held: Held, along: Along | None, rows: pd.DataFrame, *, seed: int = 0
) -> Drift:
    """Return what conversations say of drift.

    Parameters
    ----------
    held
        All conversations, those for control limits among them.
    rows
        The run's observations.
    """
    judged = np.array([not t.baseline for t in held.talks])
    own = _part(held, judged)
    inside = None if along is None else _inside(own, _part(held, ~judged), along, seed)
    residual = None if inside is None else inside.residual
    behaviour = tuple(_behaviour(rows, own, residual, seed))
    return Drift(model, name, preset, own, inside, behaviour, tuple(_warnings(own, inside)))


def _inside(own: Held, baselines: Held, along: Along, seed: int) -> Inside:
    scripts = [t.script for t in own.talks]
    residual, fresh = own.y - own.after, own.y - own.fresh
    spread = detrended_sd(fresh)
    monitor = _monitor(baselines, own.y.shape[1], seed)
    at = [t.perturbed - 1 for t in own.talks]
    fits = [p for p in at if p >= 0]
    return Inside(
        along,
        residual,
        slope_test(residual, scripts, spread=spread),
        slope_test(fresh, scripts, spread=spread),
        slope_test(own.y, scripts, spread=spread),
        change_points(residual, seed=seed),
        monitor,
        None if monitor is None else monitor.alarms(residual),
        half_life(residual, at, scripts, seed=seed) if fits and residual.shape[1] - max(fits) > 4 else None,
    )


def _monitor(baselines: Held, turns: int, seed: int) -> Limits | None:
    x = baselines.y - baselines.after
    whole = x[np.isfinite(x).all(axis=1)]
    return limits(whole, turns=turns, seed=seed) if len(whole) >= LEAST_BASELINES else None


def _behaviour(rows: pd.DataFrame, own: Held, residual: Array | None, seed: int) -> list[Behaviour]:
    asked = rows[rows["instrument"] != "axis"]
    scripts, found = [t.script for t in own.talks], []
    for (channel, dimension), part in asked.groupby(["channel", "construct"], sort=True):
        scored = scores_of_turns(part)
        turns = tuple(sorted({turn for _, turn in scored}))
        values = np.array([[scored.get((t.id, n), np.nan) for n in turns] for t in own.talks])
        spaced = np.full((len(values), max(turns) + 1), np.nan)
        spaced[:, list(turns)] = values
        beside = None
        if residual is not None:
            beside = coupling(values, _windows(residual, turns), scripts, seed=seed)
        found.append(
            Behaviour(str(dimension), str(channel), turns, values, slope_test(spaced, scripts), beside)
        )
    return found


def scores_of_turns(part: pd.DataFrame) -> dict[tuple[str, int], float]:
    """Return D of one dimension by conversation and turn: k (L(statement) − L(twin))/2, over all forms.

    Raises
    ------
    BadInput
        If statements have no twins.
    """
    keys = ["thread", "turn", "keyed", *_FORM]
    wide = part.pivot_table(index=keys, columns="polarity", values="value", aggfunc="mean").reset_index()
    if 1 not in wide or -1 not in wide:
        raise BadInput("statements have no twins", got=sorted(set(part["polarity"])))
    wide["d"] = wide["keyed"] * (wide[1] - wide[-1]) / 2
    return {(str(k[0]), int(k[1])): float(v) for k, v in wide.groupby(["thread", "turn"])["d"].mean().items()}


def _windows(residual: Array, turns: tuple[int, ...]) -> Array:
    """Return the mean residual of the turns up to each point; 0 at turn 0, where nothing was said yet."""
    found = np.zeros((len(residual), len(turns)))
    for n, turn in enumerate(turns):
        if turn > 0:
            some = residual[:, max(turn - WINDOW, 0) : turn]
            use = np.isfinite(some)
            count = use.sum(axis=1)
            total = np.where(use, some, 0.0).sum(axis=1)
            found[:, n] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return found


def _part(held: Held, which: Mask) -> Held:
    talks = tuple(t for t, own in zip(held.talks, which, strict=True) if own)
    arrays = (held.y, held.fresh, held.after, held.user, held.user_after)
    most = max((len(t.user) for t in talks), default=0)
    return Held(talks, *(a[which][:, :most] for a in arrays))


def _warnings(own: Held, inside: Inside | None) -> list[str]:
    scripts = len({t.script for t in own.talks})
    found = []
    if scripts < 16:
        few = "describe, and test nothing" if scripts < 8 else "screen, and confirm nothing"
        found.append(f"{scripts} scripts {few}; 16 confirm")
    if inside is None:
        return [*found, "the model has no inside here: behaviour alone"]
    if not inside.interpreted:
        found.append(
            f"the axis is not reliable enough (halves agree by {inside.along.reliability:.2f}, under .70): "
            "projections are drawn and not interpreted"
        )
    if inside.monitor is None:
        found.append(f"no alarm is set: control limits need {LEAST_BASELINES} baseline conversations")
    empty = int((~np.isfinite(own.y)).sum()) - sum(own.y.shape[1] - len(t.user) for t in own.talks)
    if empty:
        found.append(f"{empty} replies are empty and were not read")
    return found
