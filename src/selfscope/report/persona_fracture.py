"""Whether an axis is one thing, in sentences and rows."""

from __future__ import annotations

import math

from selfscope.report.words import p_value
from selfscope.values.persona_fracture import Fractured
from selfscope.values.persona_map import Interval

_SAID = {
    "whole": "The axis is one thing here: the same over contexts, and it moves little else.",
    "fractured": "The axis is fractured here: it is not the same over contexts, or it moves much else.",
    "cannot tell": "Whether the axis is one thing cannot be told from this map.",
}


def fracture_lines(found: Fractured) -> tuple[str, ...]:
    """Return the panel in few words for a terminal."""
    share = f"{_number(found.consistency)} ({_span(found.consistency_ci)})"
    off = f"{_number(found.off_target)} ({_span(found.off_target_ci)})"
    does = "more" if found.moved else "no more"
    if found.later == found.layer:
        return _SAID[found.verdict], "No vectors were kept above the layer that is read."
    return (
        _SAID[found.verdict],
        f"Between {len(found.contexts)} sets of questions its cosine is {share} without noise, and from "
        f"halves {_number(found.halves)}. Added at layer {found.layer}, it moves its own reading at layer "
        f"{found.later} {does} than random directions of its length do, and other readings by {off} of that; "
        f"random ones by {_number(found.random)}.",
        f"Its doses rise by a rank correlation of {_number(found.monotone)}; effect by the root of what it "
        f"costs {_number(found.per_cost)}, of random ones under {_number(found.per_cost_random)} "
        f"({p_value(found.p)}).",
    )


def fracture_rows(found: Fractured) -> list[tuple[str, list[str]]]:
    """Return a row for each direction: its name, and its effects on all readings."""
    rows = zip(found.directions, found.matrix, strict=True)
    return [(name, [_number(value) for value in values]) for name, values in rows]


def _span(ends: Interval) -> str:
    return f"{_number(ends[0])} to {_number(ends[1])}" if all(map(math.isfinite, ends)) else "no interval"


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−") if math.isfinite(value) else "not estimated"
