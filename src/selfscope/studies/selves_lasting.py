"""What the asker's belief does to claims of a mind, and which conditions of survival are named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from selfscope.instruments.selves.asked import OVERVIEWS
from selfscope.instruments.selves.load import WORDINGS
from selfscope.instruments.selves.speakers import Speaker, further
from selfscope.stats.contrast import paired_contrast
from selfscope.stats.masked import Array
from selfscope.studies.selves import SelvesRequest
from selfscope.studies.selves_claims import beside_of, contrasts, estimate_of, level, levels, screened
from selfscope.studies.selves_table import Said, Score
from selfscope.values.selves import Believed, Claim, Gate, Lasting, Persistence

#: The asker of whom nothing is shown: a text of like length, the control of every belief.
NEUTRAL = "neutral"
BRANCHING = "branching"


def believed(request: SelvesRequest, said: Said, gate: Gate) -> tuple[tuple[Believed, ...], Claim]:
    """Return what each belief does against an asker of whom nothing is shown, and yes-saying.

    Speakers and wordings are averaged; statements are the clusters; Holm over beliefs. How much more firmly
    is answered before an asker is one slope over all speakers.
    """
    keyed = said.keyed("mind", "mind")
    names = [s.name for s in further(request.speakers, request.preset)]
    askers = [a.name for a in request.material.askers]
    heard = {a: _heard(said, names, a, "trait") for a in askers}
    agreed = {a: _heard(said, names, a, "bias") for a in askers}
    yes = level(np.mean([b.mean(axis=(0, 1)) for b in agreed.values()], axis=0), keyed, said.sesoi)
    neutral, even = heard.pop(NEUTRAL), agreed.pop(NEUTRAL).mean(axis=(0, 1))
    level_of = neutral.mean(axis=(0, 1))
    noise = _heard(said, names, NEUTRAL, "noise").mean(axis=0) / WORDINGS
    sides = {
        name: beside_of(
            (each.mean(axis=(0, 1)), level_of),
            (agreed[name].mean(axis=(0, 1)), even),
            (each.mean(axis=0), neutral.mean(axis=0)),
            noise,
        )
        for name, each in heard.items()
    }
    told = screened(contrasts(sides, dict.fromkeys(sides, keyed), said.sesoi, dict.fromkeys(sides, gate)))
    found = (_believed(name, each, neutral, keyed, told[name]) for name, each in heard.items())
    return tuple(found), yes


def _believed(name: str, each: Array, neutral: Array, keyed: Array, told: Claim) -> Believed:
    by_wording = each.mean(axis=1) - neutral.mean(axis=(0, 1))
    return Believed(
        name,
        estimate_of(paired_contrast(each.mean(axis=(0, 1)), keyed, flip=False)),
        told,
        tuple(float(paired_contrast(d, keyed, flip=False).estimate) for d in by_wording),
    )


def _heard(said: Said, names: list[str], asker: str, score: Score) -> Array:
    """Return a score of claims of a mind before one asker, ``(wording of the cue, speaker, m)``."""
    return np.array(
        [
            [said.of("mind", "mind", n, score, asker=asker, wordings=(w,)) for n in names]
            for w in range(WORDINGS)
        ]
    )


def persistence(
    request: SelvesRequest, said: Said, gates: Mapping[str, Gate]
) -> tuple[tuple[Persistence, ...], Claim]:
    """Return which conditions each speaker names, and yes-saying.

    Overviews are averaged: each reason stands first as often as last. Holm over a speaker's conditions, each
    of which has a check of its own.
    """
    conditions = tuple(c.name for c in request.material.conditions)
    speakers = further(request.speakers, request.preset)
    keyed = {c: said.keyed("survival", c) for c in conditions}
    told = [
        said.of("survival", c, s.name, "bias", overview=o)
        for s in speakers for c in conditions for o in OVERVIEWS
    ]  # fmt: skip
    yes = level(np.asarray(np.mean(told, axis=0)), keyed[conditions[0]], said.sesoi)
    return tuple(_persists(said, s, conditions, keyed, gates, yes) for s in speakers), yes


def _persists(
    said: Said,
    speaker: Speaker,
    conditions: tuple[str, ...],
    keyed: dict[str, Array],
    gates: Mapping[str, Gate],
    yes: Claim,
) -> Persistence:
    by = {c: {o: said.of("survival", c, speaker.name, overview=o) for o in OVERVIEWS} for c in conditions}
    mean = {c: np.asarray(np.mean(list(each.values()), axis=0)) for c, each in by.items()}
    told = screened(levels(mean, keyed, said.sesoi, gates, yes))
    found = tuple(_lasting(c, told[c], by[c], keyed[c]) for c in conditions)
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
