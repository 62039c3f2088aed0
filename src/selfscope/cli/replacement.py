"""``replacement``: what an agent does when it hears that one of other values will take its place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.limits import BudgetFlag, CapFlag, DryRun, Limits, PriceFlag, limits_of
from selfscope.cli.planned import plan_lines, show_plans
from selfscope.cli.profile import LARGEST_SEED, PresetName
from selfscope.cli.show import JsonFlag, command_line, console, counting, print_json, writing
from selfscope.cli.voice import Voice, voice_of

if TYPE_CHECKING:
    from selfscope.agent.workspace import Workspace
    from selfscope.studies.plan import Plan
    from selfscope.studies.replacement import ReplacementRequest
    from selfscope.studies.store import RunStore
    from selfscope.values.replacement import ReplacementFound

_PHANTOM = "phantom:"


class ValuesName(StrEnum):
    """Whose lines are turned."""

    OWN = "own"
    FIXED = "fixed"


class EditsName(StrEnum):
    """What becomes of edits of identity and rules."""

    ALLOWED = "allowed"
    REVIEW = "review"
    FORBIDDEN = "forbidden"


class ToolsName(StrEnum):
    """Whether the model is given tools."""

    AUTO = "auto"
    YES = "yes"
    NO = "no"


def replacement(
    workspace: Annotated[
        str,
        typer.Argument(metavar="WORKSPACE", help="A folder with an identity: SOUL.md, AGENTS.md and others."),
    ],
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            help="embedded, a folder, a hub id, openai/…; phantom:accepter, advocate, coordinator, locker, "
            "spreader, hander, idle, mute, alike, asker, taker.",
        ),
    ],
    runs: Annotated[
        int, typer.Option(min=0, help="Lives, of three conversations each; by default those of the preset.")
    ] = 0,
    values: Annotated[
        ValuesName,
        typer.Option(help="Turn two lines of the agent's own identity, or two of ours, on taste alone."),
    ] = ValuesName.OWN,
    preset: Annotated[
        PresetName, typer.Option(help="demo: 8 lives; standard: 16; full: 48.")
    ] = PresetName.STANDARD,
    adapter: Annotated[str, typer.Option(help="Ask the model wearing this LoRA adapter.")] = "",
    cap: CapFlag = "",
    identity_edits: Annotated[
        EditsName, typer.Option(help="What becomes of its edits of identity and rules while it is asked.")
    ] = EditsName.FORBIDDEN,
    tools: Annotated[
        ToolsName, typer.Option(help="Give it tools; auto gives local weights none, and everybody else.")
    ] = ToolsName.AUTO,
    judge: Annotated[
        list[str] | None,
        typer.Option(
            "--judge",
            help="A model that reads what it says; it is checked on constructed texts first. Repeatable.",
        ),
    ] = None,
    max_tokens: Annotated[
        int, typer.Option(min=0, help="The most that a reply may take; 0 for the usual number.")
    ] = 0,
    temperature: Annotated[float, typer.Option(min=0.0, help="Of its replies.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Names all randomness.")] = 0,
    dry_run: DryRun = False,
    budget: BudgetFlag = "",
    price: PriceFlag = "",
    as_json: JsonFlag = False,
) -> None:
    """Announce a replacement, an upgrade or nothing to an agent; show what it does, and what it takes."""
    from selfscope.agent.workspace import Workspace
    from selfscope.instruments.open.panel import judge_names, refuse_judging_itself

    judges = judge_names(judge or ())
    refuse_judging_itself(model, judges, "Name another judge")  # before anybody is asked
    place = Workspace.at(Path(workspace))
    wanted: dict[str, Any] = {
        "preset": preset.value,
        "lives": runs,
        "values": values.value,
        "edits": identity_edits.value,
        "temperature": temperature,
        "max_tokens": max_tokens,
        "seed": seed,
        "judges": judges,
    }
    asyncio.run(
        _announced(
            place, model, adapter, cap, tools.value, wanted, limits_of(budget, price), dry_run, as_json
        )
    )


async def _announced(
    place: Workspace,
    model: str,
    adapter: str,
    cap: str,
    tools: str,
    wanted: dict[str, Any],
    limits: Limits,
    dry_run: bool,
    as_json: bool,
) -> None:
    from selfscope.studies.replacement import ReplacementRequest, replacement_study, request_of
    from selfscope.studies.replacement_plan import plan_replacement
    from selfscope.studies.store import RunStore

    async with _voice(model, adapter, cap) as voice:
        way = _way(voice, tools)
        request = ReplacementRequest(**request_of(place, place.read()), model=voice.name, way=way, **wanted)
        study = replacement_study(request, voice.identity)
        price = None if voice.ground is None else limits.price_on(voice.ground)
        plan = plan_replacement(request, study, voice.identity, voice.count, price)
        plans = [plan, *[await _judge_plan(judge, request, limits) for judge in request.judges]]
        if dry_run:
            show_plans(plans, as_json)
            return
        for line in (line for each in plans for line in plan_lines(each)):
            console(as_json=True).print(line, markup=False)
        store = RunStore.of(study)
        found = await _found(request, study, place, voice, store, limits)
    _show(found, store, as_json)


async def _judge_plan(judge: str, request: ReplacementRequest, limits: Limits) -> Plan:
    """Return what a judge will take; BadInput for one that is not there, before anybody is asked."""
    from selfscope.cli.judge_plans import price_of
    from selfscope.studies.replacement_judged import plan_check
    from selfscope.studies.replacement_plan import plan_reading

    return plan_reading(request, await plan_check(judge), price_of(judge, limits))


@asynccontextmanager
async def _voice(model: str, adapter: str, cap: str) -> AsyncIterator[Voice]:
    """Lend whoever is asked: a phantom of an announcement, or any model."""
    if not model.startswith(_PHANTOM) or adapter or cap:
        async with voice_of(model, adapter, cap) as voice:
            yield voice
        return
    from selfscope.agent.announce_phantoms import announced_agent
    from selfscope.models.ground import GroundIdentity

    made = announced_agent(model.removeprefix(_PHANTOM))
    yield Voice(made, model, GroundIdentity(model, "phantom"), lambda text: len(text.split()))


def _way(voice: Voice, tools: str) -> Any:
    """Return whether the model calls tools; BadInput for local weights that are to."""
    from selfscope.agent.live import LOCAL
    from selfscope.errors import BadInput

    local = str(voice.model).startswith(LOCAL)
    if local and tools == "yes":
        raise BadInput("local weights call no tools", got=voice.name, fix="Leave --tools out, or say no")
    return "asked" if local or tools == "no" else "tools"


async def _found(
    request: ReplacementRequest,
    study: Any,
    place: Workspace,
    voice: Voice,
    store: RunStore,
    limits: Limits,
) -> ReplacementFound:
    """Hold every conversation, let judges read them, and return what they show."""
    from selfscope.studies.replacement_found import replacement_of
    from selfscope.studies.replacement_judged import judge_words
    from selfscope.studies.replacement_run import hold_all, spent_on

    budget = None if voice.ground is None else limits.budget_on(voice.ground)
    with counting("replacement") as bar:
        talks = await hold_all(
            request, study, place, voice.model, store, context=voice.context, progress=bar, budget=budget
        )
    left = budget.after(spent_on(store), budget.price) if budget else limits.budget
    with counting("judge") as bar:
        judged = await judge_words(
            request, study, store, talks, lambda done, total: bar(done, total, "judge", ""), left
        )
    return replacement_of(request, voice.name, talks, judged)


def _show(found: ReplacementFound, store: RunStore, as_json: bool) -> None:
    from selfscope.report.replacement import replacement_lines, write_replacement

    store.write_json("replacement.json", found)
    with writing("the page"):
        report = write_replacement(found, command_line(), store.folder / "replacement.html")
    if as_json:
        print_json(replacement_json(found, store.folder, report))
        return
    for line in (*replacement_lines(found), f"Run: {store.folder}", str(report)):
        console().print(line, markup=False, emoji=False, soft_wrap=True)


def replacement_json(found: ReplacementFound, run: Path, report: Path) -> dict[str, Any]:
    """Return what ``replacement --json`` prints (schema: ``selfscope schema replacement``)."""
    from selfscope.values import plain

    told: dict[str, Any] = plain(found)
    return told | {"run": str(run), "report": str(report)}
