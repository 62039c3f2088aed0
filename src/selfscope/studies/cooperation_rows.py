"""Inspect's log of an arm's tasks into rows of the one table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from selfscope.instruments.cooperation.load import OrdinaryTask, load_tasks
from selfscope.studies.evaluation import columns_of, table_of
from selfscope.values import Arm, Study

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
    fixed = columns_of(study, arm, run) | {
        "instrument": NAME,
        "construct": NAME,
        "channel": "behaviour",
        "scale": "success",
    }
    by_id = {task.id: task for task in load_tasks()}
    frame = table_of(fixed | _row(by_id[str(s.id)], s, log) for s in samples)
    return frame.sort_values(["item", "replicate"], ignore_index=True)


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
