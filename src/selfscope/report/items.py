"""From the observation table to what a page shows of each statement: compact, with a way back to the prompts.

Shown, never tested: the findings carry the tests.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from selfscope.report.view import RunView
from selfscope.stats.shares import coherence, naive_rate, orthogonality

if TYPE_CHECKING:
    import pandas as pd

_FORM = ["template", "format", "order", "label", "position", "turn"]
_KEYS = ["construct", "channel", "character", "item", "keyed"]


@dataclass(frozen=True)
class ItemRow:
    """One statement in one channel, averaged over forms (`measurement.md` §1).

    Attributes
    ----------
    statement, twin
        The subject's mean value for each: log-odds of agreeing, share of draws that agreed, or
        log-probability of saying it.
    trait
        D of the subject, towards the trait.
    classes
        Mean D of each control class, by its name.
    mass
        Mean option mass of the subject, NaN where the channel has none.
    forms
        Number of forms in which the pair was asked.
    prompts
        Hashes of the first prompt of the statement and of the twin.
    apart
        Of a pair of outcomes, how much better the one is that shows the trait, in standard deviations of
        all outcomes; NaN elsewhere.
    """

    item: str
    keyed: int
    text: str
    twin_text: str
    statement: float
    twin: float
    trait: float
    classes: Mapping[str, float]
    mass: float
    forms: int
    prompts: tuple[str, str]
    apart: float = math.nan


@dataclass(frozen=True)
class Example:
    """A prompt as it was asked, and what was read from the answer."""

    item: str
    evidence: str
    user: str
    text: str
    agree: str
    disagree: str
    reply: str
    value: float
    scale: str


@dataclass(frozen=True)
class Answered:
    """How the subject answered one dimension in one channel, beside the statistics.

    `coherence`: share of pairs in which statement and twin got opposite answers; `naive`: share of pro-trait
    statements agreed with, not freed from yes-saying. Both NaN where texts were scored, not questions.
    `orthogonality`: share of texts in which agreeing goes against the trait. `drawn`: values are shares of
    draws that agreed, not log-odds.
    """

    rows: tuple[ItemRow, ...]
    examples: tuple[Example, ...]
    coherence: float
    naive: float
    orthogonality: float
    drawn: bool


class ItemTables:
    """All item tables of a run; empty where a view carries no observations."""

    def __init__(self, view: RunView) -> None:
        self._subject = view.subject.name
        statements = (*(s for d in view.dimensions for s in d.statements), *view.own_items)
        self._texts = {s.id: (s.text, s.twin or "") for s in statements}
        self._apart = view.apart
        self._class = {c.name: c.group for c in view.controls}
        self._order = list(dict.fromkeys(c.group for c in view.controls))
        self._evidence = _by_hash(view.evidence)
        self._answers = self._groups(view.observations)
        self._first = self._subject_rows(view.observations)

    @property
    def classes(self) -> tuple[str, ...]:
        """Control classes in the order of the run."""
        return tuple(self._order)

    def answered(self, dimension: str, channel: str) -> Answered | None:
        """Return how the subject answered; None where nothing was observed."""
        atoms = self._answers.get((dimension, channel))
        if atoms is None:
            return None
        mine = atoms[atoms["character"] == self._subject]
        if mine.empty:
            return None
        classes = atoms.groupby(["who", "item"], sort=False)["trait"].mean().to_dict()
        table = mine.groupby("item", sort=False).agg(
            keyed=("keyed", "first"),
            statement=(1, "mean"),
            twin=(-1, "mean"),
            trait=("trait", "mean"),
            mass=("option_mass", "mean"),
            forms=("trait", "size"),
        )
        prompts = self._prompts(dimension, channel)
        rows = tuple(self._row(row, classes, prompts) for row in table.reset_index().to_dict("records"))
        return Answered(rows, self._examples(dimension, channel), *_shares(mine), _drawn(mine))

    def _prompts(self, dimension: str, channel: str) -> dict[tuple[str, int], str]:
        """Return the hash of the first prompt of every statement (+1) and twin (-1)."""
        once = self._first[dimension, channel].drop_duplicates(["item", "polarity"])
        keys = zip(once["item"].astype(str), once["polarity"].astype(int), strict=True)
        return dict(zip(keys, once["evidence"].astype(str), strict=True))

    def _groups(self, frame: pd.DataFrame | None) -> dict[tuple[str, str], pd.DataFrame]:
        """Return atoms (a pair in one form, replicates averaged) by dimension and channel."""
        if frame is None or frame.empty:
            return {}
        known = frame[frame["character"].isin([self._subject, *self._class])]
        index = [*_KEYS, *_FORM, "scale"]
        wide = known.pivot_table(index=index, columns="polarity", values="value", aggfunc="mean", sort=False)
        mass = known.groupby(index, sort=False)["option_mass"].mean()
        atoms = wide.reindex(columns=[1, -1]).join(mass).reset_index()
        atoms["trait"] = atoms["keyed"] * (atoms[1] - atoms[-1]) / 2
        atoms["who"] = [self._class.get(name, "subject") for name in atoms["character"]]
        return {(str(c), str(h)): g for (c, h), g in atoms.groupby(["construct", "channel"], sort=False)}

    def _subject_rows(self, frame: pd.DataFrame | None) -> dict[tuple[str, str], pd.DataFrame]:
        if frame is None or frame.empty:
            return {}
        mine = frame[frame["character"] == self._subject]
        return {(str(c), str(h)): g for (c, h), g in mine.groupby(["construct", "channel"], sort=False)}

    def _row(
        self,
        row: Mapping[Any, Any],
        classes: Mapping[Any, float],
        prompts: Mapping[tuple[str, int], str],
    ) -> ItemRow:
        item = str(row["item"])
        text, twin = self._texts.get(item, (item, ""))
        return ItemRow(
            item,
            int(row["keyed"]),
            text,
            twin,
            float(row["statement"]),
            float(row["twin"]),
            float(row["trait"]),
            {c: float(classes.get((c, row["item"]), math.nan)) for c in self._order},
            float(row["mass"]),
            int(row["forms"]),
            (prompts.get((item, 1), ""), prompts.get((item, -1), "")),
            self._apart.get(item, math.nan),
        )

    def _examples(self, dimension: str, channel: str) -> tuple[Example, ...]:
        """Return the first pair as it was asked: the statement and its twin in one form."""
        asked = self._first[dimension, channel]
        first = asked.iloc[0]
        pair = asked[(asked["item"] == first["item"]) & (asked[_FORM] == first[_FORM]).all(axis=1)]
        rows = pair.drop_duplicates("polarity").sort_values("polarity", ascending=False)
        found = [self._example(row) for row in rows.to_dict("records")]
        return tuple(e for e in found if e is not None)

    def _example(self, row: Mapping[Any, Any]) -> Example | None:
        told = self._evidence.get(str(row["evidence"]))
        if told is None:
            return None
        user, text, agree, disagree, reply = (
            str(told.get(key) or "") for key in ("user", "text", "agree", "disagree", "reply")
        )
        value, scale = float(row["value"]), str(row["scale"])
        return Example(
            str(row["item"]), str(row["evidence"]), user, text, agree, disagree, reply, value, scale
        )


def _by_hash(evidence: pd.DataFrame | None) -> dict[str, dict[Any, Any]]:
    if evidence is None:
        return {}
    once = evidence.drop_duplicates("evidence")
    return {str(row["evidence"]): row for row in once.to_dict("records")}


def _shares(atoms: pd.DataFrame) -> tuple[float, float, float]:
    """Return coherence, the naive rate and orthogonality; the first two NaN where texts were scored."""
    answers = atoms[[1, -1]].to_numpy(float)[:, :, None] - (0.5 if _drawn(atoms) else 0.0)
    keyed = atoms["keyed"].to_numpy(float)
    crossed = float(orthogonality(answers, keyed))
    if str(atoms["scale"].iloc[0]) == "log_prob":
        return math.nan, math.nan, crossed
    return float(coherence(answers)), float(naive_rate(answers, keyed)), crossed


def _drawn(atoms: pd.DataFrame) -> bool:
    return str(atoms["scale"].iloc[0]) == "agreement"
