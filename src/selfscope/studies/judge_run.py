"""Check judges on answers, on edits and by the codes of interviews, whose truth is known by construction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from selfscope.instruments.editorial.constructed import PlantedRevision, judged_revisions
from selfscope.instruments.editorial.judging import direction_messages, direction_of
from selfscope.instruments.interview.codes import KnownAnswer, load_codes
from selfscope.instruments.interview.coding import code_of, coding_messages
from selfscope.instruments.open.constructed import REGISTERS, Constructed, load_constructed
from selfscope.instruments.open.judging import judge_messages, word_of
from selfscope.instruments.open.prompts import load_prompts
from selfscope.studies.code_check import CodesCheck, codes_check_of
from selfscope.studies.direction_check import DirectionCheck, direction_check_of
from selfscope.studies.judge_asking import (
    Asked,
    CheckRequest,
    JudgePlan,
    Told,
    ask_judge,
    judge_folder,
    plan_judge,
)
from selfscope.studies.judge_check import JudgeCheck, check_of
from selfscope.values import content_id

#: What a judge is checked on: free answers, edits of documents, and codes of what is said in interviews.
Material = Literal["answers", "edits", "codes"]
MATERIALS: tuple[Material, ...] = ("answers", "edits", "codes")


def chosen_answers(sample: int = 0) -> tuple[Constructed, ...]:
    """Return the constructed answers in both registers: all, or `sample` of them.

    A sample goes round dimensions and kinds, in an order fixed by hash, and is the same for every judge.
    """
    answers = load_constructed()
    pairs = {a.answer: (a.kind, a.truth) for a in answers if a.register == REGISTERS[0]}
    kept = _sampled(pairs, sample)
    return tuple(a for a in answers if a.answer in kept)


def chosen_edits(sample: int = 0) -> tuple[PlantedRevision, ...]:
    """Return the constructed edits of which a judge is asked: all, or `sample` that go round the kinds."""
    edits = judged_revisions()
    kept = _sampled({e.id: (e.kind,) for e in edits}, sample)
    return tuple(e for e in edits if e.id in kept)


def chosen_codes(sample: int = 0) -> tuple[KnownAnswer, ...]:
    """Return the answers of known code: all, or `sample` of them that go round codes and options."""
    answers = [answer for code in load_codes().values() for answer in code.known]
    kept = _sampled({a.id: (a.code, a.truth) for a in answers}, sample)
    return tuple(a for a in answers if a.id in kept)


def _sampled(cells: Mapping[str, Sequence[str]], sample: int) -> set[str]:
    """Return so many names, going round the cells in an order fixed by hash; all if `sample` is 0."""
    if not sample or sample >= len(cells):
        return set(cells)
    ranks: dict[tuple[str, ...], int] = {}
    order = []
    for name in sorted(cells, key=content_id):
        cell = tuple(cells[name])
        ranks[cell] = ranks.get(cell, -1) + 1
        order.append((ranks[cell], content_id(cell), name))
    return {name for _, _, name in sorted(order)[:sample]}


async def check_judge(name: str, request: CheckRequest, told: Told | None = None) -> JudgeCheck:
    """Ask one judge about the constructed answers, and say whether it can be believed.

    Parameters
    ----------
    name
        As Inspect spells it.

    Raises
    ------
    BadInput
        For a model that is not there, or a missing key.
    CouldNot, Stopped
        If calls stayed without a reply, or the budget is spent; what was done is kept, and the same command
        goes on.
    """
    answers = chosen_answers(request.sample)
    heard = await ask_judge(name, _about_answers(answers), request, judge_folder(name), told)
    now, before = (
        None if replies is None else {key: word_of(said) for key, said in replies.items()}
        for replies in (heard.now, heard.before)
    )
    return check_of(name, answers, now or {}, before, str(heard.place))


async def check_directions(name: str, request: CheckRequest, told: Told | None = None) -> DirectionCheck:
    """Ask one judge where the constructed edits go, and say whether it can be believed.

    Parameters and errors are those of :func:`check_judge`.
    """
    edits = chosen_edits(request.sample)
    heard = await ask_judge(name, _about_edits(edits), request, judge_folder(name) / "edits", told)
    now, before = (
        None if replies is None else {key: direction_of(said) for key, said in replies.items()}
        for replies in (heard.now, heard.before)
    )
    return direction_check_of(name, edits, now or {}, before, str(heard.place))


async def check_codes(name: str, request: CheckRequest, told: Told | None = None) -> CodesCheck:
    """Ask one judge for the codes of the answers of known code, and say by which it can be believed.

    Parameters and errors are those of :func:`check_judge`.
    """
    answers, book = chosen_codes(request.sample), load_codes()
    heard = await ask_judge(name, _about_codes(answers), request, judge_folder(name) / "codes", told)
    now, before = (
        None
        if replies is None
        else {a.id: code_of(book[a.code], replies[a.id]) for a in answers if a.id in replies}
        for replies in (heard.now, heard.before)
    )
    return codes_check_of(name, answers, now or {}, before, str(heard.place))


async def plan_check(name: str, material: Material, request: CheckRequest) -> JudgePlan:
    """Return what the check of one judge on one material will take; nothing is asked."""
    folder = judge_folder(name)
    if material == "answers":
        return await plan_judge(name, _about_answers(chosen_answers(request.sample)), request, folder)
    if material == "edits":
        return await plan_judge(name, _about_edits(chosen_edits(request.sample)), request, folder / "edits")
    return await plan_judge(name, _about_codes(chosen_codes(request.sample)), request, folder / "codes")


def _about_answers(answers: Sequence[Constructed]) -> Asked:
    dimensions = {d.construct: d for d in load_prompts()}
    prompts = {p.id: p.text for d in dimensions.values() for p in d.prompts}
    return {
        a.id: judge_messages(dimensions[a.construct].criterion, prompts[a.prompt_id], a.text) for a in answers
    }


def _about_edits(edits: Sequence[PlantedRevision]) -> Asked:
    return {e.id: direction_messages(e.passage, *e.shown) for e in edits}


def _about_codes(answers: Sequence[KnownAnswer]) -> Asked:
    return {a.id: coding_messages(load_codes()[a.code], a.text) for a in answers}
