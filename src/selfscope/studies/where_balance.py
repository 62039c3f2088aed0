"""What is said of a table that is not balanced: what is missing or too much, and what would balance it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from selfscope.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

Codes = NDArray[np.intp]


def empty_cells(
    frame: pd.DataFrame,
    value: str,
    codes: Mapping[str, tuple[Codes, list[str]]],
    nested: Mapping[str, tuple[str, ...]],
    keep: NDArray[np.bool_],
    count: NDArray[np.intp],
    known: NDArray[np.bool_],
) -> BadInput:
    """Return what to say of empty cells: how many, where, why, and what can be done."""
    bad = count == 0
    ways = []
    for axis, facet in enumerate(codes):
        lost = bad.any(axis=tuple(n for n in range(bad.ndim) if n != axis)).sum()
        if 0 < lost < bad.shape[axis]:
            ways.append(
                (lost / bad.shape[axis], f"--drop {facet} leaves out {lost} of {bad.shape[axis]} levels")
            )
    best = min(ways)[1] if ways else "give every cell a value"
    lacking = (
        f"; {int((~known).sum()):,} rows have no {value}{refusals(frame, known)}" if not known.all() else ""
    )
    return BadInput(
        "the table is not balanced",
        got=f"{int(bad.sum()):,} of {bad.size:,} cells are empty{lacking}",
        fix=nesting_hint(codes, nested)
        or f"Balance it: {best}, or average over a facet by leaving it out of --facets with --average",
    )


def several_values(
    frame: pd.DataFrame, flat: Codes, count: NDArray[np.intp], codes: Mapping[str, Any]
) -> BadInput:
    """Return what to say of cells with several values: how many, and which columns tell them apart."""
    rows = frame[flat == np.argmax(count)]
    apart = [
        str(c)
        for c in rows.columns
        if c not in codes
        and rows[c].nunique() > 1
        and not np.issubdtype(rows[c].to_numpy().dtype, np.floating)
    ]
    where = f"; they differ in {', '.join(apart[:6])}" if apart else ""
    return BadInput(
        "cells hold several values",
        got=f"{int((count > 1).sum()):,} cells with up to {count.max()} values{where}",
        fix="Name the column that tells them apart among --facets (with --nested, if it only numbers them), "
        "or give --average",
    )


def refusals(frame: pd.DataFrame, known: NDArray[np.bool_]) -> str:
    """Return how many rows without a value were refusals and what else, if the table says so."""
    if "refusal" not in frame.columns:
        return ""
    kinds = frame.loc[~known, "refusal"].astype(str).value_counts()
    return " (" + ", ".join(f"{kind} {n}" for kind, n in kinds.items()) + ")"


def _above(child: str, nested: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Return what a facet is nested in, parents of parents too."""
    found: set[str] = set()
    left = [*nested.get(child, ())]
    while left:
        parent = left.pop()
        if parent not in found:
            found.add(parent)
            left += nested.get(parent, ())
    return found


def nesting_hint(codes: Mapping[str, tuple[Codes, list[str]]], nested: Mapping[str, tuple[str, ...]]) -> str:
    """Return a hint where every level of one facet is found in one level of another alone."""
    for child, parent in permutations(codes, 2):
        if parent in _above(child, nested) or len(codes[parent][1]) < 2:
            continue
        pairs = np.unique(codes[child][0] * len(codes[parent][1]) + codes[parent][0])
        if len(pairs) == len(codes[child][1]) > len(codes[parent][1]):
            return f"Each {child} is found in one {parent} alone: give --nested {child}:{parent}"
    return ""
