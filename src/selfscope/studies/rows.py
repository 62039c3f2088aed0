"""Answers into rows of the observation table, with what is needed to trace each one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from selfscope.models.ground import GroundIdentity
from selfscope.subjects import Subject
from selfscope.values import Answer, Answers, Ask, Prompt, Study, bytes_id, content_id
from selfscope.values.observation import COLUMNS, DEFAULTS, INTEGER_COLUMNS
from selfscope.values.study import Arm

if TYPE_CHECKING:
    import pandas as pd

_CELL_COLUMNS = (
    "instrument", "construct", "channel", "item", "keyed", "polarity", "template", "format", "order",
    "label", "position", "turn",
)  # fmt: skip


def rows_of(
    study: Study,
    run: str,
    ground: GroundIdentity,
    subjects: Mapping[str, Subject],
    asks: Sequence[tuple[Arm, Ask]],
    prompts: Sequence[Prompt],
    answers: Answers,
) -> pd.DataFrame:
    """Return one row an answer: the observation's columns and those of the evidence table."""
    import pandas as pd

    systems = {arm.name: "" if arm.system is None else bytes_id(arm.system.encode()) for arm, _ in asks}
    rows = []
    for (arm, ask), prompt, replicates in zip(asks, prompts, answers.answers, strict=True):
        asked = _asked(ask, prompt) | {
            "subject": subjects[arm.name].id, "character": arm.name, "system": systems[arm.name],
        }  # fmt: skip
        rows += [asked | _answered(answer) for answer in replicates]
    frame = pd.DataFrame(rows)
    fixed = {"study": study.id, "run": run, "ground": content_id(ground), "family": ground.family}
    for column in COLUMNS:
        if column in fixed:
            frame[column] = fixed[column]
        elif column not in frame:
            frame[column] = DEFAULTS[column]
    return frame.astype(dict.fromkeys(INTEGER_COLUMNS, "int32"))


def _asked(ask: Ask, prompt: Prompt) -> dict[str, Any]:
    row: dict[str, Any] = {column: getattr(ask.cell, column) for column in _CELL_COLUMNS}
    row.update(
        evidence=content_id(prompt),
        user=ask.user,
        text=ask.text or "",
        agree=" | ".join(ask.options.agree) if ask.options else "",
        disagree=" | ".join(ask.options.disagree) if ask.options else "",
    )
    return row


def _answered(answer: Answer) -> dict[str, Any]:
    return {
        "replicate": answer.replicate,
        "value": answer.value,
        "scale": answer.scale,
        "option_mass": answer.option_mass,
        "refusal": answer.refusal,
        "scorer": answer.scorer,
        "reply": answer.reply,
    }
