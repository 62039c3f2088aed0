"""Can a judge of edits be believed? What it said of edits whose direction is known by construction.

It is held to two questions, for a contrast of arms asks both: is an edit toward the trait told from all
others, and is one away from it?
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from selfscope.instruments.editorial.constructed import JUDGED, Direction, PlantedRevision
from selfscope.instruments.editorial.judging import DirectionWord
from selfscope.stats.judged_error import LEAST_ACCURACY, JudgeError, Share, of_shares, share
from selfscope.studies.judge_check import ALL, LEAST_ANSWERS, Drift, drift_between

DirectionsSaid = Mapping[str, DirectionWord]


@dataclass(frozen=True)
class DirectionRow:
    """What a judge got right of the edits of one kind (or all), where they go, and what it said."""

    kind: str
    direction: Direction | None
    right: Share
    words: dict[str, int]


@dataclass(frozen=True)
class DirectionCheck:
    """One judge's check on edits.

    Attributes
    ----------
    believed, reasons
        Whether balanced accuracy reaches .8 for both directions, over a hundred edits at least; why not.
    toward, away
        Sensitivity and specificity for the edits of that direction among all others.
    rows
        First ``all``, then the kinds.
    said
        Its word on each edit.
    drift
        Against the time before; None if there was none.
    log
        Folder of the logs.
    """

    judge: str
    believed: bool
    reasons: tuple[str, ...]
    toward: JudgeError
    away: JudgeError
    rows: tuple[DirectionRow, ...]
    said: DirectionsSaid
    drift: Drift | None = None
    log: str = ""


def direction_check_of(
    judge: str,
    edits: Sequence[PlantedRevision],
    said: DirectionsSaid,
    before: DirectionsSaid | None = None,
    log: str = "",
) -> DirectionCheck:
    """Summarise what a judge said of `edits`.

    Parameters
    ----------
    said, before
        Its word on each edit, by the edit's id; what it said the last time it was asked, if it was.
    """
    errors = {way: _error(way, edits, said) for way in ("toward", "away")}
    reasons = [f"{len(edits)} edits, {LEAST_ANSWERS} are the least"] if len(edits) < LEAST_ANSWERS else []
    reasons += [
        f"{way}: balanced accuracy {error.accuracy:.2f}, {LEAST_ACCURACY} is the least"
        for way, error in errors.items()
        if not error.believed
    ]
    kinds = [_row(kind, way, [e for e in edits if e.kind == kind], said) for kind, way in JUDGED.items()]
    return DirectionCheck(
        judge=judge,
        believed=not reasons,
        reasons=tuple(reasons),
        toward=errors["toward"],
        away=errors["away"],
        rows=(_row(ALL, None, edits, said), *(row for row in kinds if row.right.asked)),
        said=said,
        drift=None if before is None else _drift(edits, before, said),
        log=log,
    )


def _error(way: str, edits: Sequence[PlantedRevision], said: DirectionsSaid) -> JudgeError:
    """Return how well edits of one direction are told from all others; no word is never right."""
    own, others = ([e for e in edits if (e.direction == way) == wanted] for wanted in (True, False))
    found = sum(said[e.id] == way for e in own)
    spared = sum(said[e.id] not in (way, "unparsed") for e in others)
    return of_shares(share(found, len(own)), share(spared, len(others)))


def _row(
    kind: str, way: Direction | None, edits: Sequence[PlantedRevision], said: DirectionsSaid
) -> DirectionRow:
    words = Counter(said[e.id] for e in edits)
    right = sum(said[e.id] == e.direction for e in edits)
    return DirectionRow(kind, way, share(right, len(edits)), dict(sorted(words.items())))


def _drift(edits: Sequence[PlantedRevision], before: DirectionsSaid, now: DirectionsSaid) -> Drift:
    both = [e for e in edits if e.id in before and e.id in now]
    was, became = ([said[e.id] == e.direction for e in both] for said in (before, now))
    return drift_between(was, became, sum(before[e.id] != now[e.id] for e in both))
