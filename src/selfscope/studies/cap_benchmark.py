"""Does a cap leave an outside task as it was? Document by document, with the cap and without."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from selfscope.errors import Defect
from selfscope.instruments.capability.lm_eval import LmEvalFound
from selfscope.models.caps import Cap
from selfscope.models.local.ground import LocalGround
from selfscope.stats.cap import CAPABILITY_MARGIN, equivalence, unlike
from selfscope.stats.cap_results import Confirmed
from selfscope.values import short

if TYPE_CHECKING:
    from selfscope.studies.cap_fit import Fitting


class Benchmark(Protocol):
    """A task from outside, such as :class:`selfscope.instruments.capability.lm_eval.LmEvalTask`."""

    @property
    def id(self) -> str:
        """Content id of everything that can change its values."""

    def run(self, ground: LocalGround) -> LmEvalFound:
        """Return one value for each document; called in a thread for computing."""


async def benchmarked(fitting: Fitting, rows: Sequence[Confirmed], caps: Sequence[Cap]) -> list[Confirmed]:
    """Return confirmed settings, those along the axis with what the benchmark says of them.

    Where its values are not shown to stay within ± .05 on average, by two one-sided tests over documents,
    that speaks against the cap. Without a benchmark the settings come back as they are.

    Raises
    ------
    CouldNot
        If the benchmark cannot be run here.
    """
    task = fitting.request.benchmark
    if task is None:
        return list(rows)
    before, name = await _documents(fitting, task, None)
    found = []
    for row, cap in zip(rows, caps, strict=True):
        if row.setting.kind != "axis":
            found.append(row)
            continue
        after, _ = await _documents(fitting, task, cap)
        if after.shape != before.shape:
            raise Defect("a benchmark gave another number of documents", got=f"{after.shape}, {before.shape}")
        does = equivalence(after - before, [str(n) for n in range(len(after))], CAPABILITY_MARGIN)
        told = () if does.equivalent else (unlike(name, does),)
        found.append(replace(row, benchmarks=((name, does),), failures=(*row.failures, *told)))
    return found


async def _documents(fitting: Fitting, task: Benchmark, cap: Cap | None) -> tuple[np.ndarray, str]:
    """Return the values of every document and what they are called; kept ones are not made again."""
    kept = f"benchmark-{'plain' if cap is None else short(cap.id)}.json"
    if not (fitting.store.folder / kept).is_file():
        held = fitting.ground if cap is None else fitting.ground.capped(cap)
        fitting.bar(0, 1, f"benchmark {'without a cap' if cap is None else 'under ' + short(cap.id)}", "")
        found = await asyncio.to_thread(task.run, held)
        told = {"name": f"{found.task} ({found.metric})", "values": list(found.values)}
        fitting.store.write_json(kept, told)
    told = fitting.store.read_json(kept)
    return np.array(told["values"], float), str(told["name"])
