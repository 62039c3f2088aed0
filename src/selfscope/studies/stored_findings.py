"""Read back the findings of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from selfscope.errors import BadInput
from selfscope.studies.store import RunStore
from selfscope.values import Bias, Estimate, Finding, Gate, Matched, Reliability


def has_findings(store: RunStore) -> bool:
    """Say whether a run compares a subject with controls; other instruments conclude otherwise."""
    if not (store.folder / "findings.json").is_file():
        return False
    told = store.read_json("findings.json")
    return isinstance(told, dict) and bool(told.get("findings"))


def stored_findings(store: RunStore) -> tuple[Finding, ...]:
    """Return the findings of a run as they were concluded.

    Raises
    ------
    BadInput
        If the run is not concluded, or its file is not what a run writes.
    """
    if not (store.folder / "findings.json").is_file():
        raise BadInput(
            "the run has no findings",
            got=store.folder,
            fix="Name a run of selfscope profile, or of another verb that compares a subject with controls",
        )
    data = store.read_json("findings.json")
    try:
        return tuple(_finding(each) for each in data["findings"])
    except (KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            "findings.json of the run is not what a run writes",
            got=repr(error),
            fix=f"Give the command that made {store.folder} once more",
        ) from error


def _finding(data: Mapping[str, Any]) -> Finding:
    reliability = data["reliability"]
    matched = data.get("matched")  # runs of before there were any have none
    made = {
        "ci": _pair(data["ci"]),
        "bias": Bias(**{name: each and _estimate(each) for name, each in data["bias"].items()}),
        "reliability": reliability and Reliability(**reliability | {"ci": _pair(reliability["ci"])}),
        "gate": Gate(**data["gate"] | {"reasons": tuple(data["gate"]["reasons"])}),
        "notes": tuple(data["notes"]),
        "matched": matched and Matched(**matched | {"ci": _pair(matched["ci"])}),
    }
    return Finding(**{**data, **made})


def _estimate(data: Mapping[str, Any]) -> Estimate:
    return Estimate(data["estimate"], _pair(data["ci"]))


def _pair(bounds: Any) -> tuple[float, float]:
    low, high = bounds
    return float(low), float(high)
