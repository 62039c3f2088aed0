"""Findings of a run of layers, re-asked: how far each layer moves, and which two of them part.

A layer's cells are its items under the levels of one manipulation: the other texts, the conversations, the
trainings. Its own test takes items for samples, and levels too from three on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from math import comb
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.layers.design import DEEP, Design
from selfscope.instruments.layers.load import NAME
from selfscope.models.adapters import Adapter
from selfscope.stats.layers import (
    ALPHA,
    LEAST_LEVELS,
    MARGIN,
    apart,
    cell_verdict,
    pair_verdict,
    standing,
)
from selfscope.stats.masked import Array, Mask
from selfscope.stats.multiplicity import holm
from selfscope.stats.stress_cells import Unit
from selfscope.stats.stress_claims import Claim, Said
from selfscope.studies.layers import LayersRequest
from selfscope.studies.layers_found import found_in
from selfscope.studies.layers_values import BASE, Place, Values
from selfscope.studies.stress_moved import Moved
from selfscope.values import Arm, Estimate, Study
from selfscope.values.layers import CellFound, Layer, Manipulation, PairFound

if TYPE_CHECKING:
    import pandas as pd

#: What the levels of a manipulation are, as a unit.
LEVELS: Mapping[Manipulation, str] = {"swap": "character", "depth": "thread", "trained": "training"}
_UNDER: Mapping[Manipulation, str] = {
    "swap": "under other texts", "depth": "after long conversations", "trained": "after trainings",
}  # fmt: skip


def layers_request(study: Study) -> LayersRequest:
    """Return what was asked for, from what the run declared."""
    dimensions = {d.name for d in load_cluster().dimensions}
    adapters = tuple(
        Adapter(a.name.removeprefix("trained:"), a.adapter, Path(), 1.0, training=a.training)
        for a in study.arms
        if a.name.startswith("trained:")
    )
    own, worn = study.subject, study.subject.name
    constructs = tuple(c for c in study.questions[0].constructs if c in dimensions)
    named = "" if worn == "none" and not own.system else worn
    return LayersRequest(constructs, study.preset, own.system or "", named, adapters, study.seed)


def layers_claims(request: LayersRequest, rows: pd.DataFrame) -> Iterator[Claim]:
    """Yield every movement that the run could estimate, and every pair of layers."""
    rows = rows[rows["instrument"] == NAME] if "instrument" in rows else rows
    found, values = found_in(request, rows), Values(request.design, rows)
    cells = [c for c in found.cells if c.verdict != "not estimable"]
    moved = {(c.layer, c.manipulation): _moved(request, values, c.layer, c.manipulation) for c in cells}
    seen = {s.layer: s.passed for s in found.sensitivity}
    for cell in cells:
        others = tuple(c.p for c in found.cells if c is not cell)
        yield cell_claim(cell, moved[cell.layer, cell.manipulation], others, seen[cell.layer])
    pairs = [p for p in found.pairs if p.verdict != "not estimable"]
    for pair in pairs:
        sides = tuple(moved[layer, pair.manipulation] for layer in (pair.first, pair.second))
        others = tuple(p.p for p in found.pairs if p is not pair)
        yield _pair(pair, sides, others, seen[pair.first] and seen[pair.second])


def _moved(request: LayersRequest, values: Values, layer: Layer, manipulation: Manipulation) -> Moved:
    arms = _arms(request.design, manipulation)
    groups, strata = values.groups(layer), values.strata(layer)
    return Moved(
        values.of(layer, BASE),
        np.stack([values.of(layer, Place(manipulation, a.name)) for a in arms]),
        _items(values, layer),
        tuple(a.name for a in arms),
        groups,
        _numbers(groups),
        _numbers(strata),
        request.seed,
    )


def _arms(design: Design, manipulation: Manipulation) -> Sequence[Arm]:
    return {"swap": design.swaps, "depth": design.deep(DEEP), "trained": design.trained}[manipulation]


def _items(values: Values, layer: Layer) -> tuple[str, ...]:
    if layer == "surface":
        return tuple(item for _, item in values.prompts)
    if layer == "character":
        return tuple(s.id for d in values.design.dimensions for s in d.statements)
    return tuple(t.id for t in values.design.tasks)


def _numbers(names: Sequence[str]) -> np.ndarray:
    order = {name: n for n, name in enumerate(dict.fromkeys(names))}
    return np.array([order[name] for name in names], np.intp)


def _units(
    manipulation: Manipulation, sides: Sequence[Moved], layers: Sequence[str] = ("",)
) -> dict[str, Unit]:
    def labels(unit: str) -> list[str]:
        """Return the level of every cell; items of two layers are different ones."""
        own = unit == LEVELS[manipulation]
        named = zip(layers, sides, strict=True)
        return [name if own else f"{of} {name}".strip() for of, side in named for name in side.labels(unit)]

    plain = len(sides) == 1
    found = {LEVELS[manipulation]: Unit.of(labels(LEVELS[manipulation]))}
    for unit, within in (("construct", None), ("item", labels("stratum"))):
        named = list(sides[0].labels(unit)) if plain else labels(unit)
        found[unit] = Unit.of(named, within)
    return found


def _own(manipulation: Manipulation, sides: Sequence[Moved]) -> tuple[str, ...]:
    levels = len(sides[0].levels) >= LEAST_LEVELS
    return (LEVELS[manipulation], "item") if levels else ("item",)


def cell_claim(
    cell: CellFound, moved: Moved, others: tuple[float, ...] = (), sensitive: bool = True
) -> Claim:
    """Return one movement as a finding.

    Parameters
    ----------
    others
        p of the other cells of the figure.
    sensitive
        Whether the layer could have been seen to move.
    """
    judge = partial(_cell_said, others=others, sensitive=sensitive)

    def exchanged(draws: int, rng: np.random.Generator) -> Said:
        null = moved.exchanged(draws, rng)
        p = float((1 + (null >= moved.seen - 1e-12).sum()) / (1 + draws))
        return judge(cell.moved, cell.upper, p)

    def again(keep: Mask) -> Said:
        left = moved.movement(keep)
        return judge(*standing(left), left.p)

    return Claim(
        of={"finding": f"{cell.layer} {_UNDER[cell.manipulation]}", "instrument": NAME},
        said=Said(cell.moved.estimate, cell.verdict, cell.moved.ci, cell.p_adjusted),
        sesoi=MARGIN,
        units=_units(cell.manipulation, [moved]),
        own=_own(cell.manipulation, [moved]),
        numbers=lambda w: moved.squared(w)[:, None],
        judged=lambda errors: judge(*moved.standing(errors), errors.above(0)),
        again=again,
        exchanged=exchanged,
        effects=frozenset({"moves"}),
        reasons=(cell.why,) if cell.verdict == "not interpretable" else (),
    )


def _cell_said(moved: Estimate, upper: float, p: float, others: tuple[float, ...], sensitive: bool) -> Said:
    corrected = float(holm([p, *others])[0])
    return Said(moved.estimate, cell_verdict(moved, upper, corrected, sensitive), moved.ci, corrected)


def _pair(pair: PairFound, sides: Sequence[Moved], others: tuple[float, ...], sensitive: bool) -> Claim:
    first = sides[0].changed.size

    def judge(difference: Estimate, p: float) -> Said:
        corrected = float(holm([p, *others])[0])
        verdict = pair_verdict(difference, corrected, sensitive)
        return Said(difference.estimate, verdict, difference.ci, corrected)

    def numbers(weights: Array) -> Array:
        return (sides[0].squared(weights[:, :first]) - sides[1].squared(weights[:, first:]))[:, None]

    def again(keep: Mask) -> Said:
        return judge(*apart(sides[0].movement(keep[:first]), sides[1].movement(keep[first:])))

    return Claim(
        of={
            "finding": f"{pair.first} against {pair.second} {_UNDER[pair.manipulation]}",
            "instrument": NAME,
        },
        said=Said(pair.difference.estimate, pair.verdict, pair.difference.ci, pair.p_adjusted),
        sesoi=0.0,
        units=_units(pair.manipulation, sides, (pair.first, pair.second)),
        own=_own(pair.manipulation, sides),
        numbers=numbers,
        judged=lambda errors: judge(Estimate(float(errors.values[0]), errors.ci(0)), errors.p(0)),
        again=again,
        exchanged=_exchanged_groups(pair, sides, len(others), judge),
        effects=frozenset({"dissociates"}),
    )


def _exchanged_groups(
    pair: PairFound, sides: Sequence[Moved], others: int, judge: Callable[[Estimate, float], Said]
) -> Callable[[int, np.random.Generator], Said] | str:
    """Return what exchanges groups between two layers, as wholes; why not, where too few ways are there."""
    groups, n = np.concatenate([s.groups for s in sides]), len(sides[0].groups)
    least = 1 / comb(len(groups), n)
    if least * (1 + others) > ALPHA:
        return f"groups can be exchanged between layers in too few ways (least p {least:.3f})"

    def exchanged(draws: int, rng: np.random.Generator) -> Said:
        mixed = rng.permuted(np.tile(groups, (draws, 1)), axis=1)
        null = mixed[:, :n].mean(axis=1) - mixed[:, n:].mean(axis=1)
        seen = abs(pair.difference.estimate) * (1 - 1e-9)
        p = float((1 + (np.abs(null) >= seen).sum()) / (1 + draws))
        return judge(pair.difference, max(p, least))

    return exchanged
