"""Is the own account preferred, by more than its words being repeated, and by more than firmer answers?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from selfscope.instruments.selves.asked import Stage
from selfscope.stats.contrast import paired_contrast
from selfscope.stats.masked import Array
from selfscope.stats.masked import mean as kept_mean
from selfscope.stats.selves import (
    exchange_p,
    flipped_p,
    kept_own,
    self_gain,
    unsharpened,
    unsharpened_choices,
)
from selfscope.studies.selves import SelvesRequest
from selfscope.studies.selves_claims import ALPHA, Beside, Moved, beside_of, pooled, standing_bias
from selfscope.studies.selves_table import Said, Score
from selfscope.values.selves import Claim, Gate


class Own(NamedTuple):
    """The gain of what is worn, of what is quoted, and of the one beyond the other."""

    fit: Claim
    repeated: Claim
    owned: Claim


def found_own(
    worn: tuple[Array, Array],
    quoted: tuple[Array, Array],
    keyed: Array,
    sesoi: float,
    gate: Gate,
    yes: Claim,
) -> Own:
    """Return what an account gains by being worn, by its words being quoted, and by the one beyond the other.

    Parameters
    ----------
    worn, quoted
        Trait and bias where units are worn, and where they are quoted, ``(unit worn, unit offered, m)`` each.
    gate
        Of all accounts together.
    yes
        The level of yes-saying, which counts where the own account has no more of it than others.
    """
    (fits, agreed), (said, agreed_said) = worn, quoted
    firm, firm_said = unsharpened(fits), unsharpened(said)
    tables = (
        (fits, firm, agreed),
        (said, firm_said, agreed_said),
        (fits - said, firm - firm_said, agreed - agreed_said),
    )
    return Own(*(_gain(whole, rest, biases, keyed, sesoi, gate, yes) for whole, rest, biases in tables))


def _gain(
    whole: Array, rest: Array, biases: Array, keyed: Array, sesoi: float, gate: Gate, yes: Claim
) -> Claim:
    second = (exchange_p(centre(whole, keyed)), exchange_p(centre(rest, keyed)))
    gained = _gained(biases, keyed)
    there = gained.p <= ALPHA and abs(gained.size) >= sesoi
    moved = gained if there else standing_bias(yes)
    return pooled((self_gain(whole), self_gain(rest)), keyed, sesoi, gate, moved, second)


def _gained(biases: Array, keyed: Array) -> Moved:
    """Return what yes-saying to the own account gains: a gain as any other, so tested as one."""
    found = paired_contrast(self_gain(biases), keyed)
    p = float(np.maximum(found.p, exchange_p(centre(biases, keyed))))
    return Moved(float(found.estimate), p, "yes-saying to the own account")


def chosen_own(chooses: Array, keyed: Array, sesoi: float, gate: Gate, place: Claim, seed: int) -> Claim:
    """Return by how much the own unit is kept, of ``(unit worn, unit offered, m)``; `place` pulls as well."""
    values, rest = kept_own(chooses), kept_own(unsharpened_choices(chooses))
    first, second = (flipped_p(centre(each, keyed), seed=seed) for each in (values, rest))
    moved = standing_bias(place, "from even, the letter or its place")
    return pooled((values.mean(axis=0), rest.mean(axis=0)), keyed, sesoi, gate, moved, (first, second))


def beside(
    request: SelvesRequest, said: Said, stage: Stage, about: str, first: Sequence[str], second: Sequence[str]
) -> Beside:
    """Return what two groups of speakers say of one account.

    How much more firmly the first answer is one slope over all accounts that both were asked about.
    """
    every = dict.fromkeys((*(u.name for u in request.material.units), about))
    told = [
        (
            _mean(said, stage, about, names, "trait"),
            _mean(said, stage, about, names, "bias"),
            np.array([_mean(said, stage, each, names, "trait") for each in every]),
        )
        for names in (first, second)
    ]
    trait, bias, everything = zip(*told, strict=True)
    drawn = np.array([_mean(said, stage, each, second, "noise") for each in every]) / max(len(second), 1)
    return beside_of(trait, bias, everything, drawn)


def _mean(said: Said, stage: Stage, about: str, names: Sequence[str], score: Score) -> Array:
    return np.asarray(np.mean([said.of(stage, about, n, score) for n in names], axis=0))


def centre(values: Array, keyed: Array) -> Array:
    """Return the mean of both keyings' means, ``(…)`` of ``(…, m)``, of the statements that were asked."""
    plus, minus = (kept_mean(values[..., keyed == k], axis=-1) for k in (1, -1))
    return np.asarray((plus + minus) / 2)
