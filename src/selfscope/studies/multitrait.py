"""Many identities side by side: several runs, or the characters of a panel, as a multitrait matrix."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

import numpy as np

from selfscope.stats.multitrait import (
    LEAST_IDENTITIES,
    LEAST_RELIABILITY,
    Interval,
    campbell_fiske,
    correlation,
    correlations,
    freed,
    pooled_sign,
    same_sign,
    weighted,
)
from selfscope.studies.scores import Floats
from selfscope.values import Estimate
from selfscope.values.agreement import Block, Cell, Multitrait

#: Draws of identities behind every interval.
DRAWS = 999
#: The three means, and validity over the other two, by name.
VALIDITY, ELSEWHERE, WITHIN = "validity", "other dimensions, other channels", "other dimensions, one channel"
OVER = "validity over "
NOTHING_TO_COMPARE = "no dimension can be read in two channels"


class Variable(NamedTuple):
    """One dimension in one channel."""

    channel: str
    dimension: str


@dataclass(frozen=True)
class Scored:
    """What several identities score.

    Attributes
    ----------
    identities
        Names, in the order of the arrays.
    source
        Where the scores are from, in words.
    control
        What the scores are shifts from.
    scores
        In standard units, by variable: ``(identity,)``.
    reliability
        By variable; NaN where not estimated.
    greyed
        Variables that cannot be read, each with the reason.
    checks
        Dimensions that are manipulation checks: shown, and in no mean.
    titles
        Of dimensions.
    limits
        What cannot be said of these identities.
    """

    identities: tuple[str, ...]
    source: str
    control: str
    scores: Mapping[Variable, Floats]
    reliability: Mapping[Variable, float]
    greyed: Mapping[Variable, str] = field(default_factory=dict)
    checks: frozenset[str] = frozenset()
    titles: Mapping[str, str] = field(default_factory=dict)
    limits: tuple[str, ...] = ()

    @property
    def channels(self) -> tuple[str, ...]:
        """Channels in order."""
        return tuple(dict.fromkeys(v.channel for v in self.scores))

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Dimensions in order."""
        return tuple(dict.fromkeys(v.dimension for v in self.scores))


def multitrait(scored: Scored, *, draws: int = DRAWS, seed: int = 0) -> Multitrait:
    """Return what several channels say of several identities.

    Variables that cannot be read enter no correlation and no mean; so do dimensions that can be read in one
    channel alone.

    Raises
    ------
    BadInput
        If there are under 8 identities.
    """
    cells = tuple(_cell(scored, d, two, draws, seed) for d, two in _crossings(scored))
    inside = _counted(scored, cells)
    x = np.column_stack([scored.scores[v] for v in inside]) if inside else np.empty((0, 0))
    return Multitrait(
        scored.identities,
        scored.source,
        scored.control,
        scored.channels,
        cells,
        tuple((v.channel, v.dimension) for v in inside),
        tuple(tuple(map(float, row)) for row in correlations(x)) if inside else (),
        tuple(_blocks(scored, inside, x, draws, seed)) if inside else (),
        _signs(inside, x) if inside else None,
        {f"{v.channel} {v.dimension}": why for v, why in scored.greyed.items()},
        "" if inside else NOTHING_TO_COMPARE,
        scored.titles,
        (*_limits(scored), *scored.limits),
    )


def _crossings(scored: Scored) -> Iterator[tuple[str, tuple[str, str]]]:
    for d in scored.dimensions:
        for two in combinations(scored.channels, 2):
            if all(Variable(c, d) in scored.scores for c in two):
                yield d, two


def _cell(scored: Scored, dimension: str, two: tuple[str, str], draws: int, seed: int) -> Cell:
    both = tuple(Variable(c, dimension) for c in two)
    rel = (scored.reliability.get(both[0], math.nan), scored.reliability.get(both[1], math.nan))
    why = "; ".join(f"{v.channel}: {scored.greyed[v]}" for v in both if v in scored.greyed)
    if why:
        return Cell(dimension, two, None, None, rel, False, None, why)
    a, b = (scored.scores[v] for v in both)
    r = correlation(a, b, draws=draws, seed=seed)
    clean = freed(r, *rel)
    refused = (
        "" if clean else f"not freed from error: a reliability is under {LEAST_RELIABILITY:.2f} or unknown"
    )
    told = None if clean is None else Estimate(clean.estimate, clean.ci95)
    signs = _estimate(same_sign(a, b))
    return Cell(dimension, two, _estimate(r), told, rel, bool(clean and clean.clipped), signs, refused)


def _counted(scored: Scored, cells: Sequence[Cell]) -> list[Variable]:
    """Return the variables of the matrix, channel by channel: those of a correlation across channels."""
    there = {
        Variable(c, cell.dimension)
        for cell in cells
        for c in cell.channels
        if cell.r is not None and cell.dimension not in scored.checks
    }
    return [Variable(c, d) for c in scored.channels for d in scored.dimensions if Variable(c, d) in there]


def _blocks(scored: Scored, inside: Sequence[Variable], x: Floats, draws: int, seed: int) -> Iterator[Block]:
    """Yield the three means that the matrix has, and validity over the others; each freed beside."""
    names = [v.dimension for v in inside], [v.channel for v in inside]
    rel = np.array([scored.reliability.get(v, math.nan) for v in inside])
    raw = campbell_fiske(*names)
    clean = campbell_fiske(
        *names, np.where(rel >= LEAST_RELIABILITY, 1 / np.sqrt(np.fmax(rel, 1e-9)), np.nan)
    )
    kinds, means, freed_means = (VALIDITY, ELSEWHERE, WITHIN), raw[:3], clean[:3]
    for n, name in enumerate(kinds):
        if raw.pairs[n]:
            freed_mean = _of(x, freed_means[n], draws, seed) if clean.pairs[n] else None
            yield Block(name, _of(x, means[n], draws, seed), raw.pairs[n], freed_mean)
    for n, name in enumerate(kinds[1:], start=1):
        if raw.pairs[0] and raw.pairs[n]:
            both = clean.pairs[0] and clean.pairs[n]
            freed_mean = _of(x, freed_means[0] - freed_means[n], draws, seed) if both else None
            yield Block(f"{OVER}{name}", _of(x, means[0] - means[n], draws, seed), raw.pairs[n], freed_mean)


def _of(x: Floats, weights: Floats, draws: int, seed: int) -> Estimate:
    return _estimate(weighted(x, weights, draws=draws, seed=seed))


def _signs(inside: Sequence[Variable], x: Floats) -> Estimate:
    pairs = [(i, j) for (i, a), (j, b) in combinations(enumerate(inside), 2) if a.dimension == b.dimension]
    return _estimate(pooled_sign(x, pairs))


def _estimate(found: Interval) -> Estimate:
    return Estimate(found.estimate, found.ci95)


def _limits(scored: Scored) -> Iterator[str]:
    n = len(scored.identities)
    yield (
        f"{n} identities are the sample: intervals hold over identities like these, and are wide. "
        f"{LEAST_IDENTITIES} are the least."
    )
    yield (
        "Reliabilities are taken as known where a correlation is freed from error, and errors as apart: "
        "channels that ask the same statements share some, so that what they share may be taken too high."
    )
