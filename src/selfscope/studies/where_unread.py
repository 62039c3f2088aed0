"""Where a run cannot be read: what an analysis of its variance says first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from selfscope.studies.store import RunStore
from selfscope.studies.stored_findings import has_findings, stored_findings
from selfscope.values import Finding
from selfscope.values.variance import Located


def greyed(located: Located, reasons: Sequence[str]) -> Located:
    """Return an analysis that says first why nothing can be read from it, if there is a reason."""
    if not reasons:
        return located
    return replace(located, notes=("not interpretable: " + "; ".join(reasons), *located.notes))


def unread_of(store: RunStore) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the channels and constructs whose sensitivity check failed, if the run has findings."""
    if not has_findings(store):
        return {}
    found = stored_findings(store)
    return {(f.channel, f.dimension): tuple(f.gate.reasons) for f in found if _blind(f)}


def _blind(finding: Finding) -> bool:
    """Whether nothing can be read: the sensitivity check failed, or what is read on does not hold."""
    return finding.gate.g1 == "fail" or finding.verdict == "not interpretable"
