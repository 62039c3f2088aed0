"""The channel ``internal`` in a study: directions fitted on the bare ground, and every arm read on them.

A direction is a batch of its own: fitted, checked, kept in the cache and in the run's folder
``directions/NAME``, and told in the observation table. Then arms are read like any other batch.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from selfscope.errors import BadInput
from selfscope.instruments.internal.source import direction_source
from selfscope.models.ground import Ground
from selfscope.models.local.blocks import Blocks, open_blocks
from selfscope.models.local.ground import LocalGround, working
from selfscope.space.openings import forecast_openings, openings
from selfscope.space.trait_direction import (
    TraitDirection,
    copy_direction,
    direction_of,
    forecast_direction,
    open_direction,
)
from selfscope.studies.direction_rows import check_asks, values_of
from selfscope.studies.rows import rows_of
from selfscope.studies.run import dressed
from selfscope.studies.store import RunStore
from selfscope.subjects import Subject
from selfscope.values import Answer, Answers, Ask, Prompt, Study, Usage
from selfscope.values.study import Arm

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "directions"
Asks = Sequence[tuple[Arm, Ask]]


async def read_inside(
    study: Study,
    ground: Ground,
    asks: Asks,
    store: RunStore,
    progress: Callable[[int], None] | None = None,
) -> tuple[pd.DataFrame, Usage]:
    """Return the rows of one batch of the channel and what they took: a direction, or readings of arms.

    Raises
    ------
    BadInput
        If the ground has no inside, or a text cannot be rendered.
    CouldNot
        If the network's blocks cannot be verified, states are not finite, or the disk fails.
    Stopped
        Never to the caller: cancelling ends the work between two passes.
    """
    stop = threading.Event()
    work = _fit if _fits(asks) else _read
    local = _local(ground)
    try:
        made: tuple[pd.DataFrame, Usage] = await anyio.to_thread.run_sync(
            lambda: work(study, local, asks, store, stop.is_set), abandon_on_cancel=True
        )
    finally:
        stop.set()
    if progress is not None:
        progress(len(asks))
    return made


def forecast_inside(study: Study, ground: Ground, asks: Asks) -> Usage:
    """Return what a batch would use, to the token, computing nothing.

    A direction that is in the cache takes nothing.
    """
    local = _local(ground)
    if _fits(asks):
        usage = forecast_direction(local, direction_source(asks[0][1].cell.construct, study.seed))
    else:
        usage = forecast_openings(local, [_prompt(local, arm, ask) for arm, ask in asks])
    return replace(usage, prompts=len(asks), calls=len(asks))


def _fits(asks: Asks) -> bool:
    """Whether a batch is that of a direction."""
    return asks[0][0].role == "material"


def _local(ground: Ground) -> LocalGround:
    if not isinstance(ground, LocalGround):
        raise BadInput(
            "only local weights have an inside to read",
            got=ground.identity.name,
            fix="Give a folder, a GGUF file or a hub id",
        )
    return ground


def _blocks(ground: LocalGround) -> Blocks:
    with working(ground.threads):
        return open_blocks(ground.model)


def _subject(ground: LocalGround, arm: Arm) -> Subject:
    return Subject(ground=ground.identity, system=arm.system, thread=arm.thread, name=arm.name)


def _prompt(ground: LocalGround, arm: Arm, ask: Ask) -> Prompt:
    return _subject(ground, arm).prompt(ask)


def _fit(
    study: Study, ground: LocalGround, asks: Asks, store: RunStore, stop: Callable[[], bool]
) -> tuple[pd.DataFrame, Usage]:
    """Fit the direction of a dimension on the ground without adapter, and tell of it."""
    arm, construct = asks[0][0], asks[0][1].cell.construct
    bare = ground.bare()
    direction, usage = direction_of(bare, _blocks(bare), direction_source(construct, study.seed), stop=stop)
    copy_direction(direction, store.folder / FOLDER / construct)
    told = [*asks, *((arm, ask) for ask in check_asks(asks[0][1].cell, direction.check))]
    subjects = {arm.name: _subject(bare, arm)}
    prompts = [subjects[arm.name].prompt(ask) for _, ask in told]
    values = values_of(direction.check, [ask for _, ask in told])
    frame = rows_of(study, store.run, bare.identity, subjects, told, prompts, _answers(values))
    return frame, replace(usage, prompts=len(asks), calls=len(asks))


def _answers(values: Sequence[tuple[float, str]]) -> Answers:
    return Answers(tuple((Answer(value, scale, "state"),) for value, scale in values))  # type: ignore[arg-type]


def _read(
    study: Study, ground: LocalGround, asks: Asks, store: RunStore, stop: Callable[[], bool]
) -> tuple[pd.DataFrame, Usage]:
    """Read arms that wear one adapter, or none."""
    del stop  # a batch is one pass over the network
    began = time.perf_counter()
    worn = _local(dressed(ground, asks[0][0]))
    directions = _directions(store.folder, {ask.cell.construct for _, ask in asks})
    layers = sorted({each.check.layer for each in directions.values()})
    subjects = {arm.name: _subject(worn, arm) for arm, _ in asks}
    prompts = [subjects[arm.name].prompt(ask) for arm, ask in asks]
    states, usage = openings(worn, _blocks(worn), prompts, layers)
    values = []
    for n, (_, ask) in enumerate(asks):
        direction = directions[ask.cell.construct]
        toward = float(direction.read(states[layers.index(direction.check.layer), n]))
        values.append((ask.cell.keyed * toward, "projection"))
    frame = rows_of(study, store.run, worn.identity, subjects, asks, prompts, _answers(values))
    return frame, replace(usage, seconds=time.perf_counter() - began)


def _directions(folder: Path, constructs: set[str]) -> dict[str, TraitDirection]:
    return {name: open_direction(folder / FOLDER / name) for name in sorted(constructs)}
