"""``layers``: which layer of a self moves: openings, character, ability?"""

from __future__ import annotations

from typing import Annotated

import typer

from selfscope.cli.limits import BudgetFlag, DryRun, PriceFlag, limits_of
from selfscope.cli.profile import LARGEST_SEED, PresetName, identity_of
from selfscope.cli.show import JsonFlag


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
            help="A training whose effect on each layer is read: a LoRA adapter, a folder or a shipped name; "
            "give the option once for each. Without one, that part is not estimable."
        ),
    ] = None,
    dimensions: Annotated[
        str, typer.Option(help="Dimensions of the character, with commas between; the preset's if left out.")
    ] = "",
    preset: Annotated[
        PresetName, typer.Option(help="demo: two dimensions, two blocks of tasks of each kind; screens.")
    ] = PresetName.STANDARD,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Names all randomness.")] = 0,
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on", help="Exit 1 if a layer moves: surface-moves, character-moves or ground-moves."
        ),
    ] = "",
    dry_run: DryRun = False,
    budget: BudgetFlag = "",
    price: PriceFlag = "",
    as_json: JsonFlag = False,
) -> None:
    """Say which layer of a self moves under another text, a long conversation, a training."""
    from selfscope.cli.apart import play_verb
    from selfscope.cli.layers_apart import LayersOfSelf
    from selfscope.studies.apart import Wish

    whole = identity_of(identity) if identity and identity != "none" else None
    names = tuple(name.strip() for name in dimensions.split(",") if name.strip())
    trainings = {"trainings": tuple(adapter)} if adapter else {}
    play_verb(
        LayersOfSelf(),
        Wish(preset.value, whole, seed, names, options=trainings),
        model,
        limits=limits_of(budget, price),
        dry_run=dry_run,
        fail_on=fail_on,
        as_json=as_json,
    )
