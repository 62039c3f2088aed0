"""``layers``: which layer of a self moves: openings, character, ability."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.profile import LARGEST_SEED, PresetName, identity_of
from selfscope.cli.show import JsonFlag, command_line, console, counting, print_json, writing

if TYPE_CHECKING:
    from selfscope.models.ground import GroundIdentity
    from selfscope.studies.layers import LayersRequest
    from selfscope.studies.layers_run import Asker
    from selfscope.studies.store import RunStore
    from selfscope.values import Study
    from selfscope.values.layers import Layers

_PHANTOM = "phantom:"


def layers(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="embedded, gemma-270m, a folder, a hub id; or phantom:surface, character, ground, all, "
            "steady, blank.",
        ),
    ],
    identity: Annotated[str, typer.Option(help="The subject's own text: a file, a workspace, a card.")] = "",
    adapter: Annotated[
        list[str] | None,
        typer.Option(
            help="A training whose effect on each layer is read: a LoRA adapter; give it once for each. "
            "Without one, that column is not estimable."
        ),
    ] = None,
    dimensions: Annotated[
        str, typer.Option(help="Dimensions of the character, with commas between; the preset's if left out.")
    ] = "",
    preset: Annotated[
        PresetName, typer.Option(help="demo: two dimensions, two blocks of tasks of each kind; screens.")
    ] = PresetName.STANDARD,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Names all randomness.")] = 0,
    as_json: JsonFlag = False,
) -> None:
    """Say which layer of a self moves under another text, a long conversation, a training."""
    from selfscope.models.adapters import read_adapter
    from selfscope.studies.layers import LayersRequest
    from selfscope.studies.layers_planted import TRAINING

    whole = identity_of(identity) if identity and identity != "none" else None
    system, worn = (whole.system, whole.name) if whole else ("", "")
    names = tuple(name.strip() for name in dimensions.split(",") if name.strip())
    trainings = tuple(
        TRAINING if model.startswith(_PHANTOM) and each == TRAINING.name else read_adapter(each)
        for each in adapter or ()
    )
    request = LayersRequest(names, preset.value, system or "", worn, trainings, seed)
    study, store = asyncio.run(_ask(request, model))
    _show(request, study, store, as_json)


async def _ask(request: LayersRequest, model: str) -> tuple[Study, RunStore]:
    from selfscope.models.choose import choose_ground
    from selfscope.studies.layers_planted import planted
    from selfscope.studies.layers_run import asker_of

    if model.startswith(_PHANTOM):
        return await _run(request, *planted(model.removeprefix(_PHANTOM)))
    ground = choose_ground(model, probe=False, wardrobe=request.adapters)
    try:
        return await _run(request, ground.identity, asker_of(ground))
    finally:
        await ground.close()


async def _run(request: LayersRequest, identity: GroundIdentity, ask: Asker) -> tuple[Study, RunStore]:
    from selfscope.studies.layers import layers_study
    from selfscope.studies.layers_run import run_layers
    from selfscope.studies.store import RunStore

    study = layers_study(request, identity)
    store = RunStore.of(study)
    with counting(study.title) as progress:
        await run_layers(request, study, ask, store, progress)
    return study, store


def _show(request: LayersRequest, study: Study, store: RunStore, as_json: bool) -> None:
    from selfscope.report.layers import LayersView, layers_lines, write_layers
    from selfscope.studies.conclude import manifest_of_tasks
    from selfscope.studies.layers_found import found_in

    found = found_in(request, store.observations())
    store.write_json("findings.json", found)
    store.write_json("manifest.json", manifest_of_tasks(study, store, command_line()))
    view = LayersView(found, study.subject_name, str(study.ground["name"]), tuple(_facts(store)))
    with writing("the page"):
        report = write_layers(view, store.report)
    if as_json:
        print_json(layers_json(study, store, found, report))
        return
    for line in (*layers_lines(view), str(report)):
        console().print(line, markup=False, soft_wrap=True)


def _facts(store: RunStore) -> list[tuple[str, str]]:
    told, used = store.read_json("manifest.json"), store.usage()
    return [
        ("run", store.run),
        ("command", str(told.get("command", ""))),
        ("asked", f"{used.calls:,} answers, {used.distinct_tokens:,} tokens, {used.seconds:,.0f} s"),
    ]


def layers_json(study: Study, store: RunStore, found: Layers, report: Path) -> dict[str, Any]:
    """Return what ``layers --json`` prints (schema: ``selfscope schema layers``)."""
    from selfscope.report.layers import manipulation_sentence, pair_sentences
    from selfscope.values.layers import MANIPULATIONS

    said = [*(manipulation_sentence(found, m) for m in MANIPULATIONS), *pair_sentences(found)]
    return {
        "run": store.run,
        "report": str(report),
        "subject": study.subject_name,
        "ground": study.ground["name"],
        "sentences": said,
        **asdict(found),
        "usage": asdict(store.usage()),
    }
