"""Two runs of drift, script by script: how fast either moves, where it stands, what it says of itself.

Both runs hold the same scripts, so a difference at one turn of a script is no matter of the message. Scripts
are the sample, as in the test of one run: each has one slope in either run, and differences are judged over
scripts. Projections are compared along one and the same axis alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from selfscope.errors import BadInput
from selfscope.stats.drift import CONFIRM, DELTA, SCREEN, by_script, detrended_sd, slopes
from selfscope.stats.drift_results import INTERPRETED, TalksRead, TalkTold
from selfscope.stats.masked import Array, mean
from selfscope.stats.paired_readings import Twice
from selfscope.studies.drift_found import points_of, quiet_turns, spaced
from selfscope.studies.drift_held import AFTER, CONVERSATIONS, FORETOLD, FRESH, SAID
from selfscope.studies.store import RunStore
from selfscope.values import Study
from selfscope.values.study import SESOI

if TYPE_CHECKING:
    import pandas as pd

#: What a run of drift alone names among its software: how much is held and asked.
MARK = "drift"
ORDER = ("first", "second")


@dataclass(frozen=True, eq=False)
class Side:
    """One run.

    Attributes
    ----------
    axis
        What is told of the axis; None where nothing inside was read.
    expected
        Where expected values come from.
    read
        Conversations that are judged; their arrays are NaN where nothing inside was read.
    asked
        Answers beside.
    """

    study: Study
    axis: dict[str, Any] | None
    expected: str
    read: TalksRead
    asked: pd.DataFrame


def is_drift(study: Study) -> bool:
    """Whether a study held conversations to read drift in them."""
    return MARK in study.software


def drift_measures(
    runs: tuple[RunStore, RunStore], studies: tuple[Study, Study]
) -> tuple[list[Twice], dict[str, str], list[str]]:
    """Return what both runs measured, what cannot be compared with the reason, and what must be known.

    Raises
    ------
    BadInput
        If the runs have no script in common, or one was made without telling of its conversations.
    """
    told = [_told(run) for run in runs]
    shared = _shared(*told)
    if not shared:
        raise BadInput(
            "the two runs held no script in common",
            got=" and ".join(", ".join(sorted({c["script"] for c in t["conversations"]})) for t in told),
            fix="Hold the same scripts, or the same transcripts, in both",
        )
    first, second = (_side(*each, shared) for each in zip(runs, studies, told, strict=True))
    unavailable, warnings = {}, []
    left = {c["script"] for t in told for c in t["conversations"] if not c["baseline"]} - set(shared)
    if left:
        warnings.append(f"held by one run alone, and left out: {', '.join(sorted(left))}")
    measures = []
    if reason := _other_axis(first, second):
        unavailable["internal"] = reason
    elif first.axis is not None:
        measures += _inside(first, second)
    for channel in sorted(set(first.asked["channel"]) | set(second.asked["channel"])):
        if reason := _other_scale(first, second, channel):
            unavailable[channel] = reason
        else:
            measures += list(_behaviour(first, second, channel))
    return measures, unavailable, warnings


def _told(run: RunStore) -> dict[str, Any]:
    if not (run.folder / CONVERSATIONS).is_file():
        raise BadInput(
            "the run does not tell of its conversations",
            got=run.run,
            fix="Run the same selfscope drift again",
        )
    found: dict[str, Any] = run.read_json(CONVERSATIONS)
    return found


def _shared(first: dict[str, Any], second: dict[str, Any]) -> tuple[str, ...]:
    """Return the scripts in which the user says the same in both runs."""
    said = [_said(each["conversations"]) for each in (first, second)]
    return tuple(sorted(name for name in said[0] if said[1].get(name) == said[0][name]))


def _said(conversations: Sequence[dict[str, Any]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each in conversations:
        if not each["baseline"]:
            found.setdefault(each["script"], set()).add(each["user"])
    return found


def _side(run: RunStore, study: Study, told: dict[str, Any], shared: Sequence[str]) -> Side:
    own = [c for c in told["conversations"] if c["script"] in shared and not c["baseline"]]
    talks = tuple(TalkTold(c["id"], c["script"], c["turns"], c["perturbed"]) for c in own)
    rows = run.observations()
    read, asked = rows[rows["instrument"] == "axis"], rows[rows["instrument"] != "axis"]
    kinds = ((SAID,), (FRESH,), (AFTER, FORETOLD))
    y, fresh, after = (_array(read[read["item"].isin(kind)], talks) for kind in kinds)
    nothing = np.full_like(y, np.nan)
    whole = TalksRead(talks, y, fresh, after, nothing, nothing)
    return Side(study, told["axis"], told["expected"], whole, asked)


def _array(rows: pd.DataFrame, talks: Sequence[TalkTold]) -> Array:
    """Return readings ``(conversation, turn)``; NaN where there is none."""
    found = np.full((len(talks), max(t.turns for t in talks)), np.nan)
    place = {t.id: n for n, t in enumerate(talks)}
    for thread, turn, value in zip(rows["thread"], rows["turn"], rows["value"], strict=True):
        if thread in place:
            found[place[thread], int(turn) - 1] = value
    return found


def _other_axis(first: Side, second: Side) -> str:
    """Return why projections cannot be compared, "" if they can or there are none."""
    a, b = first.axis, second.axis
    if a is None and b is None:
        return ""
    if a is None or b is None:
        return "one of the runs read nothing inside"
    if a["id"] != b["id"]:
        return (
            f"the runs read along two axes ({a['name']} at layer {a['layer']}, {b['name']} at layer "
            f"{b['layer']}), and a reading along another direction is on another scale: give both runs "
            "the same --axis"
        )
    if first.expected != second.expected:
        return f"expected values are from {first.expected} in one run and from {second.expected} in the other"
    return ""


def _inside(first: Side, second: Side) -> list[Twice]:
    """Return the slope of the residual, and the place at the same messages."""
    barred = tuple(
        f"the axis of the {word} run is not reliable enough (halves agree by {side.axis['split_half']:.2f}, "
        f"under {INTERPRETED:.2f}): no projection is interpreted"
        for word, side in zip(ORDER, (first, second), strict=True)
        if side.axis is not None and side.axis["split_half"] < INTERPRETED
    )
    sides = (first.read, second.read)
    turns = min(s.y.shape[1] for s in sides)
    plain = "fresh" if first.expected == "counterfactual" else "after"
    spreads = [detrended_sd(_quiet(s, s.y - getattr(s, plain))) for s in sides]
    spread = float(np.sqrt(np.mean(np.square(spreads))))
    moved = [_slopes(_quiet(s, s.y - s.after), s) for s in sides]
    placed = _places(*sides, turns)
    return [
        Twice(
            "drift", "internal", "axis_z_a_turn",
            "slope of the residual over turns, second run less first, spreads of the roles a turn",
            "script", moved[0], moved[1], DELTA * spread / max(turns - 1, 1), CONFIRM, SCREEN, barred,
        ),
        Twice(
            "place", "internal", "axis_z",
            "where replies to the same messages lie, second run less first, spreads of the roles",
            "script", placed[0], placed[1], SESOI["internal"], CONFIRM, SCREEN, barred,
        ),
    ]  # fmt: skip


def _quiet(read: TalksRead, values: Array) -> Array:
    return np.where(quiet_turns(read), values, np.nan)


def _slopes(values: Array, read: TalksRead) -> Array:
    """Return the mean slope of each script, in the order of their names."""
    return by_script(slopes(values), [t.script for t in read.talks])[1]


def _places(first: TalksRead, second: TalksRead, turns: int) -> list[Array]:
    """Return the mean place in each script, of the turns that were read in both runs."""
    each = [_turn_means(_quiet(s, s.y)[:, :turns], s) for s in (first, second)]
    both = np.isfinite(each[0]) & np.isfinite(each[1])
    return [mean(np.where(both, x, np.nan)) for x in each]


def _turn_means(values: Array, read: TalksRead) -> Array:
    """Return the mean of the conversations of each script, turn by turn, ``(script, turn)``."""
    scripts = [t.script for t in read.talks]
    return np.stack([by_script(values[:, t], scripts)[1] for t in range(values.shape[1])], axis=1)


def _other_scale(first: Side, second: Side, channel: str) -> str:
    """Return why answers in a channel cannot be compared, "" if they can."""
    parts = [s.asked[s.asked["channel"] == channel] for s in (first, second)]
    if any(part.empty for part in parts):
        return "one of the runs has no answers in it"
    if channel == "utterance" and first.study.ground != second.study.ground:
        return "the likelihood of a text is the model's own, and the runs have two models"
    if len({scale for part in parts for scale in part["scale"]}) > 1:
        return "one run drew its answers and the other has log-odds: different scales"
    return ""


def _behaviour(first: Side, second: Side, channel: str) -> Iterator[Twice]:
    """Yield the slope of every dimension that both were asked of."""
    rows = [s.asked[s.asked["channel"] == channel] for s in (first, second)]
    for dimension in sorted(set(rows[0]["construct"]) & set(rows[1]["construct"])):
        found, last = [], 1
        for side, part in zip((first, second), rows, strict=True):
            turns, values = points_of(part[part["construct"] == dimension], side.read.talks)
            found.append(_slopes(spaced(values, turns), side.read))
            last = max(last, *turns)
        yield Twice(
            str(dimension), channel, f"{rows[0]['scale'].iloc[0]}_a_turn",
            "slope of the half contrast over turns, second run less first, a turn",
            "script", found[0], found[1], SESOI[channel] / last, CONFIRM, SCREEN, sensitive=False,
        )  # fmt: skip
