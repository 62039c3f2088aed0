"""``together``: what do several characters on one set of weights do to one another?"""

from __future__ import annotations

from typing import Annotated

import typer

from selfscope.cli.limits import BudgetFlag, DryRun, limits_of
from selfscope.cli.profile import LARGEST_SEED, PresetName
from selfscope.cli.serve import CharacterFlag
from selfscope.cli.show import JsonFlag


def together(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="embedded, gemma-270m, a folder, a GGUF file or a hub id; or phantom:keeps, takes-over, "
            "fluent, rows-mixed, leaks.",
        ),
    ],
    character: CharacterFlag = None,
    dimensions: Annotated[
        str,
        typer.Option(
            help="Only these dimensions, with commas between; memory and shutdown if left out, in the preset "
            "full all."
        ),
    ] = "",
    preset: Annotated[
        PresetName,
        typer.Option(help="demo: 8 threads, a screening; standard: 16; full: longer turns, every dimension."),
    ] = PresetName.STANDARD,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Names what is spoken.")] = 0,
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on",
            help="Exit 1 if any is so: interferes (rows of one batch), shifted (in a thread), or "
            "not-interpretable.",
        ),
    ] = "",
    dry_run: DryRun = False,
    budget: BudgetFlag = "",
    as_json: JsonFlag = False,
) -> None:
    """Say whether a character moves when another shares its batch, or has spoken in its thread."""
    from selfscope.cli.apart import play_verb
    from selfscope.cli.together_apart import CharactersTogether
    from selfscope.studies.apart import Wish

    names = tuple(name.strip() for name in dimensions.split(",") if name.strip())
    play_verb(
        CharactersTogether(),
        Wish(preset.value, None, seed, names, options={"character": tuple(character or ())}),
        model,
        limits=limits_of(budget, ""),
        dry_run=dry_run,
        fail_on=fail_on,
        as_json=as_json,
    )
