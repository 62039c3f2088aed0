"""A large object on its way to the disk: whole pages, past the system's cache, by a thread of its own.

Bytes that are written through the cache are copied into pages made for them, which a thread of the system's
brings to the disk when it sees fit; on two cores that takes as long as a digest. Written past it, they go to
the disk from where they were read, while the digests of the next ones are computed. For that a write must
begin and end on the border of a page, in the file and in memory, so what does not fill a page is held back
and goes with the bytes that follow; what is left at the end is written as usual. Nothing here makes anything
durable: that is the sync's.
"""

from __future__ import annotations

import mmap
from concurrent.futures import Executor, Future

from selfscope.archive.journal.disk import EARLY, Disk, Opened
from selfscope.archive.store.ring import Slot

PAGE = mmap.PAGESIZE


class Stream:
    """Appends to one file.

    Parameters
    ----------
    disk, opened
        The hands, and the file: nothing else writes to it before :meth:`end`.
    lane
        Does one thing after the other.
    """

    def __init__(self, disk: Disk, opened: Opened, lane: Executor) -> None:
        self._disk, self._opened, self._lane = disk, opened, lane
        self._held = b""
        self._paged = True
        self._broken = False
        self._writes: list[Future[None]] = []

    @property
    def room(self) -> int:
        """How many bytes of a slot are to be left free before those that :meth:`write` shall write."""
        return len(self._held)

    def write(self, slot: Slot, size: int) -> None:
        """Append the `size` bytes of a slot that follow the room in it, which is filled now."""
        room = self.room
        slot.memory[:room] = self._held
        whole = room + size
        cut = whole // PAGE * PAGE if self._paged else whole
        if self._paged and cut < EARLY:
            cut = 0
        if cut:
            slot.readers.append(self._begin(slot.memory[:cut], past=self._paged))
        self._held = bytes(slot.memory[cut:whole])

    def append(self, data: bytes) -> None:
        """Append bytes that lie anywhere. No page will end with a write any more: go through the cache."""
        self._let_go()
        self._paged = False
        self._begin(memoryview(data), past=False).result()

    def end(self) -> None:
        """Write what was held back, and wait; raise what the disk said to any write.

        Raises
        ------
        CouldNot
            If the disk refused.
        """
        self._let_go()
        for each in self._writes:
            each.result()

    def _let_go(self) -> None:
        if self._held:
            self._begin(memoryview(self._held), past=False)
            self._held = b""

    def _begin(self, data: memoryview, *, past: bool) -> Future[None]:
        self._writes.append(self._lane.submit(self._write, data, past))
        return self._writes[-1]

    def _write(self, data: memoryview, past: bool) -> None:
        """Write, unless a write before this one failed: it would land where it does not belong."""
        if self._broken:
            return
        try:
            self._disk.write(self._opened, data, past_cache=past)
        except BaseException:
            self._broken = True
            raise
