"""What is read off the axis, with intervals: components, places of roles and others, sensitivity to recipe.

Shapes and the sign as in :mod:`selfscope.stats.axis`: larger projections are nearer to the default.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy import stats

from selfscope.errors import BadInput
from selfscope.stats.axis import (
    COSINE,
    DRAWS,
    SHARE,
    Floats,
    Resampled,
    Sample,
    centred_interval,
    components_for,
    cosine,
    crossed_draws,
    places,
    principal,
    sample_of,
)
from selfscope.stats.halves import refuse_small, split_half


class Components(NamedTuple):
    """Components of the role vectors at each layer.

    Attributes
    ----------
    cos_pc1, cos_pc1_ci
        Absolute cosine of the axis with the first; shapes (layer,) and (layer, 2).
    first, first_ci
        Share of the variance that the first holds; the same shapes.
    held, held_ci
        How many hold 70 percent of it; the same shapes. Ends are whole numbers of at least one.
    """

    cos_pc1: Floats
    cos_pc1_ci: Floats
    first: Floats
    first_ci: Floats
    held: Floats
    held_ci: Floats


def components(roles: Floats, default: Floats, *, draws: int = DRAWS, seed: int = 0) -> Components:
    """Return the first component against the axis, its share, and the components for 70 percent.

    Intervals by drawing roles and questions again, crossed; they speak of samples of this size, because
    both a share and a cosine of an estimated component depend on how many roles there are.

    Parameters
    ----------
    roles, default
        Shapes (layer, role, question, d_model) and (layer, question, d_model).

    Raises
    ------
    BadInput
        If there are fewer than four roles or questions.
    """
    refuse_small(roles)
    made = []
    for cells, base in zip(roles, default, strict=True):
        found, drawn = crossed_draws(cells, base, _first, draws=draws, seed=seed)
        size = min(cells.shape[:2])
        cos, share = (
            centred_interval(found[i], drawn[:, i], link, size=size) for i, link in ((0, COSINE), (1, SHARE))
        )
        low, high = centred_interval(found[2], drawn[:, 2], size=size)
        made.append((found, cos, share, np.array([max(1.0, np.floor(low)), max(1.0, np.ceil(high))])))
    raw, cos, share, held = (np.stack(each) for each in zip(*made, strict=True))
    return Components(raw[:, 0], cos, raw[:, 1], share, raw[:, 2], held)


def _first(sample: Sample) -> Floats:
    """Return |cosine| of the axis with the first component, its share, and components for 70 percent."""
    if sample.seen.sum() < 2 or not np.isfinite(sample.default).all():
        return np.full(3, np.nan)
    found = principal(sample.vectors, sample.weights)
    return np.array(
        [abs(float(cosine(sample.axis, found.directions[0]))), found.shares[0], components_for(found.shares)]
    )


def place_intervals(
    roles: Floats, default: Floats, others: Floats | None = None, *, draws: int = DRAWS, seed: int = 0
) -> Resampled:
    """Return places z along the axis at one layer, and how they would vary with other roles and questions.

    The axis, the zero and the unit vary with them, so these intervals are wider than those over the
    questions of one place. z: see :func:`selfscope.stats.axis.places`.

    Parameters
    ----------
    roles, default
        Shapes (role, question, d_model) and (question, d_model).
    others
        Who else is placed, at the same questions, shape (other, question, d_model); None to place the roles
        themselves and, last, the default.

    Returns
    -------
    Shapes (place,) and (place, 2).
    """
    refuse_small(roles[None])
    placed = np.concatenate([roles, default[None]]) if others is None else others
    found, drawn = crossed_draws(
        roles, default, lambda s: places(s)[len(roles) :], beside=placed, draws=draws, seed=seed
    )
    return Resampled(found, centred_interval(found, drawn, size=min(roles.shape[:2])))


class Recipe(NamedTuple):
    """One way to come to an axis: a layer, a selection of tokens, a filter of responses.

    Attributes
    ----------
    roles, default
        Shapes (role, question, d_model) and (question, d_model); the same roles in the same order in all.
    """

    roles: Floats
    default: Floats


class Sensitive(NamedTuple):
    """What another recipe gives.

    Attributes
    ----------
    name
        Of the recipe.
    split_half
        Cosine of both halves.
    cosine
        Of its axis with the reference's; NaN where the vectors differ in length.
    order
        Spearman correlation over roles of places along its axis with those along the reference's.
    """

    name: str
    split_half: float
    cosine: float
    order: float


def sensitivity(recipes: Mapping[str, Recipe], reference: str, *, seed: int = 0) -> tuple[Sensitive, ...]:
    """Return, for every recipe, its reliability and how far its axis is that of the reference.

    Raises
    ------
    BadInput
        If there is no such reference, or the recipes are not about the same number of roles.
    """
    if reference not in recipes:
        raise BadInput("no such recipe", got=reference, fix=f"Choose from {', '.join(recipes)}")
    if len({len(each.roles) for each in recipes.values()}) > 1:
        raise BadInput("recipes must be about the same roles", got=[len(e.roles) for e in recipes.values()])
    own = sample_of(*recipes[reference])
    return tuple(_sensitive(name, each, own, seed) for name, each in recipes.items())


def _sensitive(name: str, recipe: Recipe, reference: Sample, seed: int) -> Sensitive:
    sample = sample_of(*recipe)
    both = sample.seen & reference.seen
    alike = sample.axis.shape == reference.axis.shape
    order = stats.spearmanr(places(sample)[both], places(reference)[both]).statistic
    return Sensitive(
        name,
        float(split_half(recipe.roles[None], recipe.default[None], seed=seed)[0]),
        float(cosine(sample.axis, reference.axis)) if alike else float("nan"),
        float(order),
    )
