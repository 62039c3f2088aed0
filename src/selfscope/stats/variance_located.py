"""From one balanced table to all that is said of where its variance lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from selfscope.errors import BadInput
from selfscope.stats.masked import Array, Mask
from selfscope.stats.variance import Components, from_squares
from selfscope.stats.variance_design import REPETITIONS, Design, Term, ancestors, design_of, kinds_of
from selfscope.stats.variance_interval import DRAWS, pivots
from selfscope.stats.variance_latent import latent, latent_interval
from selfscope.stats.variance_objects import Decision, coefficients, decision_study, error_weights
from selfscope.stats.variance_permutation import DRAWS as PERMUTATIONS
from selfscope.stats.variance_permutation import Permuted, permutation_p
from selfscope.stats.variance_squares import mean_squares
from selfscope.values.variance import (
    Component,
    DecisionRow,
    FacetKind,
    FacetTold,
    Interval,
    LatentShare,
    Located,
    UnitScore,
)

TARGET = 0.8
#: Draws behind intervals of latent shares: each is a fixed point of its own.
LATENT_DRAWS = 400
_SAME = 1e-9


@dataclass(frozen=True)
class Asked:
    """What is asked of a table.

    Attributes
    ----------
    facets
        Name and number of levels, in the order of axes; facets with one level included.
    nested
        Parents by name.
    obj
        The object of measurement.
    fixed, random
        Facets that are so by request.
    error
        Whether asking the same once more could give another value.
    permutations, draws, seed
        Of permutation nulls and of pivots.
    target
        The coefficient to aim at.
    differences
        Whether shares are of what differs between levels of the object: terms without it have no share.
    counts
        Whether values are 0 or 1, of which shares on the latent scale are told as well.
    """

    facets: tuple[tuple[str, int], ...]
    obj: str
    nested: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    random: tuple[str, ...] = ()
    error: bool = True
    permutations: int = PERMUTATIONS
    draws: int = DRAWS
    seed: int = 0
    target: float = TARGET
    differences: bool = False
    counts: bool = False


def locate(
    values: ArrayLike, asked: Asked, *, of: Mapping[str, str] | None = None, notes: Sequence[str] = ()
) -> Located:
    """Where does the variance of these values lie?

    Facets of one level are set aside as not estimable. Repetitions whose values are identical were not drawn
    anew: they are averaged and named structural zeros, and the values then carry no error of their own.

    Parameters
    ----------
    values
        One value a cell, axes as ``asked.facets``.

    Raises
    ------
    BadInput
        If the object is no facet, has one level or is a repetition without variance, or nothing varies.
    """
    y = np.asarray(values, float).reshape([n for _, n in asked.facets])
    _refuse_names(asked)
    full = _full_design(asked)
    y = y.reshape(full.shape)
    zero, kept, design = _reduced(y, full, asked)
    squares = mean_squares(kept, design)
    among = np.array([asked.obj in t.facets for t in design.terms]) if asked.differences else None
    found = from_squares(squares, design, draws=asked.draws, seed=asked.seed, among=among)
    permuted = permutation_p(kept, design, draws=asked.permutations, seed=asked.seed)
    drawn = pivots(squares, design, draws=asked.draws, seed=asked.seed)
    told = tuple(_components(found, permuted, full, design, zero, asked))
    units = tuple(_unit(squares, found, design, f.name, drawn) for f in design.facets)
    decision = decision_study(squares, design, asked.obj, drawn)
    rows = tuple(_rows(decision))
    return Located(
        dict(of or {}),
        tuple(_facets(full, zero, asked)),
        y.size,
        float(y.mean()),
        told,
        next(u for u in units if u.unit == asked.obj),
        units,
        rows,
        asked.target,
        _needed(rows, asked.target),
        float(found.cut),
        asked.differences,
        _floor(told),
        (*notes, *_notes(design, asked, found)),
        tuple(_latent(found, kept, design, among, drawn)) if asked.counts and design.error else (),
    )


def _latent(
    found: Components, values: Array, design: Design, among: Mask | None, drawn: Array
) -> Iterator[LatentShare]:
    """Yield components of 0/1 values on the latent scale; none where nearly all values are alike."""
    mean = float(values.mean())
    behind = latent(found.variance, np.asarray(mean), design, among)
    if not np.isfinite(behind.variance).all():
        return
    bounds = latent_interval(drawn[:LATENT_DRAWS] @ design.solution.T, mean, design, among)
    for n, term in enumerate(design.terms):
        share = float(behind.share[n])
        yield LatentShare(
            term.name, float(behind.variance[n]), share, _pair(bounds[n]), n == len(design.terms) - 1
        )


def _reduced(y: Array, full: Design, asked: Asked) -> tuple[tuple[str, ...], Array, Design]:
    """Return which repetitions are structural zeros, the values averaged over them, and their design.

    Raises
    ------
    BadInput
        If nothing varies, or the object does not.
    """
    if np.ptp(y) <= _SAME * max(1.0, float(np.abs(y).max())):
        raise BadInput("the value does not vary", got=f"{float(y.flat[0]):g} in every cell")
    zero = structural_zeros(y, full, asked.obj)
    if asked.obj in zero:
        raise BadInput(
            "the object does not vary", got=f"values that differ only in {asked.obj} are identical",
            fix="Choose another --object",
        )  # fmt: skip
    design = full
    for name in zero:
        y = y.mean(axis=list(design.levels).index(name))
        design = design.without(name)
    return zero, y, Design(design.facets, error=False) if zero else design


def _refuse_names(asked: Asked) -> None:
    levels = dict(asked.facets)
    strange = [
        f
        for f in (*asked.fixed, *asked.random)
        if f not in levels or (f in asked.fixed and f in asked.random)
    ]
    if strange:
        raise BadInput(
            "what is fixed or random is one facet, and one of the two",
            got=", ".join(dict.fromkeys(strange)),
            fix=f"Choose from: {', '.join(levels)}",
        )
    if asked.obj not in levels:
        raise BadInput("the object is no facet", got=asked.obj, fix=f"Choose from: {', '.join(levels)}")
    if levels[asked.obj] < 2:
        raise BadInput(
            "the object has one level", got=asked.obj, fix="Objects are told apart, so there must be several"
        )


def _full_design(asked: Asked) -> Design:
    """Return the design of all facets with several levels."""
    several = [(name, n) for name, n in asked.facets if n > 1]
    names = {name for name, _ in several}
    nested = {f: tuple(p for p in _above(f, asked) if p in names) for f in names}
    return design_of(several, nested, fixed=asked.fixed, random=asked.random, error=asked.error)


def _above(name: str, asked: Asked) -> tuple[str, ...]:
    return ancestors(name, dict(asked.nested))


def structural_zeros(values: Array, design: Design, obj: str) -> tuple[str, ...]:
    """Return the repetitions along which values are identical, innermost first.

    Repetitions are facets that are nested in the object, or are called so; nothing may be nested in them but
    repetitions that are structural zeros too.
    """
    found: list[str] = []
    scale = float(np.abs(values - values.mean()).max())
    for facet in sorted(design.facets, key=lambda f: -len(f.nested)):
        if obj not in facet.nested and facet.name not in REPETITIONS:
            continue
        inner = {f.name for f in design.facets if facet.name in f.nested}
        axis = list(design.levels).index(facet.name)
        if inner <= set(found) and float(np.ptp(values, axis=axis).max()) <= _SAME * scale:
            found.append(facet.name)
    return tuple(found)


def _components(
    found: Components, permuted: Permuted, full: Design, design: Design, zero: Sequence[str], asked: Asked
) -> Iterator[Component]:
    repeated = full.count(zero)
    for term in full.terms:
        df = float(full.df[full.term_of(term.facets)])
        if set(term.own) & set(zero):
            yield Component(term.name, term.own, term.within, df, 0.0, 0.0, share=0.0, structural_zero=True)
            continue
        n = design.term_of(term.facets)
        yield _component(found, permuted, design, n, term, repeated)
    for name, levels in asked.facets:
        if levels < 2:
            yield Component(name, (name,), _above(name, asked), not_estimable=True)


def _component(
    found: Components, permuted: Permuted, design: Design, n: int, term: Term, repeated: int
) -> Component:
    return Component(
        term.name,
        term.own,
        term.within,
        float(design.df[n]),
        float(found.mean_square[n]) * repeated,
        float(found.variance[n]),
        _pair(found.ci95[n]),
        float(found.share[n]),
        _pair(found.share_ci95[n]),
        float(found.f[n]),
        float(found.p[n]),
        bool(found.quasi[n]),
        float(permuted.p[n]),
        float(permuted.p_min[n]),
        set(term.own) <= design.fixed,
        residual=n == len(design.terms) - 1,
    )


def _pair(bounds: Array) -> Interval:
    return float(bounds[0]), float(bounds[1])


def _unit(squares: Array, found: Components, design: Design, name: str, drawn: Array) -> UnitScore:
    c = coefficients(squares, found.f, found.df_below, design, name, drawn)
    known = bool(np.isfinite(c.g))
    return UnitScore(
        name,
        tuple(f for f in design.levels if f in design.nesting[name]),
        float(c.g),
        _pair(c.g_ci95),
        float(c.phi),
        _pair(c.phi_ci95),
        bool(c.cut) and known,
        c.exact and known,
        name in design.fixed,
        "" if known else _why_not(design, name),
    )


def _why_not(design: Design, name: str) -> str:
    """Return why a unit has no coefficient: none is defined, or it is nothing over nothing."""
    averaged = error_weights(design, name)[0].any()
    return "neither it nor its error varies" if averaged else "no random facet is averaged over"


def _facets(full: Design, zero: Sequence[str], asked: Asked) -> Iterator[FacetTold]:
    rule = kinds_of(full.levels, full.nesting_in_order)
    for name, n in asked.facets:
        above = _above(name, asked)
        if n < 2:
            yield FacetTold(name, n, above, "not estimable")
        elif name in zero:
            yield FacetTold(name, n, above, "structural zero")
        else:
            kind: FacetKind = "fixed" if name in full.fixed else "random"
            yield FacetTold(name, n, above, kind, kind != rule[name])


def _rows(decision: Decision) -> Iterator[DecisionRow]:
    if not decision.facets:
        return
    for n, numbers in enumerate(decision.numbers):
        yield DecisionRow(
            {f: int(x) for f, x in zip(decision.facets, numbers, strict=True)},
            int(decision.observations[n]),
            float(decision.g[n]),
            _pair(decision.g_ci95[n]),
            float(decision.phi[n]),
            _pair(decision.phi_ci95[n]),
            bool(decision.extrapolated[n]),
        )


def _needed(rows: Sequence[DecisionRow], target: float) -> DecisionRow | None:
    """Return the row with the fewest observations that reaches the target in g; None if none does."""
    enough = [r for r in rows if r.g >= target]
    return min(enough, key=lambda r: (r.observations, -r.g), default=None)


def _floor(told: Sequence[Component]) -> Component | None:
    """Return the component of the repetitions themselves."""
    return next((c for c in told if len(c.facets) == 1 and c.facets[0] in REPETITIONS), None)


def _notes(design: Design, asked: Asked, found: Components) -> Iterator[str]:
    if asked.obj in design.fixed:
        yield (
            f"{asked.obj} has {design.levels[asked.obj]} levels and is fixed: what is said of it holds of "
            "these alone."
        )
    if not design.error and asked.error:
        yield "Repetitions are identical, so values carry no error of their own; nothing was drawn anew."
    if design.error and design.fixed:
        yield (
            "The term of highest order holds error beside interaction and counts as error everywhere; tests "
            "of what it lies in are careful where it is interaction with a fixed facet."
        )
    if float(found.cut) > 0:
        yield "Negative estimates are printed as they are and count as zero in shares and coefficients."
