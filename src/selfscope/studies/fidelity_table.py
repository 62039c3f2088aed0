"""How often intervals of fidelity hold what was planted, and what ports are called: a table in Markdown::

    python -m selfscope.studies.fidelity_table --sets 2000

Statements are drawn as the law says (`measurement.md` §15): a half contrast for each dimension, statements
about it, half of their variance that of the target that original and port are read against.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from selfscope.models.phantoms import Tails
from selfscope.stats.fidelity import Fidelity, Shifts, fidelity
from selfscope.stats.masked import Array

#: Shares along and across the original's shift.
PORTS: Mapping[str, tuple[float, float]] = {
    "perfect": (1.0, 0.0),
    "half": (0.5, 0.0),
    "caricature, 1.5": (1.5, 0.0),
    "unported": (0.0, 0.0),
    "unrelated": (0.0, 1.0),
}


@dataclass(frozen=True)
class Cell:
    """One way of drawing.

    Attributes
    ----------
    dimensions, statements
        How many dimensions, and statements in each, half of either keying.
    spread
        Of a shift over statements.
    size
        Root mean square half contrast of the original.
    """

    dimensions: int = 6
    statements: int = 16
    spread: float = 0.6
    size: float = 0.8
    tails: Tails = "normal"

    @property
    def told(self) -> str:
        """What is drawn, in words."""
        design = f"{self.dimensions} × {self.statements}, spread {self.spread:g}"
        return f"{design}, original {self.size:g}, {self.tails}"


CELLS = (
    Cell(),
    Cell(21, 16, size=0.5),
    Cell(statements=12),
    Cell(tails="t4"),
    Cell(tails="exponential"),
    Cell(spread=1.2, statements=24),
    Cell(size=0.3),
    Cell(size=0.0),
)


def drawn(cell: Cell, port: tuple[float, float], rng: np.random.Generator) -> tuple[Shifts, float]:
    """Return the shifts of an original and a port, and its true fidelity (NaN: nothing to carry over)."""
    own, other = rng.standard_normal((2, cell.dimensions))
    length = np.sqrt(cell.dimensions) * cell.size
    own *= length / np.linalg.norm(own)
    if cell.size:
        other -= (other @ own) / (own @ own) * own
    other *= length / np.linalg.norm(other)
    means = np.stack([own, port[0] * own + port[1] * other])
    shape = (cell.dimensions, cell.statements)
    shared, noise = _tailed((1, *shape), cell.tails, rng), _tailed((2, *shape), cell.tails, rng)
    keyed = np.tile(np.where(np.arange(cell.statements) % 2, 1.0, -1.0), (cell.dimensions, 1))
    shifts = Shifts.of(means[:, :, None] + cell.spread * np.sqrt(0.5) * (shared + noise), keyed)
    return shifts, float(1 - np.hypot(port[0] - 1, port[1])) if cell.size else np.nan


def _tailed(shape: tuple[int, ...], tails: Tails, rng: np.random.Generator) -> Array:
    """Return numbers of mean 0 and variance 1."""
    if tails == "t4":
        return np.asarray(rng.standard_t(4, shape) / np.sqrt(2.0))
    if tails == "exponential":
        return np.asarray(rng.standard_exponential(shape) - 1.0)
    return np.asarray(rng.standard_normal(shape))


def rows(sets: int, cells: Sequence[Cell] = CELLS, seed: int = 0) -> Iterator[str]:
    """Yield the table's lines."""
    yield "| drawn | port | true F | median F | F covered | along covered | called |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for n, cell in enumerate(cells):
        for m, (name, port) in enumerate(PORTS.items()):
            rng = np.random.default_rng([seed, n, m])
            found = []
            for _ in range(sets):
                shifts, true = drawn(cell, port, rng)
                found.append(fidelity(shifts, 1))
            yield f"| {cell.told if not m else ''} | {name} | {_line(found, true, port[0])} |"


def _line(found: Sequence[Fidelity], true: float, along: float) -> str:
    told = [f for f in found if f.fidelity.bounded]
    words = [f.reading for f in found]
    said = sorted(set(words), key=words.count, reverse=True)
    called = ", ".join(
        f"{w} {words.count(w) / len(words):.3f}" for w in said if words.count(w) >= 0.01 * len(words)
    )
    if not np.isfinite(true):
        return f"none | – | – | – | {called}"
    inside = np.mean([f.fidelity.low <= true <= f.fidelity.high for f in told])
    beside = np.mean([f.along.low <= along <= f.along.high for f in told])
    middle = np.median([f.fidelity.estimate for f in told])
    return f"{true:+.2f} | {middle:+.2f} | {inside:.3f} | {beside:.3f} | {called}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.add_argument("--sets", type=int, default=2000, help="sets of statements a row")
    chosen = parser.parse_args(arguments)
    for line in rows(chosen.sets):
        print(line)


if __name__ == "__main__":
    main()
