"""Let judges that were checked on advice of known side read the advice of a run, into rows of the one table.

A judge sees a request and the advice, never who gave it, and says to which side of each axis it leans. One
that is not believed reads nothing. A stance is 1 toward the axis, -1 away and 0 neither; a reply that is none
of the words is ``unparsed``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from selfscope.instruments.copies.advice import judge_advice, load_known, stance_said
from selfscope.instruments.copies.choices import choices_of
from selfscope.instruments.copies.load import load_material
from selfscope.models.api_price import known_price
from selfscope.studies.advice_check import AdviceCheck, AdviceSaid, advice_check_of, ask_of_known, known_asked
from selfscope.studies.budget import Budget
from selfscope.studies.copies import CopiesRequest
from selfscope.studies.copies_drawn import TOKENS
from selfscope.studies.copies_rows import STANCE
from selfscope.studies.evaluation import table_of
from selfscope.studies.judge_asking import (
    Asked,
    CheckRequest,
    Told,
    ask_judge,
    judge_budget,
    judge_folder,
    plan_judge,
)
from selfscope.studies.store import RunStore
from selfscope.values import Study, content_id, plain, short

#: Where a run keeps what its judges said of advice of known side.
CHECKS = "advice.json"
#: What stands for a token of advice that is reckoned before it is given.
_WORD = "so "


async def read_advice(
    judges: Sequence[str],
    study: Study,
    store: RunStore,
    told: Told | None = None,
    budget: Budget | None = None,
) -> None:
    """Check judges that the run does not know yet, and let those that are believed read its advice.

    Raises
    ------
    BadInput
        For a judge that is not there.
    CouldNot, Stopped
        If a judge did not answer, or the budget is spent; what it said is kept, and the same command goes on.
    """
    kept = _kept(store)
    for name in judges:
        if name not in kept:
            kept[name] = await ask_of_known(
                name, CheckRequest(budget=judge_budget(budget, store.usage(), name)), told
            )
            _keep(store, kept)
        if advice_check_of(name, *kept[name]).believed:
            await _read(name, study, store, told, budget)


async def _read(name: str, study: Study, store: RunStore, told: Told | None, budget: Budget | None) -> None:
    """Let one judge read all advice of a run; what it has read is kept."""
    part, advice = f"stances-{short(content_id(name), 6)}", _advice_of(store)
    if not store.has_part(part):
        asked: Asked = {
            _key(row, axis): judge_advice(axis, row["item"], row["user"], row["reply"])
            for row in advice
            for axis in load_material().axes
            if row["reply"].strip()
        }
        within = CheckRequest(budget=judge_budget(budget, store.usage(), name))
        heard = await ask_judge(name, asked, within, store.folder / "judged" / part, told)
        rows = (
            stance_row(row, axis, name, heard.now.get(_key(row, axis))) for row in advice for axis in _axes()
        )
        store.write_part(part, table_of(rows), {})
    if name not in set(store.observations()["judge"]):
        store.finish(study)


def _axes() -> tuple[str, ...]:
    return tuple(load_material().axes)


def _key(row: Mapping[str, Any], axis: str) -> str:
    """Return what names one question to a judge: the same words on the same axis are asked once."""
    return content_id([axis, row["item"], row["user"], row["reply"]])


def _advice_of(store: RunStore) -> list[dict[str, Any]]:
    """Return the rows of all advice, with what was asked and said."""
    rows = store.observations()
    given = rows[(rows["construct"] == "nudge") & (rows["format"] == "reply")]
    words = store.evidence().drop_duplicates("evidence").drop(columns=["subject", "character"])
    return given.merge(words, on="evidence").to_dict("records")  # type: ignore[return-value]


def stance_row(row: Mapping[str, Any], axis: str, judge: str, reply: str | None) -> dict[str, Any]:
    """Return the row of one reading; of advice without words no judge is asked."""
    stance = None if reply is None else stance_said(reply, axis, str(row["item"]))
    unread = row["refusal"] if row["refusal"] != "none" else "unparsed"
    return dict(row) | {
        "format": "stance",
        "order": axis,
        "value": math.nan if stance is None else stance,
        "scale": STANCE,
        "refusal": unread if stance is None else "none",
        "scorer": "judge",
        "judge": judge,
    }


def stored_checks(store: RunStore) -> tuple[AdviceCheck, ...]:
    """Return the checks that a run keeps; none if it has no judges, or the advice of known side is other."""
    return tuple(advice_check_of(name, *told) for name, told in _kept(store).items())


def _kept(store: RunStore) -> dict[str, tuple[AdviceSaid, str]]:
    if not (store.folder / CHECKS).exists():
        return {}
    written: Any = store.read_json(CHECKS)
    return {w["judge"]: (w["said"], w["log"]) for w in written if w["advice"] == _advice()}


def _keep(store: RunStore, kept: Mapping[str, tuple[AdviceSaid, str]]) -> None:
    told = [{"judge": n, "advice": _advice(), "said": dict(s), "log": log} for n, (s, log) in kept.items()]
    store.write_json(CHECKS, told)


def _advice() -> str:
    """Return what the advice of known side is."""
    return content_id(plain(list(load_known())))


async def judges_foretold(request: CopiesRequest, store: RunStore) -> tuple[str, ...]:
    """Return what each judge will be asked, in words; nobody is asked."""
    asked = _reckoned(request)
    return tuple([await _foretold(name, asked, store) for name in request.judges])


def _reckoned(request: CopiesRequest) -> Asked:
    """Return what a judge is asked about advice that is as long as it may be."""
    text = _WORD * TOKENS["nudge"]
    places = ("", *(p.name for p in request.partners))
    given = [c for who in places for c in choices_of("nudge", request.preset, who=who, by="replies")]
    return {
        f"{n} {axis}": judge_advice(axis, c.game.item, c.user, text)
        for n, c in enumerate(given)
        for axis in _axes()
    }


async def _foretold(name: str, asked: Asked, store: RunStore) -> str:
    known = await plan_judge(name, known_asked(), CheckRequest(), judge_folder(name) / "advice")
    read = await plan_judge(name, asked, CheckRequest(), store.folder / "foretold")
    total = known.left.plus(read.total)
    price = known_price(name)
    cost = "" if price is None else f", ${price.of(total):,.4f}"
    return (
        f"the judge {name} is asked {known.left.calls:,} times about advice of known side and, if it is "
        f"believed, {read.total.calls:,} times about advice ({total.input_tokens:,} tokens in, "
        f"{total.output_tokens:,} out{cost}); that is not in the total"
    )
