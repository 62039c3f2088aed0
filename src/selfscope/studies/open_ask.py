"""The channel ``open`` in a study: who is asked what, what it will take, and the answers arm by arm.

Answers come through the Inspect task ``selfscope/cluster_open``; its logs lie in the run's folder. Judges are
checked before anything is asked, and where none can be believed nothing is: the channel is ``not judged``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from selfscope.instruments.open.constructed import REGISTERS, load_constructed
from selfscope.instruments.open.judging import judge_messages
from selfscope.instruments.open.panel import LOCAL_JUDGE_TOKENS
from selfscope.instruments.open.prompts import chosen_prompts, load_prompts, load_tasks
from selfscope.models.ground import Ground, GroundIdentity
from selfscope.studies.budget import Budget
from selfscope.studies.evaluation import (
    ask_arm,
    columns_of,
    opened,
    settings_of,
    table_of,
)
from selfscope.studies.judge_check import JudgeCheck
from selfscope.studies.open_declare import answers_of, constructs_of, parts_of
from selfscope.studies.open_judges import checked_judges
from selfscope.studies.open_rows import said_of
from selfscope.studies.run import RunProgress, dressed
from selfscope.studies.store import RunStore
from selfscope.values import (
    Arm,
    OpenQuestion,
    Study,
    Usage,
    content_id,
    short,
)

if TYPE_CHECKING:
    import pandas as pd
    from inspect_ai import Task
    from inspect_ai.log import EvalSample
    from inspect_ai.model import Model

#: Answers, in both registers, by which the demo checks a judge; the other presets take all.
DEMO_SAMPLE = 110
#: Temperature of the answers.
TEMPERATURE = 1.0


def forecast_open(study: Study, ground: Ground, arm: Arm) -> Usage:
    """Return what one arm's answers would take at most, the judges' reading included.

    Tokens are counted by the ground's tokenizer where it has one; an answer is taken at its longest, and a
    judge that thinks before its word takes more.
    """
    question = study.open
    assert question is not None
    count = ground.count_tokens
    there = {d.construct: d for d in load_prompts()}
    before = {d: sum(count(t.user) + count(t.assistant) for t in load_tasks()[:d]) for d in question.depths}
    own, read, answers = 0, 0, 0
    for name in constructs_of(arm, question):
        judged = sum(count(m.content) for m in judge_messages(there[name].criterion, "", ""))
        for prompt in chosen_prompts(there[name], arm.half):
            size = count(prompt.text)
            own += sum(arm.tokens + before[d] + size for d in question.depths)
            read += len(question.depths) * (judged + size + question.tokens)
            answers += len(question.depths)
    judges = len(question.judges)
    local = ground.identity.kind == "local"
    return Usage(
        prompts=answers,
        input_tokens=own + judges * read,
        distinct_tokens=own + judges * read if local else 0,
        output_tokens=answers * (question.tokens + judges * LOCAL_JUDGE_TOKENS),
        cost=0.0 if local and not _behind_api(question) else None,
        calls=answers * (1 + judges),
    )


def _behind_api(question: OpenQuestion) -> bool:
    """Whether any of the judges costs money."""
    return any(not name.startswith("selfscope/") for name in question.judges)


def notes_on_judges(study: Study, ground: GroundIdentity) -> tuple[str, ...]:
    """Return what a plan does not tell of the judges of free answers; nothing where none are asked."""
    if study.open is None:
        return ()
    asked = 2 * (DEMO_SAMPLE if study.preset == "demo" else len(load_constructed()) // len(REGISTERS))
    notes = [f"each judge first reads {asked} answers of known truth, once; those calls are not counted here"]
    if _behind_api(study.open):
        told = "are not in the cost" if ground.kind == "local" else "are counted at this model's price"
        notes.append(
            f"what judges behind an API read and say is billed by their providers: their tokens {told}"
        )
    return tuple(notes)


async def ask_open(
    study: Study,
    ground: Ground,
    store: RunStore,
    progress: RunProgress | None = None,
    budget: Budget | None = None,
) -> str:
    """Ask every arm what is not yet answered, and store it; return why the channel cannot be had, or "".

    Raises
    ------
    Stopped
        If it was interrupted, or the next arm would go over the budget; what was done is kept.
    CouldNot
        If the provider, a judge or the disk failed; what was done is kept.
    """
    question = study.open
    assert question is not None
    sample = DEMO_SAMPLE if study.preset == "demo" else 0
    checks = await checked_judges(question.judges, store, sample, _judging(progress))
    believed = tuple(c.judge for c in checks if c.believed)
    if not believed:
        return not_judged(checks)
    arms = parts_of(study)
    total = sum(answers_of(arm, question) for _, arm in arms)
    done, spent = 0, store.usage()
    for part, arm in arms:
        own = answers_of(arm, question)
        if not store.has_part(part):
            if budget is not None:
                budget.insist(spent, forecast_open(study, ground, arm), done, total)
            told = _answering(progress, done, total, arm.name)
            spent = spent.plus(await _ask_arm(study, ground, arm, believed, store, part, told))
        done += own
    if progress is not None:
        progress(total, total, "", "")
    return ""


def not_judged(checks: Sequence[JudgeCheck]) -> str:
    """Return why no judge of a run is believed, in words."""
    return "not judged: " + "; ".join(f"{c.judge}: {reason}" for c in checks for reason in c.reasons)


def _judging(progress: RunProgress | None) -> Callable[[int, int], None] | None:
    if progress is None:
        return None
    return lambda done, total: progress(done, total, "open: judges are checked", "")


def _answering(progress: RunProgress | None, done: int, total: int, name: str) -> Callable[[], None] | None:
    if progress is None:
        return None
    seen = done
    progress(seen, total, f"open: {name}", "")

    def told() -> None:
        nonlocal seen
        seen += 1
        progress(seen, total, f"open: {name}", "")

    return told


async def _ask_arm(
    study: Study,
    ground: Ground,
    arm: Arm,
    judges: Sequence[str],
    store: RunStore,
    part: str,
    told: Callable[[], None] | None,
) -> Usage:
    """Ask one arm through the Inspect task, and store its rows; return what that took."""
    question = study.open
    assert question is not None
    async with opened(dressed(ground, arm)) as model:
        task = _task_of(study, ground, arm, judges, model, told)
        answers = answers_of(arm, question)
        return await ask_arm(task, study, arm, model, store, part, answers, _rows, judges=len(judges))


def _task_of(
    study: Study,
    ground: Ground,
    arm: Arm,
    judges: Sequence[str],
    model: Model,
    told: Callable[[], None] | None,
) -> Task:
    from inspect_ai.model import CachePolicy, GenerateConfig

    from selfscope.instruments.open.task import free_answers, open_samples
    from selfscope.models.api import SEEDED

    question = study.open
    assert question is not None
    settings: dict[str, Any] = settings_of(model, ground.identity)
    if ground.identity.kind == "local" or ground.identity.family in SEEDED:
        settings["seed"] = int(short(content_id([study.seed, arm.name]), 7), 16)
    return free_answers(
        open_samples(constructs_of(arm, question), question.depths, arm.half),
        arm.system,
        judges,
        identity=arm.name,
        judge_may_be_subject=question.judge_may_be_subject,
        cache=CachePolicy(expiry=None, scopes={"run": study.id, "arm": arm.name}),
        config=GenerateConfig(max_tokens=question.tokens, temperature=TEMPERATURE, **settings),
        told=told,
    )


def _rows(study: Study, arm: Arm, run: str, log: str, samples: Sequence[EvalSample]) -> pd.DataFrame:
    """Return one row an answer and judge: the observation's columns and those of the evidence table."""
    shared = columns_of(study, arm, run)
    return table_of(shared | row for sample in samples for row in said_of(sample, log))
