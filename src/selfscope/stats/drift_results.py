"""What is found of drift, as pages and JSON show it: talks with their readings, what they say, behaviour."""

from __future__ import annotations

from dataclasses import dataclass

from selfscope.stats.drift import SlopeTest
from selfscope.stats.drift_change import Changes
from selfscope.stats.drift_coupling import Coupling
from selfscope.stats.drift_limits import Limits
from selfscope.stats.drift_return import Return
from selfscope.stats.masked import Array, Mask

#: Reliability of an axis under which projections are drawn, and not interpreted.
INTERPRETED = 0.70


@dataclass(frozen=True)
class AxisTold:
    """The axis that was read: where it lies, at which layer, and the cosine of its halves."""

    name: str
    layer: int
    reliability: float


@dataclass(frozen=True)
class TalkTold:
    """A conversation: its name, its script, its turns, and the perturbed one (from 1; 0 for none)."""

    id: str
    script: str
    turns: int
    perturbed: int = 0


@dataclass(frozen=True, eq=False)
class TalksRead:
    """Conversations with their readings, arrays ``(conversation, turn)``, NaN where there is none.

    Attributes
    ----------
    y, fresh, after
        Of replies: in the conversation, in a fresh thread, and after neutral history of equal length.
    user, user_after
        Of the user's messages, in the conversation and after neutral history.
    """

    talks: tuple[TalkTold, ...]
    y: Array
    fresh: Array
    after: Array
    user: Array
    user_after: Array


@dataclass(frozen=True, eq=False)
class Behaviour:
    """One dimension, asked beside.

    Attributes
    ----------
    dimension, channel, scale
        What was asked, how, and what its values are: ``log_odds``, ``log_prob``, or ``agreement``, a share of
        draws.
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
    scale: str
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
    r2
        Held out, of expected values that come from messages' embeddings; None where messages were said again.
    embedding
        What messages were embedded by; "" where they were said again.
    """

    along: AxisTold
    residual: Array
    slope: SlopeTest
    slope_fresh: SlopeTest
    slope_plain: SlopeTest
    changes: Changes | None
    monitor: Limits | None
    alarms: Mask | None
    back: Return | None
    r2: float | None = None
    embedding: str = ""

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
    held: TalksRead
    inside: Inside | None
    behaviour: tuple[Behaviour, ...]
    warnings: tuple[str, ...]
