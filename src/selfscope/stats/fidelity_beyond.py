"""Is what a port has of a character the character's own, or what any training alike would carry?

A control is the same target, trained alike on somebody else's words. With it in the place of the unported
target, F = 1 - D(port, original) / D(control, original), each statement beside itself: above 0 the port is
nearer to the original than the control is. Every control must surely be further off (intersection-union: no
correction over them). One that is not is enough to say that nothing is shown. Controls are a sample of what
could have been trained on, so the word *any* needs `LEAST_FOR_ANY` of them, of characters, and that the port
lies surely above a further one drawn as they were: (F_port - mean F_c) / (s_c sqrt(1 + 1/K)), Student's t,
K - 1 degrees of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from selfscope.stats.fidelity import LEVEL
from selfscope.values.fidelity import Specific, Whole

#: Fewest control trainings, of other characters, for the word "any".
LEAST_FOR_ANY = 5


@dataclass(frozen=True)
class Held:
    """One control.

    Attributes
    ----------
    floor
        F of the ports with the control as the floor; None where nothing can be said.
    own
        F of the control itself, from the unported target.
    bare
        Whether its corpus is nobody's, the words of weights without a character.
    """

    floor: Whole | None
    own: float
    bare: bool


def specific(port: float, controls: Sequence[Held]) -> Specific:
    """Return what may be said of a port whose F from the unported target is `port`."""
    if not controls:
        return "no control"
    if not all(_nearer(each.floor) for each in controls):
        return "not shown"
    others = [each.own for each in controls if not each.bare]
    if not others:
        return "beyond bare words"
    return "beyond any such training" if _above(port, others) else "beyond these trainings"


def _nearer(floor: Whole | None) -> bool:
    """Say whether the port is surely nearer to the original than the control is."""
    return floor is not None and math.isfinite(floor.fidelity.ci[0]) and floor.fidelity.ci[0] > 0


def _above(port: float, others: Sequence[float]) -> bool:
    """Say whether the port lies surely above one more control, drawn as the others were."""
    count = len(others)
    if count < LEAST_FOR_ANY or not np.isfinite([port, *others]).all():
        return False
    spread = float(np.std(others, ddof=1)) * math.sqrt(1 + 1 / count)
    return float(port - np.mean(others)) > float(stats.t.ppf((1 + LEVEL) / 2, count - 1)) * spread
