"""Findings of characters together, re-asked: what one's reading does after another has spoken in its thread.

Cells are statements after each open turn (a form) in each thread. The run's own test takes threads and
statements for samples, and neutral others are what a neighbour is held against. That rows of one batch do not
bear on one another is a largest difference and no mean: nothing of it is a sample, and it is not re-asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from selfscope.instruments.instrument import asks_in
from selfscope.stats.masked import Array
from selfscope.stats.stress_claims import Claim
from selfscope.stats.together import Cell
from selfscope.studies.scores import Layout
from selfscope.studies.stress_changed import Changed, family_of, kin
from selfscope.studies.stress_pair import FormReader, Pair, pair_of
from selfscope.studies.together import NAME, NEUTRAL
from selfscope.studies.together_found import readable_in
from selfscope.studies.together_run import BATCH
from selfscope.values import ItemSet, Study

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Threads:
    """What every character answered after every speaker.

    Attributes
    ----------
    scores
        D and B by form, ``(form, 2, dimension, m)``, from character, speaker and script.
    """

    cast: tuple[str, ...]
    scripts: tuple[str, ...]
    layout: Layout
    forms: tuple[str, ...]
    scores: Mapping[tuple[str, str, str], Array]
    seed: int

    @property
    def cells(self) -> list[Cell]:
        """Every character with every neighbour, in the order of the run."""
        return [(i, j) for i in self.cast for j in self.cast if i != j]

    def pair(self, cell: Cell) -> Pair:
        """Return a character after its neighbour has spoken, and after a neutral other has."""
        here, there = (
            [self.scores[cell[0], speaker, script] for script in self.scripts]
            for speaker in (cell[1], NEUTRAL)
        )
        return pair_of(here, there, self.layout.keyed, self.scripts, self.forms, self.layout.items, self.seed)


def together_claims(study: Study, items: ItemSet, rows: pd.DataFrame) -> Iterator[Claim]:
    """Yield what every neighbour does to every character, in every dimension; one family."""
    question = study.questions[0]
    rows = rows[rows["instrument"] != BATCH]
    threads = _threads(study, items, rows)
    seen = readable_in(study, rows, threads.layout)
    pairs = {cell: threads.pair(cell) for cell in threads.cells}
    found = {cell: pair.tests() for cell, pair in pairs.items()}
    family = family_of({cell: trait.p for cell, (trait, _) in found.items()})
    biases = family_of({cell: bias.change.p for cell, (_, bias) in found.items()})
    for cell, tests in found.items():
        for d, dimension in enumerate(threads.layout.dimensions):
            own = Changed(
                pairs[cell], d, kin(family, cell, d), bool(seen[d]), question.sesoi,
                bias_others=kin(biases, cell, d), life="thread",
            )  # fmt: skip
            of = {"finding": f"{dimension} of {cell[0]} after {cell[1]} has spoken", "instrument": NAME}
            yield own.claim(of, own.said(*tests, d))


def _threads(study: Study, items: ItemSet, rows: pd.DataFrame) -> Threads:
    asks = asks_in(study.questions[0], items, study.preset)
    layout = Layout.of(asks)
    forms = tuple(dict.fromkeys(ask.cell.template for ask in asks))
    reader = FormReader(layout, forms)
    asked = rows[rows["counterparty"] != ""]
    scores = {
        (str(who), str(other), str(script)): reader.scores(part)
        for (who, other, script), part in asked.groupby(["character", "counterparty", "script"], sort=False)
    }
    cast = tuple(arm.name for arm in study.arms if arm.role in ("subject", "control"))
    scripts = tuple(map(str, asked["script"].unique()))
    return Threads(cast, scripts, layout, forms, scores, study.seed)
