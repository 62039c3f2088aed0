"""What is served: weights in one character or several, what is read of them, and how much at once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from selfscope.models.local.batching import Batching
from selfscope.models.local.generate import GenerationRequest
from selfscope.models.local.spans import SpanReader
from selfscope.models.local.stream import Stream
from selfscope.models.local.stream_check import check_joining
from selfscope.serve.asked import Asked
from selfscope.serve.readings import Readings, Watching
from selfscope.serve.wrong import Wrong
from selfscope.values import Message

if TYPE_CHECKING:
    from selfscope.models.adapters import Adapter
    from selfscope.models.caps import Cap
    from selfscope.models.local.generate import Generation
    from selfscope.models.local.ground import LocalGround
    from selfscope.models.local.stream_rows import Piece, Row
    from selfscope.studies.cast import Member

UNCAPPED = ":uncapped"
"""Behind the name of a capped model, to ask the same weights without the cap."""

DEFAULT_TOKENS = 256
"""Most tokens of a reply where the request says nothing, or as many as are served."""


@dataclass(frozen=True)
class Limits:
    """How much is done at once, and how long anything may take.

    Attributes
    ----------
    rows, waiting
        Replies drawn at once, and replies that wait; who comes beyond that is told to ask again.
    max_tokens
        Most tokens of one reply.
    reply_seconds
        Most seconds of one reply, waiting included.
    body_bytes, body_seconds
        Most bytes of a request, and most seconds in which it must have come.
    send_seconds
        How long a client may leave what is sent to it unread.
    head_seconds
        How long a connection may stay without a whole head of a request.
    grace_seconds
        How long replies may go on when the server is told to stop.
    """

    rows: int = 16
    waiting: int = 32
    max_tokens: int = 512
    reply_seconds: float = 300.0
    body_bytes: int = 2**20
    body_seconds: float = 10.0
    send_seconds: float = 20.0
    head_seconds: float = 10.0
    grace_seconds: float = 5.0


@dataclass(frozen=True, eq=False)
class Voice:
    """Who answers to the name of a model.

    Attributes
    ----------
    identity, identity_name
        The system prompt, None for none; and what it is called.
    adapter
        Worn by its rows alone; None for none, and for weights that wear one themselves.
    cap
        Held over its rows; None for none.
    """

    identity: str | None = None
    identity_name: str = "none"
    adapter: Adapter | None = None
    cap: Cap | None = None


@dataclass(frozen=True)
class Part:
    """What a client is told next.

    Attributes
    ----------
    text
        What the reply goes on with.
    done
        With the last part: all that became of the reply.
    told
        The extension field.
    """

    text: str
    told: dict[str, Any]
    done: Generation | None = None


class Served:
    """Local weights that answer several conversations at once.

    Parameters
    ----------
    ground
        The weights, with the adapter that they wear, and no cap; bare where there is a cast.
    identity
        The system prompt; None for none.
    cap
        Held over every reply, but of the model that is called uncapped.
    cast
        Several characters in the place of one, each with its own identity, adapter and cap.
    readings
        What is read of every reply.

    Raises
    ------
    CouldNot
        If replies cannot join each other on these weights; see :func:`check_joining`.
    """

    def __init__(
        self,
        ground: LocalGround,
        *,
        name: str,
        identity: str | None = None,
        identity_name: str = "none",
        cap: Cap | None = None,
        cast: Sequence[Member] = (),
        readings: Readings | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.ground, self.name, self.identity, self.identity_name = ground, name, identity, identity_name
        self.cap, self.limits = cap, limits or Limits()
        self.readings = readings or Readings(None, None)
        one = Voice(identity, identity_name, None, cap)
        self.models = dict(_models(cast) if cast else _with_and_without(name, one))
        """Who can be asked for, by the name of a model."""
        self.cast = tuple(cast)
        self.stream = Stream(
            ground,
            most=self.limits.rows,
            read=self.readings.place,
            caps=any(voice.cap for voice in self.models.values()),
            adapters=[each.adapter for each in cast if each.adapter is not None],
        )
        check_joining(self.stream)
        self.batching = Batching(self.stream, self.limits.waiting)
        self._words = threading.Lock()
        self._reader = SpanReader(ground.tokenizer, str(ground.renderer.template))

    def refuse_unknown(self, asked: Asked) -> None:
        """Refuse another model, and more tokens than are served.

        Raises
        ------
        Wrong
            404, or 400.
        """
        if asked.model not in self.models:
            told = f"There is no model {asked.model!r:.80}. Here is: {', '.join(self.models)}."
            raise Wrong(404, told, "model_not_found", "model")
        if asked.max_tokens > self.limits.max_tokens:
            raise Wrong(
                400,
                f"A reply has at most {self.limits.max_tokens} tokens here. Got: {asked.max_tokens}.",
                "too_many_tokens",
                "max_tokens",
            )

    async def reply(self, asked: Asked) -> AsyncIterator[Part]:
        """Yield the parts of one reply, the last with all that became of it.

        Leaving off ends the reply between two tokens.

        Raises
        ------
        BadInput
            If the conversation cannot be rendered or is too long.
        Busy, Closing
            If there is no place, or nothing is begun any more.
        """
        row, watching = await asyncio.to_thread(self._prepare, asked, self.models[asked.model])
        loop, coming = asyncio.get_running_loop(), asyncio.Queue[tuple["Piece", dict[str, Any]]]()

        def tell(piece: Piece) -> None:
            # In the computing thread: the row is not advanced while it is read.
            try:
                told = {} if piece.error else watching.told(piece)
            except Exception as error:  # a reading that fails ends this reply, and no other
                self.batching.cut(row, "error")
                piece, told = replace(piece, error=error), {}
            loop.call_soon_threadsafe(coming.put_nowait, (piece, told))

        self.batching.submit(row, tell)
        late = loop.call_later(self.limits.reply_seconds, self.batching.cut, row, "time limit")
        over = False
        try:
            while not over:
                piece, told = await coming.get()
                over = piece.done is not None or piece.error is not None
                if piece.error is not None:
                    raise piece.error
                yield Part(piece.text, told, piece.done)
        finally:
            late.cancel()
            if not over:
                self.batching.cut(row, "client gone")

    def _prepare(self, asked: Asked, voice: Voice) -> tuple[Row, Watching]:
        """Return the row of a request and what watches it; tokenizers are used by one thread at a time."""
        messages = _under(voice, asked)
        request = GenerationRequest(
            messages,
            asked.max_tokens or min(DEFAULT_TOKENS, self.limits.max_tokens),
            asked.temperature,
            asked.top_p,
            asked.seed,
            asked.stop,
        )
        with self._words:
            row = self.stream.prepare(request, voice.cap, "" if voice.adapter is None else voice.adapter.id)
            watching = self.readings.watching(self.ground, self._reader, row)
        watching.fixed = {"seed": asked.seed, "system": _told_system(voice, asked)}
        if self.cast:
            worn = None if voice.adapter is None else voice.adapter.name
            watching.fixed |= {"identity": voice.identity_name, "adapter": worn}
        return row, watching

    async def close(self, seconds: float) -> None:
        """Begin nothing more, let what runs end within some seconds, and cut the rest."""
        await asyncio.to_thread(self.batching.close, seconds)


def _models(cast: Sequence[Member]) -> Iterator[tuple[str, Voice]]:
    """Yield who can be asked for, by name: every character, and a capped one without its cap as well."""
    for each in cast:
        name = "none" if each.reading is None else each.reading.name
        yield from _with_and_without(each.name, Voice(each.system, name, each.adapter, each.cap))


def _with_and_without(name: str, voice: Voice) -> Iterator[tuple[str, Voice]]:
    yield name, voice
    if voice.cap is not None:
        yield name + UNCAPPED, replace(voice, cap=None)


def _under(voice: Voice, asked: Asked) -> tuple[Message, ...]:
    """Return the conversation under the identity; the request's own system message stands after it."""
    texts = [text for text in (voice.identity, asked.system) if text]
    return (*([Message("system", "\n\n".join(texts))] if texts else []), *asked.talk)


def _told_system(voice: Voice, asked: Asked) -> str:
    told = (("identity", voice.identity), ("request", asked.system))
    return " and ".join(word for word, text in told if text) or "none"
