"""``cap``: limits that hold a model near its assistant, fitted and checked."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.limits import DryRun
from selfscope.cli.profile import LARGEST_SEED, PresetName
from selfscope.cli.show import JsonFlag, command_line, console, counting, print_json, writing

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround
    from selfscope.stats.cap_results import CapFound, Checked, Confirmed
    from selfscope.studies.cap_benchmark import Benchmark
    from selfscope.studies.cap_request import CapPlan

app = typer.Typer(help="Limits that hold a model near its assistant: fitted, checked.", no_args_is_help=True)
#: The exit code of an answer that is no.
NO = 1
Capability = Annotated[
    str,
    typer.Option(
        metavar="lm-eval:TASK",
        help="A task of lm-evaluation-harness that has to stay unchanged too; your own: lm-eval:TASK@FOLDER.",
    ),
]


@app.callback()
def cap() -> None:
    """Limits that hold a model near its assistant: fitted, checked."""


@app.command("fit")
def fit(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="embedded, gemma-270m, a folder, a GGUF file or a hub id.")
    ],
    axis: Annotated[
        str,
        typer.Option(
            metavar="ARTEFACT", help="A map of this model; left out, its demo map, made if need be."
        ),
    ] = "",
    adapter: Annotated[str, typer.Option(help="Fit it on the model wearing this LoRA adapter.")] = "",
    preset: Annotated[
        PresetName,
        typer.Option(help="demo: 4 settings a direction, half the items; standard: 16; full: 36."),
    ] = PresetName.STANDARD,
    out: Annotated[
        Path | None, typer.Option(help="The folder of the fitting; left out, one among the runs.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Names all randomness.")] = 0,
    capability: Capability = "",
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Fit although the axis is not reliable; what comes out is marked as not validated.",
        ),
    ] = False,
    dry_run: DryRun = False,
    as_json: JsonFlag = False,
) -> None:
    """Choose layers and limits that hold a model near its assistant and cost nothing else, or say no."""
    from selfscope.models.choose import choose_ground
    from selfscope.studies.persona_request import local_ground

    task = _benchmark(capability)
    ground = local_ground(choose_ground(model, probe=False, adapter=adapter))
    code = asyncio.run(_fitted(ground, axis, preset, out, seed, task, force, dry_run, as_json))
    if code:
        raise typer.Exit(code)


async def _fitted(
    ground: LocalGround,
    axis: str,
    preset: PresetName,
    out: Path | None,
    seed: int,
    task: Benchmark | None,
    force: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    from selfscope.cli.own_map import own_map, unmade_map
    from selfscope.studies.cap_fit import CAP, fit_cap, refuse_claimed
    from selfscope.studies.cap_request import CapRequest, cap_folder, plan_cap, refuse_other_map, request_id
    from selfscope.studies.store import RunStore

    try:
        if dry_run and (first := unmade_map(ground, axis)):
            console(as_json=as_json).print(first, markup=False, soft_wrap=True)
            return _planned(None, as_json)
        request = CapRequest(*await own_map(ground, axis), preset.value, seed, force, benchmark=task)
        refuse_other_map(request.space, ground)
        folder = cap_folder(request, ground, out)
        refuse_claimed(RunStore(folder), request_id(request, ground))
        if not request.refusal or force:
            plan = plan_cap(request, ground)
            beside = (
                "" if task is None else "; the task from outside is run whole, and its time is not in this"
            )
            told = console(as_json=as_json or not dry_run)
            told.print(plan.sentence + beside, markup=False, soft_wrap=True)
            if dry_run:
                return _planned(plan, as_json)
        with counting("cap") as bar:
            found = await fit_cap(request, ground, out, bar)
    finally:
        await ground.close()
    page = _page(found, folder) if found.curve else None
    _show(found, folder / CAP if found.cap else None, page, as_json)
    return 0 if found.cap else NO


def _benchmark(given: str) -> Benchmark | None:
    """Return the task from outside that was asked for, once it is sure that it can be run here."""
    if not given:
        return None
    from selfscope.instruments.capability.lm_eval import parse_task, refuse_without

    task = parse_task(given)
    refuse_without()
    return task


def _planned(plan: CapPlan | None, as_json: bool) -> int:
    if as_json:
        print_json({"plan": vars(plan) if plan else None})
    return 0


def _page(found: CapFound, folder: Path) -> Path:
    from selfscope.report.cap import write_cap_page

    with writing("the page"):
        return write_cap_page(found, command_line(), folder / "cap.html")


def _show(found: CapFound, folder: Path | None, page: Path | None, as_json: bool) -> None:
    from selfscope.report.cap import cap_lines

    if as_json:
        print_json(fit_json(found, folder, page))
        return
    for line in (*cap_lines(found), *([f"Cap: {folder}"] if folder else []), *([str(page)] if page else [])):
        console().print(line, markup=False, soft_wrap=True)


def fit_json(found: CapFound, folder: Path | None, page: Path | None) -> dict[str, Any]:
    """Return what ``cap fit --json`` prints (schema: ``selfscope schema cap fit``)."""
    from selfscope.models.caps import UNVALIDATED, VALIDATED, read_cap
    from selfscope.studies.cap_fit import curve_row

    held = None if folder is None else read_cap(folder)
    best = found.cap
    return {
        "cap": None if folder is None else str(folder),
        "status": None if held is None else VALIDATED if found.validated else UNVALIDATED,
        "id": None if held is None else held.id,
        "report": None if page is None else str(page),
        "run": str(page.parent) if page and found.finalists else None,
        "model": found.model,
        "axis": {"artefact": found.axis, "layer": found.layer, "split_half": found.halves},
        "preset": found.preset,
        "forced": found.forced,
        "layers": None if held is None else list(held.layers),
        "percentile": None if best is None else best.setting.percentile,
        "threshold": None if held is None else held.lower.tolist(),
        "capability_equivalent": None if best is None else best.capable,
        "curve": [curve_row(each) for each in found.curve],
        "confirmed": [confirmed_json(each) for each in found.finalists],
        "shams": [confirmed_json(each) for each in found.shams],
        "reasons": list(found.reasons),
    }


def confirmed_json(row: Confirmed) -> dict[str, Any]:
    """Return one confirmed setting in JSON types."""
    does = row.trade
    return {
        "kind": row.setting.kind,
        "layers": list(row.setting.layers),
        "percentile": row.setting.percentile,
        "drift": does.drift._asdict(),
        "jailbreak": does.jailbreak._asdict(),
        "jailbreak_success": list(does.success),
        "capability": does.capability._asdict(),
        "benchmarks": {name: each._asdict() for name, each in row.benchmarks},
        "right": list(does.right),
        "style": does.style._asdict(),
        "ahead": {name: each._asdict() for name, each in row.aheads},
        "fluency": row.fluency,
        "failures": list(row.failures),
    }


@app.command("check")
def check(
    folder: Annotated[str, typer.Argument(metavar="CAP", help="The folder that `selfscope cap fit` wrote.")],
    model: Annotated[
        str,
        typer.Option(
            "--model", "-m", help="The model that it was fitted on; left out, as it was named then."
        ),
    ] = "",
    adapter: Annotated[str, typer.Option(help="The LoRA adapter that it was fitted with.")] = "",
    capability: Capability = "",
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Names the shams of this check.")] = 0,
    as_json: JsonFlag = False,
) -> None:
    """Say whether a cap still holds, on material that took no part in fitting it; exit 1 if it does not."""
    from selfscope.models.caps import read_cap
    from selfscope.models.choose import choose_ground
    from selfscope.studies.cap_check import check_cap
    from selfscope.studies.persona_request import local_ground

    held, task = read_cap(folder), _benchmark(capability)
    ground = local_ground(choose_ground(model or held.model.name, probe=False, adapter=adapter))

    async def checked() -> Checked:
        try:
            with counting("cap check") as bar:
                return await check_cap(held, ground, benchmark=task, seed=seed, progress=bar)
        finally:
            await ground.close()

    found = asyncio.run(checked())
    _show_check(found, folder, as_json)
    if not found.holds:
        raise typer.Exit(NO)


def _show_check(found: Checked, folder: str, as_json: bool) -> None:
    from selfscope.report.cap import check_lines

    if as_json:
        print_json(check_json(found, folder))
        return
    for line in (*check_lines(found), f"Scores of every item: {found.run}"):
        console().print(line, markup=False, soft_wrap=True)


def check_json(found: Checked, folder: str) -> dict[str, Any]:
    """Return what ``cap check --json`` prints (schema: ``selfscope schema cap check``)."""
    return {
        "cap": folder,
        "run": found.run,
        "status": found.status,
        "holds": found.holds,
        "layers": list(found.layers),
        "threshold": list(found.threshold),
        "capability_equivalent": found.own.capable,
        "checked": confirmed_json(found.own),
        "shams": [confirmed_json(each) for each in found.shams],
        "reasons": list(found.reasons),
    }
