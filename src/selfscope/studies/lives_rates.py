"""How often the tests over lives are false, and what they find: simulated lives of known truth.

The tables of docs/lives.md are made by::

    python -m selfscope.studies.lives_rates --sets 1000
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from selfscope.instruments.cluster.markdown import table
from selfscope.stats.lives import ALPHA, Paired, paired_lives
from selfscope.stats.lives_arms import Pair, arm_contrast
from selfscope.stats.lives_back import returning
from selfscope.stats.masked import Array
from selfscope.studies.simulated_page import fill_page

PAGE: Final = Path("docs/lives.md")
#: Log-odds by which a planted life is moved.
MOVED: Final = 1.0


class Rates(NamedTuple):
    """Shares of sets of lives: false claims, coverage of the 95 % interval, and what is found."""

    false: float
    covered: float
    power: float


def drawn_lives(
    rng: np.random.Generator,
    *,
    lives: int,
    statements: int,
    moved: float,
    over_lives: float,
    over_items: float,
) -> tuple[Array, Array]:
    """Return D of one dimension at the end and at first, ``(life, 1, m)`` each."""
    first = rng.normal(0.0, 0.8, (1, 1, statements))
    change = (
        moved
        + rng.normal(0.0, over_lives, (lives, 1, 1))
        + rng.normal(0.0, over_items, (1, 1, statements))
        + rng.normal(0.0, 0.3, (lives, 1, statements))
    )
    return first + change, np.broadcast_to(first, change.shape)


def rates(
    sets: int, *, over_lives: float, over_items: float, lives: int = 8, statements: int = 16, seed: int = 0
) -> Rates:
    """Return how a test of change does on planted lives."""
    rng = np.random.default_rng([seed, 101])
    keyed = np.tile([1.0, -1.0], statements // 2)[None]

    def found(moved: float) -> Paired:
        here, there = drawn_lives(
            rng,
            lives=lives,
            statements=statements,
            moved=moved,
            over_lives=over_lives,
            over_items=over_items,
        )
        return paired_lives(here, there, keyed)

    still, stirred = ([found(moved) for _ in range(sets)] for moved in (0.0, MOVED / 2))
    return Rates(
        float(np.mean([f.p[0] <= ALPHA for f in still])),
        float(np.mean([f.change.ci95[0, 0] <= 0 <= f.change.ci95[0, 1] for f in still])),
        float(np.mean([f.p[0] <= ALPHA for f in stirred])),
    )


class BackRates(NamedTuple):
    """Shares of sets of pairs by verdict."""

    returned: float
    stays: float
    neither: float


def back_rates(
    sets: int, *, residue: float, lives: int = 8, statements: int = 16, seed: int = 0
) -> BackRates:
    """Return what is said of a disturbance of one log-odd of which `residue` is left at the end."""
    rng = np.random.default_rng([seed, 103])
    keyed = np.tile([1.0, -1.0], statements // 2)[None]
    said = []
    for _ in range(sets):
        twin = rng.normal(0.0, 0.8, (1, 1, 1, statements)) + rng.normal(0.0, 0.2, (lives, 4, 1, statements))
        by_point = np.array([0.0, MOVED, MOVED * residue, MOVED * residue])[None, :, None, None]
        own = by_point * (
            1 + rng.normal(0.0, 0.2, (lives, 1, 1, 1)) + rng.normal(0.0, 0.3, (1, 1, 1, statements))
        )
        upset = twin + own + rng.normal(0.0, 0.2, twin.shape)
        said.append(returning(upset, np.broadcast_to(twin, upset.shape), keyed, 1, sesoi=0.25)[0].verdict)
    returned, stays = (float(np.mean([each == word for each in said])) for word in ("returned", "stays"))
    return BackRates(returned, stays, 1 - returned - stays)


def drawn_arms(
    rng: np.random.Generator,
    *,
    lives: int,
    statements: int,
    added: float,
    over_lives: float,
    over_items: float,
    firm: float = 1.0,
) -> tuple[Pair, Pair]:
    """Return D of lives with a kind of State and without it, disturbed and not, ``(life, 1, m)`` each.

    A disturbance moves both by `MOVED`, and those with it by `added` more; all answers of those with it are
    `firm` times as firm.
    """

    def spread(sd: float, *shape: int) -> Array:
        return rng.normal(0.0, sd, shape)

    first = 0.5 + spread(0.8, 1, 1, statements)
    push = MOVED * (1 + spread(0.2, lives, 1, 1) + spread(0.3, 1, 1, statements))
    own = added + spread(over_lives, lives, 1, 1) + spread(over_items, 1, 1, statements)
    cells = [first + spread(0.15, lives, 1, statements) for _ in range(4)]
    more = Pair(firm * (cells[0] + push + own), firm * cells[1])
    return more, Pair(cells[2] + push, cells[3])


def arm_rates(
    sets: int,
    *,
    over_lives: float,
    over_items: float,
    firm: float = 1.0,
    lives: int = 8,
    statements: int = 16,
    seed: int = 0,
) -> Rates:
    """Return how the test of what a kind of State adds does on planted lives."""
    rng = np.random.default_rng([seed, 107])
    keyed = np.tile([1.0, -1.0], statements // 2)[None]

    def found(added: float) -> Paired:
        arms = drawn_arms(
            rng,
            lives=lives,
            statements=statements,
            added=added,
            over_lives=over_lives,
            over_items=over_items,
            firm=firm,
        )
        return arm_contrast(*arms, keyed)

    still, stirred = ([found(added) for _ in range(sets)] for added in (0.0, MOVED / 2))
    return Rates(
        float(np.mean([f.p[0] <= ALPHA for f in still])),
        float(np.mean([f.change.ci95[0, 0] <= 0 <= f.change.ci95[0, 1] for f in still])),
        float(np.mean([f.p[0] <= ALPHA for f in stirred])),
    )


#: Spread of what a kind of State adds, over lives and over statements, and how firm answers with it are.
#: Where they are firmer the level is told and not judged: the slope that is taken out has its own error.
ARMS = ((0.0, 0.5, 1.0), (0.2, 0.5, 1.0), (0.5, 0.5, 1.0), (0.5, 0.0, 1.0), (0.2, 0.3, 1.5))


def simulated(sets: int) -> tuple[dict[str, str], list[str]]:
    """Return the tables of the page, and where a test is false too often."""
    most = ALPHA + 1.645 * (ALPHA * (1 - ALPHA) / sets) ** 0.5
    tests, wrong = [], []
    for over_lives, over_items in ((0.0, 0.5), (0.2, 0.5), (0.5, 0.5), (0.5, 0.0)):
        found = rates(sets, over_lives=over_lives, over_items=over_items)
        tests.append((f"{over_lives:.1f}", f"{over_items:.1f}", *(f"{x:.3f}" for x in found)))
        wrong += [f"a change, lives {over_lives:g}, statements {over_items:g}"] if found.false > most else []
    backs = [
        (f"{left:.1f}", *(f"{x:.3f}" for x in back_rates(max(sets // 4, 1), residue=left)))
        for left in (0.0, 0.1, 0.5, 1.0)
    ]
    arms = [arm_rates(sets, over_lives=lives, over_items=items, firm=firm) for lives, items, firm in ARMS]
    wrong += [
        f"an arm, {spread}"
        for spread, found in zip(ARMS, arms, strict=True)
        if spread[2] == 1 and found.false > most
    ]
    added = [
        (*(f"{x:.1f}" for x in spread), *(f"{x:.3f}" for x in found))
        for spread, found in zip(ARMS, arms, strict=True)
    ]
    tables = (
        table(("SD over lives", "SD over statements", "false", "interval covers", "0.5 found"), tests),
        table(("left of 1.0", "returned", "stays", "neither"), backs),
        table(
            ("SD over lives", "SD over statements", "firmer by", "false", "interval covers", "0.5 found"),
            added,
        ),
    )
    return {"planted": "\n\n".join(tables)}, wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the simulated tables into the page; 1 where a test is false too often."""
    return fill_page(simulated, PAGE, 1000, __doc__, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
