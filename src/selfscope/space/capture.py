"""Capture: many conversations through the backbone once, their vectors added up, nothing kept of each.

The one way in is :func:`capture`; :func:`plan` says before it what it will hold.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from selfscope.errors import BadInput, Stopped
from selfscope.models.ground import Ground
from selfscope.models.local.blocks import Blocks, open_blocks
from selfscope.models.local.ground import LocalGround, working
from selfscope.models.local.paths import reading
from selfscope.models.local.pooling import TOKENS_AT_ONCE, Pool, Pooled, pass_bytes, pool
from selfscope.models.local.spans import Kind
from selfscope.space.artefact import (
    Checkpoint,
    read_checkpoint,
    read_manifest,
    write_artefact,
    write_checkpoint,
)
from selfscope.space.captured import Captured, finished_tensors, open_capture
from selfscope.space.manifest import Progressed, manifest_of
from selfscope.space.reading import Read, Reader, given
from selfscope.space.recipe import Conversation, Recipe, refuse_conversations
from selfscope.space.sketch import sketch_bytes
from selfscope.space.tally import Tally, tally_bytes
from selfscope.values.canonical import content_id

BATCH = 32
"""Conversations computed and added up at a time."""

CHECKPOINT_SECONDS = 10.0
"""Least time between two checkpoints; twenty times what one takes to write, where that is more."""


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


@dataclass(eq=False)
class _Job:
    """A capture that is set up."""

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


def plan(
    ground: Ground,
    conversations: Sequence[Conversation],
    recipe: Recipe,
    *,
    batch: int = BATCH,
    tokens_at_once: int = TOKENS_AT_ONCE,
) -> CapturePlan:
    """Return what :func:`capture` with the same arguments will hold, before anything is captured.

    Raises
    ------
    BadInput, CouldNot
        As :func:`capture`, for all that can be told beforehand.
    """
    job = _job(ground, conversations, recipe, batch, tokens_at_once)
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


def capture(
    ground: Ground,
    conversations: Sequence[Conversation],
    recipe: Recipe,
    folder: Path | str,
    *,
    progress: Callable[[int], None] = lambda count: None,
    stop: Callable[[], bool] = lambda: False,
    batch: int = BATCH,
    tokens_at_once: int = TOKENS_AT_ONCE,
) -> Captured:
    """Return the vectors of conversations, gathered by group, and write them to `folder`.

    The backbone runs without its head, each block's states are reduced as they pass, and sums are kept in
    float64. A conversation that cannot be captured is counted with its reason in `Captured.failures`; call
    `Captured.refuse_failures` to end with an error where there is one.

    Parameters
    ----------
    ground
        Local weights.
    conversations
        What is read; their order changes nothing.
    recipe
        Whose tokens, which layers.
    folder
        Made if it is not there. Where it holds the beginning of the same capture, that goes on; where it
        holds its end, that is returned.
    progress
        Called with the number of conversations done since the last call, failed ones too.
    stop
        Asked between batches; True writes a checkpoint and raises Stopped.
    batch, tokens_at_once
        Conversations added up at a time, and tokens of one pass: memory against speed.

    Raises
    ------
    BadInput
        If the ground is not local, the recipe does not fit it, or the folder holds another capture.
    CouldNot
        If the network's blocks cannot be verified.
    Stopped
        If `stop` said so; the same call goes on.
    """
    job = _job(ground, conversations, recipe, batch, tokens_at_once)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    done = _finished(place, job.id)
    if done is not None:
        progress(len(conversations))
        return done
    tally, so_far = _begun(place, job)
    progress(so_far.conversations)
    _go_on(job, tally, so_far, place, progress, stop)
    ending = manifest_of(job.id, job.ground, job.blocks, tally, so_far, job.conversations)
    write_artefact(place, ending, finished_tensors(tally))
    return open_capture(place)


def _job(
    ground: Ground, conversations: Sequence[Conversation], recipe: Recipe, batch: int, tokens_at_once: int
) -> _Job:
    if not isinstance(ground, LocalGround):
        raise BadInput(
            "only local weights have an inside to capture",
            got=ground.identity.name,
            fix="Give a folder, a GGUF file or a hub id",
        )
    refuse_conversations(conversations)
    with working(ground.threads):
        blocks = open_blocks(ground.model)
    return _Job(ground, blocks, recipe.of(len(blocks), blocks.width), conversations, batch, tokens_at_once)


def _finished(place: Path, capture_id: str) -> Captured | None:
    manifest = read_manifest(place)
    if manifest is None:
        return None
    if manifest["capture"] != capture_id:
        raise BadInput(
            "the folder holds another capture",
            got=place,
            fix="Give another folder, or the same model, conversations and recipe as then",
        )
    return open_capture(place)


def _begun(place: Path, job: _Job) -> tuple[Tally, Progressed]:
    """Return the sums so far: those of the checkpoint, or nothing."""
    tally = job.tally()
    checkpoint = read_checkpoint(place, job.id)
    if checkpoint is None:
        return tally, Progressed()
    tally.restore(checkpoint.arrays)
    return tally, Progressed.of(checkpoint.told)


def _go_on(
    job: _Job,
    tally: Tally,
    so_far: Progressed,
    place: Path,
    progress: Callable[[int], None],
    stop: Callable[[], bool],
) -> None:
    """Compute the batches that are left, with a checkpoint now and then."""
    reader = Reader(job.ground, job.recipe)
    written, took = time.monotonic(), 0.0
    for batch in job.batches()[so_far.batches :]:
        stopped = stop()
        if stopped or time.monotonic() - written > max(CHECKPOINT_SECONDS, 20 * took):
            began = time.monotonic()
            write_checkpoint(place, Checkpoint(so_far.told(job.id), tally.arrays()))
            written = time.monotonic()
            took = written - began
        if stopped:
            raise Stopped("the capture was stopped between two batches", fix="Run the same again to go on")
        _take_in(job, batch, reader, tally, so_far)
        progress(len(batch))


def _take_in(
    job: _Job, batch: Sequence[Conversation], reader: Reader, tally: Tally, so_far: Progressed
) -> None:
    """Compute one batch and add it up."""
    reads = []
    for each in batch:
        try:
            reads.append(reader.read(each))
        except BadInput as error:
            so_far.fail(each.id, error.sentence())
    for sound, pooled in _sound(job, reads, so_far):
        for span in job.recipe.spans:
            mine = [i for i, (_, s) in enumerate(_wanted(sound)) if s == span]
            of = [sound[n].conversation for n, s in _wanted(sound) if s == span]
            tally.add(span, of, pooled.means[:, mine])
        so_far.computed += pooled.computed
        so_far.distinct += pooled.distinct
        for read in sound:
            _count(job.recipe, read, so_far)
    so_far.batches += 1
    so_far.conversations += len(batch)


def _count(recipe: Recipe, read: Read, so_far: Progressed) -> None:
    for span in recipe.spans:
        if span in read.places:
            so_far.tokens[span, read.conversation.group] += len(read.places[span])
        elif not given(read.conversation.turns, span):
            so_far.absent[span, read.conversation.group] += 1


def _sound(job: _Job, reads: Sequence[Read], so_far: Progressed) -> Iterator[tuple[Sequence[Read], Pooled]]:
    """Yield what was computed, leaving out conversations whose states are not finite.

    In a packed row one such conversation spoils the sums of all. So where a batch is not finite, each is
    computed by itself.
    """
    if not reads:
        return
    whole = _pool(job, reads)
    if np.isfinite(whole.means).all():
        yield reads, whole
        return
    for read in reads:
        alone = _pool(job, [read])
        if np.isfinite(alone.means).all():
            yield [read], alone
        else:
            so_far.fail(read.conversation.id, f"its states are not finite in {job.ground.identity.precision}")


def _wanted(reads: Sequence[Read]) -> list[tuple[int, Kind]]:
    """Return every pool of a batch: the number of its conversation, and its span."""
    return [(number, span) for number, read in enumerate(reads) for span in read.places]


def _pool(job: _Job, reads: Sequence[Read]) -> Pooled:
    pools = [Pool(number, reads[number].places[span]) for number, span in _wanted(reads)]
    model, way = job.ground.model, job.ground.way.way
    with working(job.ground.threads), reading(model, way):
        return pool(
            model,
            job.blocks,
            [read.tokens for read in reads],
            pools,
            way,
            layers=job.recipe.layers,
            tokens_at_once=job.tokens_at_once,
        )
