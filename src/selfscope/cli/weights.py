"""Local weights for as long as a verb needs them, where nothing else will do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround


@contextmanager
def local_weights(model: str, adapter: str, threads: int) -> Iterator[LocalGround]:
    """Hold local weights; a thread's state is that of a network, which no provider gives."""
    from selfscope.models.adapters import read_adapter
    from selfscope.models.choose import INSPECT_PROVIDERS
    from selfscope.models.local.ground import open_local

    if model.startswith("phantom:") or model.split("/", 1)[0] in INSPECT_PROVIDERS:
        raise BadInput(
            "a thread's state is that of local weights", got=model, fix="Name a folder, a hub id or embedded"
        )
    worn = read_adapter(adapter) if adapter else None
    ground = open_local(model, threads=threads or None, adapter=worn)
    try:
        yield ground
    finally:
        asyncio.run(ground.close())
