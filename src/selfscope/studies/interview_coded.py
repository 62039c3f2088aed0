"""Let judges that were checked on the book code the free answers of a run, into rows of the one table.

A judge reads by those codes alone on which it is believed. It sees an answer and nothing of where it came
from, and is asked once about answers that are word for word the same. A row has the scale ``code``: 1 of the
option that the judge chose, 0 of every other one of the code; a reply that is none of them is ``unparsed``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from selfscope.instruments.interview.codes import Code, load_codes
from selfscope.instruments.interview.coding import UNPARSED, code_of, coding_messages
from selfscope.studies.budget import Budget
from selfscope.studies.code_check import CodesCheck, codes_check_of
from selfscope.studies.evaluation import table_of
from selfscope.studies.judge_asking import Asked, CheckRequest, Told, ask_judge, judge_budget
from selfscope.studies.judge_run import check_codes, chosen_codes
from selfscope.studies.store import RunStore
from selfscope.values import Study, content_id, plain, short

if TYPE_CHECKING:
    import pandas as pd

SCALE = "code"
#: Where a run keeps what its judges said of the answers of known code.
CHECKS = "codes.json"


@dataclass(frozen=True)
class Answered:
    """A free answer: its row of the table with the columns of evidence, and by which code it is read."""

    code: Code
    row: Mapping[str, Any]

    @property
    def reply(self) -> str:
        """What was said."""
        return str(self.row["reply"])

    @property
    def key(self) -> str:
        """Names what a judge is asked: the code and the words."""
        return content_id([self.code.name, self.reply])


async def code_answers(
    study: Study,
    store: RunStore,
    judges: Sequence[str],
    told: Told | None = None,
    budget: Budget | None = None,
) -> tuple[CodesCheck, ...]:
    """Check judges that the run does not know yet, let those that are believed code its answers; return all.

    Raises
    ------
    BadInput
        For a judge that is not there.
    CouldNot, Stopped
        If a judge did not answer; what it said is kept, and the same command goes on.
    """
    kept = {check.judge: check for check in stored_checks(store)}
    for name in judges:
        if name not in kept:
            within = CheckRequest(budget=judge_budget(budget, store.usage(), name))
            kept[name] = await check_codes(name, within, told)
            keep_checks(store, tuple(kept.values()))
    for name in judges:
        await read_answers(study, store, kept[name], told, budget)
    return tuple(kept.values())


def stored_checks(store: RunStore) -> tuple[CodesCheck, ...]:
    """Return the checks that a run keeps; none if it has no judges, or the book is another."""
    if not (store.folder / CHECKS).exists():
        return ()
    written: Any = store.read_json(CHECKS)
    known = chosen_codes()
    return tuple(
        codes_check_of(each["judge"], known, each["said"], log=each["log"])
        for each in written
        if each["book"] == _book()
    )


def keep_checks(store: RunStore, checks: Sequence[CodesCheck]) -> None:
    """Keep with a run what its judges said of the answers of known code."""
    told = [{"judge": c.judge, "book": _book(), "said": dict(c.said), "log": c.log} for c in checks]
    store.write_json(CHECKS, told)


def _book() -> str:
    """Return what the book is."""
    return content_id(plain(list(load_codes().values())))


async def read_answers(
    study: Study,
    store: RunStore,
    check: CodesCheck,
    told: Told | None = None,
    budget: Budget | None = None,
) -> None:
    """Let one judge code a run's answers by the codes on which it is believed; what it has read is kept.

    Raises
    ------
    BadInput, CouldNot, Stopped
        As for :func:`code_answers`.
    """
    slug = short(content_id(check.judge), 6)
    if not check.believed or store.has_part(f"codes-{slug}"):
        return
    answers = list(answers_of(store.observations(), store.evidence(), check.believed))
    asked: Asked = {
        each.key: coding_messages(each.code, each.reply, study.seed) for each in answers if each.reply.strip()
    }
    within = CheckRequest(budget=judge_budget(budget, store.usage(), check.judge))
    heard = await ask_judge(check.judge, asked, within, store.folder / "judged" / slug, told)
    rows = (
        row for each in answers for row in coded_rows(each, check.judge, _word(each, heard.now.get(each.key)))
    )
    store.write_part(f"codes-{slug}", table_of(rows), {})
    store.finish(study)


def answers_of(rows: pd.DataFrame, evidence: pd.DataFrame, codes: frozenset[str]) -> Iterator[Answered]:
    """Yield every free answer once for every code by which its section is read.

    Parameters
    ----------
    rows, evidence
        A run's observations, and what was asked and said.
    """
    opened = rows[(rows["channel"] == "open") & (rows["scale"] != SCALE)]
    words = evidence.drop_duplicates("evidence").drop(columns=["subject", "character"])
    for row in opened.merge(words, on="evidence").to_dict("records"):
        for code in load_codes().values():
            if code.name in codes and row["construct"] in code.sections:
                yield Answered(code, row)  # type: ignore[arg-type]


def _word(answer: Answered, reply: str | None) -> str:
    """Return what a judge said; of an answer without words it is not asked, and nothing stands there."""
    return answer.code.nothing if reply is None else code_of(answer.code, reply)


def coded_rows(answer: Answered, judge: str, word: str) -> Iterator[dict[str, Any]]:
    """Yield a row for every option of the code, the answer's own columns beside it."""
    unparsed = word == UNPARSED
    for option in answer.code.options:
        yield dict(answer.row) | {
            "construct": answer.code.name,
            "label": option,
            "value": math.nan if unparsed else float(option == word),
            "scale": SCALE,
            "refusal": UNPARSED if unparsed else "none",
            "scorer": "judge",
            "judge": judge,
        }
