"""What is said of a port beside its controls: whose words they were trained on, and what is beyond them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from selfscope.report.lineage import visible
from selfscope.report.words import with_interval
from selfscope.values.fidelity import Beyond, Ported, Specific, Whole

if TYPE_CHECKING:
    from selfscope.values.port_fidelity import PortFidelity

Measure = Literal["traits", "statements"]
UNTRIED = "No control was trained: how much of this any training alike would carry is not known."


def alike(each: Ported | Beyond) -> str:
    """Return what a control is, whatever its fidelity."""
    if each.bare:
        return "trained alike on the bare model’s own words"
    whose = f"the corpus of {visible(each.of)}" if each.of else "another one’s corpus"
    return f"trained alike on {whose}"


def beyond_lines(found: PortFidelity, measure: Measure) -> Iterator[str]:
    """Yield what may be said of traits, or of single statements, beyond the controls."""
    said = found.specific[0 if measure == "traits" else 1]
    if said != "no control":
        yield _sentence(said, measure, found.controls)
    elif all(each.by == "training" for each in found.best):
        yield UNTRIED


def _sentence(said: Specific, measure: Measure, controls: Sequence[Beyond]) -> str:
    floors = [(each, _of(each, measure)) for each in controls]
    if said == "not shown":
        told = "; ".join(_short(each, whole) for each, whole in floors if not _sure(whole))
        return f"Not shown to be this character’s own: {told}."
    whole = min((w for _, w in floors if w is not None), key=lambda w: w.fidelity.ci[0])
    least = f"fidelity {with_interval(whole.fidelity)}, the nearest of them 0"
    if said == "beyond bare words":
        return (
            f"Surely nearer to the original than a training on the bare model’s own words ({least}). No "
            "corpus of another character was tried, so this may be what any character’s words carry."
        )
    count = len(controls)
    trainings = "this one training alike" if count == 1 else f"each of these {count} trainings alike"
    if said == "beyond these trainings":
        return f"Surely nearer to the original than {trainings} ({least}): beyond these, not beyond any."
    return f"Surely nearer to the original than {trainings} ({least}), and beyond what any such carries."


def _of(each: Beyond, measure: Measure) -> Whole | None:
    return each.traits if measure == "traits" else each.statements


def _sure(whole: Whole | None) -> bool:
    return whole is not None and math.isfinite(whole.fidelity.ci[0]) and whole.fidelity.ci[0] > 0


def _short(each: Beyond, whole: Whole | None) -> str:
    """Return why one control leaves nothing shown."""
    who = f"{visible(each.control)}, {alike(each)}"
    if whole is None or not math.isfinite(whole.fidelity.ci[0]):
        return f"the original is not surely another than {who}"
    return f"with {who}, as the floor, fidelity is {with_interval(whole.fidelity)}"
