"""A package of somebody else, there for a while in this process as pip would leave it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from selfscope.instruments.instrument import load_instruments


@contextmanager
def installed(folder: Path) -> Iterator[None]:
    """Have the modules and the entry points of `folder` until the block ends."""
    before = set(sys.modules)
    load_instruments.cache_clear()
    try:
        with pytest.MonkeyPatch.context() as here:
            here.syspath_prepend(folder)
            yield
    finally:
        load_instruments.cache_clear()
        for name in {path.stem for path in folder.glob("*.py")} - before:
            sys.modules.pop(name, None)
