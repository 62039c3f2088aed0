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
    from selfscope.models.ground import Ground
    from selfscope.studies.history_declare import HistoryDeclared
    from selfscope.studies.store import RunStore

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
    """Hold the conversations that are declared and ask after them; return the run's folder.

    A dry run shows the plan and returns "".
    """
    from selfscope.models.choose import choose_ground
    from selfscope.studies.history_run import local_weights

    ground = local_weights(choose_ground(declared.model, probe=False, wardrobe=declared.request.adapters))
    store = asyncio.run(_held(declared, ground, limits, dry_run, as_json))
    return "" if store is None else str(store.folder)


async def _held(
    declared: HistoryDeclared, ground: Ground, limits: Limits, dry_run: bool, as_json: bool
) -> RunStore | None:
    from selfscope.studies.history_design import build_histories
    from selfscope.studies.history_plan import manifest_of_histories, plan_histories
    from selfscope.studies.history_run import run_histories
    from selfscope.studies.store import RunStore

    items = declared.request.items
    try:
        study = build_histories(declared.request, ground)
        plan = plan_histories(study, items, ground)
        if dry_run:
            show_plans([plan], as_json)
            return None
        for line in plan_lines(plan) if plan.left.prompts else ():
            console(as_json=True).print(line, markup=False, soft_wrap=True)
        store = RunStore.of(study)
        with counting(study.title) as progress:
            await run_histories(
                study, items, ground, store, progress=progress, budget=limits.budget_on(ground)
            )
        store.write_json("manifest.json", manifest_of_histories(study, store, ground, command_line()))
        return store
    finally:
        await ground.close()


def is_study(source: str) -> bool:
    """Say whether a source is a study file."""
    return Path(source).suffix in SUFFIXES
