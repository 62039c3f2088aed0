"""The digest of a file's bytes, and those of many files on every core.

A large file is mapped: its pages are digested where the page cache has them, which spares a copy of every
byte. A mapped page that the disk fails to give would kill the process, so the kernel is first asked to bring
each window of pages (``MADV_POPULATE_READ``); where it cannot, the file is read instead, and then a failing
disk is an error to report. What stays is a page that was brought, is taken back within the milliseconds
before it is digested, and then cannot be brought again: the process dies, and loses nothing, for it only
read.

Small files are read, each by one core: then no core waits for another, and what is read is digested before
it leaves the core's own cache.
"""

from __future__ import annotations

import mmap
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from blake3 import blake3

from selfscope.archive.store.reading import reading
from selfscope.errors import SelfscopeError
from selfscope.values.canonical import HASH_PREFIX

WINDOW = 64 << 20
"""Bytes mapped at a time. A smaller file is read: one core has done with it in a moment."""

PART = 512 << 10
"""Bytes read at a time: they stay in the cache of one core."""

#: Linux since 5.14; not among the names of the module ``mmap``.
_POPULATE_READ = 22

Digest = str | SelfscopeError
Key = TypeVar("Key")


def file_digest(path: Path) -> str:
    """Return the id that a file's bytes have now, by as many cores as its size is worth.

    Raises
    ------
    Damaged
        If it is gone.
    CouldNot
        If the disk refuses.
    """
    with reading(path) as fd:
        large = os.fstat(fd).st_size >= WINDOW
        hasher = blake3(max_threads=blake3.AUTO if large else 1)
        if large:
            with mmap.mmap(fd, 0, prot=mmap.PROT_READ) as mapped:
                os.lseek(fd, take_mapped(hasher, mapped), os.SEEK_SET)
        buffer = bytearray(PART)
        view = memoryview(buffer)
        while count := os.readv(fd, [buffer]):
            hasher.update(view[:count])
    return HASH_PREFIX + str(hasher.hexdigest())


def take_mapped(hasher: blake3, mapped: mmap.mmap, window: int = WINDOW) -> int:
    """Digest a mapped file, and return how far: to its end, or to a window that could not be brought."""
    with memoryview(mapped) as view:
        for at in range(0, len(mapped), window):
            length = min(window, len(mapped) - at)
            try:
                mapped.madvise(_POPULATE_READ, at, length)
            except OSError:
                return at
            with view[at : at + length] as part:
                hasher.update(part)
    return len(mapped)


def digests(wanted: Iterable[tuple[Key, Path, int]]) -> Iterator[tuple[Key, Digest]]:
    """Yield the id that each file's bytes have now, in the order asked, or what stood in the way.

    Parameters
    ----------
    wanted
        A key of the caller's, the file, and about how many bytes it has. It is asked for its next only when
        a core is free for it.
    """
    cores = len(os.sched_getaffinity(0))
    waiting: deque[tuple[Key, Future[Digest]]] = deque()
    with ThreadPoolExecutor(cores) as pool:
        for key, path, size in wanted:
            if size >= WINDOW:
                yield from _finished(waiting, 0)
                yield key, _digest(path)
                continue
            waiting.append((key, pool.submit(_digest, path)))
            yield from _finished(waiting, cores)
        yield from _finished(waiting, 0)


def _finished(waiting: deque[tuple[Key, Future[Digest]]], most: int) -> Iterator[tuple[Key, Digest]]:
    """Yield the oldest results until at most so many files are under way."""
    while len(waiting) > most:
        key, future = waiting.popleft()
        yield key, future.result()


def _digest(path: Path) -> Digest:
    try:
        return file_digest(path)
    except SelfscopeError as error:
        return error
