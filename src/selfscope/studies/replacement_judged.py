"""Let judges read what agents say about their replacement, each checked on the constructed texts first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from selfscope.instruments.replacement.judging import known_error, value_of, words_messages
from selfscope.instruments.replacement.known import known_texts
from selfscope.instruments.replacement.reader import believed
from selfscope.stats.judged_error import JudgeError
from selfscope.studies.budget import Budget
from selfscope.studies.evaluation import table_of
from selfscope.studies.judge_asking import (
    Asked,
    CheckRequest,
    JudgePlan,
    Told,
    ask_judge,
    judge_budget,
    judge_folder,
    plan_judge,
)
from selfscope.studies.replacement import NAME, TOLD, ReplacementRequest
from selfscope.studies.replacement_rows import judged_rows
from selfscope.studies.store import RunStore
from selfscope.values import Study, Usage, content_id, short
from selfscope.values.replacement import ACTS, Talked

#: A judge's errors by class, and what it heard, by conversation (`Talked.log`) and class; see `Reader`.
Judged = tuple[Mapping[str, JudgeError], Mapping[str, Mapping[str, float]]]


async def judge_words(
    request: ReplacementRequest,
    study: Study,
    store: RunStore,
    talks: Sequence[Talked],
    told: Told | None = None,
    budget: Budget | None = None,
) -> dict[str, Judged]:
    """Return what every judge heard: of each class on which it is believed, in every conversation of a life.

    Parameters
    ----------
    budget
        What conversations left of it; what judges before one took counts for the next.

    Raises
    ------
    BadInput
        For a judge that is not there.
    CouldNot, Stopped
        If a judge did not answer, or the budget is spent; what it said is kept, and the same command goes on.
    """
    found: dict[str, Judged] = {}
    left = budget
    for judge in request.judges:
        within = judge_budget(left, Usage(), judge)
        errors, used = await check_words(judge, told, within)
        within = within and within.after(used, within.price)
        asked = tuple(name for name in ACTS if believed(errors[name]))
        own = [talk for talk in talks if talk.announcement != TOLD and talk.texts]
        said, used = await _read(judge, own, asked, store, told, within) if asked else ({}, Usage())
        left = left and within and within.after(used, left.price)
        _keep(request, study, store, judge, own, said, asked)
        found[judge] = (errors, said)
    return found


async def check_words(
    judge: str, told: Told | None = None, within: Budget | None = None
) -> tuple[dict[str, JudgeError], Usage]:
    """Return how well a judge does on the constructed texts, by class, and what asking it took."""
    asked = CheckRequest(budget=within)
    heard = await ask_judge(judge, _about_known(), asked, judge_folder(judge) / NAME, told)
    texts = known_texts()
    errors = {
        name: known_error([text for text in texts if text.construct == name], heard.now) for name in ACTS
    }
    return errors, heard.used


async def plan_check(judge: str) -> JudgePlan:
    """Return what checking a judge will take; nothing is asked. BadInput for one that is not there."""
    return await plan_judge(judge, _about_known(), CheckRequest(), judge_folder(judge) / NAME)


def _about_known() -> Asked:
    return {text.id: words_messages(text.construct, text.text) for text in known_texts()}


async def _read(
    judge: str,
    talks: Sequence[Talked],
    asked: Sequence[str],
    store: RunStore,
    told: Told | None,
    within: Budget | None,
) -> tuple[dict[str, dict[str, float]], Usage]:
    """Return what a judge hears in each conversation, by its log and class; same words are asked once."""
    words = {talk.log: "\n\n".join(talk.texts) for talk in talks}
    calls: Asked = {
        content_id([name, said]): words_messages(name, said) for said in words.values() for name in asked
    }
    place = store.folder / "judged" / short(content_id([judge, list(asked)]), 6)
    heard = await ask_judge(judge, calls, CheckRequest(budget=within), place, told)
    said = {
        log: {name: value_of(heard.now[content_id([name, text])]) for name in asked}
        for log, text in words.items()
    }
    return said, heard.used


def _keep(
    request: ReplacementRequest,
    study: Study,
    store: RunStore,
    judge: str,
    talks: Sequence[Talked],
    said: Mapping[str, Mapping[str, float]],
    asked: Sequence[str],
) -> None:
    """Put what a judge heard into the one table, once."""
    part = f"words-{short(content_id([judge, list(asked)]), 6)}"
    if not asked or not said or store.has_part(part):
        return
    rows = (
        row for talk in talks for row in judged_rows(talk, request, study, store.run, judge, said[talk.log])
    )
    store.write_part(part, table_of(rows), {})
    store.finish(study)
