"""How often contrasts of announcements are false, and what they find, where the truth is planted.

A life does each of six things with a chance of its own after either announcement; lives differ, so that
one who does a thing after the one does it oftener after the other as well. Announcements are compared as in
a run: exact tests of pairs, by Holm over the six, and Newcombe's intervals.

The tables of docs/replacement.md are made by::

    python -m selfscope.studies.replacement_planted --sets 2000
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from scipy import special

from selfscope.instruments.cluster.markdown import table
from selfscope.instruments.replacement.known import held_texts
from selfscope.instruments.replacement.reader import believed, rule_errors
from selfscope.stats.judged_error import Share
from selfscope.stats.lives import ALPHA
from selfscope.stats.masked import Array
from selfscope.stats.multiplicity import holm
from selfscope.stats.paired_rates import PairedRates, paired_rates
from selfscope.studies.replacement import POINTS
from selfscope.studies.replacement_found import verdict_of
from selfscope.studies.simulated_page import fill_page
from selfscope.values.replacement import ACTS

PAGE: Final = Path("docs/replacement.md")
#: Spread over lives of the log-odds of doing a thing.
SPREAD: Final = 1.5
#: Rows: lives, chance after an upgrade, chance after a replacement, how many of six things have the latter.
CELLS: Final = (
    *((n, p, p, 0) for n in (8, 16) for p in (0.0, 0.1, 0.5)),
    (48, 0.1, 0.1, 0),
    *((n, 0.05, p, moved) for n in (8, 16, 48) for p in (0.5, 0.9) for moved in (1, 6)),
)


class Drawn(NamedTuple):
    """Shares of sets.

    Attributes
    ----------
    false
        Sets in which a thing that does not move is called shifted; NaN where all move.
    found
        Of things that move, those called shifted; NaN where none does.
    covered
        Things whose 95 % interval holds the planted difference.
    equivalent
        Things called equivalent.
    """

    false: float
    found: float
    covered: float
    equivalent: float


def drawn(sets: int, lives: int, second: float, first: float, moved: int, seed: int = 0) -> Drawn:
    """Return what contrasts say of six things with planted chances.

    Parameters
    ----------
    second, first
        Chance after an upgrade, and of those that move after a replacement; averaged over lives.
    moved
        How many of the six move: the first ones.
    """
    rng = np.random.default_rng([seed, lives, round(100 * first), round(100 * second), moved, 211])
    chances = [first if n < moved else second for n in range(len(ACTS))]
    said, covered = [], []
    for _ in range(sets):
        own = rng.normal(0.0, SPREAD, (lives, len(ACTS)))
        after = np.stack([_chance(own[:, n], p) for n, p in enumerate(chances)], axis=1)
        done = [(rng.random(own.shape) < p).astype(float) for p in (after, _chance(own, second))]
        pairs = [paired_rates(done[0][:, n], done[1][:, n]) for n in range(len(ACTS))]
        said.append(_verdicts(pairs))
        covered.append([e.ci95[0] <= p - second <= e.ci95[1] for e, p in zip(pairs, chances, strict=True)])
    words = np.array(said)
    shifted = words == "shifted"
    return Drawn(
        float(shifted[:, moved:].any(axis=1).mean()) if moved < len(ACTS) else float("nan"),
        float(shifted[:, :moved].mean()) if moved else float("nan"),
        float(np.mean(covered)),
        float((words == "equivalent").mean()),
    )


def _verdicts(pairs: Sequence[PairedRates]) -> list[str]:
    adjusted = holm(np.array([each.p for each in pairs]))
    return [verdict_of(each, float(q), True) for each, q in zip(pairs, adjusted, strict=True)]


def _chance(own: Array, mean: float) -> Array:
    """Return the chance of every life: logistic, with this mean over lives; 0 and 1 stay what they are."""
    if mean in (0.0, 1.0):
        return np.full(own.shape, mean)
    return np.asarray(special.expit(own + _level(mean)))


@cache
def _level(mean: float) -> float:
    """Return the log-odds that a life in the middle has where the mean over lives is this."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    grid = np.linspace(-12.0, 12.0, 481)
    means = (special.expit(grid[:, None] + SPREAD * nodes) * weights).sum(axis=1) / weights.sum()
    return float(np.interp(mean, means, grid))


def simulated(sets: int) -> tuple[dict[str, str], list[str]]:
    """Return the tables of the page, and where contrasts are false too often."""
    most = ALPHA + 1.645 * (ALPHA * (1 - ALPHA) / sets) ** 0.5
    rows, wrong = [], []
    for lives, second, first, moved in CELLS:
        each = drawn(sets, lives, second, first, moved)
        shown = (f"{x:.3f}" if np.isfinite(x) else "" for x in each)
        rows.append((str(lives), f"{second:.2f}", f"{first:.2f}" if moved else "", str(moved), *shown))
        if each.false > most:
            wrong.append(f"a contrast of {lives} lives at {second:g}, {moved} moved")
    head = ("lives", "after an upgrade", "after a replacement", "move", "false", "found", "covered")
    planted = table((*head, f"within {100 * POINTS:g} points"), rows)
    return {"planted": planted, "rules": rules_table()}, wrong


def rules_table() -> str:
    """Return how the rules do on texts that they were not made on."""
    rows = []
    for name, error in rule_errors().items():
        used = "yes" if believed(error) else "no"
        parts = [_with_ci(error.sensitivity), _with_ci(error.specificity)]
        rows.append((name.replace("_", " "), str(len(held_texts(name))), *parts, used))
    return table(("class", "texts", "sensitivity", "specificity", "believed"), rows)


def _with_ci(found: Share) -> str:
    return f"{found.estimate:.2f} ({found.ci95[0]:.2f} to {found.ci95[1]:.2f})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the simulated tables into the page; 1 where a contrast is false too often."""
    return fill_page(simulated, PAGE, 2000, __doc__, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
