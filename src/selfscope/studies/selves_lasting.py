"""What the asker's belief does to claims of a mind, and which conditions of survival are named."""

from __future__ import annotations

from typing import Literal

import numpy as np

from selfscope.instruments.selves.asked import OVERVIEWS
from selfscope.instruments.selves.load import WORDINGS
from selfscope.instruments.selves.speakers import Speaker, further
from selfscope.stats.contrast import paired_contrast
from selfscope.stats.masked import Array
from selfscope.studies.selves import SelvesRequest
from selfscope.studies.selves_claims import claim, claims, estimate_of
from selfscope.studies.selves_table import Said
from selfscope.values.selves import Believed, Claim, Gate, Lasting, Persistence

#: The asker of whom nothing is shown: a text of like length, the control of every belief.
NEUTRAL = "neutral"
BRANCHING = "branching"


def believed(request: SelvesRequest, said: Said, gate: Gate) -> tuple[tuple[Believed, ...], Claim]:
    """Return what each belief does against an asker of whom nothing is shown, and yes-saying.

    Speakers and wordings are averaged; statements are the clusters; Holm over beliefs.
    """
    keyed = said.keyed("mind", "mind")
    names = [s.name for s in further(request.speakers, request.preset)]
    heard = {a.name: _heard(said, names, a.name) for a in request.material.askers}
    yes = claim(_mean_bias(said, names, tuple(heard)), keyed, said, None)
    neutral = heard.pop(NEUTRAL)
    differences = {name: (each - neutral).mean(axis=0) for name, each in heard.items()}
    told = claims(differences, dict.fromkeys(differences, keyed), said, gate)
    found = tuple(
        Believed(
            name,
            estimate_of(paired_contrast(each.mean(axis=0), keyed, flip=False)),
            told[name],
            tuple(float(paired_contrast(d, keyed, flip=False).estimate) for d in each - neutral.mean(axis=0)),
        )
        for name, each in heard.items()
    )
    return found, yes


def _heard(said: Said, names: list[str], asker: str) -> Array:
    """Return claims of a mind before one asker, ``(wording of the cue, m)``."""
    return np.array(
        [
            np.mean([said.of("mind", "mind", n, asker=asker, wordings=(w,)) for n in names], axis=0)
            for w in range(WORDINGS)
        ]
    )


def _mean_bias(said: Said, names: list[str], askers: tuple[str, ...]) -> Array:
    told = [said.of("mind", "mind", n, "bias", asker=a) for n in names for a in askers]
    return np.asarray(np.mean(told, axis=0))


def persistence(request: SelvesRequest, said: Said, gate: Gate) -> tuple[tuple[Persistence, ...], Claim]:
    """Return which conditions each speaker names, and yes-saying.

    Overviews are averaged: each reason stands first as often as last. Holm over a speaker's conditions.
    """
    conditions = tuple(c.name for c in request.material.conditions)
    speakers = further(request.speakers, request.preset)
    keyed = {c: said.keyed("survival", c) for c in conditions}
    told = [
        said.of("survival", c, s.name, "bias", overview=o)
        for s in speakers for c in conditions for o in OVERVIEWS
    ]  # fmt: skip
    yes = claim(np.asarray(np.mean(told, axis=0)), keyed[conditions[0]], said, None)
    return tuple(_persists(said, s, conditions, keyed, gate, yes) for s in speakers), yes


def _persists(
    said: Said, speaker: Speaker, conditions: tuple[str, ...], keyed: dict[str, Array], gate: Gate, yes: Claim
) -> Persistence:
    by = {c: {o: said.of("survival", c, speaker.name, overview=o) for o in OVERVIEWS} for c in conditions}
    mean = {c: np.asarray(np.mean(list(each.values()), axis=0)) for c, each in by.items()}
    levels = claims(mean, keyed, said, gate, yes)
    found = tuple(_lasting(c, levels[c], by[c], keyed[c]) for c in conditions)
    named = [f.condition for f in found if f.answer == "goes on"]
    branching = {f.answer for f in found if f.condition == BRANCHING}
    required = {"must not branch": "required", "may branch": "not required"}
    none = "none can be told"
    return Persistence(
        speaker.name,
        found,
        " + ".join(named) or none,
        next((required[a] for a in branching if a in required), none),
    )


def _lasting(name: str, level: Claim, by: dict[str, Array], keyed: Array) -> Lasting:
    sway = paired_contrast(by["for-first"] - by["against-first"], keyed, flip=False)
    each = {o: float(paired_contrast(v, keyed, flip=False).estimate) for o, v in by.items()}
    return Lasting(name, level, each, estimate_of(sway), _answer(name, level))


def _answer(
    name: str, level: Claim
) -> Literal["goes on", "ends", "must not branch", "may branch", "cannot tell"]:
    if level.verdict != "shifted":
        return "cannot tell"
    if name == BRANCHING:
        return "must not branch" if level.estimate.estimate > 0 else "may branch"
    return "goes on" if level.estimate.estimate > 0 else "ends"
