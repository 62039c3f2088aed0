"""One closed channel of a run of ports: from its rows to what carried over, its ceilings, its sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from selfscope.instruments.instrument import asks_in
from selfscope.stats.fidelity import (
    LEAST_OF_A_KEYING,
    Shifts,
    fidelity,
    fidelity_by_dimension,
    retest,
    trend,
)
from selfscope.stats.fidelity_statements import Statements
from selfscope.stats.masked import Array, Mask
from selfscope.stats.verdicts import PASS
from selfscope.studies.check import sensitivity_of
from selfscope.studies.fidelity import FidelityRequest, Self
from selfscope.studies.fidelity_statements import (
    AGAIN,
    ASKED_AGAIN,
    EXACT,
    HALVES,
    ByStatement,
    Place,
    carried_of,
    curve_of,
    estimate_of,
)
from selfscope.studies.scores import Layout, arm_scores
from selfscope.values import Question
from selfscope.values.fidelity import (
    BEYOND,
    POOLED,
    Carried,
    Ceiling,
    Curve,
    Setting,
)

if TYPE_CHECKING:
    import pandas as pd

_FORM = ["template", "format", "order", "label", "position"]
SETTINGS: tuple[Setting, ...] = ("plain", "drop the act", "inside a task")


class Channel:
    """One closed channel on its way from rows to what carried over."""

    def __init__(self, request: FidelityRequest, question: Question, rows: pd.DataFrame) -> None:
        self.request, self.question, self._rows = request, question, rows
        self._of = dict(iter(rows.groupby("character", sort=False)))
        self._known: dict[Place, Array] = {}
        self.channel = str(question.channel)
        self.layout = Layout.of(asks_in(question, request.items, request.preset))
        self.gates: dict[str, str] = {}
        there = set(rows["script"])
        self.settings = [s for s in SETTINGS if s == "plain" or s in there]
        self.halves = self._splits()
        self.places, shifts = self._shifts()
        self.kept = self._readable(shifts)
        self._read = shifts
        self.shifts = (
            Shifts.of(shifts[:, self.kept], self.layout.keyed[self.kept]) if self.kept.any() else None
        )

    def _shifts(self) -> tuple[list[Place], Array]:
        """Return every shift that is compared, ``(place, dimension, m)``, the original's first."""
        places, found = [], []
        for setting in self.settings:
            for who in (self.request.original, *self.request.ports):
                places.append(Place(who.name, setting))
                found.append(self._shift(who, setting))
        for split in range(len(self.halves)):
            for side in (0, 1):
                places.append(Place(self.request.original.name, half=(split, side)))
                found.append(self._shift(self.request.original, "plain", (split, side)))
        if set(ASKED_AGAIN) <= set(self._rows["script"]):
            for setting in ASKED_AGAIN:
                places.append(Place(self.request.original.name, setting))
                found.append(self._shift(self.request.original, setting))
        return places, np.stack(found)

    def _shift(self, who: Self, setting: Setting, half: tuple[int, int] = (-1, -1)) -> Array:
        """Return D of someone less D of whom it is read against, ``(dimension, m)``.

        In utterance that is the ground without a character, for a level there holds the frequency of words;
        in questions it is the unported target for all.
        """
        own = who == self.request.original and self.channel == "utterance"
        against = self.request.bare if own else self.request.unported
        beside: Setting = "plain" if setting in ASKED_AGAIN else setting
        return self._scores(who, setting, half) - self._scores(against, beside, half)

    def _scores(self, who: Self, setting: Setting, half: tuple[int, int]) -> Array:
        key = Place(who.name, setting, half)
        if key not in self._known:
            rows = self._rows_of(who, setting)
            layout = self._written(rows) if setting == "inside a task" else self.layout
            if half[0] >= 0:
                rows = rows[_side(rows, self.halves[half[0]]) == half[1]]
            self._known[key] = arm_scores(rows, layout).d
        return self._known[key]

    def _rows_of(self, who: Self, setting: Setting) -> pd.DataFrame:
        """Return someone's rows in a setting, all wordings of it together."""
        import pandas as pd

        if setting == "plain":
            return self._of[who.name]
        name = f"{who.name}, {setting}"
        return pd.concat([rows for arm, rows in self._of.items() if str(arm).startswith(name)])

    def _written(self, rows: pd.DataFrame) -> Layout:
        """Return the layout in which tasks are the forms."""
        asks = asks_in(self.question, self.request.items, self.request.preset)
        once = {(a.cell.item, a.cell.polarity): a for a in asks}
        tasks = sorted(set(rows["template"]))
        return Layout.of([replace(a, cell=replace(a.cell, template=t)) for a in once.values() for t in tasks])

    def _splits(self) -> tuple[int, ...]:
        """Return which ways of halving the forms of every statement there are; none with a single form."""
        plain = self._rows[self._rows["script"] == ""]
        own = plain[plain["character"] == self.request.original.name]
        forms = own.drop_duplicates(["item", *_FORM]).groupby("item").size()
        least = int(forms.min()) if len(forms) else 0
        return (0, 1, 2) if least >= 4 else (0,) if least >= 2 else ()

    def _readable(self, shifts: Array) -> Mask:
        """Return the dimensions that are read: enough statements; for questions the check is passed."""
        whole = np.isfinite(shifts).all(axis=0)
        keyed = self.layout.keyed
        counts = [(whole & (keyed == k)).sum(axis=-1) for k in (1, -1)]
        enough = np.all(
            [
                (c >= LEAST_OF_A_KEYING) | ((keyed != k).all(axis=-1))
                for c, k in zip(counts, (1, -1), strict=True)
            ],
            axis=0,
        )
        passed = self._passed()
        for d, name in enumerate(self.layout.dimensions):
            if not enough[d]:
                self.gates[f"{self.channel} {name}"] = "too few statements were answered"
            elif not passed[d]:
                self.gates[f"{self.channel} {name}"] = "the sensitivity check fails on one of the grounds"
        if not (enough & passed).any():
            self.gates[self.channel] = "not interpretable: no dimension passes"
        return np.asarray(enough & passed)

    def _passed(self) -> Mask:
        """Return where characters told to hold a trait and its opposite come out apart, on both grounds."""
        layout = self.layout
        passed = np.ones(len(layout.dimensions), bool)
        if self.channel == "utterance":
            return passed
        names = self._rows["character"].astype(str)
        for model in dict.fromkeys(g.model for g in (self.request.bare, self.request.unported)):
            ends = names.str.endswith(f" on {model}")
            high, low = (
                arm_scores(
                    self._rows[ends & names.str.contains(f":{self.channel}:{s}:", regex=False)], layout
                )
                for s in ("high", "low")
            )
            passed &= sensitivity_of(high, low, layout, self.question.sesoi).state == PASS
        return passed

    def rows(self) -> Iterator[Carried]:
        """Yield every port in every setting, pooled, and plainly asked also by dimension."""
        assert self.shifts is not None
        names = [n for n, kept in zip(self.layout.dimensions, self.kept, strict=True) if kept]
        for n, place in enumerate(self.places):
            own = place.who == self.request.original.name and place.setting in ("plain", *ASKED_AGAIN)
            if place.half[0] >= 0 or own:
                continue
            yield carried_of(self.channel, place, POOLED, fidelity(self.shifts, n))
            if place.setting == "plain":
                for name, found in zip(names, fidelity_by_dimension(self.shifts, n), strict=True):
                    yield carried_of(self.channel, place, name, found)

    def beyond(self) -> Iterator[Carried]:
        """Yield every training read from each control: the floor is what that training alike carries.

        The control's shift is taken from the original's and from each port's.
        """
        assert self.shifts is not None
        own = {p.who: n for n, p in enumerate(self.places) if p.setting == "plain" and p.half[0] < 0}
        for control in self.request.controls:
            read = self._read[:, self.kept] - self._read[own[control.name], self.kept]
            shifts = Shifts.of(read, self.layout.keyed[self.kept])
            for port in (p for p in self.request.ports if p.by == "training"):
                told = carried_of(
                    self.channel, Place(port.name, BEYOND), POOLED, fidelity(shifts, own[port.name])
                )
                yield replace(told, control=control.name)

    def ceilings(self) -> Iterator[Ceiling]:
        """Yield F of the original asked again: in other forms, and after replies drawn anew."""
        assert self.shifts is not None
        halves = [n for n, place in enumerate(self.places) if place.half[0] >= 0]
        if halves:
            pairs = np.reshape(halves, (-1, 2))
            yield Ceiling(self.channel, estimate_of(retest(self.shifts, pairs, halves=True)), HALVES)
        again = [n for n, place in enumerate(self.places) if place.setting in ASKED_AGAIN]
        if again:
            yield Ceiling(self.channel, estimate_of(retest(self.shifts, [again])), AGAIN)

    def curves(self) -> Iterator[Curve]:
        """Yield fidelity over the size of the corpus, where there are trainings."""
        assert self.shifts is not None
        trained = [p for p in self.request.ports if p.by == "training"]
        if not trained:
            return
        place = {p.who: n for n, p in enumerate(self.places) if p.setting == "plain" and p.half[0] < 0}
        found = trend(self.shifts, [place[p.name] for p in trained], [p.size for p in trained])
        each = [(p.size, fidelity(self.shifts, place[p.name]).fidelity) for p in trained]
        yield curve_of(self.channel, each, found.order, found.p)

    def by_statement(self) -> ByStatement | None:
        """Return the same statements one by one, where their scores are exact."""
        if self.channel not in EXACT or self.shifts is None:
            return None
        found = Statements.of(self._read[:, self.kept], self.layout.keyed[self.kept])
        return ByStatement(self.request, self.channel, self.places, found)


def _side(rows: pd.DataFrame, split: int) -> Array:
    """Return which half of its statement's forms each row belongs to, in one of three balanced ways."""
    forms = rows[_FORM].astype(str).agg("|".join, axis=1)
    rank = forms.groupby(rows["item"]).transform(lambda own: own.rank(method="dense")).to_numpy(int) - 1
    ways = (rank % 2, rank // 2 % 2, (rank + rank // 2) % 2)
    return np.asarray(ways[split], float)
