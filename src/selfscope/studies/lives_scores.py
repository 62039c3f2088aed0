"""From the rows of one channel to the scores of every State of every life."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from selfscope.instruments.instrument import asks_in
from selfscope.stats.atoms import ArmScores
from selfscope.stats.lives_arms import Pair
from selfscope.stats.lives_bars import few_points, opposed, skewed_away
from selfscope.stats.masked import Array, Mask
from selfscope.studies.lives import ABLATED, LivesRequest
from selfscope.studies.lives_ask import character_of
from selfscope.studies.lives_gate import answered, readable
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
    d_forms
        D in every form, ``(life, point, dimension, m, form)``; None where formats are not told apart.
    refused, mass
        Share of answers that were none, and median option mass (NaN where there is none), ``(life, point,
        dimension)``.
    points
        Percentage points, a half contrast, ``(life, point, dimension)``; None where answers are exact.
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
    d_forms: Array | None
    refused: Array
    mass: Array
    points: Array | None

    def lives(self, keep: str, *kinds: str) -> list[int]:
        """Return where the lives of an arm stand; of some kinds alone, where they are named."""
        return [
            n
            for n, t in enumerate(self.told)
            if t.lived.keep.name == keep and (not kinds or t.lived.kind in kinds)
        ]

    def of(self, values: Array, keep: str, point: int) -> Pair:
        """Return values of an arm at a point: of disturbed lives and their twins, or else at first."""
        upset, twins = self.lives(keep, "disturbed"), self.lives(keep, "twin")
        if upset:
            return Pair(values[upset, point], values[twins, point])
        own = self.lives(keep)
        return Pair(values[own, point], values[own, 0])

    def pair(self, keep: str, point: int) -> Pair:
        """Return D of an arm at a point, as `of` has it."""
        return self.of(self.d, keep, point)

    def bias(self, keep: str, point: int) -> Pair:
        """Return the same of B: yes-saying, fluency, letters and places."""
        return self.of(self.b, keep, point)

    def seen(self, *keeps: str) -> Mask:
        """Return where an absence could be seen in these arms: the check passed, and answers were given."""
        return np.asarray(
            self.readable & np.all([answered(*self._given(keep)) for keep in keeps], axis=0), bool
        )

    def _given(self, keep: str) -> tuple[Array, Array]:
        """Return refused shares and option mass of an arm, means over lives, ``(kind and point, dimension)``.

        All lives of an arm begin with one State, so that the first point of each kind is the same.
        """
        kinds = ("disturbed", "twin") if self.lives(keep, "disturbed") else ("life",)
        parts = [self.lives(keep, kind) for kind in kinds]
        return tuple(
            np.concatenate([x[own].mean(axis=0) for own in parts]) for x in (self.refused, self.mass)
        )  # type: ignore[return-value]

    def barred(self, keeps: Sequence[str], point: int) -> Mask:
        """Return where a change of an arm, or of the first arm less that of the second, is not told."""
        keyed = self.layout.keyed
        delta = _apart([self.pair(keep, point) for keep in keeps])
        found = skewed_away(delta, keyed)
        if self.points is not None:
            found |= few_points(_apart([self.of(self.points, keep, point) for keep in keeps]), len(keyed))
        if self.d_forms is not None and self.layout.forms is not None:
            by_form = _apart([self.of(self.d_forms, keep, point) for keep in keeps])
            found |= opposed(by_form, self.layout.forms.lettered, keyed)
        return found


def _apart(pairs: Sequence[Pair]) -> Array:
    """Return the change of an arm, less that of another one where two are given."""
    first, *other = pairs
    return first.change - other[0].change if other else first.change


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
    without = {f"{request.name} without {role}" for role in ABLATED}
    by_life = dict(list(own[~own["character"].isin(without)].groupby("agent")))
    points = len(told[0].versions)
    each = [
        [firsts[t.lived.keep.name], *(arm_scores(part[part["turn"] == n], layout) for n in range(1, points))]
        for t, part in ((t, by_life[t.lived.name]) for t in told)
    ]
    whole = [t for t in told if t.lived.keep.name == ALL]
    d, b = (_every(each, name) for name in ("d", "b"))
    drawn = each[0][0].agreed is not None
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
        None if layout.forms is None else _every(each, "d_forms"),
        _every(each, "refused", 0.0, d.shape[:3]),
        _every(each, "option_mass", np.nan, d.shape[:3]),
        _every(each, "points") if drawn else None,
    )


def _every(
    lives: Sequence[Sequence[ArmScores]], name: str, missing: float = np.nan, shape: Any = ()
) -> Array:
    """Return a field of every State, ``(life, point, …)``; `missing` everywhere where a channel has none."""
    if any(getattr(state, name) is None for life in lives for state in life):
        return np.full(shape, missing)
    return np.array([[getattr(state, name) for state in life] for life in lives], float)


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
