from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.standins.weights import write_folder

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tiny random network with a byte tokenizer and a chat template."""
    place = tmp_path_factory.mktemp("tiny")
    write_folder(place)
    return place


@pytest.fixture(scope="session")
def ground(folder: Path) -> Iterator[LocalGround]:
    from selfscope.models.local.ground import open_local

    yield open_local(folder, device="cpu", threads=1)
