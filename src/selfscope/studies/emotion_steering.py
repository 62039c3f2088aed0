"""Does adding a family's direction move what the subject says of that state, and more than chance does?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from selfscope.models.local.ground import LocalGround
from selfscope.space.emotion.questions import Added, ask_state
from selfscope.studies.emotion_probes import direction_of
from selfscope.studies.emotion_table import Floats, Table
from selfscope.values.emotion import Steering


async def steer_reports(
    table: Table,
    ground: LocalGround,
    layer: int,
    draws: int,
    system: str | None,
    progress: Callable[[str, int], None],
) -> Steering | None:
    """Return the steering check at a layer; None where no random direction is wanted.

    A family's direction is the natural contrast of its vignettes with their twins, in full length. The same
    question is asked without it, with it, with random directions of its length, and with the direction of
    liveliness (vivid neutral texts less neutral twins) in that length. Random directions are shared by the
    families, so that one draw gives one mean over families.
    """
    if not draws:
        return None
    names = table.families
    raw = np.asarray(table.states.mean[layer], float)
    own = {name: _contrast(table, raw, name) for name in names}
    asked = [("", name) for name in names]
    plain = await ask_state(ground, asked, system=system)
    moved, yes = np.empty(len(names)), np.empty(len(names))
    for n, name in enumerate(names):
        found = await ask_state(ground, asked[n : n + 1], system=system, added=Added(layer, own[name]))
        moved[n], yes[n] = found.state[0] - plain.state[n], found.yes[0] - plain.yes[n]
        progress("steering", 1)
    norm = float(np.mean([np.linalg.norm(d) for d in own.values()]))

    async def shift(direction: Floats) -> float:
        length = norm / np.linalg.norm(direction)
        found = await ask_state(ground, asked, system=system, added=Added(layer, direction * length))
        progress("steering", 1)
        return float((found.state - plain.state).mean())

    draw = np.random.default_rng([table.seed, 89])
    random = [await shift(np.asarray(draw.normal(size=raw.shape[1]))) for _ in range(draws)]
    lively = _lively(table, raw)
    vivid = await shift(lively) if lively is not None else float("nan")
    value = float(moved.mean())
    p = (1 + sum(each >= value for each in random)) / (draws + 1)
    above = not value <= vivid  # nothing to be above where there are no vivid texts
    return Steering(
        layer, norm, value, float(yes.mean()), tuple(random), p, 1 / (draws + 1), vivid,
        dict(zip(names, map(float, moved), strict=True)),
        bool(p <= 0.05 and above and value > abs(float(yes.mean()))),
    )  # fmt: skip


def _contrast(table: Table, raw: Floats, name: str) -> Floats:
    rows = table.rows(("keyword_free", "neutral"), family=name)
    return direction_of(raw, rows, table.sides(rows))


def _lively(table: Table, raw: Floats) -> Floats | None:
    vivid, twins = table.rows("vivid_neutral"), table.rows("neutral")
    if not len(vivid):
        return None
    return np.asarray(raw[vivid].mean(axis=0) - raw[twins].mean(axis=0))
