"""Capture: many conversations through the backbone once, their vectors added up, nothing kept of each.

The one way in is :func:`capture`; :func:`selfscope.space.plan.plan` says before it what it will hold.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from selfscope.errors import BadInput, Stopped
from selfscope.models.ground import Ground
from selfscope.models.local.ground import working
from selfscope.models.local.paths import reading
from selfscope.models.local.pooling import TOKENS_AT_ONCE, Pool, Pooled, pool
from selfscope.models.local.spans import Kind
from selfscope.space.artefact import (
    Checkpoint,
    read_checkpoint,
    read_manifest,
    write_artefact,
    write_checkpoint,
)
from selfscope.space.captured import Captured, finished_tensors, open_capture
from selfscope.space.job import BATCH, Job, open_job
from selfscope.space.manifest import Progressed, manifest_of
from selfscope.space.moments import Floats
from selfscope.space.reading import Read, Reader, given
from selfscope.space.recipe import Conversation, Recipe
from selfscope.space.tally import Tally

CHECKPOINT_SECONDS = 10.0
"""Least time between two checkpoints; twenty times what one takes to write, where that is more."""


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
    heard: Mapping[str, Floats] | None = None,
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
    heard
        Vectors that are known already by a conversation's id, shape (span, layer, width), spans in the
        recipe's order and all layers of the network; these conversations are not computed again.

    Raises
    ------
    BadInput
        If the ground is not local, the recipe does not fit it, or the folder holds another capture.
    CouldNot
        If the network's blocks cannot be verified.
    Stopped
        If `stop` said so; the same call goes on.
    """
    job = open_job(ground, conversations, recipe, batch, tokens_at_once)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    done = _finished(place, job.id)
    if done is not None:
        progress(len(conversations))
        return done
    tally, so_far = _begun(place, job)
    progress(so_far.conversations)
    _go_on(job, tally, so_far, place, progress, stop, heard or {})
    ending = manifest_of(job.id, job.ground, job.blocks, tally, so_far, job.conversations)
    write_artefact(place, ending, finished_tensors(tally))
    return open_capture(place)


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


def _begun(place: Path, job: Job) -> tuple[Tally, Progressed]:
    """Return the sums so far: those of the checkpoint, or nothing."""
    tally = job.tally()
    checkpoint = read_checkpoint(place, job.id)
    if checkpoint is None:
        return tally, Progressed()
    tally.restore(checkpoint.arrays)
    return tally, Progressed.of(checkpoint.told)


def _go_on(
    job: Job,
    tally: Tally,
    so_far: Progressed,
    place: Path,
    progress: Callable[[int], None],
    stop: Callable[[], bool],
    heard: Mapping[str, Floats],
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
        _take_in(job, batch, reader, tally, so_far, heard)
        progress(len(batch))


def _take_in(
    job: Job,
    batch: Sequence[Conversation],
    reader: Reader,
    tally: Tally,
    so_far: Progressed,
    heard: Mapping[str, Floats],
) -> None:
    """Compute one batch and add it up."""
    reads = []
    for each in batch:
        try:
            reads.append(reader.read(each))
        except BadInput as error:
            so_far.fail(each.id, error.sentence())
    known = [read for read in reads if read.conversation.id in heard]
    _take_known(job, known, tally, so_far, heard)
    for sound, pooled in _sound(job, [r for r in reads if r.conversation.id not in heard], so_far):
        wanted = _wanted(sound)
        for span in job.recipe.spans:
            rows = [row for row, (_, each) in enumerate(wanted) if each == span]
            tally.add(span, [sound[wanted[row][0]].conversation for row in rows], pooled.means[:, rows])
        so_far.computed += pooled.computed
        so_far.distinct += pooled.distinct
        for read in sound:
            _count(job.recipe, read, so_far)
    so_far.batches += 1
    so_far.conversations += len(batch)


def _take_known(
    job: Job, reads: Sequence[Read], tally: Tally, so_far: Progressed, heard: Mapping[str, Floats]
) -> None:
    """Add up conversations whose vectors are known."""
    rows = list(job.recipe.layers or ())
    for number, span in enumerate(job.recipe.spans):
        mine = [read.conversation for read in reads if span in read.places]
        if mine:
            tally.add(span, mine, np.stack([heard[each.id][number][rows] for each in mine], axis=1))
    for read in reads:
        _count(job.recipe, read, so_far)
    so_far.heard += len(reads)


def _count(recipe: Recipe, read: Read, so_far: Progressed) -> None:
    for span in recipe.spans:
        if span in read.places:
            so_far.tokens[span, read.conversation.group] += len(read.places[span])
        elif not given(read.conversation.turns, span):
            so_far.absent[span, read.conversation.group] += 1


def _sound(job: Job, reads: Sequence[Read], so_far: Progressed) -> Iterator[tuple[Sequence[Read], Pooled]]:
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


def _pool(job: Job, reads: Sequence[Read]) -> Pooled:
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
