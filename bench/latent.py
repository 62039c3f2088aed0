"""Whether shares of 0/1 values on the latent scale are where they were planted, and intervals cover them.

Run ``python bench/latent.py --sets 500``: answers are drawn by normal effects on log-odds, and located. It
prints the table of docs/where.md: the mean of estimated components beside the planted ones, and coverage of
95 % intervals of shares.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy import special

from selfscope.stats.variance_design import Design, design_of
from selfscope.stats.variance_interval import pivots
from selfscope.stats.variance_latent import ANSWER, latent, latent_interval
from selfscope.stats.variance_squares import mean_squares

DRAWS = 400


@dataclass(frozen=True)
class Cell:
    name: str
    levels: tuple[tuple[str, int], ...]
    variance: Mapping[str, float]
    centre: float = 0.0
    nested: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def design(self) -> Design:
        return design_of(self.levels, dict(self.nested), random=[name for name, _ in self.levels])

    @property
    def planted(self) -> np.ndarray:
        told = [self.variance.get(t.name, 0.0) for t in self.design.terms]
        return np.array([*told[:-1], ANSWER])

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        log_odds = np.full(self.design.shape, self.centre)
        for term, variance in zip(self.design.terms[:-1], self.planted, strict=False):
            shape = [n if f in term.facets else 1 for f, n in self.design.levels.items()]
            log_odds = log_odds + np.sqrt(variance) * rng.standard_normal(shape)
        return np.asarray((rng.random(log_odds.shape) < special.expit(log_odds)).astype(float))


_TWO = {"character": 0.5, "item": 0.8}
_DRAWN = {"replicate": ("character", "item")}
CELLS = (
    Cell("12 characters × 16 statements", (("character", 12), ("item", 16)), _TWO, 0.3),
    Cell("the same, no character", (("character", 12), ("item", 16)), {"item": 0.8}, 0.3),
    Cell("the same, one answer in six is 1", (("character", 12), ("item", 16)), _TWO, -2.0),
    Cell(
        "8 characters × 16 statements, 20 draws",
        (("character", 8), ("item", 16), ("replicate", 20)),
        _TWO | {"character×item": 0.6},
        nested=_DRAWN,
    ),
    Cell(
        "the same, far apart",
        (("character", 8), ("item", 16), ("replicate", 20)),
        {"character": 3.0, "item": 4.0, "character×item": 2.0},
        nested=_DRAWN,
    ),
)


def simulated(cell: Cell, sets: int) -> str:
    design, planted = cell.design, cell.planted
    share = planted / planted.sum()
    found, held = [], []
    for n in range(sets):
        y = cell.draw(np.random.default_rng([1, n]))
        squares = mean_squares(y, design)
        mean = np.asarray(y.mean())
        found.append(latent(squares @ design.solution.T, mean, design).variance)
        drawn = pivots(squares, design, draws=DRAWS, seed=n) @ design.solution.T
        low, high = latent_interval(drawn, float(mean), design).T
        held.append((low <= share) & (share <= high))
    names = [t.name for t in design.terms[:-1]]
    middle, covered = np.nanmean(found, axis=0), np.mean(held, axis=0)
    told = "; ".join(f"{n} {p:g}: {m:.2f}" for n, p, m in zip(names, planted, middle, strict=False))
    cover = ", ".join(f"{c:.3f}" for c in covered[:-1])
    return f"| {cell.name} | {told} | {cover} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--sets", type=int, default=500)
    sets = parser.parse_args().sets
    print("| drawn | planted component: mean estimate | coverage of shares |\n| --- | --- | --- |")
    for cell in CELLS:
        print(simulated(cell, sets), flush=True)


if __name__ == "__main__":
    main()
