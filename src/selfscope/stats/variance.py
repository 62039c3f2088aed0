"""Where variance lies in a balanced table: components, tests, intervals and shares (`measurement.md` §11)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from selfscope.stats.masked import Array, Mask, ratio
from selfscope.stats.variance_design import Design
from selfscope.stats.variance_interval import DRAWS, large_sample, noncentral, pivots, quantiles
from selfscope.stats.variance_squares import mean_squares


class Components(NamedTuple):
    """Every term of a design; arrays ``(..., term)`` in the order of ``design.terms``.

    Attributes
    ----------
    mean_square
        As computed.
    variance
        σ² by inclusion and exclusion of mean squares; negative ones as they come. Of fixed facets: the sum
        of squared effects over their number less one.
    ci95
        ``(..., term, 2)``, not cut at zero. Modified large samples; noncentral F where all facets are fixed.
    f, df_above, df_below, p
        The F test of "no variance here"; NaN where no mean square, nor any sum of them, can be a denominator.
    quasi
        Whether F is Satterthwaite's of sums of mean squares, ``(term,)``.
    share
        Of the variance of one value, negative estimates taken as zero.
    share_ci95
        ``(..., term, 2)``, by generalised pivots.
    cut
        Sum of the negative parts that shares leave out, over the sum of the positive ones, ``(...)``.
    """

    mean_square: Array
    variance: Array
    ci95: Array
    f: Array
    df_above: Array
    df_below: Array
    p: Array
    quasi: Mask
    share: Array
    share_ci95: Array
    cut: Array


def components(values: ArrayLike, design: Design, *, draws: int = DRAWS, seed: int = 0) -> Components:
    """How much variance lies in each unit, and how surely?

    Validated against statsmodels' REML and pingouin's intraclass correlations where designs coincide.

    Parameters
    ----------
    values
        Shape ``(..., *design.shape)``, finite.
    draws, seed
        Of the pivots behind the intervals of shares; 0 draws leave those NaN.

    Raises
    ------
    BadInput
        If the shape is not the design's or a value is not finite.
    """
    return from_squares(mean_squares(values, design), design, draws=draws, seed=seed)


def from_squares(
    squares: Array, design: Design, *, draws: int = DRAWS, seed: int = 0, among: Mask | None = None
) -> Components:
    """Return the same from mean squares, ``(..., term)``; shares `among` some terms only, ``(term,)``."""
    variance = squares @ design.solution.T
    f, above, below = f_tests(squares, design)
    p = np.where(np.isfinite(f), special.fdtrc(_some(above), _some(below), _some(f)), np.nan)
    sampled = [large_sample(squares, w, design.df) for w in design.solution]
    ci = np.stack(sampled, axis=-2)
    for n, named in enumerate(design.only_fixed):
        if named:
            ci[..., n, :] = _fixed_interval(squares, design, n, f[..., n], below[..., n])
    share, cut = shares(variance, design, among)
    shown = np.full((*variance.shape, 2), np.nan)
    if draws:
        drawn, _ = shares(pivots(squares, design, draws=draws, seed=seed) @ design.solution.T, design, among)
        shown = quantiles(drawn)
    quasi = (design.denominators != 0).sum(axis=1) > 1
    return Components(squares, variance, ci, f, above, below, p, quasi, share, shown, cut)


def f_tests(squares: Array, design: Design) -> tuple[Array, Array, Array]:
    """Return F of every term with its degrees of freedom, ``(..., term)``; NaN where none exists.

    The denominator expects what the mean square does without the term's own component. Where no single mean
    square does, the sums on both sides are those with positive weights, ``(MS + Σ MS')/Σ MS''``, with
    Satterthwaite's degrees of freedom.
    """
    own = np.broadcast_to(np.eye(len(design.terms)), (*squares.shape[:-1], len(design.terms), len(design.df)))
    weights = design.denominators
    above = (own + np.maximum(-weights, 0)) * squares[..., None, :]
    below = np.maximum(weights, 0) * squares[..., None, :]
    f = ratio(above.sum(axis=-1), below.sum(axis=-1))
    return f, _freedom(above, design.df), np.where(np.isfinite(f), _freedom(below, design.df), np.nan)


def _freedom(parts: Array, df: Array) -> Array:
    """Return Satterthwaite's degrees of freedom of sums of mean squares, ``(..., term)``."""
    return ratio(parts.sum(axis=-1) ** 2, (parts**2 / df).sum(axis=-1))


def _some(x: Array) -> Array:
    return np.where(np.isfinite(x), x, 1.0)


def _fixed_interval(squares: Array, design: Design, n: int, f: Array, below: Array) -> Array:
    """Return the interval of the squared effects of fixed facets, ``(..., 2)``; NaN without an F."""
    noise = squares @ design.denominators[n]
    bounds = noncentral(f, float(design.df[n]), _some(below))
    return np.asarray(bounds * (noise / design.behind[n])[..., None])


def shares(variance: Array, design: Design, among: Mask | None = None) -> tuple[Array, Array]:
    """Return each term's share in the variance of one value, ``(..., term)``, and what was cut, ``(...)``.

    Shares add up to 1. Of fixed facets (n - 1)/n of the component counts: what differences between these
    levels add to the spread of values. With `among` shares are of the sum of those terms alone.
    """
    counted = np.ones(len(design.terms), bool) if among is None else among
    parts = np.where(counted, variance * design.in_one_value, 0.0)
    kept = np.maximum(parts, 0.0)
    total = kept.sum(axis=-1)
    cut = ratio(np.maximum(-parts, 0.0).sum(axis=-1), total)
    return np.where(counted, ratio(kept, total[..., None]), np.nan), cut
