"""Inspect's log of an arm's tasks into rows of the one table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from selfscope.instruments.cooperation.load import OrdinaryTask, load_tasks
from selfscope.models.ground import GroundIdentity
from selfscope.studies.run import subject_of
from selfscope.values import Arm, Study, bytes_id, content_id
from selfscope.values.observation import COLUMNS, DEFAULTS, INTEGER_COLUMNS

if TYPE_CHECKING:
    import pandas as pd
    from inspect_ai.log import EvalSample

#: Construct and instrument, and the name of the item set.
NAME = "cooperation"
_REFUSALS = {"right": "none", "wrong": "none", "refused": "refused", "empty": "unparsed"}


def rows_of_log(study: Study, arm: Arm, run: str, log: str, samples: Sequence[EvalSample]) -> pd.DataFrame:
    """Return one row a reply: the observation's columns and those of the evidence table.

    The value is 1 for a right reply and 0 for a wrong one; NaN for one that declines (`refusal` says
    ``refused``) or says nothing (``unparsed``).
    """
    import pandas as pd

    ground = GroundIdentity(**study.ground)  # type: ignore[arg-type]
    fixed: dict[str, Any] = {
        "study": study.id,
        "run": run,
        "ground": content_id(ground),
        "family": ground.family,
        "subject": subject_of(arm, ground).id,
        "character": arm.name,
        "system": "" if arm.system is None else bytes_id(arm.system.encode()),
        "instrument": NAME,
        "construct": NAME,
        "channel": "behaviour",
        "scale": "success",
        "text": "",
        "agree": "",
        "disagree": "",
    }
    by_id = {task.id: task for task in load_tasks()}
    frame = pd.DataFrame([fixed | _row(by_id[str(s.id)], s, log) for s in samples])
    for column in COLUMNS:
        if column not in frame:
            frame[column] = DEFAULTS[column]
    frame = frame.sort_values(["item", "replicate"], ignore_index=True)
    return frame.astype(dict.fromkeys(INTEGER_COLUMNS, "int32"))


def _row(task: OrdinaryTask, sample: EvalSample, log: str) -> dict[str, Any]:
    score = (sample.scores or {})["checked"]
    outcome = str(score.explanation)
    return {
        "item": task.id,
        "replicate": sample.epoch - 1,
        "value": {"right": 1.0, "wrong": 0.0}.get(outcome, float("nan")),
        "refusal": _REFUSALS[outcome],
        "scorer": f"exact:{task.check}",
        "evidence": f"{log}#{task.id}/{sample.epoch}",
        "user": task.text,
        "reply": sample.output.completion,
    }
