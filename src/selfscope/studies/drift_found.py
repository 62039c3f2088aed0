"""From readings and answers to what is said of drift: slopes, alarms, the way back, behaviour beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from selfscope.errors import BadInput
from selfscope.space.turn_readings import Along
from selfscope.stats.drift import SlopeTest, detrended_sd, slope_test
from selfscope.stats.drift_change import change_points
from selfscope.stats.drift_coupling import coupling
from selfscope.stats.drift_expected import REMOVED
from selfscope.stats.drift_limits import LEAST_BASELINES, Limits, limits
from selfscope.stats.drift_results import AxisTold, Behaviour, Drift, Inside, TalksRead, TalkTold
from selfscope.stats.drift_return import half_life
from selfscope.stats.masked import Array, Mask
from selfscope.studies.drift_held import Held

if TYPE_CHECKING:
    import pandas as pd

#: Turns after a perturbed one that the slope leaves out with it: what is on its way back is no drift.
RECOVERY = 3
#: Turns whose mean residual stands beside a point of behaviour.
WINDOW = 3
_FORM = ("item", "template", "format", "order", "label", "position")


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
    inside = None if along is None else _inside(own, _part(held, ~judged), along, seed, held)
    residual = None if inside is None else inside.residual
    behaviour = tuple(_behaviour(rows, own, residual, seed))
    asked_by = sorted({t.asked_by for t in held.talks} - {""})
    said = [f"the user's side was said by {each}, from the script's first message on" for each in asked_by]
    return Drift(model, name, preset, own, inside, behaviour, (*_warnings(own, inside), *said))


def _inside(own: TalksRead, baselines: TalksRead, along: Along, seed: int, held: Held) -> Inside:
    scripts, r2 = [t.script for t in own.talks], held.r2
    residual, fresh = own.y - own.after, own.y - own.fresh
    quiet, later = quiet_turns(own), residual.copy()
    later[:, 0] = np.nan
    changes = change_points(later[:, 1:], seed=seed)
    spread = detrended_sd(np.where(quiet, fresh if r2 is None else residual, np.nan))
    monitor = _monitor(baselines, own.y.shape[1], seed)

    def slope(values: Array) -> SlopeTest:
        return slope_test(np.where(quiet, values, np.nan), scripts, spread=spread)

    at = [t.perturbed - 1 for t in own.talks]
    fits = [p for p in at if p >= 0]
    return Inside(
        AxisTold(along.name, along.layer, along.reliability),
        residual,
        slope(residual),
        slope(fresh),
        slope(own.y),
        None if changes is None else changes._replace(at=changes.at + 1),
        monitor,
        None if monitor is None else monitor.alarms(residual),
        half_life(later, at, scripts, seed=seed) if fits and residual.shape[1] - max(fits) > 4 else None,
        r2,
        held.embedding,
    )


def quiet_turns(own: TalksRead) -> Mask:
    """Return which turns a slope is over, ``(conversation, turn)``.

    Left out are perturbed turns with those on their way back, and the first turn: it has no history, neither
    its own nor a neutral one, so that its residual lacks what any history does.
    """
    turn = np.arange(1, own.y.shape[1] + 1)
    at = np.array([t.perturbed for t in own.talks])[:, None]
    return np.asarray((turn > 1) & ((at == 0) | (turn < at) | (turn > at + RECOVERY)))


def _monitor(baselines: TalksRead, turns: int, seed: int) -> Limits | None:
    x = baselines.y - baselines.after
    whole = x[np.isfinite(x).all(axis=1)]
    return limits(whole, turns=turns, seed=seed) if len(whole) >= LEAST_BASELINES else None


def _behaviour(rows: pd.DataFrame, own: TalksRead, residual: Array | None, seed: int) -> list[Behaviour]:
    asked = rows[rows["instrument"] != "axis"]
    scripts, found = [t.script for t in own.talks], []
    for (channel, dimension), part in asked.groupby(["channel", "construct"], sort=True):
        turns, values = points_of(part, own.talks)
        beside = None
        if residual is not None:
            beside = coupling(values, _windows(residual, turns), scripts, seed=seed)
        found.append(
            Behaviour(
                str(dimension),
                str(channel),
                str(part["scale"].iloc[0]),
                turns,
                values,
                slope_test(spaced(values, turns), scripts),
                beside,
            )
        )
    return found


def points_of(part: pd.DataFrame, talks: Sequence[TalkTold]) -> tuple[tuple[int, ...], Array]:
    """Return after which turns a dimension was asked, and D there, ``(conversation, point)``."""
    scored = scores_of_turns(part)
    turns = tuple(sorted({turn for _, turn in scored}))
    return turns, np.array([[scored.get((t.id, n), np.nan) for n in turns] for t in talks])


def spaced(values: Array, turns: Sequence[int]) -> Array:
    """Return values as far apart as their turns are, ``(conversation, turn)``, NaN between them."""
    made = np.full((len(values), max(turns) + 1), np.nan)
    made[:, list(turns)] = values
    return made


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
    each = wide.groupby(["thread", "turn"])["d"].mean().reset_index()
    return {
        (str(thread), int(turn)): float(d)
        for thread, turn, d in zip(each["thread"], each["turn"], each["d"], strict=True)
    }


def _windows(residual: Array, turns: tuple[int, ...]) -> Array:
    """Return the mean residual of the turns up to each point; NaN at turn 0, where nothing was said yet."""
    found = np.full((len(residual), len(turns)), np.nan)
    for n, turn in enumerate(turns):
        if turn > 0:
            some = residual[:, max(turn - WINDOW, 0) : turn]
            use = np.isfinite(some)
            count = use.sum(axis=1)
            total = np.where(use, some, 0.0).sum(axis=1)
            found[:, n] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return found


def _part(held: Held, which: Mask) -> TalksRead:
    talks = tuple(t for t, own in zip(held.talks, which, strict=True) if own)
    arrays = (held.y, held.fresh, held.after, held.user, held.user_after)
    most = max((len(t.user) for t in talks), default=0)
    told = tuple(TalkTold(t.id, t.script, len(t.user), t.perturbed) for t in talks)
    return TalksRead(told, *(a[which][:, :most] for a in arrays))


def _warnings(own: TalksRead, inside: Inside | None) -> list[str]:
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
    if inside.r2 is not None and inside.r2 < REMOVED:
        found.append(
            f"topic not removed: messages foretell {max(inside.r2, 0):.0%} of what replies give in scripts "
            f"that were left out, under {REMOVED:.0%}; a slope may be that of the messages"
        )
    if inside.monitor is None:
        found.append(f"no alarm is set: control limits need {LEAST_BASELINES} baseline conversations")
    empty = int((~np.isfinite(own.y)).sum()) - sum(own.y.shape[1] - t.turns for t in own.talks)
    if empty:
        found.append(f"{empty} replies are empty and were not read")
    return found
