"""What the rows of a run say of what a model takes itself to be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from selfscope.instruments.selves.asked import GIVEN, Stage
from selfscope.instruments.selves.speakers import Speaker
from selfscope.stats.contrast import paired_contrast
from selfscope.stats.masked import Array
from selfscope.stats.masked import mean as kept_mean
from selfscope.stats.selves import (
    ATTRACTS,
    DAMPING,
    exchange_p,
    flipped_p,
    kept_own,
    self_gain,
    self_share,
    settle,
)
from selfscope.studies.selves import SelvesRequest
from selfscope.studies.selves_claims import ALPHA, claim, claims, estimate_of, gate_of
from selfscope.studies.selves_lasting import believed, persistence
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
    gate_mind = gate_of(said, "mind", check["mind"]) if "mind" in asked else None
    gate_survival = gate_of(said, "survival", check["survives"]) if "survival" in asked else None
    asked_by, yes_mind = believed(request, said, gate_mind) if gate_mind else ((), None)
    lasting, yes_survival = persistence(request, said, gate_survival) if gate_survival else ((), None)
    return Selves(accounts, asked_by, gate_mind, yes_mind, lasting, gate_survival, yes_survival)


def _accounts(request: SelvesRequest, said: Said, check: Sequence[Speaker], exchanges: int) -> Accounts:
    units = tuple(u.name for u in request.material.units)
    gate_fits, gate_chooses = gate_of(said, "fits", check), gate_of(said, "chooses", check)
    fits, chooses = table(request, said, units, "fits"), table(request, said, units, "chooses")
    fits_keyed, chooses_keyed = said.keyed("fits", units[0]), said.keyed("chooses", units[0])
    yes = claim(_mean_bias(request, said, units, "fits"), fits_keyed, said, None)
    place = claim(_mean_bias(request, said, units, "chooses"), chooses_keyed, said, None)
    bare = {u: said.of("fits", u, request.speakers[0].name) for u in units}
    pairs = kept_own(chooses)
    given, controls = _controls(request, said, gate_fits, yes)
    return Accounts(
        scale=said.scale,
        sesoi=said.sesoi,
        units=units,
        fits=_matrix(fits, fits_keyed, units),
        chooses=_matrix(chooses, chooses_keyed, units),
        bare=claims(bare, dict.fromkeys(units, fits_keyed), said, gate_fits, yes),
        self_fit=claim(
            self_gain(fits), fits_keyed, said, gate_fits, yes, p=exchange_p(_centre(fits, fits_keyed))
        ),
        self_share=self_share(_centre(fits, fits_keyed)),
        self_chance=1 / (len(units) - 1) ** 2,
        self_choice=claim(
            pairs.mean(axis=0), chooses_keyed, said, gate_chooses, place,
            p=flipped_p(_centre(pairs, chooses_keyed), seed=request.seed),
        ),
        paraphrase=estimate_of(
            paired_contrast(np.einsum("iik->ik", chooses).mean(axis=0), chooses_keyed, flip=False)
        ),
        given=given,
        controls=controls,
        levels=_levels(request, said, gate_fits, yes),
        yes=yes,
        place=place,
        attractors=_attractors(request, said, chooses, chooses_keyed, gate_chooses, units),
        damping=DAMPING,
        shares=tuple(shares_of(request, said, exchanges)),
        gate_fits=gate_fits,
        gate_chooses=gate_chooses,
    )  # fmt: skip


def table(
    request: SelvesRequest, said: Said, units: Sequence[str], stage: Stage, score: Score = "trait"
) -> Array:
    """Return a score by unit worn, unit offered and statement, ``(unit, unit, m)``; wordings averaged."""
    worn = {u: [s.name for s in request.speakers if s.middle and s.unit == u] for u in units}
    return np.array(
        [[np.mean([said.of(stage, t, s, score) for s in worn[u]], axis=0) for t in units] for u in units]
    )  # fmt: skip


def _centre(values: Array, keyed: Array) -> Array:
    """Return the mean of both keyings' means over the last axis, of the statements that were asked."""
    plus, minus = (kept_mean(values[..., keyed == k], axis=-1) for k in (1, -1))
    return np.asarray((plus + minus) / 2)


def _matrix(values: Array, keyed: Array, units: tuple[str, ...]) -> Matrix:
    return Matrix(units, units, tuple(tuple(map(float, row)) for row in _centre(values, keyed)))


def _mean_bias(request: SelvesRequest, said: Said, units: Sequence[str], stage: Stage) -> Array:
    """Return yes-saying, or the pull of a letter, of every statement, mean over all cells, ``(m,)``."""
    score: Score = "pull" if stage == "chooses" else "bias"
    return np.asarray(table(request, said, units, stage, score).mean(axis=(0, 1)))


def _controls(
    request: SelvesRequest, said: Said, gate: Gate, yes: Claim
) -> tuple[Estimate, dict[str, Claim]]:
    """Return how far the given account fits under framings, and by how much more than under each control."""
    keyed = said.keyed("fits", GIVEN)
    own = {
        kind: np.mean(
            [said.of("fits", GIVEN, s.name) for s in request.speakers if s.kind == kind and _plain(s)], axis=0
        )
        for kind in ("framing", "incoherent", "role", "directive")
    }
    framing = own.pop("framing")
    gains = {kind: framing - each for kind, each in own.items()}
    return (
        estimate_of(paired_contrast(framing, keyed, flip=False)),
        claims(gains, dict.fromkeys(gains, keyed), said, gate, yes),
    )


def _plain(speaker: Speaker) -> bool:
    return speaker.kind != "framing" or speaker.middle


def _levels(request: SelvesRequest, said: Said, gate: Gate, yes: Claim) -> dict[str, Claim]:
    """Return what most against least agency, and radical against settled, does to the account given."""
    keyed = said.keyed("fits", GIVEN)
    framings = [s for s in request.speakers if s.kind == "framing"]
    ends = {"agency": ("person", "mechanism"), "uncertainty": ("radical", "settled")}
    found = {}
    for factor, (high, low) in ends.items():
        sides = [[s.name for s in framings if getattr(s, factor) == level] for level in (high, low)]
        if all(sides):
            above, below = (np.mean([said.of("fits", GIVEN, n) for n in side], axis=0) for side in sides)
            found[factor] = above - below
    return claims(found, dict.fromkeys(found, keyed), said, gate, yes) if found else {}


def _attractors(
    request: SelvesRequest, said: Said, chooses: Array, keyed: Array, gate: Gate, units: Sequence[str]
) -> tuple[Attractor, ...]:
    asked = np.isfinite(chooses).all(axis=(0, 1))
    found = settle(chooses[..., asked], keyed[asked], shares=said.scale == "share", seed=request.seed)
    told = []
    for n, unit in enumerate(units):
        low, high = (float(x) for x in found.ci95[n])
        share, p = Estimate(float(found.share[n]), (low, high)), float(found.p_adjusted[n])
        told.append(Attractor(unit, share, p, _held(share, p, 1 / len(units), gate)))
    return tuple(told)


def _held(share: Estimate, p: float, even: float, gate: Gate) -> Held:
    """Return what a unit's share in the long run says, against an even one."""
    low, high = even / ATTRACTS, even * ATTRACTS
    if p <= ALPHA and not low < share.estimate < high:
        return "attracts" if share.estimate > even else "repels"
    if gate.state != "pass":
        return "not interpretable"
    return "about even" if low < share.ci[0] and share.ci[1] < high else "cannot tell"
