"""The vectors of a map, heard while responses were drawn or read once, gathered by role and question."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import anyio
import numpy as np
import numpy.typing as npt

from selfscope.models.local.ground import LocalGround
from selfscope.models.local.spans import Kind, Turn
from selfscope.space.asked import RoleAsk
from selfscope.space.capture import capture
from selfscope.space.captured import Captured
from selfscope.space.heard import SPANS
from selfscope.space.recipe import Conversation, Recipe
from selfscope.space.responses import Response

Floats = npt.NDArray[np.float64]

#: Bytes that the means of role and question may take together; where all layers take more, some are kept.
CELL_BYTES = 2**30
#: Whose tokens make the space, and whose make another one beside it, to see what hangs on that choice.
SPAN, BESIDE = SPANS


def conversations_of(
    asks: Sequence[RoleAsk], responses: Mapping[str, Response], left_out: frozenset[str] = frozenset()
) -> list[Conversation]:
    """Return the conversations to read: those in which something was said, less those left out by id."""
    return [
        Conversation(a.id, a.group, a.question, (*a.turns, Turn("assistant", responses[a.id].text)))
        for a in asks
        if not responses[a.id].empty and a.id not in left_out
    ]


def map_recipe(ground: LocalGround, cells: int, always: int) -> Recipe:
    """Return the recipe of a map: means over the response's tokens, and over the question's, at all layers.

    Means of role and question are kept at as many layers as fit :data:`CELL_BYTES`, evenly, and at `always`.
    """
    config = ground.model.config.get_text_config()
    layers = int(config.num_hidden_layers)
    fit = max(1, min(layers, CELL_BYTES // (2 * cells * int(config.hidden_size) * 8)))
    kept = {round(i * (layers - 1) / max(fit - 1, 1)) for i in range(fit)} | {always}
    return Recipe((SPAN, BESIDE), cell_layers=tuple(sorted(kept)))


def middle_layer(ground: LocalGround) -> int:
    """Return the layer that is read unless another is asked for: the one in the middle, number ⌊L/2⌋."""
    return int(ground.model.config.get_text_config().num_hidden_layers) // 2


async def capture_map(
    ground: LocalGround,
    conversations: Sequence[Conversation],
    recipe: Recipe,
    folder: Path,
    progress: Callable[[int], None] = lambda count: None,
    heard: Mapping[str, Floats] | None = None,
) -> Captured:
    """Return the captured vectors; cancelling stops between two batches, and the same call goes on.

    Parameters
    ----------
    heard
        Vectors that were taken while responses were drawn; see :func:`selfscope.space.capture.capture`.

    Raises
    ------
    Stopped
        Never to the caller: a cancelled capture ends by itself.
    """
    stop = threading.Event()

    def tell(count: int) -> None:
        if not stop.is_set():
            anyio.from_thread.run_sync(progress, count)

    try:
        return await anyio.to_thread.run_sync(
            lambda: capture(
                ground, conversations, recipe, folder, progress=tell, stop=stop.is_set, heard=heard
            ),
            abandon_on_cancel=True,
        )
    finally:
        stop.set()


def cell_vectors(
    captured: Captured, groups: Sequence[str], questions: Sequence[str], span: Kind = SPAN
) -> Floats:
    """Return the mean vector of every group and question; shape (cell layer, group, question, d_model).

    NaN where there is no response that entered.
    """
    means = captured.cell_mean(span).astype(np.float64)
    made = np.full((means.shape[1], len(groups), len(questions), means.shape[2]), np.nan)
    row = {cell: i for i, cell in enumerate(captured.cells)}
    for g, group in enumerate(groups):
        for q, question in enumerate(questions):
            if (group, question) in row:
                made[:, g, q] = means[row[group, question]]
    return made


def group_vectors(captured: Captured, groups: Sequence[str]) -> Floats:
    """Return the mean over all responses of each group; shape (group, layer, d_model), NaN for none."""
    means = captured.mean(SPAN).astype(np.float64)
    made = np.full((len(groups), *means.shape[1:]), np.nan)
    for g, group in enumerate(groups):
        if group in captured.groups:
            made[g] = means[captured.groups.index(group)]
    return made
