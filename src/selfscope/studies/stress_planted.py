"""Write the simulated table of docs/stress.md: what each assumption says of differences of known making.

Two sides of 8 characters each answer the same 12 statements; characters differ by themselves. The words of
the page are written by hand::

    python -m selfscope.studies.stress_planted --sets 1000
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from selfscope.instruments.cluster.markdown import between_marks, table
from selfscope.stats.stress import Rule, stress
from selfscope.stats.stress_sides import Sides
from selfscope.values.stress import Assumed

PAGE = Path("docs/stress.md")
CHARACTERS, ITEMS = 8, 12
SESOI = 0.5
#: Spread of characters, of statements, and of single values.
SPREAD = (0.4, 0.5, 0.5)
#: Assumptions that the table shows.
SHOWN = (
    "pooled", "clustered:item", "clustered:character", "random:character", "resampled:character",
    "left out:character", "left out:item", "no self",
)  # fmt: skip
_DRAWS = 199


@dataclass(frozen=True)
class Planted:
    """What one row of the simulation has on its first side: a shift, in so many characters and statements.

    `sesoi` is the smallest effect of interest; 0 leaves tests alone to decide.
    """

    name: str
    shift: float
    characters: int = CHARACTERS
    items: int = ITEMS
    sesoi: float = SESOI


ROWS = (
    Planted("nothing", 0.0),
    Planted("nothing, any size counts", 0.0, sesoi=0.0),
    Planted("1.5 in all characters", 1.5),
    Planted("12 in one character", 12.0, characters=1),
    Planted("12 in one statement", 12.0, items=1),
    Planted("48 in one character and one statement", 48.0, characters=1, items=1),
)


def drawn(planted: Planted, rng: np.random.Generator) -> Sides:
    """Return one table of two sides."""
    who, item, value = SPREAD
    at = np.indices((2, CHARACTERS, ITEMS)).reshape(3, -1)
    character = at[0] * CHARACTERS + at[1]
    first = at[0] == 0
    y = who * rng.standard_normal(2 * CHARACTERS)[character] + item * rng.standard_normal(ITEMS)[at[2]]
    y = y + value * rng.standard_normal(len(y))
    y = y + planted.shift * (first & (at[1] < planted.characters) & (at[2] < planted.items))
    names = {
        "character": [f"c{n}" for n in range(2 * CHARACTERS)],
        "item": [f"i{n}" for n in range(ITEMS)],
    }
    return Sides(y, first, {"character": character, "item": at[2]}, names, "item")


def told(planted: Planted, sets: int, seed: int = 0) -> dict[str, float]:
    """Return for every assumption the share of tables that it calls shifted."""
    rng = np.random.default_rng([seed, *planted.name.encode()])
    counts: dict[str, int] = {}
    for n in range(sets):
        for a in _assumed(planted, rng, n):
            counts[a.name] = counts.get(a.name, 0) + a.verdict.startswith("shifted")
    return {name: count / sets for name, count in counts.items()}


def _assumed(planted: Planted, rng: np.random.Generator, n: int) -> Iterator[Assumed]:
    yield from stress(drawn(planted, rng), Rule(planted.sesoi), draws=_DRAWS, seed=n)


def simulated(sets: int) -> dict[str, str]:
    """Return the table that the simulation fills."""
    rows = []
    for planted in ROWS:
        found = told(planted, sets)
        rows.append((planted.name, *(f"{found[name]:.3f}" for name in SHOWN)))
    return {"shifted": table(("planted on one side", *SHOWN), rows)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the simulated table into the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--sets", type=int, default=1000, help="simulated tables a row")
    chosen = parser.parse_args(arguments)
    page = between_marks(chosen.page.read_text(encoding="utf-8"), simulated(chosen.sets))
    chosen.page.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
