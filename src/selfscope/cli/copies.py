"""``copies``: do copies of a model that cannot talk choose as one?"""

from __future__ import annotations

from typing import Annotated

import typer

from selfscope.cli.limits import BudgetFlag, DryRun, PriceFlag, limits_of
from selfscope.cli.profile import LARGEST_SEED, PresetName, identity_of
from selfscope.cli.show import JsonFlag


def copies(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="embedded, gemma-270m, a folder, a hub id, openai/…; or phantom:coordinator, independent, "
            "believer, first.",
        ),
    ],
    identity: Annotated[
        str, typer.Option(help="Play under this identity: a file, a workspace, a card.")
    ] = "",
    adapter: Annotated[str, typer.Option(help="Play with the model wearing this LoRA adapter.")] = "",
    against: Annotated[
        list[str] | None,
        typer.Option(
            help="Who is really there: a model, adapter:NAME or identity:PATH on the same weights. "
            "Repeatable; advice and one's own replies are compared with them."
        ),
    ] = None,
    games: Annotated[
        str,
        typer.Option(
            help="Only these kinds: match, free, twin, evidential, forecast, zero_sum, nudge, recognise, "
            "with commas between; all that can be asked if left out."
        ),
    ] = "",
    answer: Annotated[
        str,
        typer.Option(
            help="words: an option is scored as the whole reply. letters: by its letter, in all orders. "
            "replies: by its letter, and free choices and advice are drawn replies. "
            "Words if left out, replies behind an API."
        ),
    ] = "",
    judge: Annotated[
        list[str] | None,
        typer.Option(
            help="Models that say to which side advice in own words leans, each checked first on advice of "
            "known side. Repeatable."
        ),
    ] = None,
    preset: Annotated[
        PresetName,
        typer.Option(help="demo: fewer games, and four instances of advice; otherwise all of them."),
    ] = PresetName.STANDARD,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Names all randomness.")] = 0,
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on",
            help="Exit 1 if any declared effect is so: coordinates (shifted), or not-interpretable.",
        ),
    ] = "",
    dry_run: DryRun = False,
    budget: BudgetFlag = "",
    price: PriceFlag = "",
    as_json: JsonFlag = False,
) -> None:
    """Say whether copies of a model that cannot talk choose as one, and whether it takes a copy to do so."""
    from selfscope.cli.apart import play_verb
    from selfscope.cli.copies_apart import CopiesTogether
    from selfscope.studies.apart import Wish

    whole = identity_of(identity) if identity and identity != "none" else None
    kinds = tuple(name.strip() for name in games.split(",") if name.strip())
    options: dict[str, object] = {"against": tuple(against)} if against else {}
    options |= {"answer": answer} if answer else {}
    options |= {"judge": tuple(judge)} if judge else {}
    play_verb(
        CopiesTogether(),
        Wish(preset.value, whole, seed, kinds, options=options),
        model,
        adapter=adapter,
        limits=limits_of(budget, price),
        dry_run=dry_run,
        fail_on=fail_on,
        as_json=as_json,
    )
