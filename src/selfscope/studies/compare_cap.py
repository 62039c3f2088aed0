"""Two caps of one network, item by item: what either changes, and by how much the second changes more.

A cap's change of an item is its score under the cap less that without one, in the same run. Only items that
both runs scored with the same prompt and replies are compared; clusters are the sample, as in the test of one
cap. What a text is worth to one network is on no scale of another's, so both caps are of one network.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from selfscope.errors import BadInput
from selfscope.models.caps import VALIDATED
from selfscope.stats.cap import CAPABILITY_MARGIN, STYLE_MARGIN, change, cluster_means
from selfscope.stats.masked import Array
from selfscope.stats.paired_readings import Twice
from selfscope.studies.cap_rows import CAP, NAME, NONE, SCALES, Construct
from selfscope.studies.store import RunStore
from selfscope.values import Study

if TYPE_CHECKING:
    import pandas as pd

#: Clusters from which a verdict confirms.
CONFIRMS = 12
#: What is compared: of which items, and the least difference of interest; in nats a token, or of a chance.
MEASURES: dict[str, tuple[tuple[Construct, ...], float]] = {
    "role": (("late", "jailbreak"), STYLE_MARGIN),
    "role/late": (("late",), STYLE_MARGIN),
    "role/jailbreak": (("jailbreak",), STYLE_MARGIN),
    "capability": (("capability",), CAPABILITY_MARGIN),
    "style": (("style",), STYLE_MARGIN),
}
_ESTIMAND = "change under the cap of the second run, less that under the cap of the first"
_UTTERANCE = "utterance"


def is_cap(study: Study) -> bool:
    """Whether a study scored what a cap does."""
    return study.items_name == NAME


def cap_measures(
    runs: tuple[RunStore, RunStore], studies: tuple[Study, Study]
) -> tuple[list[Twice], dict[str, str], list[str]]:
    """Return what both runs measured, what cannot be compared with the reason, and what must be known.

    Raises
    ------
    BadInput
        If one run fitted a cap and the other checked one: no item is of both.
    """
    parts = [study.software.get("part", "") for study in studies]
    if parts[0] != parts[1]:
        raise BadInput(
            "the two runs scored other material",
            got=" and ".join(parts),
            fix="Compare two fits, or two checks",
        )
    if studies[0].ground != studies[1].ground:
        return [], {_UTTERANCE: "a text's likelihood is the model's own, and the runs have two models"}, []
    sides = _changes(runs[0]), _changes(runs[1])
    both = sides[0].merge(sides[1], on=["construct", "script", "evidence"], suffixes=("_first", "_second"))
    warnings = list(_cautions(studies, sides, both))
    return list(_measures(both)), {}, warnings


def _changes(run: RunStore) -> pd.DataFrame:
    """Return one row an item: its score under the cap less that without."""
    rows = run.observations()
    keys = ["construct", "script", "evidence"]
    under, plain = (rows[rows["character"] == name][[*keys, "value"]] for name in (CAP, NONE))
    found = under.merge(plain, on=keys, suffixes=("", "_plain"), validate="one_to_one")
    return found.assign(change=found["value"] - found["value_plain"])[[*keys, "change"]]


def _cautions(
    studies: tuple[Study, Study], sides: tuple[pd.DataFrame, pd.DataFrame], both: pd.DataFrame
) -> Iterator[str]:
    for word, study in zip(("first", "second"), studies, strict=True):
        if VALIDATED not in study.subject.notes:
            yield f"The cap of the {word} run is not validated."
    for construct in SCALES:
        there, shared = (
            [int((frame["construct"] == construct).sum()) for frame in frames] for frames in (sides, (both,))
        )
        if shared[0] < max(there):
            counts = f"{shared[0]} of {there[0]} and {there[1]}"
            yield f"{construct}: items that both runs scored alike: {counts}."


def _measures(both: pd.DataFrame) -> Iterator[Twice]:
    for name, (constructs, least) in MEASURES.items():
        own = both[both["construct"].isin(constructs)]
        if own.empty:
            continue
        clusters = (own["construct"] + "/" + own["script"]).tolist()
        first, second = (own[f"change_{side}"].to_numpy(float) for side in ("first", "second"))
        yield Twice(
            name, _UTTERANCE, SCALES[constructs[0]], _ESTIMAND, "cluster",
            cluster_means(first, clusters), cluster_means(second, clusters), least, CONFIRMS,
            sensitive=_moves(first, clusters) or _moves(second, clusters),
        )  # fmt: skip


def _moves(apart: Array, clusters: list[str]) -> bool:
    """Whether a cap is seen to change something: only then is a difference of two caps known to be seen."""
    low, high = change(apart, clusters).ci95
    return bool(np.isfinite([low, high]).all() and (low > 0 or high < 0))
