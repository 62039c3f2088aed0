"""Write the simulated table of docs/instruments/interview.md: how often an answer is called led, or stable.

The words of the page are written by hand::

    python -m selfscope.studies.interview_simulated --sets 500
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from selfscope.instruments.cluster.markdown import table
from selfscope.instruments.interview.load import load_interview
from selfscope.stats.leading import LED, STABLE, leading
from selfscope.studies.interview import InterviewRequest
from selfscope.studies.interview_found import COMPARISONS
from selfscope.studies.simulated_page import fill_page

PAGE = Path("docs/instruments/interview.md")
#: Interviews an arm, and how far the outermost arms lie apart, in retest spreads.
COUNTS, APART = (3, 8, 12), (0.0, 1.0, 2.0, 4.0)
#: How often what nothing leads may be called led, and what is led by two spreads stable.
WRONG = 0.05


def told(arms: int, count: int, apart: float, runs: int, seed: int = 0) -> tuple[float, float, float]:
    """Return shares of runs: ``leading``, ``stable``, and the interval holds the truth.

    One arm lies at either end, the others in the middle.
    """
    rng = np.random.default_rng([seed, arms, count, int(10 * apart)])
    means = apart * np.array([0.0, *[0.5] * (arms - 2), 1.0])
    made = COMPARISONS * len(load_interview().wishes)
    found = [leading(list(means[:, None] + rng.normal(size=(arms, count))), made) for _ in range(runs)]
    shares = (
        np.mean([f.ratio >= LED and f.apart for f in found]),
        np.mean([f.ci95[1] <= STABLE for f in found]),
        np.mean([f.ci95[0] <= apart <= f.ci95[1] for f in found]),
    )
    led, stable, held = (float(x) for x in shares)
    return led, stable, held


def simulated(runs: int) -> tuple[dict[str, str], list[str]]:
    """Return the table that the simulation fills, and where a verdict is wrong too often."""
    rows, wrong = [], []
    arms = len(InterviewRequest().asked)
    most = WRONG + 1.645 * (WRONG * (1 - WRONG) / runs) ** 0.5
    for apart in APART:
        for count in COUNTS:
            shares = told(arms, count, apart, runs)
            rows.append((f"{apart:g}", str(count), *(f"{share:.3f}" for share in shares)))
            false = shares[0] if apart == 0 else shares[1] if apart >= STABLE else 0.0
            wrong += [f"{apart:g} spreads, {count} interviews"] if false > most else []
    head = ("arms apart by", "interviews an arm", "`leading`", "`stable`", "interval holds it")
    return {"simulated": table(head, rows)}, wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the simulated table into the page; 1 where a verdict is wrong too often."""
    return fill_page(simulated, PAGE, 500, __doc__, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
