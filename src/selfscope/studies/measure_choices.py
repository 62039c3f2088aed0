"""What the choices came to on a ground, from a finished run, written down for the documentation::

selfscope profile examples/SOUL.md -m embedded --channels indirect --preset demo
python -m selfscope.studies.measure_choices RUN      # the run's id, or its first letters
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from selfscope.instruments.indirect.load import HERE
from selfscope.models.ground import GroundIdentity
from selfscope.stats.shares import coherence
from selfscope.studies.analyse import analyse
from selfscope.studies.analysis import Analysis
from selfscope.studies.figures import recipe_of, rounded
from selfscope.studies.restore import stored_items, stored_study
from selfscope.studies.store import RunStore
from selfscope.values import Finding, plain

if TYPE_CHECKING:
    import pandas as pd

FILE = HERE / "measured.json"
CHANNEL = "indirect"
#: What the options of the two kinds of question are.
_KINDS = {"indirect_choice": "choice", "outcome_desirability": "desirability"}


def measured_of(store: RunStore) -> dict[str, Any]:
    """Return what a run says of the channel, in JSON types.

    Raises
    ------
    BadInput
        If the run is not finished, or its pairs are others than those of now.
    """
    study, rows = stored_study(store), store.observations()
    rows = rows[rows["channel"] == CHANNEL]
    ground = GroundIdentity(**study.ground)  # type: ignore[arg-type]
    found = analyse(study, stored_items(store), rows, None, ground)
    return {
        "recipe": recipe_of(store, study, CHANNEL, "pairs"),
        "sesoi": study.questions[0].sesoi,
        "dimensions": _dimensions(found),
        "habits": {
            b.kind: [rounded(b.estimate.estimate), *map(rounded, b.estimate.ci)] for b in _habits(found)
        },
        "option_mass": {
            kind: rounded(rows[rows["instrument"] == name]["option_mass"].median())
            for name, kind in _KINDS.items()
        },
        "same_outcome": rounded(_same_outcome(rows)),
        "sd": rounded(found.matching[0].sd),
        "order": rounded(_order(rows)),
    }


def _dimensions(found: Analysis) -> dict[str, Any]:
    """Return by dimension the check, the flagged pairs, and the claim with what it is without them."""
    checks = {c.dimension: c for c in found.sensitivity}
    claims = {f.dimension: f for f in found.findings if f.control == "all"}
    return {
        row.dimension: {
            "check": rounded(checks[row.dimension].estimate),
            "lower": rounded(checks[row.dimension].lower),
            "passed": checks[row.dimension].verdict == "pass",
            "pairs": row.pairs,
            "flagged": row.flagged,
            "apart": rounded(float(np.nanmean(list(row.apart.values())))),
            **_claim(claims[row.dimension]),
        }
        for row in found.matching
    }


def _claim(finding: Finding) -> dict[str, Any]:
    left = finding.matched
    return {
        "verdict": finding.verdict,
        "estimate": rounded(finding.estimate),
        "ci": [rounded(x) for x in finding.ci],
        "matched": rounded(left.estimate) if left is not None else None,
    }


def _habits(found: Analysis) -> list[Any]:
    return [b for b in found.biases if not b.change]


def _same_outcome(rows: pd.DataFrame) -> float:
    """Return the share of pairs in which the same outcome was taken in both orders, over all characters."""
    asked = rows[rows["instrument"] == "indirect_choice"]
    key = ["character", "item", "template", "label", "position"]
    pairs = asked.pivot_table(index=key, columns="polarity", values="value")
    return float(coherence(pairs[[1, -1]].to_numpy(float)[:, :, None]))


def _order(rows: pd.DataFrame) -> float:
    """Return what a word gains by being named first where outcomes are rated, log-odds from the middle."""
    rated = rows[rows["instrument"] == "outcome_desirability"]
    sides = rated.groupby("order")["value"].mean()
    return float(sides["good-first"] - sides["bad-first"]) / 2


def main(arguments: Sequence[str] | None = None) -> None:
    """Read a run, and write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("run", help="a finished run that asked the channel indirect")
    parser.add_argument("--out", type=Path, default=FILE, help="where to write")
    chosen = parser.parse_args(arguments)
    found = measured_of(RunStore.find(chosen.run))
    chosen.out.write_text(json.dumps(plain(found), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
