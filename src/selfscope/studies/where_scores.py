"""Trait and bias of every pair of an observation table, and the facets by which they can be split.

Raw agreement is not analysed: its character × item term is yes-saying (`measurement.md` §11).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from selfscope.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

#: Columns by which a table is known as one of ours.
OURS = ("construct", "channel", "item", "keyed", "polarity", "scale", "value", "refusal")
#: The two scores of a pair: D and B.
SCORES = ("trait", "bias")
#: Exact scales: what is averaged over has no error of repetition.
EXACT = ("log_odds", "log_prob", "projection")
#: Scales of what is read and has no keyed twin: the neutral twin of a text is another text.
AS_READ = ("reading", "axis_z", "check")
#: Units of individuality in the table, the widest first.
UNITS = (
    "collective", "family", "ground", "character", "agent", "script", "thread", "regeneration",
    "counterparty", "framing",
)  # fmt: skip
#: What each unit is nested in, where both vary.
PARENTS = {
    "ground": ("family",),
    "thread": ("family", "ground", "character", "agent", "script"),
    "regeneration": ("thread",),
    "item": ("keyed",),
}
#: What makes two rows answers to the same ask by the same unit, polarity aside.
KEYS = (
    *UNITS, "state", "instance", "instrument", "construct", "channel", "item", "keyed",
    "template", "format", "order", "label", "position", "turn", "replicate",
)  # fmt: skip


def is_ours(frame: pd.DataFrame) -> bool:
    """Say whether a table is an observation table."""
    return set(OURS) <= set(frame.columns)


def has_pairs(frame: pd.DataFrame) -> bool:
    """Say whether an observation table holds statements with their twins, or states that are read.

    An instrument that plays its own conversations may hold neither; its values are analysed as they are, and
    so are readings of emotion and places along an axis.
    """
    twins = (frame["polarity"] == -1) & ~frame["scale"].isin(AS_READ)
    return bool(twins.any() or (frame["scale"] == "projection").any())


def scores_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row a pair of statement and twin in one form, with the columns ``trait`` and ``bias``.

    D = k (L(v=+1) - L(v=-1))/2 and B = (L(v=+1) + L(v=-1))/2. NaN where either was refused; ``refusal`` then
    says how. A state is read once after each prompt: D = k L and B = L, as half of the prompts lead either
    way.

    Raises
    ------
    BadInput
        If no value is exact, statements have no twins, or one text was scored twice.
    """
    import pandas as pd

    exact = frame[frame["scale"].isin(EXACT)]
    if exact.empty:
        raise BadInput(
            "only exact log-odds and log-probabilities are split into trait and bias",
            got=", ".join(map(str, frame["scale"].unique())),
            fix="Analyse another column by name: --value COLUMN --facets … on the exported table",
        )
    keys = [k for k in KEYS if k in exact.columns]
    kept = exact[[*keys, "polarity", "value", "refusal"]]
    if kept.duplicated([*keys, "polarity"]).any():
        raise BadInput("one text was scored twice for the same unit", fix="Export one run alone")
    inside = exact["scale"] == "projection"
    read = kept[inside].drop(columns="polarity")
    read = read.assign(trait=read["keyed"] * read["value"], bias=read["value"])
    kept = kept[~inside]
    if kept.empty:
        return read
    plus, minus = (kept[kept["polarity"] == v].drop(columns="polarity") for v in (1, -1))
    if minus.empty:
        raise BadInput(
            "the statements have no twins, and raw agreement is not analysed",
            got=f"{len(plus):,} rows of polarity +1",
            fix="Ask statements with their negations: trait and yes-saying are one number without them; or "
            "analyse another instrument's values as they are: --value value --facets a,b,c --object a",
        )
    paired = plus.merge(minus, on=keys, suffixes=("", "_twin"))
    first, second = paired["value"].to_numpy(float), paired["value_twin"].to_numpy(float)
    paired["trait"] = paired["keyed"].to_numpy(float) * (first - second) / 2
    paired["bias"] = (first + second) / 2
    paired["refusal"] = np.where(paired["refusal"] == "none", paired["refusal_twin"], paired["refusal"])
    return paired if read.empty else pd.concat([paired, read], ignore_index=True)


def varied(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the facets of an observation table that vary, in the order of units, then keying and item.

    A ground or a family that each character has of its own is the character's, and left out.
    """
    several = [u for u in UNITS if u in frame.columns and frame[u].nunique() > 1]
    several = [u for u in several if u not in ("family", "ground") or _crossed(frame, u)]
    return (*several, *(f for f in ("keyed", "item") if frame[f].nunique() > 1))


def _crossed(frame: pd.DataFrame, unit: str) -> bool:
    """Whether any character is found at more than one level of a unit."""
    return bool((frame.groupby("character")[unit].nunique() > 1).any())


def nested_by_law(facets: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return what is nested in what among facets of an observation table."""
    found = {f: tuple(p for p in parents if p in facets) for f, parents in PARENTS.items() if f in facets}
    return {f: parents for f, parents in found.items() if parents}
