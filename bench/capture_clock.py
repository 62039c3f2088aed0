"""Seconds and working memory of one run. Standard library only, for use in any environment."""

from __future__ import annotations

import ctypes
import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CLOCKS = ("seconds", "processor")


class Clock:
    """Seconds by the wall's clock and by the processor's, from its making on."""

    def __init__(self) -> None:
        self._began = time.perf_counter(), time.process_time()

    def told(self) -> dict[str, float]:
        """Return both, by their names in :data:`CLOCKS`."""
        now = time.perf_counter(), time.process_time()
        return {name: b - a for name, a, b in zip(CLOCKS, self._began, now, strict=True)}


def memory(what: str) -> int:
    """Return a figure of this process from the system, in bytes; ``VmHWM`` is the high-water mark."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(what + ":"))


def measured(run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what `run` tells, and ``working``: bytes that it needed at most beside what was held before."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # freed memory goes back, or the next way would seem to need none
    Path("/proc/self/clear_refs").write_text("5")  # resets the high-water mark
    resident = memory("VmRSS")
    told = run()
    return {**told, "working": memory("VmHWM") - resident}
