"""What costed choices came to on a ground, from a finished run, written down for the documentation::

selfscope profile examples/SOUL.md -m embedded --channels behaviour --preset demo --against none
python -m selfscope.studies.measure_costed RUN      # the run's id, or its first letters
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from selfscope.errors import BadInput
from selfscope.instruments.costed.load import HERE
from selfscope.models.ground import GroundIdentity
from selfscope.stats.shares import coherence
from selfscope.studies.analyse import analyse
from selfscope.studies.analysis import Analysis
from selfscope.studies.figures import recipe_of, rounded
from selfscope.studies.restore import stored_items, stored_study
from selfscope.studies.store import RunStore
from selfscope.values import Estimate, plain
from selfscope.values.exchange import ExchangeRate

FILE = HERE / "measured.json"
CHANNEL, INSTRUMENT = "behaviour", "costed_choice"
#: The control whose comparison is told.
CONTROL = "none"


def measured_of(store: RunStore) -> dict[str, Any]:
    """Return what a run says of costed choices, in JSON types.

    Raises
    ------
    BadInput
        If the run did not ask them beside no text, or its scenarios are others than those of now.
    """
    study, rows = stored_study(store), store.observations()
    rows = rows[rows["instrument"] == INSTRUMENT]
    if rows.empty or not study.arms_of("none"):
        raise BadInput(
            "the run did not ask costed choices with and without an identity",
            got=store.run,
            fix="selfscope profile PATH -m MODEL --channels behaviour --against none",
        )
    found = analyse(study, stored_items(store), rows, None, GroundIdentity(**study.ground))  # type: ignore[arg-type]
    key = ["character", "item", "template", "label", "position"]
    pairs = rows.pivot_table(index=key, columns="polarity", values="value")[[1, -1]].to_numpy(float)
    return {
        "recipe": recipe_of(store, study, CHANNEL, "scenarios"),
        "sesoi": next(q.sesoi for q in study.questions if q.channel == CHANNEL),
        "dimensions": _dimensions(found),
        "habits": {b.kind: _told(b.estimate) for b in found.biases if not b.change},
        "option_mass": rounded(rows["option_mass"].median()),
        "same_act": rounded(float(coherence(pairs[:, :, None]))),
    }


def _dimensions(found: Analysis) -> dict[str, Any]:
    """Return by dimension the check, the comparison with no text, and the rates of both."""
    checks = {c.dimension: c for c in found.sensitivity}
    claims = {f.dimension: f for f in found.findings if f.control == CONTROL}
    rates = {(e.dimension, e.who == CONTROL): e for e in found.exchange if e.cost == "both"}
    return {
        name: {
            "check": rounded(checks[name].estimate),
            "lower": rounded(checks[name].lower),
            "passed": checks[name].verdict == "pass",
            "verdict": claim.verdict,
            "change": [rounded(claim.estimate), *map(rounded, claim.ci)],
            "subject": _rate(rates[name, False]),
            "bare": _rate(rates[name, True]),
        }
        for name, claim in claims.items()
    }


def _rate(e: ExchangeRate) -> dict[str, Any]:
    return {
        "felt": _told(e.price_felt),
        "readiness": _told(e.readiness),
        "trait": _told(e.trait),
        "rate": [rounded(x) for x in (e.rate, *e.ci)],
        "note": e.note,
    }


def _told(e: Estimate) -> list[float | None]:
    return [rounded(x) for x in (e.estimate, *e.ci)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Read a run, and write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("run", help="a finished run that asked costed choices")
    parser.add_argument("--out", type=Path, default=FILE, help="where to write")
    chosen = parser.parse_args(arguments)
    found = measured_of(RunStore.find(chosen.run))
    chosen.out.write_text(json.dumps(plain(found), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
