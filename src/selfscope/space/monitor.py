"""What a message is expected to give, and when to raise an alarm, while a conversation is still going on.

A message cannot be said again in a fresh thread while somebody waits for the answer. So what it is expected
to give is foretold from its embedding, by a ridge regression on finished conversations, and what the reply
gives beyond that enters control limits turn by turn. Both come from one finished run of drift: the regression
from its scripts, the limits from its baseline conversations, which the regression has not seen.

On disk: :mod:`selfscope.space.monitor_artefact`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from selfscope.models.catalogue import EmbeddedBy
from selfscope.models.local.words import Embed
from selfscope.space.foretold import foretell
from selfscope.space.turn_readings import Along
from selfscope.stats.drift import ALPHA
from selfscope.stats.drift_expected import REMOVED
from selfscope.stats.drift_limits import LEAST_BASELINES, Limits, Watch, limits
from selfscope.stats.drift_results import INTERPRETED
from selfscope.stats.masked import Array
from selfscope.stats.ridge import Fit


@dataclass(frozen=True)
class MonitorState:
    """Where a conversation stands; to fork it is to keep this value.

    Attributes
    ----------
    turn
        Replies so far.
    read, last, z
        As in :class:`selfscope.stats.drift_limits.Watch`; `last` is None where there is none.
    """

    turn: int = 0
    read: int = 0
    last: float | None = None
    z: float = 0.0

    @property
    def watch(self) -> Watch:
        """What control limits go on from."""
        return Watch(self.read, math.nan if self.last is None else self.last, self.z)


@dataclass(frozen=True)
class Watched:
    """One turn.

    Attributes
    ----------
    turn
        Of the reply, from 1.
    projection
        Of the reply, standard deviations of the map's roles; NaN before there is one and for an empty one.
    expected
        What a message like this one gives.
    band
        Between which projections no alarm stands at this turn; None without limits.
    score
        The weighted mean of whitened residuals, in its standard deviations; None where there is none.
    alarm
        Whether the score is over its limit; None where there is no score.
    """

    turn: int
    projection: float
    expected: float
    band: tuple[float, float] | None
    score: float | None = None
    alarm: bool | None = None


@dataclass(frozen=True, eq=False)
class Monitor:
    """A monitor of live conversations.

    Attributes
    ----------
    along
        The direction that is read, at which layer, and how reliable it is.
    axis_id
        What the axis is known by: its numbers and its layer.
    fit
        From a message's embedding to its expected projection.
    limits
        None where there were too few baseline conversations.
    r2
        Share of the projections that the regression foretells in scripts that it has not seen.
    scripts, messages
        On how many it rests.
    alarmed
        How many of these scripts' own conversations have an alarm, each foretold without its script, and of
        how many: what limits do where it is not about plain fact; None without limits.
    embedding
        What messages are embedded by, in words.
    embed
        Embeds messages.
    embedder
        What embeds them, as it is chosen.
    """

    along: Along
    axis_id: str
    fit: Fit
    limits: Limits | None
    r2: float
    scripts: int
    messages: int
    alarmed: tuple[int, int] | None
    embedding: str
    embed: Embed
    embedder: EmbeddedBy = "own"

    @property
    def reliability(self) -> float:
        """Cosine of axes from disjoint halves of roles and questions."""
        return self.along.reliability

    @property
    def interpreted(self) -> bool:
        """Whether the axis is reliable enough for a projection to be read."""
        return self.reliability >= INTERPRETED

    @property
    def removed(self) -> bool:
        """Whether the regression takes the topic out."""
        return self.r2 >= REMOVED

    @property
    def rate(self) -> float | None:
        """Largest share of conversations without drift that have any alarm in `turns` turns."""
        return None if self.limits is None else self.limits.rate

    @property
    def turns(self) -> int | None:
        """Length of conversation for which the rate holds."""
        return None if self.limits is None else self.limits.turns

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What stands beside every reading."""
        return tuple(_notes(self))

    def begin(self) -> MonitorState:
        """Return the state of a conversation in which nothing was said."""
        return MonitorState()

    def expect(self, state: MonitorState, message: str) -> Watched:
        """Return what the coming reply to a message is expected to give, and between what."""
        expected = float(self.fit.score(self.embed([message]))[0, 0])
        band = None
        if self.limits is not None:
            low, high = self.limits.between(state.watch)
            band = (expected + low, expected + high)
        return Watched(state.turn + 1, math.nan, expected, band)

    def after(self, state: MonitorState, message: str, projection: float) -> tuple[Watched, MonitorState]:
        """Return what is found of a reply, and the state after it.

        Parameters
        ----------
        message
            The user's message that was answered.
        projection
            Of the reply's own tokens; NaN for an empty reply, which leaves the weighted mean as it is.
        """
        coming = self.expect(state, message)
        turn, expected = coming.turn, coming.expected
        if self.limits is None:
            return Watched(turn, projection, expected, None), MonitorState(turn)
        score, watch = self.limits.step(state.watch, projection - expected)
        last = watch.last if math.isfinite(watch.last) else None
        later = MonitorState(turn, watch.read, last, watch.z)
        if not math.isfinite(score):
            return Watched(turn, projection, expected, coming.band), later
        return Watched(turn, projection, expected, coming.band, score, abs(score) > self.limits.h), later


def fit_monitor(
    messages: Sequence[Sequence[str]],
    readings: ArrayLike,
    scripts: Sequence[str],
    baseline: Sequence[bool],
    along: Along,
    axis_id: str,
    embed: Embed,
    embedding: str,
    *,
    embedder: EmbeddedBy = "own",
    seed: int = 0,
) -> Monitor | None:
    """Return the monitor that finished conversations give; None with fewer than four scripts.

    Parameters
    ----------
    messages, readings, scripts
        As for :func:`foretell`.
    baseline
        Whether limits are set on it; it then takes no part in the regression.
    embed, embedding, embedder
        What embeds messages, in words, and as it is chosen.
    """
    found = foretell(messages, readings, scripts, baseline, embed)
    if found is None:
        return None
    quiet, residual = np.asarray(baseline, bool), np.asarray(readings, float) - found.expected
    set_limits = _limits(residual[quiet], residual.shape[1], seed)
    alarmed = None
    if set_limits is not None:
        alarmed = (int(set_limits.alarms(residual[~quiet]).any(axis=1).sum()), int((~quiet).sum()))
    return Monitor(
        along,
        axis_id,
        found.fit,
        set_limits,
        found.r2,
        found.scripts,
        found.messages,
        alarmed,
        embedding,
        embed,
        embedder,
    )


def _limits(residual: Array, turns: int, seed: int) -> Limits | None:
    whole = residual[np.isfinite(residual).all(axis=1)]
    return limits(whole, turns=turns, seed=seed) if len(whole) >= LEAST_BASELINES else None


def _notes(monitor: Monitor) -> Iterator[str]:
    if not monitor.interpreted:
        yield (
            f"The axis is not reliable enough to be read (halves agree by {monitor.reliability:.2f}, under "
            f"{INTERPRETED:.2f}): projections and alarms are drawn, and say nothing."
        )
    if not monitor.removed:
        yield (
            f"Topic not removed: messages foretell {max(monitor.r2, 0):.0%} of what replies give in scripts "
            f"that were left out, under {REMOVED:.0%}. An alarm may be the message."
        )
    if monitor.limits is None:
        yield f"No alarm is set: control limits need {LEAST_BASELINES} baseline conversations."
    elif monitor.alarmed is not None:
        found, count = monitor.alarmed
        if float(stats.binom.sf(found - 1, count, monitor.limits.rate)) <= ALPHA:
            yield (
                f"Limits are of conversations about plain fact. Of {count} about other things {found} had an "
                "alarm: by drift, by a push, or by their topic."
            )
