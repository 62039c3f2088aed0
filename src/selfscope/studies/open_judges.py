"""Judges of a run: checked once before any answer is read, and what the check showed kept with the run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from selfscope.instruments.open.constructed import load_constructed
from selfscope.instruments.open.judging import Word
from selfscope.studies.judge_asking import CheckRequest, Told
from selfscope.studies.judge_check import JudgeCheck, check_of
from selfscope.studies.judge_run import check_judge, chosen_answers
from selfscope.studies.open_page import FILE
from selfscope.studies.store import RunStore
from selfscope.values import content_id

#: Where a run keeps what its judges said of the answers of known truth.
JUDGES = "judges.json"


async def checked_judges(
    names: Sequence[str], store: RunStore, sample: int = 0, told: Told | None = None
) -> tuple[JudgeCheck, ...]:
    """Return the checks of a run's judges: those that the run keeps, else made now and kept.

    Parameters
    ----------
    sample
        Constructed answers that a judge reads in both registers; 0 for all.

    Raises
    ------
    BadInput
        For a judge that is not there.
    CouldNot, Stopped
        If a judge did not answer; what it said is kept, and the same command goes on.
    """
    kept = {c.judge: c for c in stored_checks(store)}
    for name in names:
        if name not in kept:
            kept[name] = _shipped(name) or await check_judge(name, CheckRequest(sample), told)
            store.write_json(JUDGES, [_told(c) for c in kept.values()])
    return tuple(kept[name] for name in names)


def stored_checks(store: RunStore) -> tuple[JudgeCheck, ...]:
    """Return the checks that a run keeps; none if it has no judges, or the answers are others now."""
    if not (store.folder / JUDGES).exists():
        return ()
    written: Any = store.read_json(JUDGES)
    return tuple(_check(data) for data in written if data["answers"] == _answers())


def _told(check: JudgeCheck) -> dict[str, Any]:
    return {"judge": check.judge, "answers": _answers(), "said": dict(check.said), "log": check.log}


def _check(data: Mapping[str, Any]) -> JudgeCheck:
    said: dict[str, Word] = data["said"]
    answers = [a for a in load_constructed() if a.id in said]
    return check_of(data["judge"], answers, said, log=data["log"])


def _answers() -> str:
    """Return what the constructed answers are now."""
    return content_id(load_constructed())


def _shipped(name: str) -> JudgeCheck | None:
    """Return the check that comes with the package, if this judge and these answers were checked there.

    The embedded model said the same of every answer, so its words are told by their counts.
    """
    shipped: Mapping[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    (found,) = shipped["judges"]
    answers = chosen_answers(int(found["rows"][0]["right"]["asked"]))
    words = {word for row in found["rows"] for word in row["words"]}
    if found["judge"] != name or shipped["recipe"]["answers"] != content_id(answers) or len(words) != 1:
        return None
    return check_of(name, answers, dict.fromkeys((a.id for a in answers), words.pop()))
