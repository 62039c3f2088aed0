"""A finished run of drift as a monitor of live conversations, kept in the run's folder."""

from __future__ import annotations

from pathlib import Path

from selfscope.models.local.embedding import embedding_of
from selfscope.models.local.ground import LocalGround
from selfscope.space.monitor import Monitor, fit_monitor
from selfscope.space.monitor_artefact import FOLDER, weights_id, write_monitor
from selfscope.space.turn_readings import Along
from selfscope.studies.drift_design import DriftRequest, axis_name
from selfscope.studies.drift_held import Held
from selfscope.studies.store import RunStore
from selfscope.values import Study


def monitor_of(request: DriftRequest, held: Held, along: Along, ground: LocalGround) -> Monitor | None:
    """Return the monitor that a run gives; None with fewer than four scripts."""
    embedding = embedding_of(request.embedding, ground)
    return fit_monitor(
        [talk.user for talk in held.talks],
        held.y,
        [talk.script for talk in held.talks],
        [talk.baseline for talk in held.talks],
        along,
        axis_name(along),
        embedding.embed,
        embedding.known_as,
        embedder=embedding.name,
        seed=request.seed,
    )


def store_monitor(
    monitor: Monitor, study: Study, store: RunStore, ground: LocalGround, also: Path | None = None
) -> Path:
    """Store a monitor in the run's folder, and a copy of it in another one; CouldNot if the disk fails."""
    told = {
        "model": ground.identity.name,
        "weights": weights_id(ground),
        "cap": ground.identity.extra.get("cap", ""),
        "run": store.run,
        "study": study.id,
        "preset": study.preset,
        "seed": study.seed,
        "identity": study.subject.name,
        "versions": study.software,
    }
    if also is not None:
        write_monitor(also, monitor, told)
    return write_monitor(store.folder / FOLDER, monitor, told)
