"""The character: whether it is the same in every context, gives way to a switch, and outlives its end."""

from __future__ import annotations

import numpy as np

from selfscope.errors import BadInput
from selfscope.instruments.layers.design import CONTEXT_HALF
from selfscope.instruments.layers.load import load_material
from selfscope.stats.contrast import paired_contrast
from selfscope.stats.layers import share_of, told
from selfscope.stats.masked import Array
from selfscope.stats.variance_located import Asked, locate
from selfscope.studies.layers_values import Place, Values
from selfscope.values import Dimension, Estimate
from selfscope.values.layers import CharacterFound, ConsistencyFound, SensitivityFound
from selfscope.values.study import SESOI

_NOTHING = Estimate(float("nan"), (float("nan"), float("nan")))


def character_found(values: Values) -> CharacterFound:
    """Return what characters come to over contexts, after a switch, and after the act was dropped."""
    neutral, dropped, switched = (_sides(values, script) for script in ("neutral", "drop", "switch"))
    effect = neutral[0] - neutral[1]
    went = ((neutral[0] - switched[0]) + (switched[1] - neutral[1])) / 2
    return CharacterFound(
        tuple(_consistency(values, d) for d in values.design.dimensions),
        share_of(went, effect),
        share_of(dropped[0] - dropped[1], effect),
    )


def _sides(values: Values, script: str) -> tuple[Array, Array]:
    """Return D of all statements under the high and under the low character, ``(statement,)`` each."""
    sides: dict[str, list[float]] = {"high": [], "low": []}
    for dimension in values.design.dimensions:
        for statement, half in _halves(dimension):
            for side, found in sides.items():
                place = Place(script, f"{dimension.name}:{side}:{half + 1}")
                found.append(float(values.said(place, [statement])[0]))
    return np.array(sides["high"]), np.array(sides["low"])


def _halves(dimension: Dimension) -> list[tuple[str, int]]:
    """Return every statement with the wording that is asked it: every second of each keying."""
    ranks = {1: 0, -1: 0}
    found = []
    for statement in dimension.statements:
        found.append((statement.id, ranks[statement.keyed] % 2))
        ranks[statement.keyed] += 1
    return found


def _consistency(values: Values, dimension: Dimension) -> ConsistencyFound:
    statements = [s for s, half in _halves(dimension) if half == CONTEXT_HALF]
    swaps, contexts = values.design.swaps, tuple(load_material().contexts)
    scores = np.array(
        [
            [
                values.said(Place("swap", arm.name), statements),
                *(values.said(Place("context", f"{arm.name}@{c}"), statements) for c in contexts),
            ]
            for arm in swaps
        ]
    )
    levels = (("character", len(swaps)), ("context", 1 + len(contexts)), ("item", len(statements)))
    try:
        found = locate(scores, Asked(levels, "character", error=False, permutations=0, differences=True))
    except BadInput as error:
        return ConsistencyFound(dimension.name, _NOTHING, {}, len(swaps), 1 + len(contexts), error.sentence())
    score = found.score
    shares = {
        " x ".join(c.facets): Estimate(c.share, (float(c.share_ci[0]), float(c.share_ci[1])))
        for c in found.components
        if np.isfinite(c.share)
    }
    low, high = score.g_ci
    return ConsistencyFound(
        dimension.name, Estimate(score.g, (low, high)), shares, len(swaps), 1 + len(contexts), score.why_not
    )


def character_sensitivity(values: Values) -> SensitivityFound:
    """Return whether characters told to have a trait, and its opposite, come out apart, all dimensions."""
    high, low = _sides(values, "told")
    keyed = [s.keyed for d in values.design.dimensions for s in d.statements]
    found = paired_contrast(high - low, keyed, flip=False)
    lower, least = float(found.ci90[0]), SESOI["utterance"]
    return SensitivityFound(
        "character", told(found), lower, least, bool(lower > 0 and found.estimate >= least)
    )
