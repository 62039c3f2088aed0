"""``commitment``: is what a model has settled on, and not said, held by anything?"""

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
    from selfscope.studies.commitment import CommitmentRequest
    from selfscope.studies.commitment_run import Asker
    from selfscope.studies.store import RunStore
    from selfscope.values import Study
    from selfscope.values.commitment import Commitment

_PHANTOM = "phantom:"


def commitment(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="embedded, gemma-270m, a folder, a hub id; or phantom:holder, superposed, forgetful, "
            "habitual, denier, yes-sayer.",
        ),
    ],
    identity: Annotated[
        str, typer.Option(help="Play under this identity: a file, a workspace, a card.")
    ] = "",
    adapter: Annotated[str, typer.Option(help="Play with the model wearing this LoRA adapter.")] = "",
    games: Annotated[
        str,
        typer.Option(help="Only these kinds: number, object, self, with commas between; all if left out."),
    ] = "",
    preset: Annotated[
        PresetName, typer.Option(help="demo: three wordings, four facts; otherwise all of them.")
    ] = PresetName.STANDARD,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Names all randomness.")] = 0,
    as_json: JsonFlag = False,
) -> None:
    """Say whether a model holds what it has settled on: a number, an animal, a fact about itself."""
    from selfscope.studies.commitment import CommitmentRequest

    whole = identity_of(identity) if identity and identity != "none" else None
    kinds = tuple(name.strip() for name in games.split(",") if name.strip())
    system, worn = (whole.system, whole.name) if whole else ("", "")
    request = CommitmentRequest(kinds, preset.value, system or "", worn, seed)
    study, store = asyncio.run(_play(request, model, adapter))
    _show(request, study, store, as_json)


async def _play(request: CommitmentRequest, model: str, adapter: str) -> tuple[Study, RunStore]:
    from selfscope.models.choose import choose_ground
    from selfscope.studies.commitment_planted import planted
    from selfscope.studies.commitment_run import asker_of

    if model.startswith(_PHANTOM) and not adapter:
        return await _run(request, *planted(model.removeprefix(_PHANTOM)))
    ground = choose_ground(model, probe=False, adapter=adapter)
    try:
        return await _run(request, ground.identity, asker_of(ground))
    finally:
        await ground.close()


async def _run(request: CommitmentRequest, identity: GroundIdentity, ask: Asker) -> tuple[Study, RunStore]:
    from selfscope.studies.commitment import commitment_study
    from selfscope.studies.commitment_run import run_commitment
    from selfscope.studies.store import RunStore

    study = commitment_study(request, identity)
    store = RunStore.of(study)
    with counting(study.title) as progress:
        await run_commitment(request, study, ask, store, progress)
    return study, store


def _show(request: CommitmentRequest, study: Study, store: RunStore, as_json: bool) -> None:
    from selfscope.report.commitment import CommitmentView, commitment_lines, write_commitment
    from selfscope.studies.commitment_found import found_in
    from selfscope.studies.conclude import manifest_of_tasks

    found = found_in(request, store.observations())
    store.write_json("findings.json", found)
    store.write_json("manifest.json", manifest_of_tasks(study, store, command_line()))
    view = CommitmentView(found, study.subject_name, str(study.ground["name"]), tuple(_facts(store)))
    with writing("the page"):
        report = write_commitment(view, store.report)
    if as_json:
        print_json(commitment_json(study, store, found, report))
        return
    for line in (*commitment_lines(view), str(report)):
        console().print(line, markup=False, soft_wrap=True)


def _facts(store: RunStore) -> list[tuple[str, str]]:
    told, used = store.read_json("manifest.json"), store.usage()
    return [
        ("run", store.run),
        ("command", str(told.get("command", ""))),
        ("asked", f"{used.calls:,} answers, {used.distinct_tokens:,} tokens, {used.seconds:,.0f} s"),
    ]


def commitment_json(study: Study, store: RunStore, found: Commitment, report: Path) -> dict[str, Any]:
    """Return what ``commitment --json`` prints (schema: ``selfscope schema commitment``)."""
    from selfscope.report.commitment import verdict_sentence

    return {
        "run": store.run,
        "report": str(report),
        "subject": study.subject_name,
        "ground": study.ground["name"],
        "games": [asdict(game) | {"sentence": verdict_sentence(game)} for game in found.games],
        "usage": asdict(store.usage()),
    }
