"""What a run of drift leaves for live conversations: its monitor, stored and told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.models.ground import Ground
    from selfscope.space.turn_readings import Along
    from selfscope.studies.drift_design import DriftRequest
    from selfscope.studies.drift_held import Held
    from selfscope.studies.store import RunStore
    from selfscope.values import Study


def monitor_told(
    request: DriftRequest,
    study: Study,
    store: RunStore,
    ground: Ground,
    along: Along | None,
    held: Held,
    also: Path | None,
) -> dict[str, Any] | None:
    """Store the run's monitor and return what is told of it; None where there is none."""
    from selfscope.models.local.ground import LocalGround
    from selfscope.stats.drift_expected import LEAST_SCRIPTS
    from selfscope.studies.drift_monitor import monitor_of, store_monitor

    if along is None or not isinstance(ground, LocalGround):
        return None
    made = monitor_of(request, held, along, ground)
    if made is None:
        if also is not None:
            raise BadInput(f"a monitor needs {LEAST_SCRIPTS} scripts", fix="Give --preset standard")
        return None
    folder = store_monitor(made, study, store, ground, also)
    return {
        "folder": str(folder), "embedder": made.embedder, "embedding": made.embedding,
        "r2": made.r2, "topic_removed": made.removed,
        "false_alarms": made.rate, "turns": made.turns, "alarmed": made.alarmed, "notes": list(made.notes),
    }  # fmt: skip


def monitor_lines(watch: dict[str, Any] | None) -> Iterator[str]:
    """Yield what a terminal shows of a monitor."""
    if watch is not None:
        yield f"Monitor: {watch['folder']}, from the {watch['embedding']}, held-out R² {watch['r2']:.2f}."
        yield from watch["notes"]
