"""Everything that a capture adds up, in one place, of a size that is known before it begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from selfscope.models.local.spans import Kind
from selfscope.space.moments import Floats, FullMoments, Means, Moments
from selfscope.space.recipe import Conversation, Recipe
from selfscope.space.sketch import QuantileSketch, sketch_bytes

Array = npt.NDArray[Any]


class Tally:
    """The accumulators of one capture.

    Parameters
    ----------
    recipe
        Its layers written out (:meth:`selfscope.space.recipe.Recipe.of`).
    groups
        Names of all groups, in order.
    cells
        All pairs (group, question), in order.
    width
        Size of the residual stream.
    """

    def __init__(
        self, recipe: Recipe, groups: Sequence[str], cells: Sequence[tuple[str, str]], width: int
    ) -> None:
        assert recipe.layers is not None and recipe.cell_layers is not None
        self.recipe = recipe
        self.groups, self.cells = tuple(groups), tuple(cells)
        self._layer = {layer: i for i, layer in enumerate(recipe.layers)}
        self._cell = {cell: i for i, cell in enumerate(self.cells)}
        layers, along = len(recipe.layers), len(recipe.directions)
        self.moments = {(s, g): Moments.empty(layers, width) for s in recipe.spans for g in self.groups}
        self.full = {s: FullMoments.empty(len(recipe.full_layers), width) for s in recipe.spans}
        self.cell_means = {
            s: Means.empty(len(self.cells), len(recipe.cell_layers), width) for s in recipe.spans
        }
        self.projections = {s: Means.empty(len(self.cells), 1, along) for s in recipe.spans}
        self.sketches = {
            (d.name, s, g): QuantileSketch()
            for d in recipe.directions
            for s in recipe.spans
            for g in self.groups
        }
        self._vectors = np.asarray([d.vector for d in recipe.directions], dtype=np.float64).reshape(
            along, width
        )

    def add(self, span: Kind, conversations: Sequence[Conversation], vectors: Floats) -> None:
        """Take in one vector a conversation and layer, shape (layers, conversations, width)."""
        for group in dict.fromkeys(c.group for c in conversations):
            mine = [i for i, c in enumerate(conversations) if c.group == group]
            self.moments[span, group].add(vectors[:, mine])
        self.full[span].add(vectors[self._rows(self.recipe.full_layers)])
        in_cells = vectors[self._rows(self.recipe.cell_layers or ())]
        along = self._project(vectors)
        for i, each in enumerate(conversations):
            cell = self._cell[each.group, each.question]
            self.cell_means[span].add(cell, in_cells[:, i])
            self.projections[span].add(cell, along[None, :, i])
            for direction, value in zip(self.recipe.directions, along[:, i], strict=True):
                self.sketches[direction.name, span, each.group].add(value[None])

    def _rows(self, layers: Sequence[int]) -> list[int]:
        return [self._layer[layer] for layer in layers]

    def _project(self, vectors: Floats) -> Floats:
        """Return projections, shape (directions, conversations)."""
        rows = self._rows([d.layer for d in self.recipe.directions])
        return np.asarray(np.einsum("dnw,dw->dn", vectors[rows], self._vectors))

    def arrays(self) -> dict[str, Array]:
        """Return everything, by names that :meth:`restore` knows."""
        return {
            f"{name}:{key}": array for name, part in self._parts() for key, array in part.arrays().items()
        }

    def restore(self, arrays: Mapping[str, Array]) -> None:
        """Set everything to what :meth:`arrays` returned."""
        held: dict[str, dict[str, Array]] = {}
        for name, array in arrays.items():
            part, _, key = name.rpartition(":")
            held.setdefault(part, {})[key] = array
        g = {str(i): group for i, group in enumerate(self.groups)}
        self.moments = {(s, g[n]): Moments.of(held[f"moments:{s}:{n}"]) for s in self.recipe.spans for n in g}
        self.full = {s: FullMoments.of(held[f"full:{s}"]) for s in self.recipe.spans}
        self.cell_means = {s: Means.of(held[f"cells:{s}"]) for s in self.recipe.spans}
        self.projections = {s: Means.of(held[f"projections:{s}"]) for s in self.recipe.spans}
        self.sketches = {
            (d.name, s, g[n]): QuantileSketch.of(held[f"sketch:{i}:{s}:{n}"])
            for i, d in enumerate(self.recipe.directions)
            for s in self.recipe.spans
            for n in g
        }

    def _parts(self) -> list[tuple[str, Moments | FullMoments | Means | QuantileSketch]]:
        number = {group: i for i, group in enumerate(self.groups)}
        along = {d.name: i for i, d in enumerate(self.recipe.directions)}
        return [
            *((f"moments:{s}:{number[g]}", part) for (s, g), part in self.moments.items()),
            *((f"full:{s}", full) for s, full in self.full.items()),
            *((f"cells:{s}", means) for s, means in self.cell_means.items()),
            *((f"projections:{s}", means) for s, means in self.projections.items()),
            *((f"sketch:{along[d]}:{s}:{number[g]}", sketch) for (d, s, g), sketch in self.sketches.items()),
        ]


def tally_bytes(recipe: Recipe, groups: int, cells: int, width: int) -> int:
    """Return the bytes that the accumulators of a capture hold at most.

    For every span: groups × layers × width × 16 for means and second moments, cells × cell layers × width × 8
    for the means of cells, full layers × width × (width + 1) × 8 for whole matrices, and for every direction
    a sketch a group and a number a cell. The count of conversations is not in it.
    """
    assert recipe.layers is not None and recipe.cell_layers is not None
    along = len(recipe.directions)
    moments = groups * (len(recipe.layers) * width * 16 + 8)
    means = cells * (len(recipe.cell_layers) * width * 8 + 8)
    full = len(recipe.full_layers) * width * (width + 1) * 8 + 8
    projected = along * groups * sketch_bytes() + cells * (along * 8 + 8)
    return len(recipe.spans) * (moments + means + full + projected)
