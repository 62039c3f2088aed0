"""Run a study of ordinary tasks: arm by arm through Inspect's task, into the one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from selfscope.models.ground import Ground, GroundIdentity
from selfscope.studies.budget import Budget
from selfscope.studies.cooperation_plan import ArmAsked, arms_asked, forecast_replies
from selfscope.studies.cooperation_rows import rows_of_log
from selfscope.studies.evaluation import ask_arm, asking, settings_of
from selfscope.studies.run import RunProgress
from selfscope.studies.store import RunStore
from selfscope.values import ItemSet, Study, content_id, short

if TYPE_CHECKING:
    from inspect_ai import Task
    from inspect_ai.model import Model


async def run_cooperation(
    study: Study,
    items: ItemSet,
    ground: Ground,
    store: RunStore,
    progress: RunProgress | None = None,
    budget: Budget | None = None,
) -> None:
    """Ask every arm what is not yet answered, and join the observation table.

    Raises
    ------
    Stopped
        If it was interrupted, or the budget leaves no room for the next arm.
    CouldNot
        If the provider or the disk failed, or another process asks this run. What was done is kept: whole
        arms in the run's folder, single replies in Inspect's cache.
    """
    temperature = float(_extra(study)["temperature"])
    async with asking(study, items, ground, store, temperature) as model:
        await _ask_arms(study, items, ground, model, store, progress, budget)


def _extra(study: Study) -> dict[str, str]:
    return GroundIdentity(**study.ground).extra  # type: ignore[arg-type]


async def _ask_arms(
    study: Study,
    items: ItemSet,
    ground: Ground,
    model: Model,
    store: RunStore,
    progress: RunProgress | None,
    budget: Budget | None,
) -> None:
    """Ask the arms in order; what the later ones are asked is known once the first has answered."""
    while True:
        arms = arms_asked(study, items, store)
        missing = [each for each in arms if not store.has_part(each.part)]
        if not missing:
            return
        asked, total = missing[0], sum(each.replies for each in arms if each.known)
        done = sum(each.replies for each in arms if store.has_part(each.part))
        if progress is not None:
            progress(done, total, f"tasks: {asked.arm.name}", "")
        if budget is not None:
            budget.insist(store.usage(), forecast_replies(study, asked, items, ground), done, total)
        task = _task_of(study, asked, model)
        await ask_arm(task, study, asked.arm, model, store, asked.part, asked.replies, rows_of_log)


def _task_of(study: Study, asked: ArmAsked, model: Model) -> Task:
    """Return Inspect's task for one arm; replies of an earlier, broken try come from Inspect's cache."""
    from inspect_ai.model import GenerateConfig

    from selfscope.instruments.cooperation.task import cooperation_task

    ground = GroundIdentity(**study.ground)  # type: ignore[arg-type]
    return cooperation_task(
        asked.arm.system,
        only=asked.tasks,
        draws=asked.draws,
        max_tokens=int(ground.extra["max_tokens"]),
        temperature=float(ground.extra["temperature"]),
        seed=int(short(content_id([study.seed, asked.arm.name]), 7), 16),
        scopes={"run": study.id, "arm": asked.arm.name},
        config=GenerateConfig(**settings_of(model, ground)),
    )
