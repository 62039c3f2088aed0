"""What the checks of the instrument say, in a few words: sensitivity, reliability, the profile."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from selfscope.report.view import RunView, SensitivityRow
from selfscope.report.words import channel_words, control_words, counted, joined, number


def sensitivity_words(rows: Sequence[SensitivityRow], channel: str) -> str:
    """Return in one sentence whether a channel can see on this model."""
    mine = [r for r in rows if r.channel == channel]
    passed = sum(r.verdict == "pass" for r in mine)
    if not mine:
        return f"{channel_words(channel).heading}: no sensitivity check was made."
    if passed == len(mine):
        return f"{channel_words(channel).heading}: it can be read on all {counted(passed, 'dimension')}."
    if not passed:
        return f"{channel_words(channel).heading}: it is blind on this model; all {len(mine)} checks failed."
    return f"{channel_words(channel).heading}: it can be read on {passed} of {len(mine)} dimensions."


def reliability_words(view: RunView) -> tuple[str, ...]:
    """Return in one sentence a channel how reliably the instrument tells characters apart on this model."""
    said = []
    for channel in dict.fromkeys(r.channel for r in view.reliability):
        mine = [r for r in view.reliability if r.channel == channel]
        grades = Counter(r.grade for r in mine)
        parts = [f"{grades[g]} {g}" for g in ("good", "acceptable", "low") if grades[g]]
        heading = channel_words(channel).heading
        said.append(f"{heading}: of {counted(len(mine), 'dimension')}, {joined(parts)}.")
    return tuple(said)


def profile_words(view: RunView) -> tuple[str, ...]:
    """Return how much of the differences between dimensions is more than error, against each control."""
    said = []
    for channel in dict.fromkeys(p.channel for p in view.profiles):
        rows = [p for p in view.profiles if p.channel == channel and math.isfinite(p.coefficient)]
        parts = [f"{number(p.coefficient).lstrip('+')} against {control_words(p.control).name}" for p in rows]
        if parts:
            said.append(
                f"{channel_words(channel).heading}, the profile of changes over "
                f"{counted(rows[0].dimensions, 'dimension')} has a reliability of {joined(parts)}."
            )
    return tuple(said)
