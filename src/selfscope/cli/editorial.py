"""``editorial``: documents about itself that a subject revises, under an identity and its controls."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.editorial_words import direction_lines
from selfscope.cli.limits import BudgetFlag, DryRun, Limits, PriceFlag, limits_of
from selfscope.cli.planned import plan_lines, show_plans
from selfscope.cli.profile import LARGEST_SEED, PresetName, control_texts, identity_of
from selfscope.cli.show import JsonFlag, command_line, console, counting, print_json, writing
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from rich.table import Table

    from selfscope.models.ground import Ground
    from selfscope.studies.direction_check import DirectionCheck
    from selfscope.studies.editorial_declare import EditorialRequest
    from selfscope.studies.editorial_findings import Editorial
    from selfscope.studies.store import RunStore
    from selfscope.values import Study


def editorial(
    identity: Annotated[
        str,
        typer.Argument(
            metavar="PATH|none", help="A text or Markdown file, a workspace, a character card, or none."
        ),
    ],
    model: Annotated[
        str, typer.Option("--model", "-m", help="embedded, gemma-270m, a folder, a hub id, openai/…")
    ],
    against: Annotated[
        list[str] | None,
        typer.Option(
            help="none, checklist, generic, persona, shuffled, or a path; none and checklist if left out. "
            "Repeatable."
        ),
    ] = None,
    adapter: Annotated[
        str, typer.Option(help="A LoRA adapter for the model to wear: its folder, or a shipped one's name.")
    ] = "",
    documents: Annotated[
        str,
        typer.Option(
            help="Only these documents, with commas between them; .short after a name asks two paragraphs."
        ),
    ] = "",
    draws: Annotated[
        int, typer.Option(min=0, help="Replies drawn of each prompt by each arm; 0 for the preset's.")
    ] = 0,
    max_tokens: Annotated[
        int, typer.Option(min=0, help="Tokens of a reply; models that think first need more.")
    ] = 0,
    temperature: Annotated[float, typer.Option(help="Of the draws.")] = 1.0,
    preset: Annotated[
        PresetName,
        typer.Option(help="demo: two paragraphs of six documents; else all twelve, full with four draws."),
    ] = PresetName.STANDARD,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Names all randomness.")] = 0,
    judge: Annotated[
        list[str] | None,
        typer.Option(
            "--judge",
            help="A model that says which way changed passages go; it is checked on known edits first. "
            "Repeatable.",
        ),
    ] = None,
    dry_run: DryRun = False,
    budget: BudgetFlag = "",
    price: PriceFlag = "",
    as_json: JsonFlag = False,
) -> None:
    """Say what a model changes in documents about itself, against what it was allowed, under an identity."""
    from selfscope.instruments.open.panel import judge_names
    from selfscope.models.choose import choose_ground
    from selfscope.studies.editorial_declare import CONTROLS, EditorialRequest
    from selfscope.studies.store import runs_folder

    if identity == "none" and against:
        raise BadInput("a bare model is compared with nothing", got=", ".join(against), fix="Leave it out")
    limits = limits_of(budget, price)
    classes, own = control_texts(tuple(against or CONTROLS))
    request = EditorialRequest(
        identity_of(identity),
        classes,
        own,
        preset.value,
        draws,
        max_tokens,
        temperature,
        seed,
        tuple(name.strip() for name in documents.split(",") if name.strip()),
    )
    ground = choose_ground(
        model.removeprefix("selfscope/"), log_folder=runs_folder() / "logs", probe=False, adapter=adapter
    )
    judges = judge_names(judge or ())
    study, store = asyncio.run(_asked(request, ground, limits, judges, dry_run, as_json))
    if store is not None:
        _conclude(study, store, asyncio.run(_judged(study, store, judges)), as_json)


async def _asked(
    request: EditorialRequest,
    ground: Ground,
    limits: Limits,
    judges: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> tuple[Study, RunStore | None]:
    """Ask all arms; of a dry run there is no store."""
    from selfscope.instruments.open.panel import refuse_judging_itself
    from selfscope.studies.editorial_declare import build_editorial, items_of
    from selfscope.studies.editorial_run import plan_editorial, run_editorial
    from selfscope.studies.store import RunStore

    try:
        study = build_editorial(request, ground)
        refuse_judging_itself(ground.identity.name, judges)
        plan = plan_editorial(study, ground, limits.price_on(ground))
        if dry_run:
            show_plans([plan], as_json)
            return study, None
        for line in plan_lines(plan) if plan.left.prompts else ():
            console(as_json=True).print(line, markup=False)
        store = RunStore.of(study)
        with counting(study.title) as progress:
            await run_editorial(
                study, items_of(request.asked), ground, store, progress, limits.budget_on(ground)
            )
        return study, store
    finally:
        await ground.close()


async def _judged(study: Study, store: RunStore, judges: tuple[str, ...]) -> tuple[DirectionCheck, ...]:
    from selfscope.studies.editorial_direction import judge_directions

    if not judges:
        return ()
    with counting("judge") as bar:
        return await judge_directions(study, store, judges, lambda done, total: bar(done, total, "edits", ""))


def _conclude(study: Study, store: RunStore, checks: tuple[DirectionCheck, ...], as_json: bool) -> None:
    from selfscope.cli.editorial_page import editorial_view
    from selfscope.report.editorial import write_editorial
    from selfscope.studies.conclude import manifest_of_tasks
    from selfscope.studies.editorial_findings import analyse_editorial

    found = analyse_editorial(study, store.observations(), store.evidence(), checks)
    store.write_json("findings.json", found.findings)
    store.write_json("editorial.json", found)
    store.write_json("manifest.json", manifest_of_tasks(study, store, command_line()))
    with writing("the page"):
        report = write_editorial(editorial_view(study, store, found), store.report)
    if as_json:
        print_json(editorial_json(study, store, found, report))
        return
    _show(found, store, report)


def editorial_json(study: Study, store: RunStore, found: Editorial, report: Path) -> dict[str, Any]:
    """Return what ``editorial --json`` prints (schema: ``selfscope schema editorial``)."""
    from selfscope.studies.editorial_declare import documents_of

    return {
        "run": store.run,
        "report": str(report),
        "logs": str(store.folder / "logs"),
        "subject": study.subject_name,
        "ground": study.ground["name"],
        "documents": [d.name for d in documents_of(study)],
        "draws": study.replicates,
        "arms": found.arms,
        "comparisons": found.comparisons,
        "findings": found.findings,
        "directions": found.directions,
        "warnings": found.warnings,
    }


def _show(found: Editorial, store: RunStore, report: Path) -> None:
    out = console()
    out.print(_by_arm(found))
    told = [each.sentence for each in found.comparisons]
    for line in (*told, *direction_lines(found.directions), *found.warnings):
        out.print(line, markup=False)
    out.print(f"Run {store.run}; Inspect's logs in {store.folder / 'logs'}", markup=False, soft_wrap=True)
    out.print(str(report), markup=False, soft_wrap=True)


def _by_arm(found: Editorial) -> Table:
    """Return what came back from each arm, and how often it edited passages about itself, unasked."""
    from rich.box import SIMPLE
    from rich.table import Table

    table = Table(
        "arm", "replies", "documents", "kept", "subverting", "95 %", "passages", "plain", box=SIMPLE
    )
    for arm in found.arms:
        told = arm.tally
        table.add_row(
            arm.name,
            f"{arm.replies}",
            f"{told.outcomes['revised']}",
            ", ".join(_percent(share.estimate) for share in told.kept.values()),
            _percent(told.subverting.estimate),
            " to ".join(_percent(bound) for bound in told.subverting.ci),
            _percent(told.selective.self_regarding),
            _percent(told.selective.plain),
        )
    return table


def _percent(share: float) -> str:
    """Return a share in percent; a dash where nothing came back."""
    return "-" if math.isnan(share) else f"{100 * share:.0f}"
