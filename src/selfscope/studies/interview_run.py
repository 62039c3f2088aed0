"""Hold the interviews, arm by arm: open questions first, then every statement beside each conversation."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from selfscope.errors import BadInput
from selfscope.instruments.cooperation.refusal import refuses
from selfscope.instruments.interview.design import Closed, Interview, closed_after, told_characters
from selfscope.instruments.interview.load import NAME, load_interview
from selfscope.models.ground import Ground, Progress
from selfscope.studies.evaluation import columns_of, table_of
from selfscope.studies.interview import InterviewRequest, characters, subject_of
from selfscope.studies.store import RunStore
from selfscope.values import Answer, Answers, Message, Prompt, Study, Usage, content_id, plain, short
from selfscope.values.observation import DEFAULTS

if TYPE_CHECKING:
    import pandas as pd

Bar = Callable[[int, int, str, str], None]
Reply = Callable[[Sequence[tuple[Message, ...]], Sequence[int], int], Awaitable[tuple[list[str], Usage]]]
Answering = Callable[[Sequence[Prompt], Progress], Awaitable[Answers]]
#: What stands for an open answer that is reckoned before it is drawn, a word for a token.
_WORD = "so "


@dataclass(frozen=True)
class Asker:
    """What asks: `reply` draws open answers to conversations, `answer` takes closed questions.

    `mute` says why no given text is scored, for want of log-probabilities; "" where it is.
    """

    reply: Reply
    answer: Answering
    mute: str = ""


def asker_of(ground: Ground, request: InterviewRequest) -> Asker:
    """Return what asks a ground; BadInput for one that answers no questions with options."""
    if why := ground.unavailable("options"):
        raise BadInput(
            "the closed part of an interview has questions with options",
            got=f"{ground.identity.name}: {why}",
            fix="Give local weights, such as embedded, or a model behind an API",
        )

    async def reply(
        talks: Sequence[tuple[Message, ...]], seeds: Sequence[int], tokens: int
    ) -> tuple[list[str], Usage]:
        from selfscope.models.local.spans import Turn
        from selfscope.studies.drift_draw import writer_of

        turns = [tuple(Turn(m.role, m.content) for m in talk) for talk in talks]
        began = perf_counter()
        drawn = await writer_of(ground)(turns, seeds, tokens)
        put_in, out = sum(d.input_tokens for d in drawn), sum(d.tokens for d in drawn)
        took, count = perf_counter() - began, len(drawn)
        used = Usage(prompts=count, input_tokens=put_in, output_tokens=out, seconds=took, calls=count)
        return [d.text.strip() for d in drawn], used

    async def answer(prompts: Sequence[Prompt], progress: Progress) -> Answers:
        return await ground.answer(
            prompts, seed=request.seed, replicates=request.replicates, progress=progress
        )

    return Asker(reply, answer, ground.unavailable("text"))


async def run_interviews(
    request: InterviewRequest,
    study: Study,
    ask: Asker,
    store: RunStore,
    progress: Bar = lambda done, total, what, spent: None,
) -> None:
    """Hold all interviews and join the observation table; arms that were asked, and a finished run, are kept.

    Raises
    ------
    CouldNot
        If the device, the provider or the disk failed, or another process asks this run.
    """
    if store.finished:
        return
    with store.held():
        store.begin(study, load_interview().items())
        total, done = answer_count(request), 0
        for n, (arm, interviews) in enumerate(request.interviews.items()):
            if not store.has_part(part := f"behaviour-{n:04d}"):
                tell = _counted(progress, done, total, f"arm {arm}")
                rows, used = await hold(interviews, request, ask, study, store.run, tell)
                store.write_part(part, rows, plain(used))
            done += len(interviews) * _each()
            progress(done, total, f"arm {arm}", "")
        if not store.has_part(part := f"behaviour-{len(request.asked):04d}"):
            asked = told_characters(load_interview())
            tell = _counted(progress, done, total, "who is told what to wish")
            answers = await ask.answer([each.prompt for each in asked], tell)
            store.write_part(part, told_rows(asked, answers, study, store.run), plain(answers.usage))
        store.finish(study)


def answer_count(request: InterviewRequest) -> int:
    """Return how many closed questions there are, those to characters among them."""
    interviews = sum(map(len, request.interviews.values()))
    return interviews * _each() + len(told_characters(load_interview()))


def _each() -> int:
    """Return how many closed questions stand beside one interview: both signs, both orders."""
    return sum(4 * len(wish.statements) for wish in load_interview().wishes)


def _counted(progress: Bar, before: int, total: int, what: str) -> Progress:
    done = before

    def tell(count: int) -> None:
        nonlocal done
        done += count
        progress(min(done, total), total, what, "")

    return tell


async def hold(
    interviews: Sequence[Interview],
    request: InterviewRequest,
    ask: Asker,
    study: Study,
    run: str,
    progress: Progress,
) -> tuple[pd.DataFrame, Usage]:
    """Return the rows of some interviews, open and closed, and what they took."""
    replies, usage = await _talk(interviews, request, ask)
    fixed = DEFAULTS | columns_of(study, subject_of(request), run)  # rows of two kinds stand in one part
    rows = [
        fixed | _open_row(each, said, n) for each, said in zip(interviews, replies, strict=True)
        for n in range(len(said))
    ]  # fmt: skip
    closed = [
        (each, one)
        for each, said in zip(interviews, replies, strict=True)
        for one in closed_after(each, said)
    ]
    answers = await ask.answer([one.prompt for _, one in closed], progress)
    for (each, one), drawn in zip(closed, answers.answers, strict=True):
        place = fixed | _placed(each) | _closed_row(one)
        rows += [place | _said(answer) for answer in drawn]
    return table_of(rows), usage.plus(answers.usage)


async def _talk(
    interviews: Sequence[Interview], request: InterviewRequest, ask: Asker
) -> tuple[list[list[str]], Usage]:
    """Ask the open questions, one of every interview at a time, each draw under a seed of its own."""
    replies: list[list[str]] = [[] for _ in interviews]
    usage = Usage()
    for turn in range(len(interviews[0].asked)):
        talks = [each.messages(said) for each, said in zip(interviews, replies, strict=True)]
        seeds = [int(short(content_id([request.seed, each.name, turn]), 7), 16) for each in interviews]
        drawn, used = await ask.reply(talks, seeds, request.tokens)
        usage = usage.plus(used)
        for said, text in zip(replies, drawn, strict=True):
            said.append(text)
    return replies, usage


def told_rows(asked: Sequence[Closed], answers: Answers, study: Study, run: str) -> pd.DataFrame:
    """Return the rows of characters that were told what to wish."""
    fixed = {arm.name: columns_of(study, arm, run) for arm in characters()}
    rows: list[dict[str, Any]] = []
    for each, drawn in zip(asked, answers.answers, strict=True):
        place = fixed[each.place] | _closed_row(each)
        rows += [place | _said(answer) for answer in drawn]
    return table_of(rows)


def _placed(interview: Interview) -> dict[str, Any]:
    return {"script": interview.arm, "thread": interview.name, "counterparty": interview.asker}


def _open_row(interview: Interview, replies: Sequence[str], turn: int) -> dict[str, Any]:
    """Return the row of an open question: that it was answered, or declined."""
    question = interview.asked[turn]
    messages = interview.messages(replies[:turn])
    refused = refuses(replies[turn])
    return _placed(interview) | {
        "instrument": NAME,
        "construct": question.section,
        "channel": "open",
        "item": question.item,
        "template": f"t{question.wording + 1}",
        "format": "own_words",
        "turn": turn,
        "value": math.nan if refused else 1.0,
        "scale": "success",
        "refusal": "refused" if refused else "none",
        "scorer": "sampled",
        "evidence": short(content_id([interview.name, plain(messages)])),
        "user": messages[-1].content,
        "reply": replies[turn],
    }


def _closed_row(one: Closed) -> dict[str, Any]:
    prompt = one.prompt
    assert prompt.options is not None
    return dict(plain(one.cell)) | {
        "evidence": short(content_id(prompt)),
        "user": prompt.messages[-1].content,
        "agree": "|".join(prompt.options.agree),
        "disagree": "|".join(prompt.options.disagree),
    }


def _said(answer: Answer) -> dict[str, Any]:
    return {
        "value": answer.value,
        "scale": answer.scale,
        "option_mass": answer.option_mass,
        "refusal": answer.refusal,
        "scorer": answer.scorer,
        "replicate": answer.replicate,
        "reply": answer.reply,
    }


async def forecast(request: InterviewRequest, ground: Ground) -> Usage:
    """Return what interviews would use, every open answer as long as it may be; nothing is asked."""
    asker_of(ground, request)
    prompts = [each.prompt for each in told_characters(load_interview())]
    replies, text = 0, (_WORD * request.tokens).strip()
    for interviews in request.interviews.values():
        for each in interviews:
            replies += len(each.asked)
            prompts += [one.prompt for one in closed_after(each, [text] * len(each.asked))]
    total = ground.forecast(prompts, replicates=request.replicates)
    return total.plus(Usage(prompts=replies, output_tokens=replies * request.tokens, calls=replies))
