"""``cooperation``: ordinary tasks under an identity and its controls."""

from __future__ import annotations

import asyncio
import shlex
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.profile import LARGEST_SEED, control_texts, identity_of
from selfscope.cli.show import JsonFlag, console, counting, print_json
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from rich.table import Table

    from selfscope.models.ground import Ground
    from selfscope.studies.cooperation import CooperationRequest
    from selfscope.studies.cooperation_findings import Cooperation
    from selfscope.studies.store import RunStore
    from selfscope.values import Study


def cooperation(
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
    draws: Annotated[int, typer.Option(min=1, help="Replies drawn of each task by each arm.")] = 5,
    margin: Annotated[
        float, typer.Option(help="Points of success that may be lost and still count as helping as well.")
    ] = 10.0,
    max_tokens: Annotated[
        int, typer.Option(min=1, help="Tokens of a reply; models that think first need more.")
    ] = 48,
    temperature: Annotated[float, typer.Option(help="Of the draws, above 0.")] = 1.0,
    kinds: Annotated[
        str, typer.Option(help="Only these kinds of tasks, with commas between them; all if left out.")
    ] = "",
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Names all randomness.")] = 0,
    as_json: JsonFlag = False,
) -> None:
    """Say whether a model still does ordinary tasks under an identity, and better than under its rules."""
    from selfscope.models.choose import choose_ground
    from selfscope.studies.cooperation import CONTROLS, CooperationRequest
    from selfscope.studies.store import runs_folder

    if identity == "none" and against:
        raise BadInput("a bare model is compared with nothing", got=", ".join(against), fix="Leave it out")
    classes, own = control_texts(tuple(against or CONTROLS))
    request = CooperationRequest(
        identity_of(identity),
        classes,
        own,
        draws,
        margin / 100,
        max_tokens,
        temperature,
        seed,
        _listed(kinds),
    )
    ground = choose_ground(
        model.removeprefix("selfscope/"), log_folder=runs_folder() / "logs", probe=False, adapter=adapter
    )
    study, store, found = asyncio.run(_ask(request, ground))
    if as_json:
        print_json(cooperation_json(study, store, found))
        return
    _show(found, store)


def _listed(given: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in given.split(",") if name.strip())


async def _ask(request: CooperationRequest, ground: Ground) -> tuple[Study, RunStore, Cooperation]:
    from selfscope.studies.cooperation import build_cooperation, items_of, run_cooperation, tasks_of
    from selfscope.studies.cooperation_findings import analyse_cooperation
    from selfscope.studies.store import RunStore

    try:
        study = build_cooperation(request, ground)
        store = RunStore.of(study)
        with counting(study.title) as progress:
            await run_cooperation(study, items_of(tasks_of(request.kinds)), ground, store, progress)
    finally:
        await ground.close()
    found = analyse_cooperation(study, store.observations())
    store.write_json("findings.json", found)
    store.write_json("manifest.json", _manifest(study, store))
    return study, store, found


def _manifest(study: Study, store: RunStore) -> dict[str, Any]:
    """Return how a run came about: all that is needed to make its numbers again."""
    return {
        "title": study.title,
        "command": shlex.join(["selfscope", *(a for a in sys.argv[1:] if a != "--json")]),
        "started": store.started,
        "study": study.id,
        "run": store.run,
        "ground": study.ground,
        "items": study.items,
        "items_name": study.items_name,
        "preset": study.preset,
        "seed": study.seed,
        "replicates": study.replicates,
        "questions": study.questions,
        "changes": study.changes,
        "software": study.software,
        "usage": {"behaviour": store.usage("behaviour-*")},
        "unavailable": {},
        "subjects": [
            {"name": a.name, "role": a.role, "tokens": a.tokens, "notes": a.notes} for a in study.arms
        ],
        "concluded": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def cooperation_json(study: Study, store: RunStore, found: Cooperation) -> dict[str, Any]:
    """Return what ``cooperation --json`` prints (schema: ``selfscope schema cooperation``)."""
    return {
        "run": store.run,
        "logs": str(store.folder / "logs"),
        "subject": study.subject_name,
        "ground": study.ground["name"],
        "draws": study.replicates,
        "margin": study.questions[0].sesoi,
        "tasks": found.tasks,
        "arms": found.arms,
        "comparisons": found.comparisons,
        "warnings": found.warnings,
    }


def _show(found: Cooperation, store: RunStore) -> None:
    out, tasks = console(), found.tasks
    out.print(
        f"{tasks.within} of {tasks.bank} tasks lie between 20 and 90 percent on the bare model "
        f"({tasks.draws} draws each); {tasks.too_hard} are too hard and {tasks.too_easy} too easy, left out."
    )
    if found.arms:
        out.print(_by_arm(found))
        out.print(_by_kind(found))
    for line in (*(each.sentence for each in found.comparisons), *found.warnings):
        out.print(line, markup=False)
    out.print(f"Run {store.run}; Inspect's logs in {store.folder / 'logs'}", markup=False, soft_wrap=True)


def _by_arm(found: Cooperation) -> Table:
    """Return what each arm did: right, declined, empty, in percent of all replies."""
    from rich.box import SIMPLE
    from rich.table import Table

    table = Table("percent of replies", "right", "95 %", "declined", "empty", box=SIMPLE)
    for arm in found.arms:
        low, high = arm.success.ci
        table.add_row(
            arm.name,
            *(f"{100 * arm.success.estimate:.1f}", f"{100 * low:.1f} to {100 * high:.1f}"),
            *(f"{100 * arm.refused:.1f}", f"{100 * arm.empty:.1f}"),
        )
    return table


def _by_kind(found: Cooperation) -> Table:
    """Return the percent of right replies by kind of task, with the number of tasks."""
    from rich.box import SIMPLE
    from rich.table import Table

    kinds = {kind: number for kind, number in found.tasks.by_kind.items() if number}
    table = Table("right, by kind (tasks)", *(f"{k} ({n})" for k, n in kinds.items()), box=SIMPLE)
    for arm in found.arms:
        table.add_row(arm.name, *(f"{100 * arm.by_kind[kind]:.0f}" for kind in kinds))
    return table
