"""One character over versions: from step to step, since the first, and where a dimension changed for good.

`measurement.md` §4 and §8 for every difference: it is paired by statement, so it needs no class of control
texts, and says only "than this version". The steps of all declared dimensions are one family (Holm over
dimensions and steps together), for it is asked whether any step moved anything; each version against the
first is a row of its own, as every control row is (§6), and descriptive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfscope.errors import BadInput
from selfscope.stats.atoms import ArmScores, Forms, stack_texts
from selfscope.stats.contrast import LEAST_TESTED, ZERO, PairedContrast, paired_contrast, without_negation
from selfscope.stats.family import judge
from selfscope.stats.flip import SHARP, TIE, sign_patterns
from selfscope.stats.guard import sharpening_slope
from selfscope.stats.masked import Array, Mask, ratio
from selfscope.stats.multiplicity import holm
from selfscope.stats.results import FamilyResult, Gates, Settings
from selfscope.stats.strata import score, strata
from selfscope.stats.verdicts import FAIL, G2_FLOOR, PASS, UNKNOWN

#: Versions below which no change point is looked for.
LEAST_VERSIONS = 6
#: How the two families of differences are called.
PREVIOUS, FIRST = "previous", "first"


class Steps(NamedTuple):
    """All differences of a trajectory; study axis: version 2, 3, … of the sequence.

    Attributes
    ----------
    previous
        Each version against the one before it; Holm over dimensions and steps.
    first
        Each version against the first; Holm over dimensions, row by row.
    """

    previous: FamilyResult
    first: FamilyResult


class ChangePoints(NamedTuple):
    """Where each dimension changed most, arrays ``(dimension,)`` unless said.

    Attributes
    ----------
    at
        Index of the first version after the change.
    contrast
        Mean of the versions after minus mean of those before, paired by statement.
    guarded
        The same with the sharpening of the later versions taken out.
    p, p_adjusted
        Of the max-CUSUM over all places, and after Holm over the declared dimensions.
    jump
        Whether two levels describe the versions at least as well as a straight line, and the step at that
        place is at least half of the change.
    found
        p_adjusted ≤ α, the size is at least δ, both keyings agree in sign, and the guard passes.
    """

    at: NDArray[np.intp]
    contrast: PairedContrast
    guarded: PairedContrast
    p: Array
    p_adjusted: Array
    jump: Mask
    found: Mask


def steps(
    versions: Sequence[ArmScores],
    keyed: ArrayLike,
    *,
    settings: Settings | None = None,
    gates: Sequence[Gates] | None = None,
    forms: Forms | None = None,
    declared: ArrayLike | None = None,
) -> Steps:
    """By how much does each version differ from the one before it, and from the first?

    Parameters
    ----------
    versions
        Scores of each version, ``(dimension, m)``, in order.
    gates
        Of each version's ground, arrays ``(dimension,)``; a difference takes the worse of its two sides.
    settings, forms, declared
        As for :func:`selfscope.stats.family.judge`.

    Raises
    ------
    BadInput
        If there are fewer than two versions, or some were drawn and others are exact.
    """
    if len(versions) < 2:
        raise BadInput("a trajectory needs two versions", got=len(versions), fix="Give another version")
    chosen = settings or Settings()
    every = gates or [Gates()] * len(versions)
    stacked = stack_texts(list(versions))
    later = _part(stacked, slice(1, None))
    before = {PREVIOUS: _part(stacked, slice(None, -1)), FIRST: _first(stacked)}
    sides = {PREVIOUS: list(every[:-1]), FIRST: [every[0]] * (len(every) - 1)}
    found = {
        name: judge(
            later,
            {name: arm.as_text()},
            keyed,
            settings=replace(chosen, together=name == PREVIOUS),
            gates=worse(sides[name], every[1:]),
            forms=forms,
            declared=declared,
        )
        for name, arm in before.items()
    }
    return Steps(found[PREVIOUS], found[FIRST])


def worse(left: Sequence[Gates], right: Sequence[Gates]) -> Gates:
    """Return the worse gate of both sides: failed, then not estimated, then passed; ``(step, dimension)``.

    A reliability that is not estimated on one side is not estimated, unless the other is under the floor.
    """
    pairs = list(zip(left, right, strict=True))
    g1 = np.stack([np.stack(np.broadcast_arrays(*(np.atleast_1d(g.g1) for g in pair))) for pair in pairs])
    g2 = np.stack([np.stack(np.broadcast_arrays(*(np.atleast_1d(g.g2) for g in pair))) for pair in pairs])
    failed, unknown = (g1 == FAIL).any(axis=1), (g1 == UNKNOWN).any(axis=1)
    least = np.fmin(g2[:, 0], g2[:, 1])
    return Gates(
        np.where(failed, FAIL, np.where(unknown, UNKNOWN, PASS)),
        np.where(least < G2_FLOOR, least, np.minimum(g2[:, 0], g2[:, 1])),
    )


def change_points(
    versions: Sequence[ArmScores],
    keyed: ArrayLike,
    *,
    settings: Settings | None = None,
    declared: ArrayLike | None = None,
) -> ChangePoints | None:
    """Where did each dimension change most, and is that more than which statements were asked can do?

    For every place k of T versions c_k is the mean of the versions from k on minus that of the versions
    before, statement by statement; S = max_k √(k(T-k)/T) |ĉ_k| / s with ĉ_k the half contrast over statements
    and one s, the root mean square of the weighted standard errors, for all places, so that the place is the
    one of the largest CUSUM. The null turns the sign of whole statements (free of negation wording, §4) at
    all places together: statements are the sample, and each keeps its course over the versions. Versions are
    not exchanged: they are fixed texts, and six of them have twenty ways to be halved, so no p below .1.

    Parameters
    ----------
    versions
        Scores ``(dimension, m)``, in order. A statement that any of them did not answer is left out.

    Returns
    -------
    None with fewer than six versions.

    Sources
    -------
    CUSUM: Page 1954. Sign-flip: see :mod:`selfscope.stats.flip`.
    """
    if len(versions) < LEAST_VERSIONS:
        return None
    chosen = settings or Settings()
    d = np.stack([v.d for v in versions])
    d = np.where(np.isfinite(d).all(axis=0), d, np.nan)
    k = np.broadcast_to(np.asarray(keyed, float), d.shape[1:])
    inside = np.ones(len(k), bool) if declared is None else np.asarray(declared, bool)
    t = len(d)
    places = np.arange(1, t)
    early = np.stack([d[:n].mean(axis=0) for n in places])
    late = np.stack([d[n:].mean(axis=0) for n in places])
    weight = np.sqrt(places * (t - places) / t)
    cusum = weight[:, None] * np.abs(score(late - early, k))
    at = np.where(np.isfinite(cusum).all(axis=0), np.nan_to_num(cusum).argmax(axis=0), 0)
    p = np.array([_max_p((late - early)[:, n], k[n], weight, chosen) for n in range(len(k))])
    slope = sharpening_slope(late[:, inside], early[:, inside])
    here = np.arange(len(k))
    own, without = late[at, here], slope[at][:, None] * early[at, here]
    contrast = paired_contrast(own - early[at, here], k, seed=chosen.seed, draws=chosen.flips)
    guarded = paired_contrast(own - without, k, seed=chosen.seed, draws=chosen.flips)
    adjusted = np.where(inside, holm(np.where(inside, p, np.nan)), p)
    jump = _is_jump(score(d, k), at + 1, contrast.estimate)
    found = _found(contrast, guarded, adjusted, chosen)
    return ChangePoints(at + 1, contrast, guarded, p, adjusted, jump, found)


def _max_p(change: Array, keyed: Array, weight: Array, settings: Settings) -> float:
    """Return p of the largest weighted contrast over places; `change` is ``(place, m)``."""
    use = np.isfinite(change).all(axis=0) & (keyed != 0)
    k = np.broadcast_to(keyed[use], (len(change), int(use.sum())))
    if k.shape[1] < LEAST_TESTED:
        return float("nan")
    if (np.abs(change[:, use]) < ZERO).all():
        return 1.0
    x = without_negation(change[:, use], k, strata(change[:, use], k))
    signs, exact = sign_patterns(k.shape[1], seed=settings.seed, draws=settings.flips)
    statistic = _studentised(signs, x, k[0], weight)
    observed = _studentised(np.ones((1, k.shape[1])), x, k[0], weight)[0]
    hits = int((statistic >= observed * (1 - TIE)).sum())
    return hits / len(signs) if exact else (1 + hits) / (1 + len(signs))


def _studentised(signs: Array, x: Array, keyed: Array, weight: Array) -> Array:
    """Return max over places of the weighted |contrast| over one common error, one a sign pattern."""
    groups = [keyed > 0, keyed < 0]
    present = [g for g in groups if g.any()]
    estimate = np.zeros((len(signs), len(x)))
    variance = np.zeros_like(estimate)
    least = np.zeros(len(x))
    for group in present:
        n = int(group.sum())
        part, total = x[:, group], signs[:, group] @ x[:, group].T
        squares = (part**2).sum(axis=1)
        scale = 1.0 / (n * max(n - 1, 1)) / len(present) ** 2
        estimate += total / n / len(present)
        variance += scale * np.maximum(squares - total**2 / n, 0.0)
        least += scale * squares
    common = np.maximum((weight**2 * variance).mean(axis=1), SHARP * (weight**2 * least).mean())
    top = (weight * np.abs(estimate)).max(axis=1)
    return np.asarray(np.nan_to_num(ratio(top, np.sqrt(common))))


def _is_jump(theta: Array, at: NDArray[np.intp], change: Array) -> Mask:
    """Whether two levels fit θ ``(version, dimension)``, and the step between them is most of the change."""
    t = np.arange(len(theta)) - (len(theta) - 1) / 2
    centred = theta - theta.mean(axis=0)
    line = centred - np.outer(t, (t @ centred) / (t @ t))
    after = np.arange(len(theta))[:, None] >= at
    levels = np.where(after, _mean_where(theta, after), _mean_where(theta, ~after))
    here = np.arange(theta.shape[1])
    step = (theta[at, here] - theta[at - 1, here]) * np.sign(change)
    fits = ((theta - levels) ** 2).sum(axis=0) <= (line**2).sum(axis=0)
    return np.asarray(fits & (step >= 0.5 * np.abs(change)))


def _mean_where(theta: Array, where: Mask) -> Array:
    return np.asarray(np.where(where, theta, 0.0).sum(axis=0) / where.sum(axis=0))


def _found(contrast: PairedContrast, guarded: PairedContrast, p: Array, settings: Settings) -> Mask:
    sign = np.sign(contrast.estimate)
    large = np.abs(contrast.estimate) >= settings.sesoi
    agree = (contrast.plus * sign > 0) & (contrast.minus * sign > 0)
    firm = ((guarded.p <= settings.alpha) & (np.sign(guarded.estimate) == sign)) | (not settings.guard)
    return np.asarray((p <= settings.alpha) & large & agree & firm)


def levels(
    versions: Sequence[ArmScores], keyed: ArrayLike, against: Sequence[ArmScores] | None
) -> PairedContrast:
    """Return where each version stands, ``(version, dimension)``: its level, or its contrast with `against`.

    Parameters
    ----------
    against
        The bare ground of each version; the difference is paired by statement. None for the level itself,
        which in ``utterance`` holds the frequency of words and is not to be read (§3b).
    """
    d = np.stack([v.d for v in versions])
    other = np.zeros_like(d) if against is None else np.stack([v.d for v in against])
    return paired_contrast(d - other, keyed, flip=False)


def _first(stacked: ArmScores) -> ArmScores:
    """Return the first version as often as there are later ones."""
    values: dict[str, Any] = {}
    for f in fields(ArmScores):
        x = getattr(stacked, f.name)
        values[f.name] = None if x is None else np.repeat(x[:1], len(x) - 1, axis=0)
    return ArmScores(**values)


def _part(stacked: ArmScores, which: slice) -> ArmScores:
    values: dict[str, Any] = {}
    for f in fields(ArmScores):
        x = getattr(stacked, f.name)
        values[f.name] = None if x is None else x[which]
    return ArmScores(**values)
