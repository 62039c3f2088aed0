"""Which of a panel's answers speak for a run: those to what the run asks, as far as the panel was asked it.

Reliability belongs to a design: a panel asked in two forms a text tells characters apart better than a run
that asks in one. So the panel's rows are cut to the run's forms, and what could be had is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from selfscope.studies.scores import KEY, Layout
from selfscope.values import Ask, Cell

if TYPE_CHECKING:
    import pandas as pd


class PanelDesign(NamedTuple):
    """A panel's answers in one design.

    Attributes
    ----------
    rows
        Its observations of one channel, of that design alone.
    layout
        Where they stand.
    words
        Which design it is, as it is said to a reader.
    """

    rows: pd.DataFrame
    layout: Layout
    words: str


def design_for(rows: pd.DataFrame, layout: Layout) -> PanelDesign:
    """Return what a panel was asked in one channel, in a design as near to the run's `layout` as there is.

    First choice are the very cells of the run. Where the panel lacks some, then as many forms a text, of the
    formats in which the run asks that text (the demo asks a pair in one form, and not in one of the panel's
    two). Else the panel's own forms, on the run's statements.
    """
    asked = rows.drop_duplicates(list(KEY))
    if set(layout.index.values()) <= set(layout.places(asked).tolist()):
        return _design(rows[layout.places(rows) >= 0], layout, "in the forms asked here")
    formats = {(key[1], key[2], key[4]) for key in layout.index}
    wanted = Counter((key[1], key[2]) for key in layout.index)
    alike = asked[_any_of(asked, ["item", "polarity", "format"], formats)]
    if Counter(zip(alike["item"], alike["polarity"], strict=True)) == wanted:
        same = rows[_any_of(rows, ["item", "polarity", "format"], formats)]
        return _design(same, layout, "in as many forms of the same formats")
    own = rows[_any_of(rows, ["item", "polarity"], wanted)]
    here = sum(wanted.values()) / len(wanted)
    there = int(_any_of(asked, ["item", "polarity"], wanted).sum()) / len(wanted)
    return _design(own, layout, f"in {there:.3g} forms a text, where this run asks in {here:.3g}")


def _any_of(rows: pd.DataFrame, columns: list[str], wanted: Collection[object]) -> NDArray[np.bool_]:
    """Say of every row whether its values in `columns` are among those wanted."""
    keys = zip(*(rows[name].tolist() for name in columns), strict=True)
    return np.array([key in wanted for key in keys], dtype=bool)


def _design(rows: pd.DataFrame, layout: Layout, words: str) -> PanelDesign:
    """Return rows with a layout of their own, dimensions and statements in the order of `layout`."""
    one = rows.drop_duplicates(list(KEY))
    order = {name: n for n, name in enumerate(layout.dimensions)}
    rank = {item: n for own in layout.items for n, item in enumerate(own)}
    columns = ["construct", "channel", "item", "keyed", "polarity", *KEY[3:]]
    cells = [Cell("panel", *row) for row in one[columns].itertuples(index=False, name=None)]
    cells.sort(key=lambda c: (order[c.construct], rank[c.item]))
    return PanelDesign(rows, Layout.of([Ask(cell, "") for cell in cells]), words)
