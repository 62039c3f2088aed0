"""Would the axis come again? Cosines of axes from disjoint halves of roles and questions, with intervals.

The data are mean vectors of roles r and questions q, and of the default at the same questions. The axis of a
set of both is

    a = mean over q of default_q  −  mean over r of (mean over q of x_rq)

so larger inner products with it are nearer to the default. ``measurement.md`` §14.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from selfscope.errors import BadInput

Floats = npt.NDArray[np.float64]
Over = Literal["both", "roles", "questions"]

SPLITS = 100
DRAWS = 200
#: Splits over which the cosine of one resampled or exchanged data set is taken.
SPLITS_A_DRAW = 4
#: Under this cosine of both halves no projection is interpreted, and under that no cap is set.
INTERPRET, CAP = 0.70, 0.90


class Resampled(NamedTuple):
    """An estimate at each layer with its 95 percent interval; shapes (layer,) and (layer, 2)."""

    estimate: Floats
    ci: Floats


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
    _refuse_small(roles)
    draw = np.random.default_rng(seed)
    ones = np.ones((splits, roles.shape[1])), np.ones((splits, roles.shape[2]))
    return _mean(_half_cosines(roles, default, *ones, over, draw))


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
    role_weights, question_weights = _resampled(roles, draws, draw)
    by_role, by_question = (np.repeat(w, SPLITS_A_DRAW, 0) for w in (role_weights, question_weights))
    cosines = _half_cosines(roles, default, by_role, by_question, "both", draw)
    each_draw = _mean(cosines.reshape(len(cosines), draws, SPLITS_A_DRAW))
    z = np.arctanh(np.clip(each_draw, -1 + 1e-9, 1 - 1e-9))
    centre = np.arctanh(np.clip(estimate, -1 + 1e-9, 1 - 1e-9))
    ends = np.nanquantile(z - _mean(z)[:, None], (0.025, 0.975), axis=1)
    return Resampled(estimate, np.tanh(centre[:, None] + ends.T))


def exchanged(
    roles: Floats, default: Floats, *, draws: int = DRAWS, splits: int = SPLITS_A_DRAW, seed: int = 0
) -> Floats:
    """Return cosines of both halves when, within each question, it is chance who is called the default.

    Shape (draw,); `roles` and `default` are of one layer, shapes (role, question, d_model) and (question,
    d_model). States of a network have large means in common, so cosines are high without any axis: this is
    what the observed one is to be held against. The default's cells are means over more responses than a
    role's; where they differ much, this null is about right and not exact.
    """
    _refuse_small(roles[None])
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


def components_for(shares: Floats, held: float = 0.70) -> int:
    """Return how many components hold a share of the variance; `shares` are sorted, and sum to one."""
    return int(np.searchsorted(np.cumsum(shares), held - 1e-12) + 1)


class Components(NamedTuple):
    """Components of the role vectors at each layer.

    Attributes
    ----------
    cos_pc1, cos_pc1_ci
        Absolute cosine of the axis with the first; shapes (layer,) and (layer, 2).
    held, held_ci
        How many hold 70 percent of the variance; the same shapes. Resampled roles have fewer distinct ones,
        so the interval leans to fewer components.
    """

    cos_pc1: Floats
    cos_pc1_ci: Floats
    held: Floats
    held_ci: Floats


def components(roles: Floats, default: Floats, *, draws: int = DRAWS, seed: int = 0) -> Components:
    """Return the first component against the axis, and the components for 70 percent, with intervals.

    Percentile intervals by resampling roles and questions, crossed. Shapes as in :func:`split_half`.
    """
    _refuse_small(roles)
    draw = np.random.default_rng(seed + 3)
    weights = _resampled(roles, draws, draw)
    cosine, held = np.empty((2, len(roles), draws + 1))
    whole = [np.concatenate([np.ones((1, w.shape[1])), w]) for w in weights]
    for layer, (cells, base) in enumerate(zip(roles, default, strict=True)):
        filled, present = _filled(cells)
        base_filled, base_present = _filled(base)
        for n, (by_role, by_question) in enumerate(zip(*whole, strict=True)):
            shares = by_question * present
            seen = (shares.sum(1) > 0) & (by_role > 0)
            means = np.einsum("rq,rqd->rd", shares[seen], filled[seen]) / shares[seen].sum(1)[:, None]
            own = by_question * base_present
            if len(means) < 2 or not own.sum() > 0:
                cosine[layer, n], held[layer, n] = np.nan, np.nan
                continue
            axis = own @ base_filled / own.sum() - by_role[seen] @ means / by_role[seen].sum()
            cosine[layer, n], held[layer, n] = _against_first(means, by_role[seen], axis)
    ends = (0.025, 0.975)
    return Components(
        cosine[:, 0],
        np.nanquantile(cosine[:, 1:], ends, axis=1).T,
        held[:, 0],
        np.nanquantile(held[:, 1:], ends, axis=1).T,
    )


def _against_first(means: Floats, weights: Floats, axis: Floats) -> tuple[float, float]:
    """Return |cosine| of the axis with the first component, and components for 70 percent.

    From the Gram matrix of the roles, which is small where vectors are long.
    """
    centred = (means - weights @ means / weights.sum()) * np.sqrt(weights)[:, None]
    sizes, turned = np.linalg.eigh(centred @ centred.T)
    if not sizes[-1] > 0:
        return np.nan, np.nan
    first = centred.T @ turned[:, -1]
    shares = np.clip(sizes[::-1], 0, None)
    cosine = abs(float(first @ axis)) / float(np.linalg.norm(first) * np.linalg.norm(axis))
    return cosine, float(components_for(shares / shares.sum()))


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
    filled, present = _filled(cells)
    base_filled, base_present = _filled(base)
    seen = by_question @ present.T.astype(np.float64)
    roles = by_role * (seen > 0)
    share = _shares(roles) / np.where(seen > 0, seen, 1.0)
    each = share[:, :, None] * by_question[:, None, :] * present
    own = by_question * base_present
    everyone = each.reshape(len(each), -1) @ filled.reshape(-1, filled.shape[-1])
    return np.asarray(_shares(own) @ base_filled - everyone)


def _shares(weights: Floats) -> Floats:
    """Return weights that sum to one in each row; NaN where all are nought: such a half has no axis."""
    total = weights.sum(1, keepdims=True)
    return np.asarray(weights / np.where(total > 0, total, np.nan))


def _filled(vectors: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return vectors with noughts for those that are missing, and which are there."""
    present: npt.NDArray[np.bool_] = np.asarray(np.isfinite(vectors).all(-1))
    return np.where(present[..., None], vectors, 0.0), present


def _resampled(roles: Floats, draws: int, draw: np.random.Generator) -> tuple[Floats, Floats]:
    """Return how often each role and each question is drawn, each at least four distinct ones."""
    made = []
    for count in roles.shape[1:3]:
        weights = draw.multinomial(count, np.full(count, 1 / count), 4 * draws).astype(np.float64)
        enough = weights[(weights > 0).sum(1) >= min(4, count)]
        made.append(np.resize(enough, (draws, count)))
    return made[0], made[1]


def _refuse_small(roles: Floats) -> None:
    if min(roles.shape[1:3]) < 4:
        raise BadInput(
            "halves need four roles and four questions",
            got=f"{roles.shape[1]} roles, {roles.shape[2]} questions",
            fix="Map more of them",
        )
