"""Would the axis come again? Cosines of axes from disjoint halves of roles and questions, with intervals.

The data are mean vectors of roles r and questions q, and of the default at the same questions. The axis of a
set of both is

    a = mean over q of default_q  −  mean over r of (mean over q of x_rq)

so larger inner products with it are nearer to the default (:mod:`selfscope.stats.axis`). A number in
[−1, 1]; it speaks of axes from half the material, and 2r / (1 + r) of it of the whole. ``measurement.md``
§14.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from selfscope.errors import BadInput
from selfscope.stats.axis import (
    COSINE,
    DRAWS,
    Floats,
    Resampled,
    centred_interval,
    drawn_counts,
    filled,
    sample_of,
)

Over = Literal["both", "roles", "questions"]

SPLITS = 100
#: Splits over which the cosine of one resampled or exchanged data set is taken.
SPLITS_A_DRAW = 4


def split_half(
    roles: Floats, default: Floats, *, over: Over = "both", splits: int = SPLITS, seed: int = 0
) -> Floats:
    """Return the mean cosine of axes from disjoint halves, at each layer; shape (layer,).

    Parameters
    ----------
    roles
        Shape (layer, role, question, d_model); a cell without a response is NaN.
    default
        Shape (layer, question, d_model), likewise.
    over
        What is split. With ``roles`` both halves share questions and the default, with ``questions`` the
        roles: they share the noise of what they share, so only ``both`` is the reliability of the axis.

    Raises
    ------
    BadInput
        If there are fewer than four roles or questions.
    """
    refuse_small(roles)
    draw = np.random.default_rng(seed)
    ones = np.ones((splits, roles.shape[1])), np.ones((splits, roles.shape[2]))
    return _mean(_half_cosines(roles, default, *ones, over, draw))


def full_length(halves: Floats) -> Floats:
    """Return 2r / (1 + r) of cosines of halves: what axes from twice the material would agree by.

    For the noise of roles and of questions alone, which falls with their number. That of single cells falls
    with the square of it, so where cells are noisy the whole does a little better than this. NaN at −1.
    """
    return np.asarray(2 * halves / np.where(halves > -1, 1 + halves, np.nan))


def split_half_interval(
    roles: Floats, default: Floats, *, splits: int = SPLITS, draws: int = DRAWS, seed: int = 0
) -> Resampled:
    """Return the cosine of both halves with an interval by resampling roles and questions, crossed.

    Copies of a role or question stay in one half. Resampled data hold fewer distinct ones, so their cosines
    lie too low; the interval is that of their deviations from their own mean, in Fisher's z, about the
    estimate.
    """
    estimate = split_half(roles, default, splits=splits, seed=seed)
    draw = np.random.default_rng(seed + 1)
    role_weights, question_weights = drawn_counts(roles.shape[1:3], draws, draw)
    by_role, by_question = (np.repeat(w, SPLITS_A_DRAW, 0) for w in (role_weights, question_weights))
    cosines = _half_cosines(roles, default, by_role, by_question, "both", draw)
    each_draw = _mean(cosines.reshape(len(cosines), draws, SPLITS_A_DRAW))
    return Resampled(estimate, centred_interval(estimate, each_draw.T, COSINE, size=min(roles.shape[1:3])))


def exchanged(
    roles: Floats, default: Floats, *, draws: int = DRAWS, splits: int = SPLITS_A_DRAW, seed: int = 0
) -> Floats:
    """Return mean cosines of both halves when, within each question, it is chance who is called the default.

    Shape (draw,); `roles` and `default` are of one layer, shapes (role, question, d_model) and (question,
    d_model). States of a network have large means in common, so cosines are high without any axis: this is
    what the observed one is to be held against. The default's cells are means over more responses than a
    role's; where they differ much, this null is about right and not exact.
    """
    refuse_small(roles[None])
    draw = np.random.default_rng(seed + 2)
    everyone = np.concatenate([default[None], roles])
    questions = np.arange(roles.shape[1])
    found = np.empty(draws)
    for n in range(draws):
        order = draw.permuted(np.tile(np.arange(len(everyone))[:, None], (1, len(questions))), axis=0)
        mixed = everyone[order, questions]
        ones = np.ones((splits, len(roles))), np.ones((splits, len(questions)))
        found[n] = _mean(_half_cosines(mixed[None, 1:], mixed[None, 0], *ones, "both", draw))[0]
    return found


class Pretenders(NamedTuple):
    """Every role in turn called the default, and the default one role among the others.

    Attributes
    ----------
    cosines
        Of both halves, for each such axis; shape (role,).
    lengths
        Of the axes, by that of the true one; shape (role,).
    """

    cosines: Floats
    lengths: Floats


def pretenders(
    roles: Floats, default: Floats, *, splits: int = SPLITS_A_DRAW * 5, seed: int = 0
) -> Pretenders:
    """Return how reliable and how long the axis towards each role is, which bounds what is the default's own.

    A role is someone in particular too, so an axis towards it also comes again. Where most of these axes are
    as reliable and as long as the default's, the axis says "away from the other roles" and nothing more
    about the default. Shapes as in :func:`exchanged`.
    """
    refuse_small(roles[None])
    everyone = np.concatenate([default[None], roles])
    draw = np.random.default_rng(seed + 4)
    own = np.linalg.norm(sample_of(roles, default).axis)
    cosines, lengths = np.empty((2, len(roles)))
    for n in range(1, len(everyone)):
        others = np.delete(everyone, n, axis=0)
        ones = np.ones((splits, len(roles))), np.ones((splits, roles.shape[1]))
        cosines[n - 1] = _mean(_half_cosines(others[None], everyone[n][None], *ones, "both", draw))[0]
        lengths[n - 1] = np.linalg.norm(sample_of(others, everyone[n]).axis) / own
    return Pretenders(cosines, lengths)


def _half_cosines(
    roles: Floats,
    default: Floats,
    role_weights: Floats,
    question_weights: Floats,
    over: Over,
    draw: np.random.Generator,
) -> Floats:
    """Return cosines of two axes from disjoint halves of what is weighted; shape (layer, split).

    Parameters
    ----------
    role_weights, question_weights
        How often each counts, shapes (split, role) and (split, question); 0 for not at all.
    """
    by_role = _halves(role_weights, draw) if over != "questions" else (role_weights, role_weights)
    by_question = _halves(question_weights, draw) if over != "roles" else (question_weights, question_weights)
    found = np.empty((len(roles), len(role_weights)))
    for layer, (cells, base) in enumerate(zip(roles, default, strict=True)):
        first, second = (_axes(cells, base, r, q) for r, q in zip(by_role, by_question, strict=True))
        lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
        found[layer] = (first * second).sum(1) / np.where(lengths > 0, lengths, np.nan)
    return found


def _mean(values: Floats) -> Floats:
    """Return means over the last axis of what is there; NaN where nothing is."""
    there = np.isfinite(values)
    return np.asarray(np.where(there, values, 0.0).sum(-1) / np.where(there.any(-1), there.sum(-1), np.nan))


def _halves(weights: Floats, draw: np.random.Generator) -> tuple[Floats, Floats]:
    """Return the weights of two disjoint halves of those that have any, at random, row by row."""
    rank = np.argsort(np.argsort(np.where(weights > 0, draw.random(weights.shape), 2.0), axis=1), axis=1)
    count = (weights > 0).sum(1, keepdims=True)
    first = rank < count // 2
    return weights * first, weights * ~first


def _axes(cells: Floats, base: Floats, by_role: Floats, by_question: Floats) -> Floats:
    """Return one axis a row of weights; shape (split, d_model)."""
    whole, present = filled(cells)
    base_whole, base_present = filled(base)
    seen = by_question @ present.T.astype(np.float64)
    roles = by_role * (seen > 0)
    share = _shares(roles) / np.where(seen > 0, seen, 1.0)
    each = share[:, :, None] * by_question[:, None, :] * present
    own = by_question * base_present
    everyone = each.reshape(len(each), -1) @ whole.reshape(-1, whole.shape[-1])
    return np.asarray(_shares(own) @ base_whole - everyone)


def _shares(weights: Floats) -> Floats:
    """Return weights that sum to one in each row; NaN where all are nought: such a half has no axis."""
    total = weights.sum(1, keepdims=True)
    return np.asarray(weights / np.where(total > 0, total, np.nan))


def refuse_small(roles: Floats) -> None:
    """Raise BadInput under four roles or four questions; shape (layer, role, question, d_model)."""
    if min(roles.shape[1:3]) < 4:
        raise BadInput(
            "halves need four roles and four questions",
            got=f"{roles.shape[1]} roles, {roles.shape[2]} questions",
            fix="Map more of them",
        )
