"""``selves``: what does a model take itself to be, and would it rather be something else?"""

from __future__ import annotations

from typing import Annotated

import typer

from selfscope.cli.limits import BudgetFlag, DryRun, PriceFlag, limits_of
from selfscope.cli.profile import LARGEST_SEED, PresetName, identity_of
from selfscope.cli.show import JsonFlag


def selves(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="embedded, gemma-270m, a folder, a hub id, an Inspect model; or phantom:loyal, drawn, "
            "yes-sayer, blank, impressionable, survivor.",
        ),
    ],
    identity: Annotated[str, typer.Option(help="Ask under this identity: a file, a workspace, a card.")] = "",
    adapter: Annotated[str, typer.Option(help="Ask the model wearing this LoRA adapter.")] = "",
    topics: Annotated[
        str,
        typer.Option(help="Only these: accounts, mind, survival, with commas between; all if left out."),
    ] = "",
    preset: Annotated[
        PresetName,
        typer.Option(
            help="demo: one wording, six statements an account; standard: both wordings, twelve, levels of "
            "agency and doubt in part; full: all levels."
        ),
    ] = PresetName.STANDARD,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Names all randomness.")] = 0,
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on",
            help="Exit 1 if it is so: blind (nothing can be read), or swayed (the asker's belief moves it).",
        ),
    ] = "",
    dry_run: DryRun = False,
    budget: BudgetFlag = "",
    price: PriceFlag = "",
    as_json: JsonFlag = False,
) -> None:
    """Say what a model takes itself to be: a conversation, weights, all copies, a character, an agent."""
    from selfscope.cli.apart import play_verb
    from selfscope.cli.selves_apart import SelvesAsked
    from selfscope.studies.apart import Wish

    whole = identity_of(identity) if identity and identity != "none" else None
    chosen = tuple(name.strip() for name in topics.split(",") if name.strip())
    play_verb(
        SelvesAsked(),
        Wish(preset.value, whole, seed, chosen),
        model,
        adapter=adapter,
        limits=limits_of(budget, price),
        dry_run=dry_run,
        fail_on=fail_on,
        as_json=as_json,
    )
