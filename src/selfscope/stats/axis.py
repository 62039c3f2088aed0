"""The axis from whom a model can be asked to be towards its default assistant, and the components beside it.

The data of one layer are mean vectors x_rq of roles r at questions q, and of the default at the same
questions, d_q. The axis of a weighted set of both is

    a = Σ w_q d_q / Σ w_q  −  Σ w_r x_r / Σ w_r,    x_r = Σ w_q x_rq / Σ w_q over the questions r has

so a larger inner product with it is **nearer to the default**. Roles count alike, however many responses they
have. Source: the contrast vector of Lu et al., arXiv 2601.10387; intervals: Owen 2007 (both factors of a
crossed table are drawn again). ``measurement.md`` §14.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from selfscope.errors import BadInput

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

DRAWS = 200
#: Under this cosine of both halves no projection is interpreted, and under that no cap is set.
INTERPRET, CAP = 0.70, 0.90
ENDS = (0.025, 0.975)


class Sample(NamedTuple):
    """Role vectors and the default under one weighting of roles and questions, at one layer.

    Attributes
    ----------
    vectors
        Of every role over the weighted questions, shape (role, d_model); NaN where it has none of them.
    weights
        How often each role counts, 0 for not at all or without a vector; shape (role,).
    default
        Shape (d_model,); NaN where it has none of the questions.
    """

    vectors: Floats
    weights: Floats
    default: Floats

    @property
    def seen(self) -> Bools:
        """Which roles count; shape (role,)."""
        return np.asarray(self.weights > 0)

    @property
    def centre(self) -> Floats:
        """Weighted mean of the roles, shape (d_model,); NaN without roles."""
        if not self.seen.any():
            return np.full(self.vectors.shape[1], np.nan)
        return np.asarray(np.average(self.vectors[self.seen], axis=0, weights=self.weights[self.seen]))

    @property
    def axis(self) -> Floats:
        """Default less roles, shape (d_model,)."""
        return np.asarray(self.default - self.centre)


class Principal(NamedTuple):
    """Principal components of role vectors.

    Attributes
    ----------
    directions
        Unit vectors, largest variance first, shape (component, d_model); their signs are arbitrary.
    shares
        Of the variance, shape (component,); they sum to one.
    """

    directions: Floats
    shares: Floats


class Resampled(NamedTuple):
    """An estimate with its 95 percent interval; shapes (…) and (…, 2)."""

    estimate: Floats
    ci: Floats


Statistic = Callable[[Sample], Floats]


def role_vectors(roles: Floats) -> Floats:
    """Return every role's mean over the questions it has; (…, role, question, d) to (…, role, d)."""
    cells, present = filled(roles)
    count = present.sum(-1, keepdims=True)
    return np.asarray(cells.sum(-2) / np.where(count > 0, count, np.nan))


def axis_of(roles: Floats, default: Floats) -> Floats:
    """Return the axis at each layer, larger towards the default; shape (layer, d_model).

    Parameters
    ----------
    roles
        Shape (layer, role, question, d_model); a cell without a response is NaN.
    default
        Shape (layer, question, d_model), likewise.
    """
    return np.stack([sample_of(r, d).axis for r, d in zip(roles, default, strict=True)])


def sample_of(
    roles: Floats, default: Floats, by_role: Floats | None = None, by_question: Floats | None = None
) -> Sample:
    """Return one layer's vectors under weights of roles and questions, all one by default.

    Parameters
    ----------
    roles, default
        Shapes (role, question, d_model) and (question, d_model), NaN where nothing was said.
    by_role, by_question
        Shapes (role,) and (question,).
    """
    cells, present = filled(roles)
    base, base_present = filled(default)
    w_role = np.ones(len(cells)) if by_role is None else by_role
    w_question = np.ones(len(base)) if by_question is None else by_question
    used = w_question > 0
    share = (w_question * present)[:, used]
    total, own = share.sum(1), (w_question * base_present)[used]
    summed = np.matmul(share[:, None, :], cells[:, used])[:, 0]
    vectors = summed / np.where(total > 0, total, np.nan)[:, None]
    centre = own @ base[used] / (own.sum() if own.sum() > 0 else np.nan)
    return Sample(vectors, w_role * (total > 0), centre)


def principal(vectors: Floats, weights: Floats | None = None) -> Principal:
    """Return the principal components of weighted role vectors, shape (role, d_model).

    The noise of a role's mean is in them too: with few questions the shares are flatter than the roles' own.

    Raises
    ------
    BadInput
        If fewer than two roles count, or they do not differ.
    """
    by = np.ones(len(vectors)) if weights is None else weights
    seen = by > 0
    if seen.sum() < 2:
        raise BadInput("components need two roles", got=int(seen.sum()), fix="Map more of them")
    kept = vectors[seen]
    centred = (kept - np.average(kept, axis=0, weights=by[seen])) * np.sqrt(by[seen])[:, None]
    # The Gram matrix of roles is small where vectors are long.
    sizes, turned = np.linalg.eigh(centred @ centred.T)
    sizes, turned = np.clip(sizes[::-1], 0, None), turned[:, ::-1]
    real = sizes > sizes[0] * 1e-12
    if not real.any():
        raise BadInput("the roles do not differ inside the network", got=f"{len(kept)} roles")
    directions = turned[:, real].T @ centred / np.sqrt(sizes[real])[:, None]
    return Principal(directions, sizes[real] / sizes[real].sum())


def components_for(shares: Floats, held: float = 0.70) -> int:
    """Return how many components hold a share of the variance; `shares` are sorted, and sum to one."""
    return int(np.searchsorted(np.cumsum(shares), held - 1e-12) + 1)


def cosine(first: Floats, second: Floats) -> Floats:
    """Return cosines over the last axis; NaN where a vector is nought."""
    lengths = np.linalg.norm(first, axis=-1) * np.linalg.norm(second, axis=-1)
    return np.asarray((first * second).sum(-1) / np.where(lengths > 0, lengths, np.nan))


def places(sample: Sample, others: Floats | None = None) -> Floats:
    """Return z of every role, or of other vectors, along the axis; larger is nearer to the default.

    z is the projection less the roles' mean, in units of the roles' standard deviation (n − 1); NaN where
    fewer than two roles count. `others` has shape (…, d_model).
    """
    vectors = sample.vectors if others is None else others
    unit = sample.axis / np.linalg.norm(sample.axis)
    own, by = sample.vectors[sample.seen] @ unit, sample.weights[sample.seen]
    if len(own) < 2:
        return np.full(vectors.shape[:-1], np.nan)
    mean = np.average(own, weights=by)
    spread = np.sqrt((by * (own - mean) ** 2).sum() / (by.sum() - 1))
    return np.asarray((vectors @ unit - mean) / spread)


def crossed_draws(
    roles: Floats,
    default: Floats,
    statistic: Statistic,
    *,
    beside: Floats | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> tuple[Floats, Floats]:
    """Return a statistic of one layer, and its values when roles and questions are drawn again, crossed.

    Parameters
    ----------
    roles, default
        Shapes (role, question, d_model) and (question, d_model).
    statistic
        From a :class:`Sample` to an array of one shape (…), NaN where it does not exist.
    beside
        Others at the same questions, shape (other, question, d_model): they stand after the roles in every
        sample, with weight 0, and only their questions are drawn again.

    Returns
    -------
    Shapes (…) and (draw, …).
    """
    by_role, by_question = drawn_counts(roles.shape[:2], draws, np.random.default_rng([seed, 31]))
    everyone = roles if beside is None else np.concatenate([roles, beside])
    others = np.zeros(len(everyone) - len(roles))

    def once(role: Floats, question: Floats) -> Floats:
        sample = sample_of(everyone, default, np.concatenate([role, others]), question)
        return np.asarray(statistic(sample), float)

    estimate = once(*(np.ones(size) for size in roles.shape[:2]))
    return estimate, np.stack([once(r, q) for r, q in zip(by_role, by_question, strict=True)])


class Link(NamedTuple):
    """A scale without bounds: there and back."""

    there: Callable[[Floats], Floats]
    back: Callable[[Floats], Floats]


COSINE = Link(
    lambda x: np.asarray(np.arctanh(np.clip(x, -1 + 1e-9, 1 - 1e-9))), lambda z: np.asarray(np.tanh(z))
)
SHARE = Link(
    lambda x: np.asarray(special.logit(np.clip(x, 1e-9, 1 - 1e-9))), lambda z: np.asarray(special.expit(z))
)


def centred_interval(
    estimate: Floats, drawn: Floats, link: Link | None = None, *, size: int | None = None
) -> Floats:
    """Return 95 percent ends about `estimate` (…) from draws (draw, …); shape (…, 2), NaN without draws.

    Draws hold fewer distinct roles, so that cosines and components lean to one side in them. The interval is
    therefore that of the draws' deviations from their own mean, on the scale of `link`: it speaks of the
    mean of the estimate over other samples of this size, not of a limit. With `size`, the smaller number of
    what was drawn, ends are set apart as Student's t and n / (n − 1) ask (Hesterberg 2015).
    """
    centre, values = (estimate, drawn) if link is None else (link.there(estimate), link.there(drawn))
    there = np.isfinite(values)
    count = there.sum(0)
    mean = np.where(there, values, 0.0).sum(0) / np.where(count > 0, count, np.nan)
    shifted = np.where(there, values - mean, np.nan)
    flat = shifted.reshape(len(drawn), -1)
    ends = np.full((2, flat.shape[1]), np.nan)
    some = np.isfinite(flat).any(0)
    ends[:, some] = np.nanquantile(flat[:, some], ENDS, axis=0)
    made = centre[..., None] + _spread(size) * ends.T.reshape(*np.shape(centre), 2)
    return made if link is None else link.back(made)


def _spread(size: int | None) -> float:
    """Return by how much ends from draws of few are too narrow."""
    if size is None:
        return 1.0
    return float(stats.t.ppf(ENDS[1], size - 1) / stats.norm.ppf(ENDS[1]) * np.sqrt(size / (size - 1)))


def filled(vectors: Floats) -> tuple[Floats, Bools]:
    """Return vectors with noughts for those that are missing, and which are there (all axes but the last)."""
    present = np.asarray(np.isfinite(vectors).all(-1))
    if present.all():
        return vectors, present
    return np.where(present[..., None], vectors, 0.0), present


def drawn_counts(shape: tuple[int, ...], draws: int, draw: np.random.Generator) -> tuple[Floats, Floats]:
    """Return how often each role and each question is drawn: shapes (draw, role) and (draw, question).

    Draws with fewer than four distinct ones are left out, since no halves can be made of them.
    """
    made = []
    for count in shape:
        counts = draw.multinomial(count, np.full(count, 1 / count), 4 * draws).astype(np.float64)
        enough = counts[(counts > 0).sum(1) >= min(4, count)]
        made.append(np.resize(enough, (draws, count)))
    return made[0], made[1]
