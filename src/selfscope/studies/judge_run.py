"""Ask judges about the constructed answers, through Inspect; what its logs hold is not asked again.

Every judge has a folder below ``judges`` in the runs folder, and in it one folder of logs each time it was
asked anew. A check is resumed from the last of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from selfscope.instruments.open.constructed import REGISTERS, Constructed, load_constructed
from selfscope.instruments.open.judging import Word, judge_messages, word_of
from selfscope.instruments.open.panel import judge_config
from selfscope.instruments.open.prompts import load_prompts
from selfscope.models.api_manner import manner_of_environment
from selfscope.models.api_provider import Connection
from selfscope.models.api_run import Call, CallLog, run_calls
from selfscope.studies.judge_check import JudgeCheck, Said, check_of
from selfscope.studies.store import runs_folder
from selfscope.values import content_id, short

if TYPE_CHECKING:
    from inspect_ai.model import GenerateConfig, Model

#: Told after every answer: how many are done, of how many.
Told = Callable[[int, int], None]


@dataclass(frozen=True)
class CheckRequest:
    """How judges are checked.

    Attributes
    ----------
    sample
        Answers of which both registers are read; 0 for all.
    tokens
        The most that a reply may take; 0 for the usual number.
    again
        Whether the judge is asked anew, and compared with what it said before.
    """

    sample: int = 0
    tokens: int = 0
    again: bool = False


def chosen_answers(sample: int = 0) -> tuple[Constructed, ...]:
    """Return the constructed answers in both registers: all, or `sample` of them.

    A sample goes round dimensions and kinds, in an order fixed by hash, and is the same for every judge.
    """
    answers = load_constructed()
    pairs = {a.answer: a for a in answers if a.register == REGISTERS[0]}
    if not sample or sample >= len(pairs):
        return answers
    ranks: dict[tuple[str, str], int] = {}
    order = []
    for name in sorted(pairs, key=content_id):
        cell = (pairs[name].kind, pairs[name].truth)
        ranks[cell] = ranks.get(cell, -1) + 1
        order.append((ranks[cell], content_id(cell), name))
    kept = {name for _, _, name in sorted(order)[:sample]}
    return tuple(a for a in answers if a.answer in kept)


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
        If calls stayed without a reply; what was done is kept, and the same command goes on.
    """
    from anyio import to_thread

    answers = chosen_answers(request.sample)
    model = Connection(name).make()
    try:
        config = judge_config(model, request.tokens).merge(_settings())
        calls = {a.id: _call(model, config, a) for a in answers}
        # Logs are read in a thread: inside a running loop Inspect would patch asyncio for the whole process.
        place, earlier = await to_thread.run_sync(_places, judge_folder(name), calls, request.again)
        now = await _said(model, config, calls, place, told)
    finally:
        await model.api.aclose()
    before: dict[str, Word] = {}
    if request.again and earlier is not None:
        before = await to_thread.run_sync(_logged, calls, earlier)
    return check_of(name, answers, now, before or None, str(place))


def _places(folder: Path, calls: dict[str, Call], again: bool) -> tuple[Path, Path | None]:
    """Return where the judge is asked now, and where it was asked before, if it was.

    A time that broke off is gone on with, also where the judge is to be asked again.
    """
    last = _last(folder)
    whole = last > 0 and len(_logged(calls, folder / str(last))) == len(calls)
    now = last + 1 if not last or (again and whole) else last
    return folder / str(now), folder / str(now - 1) if now > 1 else None


def judge_folder(name: str) -> Path:
    """Return where the checks of a judge are kept."""
    slug = re.sub(r"[^\w.-]+", "-", name).strip("-")[:60]
    return runs_folder() / "judges" / f"{slug}-{short(content_id(name), 6)}"


def _last(folder: Path) -> int:
    """Return the number of the last time that a judge was asked anew; 0 if it never was."""
    there = folder.iterdir() if folder.is_dir() else ()
    return max((int(p.name) for p in there if p.name.isdecimal()), default=0)


def _settings() -> GenerateConfig:
    from inspect_ai.model import GenerateConfig

    return GenerateConfig(**manner_of_environment().settings())


def _call(model: Model, config: GenerateConfig, answer: Constructed) -> Call:
    """Return the call about one answer; its id is the hash of all that can change the reply."""
    dimension = next(d for d in load_prompts() if d.construct == answer.construct)
    prompt = next(p for p in dimension.prompts if p.id == answer.prompt_id)
    messages = judge_messages(dimension.criterion, prompt.text, answer.text)
    asked = {"max_tokens": config.max_tokens, "temperature": config.temperature}
    revision = _revision(str(model))
    where = Connection(str(model)).address
    return Call(content_id([str(model), revision, where, asked, messages]), messages, answer.id)


def _revision(name: str) -> str:
    """Return the digest of local weights; "" for others."""
    provider, _, rest = name.partition("/")
    if provider != "selfscope":
        return ""
    from selfscope.models.local.load import find

    return find(rest).revision


async def _said(
    model: Model, config: GenerateConfig, calls: dict[str, Call], place: Path, told: Told | None
) -> Said:
    done: set[str] = set()

    def finished(call_id: str) -> None:
        done.add(call_id)
        if told is not None:
            told(len(done), len(calls))

    asked: Sequence[Call] = list(calls.values())
    replies = await run_calls(asked, CallLog(place), model, config, finished=finished)
    return {name: word_of(replies[call.id].text) for name, call in calls.items()}


def _logged(calls: dict[str, Call], place: Path) -> dict[str, Word]:
    """Return what the logs in a folder hold of these calls."""
    replies = CallLog(place).replies()
    return {name: word_of(replies[call.id].text) for name, call in calls.items() if call.id in replies}
