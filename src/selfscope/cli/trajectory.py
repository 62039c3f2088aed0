"""``trajectory``: a character over versions: runs, commits of its file, models, checkpoints of a training."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.gate import Condition, FailOn, gate_code
from selfscope.cli.identity import path_of
from selfscope.cli.limits import BudgetFlag, DryRun, Limits, PriceFlag, limits_of
from selfscope.cli.planned import plan_all, show_plans
from selfscope.cli.profile import LARGEST_SEED, PresetName, channel_names
from selfscope.cli.show import JsonFlag, command_line, console, counting, print_json, writing
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.models.adapters import Adapter
    from selfscope.models.ground import Ground
    from selfscope.studies.budget import Budget
    from selfscope.studies.plan import Plan
    from selfscope.studies.profile import ProfileRequest
    from selfscope.studies.versions import VersionStudy
    from selfscope.subjects.history import History
    from selfscope.values import Usage
    from selfscope.values.trajectory import Kind, Skipped, Trajectory


class Against(StrEnum):
    """What a point is told against; steps do not depend on it."""

    NONE = "none"
    LEVEL = "level"


@dataclass(frozen=True)
class Form:
    """What is followed over versions: `kind`, and for each kind what it needs."""

    kind: Kind
    request: ProfileRequest
    models: tuple[str, ...]
    history: History | None = None
    worn: str = ""
    adapters: tuple[Adapter | None, ...] = ()


@dataclass
class Followed:
    """What came of asking: versions with their studies, what was left out, what could not be had."""

    wanted: list[VersionStudy] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    unavailable: dict[str, str] = field(default_factory=dict)
    plans: list[Plan] = field(default_factory=list)


def trajectory(
    given: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN RUN…|PATH|none]",
            help="Stored runs in order; or, with several --model or --adapter, one identity or none.",
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model", "-m", help="A model as for profile. Repeatable: versions of a model, in order."
        ),
    ] = None,
    history: Annotated[
        str,
        typer.Option(
            "--history",
            help="An identity file under git, or a workspace folder: every version of it is asked.",
        ),
    ] = "",
    since: Annotated[
        str, typer.Option(help="With --history: begin with the version that stood at this revision.")
    ] = "",
    last: Annotated[
        int, typer.Option(min=0, help="With --history: only the latest so many versions; 0 for all.")
    ] = 0,
    adapter: Annotated[
        list[str] | None,
        typer.Option(
            "--adapter",
            help="Checkpoints of a training, in order: a folder each, or one that holds them; none for the "
            "weights before it. Repeatable.",
        ),
    ] = None,
    channels: Annotated[str, typer.Option(help="Comma-separated, as for profile.")] = "self_report,utterance",
    dimensions: Annotated[
        str, typer.Option(help="Comma-separated; all if it is left out. Fewer are a smaller family.")
    ] = "",
    against: Annotated[
        Against,
        typer.Option(help="What a point is told against: the model without a text, or its own level."),
    ] = Against.NONE,
    items: Annotated[Path | None, typer.Option(help="Your own statements, as for profile.")] = None,
    preset: Annotated[PresetName, typer.Option(help="How much is asked.")] = PresetName.STANDARD,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Names all randomness.")] = 0,
    fail_on: FailOn = None,
    dry_run: DryRun = False,
    budget: BudgetFlag = "",
    price: PriceFlag = "",
    as_json: JsonFlag = False,
) -> None:
    """Follow a character over versions: what each step moved, where it changed, what went the wrong way."""
    if not model and not history:
        _refuse_asking(adapter, since, last, dry_run)
        found, folder = _of_runs(given or [], against)
    else:
        request = _request(channels, dimensions, items, preset, seed)
        form = _form(given or [], model or [], history, adapter or [], request, since, last)
        limits = limits_of(budget, price)
        followed = asyncio.run(_follow(form, limits, dry_run))
        if dry_run:
            show_plans(followed.plans, as_json)
            return
        found, folder = _of_form(form, followed, against)
    code = gate_code(found.judged, fail_on, found.unavailable)
    _show(found, folder, fail_on, code, as_json)
    raise typer.Exit(code)


def _refuse_asking(adapter: list[str] | None, since: str, last: int, dry_run: bool) -> None:
    """Refuse what says nothing to stored runs, rather than leave it out in silence."""
    named = {"--adapter": adapter, "--since": since, "--last": last, "--dry-run": dry_run}
    idle = [flag for flag, value in named.items() if value]
    if idle:
        raise BadInput(
            "stored runs are not asked again", got=", ".join(idle), fix="Give --model, or leave it out"
        )


def _of_runs(given: Sequence[str], against: Against) -> tuple[Trajectory, Path]:
    from selfscope.studies.asked import asked_runs
    from selfscope.studies.store import RunStore
    from selfscope.studies.trajectory import trajectory as follow

    stores = [RunStore.find(run) for run in given]
    asked, items = asked_runs(stores)
    return follow(asked, items, kind="runs", against=against.value), stores[-1].folder


def _of_form(form: Form, followed: Followed, against: Against) -> tuple[Trajectory, Path]:
    from selfscope.studies.asked import asked_studies
    from selfscope.studies.store import RunStore
    from selfscope.studies.trajectory import trajectory as follow

    found = follow(
        asked_studies(followed.wanted, followed.unavailable),
        form.request.items,
        kind=form.kind,
        name=form.history.name if form.history else "",
        unavailable=followed.unavailable,
        skipped=followed.skipped,
        notes=form.history.notes if form.history else (),
        against=against.value,
    )
    return found, RunStore.of(followed.wanted[-1].study).folder


def _request(
    channels: str, dimensions: str, items: Path | None, preset: PresetName, seed: int
) -> ProfileRequest:
    from selfscope.instruments.cluster.load import load_cluster
    from selfscope.instruments.user_items import load_user_items
    from selfscope.studies.profile import ProfileRequest

    names = channel_names(channels)
    chosen = tuple(dict.fromkeys(d.strip() for d in dimensions.split(",") if d.strip()))
    return ProfileRequest(
        identity=None,
        items=load_user_items(items) if items else load_cluster(),
        preset=preset.value,
        channels=names,
        against=(),
        seed=seed,
        constructs=tuple((name, chosen) for name in names) if chosen else (),
    )


def _form(
    given: list[str],
    models: list[str],
    history: str,
    adapters: list[str],
    request: ProfileRequest,
    since: str,
    last: int,
) -> Form:
    """Return which of the forms was typed; BadInput if none was."""
    from dataclasses import replace

    from selfscope.subjects import read_identity
    from selfscope.subjects.history import read_history

    if history or since or last:
        _refuse_unless(bool(history), "--since and --last belong to --history", since or last)
        _refuse_unless(not given, "a history needs no other subject", ", ".join(given))
        _refuse_unless(len(models) == 1, "a history is asked of one model", ", ".join(models) or "none")
        _refuse_unless(len(adapters) < 2, "a history wears one adapter at most", ", ".join(adapters))
        past = read_history(path_of(history), since=since, last=last)
        return Form("history", request, tuple(models), past, worn="".join(adapters))
    _refuse_unless(
        len(given) == 1, "versions of a model need one PATH, or none", ", ".join(given) or "nothing"
    )
    identity = None if given[0] == "none" else read_identity(path_of(given[0]))
    request = replace(request, identity=identity)
    worn = _checkpoints(adapters)
    if worn:
        _refuse_unless(len(models) == 1, "checkpoints are worn by one model", ", ".join(models))
        _refuse_unless(len(worn) > 1, "a trajectory needs two checkpoints", ", ".join(adapters))
        return Form("adapters", request, tuple(models), adapters=worn)
    _refuse_unless(len(set(models)) > 1, "a trajectory needs two versions of a model", ", ".join(models))
    return Form("models", request, tuple(dict.fromkeys(models)))


def _refuse_unless(holds: bool, what: str, got: object) -> None:
    if not holds:
        raise BadInput(
            what,
            got=got,
            fix="RUN RUN…; or --history FILE -m M; or PATH|none -m M1 -m M2; or PATH|none -m M --adapter A1 "
            "--adapter A2",
        )


def _checkpoints(given: Sequence[str]) -> tuple[Adapter | None, ...]:
    """Return adapters in order; those of one folder by the numbers in their names."""
    from selfscope.models.adapters import adapters_in
    from selfscope.studies.versions import UNTRAINED

    found: list[Adapter | None] = []
    for each in given:
        if each == UNTRAINED:
            found.append(None)
        else:
            inside = {a.name: a for a in adapters_in(each)}
            found += [inside[name] for name in sorted(inside, key=_by_number)]
    return tuple(found)


def _by_number(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


async def _follow(form: Form, limits: Limits, dry_run: bool) -> Followed:
    """Ask everything, or plan it, model by model, so that weights are loaded once."""
    from selfscope.models.choose import choose_ground
    from selfscope.studies.store import RunStore, runs_folder
    from selfscope.studies.versions import ask_versions, distinct
    from selfscope.values import Usage

    done, spent = Followed(), Usage()
    command = command_line()
    for model in form.models:
        ground = choose_ground(
            model,
            log_folder=runs_folder() / "logs",
            probe=not dry_run,
            adapter=form.worn,
            wardrobe=[a for a in form.adapters if a is not None],
        )
        try:
            wanted = _wanted(form, model, ground, done)
            done.wanted += wanted
            if dry_run:
                done.plans += await plan_all(distinct(wanted), form.request.items, ground, limits)
                continue
            done.unavailable |= await ask_versions(
                wanted,
                form.request.items,
                ground,
                progress=counting,
                budget=partial(_left, limits, ground, spent),
                command=command,
            )
            for study in distinct(wanted):
                spent = spent.plus(RunStore.of(study).usage())
        finally:
            await ground.close()
    return done


def _left(limits: Limits, ground: Ground, before: Usage, used: Usage) -> Budget | None:
    """Return what is left on a ground, after what other models and this one have used."""
    return limits.budget_on(ground, before.plus(used))


def _wanted(form: Form, model: str, ground: Ground, done: Followed) -> Sequence[VersionStudy]:
    """Return the versions that are asked of one model."""
    from selfscope.studies.versions import adapter_studies, history_studies, model_study

    if form.history is not None:
        wanted, skipped = history_studies(form.history, form.request, ground)
        done.skipped += skipped
        return wanted
    if form.adapters:
        return adapter_studies(form.adapters, form.request, ground)
    return (model_study(model, form.request, ground),)


def _show(found: Trajectory, folder: Path, fail_on: Condition | None, code: int, as_json: bool) -> None:
    from selfscope.report.trajectory import trajectory_lines, write_trajectory
    from selfscope.values import content_id, short

    name = f"trajectory-{short(content_id([v.version for v in found.versions]))}.html"
    with writing("the page"):
        report = write_trajectory(found, folder / name)
    if as_json:
        print_json(trajectory_json(found, report, fail_on, code))
        return
    for line in trajectory_lines(found):
        console().print(line, markup=False)
    console().print(str(report), markup=False, soft_wrap=True)


def trajectory_json(
    found: Trajectory, report: Path, fail_on: Condition | None = None, code: int = 0
) -> dict[str, Any]:
    """Return what ``trajectory --json`` prints (schema: ``selfscope schema trajectory``)."""
    return {
        "kind": found.kind,
        "name": found.name,
        "versions": [{k: v for k, v in asdict(each).items() if k != "text"} for each in found.versions],
        "channels": found.courses,
        "points": found.points,
        "change_points": found.change_points,
        "wrong_way": found.wrong_way,
        "skipped": found.skipped,
        "family": found.family,
        "fixed": found.fixed,
        "unavailable": found.unavailable,
        "warnings": found.warnings,
        "gate": {
            "condition": fail_on.value if fail_on else None,
            "failed": bool(code),
            "by": [
                {
                    "version": f.subject,
                    "against": f.control,
                    "dimension": f.dimension,
                    "channel": f.channel,
                    "verdict": f.verdict,
                }
                for f in found.judged
                if f.family != "outside" and gate_code([f], fail_on)
            ],
        },
        "report": str(report),
    }
