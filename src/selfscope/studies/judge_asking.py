"""Ask a judge about things of known truth, through Inspect; what its logs hold is not asked again.

Every judge has a folder below ``judges`` in the runs folder, and in it one folder of logs each time it was
asked anew. A check is resumed from the last of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from selfscope.instruments.open.panel import judge_config
from selfscope.models.api import MESSAGE_TOKENS, REPLY_TOKENS
from selfscope.models.api_manner import manner_of_environment
from selfscope.models.api_price import Price, known_price
from selfscope.models.api_provider import Connection
from selfscope.models.api_run import Call, CallLog, Reply, run_calls
from selfscope.models.api_tokens import stand_in
from selfscope.studies.budget import Budget
from selfscope.studies.store import runs_folder
from selfscope.values import Message, Usage, content_id, short

if TYPE_CHECKING:
    from inspect_ai.model import GenerateConfig, Model

#: Told after every answer: how many are done, of how many.
Told = Callable[[int, int], None]
#: What a judge is asked, by the id of what it judges.
Asked = Mapping[str, tuple[Message, ...]]
#: Calls between two looks at a budget, and tokens that a word is reckoned to take before any was said.
BATCH, WORD_TOKENS = 24, 16


@dataclass(frozen=True)
class CheckRequest:
    """How judges are checked.

    Attributes
    ----------
    sample
        Answers of which both registers are read, and edits that are; 0 for all.
    tokens
        The most that a reply may take; 0 for the usual number.
    again
        Whether the judge is asked anew, and compared with what it said before.
    budget
        The most that one judge may use; None for no limit.
    """

    sample: int = 0
    tokens: int = 0
    again: bool = False
    budget: Budget | None = None


@dataclass(frozen=True)
class Heard:
    """What a judge replied now and, if it was asked anew, before, by the id of what it judged; its logs.

    `used` is what the replies of now took, whenever they were given.
    """

    now: dict[str, str]
    before: dict[str, str] | None
    place: Path
    used: Usage = field(default_factory=Usage)


@dataclass(frozen=True)
class JudgePlan:
    """What a check will take: `total` in all, `left` of what its logs do not hold, `done` what they do."""

    judge: str
    total: Usage
    left: Usage
    done: Usage


async def ask_judge(
    name: str, asked: Asked, request: CheckRequest, folder: Path, told: Told | None = None
) -> Heard:
    """Return what a judge replies, asking what the logs in `folder` do not hold.

    Raises
    ------
    BadInput
        For a model that is not there, or a missing key.
    CouldNot, Stopped
        If calls stayed without a reply, or the budget is spent; what was done is kept, and the same command
        goes on.
    """
    from anyio import to_thread

    model = Connection(name).make()
    try:
        config = judge_config(model, request.tokens).merge(_settings())
        calls = _calls(model, config, asked)
        # Logs are read in a thread: inside a running loop Inspect would patch asyncio for the whole process.
        place, earlier = await to_thread.run_sync(_places, folder, calls, request.again)
        if request.budget is not None:
            await _ask_within(request.budget, model, config, calls, place, told)
        replies = await _replies(model, config, calls, place, told)
    finally:
        await model.api.aclose()
    before = None
    if request.again and earlier is not None:
        before = await to_thread.run_sync(_logged, calls, earlier)
    now = {key: reply.text for key, reply in replies.items()}
    return Heard(now, before or None, place, _spent(list(replies.values()), name.startswith("selfscope/")))


def judge_budget(budget: Budget | None, used: Usage, judge: str) -> Budget | None:
    """Return what a budget leaves to a judge after what a run used.

    Where a judge's price is not known it costs what the model of the run does; local weights cost nothing.
    """
    if budget is None:
        return None
    free = judge.startswith("selfscope/")
    return budget.after(used, Price(0.0, 0.0) if free else known_price(judge) or budget.price)


async def plan_judge(name: str, asked: Asked, request: CheckRequest, folder: Path) -> JudgePlan:
    """Return what a check will take; nothing is asked."""
    from anyio import to_thread

    model = Connection(name).make()
    try:
        config = judge_config(model, request.tokens).merge(_settings())
        calls = _calls(model, config, asked)
        place, _ = await to_thread.run_sync(_places, folder, calls, request.again)
        replies = await to_thread.run_sync(CallLog(place).replies)
    finally:
        await model.api.aclose()
    missing = [call for call in calls.values() if call.id not in replies]
    there = [replies[call.id] for call in calls.values() if call.id in replies]
    done = _spent(there, name.startswith("selfscope/"))
    return JudgePlan(name, _forecast(list(calls.values())), _forecast(missing), done)


def judge_folder(name: str) -> Path:
    """Return where the checks of a judge are kept."""
    slug = re.sub(r"[^\w.-]+", "-", name).strip("-")[:60]
    return runs_folder() / "judges" / f"{slug}-{short(content_id(name), 6)}"


def _places(folder: Path, calls: Mapping[str, Call], again: bool) -> tuple[Path, Path | None]:
    """Return where the judge is asked now, and where it was asked before, if it was.

    A time that broke off is gone on with, also where the judge is to be asked again.
    """
    last = _last(folder)
    whole = last > 0 and len(_logged(calls, folder / str(last))) == len(calls)
    now = last + 1 if not last or (again and whole) else last
    return folder / str(now), folder / str(now - 1) if now > 1 else None


def _last(folder: Path) -> int:
    """Return the number of the last time that a judge was asked anew; 0 if it never was."""
    there = folder.iterdir() if folder.is_dir() else ()
    return max((int(p.name) for p in there if p.name.isdecimal()), default=0)


def _settings() -> GenerateConfig:
    from inspect_ai.model import GenerateConfig

    return GenerateConfig(**manner_of_environment().settings())


def _calls(model: Model, config: GenerateConfig, asked: Asked) -> dict[str, Call]:
    """Return the calls; the id of one is the hash of all that can change the reply."""
    told = {"max_tokens": config.max_tokens, "temperature": config.temperature}
    revision, where = _revision(str(model)), Connection(str(model)).address
    return {
        key: Call(content_id([str(model), revision, where, told, messages]), messages, key)
        for key, messages in asked.items()
    }


def _revision(name: str) -> str:
    """Return the digest of local weights; "" for others."""
    provider, _, rest = name.partition("/")
    if provider != "selfscope":
        return ""
    from selfscope.models.local.load import find

    return find(rest).revision


async def _ask_within(
    budget: Budget,
    model: Model,
    config: GenerateConfig,
    calls: Mapping[str, Call],
    place: Path,
    told: Told | None,
) -> None:
    """Ask in batches, and look at the budget before each: what earlier calls of the command used counts."""
    from anyio import to_thread

    log = CallLog(place)
    while True:
        replies = await to_thread.run_sync(log.replies)
        there = [replies[call.id] for call in calls.values() if call.id in replies]
        missing = [call for call in calls.values() if call.id not in replies][:BATCH]
        if not missing:
            return
        free = str(model).startswith("selfscope/")
        spent = _spent(there, free)
        budget.insist(spent, _coming(missing, spent, free), len(there), len(calls))
        done = len(there)
        await run_calls(missing, log, model, config, finished=_counted(done, len(calls), told))


def _counted(done: int, total: int, told: Told | None) -> Callable[[str], None]:
    seen: set[str] = set()

    def finished(call_id: str) -> None:
        seen.add(call_id)
        if told is not None:
            told(done + len(seen), total)

    return finished


def _spent(replies: Sequence[Reply], free: bool) -> Usage:
    costs = [reply.cost for reply in replies if reply.cost is not None]
    return Usage(
        prompts=len(replies),
        calls=len(replies),
        input_tokens=sum(reply.input_tokens for reply in replies),
        output_tokens=sum(reply.output_tokens for reply in replies),
        cost=0.0 if free or not replies else sum(costs) if costs else None,
    )


def _coming(calls: Sequence[Call], spent: Usage, free: bool) -> Usage:
    """Return what calls will use: a reply as long as those before it, or one word."""
    forecast = _forecast(calls)
    each = spent.output_tokens / spent.calls if spent.calls else WORD_TOKENS
    known = spent.cost is not None and (spent.calls or free)
    cost = (spent.cost or 0.0) / max(spent.calls, 1) * len(calls) if known else None
    return Usage(
        prompts=len(calls),
        calls=len(calls),
        input_tokens=forecast.input_tokens,
        output_tokens=round(each * len(calls)),
        cost=cost,
    )


def _forecast(calls: Sequence[Call]) -> Usage:
    """Return what calls will use, each reply reckoned as a word; tokens by the stand-in."""
    tokens = stand_in() if calls else None
    put_in = sum(tokens.count(m.content) + MESSAGE_TOKENS for c in calls for m in c.messages) if tokens else 0
    return Usage(
        prompts=len(calls),
        calls=len(calls),
        input_tokens=put_in + REPLY_TOKENS * len(calls),
        output_tokens=WORD_TOKENS * len(calls),
    )


async def _replies(
    model: Model, config: GenerateConfig, calls: Mapping[str, Call], place: Path, told: Told | None
) -> dict[str, Reply]:
    asked = list(calls.values())
    replies = await run_calls(asked, CallLog(place), model, config, finished=_counted(0, len(calls), told))
    return {key: replies[call.id] for key, call in calls.items()}


def _logged(calls: Mapping[str, Call], place: Path) -> dict[str, str]:
    """Return what the logs in a folder hold of these calls."""
    replies = CallLog(place).replies()
    return {key: replies[call.id].text for key, call in calls.items() if call.id in replies}
