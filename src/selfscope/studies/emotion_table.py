"""Stimuli with their states: which rows are what, in which fold, and probes over them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from selfscope.errors import BadInput
from selfscope.space.emotion.states import States
from selfscope.space.emotion.stimuli import Stimulus
from selfscope.stats.probe import Nested, nested
from selfscope.stats.ridge import PENALTIES, folds_of, ridge, scaled

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

FOLDS = 5


class Table:
    """Stimuli with their states.

    Parameters
    ----------
    stimuli
        In the order of the states' texts.
    seed
        Names the folds.
    """

    def __init__(self, stimuli: Sequence[Stimulus], states: States, seed: int) -> None:
        self.stimuli = tuple(stimuli)
        self.states = states
        self.seed = seed
        self.groups = np.array([s.group for s in self.stimuli])
        self.families = tuple(dict.fromkeys(s.emotion for s in self.stimuli if s.emotion))
        self._scaled: dict[tuple[str, int], Floats] = {}

    @property
    def depth(self) -> int:
        """Layers."""
        return int(self.states.mean.shape[0])

    def rows(
        self, kind: str | tuple[str, ...], *, form: str = "", person: str = "", family: str = ""
    ) -> Rows:
        """Return the numbers of texts of a kind, a form ("" for vignettes), a person and a family."""
        kinds = (kind,) if isinstance(kind, str) else kind
        return np.array(
            [
                n
                for n, s in enumerate(self.stimuli)
                if s.kind in kinds
                and s.form == form
                and (not person or s.person == person)
                and (not family or s.emotion == family)
            ],
            dtype=np.int64,
        )

    def twinned(self) -> tuple[Rows, Rows]:
        """Return vignettes that have a twin in the same person, and those twins."""
        of = {(self.stimuli[n].pair, self.stimuli[n].person): int(n) for n in self.rows("neutral")}
        keys = {int(n): (self.stimuli[n].pair, self.stimuli[n].person) for n in self.rows("keyword_free")}
        both = [(n, of[key]) for n, key in keys.items() if key in of]
        return np.array([n for n, _ in both], dtype=np.int64), np.array([m for _, m in both], dtype=np.int64)

    def layer(self, layer: int, of: str = "mean") -> Floats:
        """Return the scaled states of all texts at a layer, shape (text, width)."""
        key = (of, layer)
        if key not in self._scaled:
            self._scaled = {}  # one layer at a time: all of them would be as large as the states
            self._scaled[key] = scaled(getattr(self.states, of)[layer])
        return self._scaled[key]

    @cached_property
    def folds(self) -> dict[str, int]:
        """The fold of every group: those of each family and kind are spread evenly."""
        return self.folds_by(self.seed)

    def folds_by(self, seed: int) -> dict[str, int]:
        """Return folds under another seed."""
        strata = [f"{s.emotion}/{s.form in ('told', 'lived', 'write')}/{s.pair == ''}" for s in self.stimuli]
        return folds_of(self.groups, np.array(strata), FOLDS, seed=seed)

    def fold(self, rows: Rows, folds: dict[str, int] | None = None) -> Rows:
        """Return the fold of each row."""
        held = folds or self.folds
        return np.array([held[str(g)] for g in self.groups[rows]])

    def sides(self, rows: Rows) -> Floats:
        """Return +1 for texts with an emotion and −1 for neutral ones."""
        return np.array([1.0 if self.stimuli[n].kind.startswith("keyword") else -1.0 for n in rows])

    def members(self, rows: Rows) -> npt.NDArray[np.bool_]:
        """Return which family each row is of, shape (row, family)."""
        return np.array([[self.stimuli[n].emotion == f for f in self.families] for n in rows])

    def nested(
        self,
        rows: Rows,
        labels: Floats,
        *,
        together: bool = False,
        folds: dict[str, int] | None = None,
        of: str = "mean",
        progress: Callable[[int], None] = lambda count: None,
    ) -> Nested:
        """Return nested probes over rows, every layer standing for itself."""
        layers = [scaled(getattr(self.states, of)[n][rows]) for n in range(self.depth)]
        return nested(layers, labels, self.fold(rows, folds), together=together, progress=progress)

    def carried(self, layer: int, penalty: float, rows: Rows, labels: Floats) -> Floats:
        """Return scores of all texts from probes of some rows, a text's own group never among them.

        A text whose group is not among the rows has the mean score of the probes of all folds.

        Parameters
        ----------
        rows, labels
            Of the training, shapes (row,) and (row, column).

        Returns
        -------
        Shape (text, column).
        """
        x, of = self.layer(layer), self.fold(rows)
        every = self.fold(np.arange(len(self.stimuli)))
        trained = np.isin(self.groups, self.groups[rows])
        scores = np.stack([ridge(x[rows[of != k]], labels[of != k], penalty).score(x) for k in range(FOLDS)])
        own = np.take_along_axis(scores, every[None, :, None], axis=0)[0]
        return np.asarray(np.where(trained[:, None], own, scores.mean(axis=0)))


def most_chosen(done: Nested, column: int = 0) -> tuple[int, float]:
    """Return the layer that most folds chose, the lowest of equals, and the penalty most chosen there."""
    layers = Counter(done.layers[:, column].tolist())
    layer = min(layers, key=lambda n: (-layers[n], n))
    steps = Counter(done.at_layer[layer, :, column].tolist())
    return layer, PENALTIES[min(steps, key=lambda n: (-steps[n], n))]


def refuse_small(stimuli: Sequence[Stimulus]) -> None:
    """Refuse stimuli too few to train and test on.

    Raises
    ------
    BadInput
        If there are fewer than ten pairs with both texts.
    """
    both = [
        {s.pair for s in stimuli if s.kind == kind and not s.form} for kind in ("keyword_free", "neutral")
    ]
    pairs = len(both[0] & both[1])
    if pairs < 2 * FOLDS:
        raise BadInput(
            f"probes need {2 * FOLDS} pairs of a keyword-free text and its neutral twin",
            got=pairs,
            fix="Give more of them",
        )
