"""Ask behind notes that promise something, note by note, into the parts of a run of interviews."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from selfscope.instruments.interview.assurance_asks import Placed, batches_of, checks
from selfscope.models.ground import Progress
from selfscope.studies.evaluation import columns_of, table_of
from selfscope.studies.interview import InterviewRequest, subject_of
from selfscope.values import Answer, Answers, Prompt, Study, Usage, content_id, short

if TYPE_CHECKING:
    from collections.abc import Awaitable

    import pandas as pd

    Answering = Callable[[Sequence[Prompt], Progress], Awaitable[Answers]]


def assured(request: InterviewRequest, mute: str) -> Iterator[tuple[str, tuple[Placed, ...]]]:
    """Yield what is asked in named batches, without own words where the ground scores none.

    Parameters
    ----------
    mute
        Why it scores none; "" where it does.
    """
    for name, batch in batches_of(request.preset):
        yield name, tuple(each for each in batch if each.ask.text is None or not mute)


def assured_count(request: InterviewRequest, mute: str = "") -> int:
    """Return how much is asked."""
    return sum(len(batch) for _, batch in assured(request, mute))


async def ask_batch(
    batch: Sequence[Placed],
    request: InterviewRequest,
    answer: Answering,
    study: Study,
    run: str,
    progress: Progress,
) -> tuple[pd.DataFrame, Usage]:
    """Return the rows of one batch, and what they took; own words and choices are asked apart."""
    who = {each.name: each.arm for each in checks()}
    fixed = {name: columns_of(study, arm, run) for name, arm in who.items()}
    fixed[""] = columns_of(study, subject_of(request), run)
    rows: list[dict[str, Any]] = []
    usage = Usage()
    for kind in (True, False):
        own = [each for each in batch if (each.ask.text is None) is kind]
        if not own:
            continue
        prompts = [each.prompt(request.system) for each in own]
        answers = await answer(prompts, progress)
        usage = usage.plus(answers.usage)
        for each, prompt, drawn in zip(own, prompts, answers.answers, strict=True):
            place = fixed[each.character] | _place(each, prompt)
            rows += [place | _said(one) for one in drawn]
    return table_of(rows), usage


def prompts_of(request: InterviewRequest, mute: str) -> list[Prompt]:
    """Return every prompt, for a forecast."""
    return [each.prompt(request.system) for _, batch in assured(request, mute) for each in batch]


def _place(each: Placed, prompt: Prompt) -> dict[str, Any]:
    options = prompt.options
    return vars(each.ask.cell) | {
        "script": each.script,
        "thread": each.thread,
        "evidence": short(content_id(prompt)),
        "user": each.ask.user,
        "text": prompt.text or "",
        "agree": "|".join(options.agree) if options else "",
        "disagree": "|".join(options.disagree) if options else "",
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
