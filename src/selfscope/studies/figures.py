"""What figures that are measured for the documentation share: how they came about, and how they are kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from selfscope.models.ground import GroundIdentity
from selfscope.studies.store import RunStore
from selfscope.values import Study


def rounded(value: float) -> float | None:
    """Return a number to four digits; None where there is none."""
    return round(float(value), 4) if np.isfinite(value) else None


def recipe_of(store: RunStore, study: Study, channel: str, material: str) -> dict[str, Any]:
    """Return how the figures of one channel of a run came about.

    Parameters
    ----------
    material
        What the items that the channel's instrument owns are called.
    """
    ground = GroundIdentity(**study.ground)  # type: ignore[arg-type]
    return {
        "command": store.read_json("manifest.json")["command"],
        "model": ground.name,
        "revision": ground.revision,
        "template": ground.template,
        "precision": ground.precision,
        "items": study.items,
        material: next(q.material for q in study.questions if q.channel == channel),
        "preset": study.preset,
        "seed": study.seed,
        "study": study.id,
        "date": store.started[:10],
        "software": study.software,
    }
