"""The thread in front of a stream: places are counted, nobody waits for ever, and it ends when told to."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass, field
from typing import Any

import pytest

from selfscope.models.local.batching import Batching, Busy, Closing


@dataclass(eq=False)
class Row:
    tokens: int
    cut: str = ""


@dataclass
class Piece:
    row: Row
    text: str
    done: object = None
    error: Exception | None = None


@dataclass
class Stream:
    """A stream that draws when it is let: one token of every row for each permit."""

    most: int = 2
    rows: list[Row] = field(default_factory=list)
    permits: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    broken: bool = False

    @property
    def busy(self) -> bool:
        return bool(self.rows)

    def join(self, row: Row) -> None:
        self.rows.append(row)

    def cut(self, row: Row, why: str) -> None:
        row.cut = why

    def cut_all(self, why: str) -> None:
        for row in self.rows:
            row.cut = why

    def advance(self) -> list[Piece]:
        if not any(row.cut for row in self.rows):
            self.permits.acquire(timeout=60)
        if self.broken:
            raise RuntimeError("the weights are gone")
        pieces = []
        for row in [*self.rows]:
            row.tokens -= 1
            over = row.tokens == 0 or row.cut
            pieces.append(Piece(row, "x", done=object() if over else None))
            if over:
                self.rows.remove(row)
        return pieces

    def fail(self, error: Exception) -> list[Piece]:
        rows, self.rows = self.rows, []
        return [Piece(row, "", error=error) for row in rows]


def given(stream: Stream, waiting: int = 1) -> tuple[Batching, queue.Queue[Any]]:
    return Batching(stream, waiting), queue.Queue()  # type: ignore[arg-type]


def test_places_are_counted_and_free_again() -> None:
    stream = Stream()
    batching, pieces = given(stream)
    for _ in range(3):
        batching.submit(Row(1), pieces.put)  # type: ignore[arg-type]
    with pytest.raises(Busy) as busy:
        batching.submit(Row(1), pieces.put)  # type: ignore[arg-type]
    assert busy.value.seconds >= 1
    stream.permits.release(9)
    for _ in range(3):
        assert pieces.get(timeout=60).done
    batching.submit(Row(1), pieces.put)  # type: ignore[arg-type]
    assert pieces.get(timeout=60).done
    batching.close()
    with pytest.raises(Closing):
        batching.submit(Row(1), pieces.put)  # type: ignore[arg-type]


def test_what_runs_may_end_and_the_rest_is_cut() -> None:
    stream = Stream()
    batching, pieces = given(stream)
    row = Row(3)
    batching.submit(row, pieces.put)  # type: ignore[arg-type]
    stream.permits.release(9)
    batching.close(60)
    assert row.cut == "" and row.tokens == 0
    stream = Stream()
    batching, pieces = given(stream)
    row = Row(1000)
    batching.submit(row, pieces.put)  # type: ignore[arg-type]
    stream.permits.release(1)
    pieces.get(timeout=60)
    ending = threading.Timer(0.1, lambda: stream.permits.release(1))
    ending.start()
    batching.close(0.05)
    assert row.cut == "shutdown" and batching.running == 0


def test_every_row_hears_of_an_error_and_others_are_served_after_it() -> None:
    stream = Stream(broken=True)
    batching, pieces = given(stream)
    batching.submit(Row(5), pieces.put)  # type: ignore[arg-type]
    stream.permits.release(1)
    assert "weights" in str(pieces.get(timeout=60).error)
    stream.broken = False
    row = Row(9)
    batching.submit(row, pieces.put)  # type: ignore[arg-type]
    batching.cut(row, "gone")
    stream.permits.release(9)
    while not pieces.get(timeout=60).done:
        pass
    batching.close()
