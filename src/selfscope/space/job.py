"""A capture that is set up: what it reads, in which order, and what names it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from selfscope.errors import BadInput
from selfscope.models.ground import Ground
from selfscope.models.local.blocks import Blocks, open_blocks
from selfscope.models.local.ground import LocalGround, working
from selfscope.space.recipe import Conversation, Recipe, refuse_conversations
from selfscope.space.tally import Tally
from selfscope.values.canonical import content_id

BATCH = 32
"""Conversations computed and added up at a time, at most."""

CUT = "forks"
"""How a job is cut into batches; part of what names a capture, so that none goes on cut in another way."""


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
        Most conversations added up at a time, and tokens of one pass.
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
                "computed": [self.ground.way.way, CUT, self.batch, self.tokens_at_once],
            }
        )

    def batches(self) -> list[list[Conversation]]:
        """Return the conversations in the order of computation.

        Over the prefix tree those that begin alike stand together, and batches are cut where neighbours share
        least; in padded batches those of like length stand together.
        """
        if self.ground.way.way == "plain":
            ordered = sorted(self.conversations, key=lambda c: (-sum(len(t.content) for t in c.turns), c.id))
            return [ordered[i : i + self.batch] for i in range(0, len(ordered), self.batch)]
        ordered = sorted(self.conversations, key=lambda c: (*((t.role, t.content) for t in c.turns), (c.id,)))
        return cut_at_forks(ordered, self.batch)

    def tally(self) -> Tally:
        """Return empty accumulators."""
        return Tally(self.recipe, self.groups, self.cells, self.blocks.width)


def cut_at_forks(ordered: Sequence[Conversation], most: int) -> list[list[Conversation]]:
    """Return batches of at most `most` conversations, in order, each cut off where neighbours share least.

    What is shared across a cut is computed once more, so a cut goes between two system texts, or two talks,
    rather than through one. A batch but the last holds more than half of `most`.
    """
    shared = [_shared(left, right) for left, right in pairwise(ordered)]
    batches, first = [], 0
    while len(ordered) - first > most:
        stop = min(range(first + most, first + most // 2, -1), key=lambda place: shared[place - 1])
        batches.append(list(ordered[first:stop]))
        first = stop
    return [*batches, list(ordered[first:])] if ordered else []


def _shared(left: Conversation, right: Conversation) -> int:
    """Return how many characters two conversations have in common from their beginning on."""
    count = 0
    for one, other in zip(left.turns, right.turns, strict=False):
        if one.role != other.role:
            break
        if one.content != other.content:
            letters = enumerate(zip(one.content, other.content, strict=False))
            shorter = min(len(one.content), len(other.content))
            return count + next((place for place, (a, b) in letters if a != b), shorter)
        count += len(one.content)
    return count


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
