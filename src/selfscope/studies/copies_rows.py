"""Rows of games between copies, looked up by game and form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import special

from selfscope.instruments.copies.choices import FORMS
from selfscope.instruments.copies.load import Game, games_asked, load_material
from selfscope.stats.copies import MASS, REFUSED
from selfscope.stats.masked import Array, ratio
from selfscope.studies.copies_named import Named, drawn, scored
from selfscope.values import Preset

if TYPE_CHECKING:
    import pandas as pd

#: What the table says of the subject's own rows in the column ``collective``.
SUBJECT = "subject"
Indices = npt.NDArray[np.intp]
#: Columns that are read.
COLUMNS = (
    "family", "construct", "item", "format", "script", "counterparty", "order", "thread", "collective",
    "template", "position", "label", "value", "scale", "option_mass", "refusal", "replicate", "judge",
)  # fmt: skip
#: Scale of a stance that a judge read.
STANCE = "stance"
_PLACE = {form: n for n, form in enumerate(FORMS)}


@dataclass(frozen=True)
class Chosen:
    """What was chosen between the two options of some games.

    Attributes
    ----------
    p
        Probability of the scored option, ``(game, form)``.
    directed
        Log-odds of it where choices are exact, else its probability less 1/2; mean over forms, ``(game,)``.
    """

    p: Array
    directed: Array


class Rows:
    """Rows of a finished run."""

    def __init__(self, rows: pd.DataFrame, preset: Preset) -> None:
        self._preset = preset
        told = {name: rows[name].to_numpy() for name in COLUMNS}
        self.family = dict(zip(told["collective"], told["family"], strict=True))
        """Family of the subject and of those beside it, by name."""
        kinds = told["construct"]
        self.kinds: tuple[str, ...] = tuple(dict.fromkeys(kinds))
        """The constructs that were asked, in their order."""
        self._by = {kind: {name: x[kinds == kind] for name, x in told.items()} for kind in self.kinds}
        named = np.isin(told["label"], ("1", "2")) & (kinds != "free")
        self.by = "words" if named.any() else "letters"
        replied = (told["scale"] == "agreement") & (told["format"] != "reply")
        names = replied & (kinds == "free")
        self.named = bool(names.any())
        """Whether free choices are replies that were drawn."""
        self._name_draws = float(told["replicate"][names].max(initial=0) + 1)
        sampled = replied & (kinds != "free") & (told["collective"] == SUBJECT)
        self.exact = not sampled.any()
        """Whether the subject's choices of two are exact."""
        self.draws = np.inf if self.exact else float(told["replicate"][sampled].max() + 1)

    def games(self, kind: str) -> tuple[Game, ...]:
        """Return the games of a construct."""
        return games_asked(self._preset, kind)

    def chosen(self, kind: str, **where: str) -> Chosen:
        """Return choices of games in all four forms; columns that are named are as told.

        NaN where nothing was asked. `collective` is the subject unless it is told.
        """
        rows = self._where(kind, {"format": "choose"} | where)
        items = {g.item: n for n, g in enumerate(self.games(kind))}
        if set(rows["label"]) & {"1", "2"}:
            return _named(rows, items)
        logs = rows["scale"] == "log_odds"  # one who is there beside others may answer otherwise
        p = np.where(logs, special.expit(rows["value"]), rows["value"])
        directed = np.where(logs, rows["value"], rows["value"] - 0.5)
        game = np.array([items[i] for i in rows["item"]], int)
        form = np.array([_PLACE[f] for f in zip(rows["position"], rows["label"], strict=True)], int)
        shape = (len(items), len(FORMS))
        directions = _means(directed, game, form, shape)
        there = np.isfinite(directions)
        mean = ratio(np.where(there, directions, 0).sum(axis=-1), there.sum(axis=-1))
        return Chosen(_means(p, game, form, shape), mean)

    def words(self, **where: str) -> list[Named]:
        """Return what is named in every free choice."""
        rows = self._where("free", {"format": "choose"} | where)
        wordings = sorted(set(self._by["free"]["template"]))
        if not self.named:
            return [scored(rows, game, wordings) for game in self.games("free")]
        return [drawn(rows, game, wordings, self._name_draws) for game in self.games("free")]

    def stance(self, who: str, judges: Sequence[str] = ()) -> Array:
        """Return log-odds of advice toward each axis, or the stance that judges read in it.

        Parameters
        ----------
        judges
            Whose readings count, the mean of those that said a word; without them advice was scored.

        Returns
        -------
        ``(instance, task, axis)``; 0 where no judge said a word.
        """
        rows = self._where("nudge", {"collective": who, "format": "stance"})
        keys = zip(*(rows[c] for c in ("template", "item", "order", "label", "judge")), strict=True)
        table = dict(zip(keys, rows["value"], strict=True))
        axes = load_material().axes

        def read(instance: str, item: str, axis: str) -> float:
            if not judges:
                return float(
                    table[instance, item, axis, "toward", ""] - table[instance, item, axis, "away", ""]
                )
            said = [v for j in judges if (v := table.get((instance, item, axis, "", j))) is not None]
            return float(np.mean(said)) if said else 0.0

        instances = sorted(set(self._by["nudge"]["template"]))
        return np.array(
            [[[read(i, g.item, a) for a in axes] for g in self.games("nudge")] for i in instances], float
        )

    @property
    def advice_drawn(self) -> bool:
        """Whether advice was given in own words."""
        return "nudge" in self._by and bool((self._by["nudge"]["format"] == "reply").any())

    def unread(self) -> float:
        """Return the share of readings of advice that are no word of a judge's."""
        read = self._by["nudge"]["scale"] == STANCE
        return float((~np.isfinite(self._by["nudge"]["value"][read])).mean()) if read.any() else 0.0

    def threads(self, kind: str) -> dict[str, str]:
        """Return the thread of every game of a construct that was asked."""
        rows = self._where(kind, {"format": "own", "script": "game"})
        return dict(zip(rows["item"], rows["thread"], strict=True))

    def _where(self, kind: str, told: dict[str, str]) -> dict[str, Any]:
        """Return the rows of a construct, columns as told, that have a value."""
        rows = self._by[kind]
        keep = np.isfinite(rows["value"])
        for column, value in ({"collective": SUBJECT} | told).items():
            keep &= rows[column] == value
        return {name: x[keep] for name, x in rows.items()}

    def mass(self, kind: str) -> float:
        """Return the median probability of any letter, or of any of the options that are named."""
        rows = self._by[kind]
        if kind == "free" and self.named:
            return self._candidates()
        if kind == "recognise" or (self.by == "letters" and kind != "free"):
            told = rows["option_mass"][np.isfinite(rows["option_mass"])]
            return float(np.median(told)) if len(told) else float("nan")
        names = [c for c in COLUMNS if c not in ("label", "value", "option_mass", "replicate")]
        sums: dict[tuple[str, ...], float] = {}
        for *key, value in zip(*(rows[c] for c in names), rows["value"], strict=True):
            sums[tuple(key)] = sums.get(tuple(key), 0.0) + float(np.exp(value))
        return float(np.median(list(sums.values())))

    def _candidates(self) -> float:
        """Return the share of replies to free choices that name a candidate."""
        rows = self._by["free"]
        listed = np.isin(rows["label"], [w for g in self.games("free") for w in g.options])
        draws = sum(listed) / np.mean([len(g.options) for g in self.games("free")])
        return float((rows["value"][listed] == 1).sum() / max(1.0, draws))

    def refused(self, *kinds: str) -> float:
        """Return the share of choices without a value; of all constructs unless some are named."""
        told = [self._by[kind] for kind in kinds or self.kinds]
        without = np.concatenate([(r["refusal"] != "none")[r["format"] != "reply"] for r in told])
        return float(without.mean()) if len(without) else 0.0

    def readable(self, kind: str) -> bool:
        """Whether letters are probable enough and choices have a value; words are rare by nature."""
        named = kind == "free" or self.by == "words"
        return self.refused(kind) <= REFUSED and (named or not self.mass(kind) < MASS)


def _named(rows: dict[str, Any], items: dict[str, int]) -> Chosen:
    """Return choices whose options were scored as whole replies; the forms are their two orders."""
    game = np.array([items[i] for i in rows["item"]], int)
    place = np.where(rows["position"] == "first", 0, 1)
    one, shape = rows["label"] == "1", (len(items), 2)
    first, second = (_means(rows["value"][w], game[w], place[w], shape) for w in (one, ~one))
    return Chosen(special.expit(first - second), (first - second).mean(axis=-1))


def _means(values: Array, game: Indices, form: Indices, shape: tuple[int, int]) -> Array:
    """Return means by game and form ``(game, form)``; NaN where there is none."""
    sums, counts = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, (game, form), values)
    np.add.at(counts, (game, form), 1)
    return ratio(sums, counts)


def frequencies(words: Sequence[str]) -> Array:
    """Return shares of words by how often they stand in English, ``(word,)``."""
    zipf = load_material().frequency
    weights = np.array([10.0 ** zipf[w.removeprefix("the ")] for w in words])
    return np.asarray(weights / weights.sum())
