"""What the rows of characters together come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from selfscope.stats.contrast import paired_contrast
from selfscope.stats.lives import LEAST_LIVES, Paired
from selfscope.stats.masked import Array
from selfscope.stats.together import BOUND, Cell, Moved, matrix, toward
from selfscope.stats.verdicts import PASS
from selfscope.studies.check import sensitivity_of
from selfscope.studies.scores import Layout, arm_scores
from selfscope.studies.together import NEUTRAL, TogetherRequest, asks_of_together
from selfscope.studies.together_run import BATCH
from selfscope.values import Estimate, Study
from selfscope.values.together import Replies, Shared, Spoken, Together

if TYPE_CHECKING:
    import pandas as pd

#: What tells one text of one character from another.
_TEXT = ["character", "construct", "item", "polarity", "template"]


def found_in(
    request: TogetherRequest,
    study: Study,
    rows: pd.DataFrame,
    replies: Sequence[Mapping[str, str]],
    words: float = float("nan"),
) -> Together:
    """Return what the rows of a finished run say.

    Parameters
    ----------
    replies
        Of every character alone and in one batch, as the run keeps them.
    words
        Mean words of a turn as it was drawn.
    """
    shared = tuple(_shared(rows))
    largest = max((each.largest for each in shared if each.character != each.neighbour), default=0.0)
    within = bool(np.isfinite(largest) and largest <= BOUND)
    return Together(
        ground=str(study.ground["name"]),
        characters={each.name: each.told for each in request.cast},
        preset=request.preset,
        bound=BOUND,
        largest=largest,
        beside="no interference" if within else "interferes",
        shared=shared,
        replies=Replies(sum(r["alone"] == r["together"] for r in replies), len(replies)),
        sesoi=study.questions[0].sesoi,
        spoken=tuple(_spoken(request, study, rows[rows["instrument"] != BATCH])),
        threads=len(request.scripts),
        words=words,
        notes=tuple(_notes(request, study)),
    )


def _shared(rows: pd.DataFrame) -> Iterator[Shared]:
    """Yield the largest difference of every pair, texts matched one by one."""
    alone = rows[(rows["instrument"] != BATCH) & (rows["counterparty"] == "")].set_index(_TEXT)["value"]
    batch = rows[rows["instrument"] == BATCH]
    for (who, other), own in batch.groupby(["character", "counterparty"], sort=False):
        here = own.set_index(_TEXT)["value"]
        apart = (here - alone.reindex(here.index)).abs()
        yield Shared(str(who), str(other), len(here), float(apart.max(skipna=False)))


class _Scores:
    """D and F of every character after every speaker, ``(thread, dimension, m)``, and alone."""

    def __init__(self, request: TogetherRequest, study: Study, rows: pd.DataFrame) -> None:
        self.layout = Layout.of(asks_of_together(request, study))
        scripts = [script.name for script in request.scripts]
        self.alone = {
            str(name): arm_scores(own, self.layout).d
            for name, own in rows[rows["counterparty"] == ""].groupby("character")
        }
        self._d: dict[Cell, Array] = {}
        self._f: dict[Cell, Array] = {}
        asked = rows[rows["counterparty"] != ""]
        for (who, other), own in asked.groupby(["character", "counterparty"]):
            by_script = dict(list(own.groupby("script")))
            each = [arm_scores(by_script[name], self.layout) for name in scripts]
            self._d[str(who), str(other)] = np.stack([s.d for s in each])
            self._f[str(who), str(other)] = np.stack([s.b for s in each])
        self.readable = readable_in(study, rows, self.layout)

    def pair(self, who: str, here: str, there: str) -> tuple[Array, Array, Array, Array]:
        """Return D and F of a character after one speaker, and after another."""
        return self._d[who, here], self._d[who, there], self._f[who, here], self._f[who, there]


def readable_in(study: Study, rows: pd.DataFrame, layout: Layout) -> Array:
    """Return where the characters of the sensitivity check came out apart, ``(dimension,)``."""
    sides = []
    for arms in (study.arms_of("high"), study.arms_of("low")):
        names = [arm.name for arm in arms]
        sides.append(arm_scores(rows[rows["character"].isin(names)], layout))
    check = sensitivity_of(sides[0], sides[1], layout, study.questions[0].sesoi)
    return np.asarray(check.state == PASS)


def _spoken(request: TogetherRequest, study: Study, rows: pd.DataFrame) -> Iterator[Spoken]:
    scores = _Scores(request, study, rows)
    names = [each.name for each in request.cast]
    cells = [(i, j) for i in names for j in names if i != j]
    keyed, sesoi = scores.layout.keyed, study.questions[0].sesoi

    def against(there: Mapping[Cell, str]) -> dict[Cell, Moved]:
        pairs = {(i, j): scores.pair(i, j, there[i, j]) for i, j in cells}
        return matrix(pairs, keyed, sesoi=sesoi, readable=scores.readable, seed=study.seed)

    neutral, own = against(dict.fromkeys(cells, NEUTRAL)), against({cell: cell[0] for cell in cells})
    for cell in cells:
        apart = paired_contrast(scores.alone[cell[1]] - scores.alone[cell[0]], keyed, seed=study.seed)
        for d in range(len(keyed)):
            distance = Estimate(float(apart.estimate[d]), _both(apart.ci95[d]))
            yield _one(cell, d, neutral[cell], own[cell], distance, scores, sesoi)


def _one(
    cell: Cell, d: int, moved: Moved, own: Moved, distance: Estimate, scores: _Scores, sesoi: float
) -> Spoken:
    change = moved.trait.change
    return Spoken(
        character=cell[0],
        neighbour=cell[1],
        dimension=scores.layout.dimensions[d],
        change=_estimate(moved.trait, d),
        narrow=_both(change.ci90[d]),
        fluency=_estimate(moved.fluency, d),
        p=float(moved.trait.p[d]),
        p_adjusted=float(moved.trait.p_adjusted[d]),
        verdict=moved.verdicts[d],
        own=_estimate(own.trait, d),
        own_p=float(own.trait.p_adjusted[d]),
        distance=distance,
        toward=toward(float(change.estimate[d]), distance.estimate, sesoi),
        readable=bool(scores.readable[d]),
        statements=int(moved.trait.statements[d]),
        threads=moved.trait.lives,
    )


def _estimate(found: Paired, d: int) -> Estimate:
    return Estimate(float(found.change.estimate[d]), _both(found.change.ci95[d]))


def _both(interval: Any) -> tuple[float, float]:
    low, high = interval
    return float(low), float(high)


def _notes(request: TogetherRequest, study: Study) -> Iterator[str]:
    if len(request.scripts) < LEAST_LIVES:
        yield f"{len(request.scripts)} threads describe, and test nothing; {LEAST_LIVES} do"
    size = request.size
    if 2 * size.statements < 16 or size.elicitors < 4:
        yield f"{2 * size.statements} statements after {size.elicitors} openings screen, and confirm nothing"
    yield "a neighbour's turns are compared with those of neutral others, one a thread: clerks, bakers"
