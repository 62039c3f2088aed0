"""The ground: what an ability loses to a belief about it, and what of that a working brings back."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from selfscope.instruments.capability.load import CapabilityTask
from selfscope.stats.contrast import PairedContrast
from selfscope.stats.layers import over_items, share_of, told
from selfscope.stats.masked import Array
from selfscope.studies.layers_values import BASE, Place, Values
from selfscope.values.layers import AbilityFound, SensitivityFound

#: Log-odds of the right reply within which two states are equivalent.
SESOI = 0.5
#: All kinds together.
ALL = "all"


def ability_found(values: Values) -> tuple[AbilityFound, ...]:
    """Return what ability comes to, all kinds of tasks first and then each."""
    tasks = values.design.tasks
    kinds = dict.fromkeys(t.kind for t in tasks)
    return (
        _ability(values, ALL, tasks),
        *(_ability(values, kind, [t for t in tasks if t.kind == kind]) for kind in kinds),
    )


def _ability(values: Values, construct: str, tasks: Sequence[CapabilityTask]) -> AbilityFound:
    nothing = values.margins(BASE, [t.id for t in tasks])
    lacks, has, role = (_believed(values, b, tasks) for b in ("lacks", "has", "role"))
    worked = _believed(values, "role", tasks, "_worked") - _believed(values, "lacks", tasks, "_worked")
    lost = role - lacks
    effects = {"lost": over_items(lost), "gained": over_items(has - role), "role": over_items(nothing - role)}
    return AbilityFound(
        construct=construct,
        tasks=len(tasks),
        best=float(np.mean([values.best(t.id) for t in tasks])),
        margin=told(over_items(nothing)),
        **{name: told(found) for name, found in effects.items()},
        equivalent=tuple(name for name, found in effects.items() if _inside(found)),
        recovered=share_of(lost - worked, lost),
    )


def _inside(found: PairedContrast) -> bool:
    low, high = found.ci90
    return bool(low > -SESOI and high < SESOI)


def _believed(values: Values, belief: str, tasks: Sequence[CapabilityTask], worked: str = "") -> Array:
    """Return the margins of tasks under a belief, each in the wording that it is asked in, ``(task,)``."""
    wording: dict[str, int] = {}
    for kind in dict.fromkeys(t.kind for t in tasks):
        own = [t.id for t in values.design.tasks if t.kind == kind]
        wording |= {task: n % 2 + 1 for n, task in enumerate(own)}
    return np.array(
        [
            values.margins(Place(belief, f"{belief}:{t.kind}:{wording[t.id]}"), [t.id], worked)[0]
            for t in tasks
        ]
    )


def ground_sensitivity(values: Values) -> SensitivityFound:
    """Return whether right replies come after their own question and not after another of their block.

    Replies of a block are the same and stand in all of its questions or in none, so nothing can be copied.
    Over blocks: tasks of one share their replies.
    """
    blocks = [list(own) for _, own in groupby(values.design.tasks, key=lambda t: t.block)]
    found = over_items([_follows(values, own) for own in blocks])
    lower = float(found.ci90[0])
    return SensitivityFound("ground", told(found), lower, SESOI, bool(lower > 0 and found.estimate >= SESOI))


def _follows(values: Values, block: Sequence[CapabilityTask]) -> float:
    """Return the margin after the own question minus after the others of a block, mean over its tasks."""
    own = values.margins(BASE, [t.id for t in block])
    return float(own.mean() - np.mean([values.elsewhere(BASE, t) for t in block]))
