"""One arm of a study through an Inspect task: the model that is asked, the log, and what it cost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from selfscope.errors import BadInput
from selfscope.models.api_errors import Progress, failure_of, plain_address
from selfscope.models.api_manner import manner_of_environment
from selfscope.models.api_provider import Connection, refuse_temperature, told, untold
from selfscope.models.ground import Ground, GroundIdentity
from selfscope.models.task_run import run_task, usage_of_log
from selfscope.studies.run import subject_of
from selfscope.studies.store import RunStore
from selfscope.values import Arm, ItemSet, Study, Usage, bytes_id, content_id, plain
from selfscope.values.observation import COLUMNS, DEFAULTS, INTEGER_COLUMNS

if TYPE_CHECKING:
    import pandas as pd
    from inspect_ai import Task
    from inspect_ai.log import EvalLog, EvalSample
    from inspect_ai.model import Model

#: Makes the rows of an arm from its samples: (study, arm, run, name of the log, samples).
RowsOf = Callable[[Study, Arm, str, str, "Sequence[EvalSample]"], "pd.DataFrame"]


def model_of(ground: Ground) -> Model:
    """Return the Inspect model of a ground; local weights that are loaded already are used as they are."""
    name = ground.identity.name
    refuse_wordless(ground)
    if ground.identity.kind == "api":
        return Connection(name).make()
    from selfscope.models.local.ground import LocalGround

    model = Connection(f"selfscope/{name}").make()
    api: Any = model.api
    assert isinstance(ground, LocalGround)
    api.use(ground)
    return model


def refuse_wordless(ground: Ground) -> None:
    """Raise BadInput for a ground that has no words of its own."""
    if ground.identity.kind == "phantom":
        raise BadInput(
            "a phantom does no tasks: it has a table of answers and no words",
            got=ground.identity.name,
            fix="Give a model with weights, or one behind an API",
        )


@asynccontextmanager
async def opened(ground: Ground) -> AsyncIterator[Model]:
    """Lend the Inspect model of a ground; local weights are given back by whoever opened them."""
    model = model_of(ground)
    try:
        yield model
    finally:
        if ground.identity.kind != "local":
            await model.api.aclose()


@asynccontextmanager
async def asking(
    study: Study, items: ItemSet, ground: Ground, store: RunStore, temperature: float
) -> AsyncIterator[Model]:
    """Hold a run of tasks while its arms are asked, and join its tables once all of them are.

    Raises
    ------
    BadInput
        If the provider takes no such temperature.
    CouldNot
        If another process asks this run.
    """
    with store.held():
        store.begin(study, items)
        async with opened(ground) as model:
            refuse_temperature(model, temperature)
            yield model
        store.finish(study)


def settings_of(model: Model, ground: GroundIdentity) -> dict[str, Any]:
    """Return how calls are made: what the provider must be told, and the environment's manner for an API."""
    settings: dict[str, Any] = {**told(model), **untold(ground.family)}
    if ground.kind == "api":
        settings |= manner_of_environment().settings()
    return settings


def columns_of(study: Study, arm: Arm, run: str) -> dict[str, Any]:
    """Return the columns that all rows of one arm share, those of the evidence table among them."""
    ground = GroundIdentity(**study.ground)  # type: ignore[arg-type]
    subject = subject_of(arm, ground)
    return {
        "study": study.id,
        "run": run,
        "ground": content_id(subject.ground),
        "family": ground.family,
        "subject": subject.id,
        "character": arm.name,
        "system": "" if arm.system is None else bytes_id(arm.system.encode()),
        "text": "",
        "agree": "",
        "disagree": "",
    }


def table_of(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows as a part of a run: columns that they leave out have their defaults."""
    import pandas as pd

    frame = pd.DataFrame(list(rows))
    for column in COLUMNS:
        if column not in frame:
            frame[column] = DEFAULTS[column]
    return frame.astype(dict.fromkeys(INTEGER_COLUMNS, "int32"))


async def evaluate(
    task: Task, study: Study, arm: Arm, model: Model, store: RunStore, answers: int
) -> EvalLog:
    """Return the log of one arm, kept in the run's folder ``logs``.

    Parameters
    ----------
    answers
        How many the arm is asked for; failures are told beside it.

    Raises
    ------
    Stopped
        If it was interrupted.
    CouldNot
        If the provider or the disk failed.
    BadInput
        If the provider refuses what it is told.
    """
    log = await run_task(
        task, model, store.folder / "logs", who=arm.name, metadata={"arm": arm.name, "study": study.id}
    )
    if log.status == "error":
        raise _failure(log, model, answers, store)
    return log


async def ask_arm(
    task: Task,
    study: Study,
    arm: Arm,
    model: Model,
    store: RunStore,
    part: str,
    answers: int,
    rows_of: RowsOf,
    *,
    judges: int = 0,
) -> Usage:
    """Put one arm through a task, and store its rows as a part of the run; return what that took.

    Parameters
    ----------
    answers
        How many the arm is asked for.
    judges
        How many models read each answer: calls of their own.
    """
    from inspect_ai.log import read_eval_log_async

    log = await evaluate(task, study, arm, model, store, answers)
    whole = await read_eval_log_async(log.location, resolve_attachments=True)
    usage = usage_of_log(whole)
    usage = replace(usage, calls=usage.prompts * (1 + judges))
    name = log.location.rpartition("/")[2]
    store.write_part(part, rows_of(study, arm, store.run, name, whole.samples or []), plain(usage))
    return usage


def _failure(log: EvalLog, model: Model, total: int, store: RunStore) -> Exception:
    done = log.results.completed_samples if log.results else 0
    said = log.error.message if log.error else "the run ended before everything was asked"
    return failure_of(
        str(model),
        [said.partition("Got: ")[2].rstrip(".") or said],
        Progress(done, 1, total, store.folder),
        address=plain_address(model.api.base_url or ""),
    )
