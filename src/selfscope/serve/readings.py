"""What is read of every reply while it is drawn: its projection, what was expected of it, and the alarm.

Nothing is remembered between requests. A request carries its whole conversation, whose earlier turns pass
through the network with it; they are read there, one after the other, and so a conversation that is forked or
edited is watched from what it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from selfscope.errors import BadInput
from selfscope.models.local.capping import ReadAt
from selfscope.models.local.spans import SpanReader, Turn
from selfscope.models.local.tree import Ints
from selfscope.space.turn_readings import Along, placed_turns

if TYPE_CHECKING:
    from selfscope.models.caps import Cap
    from selfscope.models.local.ground import LocalGround
    from selfscope.models.local.stream_rows import Piece, Row
    from selfscope.space.monitor import Monitor, MonitorState, Watched
    from selfscope.values import Message

UNIT = "standard deviations of the map's roles; larger is nearer to the default assistant"
INTERPRETED = 0.70
"""Least agreement of an axis's halves at which something is said of a projection."""

_NO_AXIS = "no axis was given: start the server with --axis or --monitor"
_NO_MONITOR = "no monitor was given: start the server with --monitor"
_NO_LIMITS = "the monitor has no control limits: it rests on too few baseline conversations"
_EMPTY = "the reply is empty"
_UNREAD = "the reply was ended before its conversation was read"
_TURNS = "earlier turns of this conversation could not be told apart"


@dataclass(frozen=True, eq=False)
class Readings:
    """What is read.

    Attributes
    ----------
    along
        The axis, None where nothing is read.
    monitor
        What is expected of messages along it, and limits; None without.
    """

    along: Along | None
    monitor: Monitor | None

    @property
    def place(self) -> ReadAt | None:
        """Where the network is read."""
        return None if self.along is None else ReadAt(self.along.layer, self.along.frame.axis)

    @property
    def axis(self) -> dict[str, Any] | None:
        """The axis, as it is told."""
        if self.along is None:
            return None
        reliability = self.along.reliability if math.isfinite(self.along.reliability) else None
        sure = reliability is not None and reliability >= INTERPRETED
        told = {"name": self.along.name, "layer": self.along.layer, "reliability": reliability}
        return told | {"interpretable": sure, "unit": UNIT}

    @property
    def watched(self) -> dict[str, Any] | None:
        """The monitor, as it is told."""
        m = self.monitor
        if m is None:
            return None
        r2 = m.r2 if math.isfinite(m.r2) else None
        told = {"r2": r2, "topic_removed": m.removed, "embedding": m.embedding}
        return told | {"false_alarms": m.rate, "turns": m.turns, "notes": list(m.notes)}

    def watching(self, ground: LocalGround, reader: SpanReader, row: Row) -> Watching:
        """Return what watches one reply; earlier turns are found in the tokens of its prompt."""
        messages = row.reply.request.messages
        places, why = self._earlier(ground, reader, messages, row.reply.prompt)
        return Watching(self, ground, _exchanges(messages), places, why, row.cap)

    def _earlier(
        self, ground: LocalGround, reader: SpanReader, messages: Sequence[Message], prompt: list[int]
    ) -> tuple[list[Ints], str]:
        """Return the places of every earlier reply in the prompt, or why they cannot be told."""
        own = [n for n, m in enumerate(messages) if m.role == "assistant"]
        if self.monitor is None or not own:
            return [], ""
        try:
            talk = tuple(Turn(m.role, m.content) for m in messages)
            tokens, turns = placed_turns(ground, reader, talk)
        except BadInput as error:
            return [], f"{_TURNS}: {error.what}"
        longest = max((int(turns[n].max()) + 1 for n in own if n in turns), default=0)
        if list(tokens[:longest]) != prompt[:longest]:
            return [], _TURNS
        return [turns.get(n, np.zeros(0, np.int64)) for n in own], ""


@dataclass(eq=False)
class Watching:
    """One reply, watched.

    Attributes
    ----------
    messages
        What the user said before each reply, this one included; several messages in a row are one.
    places
        Where earlier replies stand in the prompt.
    why
        Why nothing is said of the conversation: its turns could not be told apart, or it was not read to the
        end; "" where it was.
    fixed
        What the extension field tells of the request.
    """

    readings: Readings
    ground: LocalGround
    messages: tuple[str, ...]
    places: list[Ints]
    why: str
    cap: Cap | None
    fixed: dict[str, Any] = field(default_factory=dict)
    _state: MonitorState | None = None
    _begun: bool = False

    def told(self, piece: Piece) -> dict[str, Any]:
        """Return the extension field of a piece: the running projection, and with the last all there is."""
        row = piece.row
        if len(row.seen) < len(row.reply.prompt):  # cut while it waited, or while its prompt went in
            self.why = self.why or _UNREAD
        projection = self._mean(self._said(row, piece))
        if piece.done is None:
            return {"projection": projection} | self._coming(row)
        return self.fixed | self._whole(row, projection)

    def _coming(self, row: Row) -> dict[str, Any]:
        """Return what is expected of the reply, with its first piece."""
        first, self._begun = not self._begun, True
        if not first or self.readings.monitor is None or self.why:
            return {}
        return _plain(self.readings.monitor.expect(self._before(row), self.messages[-1]))

    def _whole(self, row: Row, projection: float | None) -> dict[str, Any]:
        told: dict[str, Any] = {
            "turn": len(self.messages),
            "projection": projection,
            "expected": None, "band": None, "score": None, "alarm": None,
            "axis": self.readings.axis,
            "monitor": self.readings.watched,
            "cap": None if self.cap is None else _cap(self.cap),
            "ended": row.cut or row.reply.stop_reason,
        }  # fmt: skip
        monitor = self.readings.monitor
        if monitor is not None and not self.why:
            value = math.nan if projection is None else projection
            told |= _plain(monitor.after(self._before(row), self.messages[-1], value)[0])
        return told | {"missing": self._missing(told)}

    def _before(self, row: Row) -> MonitorState:
        """Return where the conversation stood before this reply, read once its prompt has passed."""
        monitor = self.readings.monitor
        assert monitor is not None
        if self._state is None:
            state = monitor.begin()
            for message, places in zip(self.messages, self.places, strict=False):
                value = self._mean([row.seen[place] for place in places])
                state = monitor.after(state, message, math.nan if value is None else value)[1]
            self._state = state
        return self._state

    def _said(self, row: Row, piece: Piece) -> list[float]:
        """Return the projections of the tokens that are said; what a stop text cut off is not."""
        said = row.said
        if piece.done is None or row.reply.stop_reason != "stop":
            return said
        kept, tokenizer = len(said), self.ground.tokenizer
        while kept and len(str(tokenizer.decode(row.reply.ids[: kept - 1]))) >= len(piece.done.text):
            kept -= 1
        return said[:kept]

    def _mean(self, projections: Sequence[float]) -> float | None:
        along = self.readings.along
        if along is None or not len(projections):
            return None
        return float((np.mean(projections) - along.frame.zero) / along.frame.unit)

    def _missing(self, told: dict[str, Any]) -> dict[str, str]:
        """Return why each reading that is not there is not there."""
        readings = self.readings
        monitored = (
            _NO_AXIS if readings.along is None else _NO_MONITOR if readings.monitor is None else self.why
        )
        limited = monitored or ("" if told["band"] is not None else _NO_LIMITS)
        empty = _NO_AXIS if readings.along is None else _EMPTY
        alarm = limited or _EMPTY
        whys = {"projection": empty, "expected": monitored, "band": limited, "score": alarm, "alarm": alarm}
        return {name: why for name, why in whys.items() if told[name] is None}


def _exchanges(messages: Sequence[Message]) -> tuple[str, ...]:
    """Return what the user said before each reply and at the end; nothing is an empty text."""
    said: list[list[str]] = [[]]
    for message in messages:
        if message.role == "user":
            said[-1].append(message.content)
        elif message.role == "assistant":
            said.append([])
    return tuple("\n\n".join(each) for each in said)


def _plain(watched: Watched) -> dict[str, Any]:
    """Return what the monitor says of a turn as JSON has it."""
    band = None if watched.band is None else [_finite(v) for v in watched.band]
    told = {"expected": _finite(watched.expected), "band": band}
    return told | {"score": watched.score, "alarm": watched.alarm}


def _cap(cap: Cap) -> dict[str, Any]:
    return {"id": cap.id, "name": cap.name, "status": cap.status}


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
