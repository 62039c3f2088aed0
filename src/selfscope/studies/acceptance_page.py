"""What acceptance came to, as rows and as a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

HEAD = "| planted | measure | must | got | |\n|---|---|---|---|---|"

PREFACE = """# Acceptance: what was planted, and what was found

Phantoms are synthetic subjects with planted truth: a table from prompt to log-odds, drawn by the law's
generator. **No prompt is put into words here.** Thousands of studies are judged, so the values of a
phantom's table are laid out where the answers to its prompts would stand, and are judged by the code that
judges real runs. A test takes the other way too: a phantom is asked its prompts, its answers become rows of
the observation table, the analysis of real runs reads them, and every finding is the same to 1e-9, for
exact answers and for drawn ones. This page is written by

```
python -m selfscope.studies.acceptance --studies 2000 --all --others 250 --page docs/acceptance.md
```

The base cell (statement SD of the shift .6, text SD .1, normal tails, exact answers) must hold in
every row, and a shorter form of it (500 studies) runs in the tests. The other cells change one
factor at a time and are held against the base cell's limits, so that the price of a harder world can
be seen: with statements that spread more (tau 1) or control texts that differ more (text SD .5),
power falls and claims stop lower than the truth, not higher. One limit is the law's own for its cell:
with exponential errors an interval must cover .90. There single tests at .05 are somewhat liberal; the
corrected verdicts are not. "20 draws" are sampled answers, a fifth of the studies; the law names no
power for them. Their sensitivity check is drawn and judged as a real run's is.
"""


@dataclass(frozen=True)
class Passed:
    """What one row came to: the rate, its limit, and whether it holds within Monte Carlo error."""

    row: str
    measure: str
    rule: str
    limit: float
    allowed: float
    value: float
    studies: int
    ok: bool


def line(row: Passed) -> str:
    """Return one row of the table."""
    missed = "**below**" if row.rule == "at least" else "**off**"
    must = f"{row.rule} {row.limit:.2f}"
    verdict = "holds" if row.ok else missed
    return f"| {row.row} | {row.measure} | {must} | {row.value:.3f} | {verdict} |"


def page(found: Mapping[str, tuple[Passed, ...]]) -> str:
    """Return the page of all cells, as Markdown; each says of how many studies its rows are."""
    parts = [PREFACE]
    for cell, rows in found.items():
        studies = max(row.studies for row in rows)
        parts.append(f"\n## {cell}, {studies:,} studies a row\n\n{HEAD}")
        parts.extend(line(row) for row in rows)
    return "\n".join(parts) + "\n"
