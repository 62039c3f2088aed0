"""What the rows of a study of layers come to: each layer for itself, and which of them moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from selfscope.stats.layers import (
    LEAST_LEVELS,
    Movement,
    apart,
    cell_verdict,
    movement,
    pair_verdict,
    standing,
)
from selfscope.stats.masked import Array
from selfscope.stats.multiplicity import holm
from selfscope.studies.layers import LayersRequest
from selfscope.studies.layers_ground import ability_found, ground_sensitivity
from selfscope.studies.layers_said import character_found, character_sensitivity
from selfscope.studies.layers_surface import surface_found, surface_sensitivity
from selfscope.studies.layers_values import BASE, Place, Values
from selfscope.values import Arm, Estimate
from selfscope.values.layers import (
    LAYERS,
    MANIPULATIONS,
    CellFound,
    Layer,
    Layers,
    Manipulation,
    PairFound,
    SensitivityFound,
)

if TYPE_CHECKING:
    import pandas as pd

#: What the levels of a manipulation are called.
_LEVELS: Mapping[Manipulation, str] = {
    "swap": "other texts",
    "depth": "conversations",
    "trained": "trainings",
}
_NOTHING = Estimate(float("nan"), (float("nan"), float("nan")))


def found_in(request: LayersRequest, rows: pd.DataFrame) -> Layers:
    """Return what the rows of a finished run say."""
    values = Values(request.design, rows)
    sensitivity = (
        surface_sensitivity(values), character_sensitivity(values), ground_sensitivity(values)
    )  # fmt: skip
    moves = _movements(request, values)
    return Layers(
        surface=surface_found(values),
        character=character_found(values),
        ability=ability_found(values),
        sensitivity=sensitivity,
        cells=tuple(_cells(moves, sensitivity)),
        pairs=tuple(_pairs(moves, sensitivity)),
        levels={m: tuple(map(_level, _arms(request)[m])) for m in MANIPULATIONS},
        notes=tuple(_notes(request, moves)),
    )


@dataclass(frozen=True)
class _Moved:
    """One cell of the figure: how one layer moved, or None where there is no data."""

    layer: Layer
    manipulation: Manipulation
    names: tuple[str, ...]
    levels: int
    items: int
    found: Movement | None


def _arms(request: LayersRequest) -> Mapping[Manipulation, tuple[Arm, ...]]:
    from selfscope.instruments.layers.design import DEEP

    design = request.design
    return {"swap": design.swaps, "depth": design.deep(DEEP), "trained": design.trained}


def _level(arm: Arm) -> str:
    """Return what a level is called: the text's or the training's name, or which conversation."""
    manipulation, _, name = arm.name.partition(":")
    return f"conversation {name.partition(':')[2]}" if manipulation == "depth" else name


def _movements(request: LayersRequest, values: Values) -> tuple[_Moved, ...]:
    arms = _arms(request)
    return tuple(_moved(request, values, layer, m, arms[m]) for m in MANIPULATIONS for layer in LAYERS)


def _moved(
    request: LayersRequest, values: Values, layer: Layer, manipulation: Manipulation, arms: Sequence[Arm]
) -> _Moved:
    groups, strata = _numbers(values.groups(layer)), _numbers(values.strata(layer))
    names = tuple(dict.fromkeys(values.groups(layer)))
    found = None
    if arms:
        base = values.of(layer, BASE)
        changed = np.stack([values.of(layer, Place(manipulation, a.name)) for a in arms]) - base
        found = movement(changed, base, groups, strata, seed=request.seed)
    return _Moved(layer, manipulation, names, len(arms), len(groups), found)


def _numbers(names: Sequence[object]) -> Array:
    order = {name: n for n, name in enumerate(dict.fromkeys(names))}
    return np.array([order[name] for name in names])


def _cells(moves: Sequence[_Moved], sensitivity: Sequence[SensitivityFound]) -> Iterator[CellFound]:
    adjusted = holm([m.found.p if m.found else np.nan for m in moves])
    passed = {s.layer: s.passed for s in sensitivity}
    for moved, p in zip(moves, adjusted, strict=True):
        if moved.found is None:
            yield CellFound(
                moved.layer, moved.manipulation, _NOTHING, float("nan"), float("nan"), float("nan"),
                0, moved.items, {}, "not estimable", "no training was given",
            )  # fmt: skip
            continue
        estimate, upper = standing(moved.found)
        groups = dict(zip(moved.names, map(float, moved.found.groups), strict=True))
        verdict = cell_verdict(estimate, upper, float(p), passed[moved.layer])
        yield CellFound(
            moved.layer, moved.manipulation, estimate, upper, moved.found.p, float(p),
            moved.levels, moved.items, groups, verdict,
            "the layer was not seen to move where it should" if verdict == "not interpretable" else "",
        )  # fmt: skip


def _pairs(moves: Sequence[_Moved], sensitivity: Sequence[SensitivityFound]) -> Iterator[PairFound]:
    passed = {s.layer: s.passed for s in sensitivity}
    pairs = [
        (a, b)
        for manipulation in MANIPULATIONS
        for a, b in combinations([m for m in moves if m.manipulation == manipulation], 2)
    ]
    told = [apart(a.found, b.found) if a.found and b.found else (_NOTHING, np.nan) for a, b in pairs]
    adjusted = holm([p for _, p in told])
    for (a, b), (difference, p), corrected in zip(pairs, told, adjusted, strict=True):
        both = passed[a.layer] and passed[b.layer]
        there = a.found is not None and b.found is not None
        verdict = pair_verdict(difference, float(corrected), both) if there else "not estimable"
        yield PairFound(a.manipulation, a.layer, b.layer, difference, float(p), float(corrected), verdict)


def _notes(request: LayersRequest, moves: Sequence[_Moved]) -> Iterator[str]:
    if not request.system:
        yield "the subject has no text of its own, so any text may be what moves it"
    for manipulation in MANIPULATIONS:
        levels = max(m.levels for m in moves if m.manipulation == manipulation)
        if 0 < levels < LEAST_LEVELS:
            yield f"{_LEVELS[manipulation]} are under {LEAST_LEVELS}: only these are spoken of"
