"""Digests in threads of their own: hashing waits for no disk, and no disk waits for hashing."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar


class Hasher(Protocol):
    """What takes bytes and has a digest of them: a sha256, a blake3."""

    def update(self, data: bytes, /) -> object:
        """Take the next bytes."""

    def hexdigest(self) -> str:
        """Return the digest of all that was taken."""


H = TypeVar("H", bound=Hasher)


@dataclass
class Aside(Generic[H]):
    """A digest that is computed in a thread of its own, beside reading, comparing and writing."""

    hasher: H
    _queue: queue.Queue[bytes | None] = field(default_factory=lambda: queue.Queue(maxsize=2))

    def feed(self, data: bytes) -> None:
        """Hand over the next bytes."""
        self._queue.put(data)

    def run(self) -> None:
        """Work until told to end."""
        while (data := self._queue.get()) is not None:
            self.hasher.update(data)

    def end(self) -> None:
        """Say that nothing more will come."""
        self._queue.put(None)


@contextmanager
def aside(hasher: H) -> Iterator[Aside[H]]:
    """Give a hasher its own thread, which has ended when the block has."""
    digest = Aside(hasher)
    thread = threading.Thread(target=digest.run, name="digest")
    thread.start()
    try:
        yield digest
    finally:
        digest.end()
        thread.join()
