"""From a long table to a balanced array: facets coded, cells counted, what is missing said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from selfscope.errors import BadInput
from selfscope.stats.variance_design import ancestors
from selfscope.studies.where_balance import Codes, empty_cells, nesting_hint, refusals, several_values

if TYPE_CHECKING:
    import pandas as pd

#: Levels that are named in a message.
_NAMED = 3
#: A design with more cells than this many a row is not tabulated.
_SPARSE = 8


@dataclass(frozen=True)
class Laid:
    """A balanced table.

    Attributes
    ----------
    values
        One value a cell, axes in the order of `levels`.
    levels
        Facets and their numbers of levels; of nested ones within each level of their parents.
    notes
        What was averaged or left out.
    """

    values: NDArray[np.float64]
    levels: tuple[tuple[str, int], ...]
    notes: tuple[str, ...] = ()


def read_table(path: Path) -> pd.DataFrame:
    """Return a table of a Parquet or CSV file; BadInput if it cannot be read."""
    import pandas as pd

    if path.suffix not in (".parquet", ".csv"):
        raise BadInput("unknown kind of table", got=path, fix="Give a file ending in .parquet or .csv")
    try:
        return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    except (OSError, ValueError) as error:  # what pyarrow and the reader of CSV raise is one of these
        raise BadInput("the table cannot be read", got=f"{path}: {error}") from error


def only_rows(frame: pd.DataFrame, only: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Return the rows that have every named level; BadInput if a column is missing or no row is left.

    Parameters
    ----------
    only
        Columns and levels, as text; several levels of one column are alternatives.
    """
    refuse_columns(frame, [column for column, _ in only])
    for column in dict.fromkeys(column for column, _ in only):
        wanted = [level for name, level in only if name == column]
        there = frame[column].astype(str)
        if not there.isin(wanted).any():
            levels = ", ".join(sorted(set(there))[:12])
            raise BadInput(
                "no row has such a level", got=f"{column}={','.join(wanted)}", fix=f"Its levels: {levels}"
            )
        frame = frame[there.isin(wanted)]
    return frame


def refuse_columns(frame: pd.DataFrame, wanted: Sequence[str]) -> None:
    """Raise BadInput if the table lacks a column that was named."""
    missing = [c for c in dict.fromkeys(wanted) if c not in frame.columns]
    if missing:
        known = ", ".join(map(str, frame.columns))
        raise BadInput("the table has no such column", got=", ".join(missing), fix=f"Its columns: {known}")


def lay_out(
    frame: pd.DataFrame,
    value: str,
    facets: Sequence[str],
    nested: Mapping[str, tuple[str, ...]],
    *,
    average: bool = False,
    drop: Sequence[str] = (),
) -> Laid:
    """Return the values of a balanced table, one a cell.

    Parameters
    ----------
    value, facets
        Columns.
    nested
        Parents of nested facets. Their levels may bear the same labels in every parent.
    average
        Average several values of one cell.
    drop
        Facets whose incomplete levels are left out, in this order.

    Raises
    ------
    BadInput
        If a column is missing, a label or a number cannot be read, a cell is empty or holds several values.
    """
    refuse_columns(frame, [value, *facets, *(p for each in nested.values() for p in each)])
    _refuse_nesting(facets, nested)
    notes: list[str] = []
    y = numbers_of(frame, value)
    codes = coded_facets(frame, facets)
    keep = np.ones(len(frame), bool)
    for facet in drop:
        keep, said = _without_incomplete(facet, codes, nested, np.isfinite(y), keep)
        notes += said
    known = keep & np.isfinite(y)
    if not known.any():
        raise BadInput("the table has no value", got=f"{len(frame)} rows", fix="Look at the column --value")
    return _tabulate(frame, value, y, codes, nested, keep, average, notes)


def _refuse_nesting(facets: Sequence[str], nested: Mapping[str, tuple[str, ...]]) -> None:
    twice = [f for f in facets if list(facets).count(f) > 1]
    strange = [f for f in (*nested, *(p for each in nested.values() for p in each)) if f not in facets]
    if twice or strange:
        raise BadInput(
            "facets are named twice" if twice else "what is nested must be among the facets",
            got=", ".join(dict.fromkeys(twice or strange)),
            fix="Give --facets a,b,c and --nested child:parent",
        )


def coded_facets(frame: pd.DataFrame, facets: Sequence[str]) -> dict[str, tuple[Codes, list[str]]]:
    """Return the level of every row and the labels of levels, by facet; BadInput where one is missing."""
    return {f: _coded(frame, f) for f in facets}


def numbers_of(frame: pd.DataFrame, value: str) -> NDArray[np.float64]:
    """Return a column as numbers, NaN where there is none; BadInput if it holds anything else."""
    try:
        return np.asarray(frame[value].to_numpy(dtype=float, na_value=np.nan), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadInput("the value is not a number", got=f"{value}: {error}") from error


def _coded(frame: pd.DataFrame, facet: str) -> tuple[Codes, list[str]]:
    """Return the code of every row and the labels by code, in order."""
    import pandas as pd

    codes, labels = pd.factorize(frame[facet])
    if (codes < 0).any():
        raise BadInput(
            "a facet has rows without a label",
            got=f"{facet}: {int((codes < 0).sum())} rows",
            fix="Label them",
        )
    order = sorted(range(len(labels)), key=lambda n: (str(type(labels[n])), labels[n]))
    place = np.empty(len(labels), np.intp)
    place[order] = np.arange(len(labels))
    return place[codes], [str(labels[n]) for n in order]


def _levels_of(
    facet: str,
    codes: Mapping[str, tuple[Codes, list[str]]],
    nested: Mapping[str, tuple[str, ...]],
    keep: NDArray[np.bool_],
) -> tuple[Codes, int]:
    """Return the level of kept rows within their parent's, and how many levels one parent has."""
    above = ancestors(facet, dict(nested))
    if not above:
        there = np.bincount(codes[facet][0][keep], minlength=len(codes[facet][1])) > 0
        return (np.cumsum(there) - 1)[codes[facet][0][keep]], int(there.sum())
    shape = [len(codes[p][1]) for p in above]
    own = codes[facet][0][keep]
    parent = np.zeros(len(own), np.intp)
    for p, n in zip(above, shape, strict=True):
        parent = parent * n + codes[p][0][keep]
    whole, level = np.unique(parent * len(codes[facet][1]) + own, return_inverse=True)
    group = whole // len(codes[facet][1])
    parents, start, counts = np.unique(group, return_index=True, return_counts=True)
    within = level - start[np.searchsorted(parents, group)][level]
    if len(set(counts.tolist())) > 1:
        raise BadInput(
            "the table is not balanced",
            got=f"{facet} has {counts.min()} to {counts.max()} levels within {' × '.join(above)}",
            fix=f"Give each of them as many, or average {facet} by leaving it out of --facets",
        )
    return within.astype(np.intp), int(counts[0])


def _cells(
    codes: Mapping[str, tuple[Codes, list[str]]],
    nested: Mapping[str, tuple[str, ...]],
    keep: NDArray[np.bool_],
) -> tuple[Codes, tuple[int, ...]]:
    """Return the flat cell of every kept row, and the shape of all cells."""
    coded = [_levels_of(f, codes, nested, keep) for f in codes]
    shape = tuple(n for _, n in coded)
    if np.prod([float(n) for n in shape]) > _SPARSE * keep.sum() + _SPARSE:
        told = " × ".join(f"{n} {f}" for f, n in zip(codes, shape, strict=True))
        raise BadInput(
            "the table is not balanced",
            got=f"{told} make many more cells than there are {int(keep.sum()):,} rows",
            fix=nesting_hint(codes, nested)
            or "Say what is nested in what (--nested child:parent), or leave a facet out",
        )
    flat = np.ravel_multi_index([within for within, _ in coded], shape)
    return np.asarray(flat, np.intp), shape


def _without_incomplete(
    facet: str,
    codes: Mapping[str, tuple[Codes, list[str]]],
    nested: Mapping[str, tuple[str, ...]],
    known: NDArray[np.bool_],
    keep: NDArray[np.bool_],
) -> tuple[NDArray[np.bool_], list[str]]:
    """Leave out the levels of a facet that lack a value in some cell that another level has."""
    if facet not in codes:
        raise BadInput("what is dropped is no facet", got=facet, fix=f"Choose from: {', '.join(codes)}")
    flat, shape = _cells(codes, nested, keep)
    axis = list(codes).index(facet)
    filled = np.bincount(flat[known[keep]], minlength=int(np.prod(shape))).reshape(shape) > 0
    others = tuple(n for n in range(len(shape)) if n != axis)
    bad = np.flatnonzero(~filled.all(axis=others))
    if not len(bad):
        return keep, []
    if len(bad) == shape[axis]:
        raise BadInput("every level of it is incomplete", got=f"--drop {facet}", fix="Drop another facet")
    lost = np.isin(np.unravel_index(flat, shape)[axis], bad)
    names = sorted({codes[facet][1][c] for c in codes[facet][0][keep][lost]})
    rest = keep.copy()
    rest[np.flatnonzero(keep)[lost]] = False
    named = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    return rest, [
        f"{len(bad)} of {shape[axis]} levels of {facet} were left out, {int(lost.sum()):,} rows, because a "
        f"value is missing in them: {named}."
    ]


def _tabulate(
    frame: pd.DataFrame,
    value: str,
    y: NDArray[np.float64],
    codes: Mapping[str, tuple[Codes, list[str]]],
    nested: Mapping[str, tuple[str, ...]],
    keep: NDArray[np.bool_],
    average: bool,
    notes: list[str],
) -> Laid:
    flat, shape = _cells(codes, nested, keep)
    size, own = int(np.prod(shape)), y[keep]
    known = np.isfinite(own)
    count = np.bincount(flat[known], minlength=size)
    if (count == 0).any():
        raise empty_cells(frame[keep], value, codes, nested, keep, count.reshape(shape), known)
    if not known.all() and average:
        notes.append(
            f"{int((~known).sum()):,} rows without a value are in no mean{refusals(frame[keep], known)}."
        )
    if (count > 1).any():
        if not average:
            raise several_values(frame[keep], flat, count, codes)
        alike = count.min() == count.max()
        many = f"{count.max()} a cell" if alike else f"{count.min()} to {count.max()} a cell, all cells alike"
        notes.append(f"Values of one cell were averaged: {many}.")
    total = np.bincount(flat[known], weights=own[known], minlength=size)
    return Laid((total / count).reshape(shape), tuple(zip(codes, shape, strict=True)), tuple(notes))
