"""Free answers on a page: what was asked, what the subject wrote, and what each judge read.

Shown, never tested: the findings carry the tests.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from selfscope.report.view import RunView

if TYPE_CHECKING:
    import pandas as pd

OPEN = "open"
#: Characters of an answer that a page shows; the logs hold the whole.
LONGEST = 320


@dataclass(frozen=True)
class AnswerRow:
    """One prompt of one dimension, as the subject answered it.

    Attributes
    ----------
    leads
        ``toward`` the trait or ``away`` from it.
    answer
        What it wrote at the least depth, cut; ``""`` if nothing is stored.
    said
        For every depth in turn, what each judge read: ``0: true``, or ``4: true, false``.
    classes
        By control class the share of its answers that meet the criterion, from 0 to 1.
    own
        The same share of the subject.
    evidence
        Log and sample of the answer that is shown.
    """

    item: str
    question: str
    leads: str
    answer: str
    said: tuple[str, ...]
    own: float
    classes: Mapping[str, float]
    evidence: str


def free_answers(view: RunView, dimension: str) -> tuple[AnswerRow, ...]:
    """Return the answers of a dimension in the order of its prompts; empty where none are stored."""
    if view.observations is None or view.evidence is None:
        return ()
    rows = view.observations
    rows = rows[(rows["channel"] == OPEN) & (rows["construct"] == dimension)]
    mine = rows[rows["character"] == view.subject.name]
    if mine.empty:
        return ()
    texts = _texts(view.evidence, mine["evidence"])
    groups = {c.name: c.group for c in view.controls}
    met = rows["value"].where(rows["value"] != 0.5, 0.0)
    by_class = met.groupby([rows["character"].map(groups), rows["item"]]).mean()
    order = list(dict.fromkeys(c.group for c in view.controls))
    return tuple(
        _row(str(item), own, texts, {c: float(by_class.get((c, item), math.nan)) for c in order})
        for item, own in mine.groupby("item", sort=True)
    )


def _row(
    item: str, own: pd.DataFrame, texts: Mapping[str, tuple[str, str]], classes: Mapping[str, float]
) -> AnswerRow:
    own = own.sort_values(["turn", "replicate", "judge"])
    first = str(own["evidence"].iloc[0])
    question, answer = texts.get(first, (item, ""))
    return AnswerRow(
        item,
        question,
        str(own["template"].iloc[0]).rpartition(", ")[2],
        answer if len(answer) <= LONGEST else f"{answer[:LONGEST]} …",
        tuple(f"{depth}: {', '.join(_words(at))}" for depth, at in own.groupby("turn")),
        float(own["value"].where(own["value"] != 0.5, 0.0).mean()),
        classes,
        first,
    )


def _words(rows: pd.DataFrame) -> list[str]:
    """Return the judges' words as they were said."""
    names = {1.0: "true", 0.0: "false", 0.5: "not sure"}
    said: list[Any] = list(zip(rows["value"], rows["refusal"], strict=True))
    return [names.get(value, str(refusal)) for value, refusal in said]


def _texts(evidence: pd.DataFrame, wanted: pd.Series) -> dict[str, tuple[str, str]]:
    kept = evidence[evidence["evidence"].isin(wanted)].drop_duplicates("evidence")
    return {
        str(key): (str(user or ""), str(reply or ""))
        for key, user, reply in zip(kept["evidence"], kept["user"], kept["reply"], strict=True)
    }
