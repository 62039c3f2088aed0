"""Two digests of one stream, computed in a second thread beside reading, comparing and writing.

sha256 is what everybody else checks with and the slowest step of all; both libraries let other threads run
while they work, so on two cores the digests cost little beyond what the sha256 takes.
"""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from blake3 import blake3

from selfscope.values.canonical import HASH_PREFIX

WAITING = 4
"""Stretches that may wait for the second thread before the first one does."""


@dataclass
class Digests:
    """The sha256 and the blake3 of what is fed."""

    _sha256: hashlib._Hash = field(default_factory=hashlib.sha256)
    _blake3: blake3 = field(default_factory=blake3)
    _queue: queue.Queue[bytes | None] = field(default_factory=lambda: queue.Queue(maxsize=WAITING))

    def feed(self, data: bytes) -> None:
        """Hand over the next bytes."""
        self._queue.put(data)

    def so_far(self) -> blake3:
        """Return a blake3 of all that was fed until now, which goes its own way from here."""
        self._queue.join()
        return self._blake3.copy()

    @property
    def sha256(self) -> str:
        """The sha256 of all that was fed, in hexadecimal."""
        self._queue.join()
        return self._sha256.hexdigest()

    @property
    def b3(self) -> str:
        """The id of all that was fed."""
        self._queue.join()
        return HASH_PREFIX + str(self._blake3.hexdigest())

    def run(self) -> None:
        """Work until told to end."""
        while (data := self._queue.get()) is not None:
            self._sha256.update(data)
            self._blake3.update(data)
            self._queue.task_done()
        self._queue.task_done()

    def end(self) -> None:
        """Say that nothing more will come."""
        self._queue.put(None)


@contextmanager
def digests_aside() -> Iterator[Digests]:
    """Give digests with their own thread, which has ended when the block has."""
    digests = Digests()
    thread = threading.Thread(target=digests.run, name="digests")
    thread.start()
    try:
        yield digests
    finally:
        digests.end()
        thread.join()
