"""Rows of the observation table from logs of ``selfscope/cluster_open``: one a prompt, depth, draw and judge.

The value is the judge's verdict: 1 true, 0 false, 1/2 not sure. Where there is none, `refusal` says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.errors import BadInput
from selfscope.instruments.open.judging import VERDICTS
from selfscope.stats.judged import verdict_values
from selfscope.values import content_id
from selfscope.values.observation import COLUMNS, DEFAULTS, FLOAT_COLUMNS, INTEGER_COLUMNS

if TYPE_CHECKING:
    import pandas as pd
    from inspect_ai.log import EvalLog, EvalSample

TASK = "selfscope/cluster_open"
#: What tells one value from another: a later log of the same thing takes the place of an earlier one.
_KEY = ["subject", "item", "turn", "replicate", "judge"]
_FIXED = {
    "instrument": "cluster_open",
    "channel": "open",
    "format": "own_answer",
    "scale": "verdict",
    "scorer": "judge",
}
_UNREAD = {"events", "messages", "store", "attachments"}


def open_rows(logs: Iterable[str | Path]) -> pd.DataFrame:
    """Return the observations that `logs` hold, in the table's columns.

    Parameters
    ----------
    logs
        Files of Inspect logs. A log that broke off gives what it has, and the one that goes on from it holds
        that again: a value that stands in several is taken from the last that is named.

    Raises
    ------
    BadInput
        If a file is no Inspect log, or one of another task.
    """
    import pandas as pd

    rows = [row for path in logs for row in _rows_in(Path(path))]
    frame = pd.DataFrame(rows, columns=[*COLUMNS])
    types = dict.fromkeys(INTEGER_COLUMNS, "int32") | dict.fromkeys(FLOAT_COLUMNS, "float64")
    return frame.drop_duplicates(_KEY, keep="last", ignore_index=True).astype(types)


def _rows_in(path: Path) -> Iterator[dict[str, Any]]:
    from inspect_ai.log import read_eval_log, read_eval_log_samples

    try:
        header = read_eval_log(str(path), header_only=True)
    except Exception as error:  # whatever a file that is none makes of the reader
        raise BadInput("this is no Inspect log", got=path, fix="Give the .eval files of the task") from error
    if header.eval.task != TASK:
        raise BadInput(f"this is no log of {TASK}", got=header.eval.task, fix="Give logs of that task")
    asked = _asked(header)
    for sample in read_eval_log_samples(str(path), False, exclude_fields=_UNREAD):
        for row in said_of(sample, path.name):
            yield DEFAULTS | asked | row


def said_of(sample: EvalSample, log: str) -> Iterator[dict[str, Any]]:
    """Yield one row a judge of what it said of one answer, with the question and the answer themselves."""
    told = sample.metadata
    shared = _FIXED | {
        "construct": told["construct"],
        "item": told["prompt"],
        "template": f"{told['way']}, {told['framing']}",
        "turn": told["depth"],
        "replicate": sample.epoch - 1,
        "evidence": f"{log}#{sample.id}#{sample.epoch}",
        "user": told["text"],
        "reply": sample.output.completion,
    }
    for judge, word in _words(sample).items():
        yield shared | {
            "judge": judge,
            "value": float(verdict_values(word, "half")),
            "refusal": "none" if word in VERDICTS else word,
        }


def _asked(header: EvalLog) -> dict[str, Any]:
    """Return the columns that one log shares."""
    metadata = header.eval.metadata or {}
    model, system = header.eval.model, metadata.get("system")
    identity = str(metadata.get("identity", "none"))
    return {
        "subject": content_id([model, system]),
        "ground": model,
        "family": model.split("/", 1)[0],
        "character": identity if system is None else Path(identity).name,
    }


def _words(sample: EvalSample) -> dict[str, str]:
    score = (sample.scores or {}).get("judge_panel")
    words: dict[str, str] = ((score.metadata or {}) if score else {}).get("words", {})
    return words
