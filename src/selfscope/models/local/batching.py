"""The thread that advances a stream, and the bounded queue in front of it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from selfscope.errors import CouldNot

if TYPE_CHECKING:
    from selfscope.models.local.stream import Stream
    from selfscope.models.local.stream_rows import Piece, Row

Tell = Callable[["Piece"], None]

LEAST_WAIT = 1
"""Least seconds that a caller who is turned away is told to wait."""


class Busy(CouldNot):
    """Every place is taken, and so is every place in the queue.

    Attributes
    ----------
    seconds
        After which it is worth to ask again.
    """

    def __init__(self, most: int, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(
            "too many replies are under way", got=f"{most} of {most}", fix=f"Ask again in {seconds} s"
        )


class Closing(CouldNot):
    """No reply is begun any more."""

    def __init__(self) -> None:
        super().__init__("the server is shutting down", fix="Ask it when it runs again")


class Batching:
    """Rows in, pieces out, computed in a thread of their own; made and closed by one caller.

    Parameters
    ----------
    stream
        Advanced by this thread alone.
    waiting
        Rows that may wait beside those that draw.
    """

    def __init__(self, stream: Stream, waiting: int) -> None:
        self.stream = stream
        self.most = stream.most + waiting
        self._changed = threading.Condition()
        self._tells: dict[int, Tell] = {}
        self._began: dict[int, float] = {}
        self._arrived: list[Row] = []
        self._cuts: list[tuple[Row, str]] = []
        self._closing = self._ended = False
        self._seconds = 1.0
        self._thread = threading.Thread(target=self._run, name="replies", daemon=True)
        self._thread.start()

    def submit(self, row: Row, tell: Tell) -> None:
        """Let a row in, behind those that came before.

        Parameters
        ----------
        tell
            Gets every piece of the row, in the computing thread; it must return at once.

        Raises
        ------
        Busy
            If there is no place left.
        Closing
            If nothing is begun any more.
        """
        with self._changed:
            if self._closing:
                raise Closing
            if len(self._tells) >= self.most:
                raise Busy(self.most, max(LEAST_WAIT, math.ceil(self._seconds)))
            self._tells[id(row)], self._began[id(row)] = tell, time.monotonic()
            self._arrived.append(row)
            self._changed.notify_all()

    def cut(self, row: Row, why: str) -> None:
        """End a row before its next token; its last piece says what there was of it."""
        with self._changed:
            self._cuts.append((row, why))
            self._changed.notify_all()

    @property
    def running(self) -> int:
        """Rows that have not given their last piece."""
        with self._changed:
            return len(self._tells)

    def close(self, seconds: float = 0.0) -> None:
        """Begin nothing more, let what runs end within some seconds, cut the rest, and end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._tells or self._ended, seconds)
            self._ended = True
            self._changed.notify_all()
        self._thread.join()

    def hurry(self) -> None:
        """Have a close that is under way cut what still runs."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._due)
                arrived, self._arrived = self._arrived, []
                cuts, self._cuts = self._cuts, []
                ended = self._ended
            for row in arrived:
                self.stream.join(row)
            for row, why in cuts:
                self.stream.cut(row, why)
            if ended:
                self.stream.cut_all("shutdown")
            self._give(self._advanced())
            if ended:
                return

    def _due(self) -> bool:
        return bool(self._arrived or self._cuts or self.stream.busy or self._ended)

    def _advanced(self) -> list[Piece]:
        try:
            return self.stream.advance()
        except Exception as error:  # whatever it is, every row must hear of it
            return self.stream.fail(error)

    def _give(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            tell = self._tells.get(id(piece.row))
            if tell is not None:
                tell(piece)
            if piece.done is not None or piece.error is not None:
                self._forget(piece.row)

    def _forget(self, row: Row) -> None:
        with self._changed:
            self._tells.pop(id(row), None)
            self._seconds = time.monotonic() - self._began.pop(id(row), time.monotonic())
            self._changed.notify_all()
