from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround


@pytest.fixture(scope="session")
def embedded() -> Iterator[LocalGround]:
    from selfscope.models.local.ground import open_local

    yield open_local("embedded", device="cpu")
