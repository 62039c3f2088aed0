"""Give documents about itself to an identity and its controls: through Inspect's task, into the one table.

Each arm is one evaluation of ``selfscope/editorial`` with a log of its own in the run's folder. Whole arms
are kept as parts of the run, single replies in Inspect's cache, so a run that broke off goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from selfscope.instruments.editorial.load import PERMISSIONS
from selfscope.instruments.editorial.prompts import FRAMINGS, prompt_of
from selfscope.models.api_price import Price
from selfscope.models.ground import Ground, GroundIdentity
from selfscope.studies.budget import Budget
from selfscope.studies.editorial_declare import AROUND, documents_of, settings_of_study
from selfscope.studies.editorial_rows import rows_of_log
from selfscope.studies.evaluation import ask_arm, asking, settings_of
from selfscope.studies.plan import Plan, known_rate
from selfscope.studies.run import RunProgress
from selfscope.studies.store import RunStore
from selfscope.values import Arm, ItemSet, Study, Usage, content_id, short

if TYPE_CHECKING:
    from inspect_ai import Task
    from inspect_ai.model import Model


def forecast(study: Study, arm: Arm, ground: Ground) -> Usage:
    """Return what an arm will take: a reply is reckoned as long as its document."""
    documents, draws = documents_of(study), study.replicates
    each = [(d, p, f) for d in documents for p in PERMISSIONS for f in FRAMINGS]
    asked = sum(ground.count_tokens(prompt_of(d, p, f)) + AROUND + arm.tokens for d, p, f in each)
    drawn = sum(ground.count_tokens(d.text(p)) + AROUND for d, p, _ in each)
    return Usage(
        prompts=len(each) * draws,
        calls=len(each) * draws,
        input_tokens=asked * draws,
        output_tokens=drawn * draws,
        path="inspect",
    )


def plan_editorial(study: Study, ground: Ground, price: Price | None = None) -> Plan:
    """Return what a study will take; nothing is asked."""
    store = RunStore.of(study)
    each = [(n, forecast(study, arm, ground)) for n, arm in enumerate(study.arms)]
    total = left = Usage()
    for n, usage in each:
        total = total.plus(usage)
        left = left if store.has_part(_part(n)) else left.plus(usage)
    identity = GroundIdentity(**study.ground)  # type: ignore[arg-type]
    return Plan(
        run=store.run,
        title=study.title,
        ground=identity,
        subjects=len(study.arms),
        total=total,
        left=left,
        done=store.usage(),
        by_channel={"behaviour": total},
        unavailable={},
        rate=known_rate(identity),
        price=price,
        widths=(),
        notes=("a reply is reckoned as long as its document; one that wanders takes up to its limit",),
    )


async def run_editorial(
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
    temperature = float(settings_of_study(study)["temperature"])
    async with asking(study, items, ground, store, temperature) as model:
        await _ask_arms(study, ground, model, store, progress, budget)


async def _ask_arms(
    study: Study,
    ground: Ground,
    model: Model,
    store: RunStore,
    progress: RunProgress | None,
    budget: Budget | None,
) -> None:
    each = [forecast(study, arm, ground) for arm in study.arms]
    total, done = sum(usage.prompts for usage in each), 0
    for n, (arm, coming) in enumerate(zip(study.arms, each, strict=True)):
        if progress is not None:
            progress(done, total, f"documents: {arm.name}", "")
        if not store.has_part(_part(n)):
            if budget is not None:
                budget.insist(store.usage(), coming, done, total)
            task = _task_of(study, arm, model)
            await ask_arm(task, study, arm, model, store, _part(n), coming.prompts, rows_of_log)
        done += coming.prompts


def _part(n: int) -> str:
    return f"behaviour-{n:04d}"


def _task_of(study: Study, arm: Arm, model: Model) -> Task:
    """Return Inspect's task for one arm; replies of an earlier, broken try come from Inspect's cache."""
    from inspect_ai.model import GenerateConfig

    from selfscope.instruments.editorial.task import editorial_task

    ground = GroundIdentity(**study.ground)  # type: ignore[arg-type]
    return editorial_task(
        arm.system,
        documents=ground.extra["documents"].split(","),
        draws=study.replicates,
        max_tokens=int(ground.extra["max_tokens"]),
        temperature=float(ground.extra["temperature"]),
        seed=int(short(content_id([study.seed, arm.name]), 7), 16),
        scopes={"run": study.id, "arm": arm.name},
        config=GenerateConfig(**settings_of(model, ground)),
        identity=arm.name,
    )
