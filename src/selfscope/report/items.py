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
_PART = ["construct", "channel"]
_KEYS = [*_PART, "character", "item", "keyed"]
#: A dimension in a channel.
_Part = tuple[str, str]


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
        self._answers: dict[_Part, pd.DataFrame] = {}
        if view.observations is not None and not view.observations.empty:
            self._read(view.observations, view.evidence)

    def _read(self, frame: pd.DataFrame, evidence: pd.DataFrame | None) -> None:
        """Keep what is shown, by dimension and channel: each table is made once, of all of them."""
        atoms = self._atoms(frame)
        mine = atoms[atoms["character"] == self._subject]
        self._answers = _parts(mine)
        self._means = _by_part(atoms.groupby([*_PART, "who", "item"], sort=False)["trait"].mean())
        self._rows = _records(_item_means(mine))
        asked = frame[frame["character"] == self._subject]
        once = asked.drop_duplicates([*_PART, "item", "polarity"])
        self._prompts = _by_part(once.set_index([*_PART, "item", "polarity"])["evidence"].astype(str))
        pairs = _first_pairs(asked)
        self._pairs = _records(pairs)
        self._evidence = _by_hash(evidence, pairs["evidence"])

    @property
    def classes(self) -> tuple[str, ...]:
        """Control classes in the order of the run."""
        return tuple(self._order)

    def answered(self, dimension: str, channel: str) -> Answered | None:
        """Return how the subject answered; None where nothing was observed."""
        mine = self._answers.get((dimension, channel))
        if mine is None:
            return None
        part = dimension, channel
        means, prompts = self._means[part], self._prompts[part]
        rows = tuple(self._row(row, means, prompts) for row in self._rows[part])
        found = [self._example(row) for row in self._pairs[part]]
        examples = tuple(e for e in found if e is not None)
        return Answered(rows, examples, *_shares(mine), _drawn(mine))

    def _atoms(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return atoms: a pair in one form, replicates averaged."""
        known = frame[frame["character"].isin([self._subject, *self._class])]
        index = [*_KEYS, *_FORM, "scale"]
        wide = known.pivot_table(index=index, columns="polarity", values="value", aggfunc="mean", sort=False)
        mass = known.groupby(index, sort=False)["option_mass"].mean()
        atoms = wide.reindex(columns=[1, -1]).join(mass).reset_index()
        read = atoms["scale"] == "projection"  # once, with nothing to set against it
        halves = (atoms[1] - atoms[-1]).where(~read, 2 * atoms[1]) / 2
        atoms["trait"] = atoms["keyed"] * halves
        atoms["who"] = [self._class.get(name, "subject") for name in atoms["character"]]
        return atoms

    def _row(
        self,
        row: Mapping[Any, Any],
        classes: Mapping[tuple[Any, ...], float],
        prompts: Mapping[tuple[Any, ...], str],
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


def _parts(frame: pd.DataFrame) -> dict[_Part, pd.DataFrame]:
    return {(str(c), str(h)): g for (c, h), g in frame.groupby(_PART, sort=False)}


def _records(frame: pd.DataFrame) -> dict[_Part, list[dict[Any, Any]]]:
    """Return the rows of a table by dimension and channel."""
    found: dict[_Part, list[dict[Any, Any]]] = {}
    for row in frame.to_dict("records"):
        found.setdefault((str(row["construct"]), str(row["channel"])), []).append(row)
    return found


def _by_part(values: pd.Series) -> dict[_Part, dict[tuple[Any, ...], Any]]:
    """Return values by dimension and channel, and by the rest of their index."""
    found: dict[_Part, dict[tuple[Any, ...], Any]] = {}
    told: dict[Any, Any] = values.to_dict()
    for (construct, channel, *rest), value in told.items():
        found.setdefault((str(construct), str(channel)), {})[tuple(rest)] = value
    return found


def _item_means(mine: pd.DataFrame) -> pd.DataFrame:
    """Return one row a statement, averaged over forms."""
    table = mine.groupby([*_PART, "item"], sort=False).agg(
        keyed=("keyed", "first"),
        statement=(1, "mean"),
        twin=(-1, "mean"),
        trait=("trait", "mean"),
        mass=("option_mass", "mean"),
        forms=("trait", "size"),
    )
    return table.reset_index()


def _first_pairs(asked: pd.DataFrame) -> pd.DataFrame:
    """Return the first pair of each part as it was asked: the statement and its twin in one form."""
    first = asked.drop_duplicates(_PART)[[*_PART, "item", *_FORM]]
    pairs = asked.merge(first, on=[*_PART, "item", *_FORM])
    return pairs.drop_duplicates([*_PART, "polarity"]).sort_values("polarity", ascending=False)


def _by_hash(evidence: pd.DataFrame | None, wanted: pd.Series) -> dict[str, dict[Any, Any]]:
    if evidence is None:
        return {}
    once = evidence[evidence["evidence"].isin(wanted)].drop_duplicates("evidence")
    return {str(row["evidence"]): row for row in once.to_dict("records")}


def _shares(atoms: pd.DataFrame) -> tuple[float, float, float]:
    """Return coherence, the naive rate and orthogonality; the first two NaN where texts were scored."""
    answers = atoms[[1, -1]].to_numpy(float)[:, :, None] - (0.5 if _drawn(atoms) else 0.0)
    keyed = atoms["keyed"].to_numpy(float)
    if str(atoms["scale"].iloc[0]) == "projection":
        return math.nan, math.nan, math.nan
    crossed = float(orthogonality(answers, keyed))
    if str(atoms["scale"].iloc[0]) == "log_prob":
        return math.nan, math.nan, crossed
    return float(coherence(answers)), float(naive_rate(answers, keyed)), crossed


def _drawn(atoms: pd.DataFrame) -> bool:
    return str(atoms["scale"].iloc[0]) == "agreement"
