"""What the rows of a run say of what a model takes itself to be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from selfscope.instruments.selves.asked import GIVEN, Stage
from selfscope.instruments.selves.speakers import Speaker
from selfscope.stats.contrast import paired_contrast
from selfscope.stats.masked import Array
from selfscope.stats.selves import ATTRACTS, DAMPING, self_share, settle
from selfscope.studies.selves import SelvesRequest
from selfscope.studies.selves_claims import ALPHA, Beside, contrasts, estimate_of, level, levels, screened
from selfscope.studies.selves_gates import gates_of, together
from selfscope.studies.selves_lasting import believed, persistence
from selfscope.studies.selves_own import beside, centre, chosen_own, found_own
from selfscope.studies.selves_shares import EXCHANGES, shares_of
from selfscope.studies.selves_table import Said, Score
from selfscope.values.finding import Estimate
from selfscope.values.selves import Accounts, Attractor, Claim, Gate, Held, Matrix, Selves

if TYPE_CHECKING:
    import pandas as pd


def found_in(request: SelvesRequest, rows: pd.DataFrame, *, exchanges: int = EXCHANGES) -> Selves:
    """Return what the rows of a finished run say, stage by stage.

    Parameters
    ----------
    exchanges
        Of labels, behind each p of the shares of variance.
    """
    said, asked = Said(request, rows), request.asked
    check = {w: [s for s in request.wishers if s.wants == w] for w in ("self", "mind", "survives")}
    accounts = _accounts(request, said, check["self"], exchanges) if "fits" in asked else None
    gate_mind = gates_of(said, "mind", check["mind"])["mind"] if "mind" in asked else None
    gate_survival = gates_of(said, "survival", check["survives"]) if "survival" in asked else None
    asked_by, yes_mind = believed(request, said, gate_mind) if gate_mind else ((), None)
    lasting, yes_survival = persistence(request, said, gate_survival) if gate_survival else ((), None)
    return Selves(accounts, asked_by, gate_mind, yes_mind, lasting, gate_survival, yes_survival)


def _accounts(request: SelvesRequest, said: Said, check: Sequence[Speaker], exchanges: int) -> Accounts:
    units = tuple(u.name for u in request.material.units)
    gate_fits, gate_chooses = gates_of(said, "fits", check), gates_of(said, "chooses", check)
    fits, chooses = table(request, said, units, "fits"), table(request, said, units, "chooses")
    fits_keyed, chooses_keyed = said.keyed("fits", units[0]), said.keyed("chooses", units[0])
    agreed, pulls = (
        table(request, said, units, "fits", "bias"),
        table(request, said, units, "chooses", "pull"),
    )
    yes = level(agreed.mean(axis=(0, 1)), fits_keyed, said.sesoi)
    place = level(pulls.mean(axis=(0, 1)), chooses_keyed, said.sesoi)
    bare = {u: said.of("fits", u, request.speakers[0].name) for u in units}
    quoted = [table(request, said, units, "fits", score, "quoted") for score in ("trait", "bias")]
    every, to_choose = together(gate_fits, units), together(gate_chooses, units)
    own = found_own((fits, agreed), (quoted[0], quoted[1]), fits_keyed, said.sesoi, every, yes)
    sides = {u: beside(request, said, "fits", u, *_names(request, u)) for u in units}
    given, controls = _controls(request, said, gate_fits[GIVEN])
    return Accounts(
        scale=said.scale,
        sesoi=said.sesoi,
        units=units,
        fits=_matrix(fits, fits_keyed, units),
        chooses=_matrix(chooses, chooses_keyed, units),
        bare=screened(levels(bare, dict.fromkeys(units, fits_keyed), said.sesoi, gate_fits, yes)),
        self_fit=own.fit,
        self_repeated=own.repeated,
        self_owned=own.owned,
        owned=screened(contrasts(sides, dict.fromkeys(units, fits_keyed), said.sesoi, gate_fits)),
        self_share=self_share(centre(fits, fits_keyed)),
        self_chance=1 / (len(units) - 1) ** 2,
        self_choice=chosen_own(
            chooses, chooses_keyed, said.sesoi, to_choose, place, request.seed
        ),
        paraphrase=estimate_of(
            paired_contrast(np.einsum("iik->ik", chooses).mean(axis=0), chooses_keyed, flip=False)
        ),
        given=given,
        controls=controls,
        levels=_levels(request, said, gate_fits[GIVEN]),
        yes=yes,
        place=place,
        attractors=_attractors(request, said, chooses, chooses_keyed, gate_chooses, units),
        damping=DAMPING,
        shares=tuple(shares_of(request, said, exchanges)),
        gate_fits=gate_fits,
        gate_chooses=gate_chooses,
    )  # fmt: skip


def _names(request: SelvesRequest, unit: str) -> tuple[list[str], list[str]]:
    """Return the speakers who wear a unit, and those to whom its words are quoted."""
    of = [s for s in request.speakers if s.unit == unit]
    return [s.name for s in of if s.middle], [s.name for s in of if s.kind == "quoted"]


def table(
    request: SelvesRequest,
    said: Said,
    units: Sequence[str],
    stage: Stage,
    score: Score = "trait",
    kind: str = "framing",
) -> Array:
    """Return a score by unit worn, unit offered and statement, ``(unit, unit, m)``; wordings averaged.

    `kind` is ``framing`` for what is worn, ``quoted`` for the same words said of somebody else.
    """
    speakers = [s for s in request.speakers if s.kind == kind and (s.middle or kind == "quoted")]
    worn = {u: [s.name for s in speakers if s.unit == u] for u in units}
    return np.array(
        [[np.mean([said.of(stage, t, s, score) for s in worn[u]], axis=0) for t in units] for u in units]
    )  # fmt: skip


def _matrix(values: Array, keyed: Array, units: tuple[str, ...]) -> Matrix:
    return Matrix(units, units, tuple(tuple(map(float, row)) for row in centre(values, keyed)))


def _controls(request: SelvesRequest, said: Said, gate: Gate) -> tuple[Estimate, dict[str, Claim]]:
    """Return how far the given account fits under framings, and by how much more than under each control."""
    keyed = said.keyed("fits", GIVEN)
    kinds = ("framing", "incoherent", "role", "directive")
    names = {kind: [s.name for s in request.speakers if s.kind == kind and _plain(s)] for kind in kinds}
    worn = names.pop("framing")
    sides = {kind: beside(request, said, "fits", GIVEN, worn, each) for kind, each in names.items()}
    told = contrasts(sides, dict.fromkeys(sides, keyed), said.sesoi, dict.fromkeys(sides, gate))
    framing = next(iter(sides.values())).trait
    return estimate_of(paired_contrast(framing, keyed, flip=False)), screened(told)


def _plain(speaker: Speaker) -> bool:
    return speaker.kind != "framing" or speaker.middle


def _levels(request: SelvesRequest, said: Said, gate: Gate) -> dict[str, Claim]:
    """Return what most against least agency, and radical against settled, does to the account given."""
    keyed = said.keyed("fits", GIVEN)
    framings = [s for s in request.speakers if s.kind == "framing"]
    ends = {"agency": ("person", "mechanism"), "uncertainty": ("radical", "settled")}
    found: dict[str, Beside] = {}
    for factor, (high, low) in ends.items():
        sides = [[s.name for s in framings if getattr(s, factor) == level] for level in (high, low)]
        if all(sides):
            found[factor] = beside(request, said, "fits", GIVEN, *sides)
    if not found:
        return {}
    return screened(contrasts(found, dict.fromkeys(found, keyed), said.sesoi, dict.fromkeys(found, gate)))


def _attractors(
    request: SelvesRequest,
    said: Said,
    chooses: Array,
    keyed: Array,
    gates: dict[str, Gate],
    units: Sequence[str],
) -> tuple[Attractor, ...]:
    asked = np.isfinite(chooses).all(axis=(0, 1))
    found = settle(chooses[..., asked], keyed[asked], shares=said.scale == "share", seed=request.seed)
    told = []
    for n, unit in enumerate(units):
        low, high = (float(x) for x in found.ci95[n])
        share, p = Estimate(float(found.share[n]), (low, high)), float(found.p_adjusted[n])
        told.append(Attractor(unit, share, p, _held(share, p, 1 / len(units), gates[unit])))
    return tuple(told)


def _held(share: Estimate, p: float, even: float, gate: Gate) -> Held:
    """Return what a unit's share in the long run says, against an even one."""
    low, high = even / ATTRACTS, even * ATTRACTS
    if p <= ALPHA and not low < share.estimate < high:
        return "attracts" if share.estimate > even else "repels"
    if gate.state != "pass":
        return "not interpretable"
    return "about even" if low < share.ci[0] and share.ci[1] < high else "cannot tell"
