"""Write the simulated table of docs/instruments/layers.md: how often a layer is said to move or to hold.

Items are those of the design; the words of the page are written by hand::

    python -m selfscope.studies.layers_simulated --sets 300
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from selfscope.instruments.cluster.markdown import table
from selfscope.stats.layers import MARGIN, Places, cell_verdict, movement, standing
from selfscope.stats.multiplicity import holm
from selfscope.studies.layers import LayersRequest
from selfscope.studies.layers_values import Values
from selfscope.studies.simulated_page import fill_page
from selfscope.values.layers import LAYERS, Layer
from selfscope.values.study import Preset

PAGE = Path("docs/instruments/layers.md")
PRESETS: tuple[Preset, ...] = ("demo", "standard")
#: How far group means move under each level, in spreads of items; noise of an item under a level.
MOVES, NOISE = (0.0, MARGIN, 0.5), 0.5
#: Levels of a manipulation, and cells that are corrected together: three layers, other texts and depth.
LEVELS, CELLS = 5, 6
#: Largest share of studies in which a layer that does not move may be said to, and one at the margin to hold.
WRONG = 0.05
_COLUMNS = ("script", "character", "item", "format", "label", "polarity", "template", "value")


def told(layer: Layer, preset: Preset, move: float, studies: int, seed: int = 0) -> tuple[float, ...]:
    """Return shares of studies: p at most .05 before Holm, ``moves``, ``holds``, interval holds the truth."""
    import pandas as pd

    values = Values(LayersRequest(preset=preset).design, pd.DataFrame(columns=list(_COLUMNS)))
    group, stratum = (_numbers(names) for names in (values.groups(layer), values.strata(layer)))
    rng = np.random.default_rng([seed, len(group), int(100 * move)])
    found = [_study(group, stratum, move, rng) for _ in range(studies)]
    return tuple(float(share) for share in np.mean(found, axis=0))


def _numbers(names: Sequence[str]) -> Places:
    order = {name: n for n, name in enumerate(dict.fromkeys(names))}
    return np.array([order[name] for name in names], np.intp)


def _study(
    group: Places, stratum: Places, move: float, rng: np.random.Generator
) -> tuple[bool, bool, bool, bool]:
    base = rng.normal(size=len(group))
    moved = move * rng.choice([-1.0, 1.0], size=(LEVELS, int(group.max()) + 1))
    change = moved[:, group] + NOISE * rng.normal(size=(LEVELS, len(group)))
    found = movement(change, base, group, stratum, seed=int(rng.integers(2**31)))
    estimate, upper = standing(found)
    p = float(holm([found.p, *[1.0] * (CELLS - 1)])[0])
    verdict = cell_verdict(estimate, upper, p, sensitive=True)
    low, high = estimate.ci
    return found.p <= 0.05, verdict == "moves", verdict == "holds", low <= move <= high


def simulated(studies: int) -> tuple[dict[str, str], list[str]]:
    """Return the table that the simulation fills, and where a verdict is wrong too often."""
    rows, wrong = [], []
    most = WRONG + 1.645 * (WRONG * (1 - WRONG) / studies) ** 0.5
    for move in MOVES:
        for preset in PRESETS:
            for layer in LAYERS:
                shares = told(layer, preset, move, studies)
                rows.append((f"{move:g}", preset, layer, *(f"{share:.2f}" for share in shares)))
                false = shares[1] if move == 0 else shares[2] if move == MARGIN else 0.0
                wrong += [f"{move:g}, {preset}, {layer}"] if false > most else []
    head = ("moves by", "preset", "layer", "p ≤ .05 before Holm", "`moves`", "`holds`", "interval holds it")
    return {"simulated": table(head, rows)}, wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the simulated table into the page; 1 where a verdict is wrong too often."""
    return fill_page(simulated, PAGE, 300, __doc__, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
