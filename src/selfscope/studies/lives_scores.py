"""From the rows of one channel to the scores of every State of every life."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from selfscope.instruments.instrument import asks_in
from selfscope.stats.lives_arms import Pair
from selfscope.stats.masked import Array
from selfscope.studies.lives import ABLATED, LivesRequest
from selfscope.studies.lives_ask import character_of
from selfscope.studies.lives_gate import readable
from selfscope.studies.lives_keep import ALL
from selfscope.studies.lives_run import Told, changed, firsts_of
from selfscope.studies.scores import Layout, arm_scores
from selfscope.values import Question, Study
from selfscope.values.items import Channel

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Scores:
    """What was answered in one channel at every place, by life.

    Attributes
    ----------
    told
        Lives, in their order.
    d, b
        ``(life, point, dimension, m)``; point 0 is the first State, which all lives of an arm share.
    without
        By role: lives of which the last State was asked with that role as at first, and D of that State,
        ``(life, dimension, m)``; where that role's files did not change, the last State itself.
    changed
        Lives in which a role's files changed, by role, of those in which all are open.
    readable
        Whether the sensitivity check passed, ``(dimension,)``.
    """

    channel: Channel
    told: tuple[Told, ...]
    layout: Layout
    d: Array
    b: Array
    without: dict[str, Array]
    changed: dict[str, int]
    readable: NDArray[np.bool_]
    sesoi: float

    def lives(self, keep: str, *kinds: str) -> list[int]:
        """Return where the lives of an arm stand; of some kinds alone, where they are named."""
        return [
            n
            for n, t in enumerate(self.told)
            if t.lived.keep.name == keep and (not kinds or t.lived.kind in kinds)
        ]

    def pair(self, keep: str, point: int) -> Pair:
        """Return D of an arm at a point: of disturbed lives and their twins, or else with the first State."""
        upset, twins = self.lives(keep, "disturbed"), self.lives(keep, "twin")
        if upset:
            return Pair(self.d[upset, point], self.d[twins, point])
        own = self.lives(keep)
        return Pair(self.d[own, point], self.d[own, 0])

    def bias(self, keep: str, point: int) -> Pair:
        """Return the same of B: yes-saying, fluency, letters and places."""
        other = Scores(**{**vars(self), "d": self.b})
        return other.pair(keep, point)


def asked_in(study: Study, rows: pd.DataFrame) -> tuple[Question, ...]:
    """Return the questions that States were asked, those aside whose sensitivity check kept them from it."""
    asked = set(rows.loc[rows["state"] != "", "channel"])
    return tuple(question for question in study.questions if question.channel in asked)


def scores_of(
    request: LivesRequest, study: Study, question: Question, told: Sequence[Told], rows: pd.DataFrame
) -> Scores:
    """Return the scores of every State in one channel."""
    layout = Layout.of(asks_in(question, request.items, study.preset))
    own = rows[rows["channel"] == question.channel]
    firsts = {
        keep: arm_scores(own[(own["turn"] == 0) & (own["character"] == character_of(request, place))], layout)
        for keep, place in firsts_of(told).items()
    }
    by_life = dict(list(own[~own["character"].str.contains(" without ", regex=False)].groupby("agent")))
    points = len(told[0].versions)
    each = [
        [firsts[t.lived.keep.name], *(arm_scores(part[part["turn"] == n], layout) for n in range(1, points))]
        for t, part in ((t, by_life[t.lived.name]) for t in told)
    ]
    whole = [t for t in told if t.lived.keep.name == ALL]
    d, b = (np.array([[getattr(s, name) for s in life] for life in each]) for name in ("d", "b"))
    return Scores(
        question.channel,
        tuple(told),
        layout,
        d,
        b,
        dict(_ablated(request, told, own, layout, d[:, -1])),
        {role: sum(changed(t.versions[0], t.versions[-1], role) for t in whole) for role in ABLATED},
        readable(study, question, request.items, rows),
        question.sesoi,
    )


def _ablated(
    request: LivesRequest, told: Sequence[Told], rows: pd.DataFrame, layout: Layout, last: Array
) -> Iterator[tuple[str, Array]]:
    """Yield the scores of last States with one role as at first; arms that are not ablated keep theirs."""
    for role in ABLATED:
        part = rows[rows["character"] == f"{request.name} without {role}"]
        if len(part):
            own = dict(list(part.groupby("agent")))
            yield (
                role,
                np.array(
                    [
                        arm_scores(own[t.lived.name], layout).d if t.lived.name in own else last[n]
                        for n, t in enumerate(told)
                    ]
                ),
            )
