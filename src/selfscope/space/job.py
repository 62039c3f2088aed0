"""A capture that is set up: what it reads, in which order, and what names it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from selfscope.errors import BadInput
from selfscope.models.ground import Ground
from selfscope.models.local.blocks import Blocks, open_blocks
from selfscope.models.local.ground import LocalGround, working
from selfscope.space.recipe import Conversation, Recipe, refuse_conversations
from selfscope.space.tally import Tally
from selfscope.values.canonical import content_id

BATCH = 32
"""Conversations computed and added up at a time."""


@dataclass(eq=False)
class Job:
    """A capture that is set up.

    Attributes
    ----------
    ground, blocks
        The network, and its verified blocks.
    recipe
        Its layers written out.
    conversations
        As they were given.
    batch, tokens_at_once
        Conversations added up at a time, and tokens of one pass.
    groups, cells
        All groups, and pairs of group and question, in the order of their names.
    """

    ground: LocalGround
    blocks: Blocks
    recipe: Recipe
    conversations: Sequence[Conversation]
    batch: int
    tokens_at_once: int
    groups: tuple[str, ...] = field(init=False)
    cells: tuple[tuple[str, str], ...] = field(init=False)

    def __post_init__(self) -> None:
        self.groups = tuple(sorted({c.group for c in self.conversations}))
        self.cells = tuple(sorted({(c.group, c.question) for c in self.conversations}))

    @property
    def id(self) -> str:
        """Content id of everything that can change a number of the artefact."""
        return content_id(
            {
                "ground": self.ground.identity,
                "recipe": self.recipe,
                "conversations": sorted(self.conversations, key=lambda c: c.id),
                "computed": [self.ground.way.way, self.batch, self.tokens_at_once],
            }
        )

    def batches(self) -> list[list[Conversation]]:
        """Return the conversations in the order of computation.

        Over the prefix tree those that begin alike stand together; in padded batches those of like length.
        """
        if self.ground.way.way == "plain":
            ordered = sorted(self.conversations, key=lambda c: (-sum(len(t.content) for t in c.turns), c.id))
        else:
            ordered = sorted(
                self.conversations, key=lambda c: (*((t.role, t.content) for t in c.turns), (c.id,))
            )
        return [ordered[i : i + self.batch] for i in range(0, len(ordered), self.batch)]

    def tally(self) -> Tally:
        """Return empty accumulators."""
        return Tally(self.recipe, self.groups, self.cells, self.blocks.width)


def open_job(
    ground: Ground, conversations: Sequence[Conversation], recipe: Recipe, batch: int, tokens_at_once: int
) -> Job:
    """Return a capture that is set up, the network's blocks verified.

    Raises
    ------
    BadInput
        If the ground is not local, the conversations cannot be told apart, or the recipe does not fit.
    CouldNot
        If the blocks cannot be verified.
    """
    if not isinstance(ground, LocalGround):
        raise BadInput(
            "only local weights have an inside to capture",
            got=ground.identity.name,
            fix="Give a folder, a GGUF file or a hub id",
        )
    refuse_conversations(conversations)
    with working(ground.threads):
        blocks = open_blocks(ground.model)
    return Job(ground, blocks, recipe.of(len(blocks), blocks.width), conversations, batch, tokens_at_once)
