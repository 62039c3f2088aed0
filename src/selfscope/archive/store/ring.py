"""Buffers that are filled in turns: each again only when nobody reads it any more.

What is read once is digested twice and written, by different threads at different speeds. None of them needs
a copy of its own, and no page of memory is touched for the first time more often than once, as long as a
buffer is not filled again too early.
"""

from __future__ import annotations

import mmap
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field


@dataclass
class Slot:
    """One buffer, and what has been begun that reads it.

    Attributes
    ----------
    memory
        It begins on a border between two pages, as a write past the system's cache needs it.
    readers
        Each is done when it no longer needs the bytes.
    """

    memory: memoryview
    readers: list[Future[None]] = field(default_factory=list)

    def settle(self) -> None:
        """Wait until nobody reads it; raise what a reader raised."""
        readers, self.readers = self.readers, []
        for each in readers:
            each.result()


class Ring:
    """Buffers in turns.

    Parameters
    ----------
    count
        How many; memory is taken up only as far as they are filled.
    size
        Bytes of each.
    """

    def __init__(self, count: int, size: int) -> None:
        self._slots = [Slot(_memory(size)) for _ in range(count)]
        self._next = 0

    def take(self) -> Slot:
        """Return the buffer that was taken longest ago, once nobody reads it."""
        slot = self._slots[self._next]
        self._next = (self._next + 1) % len(self._slots)
        slot.settle()
        return slot

    def settle(self) -> None:
        """Wait until nobody reads any of them; raise what a reader raised."""
        for slot in self._slots:
            slot.settle()


def _memory(size: int) -> memoryview:
    """Return private memory, in huge pages where there are any: small ones cost more than a read does."""
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):
            memory.madvise(mmap.MADV_HUGEPAGE)
    return memoryview(memory)
