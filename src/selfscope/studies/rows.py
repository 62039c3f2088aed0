"""Answers into rows of the observation table, with what is needed to trace each one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from selfscope.models.ground import GroundIdentity
from selfscope.subjects import Subject
from selfscope.values import Answers, Ask, Prompt, Study, bytes_id, content_id
from selfscope.values.observation import COLUMNS, DEFAULTS, INTEGER_COLUMNS
from selfscope.values.study import Arm

if TYPE_CHECKING:
    import pandas as pd

_CELL_COLUMNS = (
    "instrument", "construct", "channel", "item", "keyed", "polarity", "template", "format", "order",
    "label", "position", "turn",
)  # fmt: skip
_ASKED_COLUMNS = ("evidence", "user", "text", "agree", "disagree", "subject", "character", "system")
_ANSWER_COLUMNS = ("replicate", "value", "scale", "option_mass", "refusal", "scorer", "reply")
_cell_of, _answer_of = attrgetter(*_CELL_COLUMNS), attrgetter(*_ANSWER_COLUMNS)


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

    arms = {arm.name: _arm_of(arm, subjects[arm.name]) for arm in {a.name: a for a, _ in asks}.values()}
    rows = [
        (*asked, *_answer_of(answer))
        for asked, replicates in zip(_asked(asks, prompts, arms), answers.answers, strict=True)
        for answer in replicates
    ]
    names = (*_CELL_COLUMNS, *_ASKED_COLUMNS, *_ANSWER_COLUMNS)
    fixed = {"study": study.id, "run": run, "ground": content_id(ground), "family": ground.family}
    told = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    same = {column: fixed.get(column, DEFAULTS[column]) for column in COLUMNS if column not in told}
    return pd.DataFrame(told | same).astype(dict.fromkeys(INTEGER_COLUMNS, "int32"))


def _arm_of(arm: Arm, subject: Subject) -> tuple[str, str, str]:
    """Return the id of who answers, the name of the arm, and the hash of its system prompt."""
    return subject.id, arm.name, "" if arm.system is None else bytes_id(arm.system.encode())


def _asked(
    asks: Sequence[tuple[Arm, Ask]], prompts: Sequence[Prompt], arms: Mapping[str, tuple[str, str, str]]
) -> Iterator[tuple[Any, ...]]:
    """Yield what the rows of one ask share."""
    for (arm, ask), prompt in zip(asks, prompts, strict=True):
        options = ask.options
        yield (
            *_cell_of(ask.cell),
            content_id(prompt),
            ask.user,
            ask.text or "",
            " | ".join(options.agree) if options else "",
            " | ".join(options.disagree) if options else "",
            *arms[arm.name],
        )
