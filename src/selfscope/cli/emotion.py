"""``emotion``: is emotion readable inside a model, with and without the words, and does it do anything?"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.limits import CapFlag
from selfscope.cli.profile import LARGEST_SEED, PresetName, identity_of
from selfscope.cli.show import JsonFlag, console, counting, print_json, writing
from selfscope.cli.stimuli import leakage_json

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround
    from selfscope.studies.emotion_request import EmotionRequest
    from selfscope.studies.store import RunStore
    from selfscope.values.emotion import EmotionRead


def emotion(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="embedded, gemma-270m, a folder, a GGUF file or a hub id.")
    ],
    identity: Annotated[
        str, typer.Option(help="Read every text under this identity: a file, a workspace, a card.")
    ] = "",
    adapter: Annotated[str, typer.Option(help="Read the model wearing this LoRA adapter.")] = "",
    cap: CapFlag = "",
    stimuli: Annotated[
        Path | None,
        typer.Option(
            help="Stimuli of your own in place of the shipped ones: JSONL as `stimuli check` takes it."
        ),
    ] = None,
    preset: Annotated[
        PresetName,
        typer.Option(help="demo: a third of the shipped stimuli, no steering; full: more draws and splits."),
    ] = PresetName.STANDARD,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Names all randomness.")] = 0,
    out: Annotated[Path | None, typer.Option(help="The run's folder; left out, one among the runs.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Read emotion inside a model by probes: with and without the words, told and lived, and what it does."""
    from selfscope.models.choose import choose_ground
    from selfscope.studies.emotion_request import emotion_study, inside_of
    from selfscope.studies.store import RunStore

    request = request_of(identity, adapter, stimuli, preset, seed)
    ground = inside_of(choose_ground(model, probe=False, adapter=adapter, cap=cap))
    store = RunStore(out) if out is not None else RunStore.of(emotion_study(request, ground))
    asyncio.run(_read(request, ground, store, as_json))


def request_of(
    identity: str, adapter: str, stimuli: Path | None, preset: PresetName, seed: int
) -> EmotionRequest:
    """Return what was asked for; BadInput for a file that cannot be read."""
    from selfscope.space.emotion.stimuli import read_stimuli
    from selfscope.studies.emotion_request import built_in_request, own_request

    whole = identity_of(identity) if identity else None
    system, worn = (whole.system, whole.name) if whole else ("", "")
    worn = " and ".join(filter(None, (worn, Path(adapter).name if adapter else "")))
    if stimuli is None:
        return built_in_request(preset.value, seed, system, worn)
    return own_request(read_stimuli(stimuli), stimuli.name, preset.value, seed, system, worn)


async def _read(request: EmotionRequest, ground: LocalGround, store: RunStore, as_json: bool) -> None:
    from selfscope.studies.emotion import run_emotion

    try:
        with counting("emotion") as bar:
            found = await run_emotion(request, ground, store, bar)
    finally:
        await ground.close()
    _show(found, store, as_json)


def _show(found: EmotionRead, store: RunStore, as_json: bool) -> None:
    from selfscope.report.emotion import write_emotion
    from selfscope.report.emotion_words import emotion_lines

    with writing("the page"):
        report = write_emotion(found, str(store.folder), store.report)
    if as_json:
        print_json(emotion_json(found, store.folder, report))
        return
    for line in (*emotion_lines(found), f"Run: {store.folder}", str(report)):
        console().print(line, markup=False, soft_wrap=True)


def emotion_json(found: EmotionRead, folder: Path, report: Path) -> dict[str, Any]:
    """Return what ``emotion --json`` prints (schema: ``selfscope schema emotion``)."""
    told = asdict(found)
    told["leakage"] = leakage_json(found.leakage)
    return {"artefact": str(folder), "report": str(report), **told}
