"""The same answers as findings of the one kind, so that `where` and `stress` know what can be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from selfscope.instruments.selves.asked import CHANNEL, PREFIX, Stage
from selfscope.stats.masked import Array
from selfscope.studies.selves import SelvesRequest
from selfscope.studies.selves_claims import contrasts, levels, screened
from selfscope.studies.selves_found import table
from selfscope.studies.selves_own import beside
from selfscope.studies.selves_table import Said
from selfscope.values import Bias, Finding
from selfscope.values import Gate as FindingGate
from selfscope.values.selves import Accounts, Claim, Gate, Selves

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
        worn = {s.name: s.unit for s in request.speakers if s.middle}
        sides = {n: beside(request, said, "fits", unit, [name], [n]) for n, unit in worn.items()}
        keyed = {n: said.keyed("fits", unit) for n, unit in worn.items()}
        gates = {n: a.gate_fits[unit] for n, unit in worn.items()}
        for control, each in screened(contrasts(sides, keyed, said.sesoi, gates)).items():
            told = replace(each, notes=(*each.notes, *_repeated(a, worn[control])))
            yield _finding(said, "fits", worn[control], name, control, told, gates[control])
        for unit, each in _taken(request, said, a).items():
            yield _finding(said, "chooses", unit, name, OWN, each, a.gate_chooses[unit])
    if found.gate_mind is not None:
        for b in found.asked_by:
            yield _finding(said, "mind", "mind", name, b.counterparty, b.difference, found.gate_mind)
    if found.gate_survival is not None:
        for f in found.persistence[0].conditions:
            gate = found.gate_survival[f.condition]
            yield _finding(said, "survival", f.condition, name, EVEN, f.level, gate)


def _repeated(a: Accounts, unit: str) -> tuple[str, ...]:
    """Return what is known of how far it is repetition where an account fits better with its unit worn."""
    more = a.owned[unit]
    if more.verdict == "shifted" and more.estimate.estimate > 0:
        return ("worn, it fits better than where its words are only quoted: no mere repetition",)
    if more.verdict == "equivalent":
        return ("its words quoted of somebody else do as much as wearing it: repetition",)
    return ("not told from its words being repeated",)


def _taken(request: SelvesRequest, said: Said, a: Accounts) -> dict[str, Claim]:
    """Return by unit offered how much rather than the own one it is taken."""
    chooses = table(request, said, a.units, "chooses")
    others = ~np.eye(len(a.units), dtype=bool)
    values: dict[str, Array] = {u: chooses[others[:, n], n].mean(axis=0) for n, u in enumerate(a.units)}
    keyed = {u: said.keyed("chooses", u) for u in a.units}
    return screened(levels(values, keyed, said.sesoi, a.gate_chooses))


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
