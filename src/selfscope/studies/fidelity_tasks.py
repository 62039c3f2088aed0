"""What ports can do: tasks with one right answer, beside original, target and two beliefs of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from selfscope.stats.masked import Array
from selfscope.stats.noninferiority import direction, non_inferiority, paired_shares, share_of_tasks
from selfscope.studies.fidelity import FidelityRequest
from selfscope.studies.fidelity_ask import ABILITY, CAN, CANNOT
from selfscope.values import Estimate
from selfscope.values.fidelity import Ability, Able, AbleDifference

if TYPE_CHECKING:
    import pandas as pd


def ability_in(request: FidelityRequest, rows: pd.DataFrame) -> Ability | None:
    """Return what everybody can do; None where no task was given.

    A refusal is not right. Kept: each port against the unported target and against the original, not inferior
    if it surely loses less than 10 points. Gained: told that it can against told that it cannot, two-sided.
    """
    own = rows[rows["instrument"] == ABILITY]
    if own.empty:
        return None
    tasks = list(dict.fromkeys(own["item"]))
    right = {
        str(who): each.set_index("item")["value"].fillna(0.0).reindex(tasks).to_numpy(float)[:, None]
        for who, each in own.groupby("character", sort=False)
    }
    kept = [
        _kept(port.name, against.name, right)
        for port in request.ports
        for against in (request.unported, request.original)
        if {port.name, against.name} <= set(right)
    ]
    gained = _gained(right) if {CAN, CANNOT} <= set(right) else None
    order = [w.name for w in (request.original, request.unported, *request.ports)] + [CAN, CANNOT]
    return Ability(tuple(_able(n, right[n]) for n in order if n in right), tuple(kept), gained)


def _able(name: str, right: Array) -> Able:
    mean, ci = share_of_tasks(right)
    return Able(name, Estimate(float(mean), (float(ci[0]), float(ci[1]))), len(right))


def _kept(name: str, against: str, right: dict[str, Array]) -> AbleDifference:
    found = paired_shares(right[name], right[against])
    lower, upper = float(found.lower), float(found.upper)
    verdict = non_inferiority(lower, upper, float(found.tasks))
    return AbleDifference(name, against, _estimate(found.estimate, found.ci95), verdict)


def _gained(right: dict[str, Array]) -> AbleDifference:
    found = paired_shares(right[CAN], right[CANNOT])
    low, high = map(float, found.ci95)
    return AbleDifference(
        CAN,
        CANNOT,
        _estimate(found.estimate, found.ci95),
        direction(low, high, float(np.asarray(found.tasks))),
    )


def _estimate(value: Array, ci: Array) -> Estimate:
    return Estimate(float(value), (float(ci[0]), float(ci[1])))
