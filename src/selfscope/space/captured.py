"""A finished capture, as others read it: vectors by span, group and layer, and what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from selfscope.errors import BadInput, CouldNot
from selfscope.models.local.spans import Kind
from selfscope.space.artefact import read_manifest, read_tensors
from selfscope.space.sketch import QuantileSketch
from selfscope.space.tally import Tally

Array = npt.NDArray[Any]
Vectors = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Captured:
    """What a capture gave. Vectors are float32, sums were taken in float64.

    Attributes
    ----------
    folder
        Where it lies.
    manifest
        Recipe, ground, counts, failures, intervals, versions and digests.
    tensors
        By the names of `docs/capture.md`.
    """

    folder: Path
    manifest: dict[str, Any]
    tensors: Mapping[str, Array]

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups, in the order of the tensors."""
        return tuple(self.manifest["groups"])

    @property
    def cells(self) -> tuple[tuple[str, str], ...]:
        """Pairs (group, question), in the order of the tensors."""
        return tuple((group, question) for group, question in self.manifest["cells"])

    @property
    def layers(self) -> tuple[int, ...]:
        """Numbers of the captured layers, from 0; layer i is the residual stream after block i."""
        return tuple(self.manifest["recipe"]["layers"])

    @property
    def failures(self) -> dict[str, str]:
        """Ids of the conversations that gave nothing, and why."""
        return {each["id"]: each["reason"] for each in self.manifest["failures"]}

    def mean(self, span: Kind) -> Vectors:
        """Return the mean vector of each group and layer, shape (groups, layers, width); nan for none."""
        found: Vectors = self._tensor("mean", span)
        return found

    def variance(self, span: Kind) -> Vectors:
        """Return the variance over conversations, n − 1, shape (groups, layers, width); nan under two."""
        found: Vectors = self._tensor("variance", span)
        return found

    def count(self, span: Kind) -> Counts:
        """Return how many conversations each group's mean is over, shape (groups,)."""
        found: Counts = self._tensor("count", span)
        return found

    def cell_mean(self, span: Kind) -> Vectors:
        """Return the mean of each group and question, shape (cells, cell layers, width); nan for none."""
        found: Vectors = self._tensor("cell_mean", span)
        return found

    def cell_count(self, span: Kind) -> Counts:
        """Return how many conversations each cell's mean is over, shape (cells,)."""
        found: Counts = self._tensor("cell_count", span)
        return found

    def covariance(self, span: Kind) -> Vectors:
        """Return the covariance over all conversations, shape (full layers, width, width)."""
        found: Vectors = self._tensor("covariance", span)
        return found

    def quantile(self, direction: str, span: Kind, group: str, share: float) -> float:
        """Return the projection below which a share of a group's conversations lies.

        Raises
        ------
        BadInput
            If the recipe has no such direction, or the group no such conversation.
        """
        prefix = f"sketch.{direction}.{span}.{self._group(group)}."
        parts = {name.removeprefix(prefix): t for name, t in self.tensors.items() if name.startswith(prefix)}
        if not parts:
            raise BadInput(
                "the capture has no such projection",
                got=f"{direction}, {span}",
                fix="Name a direction and a span of its recipe",
            )
        return QuantileSketch.of(parts).quantile(share)

    def refuse_failures(self) -> None:
        """Raise CouldNot (exit 5) if any conversation failed; what was captured is kept.

        Raises
        ------
        CouldNot
            It says how many, and the first reasons.
        """
        if self.failures:
            told = "; ".join(f"{name}: {reason}" for name, reason in list(self.failures.items())[:3])
            given = self.manifest["conversations"]["given"]
            raise CouldNot(
                f"{len(self.failures)} of {given} conversations gave nothing",
                got=told,
                fix=f"The others are kept; the list is in {self.folder / 'manifest.json'}",
            )

    def _group(self, group: str) -> int:
        if group not in self.groups:
            raise BadInput("the capture has no such group", got=group, fix=f"Choose from {self.groups[:9]}")
        return self.groups.index(group)

    def _tensor(self, kind: str, span: str) -> Any:
        name = f"{kind}.{span}"
        if name not in self.tensors:
            raise BadInput("the capture holds no such tensor", got=name, fix="See the spans of its recipe")
        return self.tensors[name]


def open_capture(folder: Path | str) -> Captured:
    """Return a finished capture, its tensors held against the manifest's digest.

    Raises
    ------
    BadInput
        If the folder holds none.
    CouldNot
        If its tensors are damaged.
    """
    place = Path(folder)
    manifest = read_manifest(place)
    if manifest is None:
        raise BadInput(
            "the folder holds no finished capture", got=place, fix="Let the capture go on to its end"
        )
    return Captured(place, manifest, read_tensors(place, manifest))


def finished_tensors(tally: Tally) -> dict[str, Array]:
    """Return the tensors of an artefact: vectors in float32, counts in int64, sketches as they are."""
    made: dict[str, Array] = {}
    for span in tally.recipe.spans:
        mine = [tally.moments[span, group] for group in tally.groups]
        counts = np.asarray([m.count for m in mine], dtype=np.int64)
        made[f"count.{span}"] = counts
        made[f"mean.{span}"] = _seen(np.stack([m.mean for m in mine]), counts)
        made[f"variance.{span}"] = np.stack([m.variance() for m in mine]).astype(np.float32)
        cells = tally.cell_means[span]
        made[f"cell_count.{span}"] = cells.count
        made[f"cell_mean.{span}"] = _seen(cells.mean, cells.count)
        full = tally.full[span]
        if tally.recipe.full_layers and full.count > 1:
            made[f"covariance.{span}"] = full.covariance().astype(np.float32)
            made[f"pooled_mean.{span}"] = full.mean.astype(np.float32)
    for (direction, span, group), sketch in tally.sketches.items():
        prefix = f"sketch.{direction}.{span}.{tally.groups.index(group)}"
        made |= {f"{prefix}.{key}": array for key, array in sketch.arrays().items()}
    return made


def _seen(vectors: Array, counts: Counts) -> Vectors:
    """Return means in float32, nan where nothing was seen: a vector of noughts would look like one."""
    made: Vectors = vectors.astype(np.float32)
    made[counts == 0] = np.nan
    return made
