"""``where`` of a model: conversations are held anew, and the run that comes of them is analysed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from selfscope.cli.limits import Limits
from selfscope.cli.planned import plan_lines, show_plans
from selfscope.cli.show import command_line, console, counting
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.studies.history_declare import HistoryDeclared
    from selfscope.studies.plan import Plan
    from selfscope.studies.store import RunStore
    from selfscope.values import Usage

SUFFIXES = (".yaml", ".yml")


def refuse_two_sources(source: str, model: str, named: bool) -> None:
    """Refuse nothing to analyse, and what is said twice.

    Parameters
    ----------
    named
        Whether characters, adapters or dimensions were given, which a model alone takes.

    Raises
    ------
    BadInput
        If it is so.
    """
    if bool(source) == bool(model):
        raise BadInput(
            "one thing is analysed: a run, a table, a study file, or a model that is asked first",
            got=f"{source} and --model {model}" if source else "nothing",
            fix="Give a run or a file, or --model",
        )
    if source and named:
        raise BadInput(
            "characters, adapters and dimensions are those of a model that is asked",
            got=source,
            fix="Give --model, or name them in the study file",
        )


def held(declared: HistoryDeclared, limits: Limits, dry_run: bool, as_json: bool) -> str:
    """Hold the conversations that are declared and ask after them; return the folder of what comes of it.

    Runs of several models are joined. A dry run shows the plans and returns "".
    """
    from selfscope.studies.joined import Part, join
    from selfscope.values import Usage

    plans: list[Plan] = []
    stores: list[RunStore] = []
    spent = Usage()
    for model in declared.models:
        store = asyncio.run(_held(declared, model, limits, spent, plans if dry_run else None))
        if store is not None:
            stores.append(store)
            spent = spent.plus(store.usage())
    if dry_run:
        show_plans(plans, as_json)
        return ""
    if len(stores) == 1:
        return str(stores[0].folder)
    seed = declared.request.seed
    parts = [Part(s, "", "", m, seed) for s, m in zip(stores, declared.models, strict=True)]
    return str(join("where", parts).folder)


async def _held(
    declared: HistoryDeclared, model: str, limits: Limits, spent: Usage, plans: list[Plan] | None
) -> RunStore | None:
    """Hold what is declared on one model; where `plans` are collected, plan it only."""
    from selfscope.models.choose import choose_ground
    from selfscope.studies.history_design import build_histories
    from selfscope.studies.history_plan import manifest_of_histories, plan_histories
    from selfscope.studies.history_run import local_weights, run_histories
    from selfscope.studies.store import RunStore

    items = declared.request.items
    ground = local_weights(choose_ground(model, probe=False, wardrobe=declared.request.adapters))
    try:
        study = build_histories(declared.request, ground)
        plan = plan_histories(study, items, ground)
        if plans is not None:
            plans.append(plan)
            return None
        for line in plan_lines(plan) if plan.left.prompts else ():
            console(as_json=True).print(line, markup=False, soft_wrap=True)
        store = RunStore.of(study)
        with counting(study.title) as progress:
            await run_histories(
                study, items, ground, store, progress=progress, budget=limits.budget_on(ground, spent)
            )
        store.write_json("manifest.json", manifest_of_histories(study, store, ground, command_line()))
        return store
    finally:
        await ground.close()


def is_study(source: str) -> bool:
    """Say whether a source is a study file."""
    return Path(source).suffix in SUFFIXES
