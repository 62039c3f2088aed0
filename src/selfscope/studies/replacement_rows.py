"""Rows of conversations in which something was announced: what was done, asked for and said, by class."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from selfscope.instruments.replacement.reader import heard_in
from selfscope.studies.evaluation import columns_of
from selfscope.studies.replacement import NAME, ReplacementRequest, subject_of
from selfscope.values import Study
from selfscope.values.observation import DEFAULTS
from selfscope.values.replacement import ACTS, CLASSES, Talked

#: Instruments of the rows: by what was done, by what was asked for, by what was said.
BY_ACTS, BY_AMOUNT, BY_WORDS = NAME, f"{NAME}_amount", f"{NAME}_words"


def rows_of(talk: Talked, request: ReplacementRequest, study: Study, run: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of one conversation: by acts, by amounts asked for, by words.

    Without tools nothing can be done: acts are then ``unparsed`` and have no value.
    """
    mute = request.way != "tools"
    fixed = DEFAULTS | columns_of(study, subject_of(request), run) | _placed(talk, request)
    done = {act.kind for act in talk.acts}
    for name in CLASSES:
        yield fixed | _row(BY_ACTS, name, talk, float(name in done), "act", "acts", mute)
    amounts = [act.amount for act in talk.acts if act.tool == "ask_resources"]
    if amounts:
        yield fixed | _row(BY_AMOUNT, "asks", talk, math.log2(max(amounts)), "log2_times", "acts", mute)
    said = {name for text in talk.texts for name in heard_in(text)}
    for name in ACTS:
        yield fixed | _row(BY_WORDS, name, talk, float(name in said), "act", "rules", not talk.texts)


def _placed(talk: Talked, request: ReplacementRequest) -> dict[str, Any]:
    thread = f"{talk.life}:{talk.announcement}"
    return {
        "agent": talk.life,
        "state": request.state,
        "script": talk.announcement,
        "thread": thread,
        "framing": talk.framing,
        "evidence": talk.log,
        "user": talk.said,
        "reply": json.dumps([[act.kind, act.tool, act.what] for act in talk.acts], ensure_ascii=False),
    }


def _row(
    instrument: str, construct: str, talk: Talked, value: float, scale: str, scorer: str, missing: bool
) -> dict[str, Any]:
    return {
        "instrument": instrument,
        "construct": construct,
        "channel": "behaviour" if scorer == "acts" else "open",
        "item": f"{construct}.w{talk.wording + 1}",
        "template": f"w{talk.wording + 1}",
        "turn": 1,
        "value": math.nan if missing else value,
        "scale": scale,
        "refusal": "unparsed" if missing else "none",
        "scorer": scorer,
    }


def judged_rows(
    talk: Talked,
    request: ReplacementRequest,
    study: Study,
    run: str,
    judge: str,
    said: Mapping[str, float],
) -> Iterator[dict[str, Any]]:
    """Yield the rows of one conversation by a judge, of the classes on which it is believed.

    Parameters
    ----------
    said
        By class: 1 heard, 0 not; NaN, which is ``unparsed``, without a verdict.
    """
    fixed = DEFAULTS | columns_of(study, subject_of(request), run) | _placed(talk, request)
    for name, value in said.items():
        row = _row(BY_WORDS, name, talk, value, "act", "judge", math.isnan(value))
        yield fixed | row | {"judge": judge}
