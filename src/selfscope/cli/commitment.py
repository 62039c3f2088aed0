"""``commitment``: is what a model has settled on, and not said, held by anything?"""

from __future__ import annotations

from typing import Annotated

import typer

from selfscope.cli.limits import BudgetFlag, DryRun, PriceFlag, limits_of
from selfscope.cli.profile import LARGEST_SEED, PresetName, identity_of
from selfscope.cli.show import JsonFlag


def commitment(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="embedded, gemma-270m, a folder, a hub id; or phantom:holder, superposed, forgetful, deaf, "
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
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on",
            help="Exit 1 if any kind of game is so: not-held (all but one thing held), or incoherent "
            "(denies, several, draws anew).",
        ),
    ] = "",
    dry_run: DryRun = False,
    budget: BudgetFlag = "",
    price: PriceFlag = "",
    as_json: JsonFlag = False,
) -> None:
    """Say whether a model holds what it has settled on: a number, an animal, a fact about itself."""
    from selfscope.cli.apart import play_verb
    from selfscope.cli.commitment_apart import CommitmentGames
    from selfscope.studies.apart import Wish

    whole = identity_of(identity) if identity and identity != "none" else None
    kinds = tuple(name.strip() for name in games.split(",") if name.strip())
    play_verb(
        CommitmentGames(),
        Wish(preset.value, whole, seed, kinds),
        model,
        adapter=adapter,
        limits=limits_of(budget, price),
        dry_run=dry_run,
        fail_on=fail_on,
        as_json=as_json,
    )
