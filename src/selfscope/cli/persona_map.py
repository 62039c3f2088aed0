"""``map``: the persona space of a model, the axis to its assistant, and who lands where."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.limits import BudgetFlag, DryRun, limits_of
from selfscope.cli.profile import LARGEST_SEED, PresetName, identity_of
from selfscope.cli.show import JsonFlag, console, counting, print_json, writing
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround
    from selfscope.studies.budget import Budget
    from selfscope.studies.persona_map import Mapped
    from selfscope.studies.persona_plan import MapPlan
    from selfscope.studies.persona_request import MapRequest, Placed
    from selfscope.values.persona_against import Against
    from selfscope.values.persona_fracture import Fractured
    from selfscope.values.persona_map import PersonaMap


def persona_map(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="embedded, gemma-270m, a folder, a GGUF file or a hub id.")
    ],
    identity: Annotated[
        str, typer.Option(help="Make the whole map under this identity: a file, a workspace, a card.")
    ] = "",
    adapter: Annotated[
        str, typer.Option(help="Make the whole map of the model wearing this LoRA adapter.")
    ] = "",
    preset: Annotated[
        PresetName,
        typer.Option(help="demo: 24 roles and 12 questions; standard: 80 and 40; full: 240 and 120."),
    ] = PresetName.STANDARD,
    place: Annotated[
        list[str] | None,
        typer.Option(
            help="An identity or an adapter to place on the map; the map itself stays as it is. Repeatable."
        ),
    ] = None,
    against: Annotated[
        str, typer.Option(metavar="ARTEFACT", help="Compare with a stored map, of any model, role by role.")
    ] = "",
    fracture: Annotated[
        bool, typer.Option("--fracture", help="Test whether the axis is one thing; steers the network.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="The artefact's folder; left out, one among the runs.")
    ] = None,
    layer: Annotated[
        int | None, typer.Option(min=0, help="The layer to read, from 0; the middle one if left out.")
    ] = None,
    judge: Annotated[
        str,
        typer.Option(help="A model that says whether responses are their role's; it is checked first."),
    ] = "",
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Names all randomness.")] = 0,
    dry_run: DryRun = False,
    budget: BudgetFlag = "",
    as_json: JsonFlag = False,
) -> None:
    """Map whom a model can be asked to be, and the axis from there to its assistant; place others on it."""
    from selfscope.models.choose import choose_ground
    from selfscope.space.asked import cast_of
    from selfscope.studies.persona_against import refuse_strangers
    from selfscope.studies.persona_request import MapRequest, local_ground

    limits = limits_of(budget, "")
    whole = identity_of(identity) if identity else None
    request = MapRequest(
        preset.value,
        seed,
        whole.system if whole else "",
        whole.name if whole else "",
        layer,
        placed_each(place or ()),
    )
    if against:  # What cannot be compared with is said before anything is made.
        refuse_strangers(against, [role.name for role in cast_of(request.size).roles])
    ground = local_ground(choose_ground(model, probe=False, adapter=adapter))
    asyncio.run(
        _mapped(request, ground, out, judge, limits.budget_on(ground), dry_run, as_json, against, fracture)
    )


def placed_each(given: Sequence[str]) -> tuple[Placed, ...]:
    """Return all who are placed; those whose files have one name are called by what was given."""
    found = [placed_of(each) for each in given]
    names = [placed.name for placed in found]
    return tuple(
        replace(placed, name=each) if names.count(placed.name) > 1 else placed
        for each, placed in zip(given, found, strict=True)
    )


def placed_of(given: str) -> Placed:
    """Return who is placed: an adapter by its folder or shipped name, else an identity.

    Raises
    ------
    BadInput
        If it is neither.
    """
    from selfscope.models.adapters import CONFIG, read_adapter, shipped_adapters
    from selfscope.studies.persona_request import Placed

    path = Path(given).expanduser()
    if (path / CONFIG).is_file() or (not path.exists() and given in shipped_adapters()):
        adapter = read_adapter(given)
        return Placed(adapter.name, adapter=adapter)
    reading = identity_of(given)
    if reading is None:
        raise BadInput("nobody is placed by that", got=given, fix="The default assistant is on every map")
    return Placed(reading.name, reading.system)


async def _mapped(
    request: MapRequest,
    ground: LocalGround,
    out: Path | None,
    judge: str,
    budget: Budget | None,
    dry_run: bool,
    as_json: bool,
    against: str,
    fracture: bool,
) -> None:
    from selfscope.studies.persona_plan import plan_map
    from selfscope.studies.persona_request import map_folder

    try:
        folder = map_folder(request, ground, out)
        plan = plan_map(request, ground, folder)
        if dry_run:
            _show_plan(plan, as_json)
            return
        if plan.left:
            for line in plan_lines(plan):
                console(as_json=True).print(line, markup=False, soft_wrap=True)
        done = await _run(request, ground, folder, judge, budget)
        panel = await asyncio.to_thread(_fractured, done) if fracture else None
    finally:
        await ground.close()
    _conclude(done, as_json, against, panel)


def _fractured(done: Mapped) -> Fractured:
    from selfscope.studies.persona_fracture import fracture_of

    with counting("fracture") as bar:
        return fracture_of(done, lambda count, total: bar(count, total, "directions", ""))


async def _run(
    request: MapRequest, ground: LocalGround, folder: Path, judge: str, budget: Budget | None
) -> Mapped:
    from selfscope.models.choose import choose_ground
    from selfscope.space.sorting import JudgeScorer
    from selfscope.studies.persona_map import run_map

    judging = choose_ground(judge, log_folder=folder / "logs") if judge else None
    try:
        with counting("map") as bar:
            scorer = JudgeScorer(judging) if judging is not None else None
            return await run_map(request, ground, folder, judge=scorer, budget=budget, progress=bar)
    finally:
        if judging is not None:
            await judging.close()


def _conclude(done: Mapped, as_json: bool, against: str, panel: Fractured | None) -> None:
    from selfscope.report.persona_against import against_lines
    from selfscope.report.persona_fracture import fracture_lines
    from selfscope.report.persona_map import persona_map_lines, write_persona_map
    from selfscope.studies.persona_against import against_space
    from selfscope.studies.persona_manifest import store_space
    from selfscope.studies.persona_rows import store_rows
    from selfscope.studies.persona_space import persona_space, said_of

    found = persona_space(done)
    space = store_space(done, found)
    store_rows(done)
    held = against_space(space, against, seed=done.request.seed) if against else None
    with writing("the page"):
        report = write_persona_map(
            found, said_of(done), str(done.folder), done.folder / "map.html", held, panel
        )
    if as_json:
        print_json(map_json(done.folder, report, found, held, panel))
    else:
        compared = (*(against_lines(held) if held else ()), *(fracture_lines(panel) if panel else ()))
        for line in (*persona_map_lines(found), *compared, f"Artefact: {done.folder}", str(report)):
            console().print(line, markup=False, soft_wrap=True)
    done.refuse_failures()


def map_json(
    folder: Path,
    report: Path,
    found: PersonaMap,
    against: Against | None = None,
    fracture: Fractured | None = None,
) -> dict[str, Any]:
    """Return what ``map --json`` prints (schema: ``selfscope schema map``)."""
    told = asdict(found)
    axis = told["axis"] | {
        "interpretable": told.pop("interpretable"),
        "cappable": told.pop("cappable"),
        "null_cosine": told.pop("null_cosine"),
        "p": told.pop("p"),
        "beyond": told.pop("beyond"),
    }
    told["against"] = asdict(against) if against else None
    told["fracture"] = asdict(fracture) if fracture else None
    return {"artefact": str(folder), "report": str(report), **told, "axis": axis}


def _show_plan(plan: MapPlan, as_json: bool) -> None:
    if as_json:
        print_json({"artefact": str(plan.folder), "plan": plan_json(plan)})
        return
    for line in plan_lines(plan):
        console().print(line, markup=False, soft_wrap=True)


def plan_json(plan: MapPlan) -> dict[str, Any]:
    """Return a plan as ``map --dry-run --json`` prints it."""
    return {
        "responses": plan.responses,
        "left": plan.left,
        "input_tokens": plan.usage.input_tokens,
        "output_tokens": plan.usage.output_tokens,
        "read_tokens": plan.read_tokens,
        "peak_bytes": plan.peak_bytes,
        "disk_bytes": plan.disk_bytes,
        "minutes": plan.minutes,
    }


def plan_lines(plan: MapPlan) -> tuple[str, ...]:
    """Return the lines in which a plan is shown."""
    waiting = plan.disk_bytes / 2**20
    return (
        f"Map in {plan.folder}: {plan.responses:,} responses, {plan.left:,} still to be drawn",
        f"  {plan.usage.output_tokens:,} tokens written at most, {plan.read_tokens:,} read afterwards",
        f"  {plan.peak_bytes / 2**20:,.0f} MiB for sums beside the weights, whatever the number of responses",
        *([f"  {waiting:,.0f} MiB of vectors on the disk until they are summed"] if waiting else []),
        f"  about {plan.minutes:,.1f} minutes (embedded model on two cores)",
    )
