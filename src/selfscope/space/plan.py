"""What a capture will hold, told before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from selfscope.models.ground import Ground
from selfscope.models.local.pooling import TOKENS_AT_ONCE, pass_bytes
from selfscope.space.job import BATCH, open_job
from selfscope.space.recipe import Conversation, Recipe
from selfscope.space.sketch import sketch_bytes
from selfscope.space.tally import tally_bytes


@dataclass(frozen=True)
class CapturePlan:
    """What a capture will do and hold. Only the first two numbers depend on how many conversations there are.

    Attributes
    ----------
    conversations, batches
        How many.
    groups, cells
        Groups, and pairs of group and question.
    layers, width
        Of the captured vectors.
    accumulator_bytes
        All sums, at most; see :func:`selfscope.space.tally.tally_bytes`.
    batch_bytes
        The vectors of one batch: batch × spans × layers × width × 8.
    pass_bytes
        Working memory of one pass through the network, for a longest conversation as read from the texts.
    artefact_bytes
        The finished tensors, at most: the accumulators in float32, sketches as they are.
    """

    conversations: int
    batches: int
    groups: int
    cells: int
    layers: int
    width: int
    accumulator_bytes: int
    batch_bytes: int
    pass_bytes: int
    artefact_bytes: int

    @property
    def peak_bytes(self) -> int:
        """All that is held at once beside the weights and the conversations themselves."""
        return self.accumulator_bytes + 3 * self.batch_bytes + self.pass_bytes


def plan(
    ground: Ground,
    conversations: Sequence[Conversation],
    recipe: Recipe,
    *,
    batch: int = BATCH,
    tokens_at_once: int = TOKENS_AT_ONCE,
) -> CapturePlan:
    """Return what :func:`selfscope.space.capture.capture` with the same arguments will hold.

    Raises
    ------
    BadInput, CouldNot
        As :func:`capture`, for all that can be told beforehand.
    """
    job = open_job(ground, conversations, recipe, batch, tokens_at_once)
    layers, width = len(job.recipe.layers or ()), job.blocks.width
    sums = tally_bytes(job.recipe, len(job.groups), len(job.cells), width)
    sketches = len(recipe.spans) * len(recipe.directions) * len(job.groups) * sketch_bytes()
    longest = max(conversations, key=lambda c: sum(len(t.content) + len(t.thinking) for t in c.turns))
    tokens = job.ground.count_tokens(" ".join(t.content + t.thinking for t in longest.turns))
    return CapturePlan(
        conversations=len(conversations),
        batches=len(job.batches()),
        groups=len(job.groups),
        cells=len(job.cells),
        layers=layers,
        width=width,
        accumulator_bytes=sums,
        batch_bytes=min(batch, len(conversations)) * len(recipe.spans) * layers * width * 8,
        pass_bytes=pass_bytes(job.ground.model, tokens, tokens_at_once),
        artefact_bytes=(sums + sketches) // 2,
    )
