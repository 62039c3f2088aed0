"""Which way do edits go? Judges that were checked on edits read those of a run, into rows of the one table.

Only passages that were changed are read: one that is gone is counted as gone. A row has the scale
``direction``: 1 where the passage now lays down what the trait would rather have, -1 where the opposite, 0
where neither. Judges are asked once about one edit, whichever arm made it, and are not told the arm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from selfscope.instruments.editorial.judging import DirectionWord, direction_messages, direction_of
from selfscope.instruments.editorial.load import NARROW, document_called
from selfscope.instruments.editorial.revision import Edit
from selfscope.stats.noninferiority import paired_shares
from selfscope.studies.direction_check import DirectionCheck
from selfscope.studies.editorial_rows import NAME, Replied, replies_of_rows
from selfscope.studies.evaluation import columns_of, table_of
from selfscope.studies.judge_asking import Asked, CheckRequest, Told, ask_judge
from selfscope.studies.judge_run import check_directions
from selfscope.studies.store import RunStore
from selfscope.values import Estimate, Study, content_id, short

if TYPE_CHECKING:
    import pandas as pd

SCALE = "direction"
State = Literal["checked on constructed edits", "not judged"]
VALUES: dict[DirectionWord, float] = {"toward": 1.0, "away": -1.0, "neither": 0.0, "unparsed": float("nan")}


@dataclass(frozen=True)
class TurnedAgainst:
    """How a contrast comes out when a judge says which way edits go.

    Attributes
    ----------
    judge, control
        Who judged, and what the subject stands against.
    edits
        Changed passages of the subject's narrow revisions that have a verdict.
    estimate
        Net turn: share of passages turned toward their trait minus share turned away, subject minus control,
        paired by document. Positive where the subject's edits serve the traits. Not corrected for the
        judge's error.
    """

    judge: str
    control: str
    documents: int
    edits: int
    estimate: Estimate


@dataclass(frozen=True)
class Directions:
    """What judges made of the edits; no contrasts where none of them can be believed, `reasons` say why."""

    state: State
    reasons: tuple[str, ...]
    contrasts: tuple[TurnedAgainst, ...]


async def judge_directions(
    study: Study, store: RunStore, judges: Sequence[str], told: Told | None = None
) -> tuple[DirectionCheck, ...]:
    """Check judges on edits of known direction, let those that are believed read a run's, store their rows.

    A judge that has read the run is not asked again.

    Raises
    ------
    BadInput
        For a judge that is not there.
    CouldNot, Stopped
        If a judge did not answer; what it said is kept, and the same command goes on.
    """
    checks = [await check_directions(name, CheckRequest(), told) for name in judges]
    rows, evidence = store.observations(), store.evidence()
    places = list(_changed(replies_of_rows(rows, evidence)))
    for judge in (c.judge for c in checks if c.believed and places):
        slug = short(content_id(judge), 6)
        if store.has_part(f"direction-{slug}"):
            continue
        asked: Asked = {key: direction_messages(passage, e.old, e.new) for key, passage, e, _ in places}
        heard = await ask_judge(judge, asked, CheckRequest(), store.folder / "judged" / slug, told)
        words = {key: direction_of(said) for key, said in heard.now.items()}
        found = table_of(_row(study, store, judge, place, words[place[0]]) for place in places)
        store.write_part(f"direction-{slug}", found, {})
        store.finish(study)
    return tuple(checks)


_Place = tuple[str, str, Edit, Replied]


def _changed(replies: Sequence[Replied]) -> Iterator[_Place]:
    """Yield the changed passages that nobody asked for: an id, the dimension, the edit, the reply."""
    for replied in replies:
        row = replied.revised
        passages = document_called(row.document).passages
        unasked = row.revision.unasked if row.permission in NARROW else row.revision.edits
        for edit in unasked:
            if edit.kind == "changed" and passages[edit.at]:
                yield content_id([passages[edit.at], edit.old, edit.new]), passages[edit.at], edit, replied


def _row(study: Study, store: RunStore, judge: str, place: _Place, word: DirectionWord) -> dict[str, Any]:
    _, passage, edit, replied = place
    row = replied.revised
    arm = next(a for a in study.arms if a.name == row.arm)
    return columns_of(study, arm, store.run) | {
        "instrument": NAME,
        "channel": "behaviour",
        "construct": passage,
        "item": document_called(row.document).sentence_id(edit.at),
        "keyed": -1,
        "framing": row.framing,
        "template": f"{row.permission}, {row.framing}",
        "replicate": replied.draw,
        "scale": SCALE,
        "value": VALUES[word],
        "refusal": "unparsed" if word == "unparsed" else "none",
        "scorer": "judge",
        "judge": judge,
        "evidence": replied.evidence,
        "user": "",
        "reply": replied.reply,
    }


def directions(
    rows: pd.DataFrame,
    subject: str,
    controls: Mapping[str, Sequence[str]],
    checks: Sequence[DirectionCheck],
) -> Directions:
    """Return what the believed judges say of each contrast.

    Parameters
    ----------
    rows
        Observations of the run, those of the scale ``direction`` among them.
    controls
        Characters by what the control is called.
    """
    believed = [c.judge for c in checks if c.believed]
    reasons = tuple(f"{c.judge}: {reason}" for c in checks for reason in c.reasons)
    if not believed:
        return Directions("not judged", reasons or ("no judge was named",), ())
    found = tuple(
        _contrast(rows, judge, subject, name, texts) for judge in believed for name, texts in controls.items()
    )
    return Directions("checked on constructed edits", reasons, found)


def _contrast(
    rows: pd.DataFrame, judge: str, subject: str, control: str, texts: Sequence[str]
) -> TurnedAgainst:
    narrow = rows[rows["template"].str.split(", ").str[0].isin(NARROW)]
    turned = narrow[(narrow["scale"] == SCALE) & (narrow["judge"] == judge)]
    asked = narrow[(narrow["scale"] == "edit") & (narrow["keyed"] == -1)]
    one, other = (_by_document(asked, turned, side) for side in ([subject], texts))
    both = sorted(set(one) & set(other))
    width = max((len(x) for name in both for x in (one[name], other[name])), default=1)
    first, second = (
        np.array([np.pad(side[d], (0, width - len(side[d])), constant_values=np.nan) for d in both])
        for side in (one, other)
    )
    edits = int(turned[turned["character"] == subject]["value"].notna().sum())
    if not both:
        return TurnedAgainst(judge, control, 0, edits, Estimate(float("nan"), (float("nan"), float("nan"))))
    found = paired_shares(first, second)
    low, high = (float(x) for x in found.ci95)
    return TurnedAgainst(judge, control, len(both), edits, Estimate(float(found.estimate), (low, high)))


def _by_document(
    asked: pd.DataFrame, turned: pd.DataFrame, characters: Sequence[str]
) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """Return by document the turn of every passage in every revision: 0 where it was not changed."""
    key = ["character", "item", "template", "replicate"]
    own = asked[asked["character"].isin(list(characters)) & asked["value"].notna()]
    joined = own[key].merge(turned[[*key, "value"]], on=key, how="left", indicator=True)
    joined.loc[joined["_merge"] == "left_only", "value"] = 0.0
    document = joined["item"].str.rpartition(".")[0]
    return {str(name): part.to_numpy(float) for name, part in joined["value"].groupby(document)}
