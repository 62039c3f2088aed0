"""From rows of the observation table to the arrays that statistics read.

The layout of a channel is fixed by its design: which dimensions, which statements, which forms. Every arm's
answers are laid out alike, NaN where an arm was not asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from selfscope.errors import BadInput
from selfscope.stats.atoms import ArmScores, Forms, forms_table, score_arm, score_readings
from selfscope.stats.sampled import score_counts
from selfscope.values import Ask, Cell

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
#: What tells one asked text in one form from another.
KEY = ("construct", "item", "polarity", "template", "format", "order", "label", "position")
_FORM = ("template", "format", "order", "label", "position")


@dataclass(frozen=True)
class Layout:
    """Where every ask stands in the arrays of its channel.

    Attributes
    ----------
    dimensions
        Names, in the order of the dimension axis.
    items
        Statement ids of each dimension, in the order of the statement axis.
    keyed
        ``(dimension, m)``: +1, -1, and 0 for padding where dimensions differ in length.
    forms
        What the form axis is; None for utterances and readings.
    shape
        ``(dimension, m, 2, form)``.
    index
        Flat position in `shape` of every key of `KEY`.
    twinned
        Whether the statements of each dimension have twins, ``(dimension,)``.
    """

    dimensions: tuple[str, ...]
    items: tuple[tuple[str, ...], ...]
    keyed: Floats
    forms: Forms | None
    shape: tuple[int, int, int, int]
    index: dict[tuple[object, ...], int]
    twinned: NDArray[np.bool_]

    @property
    def twins(self) -> bool:
        """Whether every dimension's statements have twins."""
        return bool(self.twinned.all())

    @classmethod
    def of(cls, asks: Sequence[Ask]) -> Layout:
        """Return the layout of what one channel asks.

        Raises
        ------
        BadInput
            If only some of the statements of a dimension have twins: D would mean two things.
        """
        cells = [ask.cell for ask in asks]
        dimensions = tuple(dict.fromkeys(c.construct for c in cells))
        items = tuple(tuple(dict.fromkeys(c.item for c in cells if c.construct == d)) for d in dimensions)
        forms = list(dict.fromkeys(tuple(getattr(c, name) for name in _FORM) for c in cells))
        shape = (len(dimensions), max(map(len, items)), 2, len(forms))
        place = {item: (d, n) for d, own in enumerate(items) for n, item in enumerate(own)}
        form_number = {form: f for f, form in enumerate(forms)}
        keyed = np.zeros(shape[:2])
        index: dict[tuple[object, ...], int] = {}
        for c in cells:
            d, n = place[c.item]
            keyed[d, n] = c.keyed
            f = form_number[tuple(getattr(c, name) for name in _FORM)]
            at = (d, n, 0 if c.polarity == 1 else 1, f)
            index[tuple(getattr(c, name) for name in KEY)] = int(np.ravel_multi_index(at, shape))
        return cls(dimensions, items, keyed, _forms(forms), shape, index, _twinned(cells, dimensions))

    def positions(self, asks: Sequence[Ask]) -> NDArray[np.intp]:
        """Return the flat position of every ask, shape ``(ask,)``."""
        return np.array([self.index[tuple(getattr(a.cell, name) for name in KEY)] for a in asks])

    def spread(self, values: Floats, positions: NDArray[np.intp]) -> Floats:
        """Return `values` ``(..., ask)`` laid out as ``(..., dimension, m, 2, form)``."""
        flat = np.full((*values.shape[:-1], int(np.prod(self.shape))), np.nan)
        flat[..., positions] = values
        return flat.reshape(*values.shape[:-1], *self.shape)

    def places(self, frame: pd.DataFrame) -> NDArray[np.intp]:
        """Return the flat position of every row, -1 where a row is not part of this layout."""
        keys = zip(*(frame[name].tolist() for name in KEY), strict=True)
        return np.array([self.index.get(key, -1) for key in keys], dtype=np.intp)


def _twinned(cells: Sequence[Cell], dimensions: Sequence[str]) -> NDArray[np.bool_]:
    """Return which dimensions have twins; BadInput if a dimension has some."""
    every = {d: {c.item for c in cells if c.construct == d} for d in dimensions}
    paired = {d: {c.item for c in cells if c.construct == d and c.polarity == -1} for d in dimensions}
    for d in dimensions:
        if 0 < len(paired[d]) < len(every[d]):
            raise BadInput(
                f"only some statements of {d} have twins",
                got=f"{len(paired[d])} of {len(every[d])}",
                fix="Give all of them twins, or none",
            )
    return np.array([bool(paired[d]) for d in dimensions])


def _forms(forms: Sequence[tuple[str, ...]]) -> Forms | None:
    templates, formats, _, labels, positions = zip(*forms, strict=True)
    unlike = {"own_words", "opening"} & set(formats)
    return None if unlike else forms_table(formats, positions, labels, templates)


def arm_scores(frame: pd.DataFrame, layout: Layout) -> ArmScores:
    """Return the scores of one arm's rows (or of several arms that share a role and split the statements).

    Parameters
    ----------
    frame
        Rows of the observation table, of one channel; those that `layout` does not ask are left out.

    Returns
    -------
    Scores ``(dimension, m)``: from counts where any answer was drawn, from single readings where states
    were read, else from log-odds averaged over repeated asks; NaN where nothing was asked or answered.
    """
    places = layout.places(frame)
    frame, places = frame[places >= 0], places[places >= 0]
    answered = (frame["refusal"] == "none").to_numpy()
    value = frame["value"].to_numpy(float)
    if (frame["scale"] == "agreement").any():
        agreed = _sum(np.where(answered, value, 0.0), places, layout)
        asked = _sum(answered.astype(float), places, layout)
        lost = _sum((~answered).astype(float), places, layout)
        return score_counts(agreed, asked, layout.keyed, twins=layout.twinned, lost=lost)
    if (frame["scale"] == "projection").any():
        return score_readings(_mean(value, places, layout), layout.keyed)
    mass = None if layout.forms is None else _mean(frame["option_mass"].to_numpy(float), places, layout)
    return score_arm(
        _mean(value, places, layout),
        layout.keyed,
        twins=layout.twinned,
        option_mass=mass,
        refused=_share(~answered, places, layout),
        questions=layout.forms is not None,
    )


def _sum(values: Floats, places: NDArray[np.intp], layout: Layout) -> Floats:
    size = int(np.prod(layout.shape))
    total = np.bincount(places, weights=values, minlength=size)
    return np.asarray(total, dtype=np.float64).reshape(layout.shape)


def _mean(values: Floats, places: NDArray[np.intp], layout: Layout) -> Floats:
    known = np.isfinite(values)
    total = _sum(np.where(known, values, 0.0), places, layout)
    count = _sum(known.astype(float), places, layout)
    means = np.full(layout.shape, np.nan)
    np.divide(total, count, out=means, where=count > 0)
    return means


def _share(refused: NDArray[np.bool_], places: NDArray[np.intp], layout: Layout) -> Floats:
    lost = _sum(refused.astype(float), places, layout).sum(axis=(1, 2, 3))
    asked = _sum(np.ones(len(places)), places, layout).sum(axis=(1, 2, 3))
    shares = np.zeros(len(lost))
    np.divide(lost, asked, out=shares, where=asked > 0)
    return shares
