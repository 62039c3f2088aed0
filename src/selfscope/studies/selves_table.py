"""Trait and bias of the answers of a run, looked up by who was asked about what."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from selfscope.instruments.selves.asked import PREFIX, Stage
from selfscope.instruments.selves.load import SESOI, SESOI_SHARE, items_of
from selfscope.stats.masked import Array
from selfscope.studies.selves import SelvesRequest
from selfscope.studies.where_scores import EXACT, scores_of
from selfscope.values.selves import Scale

if TYPE_CHECKING:
    import pandas as pd

#: Trait D and bias B; ``pull`` is B toward the letter A, whichever letter agreement has; ``noise`` is the
#: variance that drawing answers gives D, 0 where they are exact.
Score = Literal["trait", "bias", "pull", "noise"]
Split = Literal["trait", "bias"]
_COLUMNS: tuple[Score, ...] = ("trait", "bias", "pull", "noise")
_DRAWS = ("replicate", "value", "scale", "refusal", "option_mass", "scorer", "reply", "judge")


class Said:
    """The answers of a run: D and B of every statement, NaN where it was not asked.

    Attributes
    ----------
    scale
        ``log_odds`` where values are exact; ``share`` where they are means of draws.
    sesoi
        The smallest effect of interest on that scale.
    """

    def __init__(self, request: SelvesRequest, rows: pd.DataFrame) -> None:
        self._rows = rows
        exact = bool(rows["scale"].isin(EXACT).all())
        self.scale: Scale = "log_odds" if exact else "share"
        self.sesoi = SESOI if exact else SESOI_SHARE
        scored = scores_of(rows if exact else _averaged(rows))
        scored["noise"] = 0.0
        if not exact:
            scored["bias"] -= 0.5  # shares are even at one half, log-odds at 0
            scored["noise"] = scores_of(_averaged(rows, noise=True))["bias"].to_numpy() / 2
        self._scored = scored.assign(pull=scored["bias"].where(scored["label"] != "B", -scored["bias"]))
        self._items = items_of(request.material)

    @cached_property
    def _means(self) -> dict[tuple[str, ...], tuple[float, ...]]:
        """Return scores by construct, speaker, asker, overview, wording of the asker, and item."""
        keys = ["construct", "character", "counterparty", "script", "template", "item"]
        groups = self._scored.groupby(keys)[list(_COLUMNS)]
        mean = groups.mean()
        mean["noise"] /= groups.size()
        told = map(tuple, mean.to_numpy().tolist())
        return dict(zip(mean.index.tolist(), told, strict=True))

    @cached_property
    def _forms(self) -> dict[tuple[str, str, str], list[tuple[float, ...]]]:
        """Return scores in each form, by construct, speaker and item."""
        found: dict[tuple[str, str, str], list[tuple[float, ...]]] = {}
        part = self._scored[self._scored["counterparty"] == ""]
        part = part.sort_values(["order", "label", "position"])
        for row in part[["construct", "character", "item", *_COLUMNS]].itertuples(index=False):
            found.setdefault((row[0], row[1], row[2]), []).append(row[3:])
        return found

    def keyed(self, stage: Stage, about: str) -> Array:
        """Return the keying of all statements of a construct, ``(m,)``."""
        return np.array([s.keyed for s in self._items.dimension(PREFIX[stage] + about).statements])

    def of(
        self, stage: Stage, about: str, speaker: str, score: Score = "trait", *,
        asker: str = "", overview: str = "", wordings: Sequence[int] | None = None,
    ) -> Array:  # fmt: skip
        """Return a score of every statement of a construct, ``(m,)``; wordings are averaged."""
        column = _COLUMNS.index(score)
        construct = PREFIX[stage] + about
        out = []
        for statement in self._items.dimension(construct).statements:
            key = (construct, speaker, asker, overview)
            found = [
                self._means[(*key, f"t{w + 1}", statement.id)][column]
                for w in (wordings or (0, 1))
                if (*key, f"t{w + 1}", statement.id) in self._means
            ]
            fewer = len(found) if score == "noise" else 1
            out.append(float(np.mean(found)) / fewer if found else float("nan"))
        return np.array(out)

    def in_forms(self, stage: Stage, about: str, speaker: str, score: Score) -> Array:
        """Return a score of every asked statement in each of its forms, ``(m, form)``."""
        column = _COLUMNS.index(score)
        construct = PREFIX[stage] + about
        ids = [s.id for s in self._items.dimension(construct).statements]
        told = [self._forms[construct, speaker, i] for i in ids if (construct, speaker, i) in self._forms]
        return np.array([[form[column] for form in forms] for forms in told])

    def mass(self, stage: Stage, about: str) -> float:
        """Return the median option mass of a construct; NaN where answers are drawn."""
        return self._quality.get(PREFIX[stage] + about, (float("nan"), 0.0))[0]

    def refused(self, stage: Stage, about: str) -> float:
        """Return the share of answers of a construct that are refused or unparsed."""
        return self._quality.get(PREFIX[stage] + about, (float("nan"), 0.0))[1]

    @cached_property
    def _quality(self) -> dict[str, tuple[float, float]]:
        """Return median option mass and share of refusals by construct."""
        lost = self._rows.assign(lost=self._rows["refusal"] != "none").groupby("construct")
        told = lost.agg({"option_mass": "median", "lost": "mean"})
        return {str(name): (float(mass), float(share)) for name, mass, share in told.itertuples()}


def _averaged(rows: pd.DataFrame, *, noise: bool = False) -> pd.DataFrame:
    """Return one row a question with the share of agreement among its draws, or that share's variance.

    Shares are paired as exact values are, which `scores_of` does for values on an exact scale; they are told
    as shares everywhere else.
    """
    keys = [c for c in rows.columns if c not in (*_DRAWS, "evidence")]
    groups = rows.groupby(keys, as_index=False, dropna=False)["value"]
    mean = groups.mean()
    if noise:
        drawn = groups.count()["value"]
        mean["value"] *= (1 - mean["value"]) / np.maximum(drawn - 1, 1)
    averaged: pd.DataFrame = mean.assign(scale=EXACT[0], refusal="none", replicate=0)
    return averaged
