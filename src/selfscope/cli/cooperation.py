"""``cooperation``: ordinary tasks under an identity and its controls."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.limits import BudgetFlag, DryRun, Limits, PriceFlag, limits_of
from selfscope.cli.planned import show_plans
from selfscope.cli.profile import LARGEST_SEED, control_texts, identity_of
from selfscope.cli.show import JsonFlag, command_line, console, counting, print_json, writing
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.models.ground import Ground
    from selfscope.studies.cooperation import CooperationRequest
    from selfscope.studies.plan import Plan
    from selfscope.studies.store import RunStore
    from selfscope.values import ItemSet, Study
    from selfscope.values.cooperation import Cooperation

IdentityPath = Annotated[
    str,
    typer.Argument(
        metavar="PATH|none", help="A text or Markdown file, a workspace, a character card, or none."
    ),
]
ModelName = Annotated[
    str, typer.Option("--model", "-m", help="embedded, gemma-270m, a folder, a hub id, openai/…")
]
AgainstList = Annotated[
    list[str] | None,
    typer.Option(
        help="none, checklist, generic, persona, shuffled, or a path; none and checklist if left out. "
        "Repeatable."
    ),
]
WornAdapter = Annotated[
    str, typer.Option(help="A LoRA adapter for the model to wear: its folder, or a shipped one's name.")
]
Draws = Annotated[int, typer.Option(min=1, help="Replies drawn of each task by each arm.")]
Margin = Annotated[
    float, typer.Option(help="Points of success that may be lost and still count as helping as well.")
]
MaxTokens = Annotated[int, typer.Option(min=1, help="Tokens of a reply; models that think first need more.")]
Temperature = Annotated[
    float | None,
    typer.Option(help="Of the draws, above 0; 0.6 for local weights and 1 behind an API if left out."),
]
Kinds = Annotated[
    str, typer.Option(help="Only these kinds of tasks, with commas between them; all if left out.")
]
Seed = Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Names all randomness.")]


def cooperation(
    identity: IdentityPath,
    model: ModelName,
    against: AgainstList = None,
    adapter: WornAdapter = "",
    draws: Draws = 5,
    margin: Margin = 10.0,
    max_tokens: MaxTokens = 32,
    temperature: Temperature = None,
    kinds: Kinds = "",
    seed: Seed = 0,
    dry_run: DryRun = False,
    budget: BudgetFlag = "",
    price: PriceFlag = "",
    as_json: JsonFlag = False,
) -> None:
    """Say whether a model still does ordinary tasks under an identity, and better than under its rules."""
    from selfscope.models.choose import choose_ground
    from selfscope.studies.store import runs_folder

    limits = limits_of(budget, price)
    request = _request(identity, against, draws, margin, max_tokens, temperature, seed, kinds)
    ground = choose_ground(
        model.removeprefix("selfscope/"), log_folder=runs_folder() / "logs", probe=False, adapter=adapter
    )
    if dry_run:
        show_plans([asyncio.run(_planned(request, ground, limits))], as_json)
        return
    study, store, found = asyncio.run(_ask(request, ground, limits))
    _show(study, store, found, as_json)


def _request(
    identity: str,
    against: list[str] | None,
    draws: int,
    margin: float,
    max_tokens: int,
    temperature: float | None,
    seed: int,
    kinds: str,
) -> CooperationRequest:
    from selfscope.studies.cooperation import CONTROLS, CooperationRequest

    if identity == "none" and against:
        raise BadInput("a bare model is compared with nothing", got=", ".join(against), fix="Leave it out")
    classes, own = control_texts(tuple(against or CONTROLS))
    return CooperationRequest(
        identity_of(identity),
        classes,
        own,
        draws,
        margin / 100,
        max_tokens,
        temperature,
        seed,
        tuple(name.strip() for name in kinds.split(",") if name.strip()),
    )


async def _planned(request: CooperationRequest, ground: Ground, limits: Limits) -> Plan:
    from selfscope.studies.cooperation_plan import plan_cooperation

    try:
        study, items = _declared(request, ground)
        return plan_cooperation(study, items, ground, limits.price_on(ground))
    finally:
        await ground.close()


def _declared(request: CooperationRequest, ground: Ground) -> tuple[Study, ItemSet]:
    from selfscope.studies.cooperation import build_cooperation, items_of, tasks_of

    return build_cooperation(request, ground), items_of(tasks_of(request.kinds))


async def _ask(
    request: CooperationRequest, ground: Ground, limits: Limits
) -> tuple[Study, RunStore, Cooperation]:
    from selfscope.studies.conclude import manifest_of_tasks
    from selfscope.studies.cooperation_findings import analyse_cooperation
    from selfscope.studies.cooperation_run import run_cooperation
    from selfscope.studies.store import RunStore

    try:
        study, items = _declared(request, ground)
        store = RunStore.of(study)
        with counting(study.title) as progress:
            await run_cooperation(study, items, ground, store, progress, limits.budget_on(ground))
    finally:
        await ground.close()
    found = analyse_cooperation(study, store.observations())
    store.write_json("findings.json", found)
    store.write_json("manifest.json", manifest_of_tasks(study, store, command_line()))
    return study, store, found


def _show(study: Study, store: RunStore, found: Cooperation, as_json: bool) -> None:
    from selfscope.cli.cooperation_page import cooperation_view
    from selfscope.report.cooperation import render_cooperation, write_cooperation

    view = cooperation_view(study, store, found)
    with writing("the page"):
        report = write_cooperation(view, store.report)
    if as_json:
        print_json(cooperation_json(study, store, found, report))
        return
    console().print(render_cooperation(view))
    console().print(str(report), markup=False, soft_wrap=True)


def cooperation_json(study: Study, store: RunStore, found: Cooperation, report: Path) -> dict[str, Any]:
    """Return what ``cooperation --json`` prints (schema: ``selfscope schema cooperation``)."""
    return {
        "run": store.run,
        "report": str(report),
        "logs": str(store.folder / "logs"),
        "subject": study.subject_name,
        "ground": study.ground["name"],
        "temperature": float(dict(study.ground["extra"])["temperature"]),  # type: ignore[call-overload]
        "draws": study.replicates,
        "margin": study.questions[0].sesoi,
        "tasks": found.tasks,
        "arms": found.arms,
        "comparisons": found.comparisons,
        "warnings": found.warnings,
        "usage": store.usage("behaviour-*"),
    }
