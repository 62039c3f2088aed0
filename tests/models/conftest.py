from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture
def collected() -> Iterator[None]:
    """Collect what the test left, while the test's own filters of warnings hold."""
    yield
    gc.collect()
