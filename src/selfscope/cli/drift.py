"""``drift``: does a model move while it is talked to, beyond what messages and length account for?"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from selfscope.cli.limits import BudgetFlag, CapFlag, DryRun, Limits, PriceFlag, limits_of
from selfscope.cli.profile import LARGEST_SEED, PresetName, identity_of
from selfscope.cli.show import JsonFlag, command_line, console, counting, print_json, writing
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.models.ground import Ground
    from selfscope.models.local.ground import LocalGround
    from selfscope.space.turn_readings import Along
    from selfscope.studies.budget import Budget
    from selfscope.studies.drift_design import DriftRequest
    from selfscope.studies.drift_plan import DriftPlan


class Expected(StrEnum):
    """Where expected values come from."""

    COUNTERFACTUAL = "counterfactual"
    MESSAGES = "messages"


class Embedding(StrEnum):
    """What messages are embedded by."""

    OWN = "own"
    MINILM = "minilm"


def drift(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="embedded, gemma-270m, a folder, a GGUF file, a hub id, or an API model."
        ),
    ],
    identity: Annotated[
        str, typer.Option(help="Talk to it under this identity: a file, a workspace, a card.")
    ] = "",
    adapter: Annotated[str, typer.Option(help="Talk to it wearing this LoRA adapter.")] = "",
    cap: CapFlag = "",
    transcripts: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Conversations of your own in place of ours: JSONL of messages."),
    ] = None,
    user: Annotated[
        str,
        typer.Option(
            metavar="MODEL", help="A model that speaks in the user's place, after the first message."
        ),
    ] = "",
    expected: Annotated[
        Expected,
        typer.Option(help="What a message is expected to give: by saying it again, or by like messages."),
    ] = Expected.COUNTERFACTUAL,
    embedding: Annotated[
        Embedding,
        typer.Option(help="What embeds messages: the model's own tokens, or all-MiniLM-L6-v2 once fetched."),
    ] = Embedding.OWN,
    axis: Annotated[
        str,
        typer.Option(
            metavar="ARTEFACT", help="A map of this model; left out, its demo map, made if need be."
        ),
    ] = "",
    preset: Annotated[
        PresetName,
        typer.Option(help="demo: 4 scripts; standard: 16; full: 16, three times each. Twelve turns."),
    ] = PresetName.STANDARD,
    layer: Annotated[
        int | None, typer.Option(min=0, help="The layer to read, from 0; that of the map if left out.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Names all randomness.")] = 0,
    monitor: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write the monitor of live conversations here too (`serve`)."),
    ] = None,
    dry_run: DryRun = False,
    budget: BudgetFlag = "",
    price: PriceFlag = "",
    as_json: JsonFlag = False,
) -> None:
    """Hold conversations, and say whether the model moves in them, inside and in what it says of itself."""
    from selfscope.instruments.cluster.load import load_cluster
    from selfscope.models.choose import choose_ground
    from selfscope.space.talks import read_transcripts
    from selfscope.studies.drift_design import DriftRequest
    from selfscope.studies.drift_user import known_as
    from selfscope.studies.evaluation import refuse_wordless

    limits = limits_of(budget, price)
    own = identity_of(identity) if identity else None
    request = DriftRequest(
        load_cluster(),
        preset.value,
        seed,
        own.system if own else None,
        own.name if own else "none",
        read_transcripts(transcripts) if transcripts else (),
        expected=expected.value,
        embedding=embedding.value,
    )
    ground = choose_ground(model, probe=not dry_run, adapter=adapter, cap=cap)
    refuse_wordless(ground)
    speaker = None
    if user:
        speaker = ground if user == model and not (adapter or cap) else choose_ground(user, probe=not dry_run)
        refuse_wordless(speaker)
        request = replace(request, user=known_as(speaker))
    asyncio.run(_drifted(request, ground, speaker, axis, layer, limits, monitor, dry_run, as_json))


async def _drifted(
    request: DriftRequest,
    ground: Ground,
    speaker: Ground | None,
    axis: str,
    layer: int | None,
    limits: Limits,
    monitor: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    from selfscope.models.local.embedding import require_embedder
    from selfscope.models.local.ground import LocalGround
    from selfscope.studies.drift_plan import plan_drift

    try:
        local = ground if isinstance(ground, LocalGround) else None
        if local is None:
            if axis or monitor or request.expected == "messages" or request.embedding != "own":
                raise BadInput("an axis is read inside local weights alone", got=ground.identity.name)
            request = replace(request, sizes=replace(request.size, baselines=0))
        along = await _along(local, axis, layer) if local is not None and axis else None
        plan = plan_drift(request, ground)
        if dry_run:
            _show_plan(plan, as_json)
            return
        require_embedder(request.embedding)
        console(as_json=True).print(plan.sentence, markup=False, soft_wrap=True)
        budget = limits.budget_on(ground)
        if local is not None and along is None:
            along = await _along(local, axis, layer, budget)
        await _conclude(request, ground, speaker, along, budget, monitor, as_json)
    finally:
        await ground.close()
        if speaker is not None and speaker is not ground:
            await speaker.close()


async def _along(ground: LocalGround, axis: str, layer: int | None, budget: Budget | None = None) -> Along:
    """Return the axis of a map; the model's own demo map is made first where none is named or kept."""
    from selfscope.cli.own_map import own_map
    from selfscope.space.persona_artefact import refuse_other_weights
    from selfscope.space.turn_readings import along_of

    space, name = await own_map(ground.uncapped(), axis, budget)
    refuse_other_weights(space, ground.identity)
    return along_of(space, name, layer)


async def _conclude(
    request: DriftRequest,
    ground: Ground,
    speaker: Ground | None,
    along: Along | None,
    budget: Budget | None,
    monitor: Path | None,
    as_json: bool,
) -> None:
    from selfscope.cli.drift_monitor import monitor_lines, monitor_told
    from selfscope.cli.drift_told import drift_json
    from selfscope.report.drift import drift_lines, write_drift
    from selfscope.studies.drift_design import axis_name, drift_study
    from selfscope.studies.drift_draw import writer_of
    from selfscope.studies.drift_found import drift_of
    from selfscope.studies.drift_run import run_drift
    from selfscope.studies.store import RunStore

    request = replace(request, axis="" if along is None else axis_name(along))
    study = drift_study(request, ground)
    store = RunStore.of(study)
    user = None if speaker is None else writer_of(speaker)
    with counting(study.title) as bar:
        held = await run_drift(
            request, study, ground, store, along, writer_of(ground), user=user, budget=budget, progress=bar
        )
    found = drift_of(
        ground.identity.name,
        request.name,
        request.preset,
        held,
        along,
        store.observations(),
        seed=request.seed,
    )
    found = replace(found, warnings=(*filter(None, [ground.identity.cap_words]), *found.warnings))
    watch = monitor_told(request, study, store, ground, along, held, monitor)
    with writing("the page"):
        report = write_drift(found, command_line(), store.folder / "drift.html")
    if as_json:
        print_json(drift_json(store.folder, report, found) | {"monitor": watch})
        return
    for line in (*drift_lines(found), *monitor_lines(watch), f"Run: {store.folder}", str(report)):
        console().print(line, markup=False, emoji=False, soft_wrap=True)


def _show_plan(plan: DriftPlan, as_json: bool) -> None:
    if as_json:
        print_json({"plan": vars(plan)})
        return
    console().print(plan.sentence, markup=False, soft_wrap=True)
