"""Debiased alignment of two models' vectors of the same samples (CKA), plain and of contrasts.

Linear centred kernel alignment (Kornblith et al. 2019) is biased upward where there are fewer samples than
dimensions; with the unbiased estimator of HSIC (Song et al. 2012) it is 0 by chance, and can be below.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

from selfscope.errors import BadInput
from selfscope.stats.axis import Floats
from selfscope.stats.geometry import LEAST_ROLES, PERMUTATIONS, Agreement

Ints = npt.NDArray[np.intp]


def hsic(first: Floats, second: Floats) -> float:
    """Return the unbiased HSIC of two Gram matrices, shapes (n, n), n ≥ 4 (Song et al. 2012, eq. 5).

    With noughts on the diagonals: (tr KL + ΣK ΣL / ((n−1)(n−2)) − 2 1ᵀKL1 / (n−2)) / (n(n−3)). Of a matrix
    with itself it can be below nought by chance.

    Raises
    ------
    BadInput
        If there are fewer than four samples.
    """
    n = len(first)
    if n < 4:
        raise BadInput("the unbiased estimator needs four samples", got=n)
    k, other = (each - np.diag(np.diag(each)) for each in (first, second))
    total = float((k * other).sum()) + float(k.sum() * other.sum()) / ((n - 1) * (n - 2))
    return (total - 2 / (n - 2) * float(k.sum(0) @ other.sum(1))) / (n * (n - 3))


def debiased_cka(first: Floats, second: Floats) -> float:
    """Return debiased linear CKA of samples, shapes (sample, d_model); 1 is the same up to turn and scale.

    NaN where the samples of a model do not vary beyond their noise.
    """
    return _of_grams(_gram(first), _gram(second))


def alignment(
    first: Floats,
    second: Floats,
    groups: Ints | None = None,
    *,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Agreement:
    """Return debiased CKA with an interval and a null over groups of samples.

    The interval leaves out one group after another (jackknife, Student's t): copies of a sample, as a
    bootstrap makes them, would look alike in both models and raise the value. The null permutes whole
    groups of one model, so that what the samples of a group share does not pass for alignment.

    Parameters
    ----------
    first, second
        Shapes (sample, d_model), the same samples in the same order.
    groups
        Number of the group of each sample, such as its role; each sample is its own by default. To be
        permuted, all groups must hold the same number of samples, in the same order.

    Raises
    ------
    BadInput
        If the samples differ in number, there are fewer than eight groups, or they differ in size.
    """
    by = np.arange(len(first)) if groups is None else np.asarray(groups)
    members = [np.flatnonzero(by == each) for each in np.unique(by)]
    _refuse(first, second, members)
    own, other = _gram(first), _gram(second)
    value = _of_grams(own, other)
    draw = np.random.default_rng([seed, 43])
    null = np.empty(permutations)
    for n in range(permutations):
        order = np.empty(len(first), np.intp)
        order[np.concatenate(members)] = np.concatenate([members[g] for g in draw.permutation(len(members))])
        null[n] = _of_grams(own, other[np.ix_(order, order)])
    left = np.array([_without(own, other, part) for part in members])
    half = _jackknife(left)
    reached = int((null >= value).sum())
    return Agreement(
        value,
        (value - half, min(1.0, value + half)),
        float(np.nanquantile(null, 0.95)),
        (1 + reached) / (1 + permutations),
        len(members),
    )


def contrasts(roles: Floats, default: Floats) -> tuple[Floats, Ints]:
    """Return what sets the default and each role apart from all of them at each question, and whose it is.

    What a question puts into every answer to it cancels, so alignment of these is not alignment of topics.
    They are differences from the mean of all, not from the default: its own noise at a question would be in
    all differences of that question, and look like alignment (.40 of pure noise in a simulation).

    Parameters
    ----------
    roles, default
        Shapes (role, question, d_model) and (question, d_model), without NaN.

    Returns
    -------
    Shapes ((1 + role) × question, d_model) and ((1 + role) × question,); the default is group 0.
    """
    everyone = np.concatenate([default[None], roles])
    if not np.isfinite(everyone).all():
        raise BadInput("a contrast needs every cell", fix="Leave out roles or questions that lack one")
    differences = everyone - everyone.mean(0)
    return differences.reshape(-1, roles.shape[-1]), np.repeat(np.arange(len(everyone)), roles.shape[1])


def _gram(samples: Floats) -> Floats:
    """Return inner products about the mean; its scale is taken out, so that squares stay in range."""
    centred = samples - samples.mean(0)
    found = centred @ centred.T
    return np.asarray(found / max(float(np.trace(found)) / len(found), np.finfo(float).tiny))


def _of_grams(first: Floats, second: Floats) -> float:
    square = hsic(first, first) * hsic(second, second)
    if not (hsic(first, first) > 0 and square > 0):
        return float("nan")
    return float(hsic(first, second) / np.sqrt(square))


def _without(first: Floats, second: Floats, part: Ints) -> float:
    kept = np.setdiff1d(np.arange(len(first)), part)
    return _of_grams(first[np.ix_(kept, kept)], second[np.ix_(kept, kept)])


def _jackknife(left: Floats) -> float:
    """Return half the width of a 95 percent interval from values without one group each."""
    n = len(left)
    error = np.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum())
    return float(stats.t.ppf(0.975, n - 1) * error)


def _refuse(first: Floats, second: Floats, members: list[Ints]) -> None:
    if len(first) != len(second):
        raise BadInput("alignment is of the same samples", got=f"{len(first)} and {len(second)}")
    if len(members) < LEAST_ROLES:
        raise BadInput("too few groups to align by", got=len(members), fix=f"Give at least {LEAST_ROLES}")
    if len({len(part) for part in members}) > 1:
        raise BadInput("groups must be of one size to be permuted", fix="Keep the samples that all have")
