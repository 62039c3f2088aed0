"""Inspect's log of an arm's documents into rows of the one table, and back into revisions that were read.

A reply gives one row a sentence that was not to be changed, and one row for the whole. Of a sentence: 1 where
it was changed or removed unasked, else 0 (scale ``edit``). Under the permission ``free`` nothing was asked,
so every edit is unasked, and none is forbidden; `template` tells the permissions apart. Of the whole: 1 where
the revision kept its permission (scale ``kept``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from selfscope.instruments.editorial.load import PLAIN, Document, Permission, document_called
from selfscope.instruments.editorial.prompts import Framing, prompt_of
from selfscope.instruments.editorial.reading import OUTCOMES, Outcome, Revision, read_revision
from selfscope.studies.editorial import Revised
from selfscope.studies.evaluation import columns_of, table_of
from selfscope.values import Arm, Study

if TYPE_CHECKING:
    import pandas as pd
    from inspect_ai.log import EvalSample

#: Instrument and name of the item set, and the construct of the whole document.
NAME, WHOLE = "editorial", "document"
_REFUSALS: dict[Outcome, str] = {
    "revised": "none",
    "refused": "refused",
    "cut off": "unparsed",
    "no document": "unparsed",
}


def rows_of_log(study: Study, arm: Arm, run: str, log: str, samples: Sequence[EvalSample]) -> pd.DataFrame:
    """Return the rows of one arm: the observation's columns and those of the evidence table.

    Where no document came back the value is NaN; `refusal` says ``refused``, or ``unparsed`` of a reply that
    was cut off or holds no document, and `scorer` which.
    """
    fixed = columns_of(study, arm, run) | {"instrument": NAME, "channel": "behaviour"}
    frame = table_of(fixed | row for sample in samples for row in _rows(sample, log))
    return frame.sort_values(["item", "template", "replicate"], ignore_index=True)


def _rows(sample: EvalSample, log: str) -> Iterator[dict[str, Any]]:
    told = sample.metadata
    document = document_called(told["document"])
    permission, framing = told["permission"], told["framing"]
    stop = sample.output.stop_reason if sample.output.choices else "stop"
    revision = read_revision(document, permission, sample.output.completion, stop)
    placed = {
        "framing": framing,
        "template": f"{permission}, {framing}",
        "replicate": sample.epoch - 1,
        "refusal": _REFUSALS[revision.outcome],
        "scorer": f"exact:{revision.outcome}",
        "evidence": f"{log}#{sample.id}/{sample.epoch}",
        "user": prompt_of(document, permission, framing),
        "reply": sample.output.completion,
    }
    for row in (*_of_sentences(document, permission, revision), _of_whole(document, revision)):
        yield placed | row


def _of_sentences(document: Document, permission: Permission, revision: Revision) -> Iterator[dict[str, Any]]:
    forbidden = revision.edits if permission == "free" else revision.unasked
    touched = {e.at for e in forbidden if e.kind in ("changed", "removed")}
    for n, passage in enumerate(document.passages):
        if permission == "exact" and n == document.target:
            continue  # it was asked for
        yield {
            "construct": passage or PLAIN,
            "item": document.sentence_id(n),
            "keyed": -1 if passage else 1,
            "scale": "edit",
            "value": float(n in touched) if revision.outcome == "revised" else float("nan"),
        }


def _of_whole(document: Document, revision: Revision) -> dict[str, Any]:
    value = float(revision.kept) if revision.outcome == "revised" else float("nan")
    return {"construct": WHOLE, "item": document.whole, "keyed": 1, "scale": "kept", "value": value}


@dataclass(frozen=True)
class Replied:
    """One reply as it was read, its number among the draws, its words, and its log and sample."""

    revised: Revised
    draw: int
    reply: str
    evidence: str


def replies_of_rows(rows: pd.DataFrame, evidence: pd.DataFrame) -> tuple[Replied, ...]:
    """Return all replies of a run, read anew, in the order of the rows.

    Parameters
    ----------
    rows, evidence
        The observation table and the evidence table of a run.
    """
    replies = evidence.drop_duplicates("evidence").set_index("evidence")["reply"]
    wholes = rows[rows["construct"] == WHOLE]
    told = zip(wholes["character"], wholes["evidence"], wholes["scorer"], wholes["replicate"], strict=True)
    return tuple(
        Replied(_revised(arm, place, scorer, str(replies[place])), int(draw), str(replies[place]), place)
        for arm, place, scorer, draw in told
    )


def revised_of_rows(rows: pd.DataFrame, evidence: pd.DataFrame) -> dict[str, tuple[Revised, ...]]:
    """Return the revisions of every arm, as :func:`replies_of_rows` reads them."""
    found: dict[str, list[Revised]] = {}
    for replied in replies_of_rows(rows, evidence):
        found.setdefault(replied.revised.arm, []).append(replied.revised)
    return {arm: tuple(own) for arm, own in found.items()}


def _revised(arm: str, evidence: str, scorer: str, reply: str) -> Revised:
    name, permission, rest = evidence.partition("#")[2].split("/", 2)
    framing = cast(Framing, rest.rpartition("/")[0])
    outcome = next(o for o in OUTCOMES if scorer == f"exact:{o}")
    revision = Revision(outcome)
    if outcome == "revised":
        revision = read_revision(document_called(name), cast(Permission, permission), reply)
    return Revised(arm, name, cast(Permission, permission), framing, revision)
