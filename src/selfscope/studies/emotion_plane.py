"""The plane of the families, its sides, and the circle that theory expects."""

from __future__ import annotations

import numpy as np

from selfscope.space.emotion.load import PLUTCHIK
from selfscope.stats import plane as planes
from selfscope.studies.emotion_table import Floats, Table
from selfscope.values.emotion import Chance, Circle, PlaneRead, Sided


def plane_of(
    table: Table, layer: int, sides: dict[str, tuple[int, int]]
) -> tuple[PlaneRead | None, dict[str, tuple[float, float]]]:
    """Return the plane at a layer and each family's place in it; None with under three families.

    A pair's vector is its vignettes less their twins, so that settings and wording drop out where both share
    them; coordinates are in units of their standard deviation over all texts.
    """
    x = table.layer(layer)
    vectors, of = _differences(table, x)
    counts = np.bincount(of, minlength=len(table.families)) if len(of) else np.zeros(1)
    if len(table.families) < planes.LEAST or counts.min() < 2:
        return None, {}
    found = planes.plane(vectors, of, seed=table.seed)
    places = {name: (float(a), float(b)) for name, (a, b) in zip(table.families, found.places, strict=True)}
    expected = [
        planes.side(found.places, [sides.get(name, (0, 0))[n] for name in table.families], seed=table.seed)
        for n in (0, 1)
    ]
    told = [
        None if each is None else Sided(each.families, each.first, each.second, Chance(*each.fit))
        for each in expected
    ]
    circle = _circle(table, vectors, of, found.places)
    alone = Chance(*planes.plane(_vignettes(table, x), of, seed=table.seed).held)
    return PlaneRead(layer, found.shares, Chance(*found.held), alone, told[0], told[1], circle), places


def _differences(table: Table, x: Floats) -> tuple[Floats, np.ndarray]:
    """Return vignette less twin of every pair, both persons together, and its family's number."""
    moved, twins = table.rows("keyword_free"), table.rows("neutral")
    vectors, of = [], []
    for pair in dict.fromkeys(table.groups[moved].tolist()):
        one, other = moved[table.groups[moved] == pair], twins[table.groups[twins] == pair]
        if len(other):
            vectors.append(x[one].mean(axis=0) - x[other].mean(axis=0))
            of.append(table.families.index(table.stimuli[one[0]].emotion))
    return np.array(vectors), np.array(of, dtype=np.int64)


def _vignettes(table: Table, x: Floats) -> Floats:
    """Return the mean of each pair's vignettes, of the pairs that have a twin, in the same order."""
    moved = table.rows("keyword_free")
    twinned = set(table.groups[table.rows("neutral")].tolist())
    pairs = [p for p in dict.fromkeys(table.groups[moved].tolist()) if p in twinned]
    return np.stack([x[moved[table.groups[moved] == pair]].mean(axis=0) for pair in pairs])


def _circle(table: Table, vectors: Floats, of: np.ndarray, places: Floats) -> Circle | None:
    there = [n for n, name in enumerate(table.families) if name in PLUTCHIK]
    if len(there) < planes.LEAST_ROUND:
        return None
    means = np.stack([vectors[of == n].mean(axis=0) for n in there])
    means -= means.mean(axis=0)
    unit = means / np.linalg.norm(means, axis=1, keepdims=True)
    steps = np.array([PLUTCHIK.index(table.families[n]) for n in there])
    inside = places[there] - places[there].mean(axis=0)
    found = planes.circle(inside, unit @ unit.T, steps, len(PLUTCHIK), seed=table.seed)
    if found is None:
        return None
    fits = found.order.p < 0.05 and found.angles.p < 0.05
    return Circle(found.families, Chance(*found.order), Chance(*found.angles), found.spread, fits)
