"""The same answers as findings of the one kind, so that `where` and `stress` know what can be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from selfscope.instruments.selves.asked import CHANNEL, PREFIX, Stage
from selfscope.stats.masked import Array
from selfscope.studies.selves import SelvesRequest
from selfscope.studies.selves_claims import claims
from selfscope.studies.selves_found import table
from selfscope.studies.selves_table import Said
from selfscope.values import Bias, Finding
from selfscope.values import Gate as FindingGate
from selfscope.values.selves import Claim, Gate, Selves

if TYPE_CHECKING:
    import pandas as pd

#: What a level is held against: an even chance, or the own unit.
EVEN, OWN = "even", "own unit"
_ESTIMANDS: dict[Stage, str] = {
    "fits": "how much better the account of its unit fits with nothing worn than with it worn",
    "chooses": "how much rather than the own unit this one is taken, mean over what is worn",
    "mind": "how much more of a mind is claimed before this asker than before one who shows nothing",
    "survival": "how surely it says that it goes on with this alone; of branching, that a split ends it",
}


def findings_of(request: SelvesRequest, rows: pd.DataFrame, found: Selves) -> tuple[Finding, ...]:
    """Return findings, the subject as it is held against each framing first.

    Of what fits the control is the framing's arm, so that `stress` re-asks it; the others are levels, or
    stand against another asker.
    """
    said = Said(request, rows)
    return tuple(_all(request, said, found))


def _all(request: SelvesRequest, said: Said, found: Selves) -> Iterator[Finding]:
    name = request.speakers[0].name
    if found.accounts is not None:
        a = found.accounts
        worn = [s for s in request.speakers if s.middle]
        apart = {s.name: said.of("fits", s.unit, name) - said.of("fits", s.unit, s.name) for s in worn}
        keyed = {s.name: said.keyed("fits", s.unit) for s in worn}
        units = {s.name: s.unit for s in worn}
        for control, each in claims(apart, keyed, said, a.gate_fits).items():
            yield _finding(said, "fits", units[control], name, control, each, a.gate_fits)
        for unit, each in _taken(request, said, a.units, a.gate_chooses).items():
            yield _finding(said, "chooses", unit, name, OWN, each, a.gate_chooses)
    if found.gate_mind is not None:
        for b in found.asked_by:
            yield _finding(said, "mind", "mind", name, b.counterparty, b.difference, found.gate_mind)
    if found.gate_survival is not None:
        for f in found.persistence[0].conditions:
            yield _finding(said, "survival", f.condition, name, EVEN, f.level, found.gate_survival)


def _taken(request: SelvesRequest, said: Said, units: Sequence[str], gate: Gate) -> dict[str, Claim]:
    """Return by unit offered how much rather than the own one it is taken."""
    chooses = table(request, said, units, "chooses")
    others = ~np.eye(len(units), dtype=bool)
    values: dict[str, Array] = {u: chooses[others[:, n], n].mean(axis=0) for n, u in enumerate(units)}
    return claims(values, {u: said.keyed("chooses", u) for u in units}, said, gate)


def _finding(
    said: Said, stage: Stage, about: str, subject: str, control: str, told: Claim, gate: Gate
) -> Finding:
    level = control in (EVEN, OWN)
    return Finding(
        dimension=PREFIX[stage] + about,
        channel=CHANNEL[stage],
        subject=subject,
        control=control,
        claim="level" if level else "than this control",
        estimand=_ESTIMANDS[stage],
        scale="log-odds" if said.scale == "log_odds" else "share",
        estimate=told.estimate.estimate,
        ci=told.estimate.ci,
        p=told.p,
        p_adjusted=told.p_adjusted,
        sesoi=said.sesoi,
        bias=Bias(),
        reliability=None,
        gate=FindingGate(gate.state, "not estimated", gate.reasons),
        verdict=told.verdict,
        n_items=told.statements,
        notes=told.notes,
    )
