"""From a long table that is not balanced to where its variance lies."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from selfscope.errors import BadInput
from selfscope.stats.variance_design import ancestors, design_of, kinds_of
from selfscope.stats.variance_unbalanced import (
    Codes,
    Estimated,
    Fit,
    Unbalanced,
    estimate,
    generalizability,
)
from selfscope.studies.where_table import coded_facets, numbers_of, refuse_columns
from selfscope.values.variance import Component, FacetKind, FacetTold, Located, UnitScore

if TYPE_CHECKING:
    import pandas as pd

    from selfscope.studies.where import WhereRequest

NOTE = (
    "The table need not be balanced: components are of maximum likelihood (GPBoost), which makes those of "
    "few levels smaller; they are not to be compared with those of mean squares. Intervals are of the "
    "profile of the likelihood."
)
LEFT = "{lost:,} of {all:,} rows have no value and are left out."


def located_unbalanced(
    frame: pd.DataFrame, request: WhereRequest, fit: Fit, of: Mapping[str, str], notes: Sequence[str] = ()
) -> Located:
    """Return where the variance of a column lies, whatever its cells hold.

    Raises
    ------
    BadInput
        If a column is missing, the object is no random facet, nothing varies, or facets group rows alike.
    CouldNot
        If the fit fails.
    """
    refuse_columns(frame, [request.value, *request.facets])
    y = numbers_of(frame, request.value)
    known = np.isfinite(y)
    if not known.any() or np.ptp(y[known]) == 0:
        raise BadInput("the value does not vary", got=f"{int(known.sum())} rows with a value")
    codes = {f: c[known] for f, (c, _) in coded_facets(frame, request.facets).items()}
    table, told = _table(y[known], codes, request)
    found = estimate(table, fit)
    units = tuple(_unit(table, found, f.name) for f in told if f.kind == "random")
    score = next((u for u in units if u.unit == request.obj), None)
    if score is None:
        raise BadInput("the object is no facet with random levels", got=request.obj, fix="Name another one")
    left = (LEFT.format(lost=int((~known).sum()), all=len(y)),) if not known.all() else ()
    return Located(
        dict(of),
        told,
        int(known.sum()),
        float(y[known].mean()),
        (*(_component(table, e) for e in found), *_unvaried(told)),
        score,
        units,
        (),
        request.target,
        None,
        0.0,
        notes=(*notes, *left, NOTE),
    )


def _table(
    y: np.ndarray, codes: Mapping[str, Codes], request: WhereRequest
) -> tuple[Unbalanced, tuple[FacetTold, ...]]:
    """Return the table with its design, and what every facet is; of a nested one the most levels count."""
    nested = dict(request.nested)
    levels = {f: _levels(f, codes, nested) for f in codes}
    several = [(f, n) for f, n in levels.items() if n > 1]
    names = {f for f, _ in several}
    above = {f: tuple(p for p in ancestors(f, nested) if p in names) for f in names}
    design = design_of(several, above, fixed=request.fixed, random=request.random)
    rule = kinds_of(design.levels, design.nesting_in_order)
    told = []
    for f, n in levels.items():
        kind: FacetKind = "not estimable" if n < 2 else "fixed" if f in design.fixed else "random"
        told.append(FacetTold(f, n, ancestors(f, nested), kind, n > 1 and kind != rule[f]))
    return Unbalanced(design, y, {f: codes[f] for f in names}), tuple(told)


def _levels(facet: str, codes: Mapping[str, Codes], nested: Mapping[str, tuple[str, ...]]) -> int:
    """Return how many levels a facet has, of a nested one in the parent that has most."""
    above = ancestors(facet, dict(nested))
    own = np.unique(np.stack([*(codes[p] for p in above), codes[facet]], axis=1), axis=0)
    if not above:
        return len(own)
    return int(np.unique(own[:, :-1], axis=0, return_counts=True)[1].max())


def _component(table: Unbalanced, found: Estimated) -> Component:
    term = next((t for t in table.random if t.name == found.name), None)
    return Component(
        found.name,
        term.own if term else (),
        term.within if term else (),
        variance=found.variance,
        ci=found.ci,
        share=found.share,
        share_ci=found.share_ci,
        p=found.p,
    )


def _unvaried(told: Sequence[FacetTold]) -> tuple[Component, ...]:
    return tuple(
        Component(f.name, (f.name,), f.nested, not_estimable=True) for f in told if f.kind == "not estimable"
    )


def _unit(table: Unbalanced, found: Sequence[Estimated], name: str) -> UnitScore:
    g, phi = generalizability(table, found, name)
    why = "" if math.isfinite(g) else "it has no component of its own"
    return UnitScore(name, table.design.nesting_in_order[name], g, phi=phi, why_not=why)
