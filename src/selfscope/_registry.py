"""What selfscope gives to Inspect AI, found through the entry point group ``inspect_ai``.

Inspect loads every registered ``_registry`` module at start-up, so this one imports nothing heavy: the
provider's class is imported when a model of it is first asked for, as Inspect's own providers do it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_ai.model import modelapi

if TYPE_CHECKING:
    from inspect_ai.model import ModelAPI


@modelapi(name="selfscope")
def selfscope() -> type[ModelAPI]:
    """Local weights as an Inspect model: ``selfscope/embedded``, ``selfscope//a/folder``, a hub id."""
    from selfscope.models.inspect_provider import LocalWeightsAPI

    return LocalWeightsAPI
