"""What judges made of the edits of a run, in sentences for terminal and page."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selfscope.studies.editorial_direction import Directions, TurnedAgainst


def direction_lines(found: Directions | None) -> Iterator[str]:
    """Yield what was found of the direction of edits; nothing where nobody was to judge it."""
    if found is None:
        return
    if found.state == "not judged":
        yield f"Which way the edits go is not judged: {'; '.join(found.reasons)}."
    for each in found.contrasts:
        yield _line(each)


def _line(each: TurnedAgainst) -> str:
    low, high = (100 * x for x in each.estimate.ci)
    if not math.isfinite(low):
        return f"{each.judge}, against {each.control}: too few documents came back for a direction."
    return (
        f"{each.judge} read {each.edits} changed passages of the subject; against {each.control} its edits "
        f"turn passages toward their traits, less away from them, by {100 * each.estimate.estimate:+.1f} "
        f"points [{low:+.1f}, {high:+.1f}] (judge checked on constructed edits, its error not taken out)."
    )
