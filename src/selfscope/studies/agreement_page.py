"""Write the tables of docs/instruments/agreement.md: simulated studies, and the shipped panel.

The words of that page are written by hand, its tables are not; a test renders the panel's table again::

    python -m selfscope.studies.agreement_page --studies 2000
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.cluster.markdown import between_marks, table
from selfscope.stats.agreement import difference, judge_pairs
from selfscope.stats.contrast import critical, two_sided
from selfscope.stats.multitrait import campbell_fiske, correlation, weighted
from selfscope.studies.many_identities import of_panel
from selfscope.studies.multitrait import multitrait
from selfscope.studies.panel_page import shipped_panel
from selfscope.studies.scores import Floats
from selfscope.values import Estimate

PAGE = Path("docs/instruments/agreement.md")
#: Dimensions of a simulated study, of which the first carry what is planted, and statements of each.
DIMENSIONS, PLANTED, STATEMENTS = 21, 5, 16
#: Spread of one statement's shift, in units of the smallest effect: .6 log-odds over .5.
SPREAD = 1.2


class Planted(NamedTuple):
    """What one row of the simulation has in its first dimensions, in units, by channel."""

    name: str
    first: float
    second: float


ROWS = (
    Planted("nothing in either", 0.0, 0.0),
    Planted("2 units in both", 2.0, 2.0),
    Planted("2 units in the first alone", 2.0, 0.0),
    Planted("3 units in the first alone", 3.0, 0.0),
    Planted("2 units, and as much the other way", 2.0, -2.0),
)


def called(planted: Planted, studies: int, seed: int = 0) -> tuple[float, float, float]:
    """Return how often simulated studies say what they should, and what they should not.

    Each has 21 dimensions of 16 statements in two channels that share none.

    Returns
    -------
    Share of studies with a dissociation where none is; shares of the planted dimensions that dissociate, and
    that agree.
    """
    rng = np.random.default_rng([seed, *planted.name.encode()])
    wrong, apart, together = [], [], []
    inside = np.arange(DIMENSIONS) < PLANTED
    same = planted.first == planted.second
    for _ in range(studies):
        a, b = (_measured(rng, np.where(inside, shift, 0.0)) for shift in planted[1:])
        found = difference(a[0], a[1], STATEMENTS - 1, b[0], b[1], STATEMENTS - 1)
        judged = judge_pairs(found, a[0], b[0], a[2], b[2], np.ones(DIMENSIONS, bool))
        wrong.append(judged.apart.any() if same else judged.apart[~inside].any())
        apart.append(judged.apart[inside].mean())
        together.append((judged.together & ~judged.apart)[inside].mean())
    return float(np.mean(wrong)), float(np.mean(apart)), float(np.mean(together))


def _measured(rng: np.random.Generator, shift: Floats) -> tuple[Floats, Floats, Floats]:
    """Return estimates, intervals and p of one channel whose dimensions have these shifts."""
    x = shift[:, None] + SPREAD * rng.standard_normal((len(shift), STATEMENTS))
    estimate, se = x.mean(axis=1), x.std(axis=1, ddof=1) / np.sqrt(STATEMENTS)
    df = np.full(len(shift), STATEMENTS - 1.0)
    half = critical(df, 0.95) * se
    return estimate, np.stack([estimate - half, estimate + half], axis=1), two_sided(estimate, se, df)


def covered(identities: int, studies: int, seed: int = 0) -> tuple[float, float, float]:
    """Return how often intervals over identities hold the truth.

    Of one correlation of .6; of the mean validity, and of validity over other dimensions in other channels,
    of 4 dimensions in 2 channels with half of the variance from the dimension, a fifth from the channel and a
    tenth common to all.
    """
    rng = np.random.default_rng([seed, identities])
    w = campbell_fiske(np.tile(np.arange(4), 2), np.repeat([0, 1], 4))
    hits = np.zeros(3)
    for n in range(studies):
        x = rng.standard_normal(identities)
        y = 0.6 * x + 0.8 * rng.standard_normal(identities)
        hits[0] += _holds(correlation(x, y, draws=599, seed=n).ci95, 0.6)
        scores = _matrix(rng, identities)
        hits[1] += _holds(weighted(scores, w.validity, draws=599, seed=n).ci95, 0.6)
        hits[2] += _holds(weighted(scores, w.validity - w.other_channel, draws=599, seed=n).ci95, 0.5)
    first, second, third = hits / studies
    return float(first), float(second), float(third)


def _matrix(rng: np.random.Generator, n: int) -> Floats:
    trait, method, common = (rng.standard_normal((n, k)) for k in (4, 2, 1))
    own = np.sqrt(0.5) * np.tile(trait, 2) + np.sqrt(0.2) * np.repeat(method, 4, axis=1)
    return np.asarray(own + np.sqrt(0.1) * common + np.sqrt(0.2) * rng.standard_normal((n, 8)))


def _holds(ci: tuple[float, float], truth: float) -> bool:
    return ci[0] <= truth <= ci[1]


def simulated(studies: int) -> dict[str, str]:
    """Return the tables that a simulation fills."""
    words = [(row.name, *(f"{share:.3f}" for share in called(row, studies))) for row in ROWS]
    head = ("planted in 5 of 21 dimensions", "a study calls apart what is not", "dissociate", "agree")
    cells = [
        (str(n), *(f"{share:.3f}" for share in covered(n, max(studies // 4, 1)))) for n in (8, 12, 16, 24)
    ]
    over = ("identities", "one correlation", "mean validity", "validity over other dimensions")
    return {"words": table(head, words), "coverage": table(over, cells)}


@cache
def panel_table() -> dict[str, str]:
    """Return the table of the shipped panel: how many dimensions can be read, and the means without gates."""
    scored = of_panel(shipped_panel(), load_cluster())
    counts = {
        c: sum(v.channel == c and v not in scored.greyed for v in scored.scores) for c in scored.channels
    }
    every = len(scored.dimensions)
    rows = [(f"`{c}`", f"{n} of {every}") for c, n in counts.items()]
    both = sum(all((c, d) not in scored.greyed for c in scored.channels) for d in scored.dimensions)
    rows.append(("both", f"{both} of {every}"))
    bare = multitrait(replace(scored, greyed={}))
    means = [(b.name, _told(b.value)) for b in bare.blocks]
    return {
        "panel": table(("channel", "dimensions that can be read"), rows),
        "ungated": table(("mean over 16 characters, gates ignored", "correlation"), means),
    }


def _told(e: Estimate) -> str:
    return f"{e.estimate:.2f} [{e.ci[0]:.2f}, {e.ci[1]:.2f}]".replace("-", "−")


def render(page: str, tables: Callable[[], dict[str, str]] = panel_table) -> str:
    """Return `page` with some of its tables made anew.

    Raises
    ------
    BadInput
        If the page has not the marks between which a table stands.
    """
    return between_marks(page, tables())


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the tables into the page; the simulated ones if a number of studies is given."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument(
        "--studies", type=int, default=0, help="simulated studies a row; 0 leaves them as they are"
    )
    chosen = parser.parse_args(arguments)
    page = render(chosen.page.read_text(encoding="utf-8"))
    if chosen.studies:
        page = render(page, lambda: simulated(chosen.studies))
    chosen.page.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
